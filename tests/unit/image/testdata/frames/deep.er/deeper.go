// Package deeper has a dot in its path, which the linker escapes.
package deeper

func Call(f func()) { twice(f) }

//go:noinline
func twice(f func()) {
	f()
	f()
}
