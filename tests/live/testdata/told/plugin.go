//go:build told_plugin

package main

import (
	"os"
	"plugin"
)

func init() {
	prime = append(prime, func() {
		p, err := plugin.Open(os.Getenv("TOLD_PLUGIN"))
		if err != nil {
			panic(err)
		}
		start, err := p.Lookup("Start")
		if err != nil {
			panic(err)
		}
		start.(func())()
	})
}
