package calib

import (
	"math"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// same compares what two sketches say.
func same(a, b *Sketch) bool {
	i, x := a.Bins()
	j, y := b.Bins()
	return a.Count == b.Count && a.Zeros == b.Zeros && a.Exp == b.Exp && slices.Equal(a.Low, b.Low) && slices.Equal(a.High, b.High) &&
		(len(x) == 0 && len(y) == 0 || i == j) && slices.Equal(x, y)
}

func sketched(t interface{ Fatal(...any) }, parts ...[]float32) *Sketch {
	s := NewSketch()
	for _, x := range parts {
		if err := s.Add(x); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// TestSketchIsItsElements: cut, merged and shuffled at random, a sketch says what counting by hand says.
func TestSketchIsItsElements(t *testing.T) {
	value := rapid.OneOf(rapid.Float32Range(-1, 1), rapid.Float32Range(-1e-3, 40), rapid.Float32Range(-3e38, 3e38),
		rapid.Float32Range(-1e-42, 1e-42), rapid.SampledFrom([]float32{0, float32(math.Copysign(0, -1)), 6, 1, -1, math.MaxFloat32, math.SmallestNonzeroFloat32}))
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(value, 1, 2000).Draw(t, "x")
		whole := sketched(t, x)

		lo, hi := slices.Min(x), slices.Max(x)
		bin := func(v float32, e int) int { return int(math.Floor(math.Ldexp(float64(v), -e))) }
		span := func(e int) float64 {
			return math.Floor(math.Ldexp(float64(max(hi, 0)), -e)) - math.Floor(math.Ldexp(float64(min(lo, 0)), -e)) + 1
		}
		e := -149
		for span(e) > 1<<14 {
			e++
		}
		counts, zeros := make(map[int]uint64), uint64(0)
		for _, v := range x {
			if v == 0 {
				zeros++
				continue
			}
			counts[bin(v, e)]++
		}
		first, bins := whole.Bins()
		got := make(map[int]uint64)
		for i, n := range bins {
			if n > 0 {
				got[first+i] = n
			}
		}
		s := slices.Sorted(slices.Values(x))
		tail := min(len(s), SketchTail)
		if whole.Exp != e || whole.Zeros != zeros || whole.Count != uint64(len(x)) || !reflect.DeepEqual(got, counts) ||
			!slices.Equal(whole.Low, s[:tail]) || !slices.Equal(whole.High, s[len(s)-tail:]) {
			t.Fatalf("exponent %d, want %d; %d zeros, want %d", whole.Exp, e, whole.Zeros, zeros)
		}

		y := slices.Clone(x)
		for i := range y {
			j := rapid.IntRange(0, i).Draw(t, "swap")
			y[i], y[j] = y[j], y[i]
		}
		merged := NewSketch()
		for len(y) > 0 {
			n := rapid.IntRange(1, len(y)).Draw(t, "shard")
			k := rapid.IntRange(0, n).Draw(t, "call")
			part := sketched(t, y[:k], y[k:n])
			if rapid.Bool().Draw(t, "turn") {
				part.Merge(merged)
				merged = part
			} else {
				merged.Merge(part)
			}
			y = y[n:]
		}
		if !same(whole, merged) {
			t.Fatalf("merged: %+v, whole: %+v", merged, whole)
		}
		again, err := Restore(whole.Count, whole.Zeros, whole.Low, whole.High, whole.Exp, first, bins)
		if err != nil {
			t.Fatal(err)
		}
		if !same(whole, again) {
			t.Fatal("a restored sketch differs")
		}
	})
}

// TestSketchRefuses: parts that no elements have, and elements that are not numbers.
func TestSketchRefuses(t *testing.T) {
	s := sketched(t, []float32{-1, 0, 2, 2.5})
	if err := s.Add([]float32{1, float32(math.NaN())}); err == nil || s.Count != 4 {
		t.Errorf("NaN: %v", err)
	}
	f, bins := s.Bins()
	for name, change := range map[string]func(count, zeros *uint64, low, high []float32, exp, first *int, bins *[]uint64){
		"count":    func(n, _ *uint64, _, _ []float32, _, _ *int, _ *[]uint64) { *n = 5 },
		"zeros":    func(_, z *uint64, _, _ []float32, _, _ *int, _ *[]uint64) { *z = 9 },
		"order":    func(_, _ *uint64, l, _ []float32, _, _ *int, _ *[]uint64) { l[0], l[1] = l[1], l[0] },
		"infinite": func(_, _ *uint64, _, h []float32, _, _ *int, _ *[]uint64) { h[3] = float32(math.Inf(1)) },
		"coarse":   func(_, _ *uint64, _, _ []float32, e, _ *int, _ *[]uint64) { *e++ },
		"fine":     func(_, _ *uint64, _, _ []float32, e, _ *int, _ *[]uint64) { *e-- },
		"place":    func(_, _ *uint64, _, _ []float32, _, f *int, _ *[]uint64) { *f = math.MinInt },
		"far":      func(_, _ *uint64, _, _ []float32, _, f *int, _ *[]uint64) { *f += 1 << 13 },
		"wrapping": func(_, _ *uint64, _, _ []float32, _, _ *int, b *[]uint64) {
			*b = append(slices.Clone(*b), math.MaxUint64)
		},
		"long":  func(_, _ *uint64, _, _ []float32, _, _ *int, b *[]uint64) { *b = append(make([]uint64, 1<<20), 1) },
		"empty": func(n, _ *uint64, _, _ []float32, _, _ *int, _ *[]uint64) { *n = 0 },
	} {
		count, zeros, low, high, exp, at, b := s.Count, s.Zeros, slices.Clone(s.Low), slices.Clone(s.High), s.Exp, f, bins
		change(&count, &zeros, low, high, &exp, &at, &b)
		if _, err := Restore(count, zeros, low, high, exp, at, b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestSketchBytes: memory does not grow with the number of elements.
func TestSketchBytes(t *testing.T) {
	s := NewSketch()
	x := g(1<<16, 3)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 16 {
		if err := s.Add(x); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > uint64(s.Bytes())+1<<16 {
		t.Errorf("%d bytes for %d elements, the bound is %d", n, 16*len(x), s.Bytes())
	}
}

// TestFromSketch holds factors from a sketch against those of the observer itself: the same where that is
// told, the same within a candidate of IFMR's search otherwise, and never much worse in squared error.
func TestFromSketch(t *testing.T) {
	d := distributions()
	d["golden"] = g(1<<14, 1)
	d["clamped"] = nil
	for _, v := range d["normal"] {
		d["clamped"] = append(d["clamped"], min(6, max(0, 4*v)))
	}
	cfg := func(asym bool, bits int, p float64) IFMRConfig {
		c := DefaultIFMR()
		c.Asymmetric, c.Bits, c.MaxPercentile, c.MinPercentile = asym, bits, p, p
		return c
	}
	for name, x := range d {
		s := sketched(t, x)
		for _, asym := range []bool{true, false} {
			for _, bits := range []int{8, 16, 4} {
				if name == "golden" && bits == 16 {
					continue // these numbers lie on a lattice that 16 bits resolve and bins do not
				}
				for kind, o := range map[string]func() Observer{
					"minmax":      func() Observer { return NewMinMax(asym, bits) },
					"percentile":  func() Observer { return NewPercentile(cfg(asym, bits, 0.999)) },
					"percentile2": func() Observer { return NewPercentile(cfg(asym, bits, 0.9)) },
					"ifmr":        func() Observer { return NewIFMR(cfg(asym, bits, 0.999999)) },
					"ifmr2":       func() Observer { return NewIFMR(cfg(asym, bits, 0.99)) },
					"hfmg":        func() Observer { return NewHFMG(asym, bits, 2048) },
					"mse":         func() Observer { return NewMSE(asym, bits) },
					"entropy":     func() Observer { return NewEntropy(asym, bits) },
				} {
					make := func() Observer {
						q := o()
						if name == "clamped" {
							q.Bound(0, 6)
						}
						return q
					}
					want := observe(t, make(), x, 1)
					got, exact, err := FromSketch(make(), s)
					if err != nil {
						t.Fatal(err)
					}
					if (kind == "minmax" || kind == "percentile") && !exact {
						t.Errorf("%s %s: not exact", name, kind)
					}
					if exact && got != want {
						t.Errorf("%s %s: told exact, but %+v is not %+v", name, kind, got, want)
					}
					if name == "clamped" && float64(got.ClipMax) > 6*(1+1e-6) {
						t.Errorf("%s %s: the range reaches %v beyond the clamp", name, kind, got.ClipMax)
					}
					// With the losses of neighbours within a few parts of 10,000 of each other the index may
					// move; the loss may not.
					e, f := squared(got, bits, x), squared(want, bits, x)
					near := got.Index-want.Index >= -1 && got.Index-want.Index <= 1
					if (kind == "ifmr" || kind == "ifmr2") && !near || e > 1.02*f {
						t.Errorf("%s %s, %d bits, asymmetric %v: %+v with error %v, the observer has %+v with %v", name, kind, bits, asym, got, e, want, f)
					}
				}
			}
		}
	}
}

func BenchmarkSketch(b *testing.B) {
	x := relu(g(1<<16, 9))
	s := NewSketch()
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		if err := s.Add(x); err != nil {
			b.Fatal(err)
		}
	}
}
