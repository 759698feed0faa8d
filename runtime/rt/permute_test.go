// SPDX-License-Identifier: MIT-0

package rt

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPermute holds moved elements against their definition, for every order of up to four dimensions.
func TestPermute(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	for range 2000 {
		rank := 1 + r.IntN(4)
		dims, strides := make([]int, rank), make([]int, rank)
		n := 1
		for d := rank - 1; d >= 0; d-- {
			dims[d], strides[d] = 1+r.IntN(23), n
			n *= dims[d]
		}
		a := Permute{}
		for _, d := range r.Perm(rank) {
			a.Dims, a.From = append(a.Dims, dims[d]), append(a.From, strides[d])
		}
		src := make([]float32, n)
		for i := range src {
			src[i] = float32(i)
		}
		dst, want := make([]float32, n), make([]float32, 0, n)
		var walk func(d, at int)
		walk = func(d, at int) {
			if d == rank {
				want = append(want, src[at])
				return
			}
			for i := range a.Dims[d] {
				walk(d+1, at+i*a.From[d])
			}
		}
		walk(0, 0)
		PermuteF32(Alone(0), &a, dst, src)
		if !slices.Equal(dst, want) {
			t.Fatalf("dimensions %v from %v", a.Dims, a.From)
		}
	}
}
