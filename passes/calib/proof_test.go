package calib

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sums are the three forms in which engines sum a channel, in int32, products in the given order.
// Each returns the extremes that the accumulator takes on its way.
func sums(w []int8, q []int32, b, o int32, order []int) (plain, signed, folded Interval) {
	var sum int32
	for _, v := range w {
		sum += int32(v)
	}
	run := func(start int32, x func(i int) int32) Interval {
		acc := start
		iv := Interval{int64(acc), int64(acc)}
		for _, i := range order {
			acc += x(i) * int32(w[i])
			iv = iv.union(Interval{int64(acc), int64(acc)})
		}
		return iv
	}
	plain = run(b, func(i int) int32 { return q[i] - o })
	signed = run(b-o*sum, func(i int) int32 { return q[i] })
	folded = run(b-(128+o)*sum, func(i int) int32 { return q[i] + 128 })
	return plain, signed, folded
}

// drive makes the codes that take a sum of x*w, x = q+shift, as far up as they can, and an order
// that goes all the way up before anything goes down; up = false is the mirror.
func drive(w []int8, lo, hi, shift int32, up bool) (q []int32, order []int) {
	gain := make([]int32, len(w))
	for i, v := range w {
		a, b := (lo+shift)*int32(v), (hi+shift)*int32(v)
		q = append(q, hi)
		if (a > b) == up {
			q[i] = lo
		}
		gain[i] = (q[i] + shift) * int32(v)
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(i, j int) int {
		if up {
			return int(gain[j]) - int(gain[i])
		}
		return int(gain[i]) - int(gain[j])
	})
	return q, order
}

// TestProofIsReached drives an input to every proven bound, exactly.
func TestProofIsReached(t *testing.T) {
	w := make([]int8, 3000)
	for i := range w {
		w[i] = int8(i*37%256 - 128)
	}
	const b = 12345
	for _, r := range [][2]int32{{-128, 127}, {-100, 90}, {0, 127}} {
		for _, o := range []int32{-128, -7, 0, 5, 127} {
			if o < r[0] || o > r[1] {
				continue
			}
			p, err := ProveAccumulator(w, []int32{b}, r[0], r[1], o)
			if err != nil {
				t.Fatal(err)
			}
			for form, c := range []struct {
				shift int32
				want  Interval
			}{{-o, p.Plain}, {0, p.Signed}, {128, p.Folded}} {
				for _, up := range []bool{true, false} {
					q, order := drive(w, r[0], r[1], c.shift, up)
					plain, signed, folded := sums(w, q, b, o, order)
					got := []Interval{plain, signed, folded}[form]
					if up && got.Hi != c.want.Hi || !up && got.Lo != c.want.Lo {
						t.Errorf("codes %v, offset %d, form %d, up %v: reached %v, proven %v", r, o, form, up, got, c.want)
					}
				}
			}
		}
	}
}

// TestProofHolds: no input in any order leaves the proven intervals.
func TestProofHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Int32Range(-128, 126).Draw(t, "lo")
		hi := rapid.Int32Range(lo, 127).Draw(t, "hi")
		o := rapid.Int32Range(-128, 127).Draw(t, "offset")
		w := rapid.SliceOfN(rapid.Int8(), 1, 50).Draw(t, "w")
		b := rapid.Int32Range(-1<<28, 1<<28).Draw(t, "b")
		q := rapid.SliceOfN(rapid.Int32Range(lo, hi), len(w), len(w)).Draw(t, "q")
		order := make([]int, len(w))
		for i := range order {
			order[i] = i
		}
		order = rapid.Permutation(order).Draw(t, "order")
		p, err := ProveAccumulator(w, []int32{b}, lo, hi, o)
		if err != nil {
			t.Fatal(err)
		}
		plain, signed, folded := sums(w, q, b, o, order)
		for _, c := range [][2]Interval{{plain, p.Plain}, {signed, p.Signed}, {folded, p.Folded}, {plain, p.Worst()}, {signed, p.Worst()}, {folded, p.Worst()}} {
			if c[0].union(c[1]) != c[1] {
				t.Fatalf("reached %v, proven %v", c[0], c[1])
			}
		}
	})
}

// TestProofRefuses names the channel, at the first sum beyond int32 and not before.
func TestProofRefuses(t *testing.T) {
	w := make([]int8, 2*70000)
	for i := 70000; i < len(w); i++ {
		w[i] = -128
	}
	_, err := ProveAccumulator(w, []int32{0, 0}, -128, 127, 127)
	if err == nil || !strings.Contains(err.Error(), "output channel 1 ") {
		t.Error(err)
	}
	one := []int8{1}
	if _, err := ProveAccumulator(one, []int32{math.MaxInt32 - 127}, -128, 127, 0); err != nil {
		t.Errorf("a sum of exactly the largest int32: %v", err)
	}
	if _, err := ProveAccumulator(one, []int32{math.MaxInt32 - 126}, -128, 127, 0); err == nil {
		t.Error("a sum beyond the largest int32 was proven")
	}
	// Only the folded form overflows.
	if _, err := ProveAccumulator(one, []int32{math.MinInt32 + 200}, 100, 127, 100); err == nil {
		t.Error("a folded bias beyond int32 was proven")
	}
}

// TestProofCoversProducts: the sum of products must fit by itself, even where a start of the other
// sign would bring it back.
func TestProofCoversProducts(t *testing.T) {
	w := make([]int8, 70000)
	for i := range w {
		w[i] = 127
	}
	if _, err := ProveAccumulator(w, []int32{-2_100_000_000}, -128, 127, -128); err == nil {
		t.Errorf("%d products of up to 255*127 were proven to fit int32", len(w))
	}
	if _, err := ProveAccumulator(w[:60000], []int32{-2_100_000_000}, -128, 127, -128); err != nil {
		t.Error(err)
	}
}
