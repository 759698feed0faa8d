package main

import (
	"math"
	"slices"
	"testing"
)

func TestSummary(t *testing.T) {
	rounds := []float64{5, 1, 9, 3}
	if m, low, high := summary(rounds); m != 4 || low != 1 || high != 9 {
		t.Errorf("got %v from %v to %v", m, low, high)
	}
	if !slices.Equal(rounds, []float64{5, 1, 9, 3}) {
		t.Error("the rounds were moved")
	}
}

// TestRatio: a round in which the machine was slow for both counts like any other.
func TestRatio(t *testing.T) {
	if got := ratio([]float64{20, 200, 20}, []float64{10, 100, 10}); got != 2 {
		t.Errorf("got %v, want 2", got)
	}
	if got := ratio([]float64{30, 10, 20}, []float64{10, 10, 10}); got != 2 {
		t.Errorf("got %v, want 2", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b []float32
		want float64
	}{
		{[]float32{3, 4}, []float32{3, 4}, 0},
		{[]float32{3, 4, 0}, []float32{3, 4, 5}, 5 / math.Sqrt(50)},
		{[]float32{1}, []float32{1, 2}, math.Inf(1)},
	} {
		if got := distance(c.a, c.b); got != c.want && math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v from %v: got %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
