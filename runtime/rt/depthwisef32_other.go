// SPDX-License-Identifier: MIT-0

//go:build !amd64 || purego

package rt

// run computes the outputs.
func (s *spotsF32) run() { s.runGeneric() }
