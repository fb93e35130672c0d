//go:build withcgo

package main

/*
#include <pthread.h>
#include <unistd.h>

void goWaits(void);

static void in_c(void) { for (;;) pause(); }
static void back_to_go(void) { goWaits(); }
static void *thread(void *arg) { goWaits(); return arg; }
static void of_c(void) { pthread_t t; pthread_create(&t, 0, thread, 0); }
*/
import "C"

//export goWaits
func goWaits() { <-inbox }

// Two in C, one in Go below C below Go, and a thread of C's own that waits in Go.
func startC() {
	start(2, func() { C.in_c() })
	start(1, func() { C.back_to_go() })
	C.of_c()
}
