// Package gogen prints a plan as a Go package: straight-line calls of kernels, weights in an embedded
// file, a copy of the kernels that the network needs, and a test that proves every layer.
//
// The package needs the standard library only. Arithmetic is in the kernels alone; what is printed
// here are their constant arguments, which slices they get, and in which order they run.
package gogen
