//go:build !withcgo

package main

func startC() {}
