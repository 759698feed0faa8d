// SPDX-License-Identifier: MIT-0

// Package rt holds the kernels that generated networks call. It needs the standard library only,
// reads no flags and no environment, keeps no state, and gives the same bits on every machine.
//
// A kernel is a function of one argument struct, all of it constant, and slices: the destination,
// the sources, scratch memory. It allocates nothing. Codes are stored biased, u = q + 128, and
// images as (N, H, W, C). An argument struct with weights has a method Prepare, which packs them;
// it is called once, after which the struct is read-only and may be shared by goroutines.
package rt
