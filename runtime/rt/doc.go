// SPDX-License-Identifier: MIT-0

// Package rt holds the kernels that generated networks call. It needs the standard library only and
// gives the same bits on every machine, with every instruction set: Machine says which is in use.
//
// A kernel is a function of a worker, one argument struct, all of it constant, and slices: the
// destination, the sources, memory that the workers share. All workers of a team call it; it returns
// when the whole result is there, and allocates nothing. Codes are stored biased, u = q + 128, and
// images as (N, H, W, C). Weights of codes come packed; an argument struct with a method Prepare
// packs its own, once, after which it is read-only and may be shared by goroutines. A method Local
// says how much memory of its own a worker needs.
//
// What a kernel does with long rows is written in assembly where there is some: functions and
// methods whose definition has the same name and ends in Generic.
package rt
