// Package selftest holds what compile writes: the emitted package's own test passes on every
// machine that Go builds for and that can be run here, and two compiles give the same bytes.
package selftest
