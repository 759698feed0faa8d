package main

import (
	"slices"
	"testing"

	"github.com/amctc/amctc/ir/tensor"
)

// TestEnlarge is worked by hand: places of the new middles among the old ones are −¼, ¼, ¾ and 1¼, held inside.
func TestEnlarge(t *testing.T) {
	got := make([]float32, 16)
	enlarge(got, 4, []float32{0, 4, 8, 12}, 2)
	if want := []float32{0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestGreatest(t *testing.T) {
	v := []float32{1, 9, 5, 2, 3, 9}
	if a, b := greatest(v, 0, 2), greatest(v, 1, 2); a != 1 || b != 0 {
		t.Errorf("places %d and %d, want 1 and 0, the first of equals", a, b)
	}
}

// TestApart is the relative distance of whole outputs, and what cannot be compared.
func TestApart(t *testing.T) {
	one := func(v ...float32) []*tensor.Tensor { return []*tensor.Tensor{tensor.FromF32(v, len(v))} }
	ours := samples{one(1, 2), one(3, -4)}
	if d, err := apart(ours, [][]float32{{1, 2, 3.5, -5}}); err != nil || d != 0.2 {
		t.Errorf("%v, %v; the greatest difference is 1 and the greatest number 5", d, err)
	}
	for _, theirs := range [][][]float32{nil, {{1, 2, 3}}, {{0, 0, 0, 0}}, {{1}, {2}}} {
		if d, err := apart(ours, theirs); err == nil {
			t.Errorf("%v: %v", theirs, d)
		}
	}
}
