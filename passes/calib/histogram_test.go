package calib

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestGoldenHFMG is AMCT 9.2, to one bin of the source.
func TestGoldenHFMG(t *testing.T) {
	x := g(1024, 1)
	second := g(1024, 7)
	for i := range second {
		second[i] *= 1.5
	}
	both := append(slices.Clone(x), second...)
	near := func(name string, p Params, scale float64, offset int32, bin float64) {
		t.Helper()
		if math.Abs(float64(p.Scale)-scale)*255 > 2*bin || p.Offset < offset-1 || p.Offset > offset+1 {
			t.Errorf("%s: scale %v offset %d, want %v %d", name, p.Scale, p.Offset, scale, offset)
		}
	}
	bin := (15.2587891 + 15.1673737) / 1024
	near("asymmetric", observe(t, NewHFMG(true, 8, 1024), x, 3), 0.118852198, 0, bin)
	near("symmetric", observe(t, NewHFMG(false, 8, 1024), x, 1), 0.118495107, 0, bin)
	near("two batches", observe(t, NewHFMG(true, 8, 1024), both, 2), 0.17863521, 0, (22.8424301+22.8881836)/1024)
	t.Logf("golden values of AMCT 9.2: %d", 3*2)
}

// distributions are what observers are tried on: bell-shaped, behind a relu, with outliers, with a
// longer side.
func distributions() map[string][]float32 {
	r := rand.New(rand.NewPCG(5, 6))
	out := make(map[string][]float32)
	for range 20000 {
		v := r.NormFloat64()
		out["normal"] = append(out["normal"], float32(v))
		out["relu"] = append(out["relu"], float32(max(0, v)))
		out["skewed"] = append(out["skewed"], float32(math.Exp(v)-1.2))
	}
	out["outliers"] = append(slices.Clone(out["normal"]), 40, -35, 38)
	return out
}

// squared is the error of codes.
func squared(p Params, bits int, x []float32) (e float64) {
	lo, hi := CodeRange(bits)
	for _, v := range x {
		q := min(max(math.RoundToEven(float64(v/p.Scale))+float64(p.Offset), float64(lo)), float64(hi))
		d := (q-float64(p.Offset))*float64(p.Scale) - float64(v)
		e += d * d
	}
	return e
}

// TestMSE holds the search of both ends against all pairs of ends on a fine grid.
func TestMSE(t *testing.T) {
	for name, x := range distributions() {
		for _, bits := range []int{4, 8} {
			got := observe(t, NewMSE(true, bits), x, 5)
			e := squared(got, bits, x)
			lo, hi := slices.Min(x), slices.Max(x)
			best := math.Inf(1)
			for a := 5; a <= 100; a += 5 {
				for b := 5; b <= 100; b += 5 {
					p, err := MinMax(lo*float32(a)/100, hi*float32(b)/100, true, bits)
					if err != nil {
						t.Fatal(err)
					}
					best = min(best, squared(p, bits, x))
				}
			}
			if e > 1.05*best {
				t.Errorf("%s, %d bits: error %v, a grid has %v", name, bits, e, best)
			}
			full, _ := MinMax(lo, hi, true, bits)
			if e > squared(full, bits, x)*1.0001 {
				t.Errorf("%s, %d bits: worse than the whole range", name, bits)
			}
		}
	}
}

// TestPercentile holds the bounds against sorted data.
func TestPercentile(t *testing.T) {
	for name, x := range distributions() {
		cfg := DefaultIFMR()
		cfg.MaxPercentile, cfg.MinPercentile = 0.999, 0.99
		got := observe(t, NewPercentile(cfg), x, 4)
		s := slices.Clone(x)
		slices.Sort(s)
		n := len(s)
		hi := s[n-(n-int(math.Floor(0.999*float64(n))))]
		lo := s[n-int(math.Floor(0.99*float64(n)))-1]
		want, err := MinMax(lo, hi, true, 8)
		if err != nil {
			t.Fatal(err)
		}
		if got.Scale != want.Scale || got.Offset != want.Offset {
			t.Errorf("%s: %v %d, want %v %d", name, got.Scale, got.Offset, want.Scale, want.Offset)
		}
	}
}

// TestEntropy holds that outliers are cut off where they cost resolution, and nothing is cut where they
// do not.
func TestEntropy(t *testing.T) {
	d := distributions()
	for _, asym := range []bool{true, false} {
		out := observe(t, NewEntropy(asym, 8), d["outliers"], 3)
		if top := float64(out.ClipMax); top > 30 || top < 2 {
			t.Errorf("outliers: the range ends at %v", top)
		}
	}
	if p := observe(t, NewEntropy(true, 16), d["normal"], 1); float64(p.ClipMax) < float64(slices.Max(d["normal"]))*0.99 {
		t.Errorf("16 bits: the range ends at %v", p.ClipMax)
	}
}

// TestHistogramBounds holds for every observer: no range beyond a clamp, constants and empty data.
func TestHistogramBounds(t *testing.T) {
	cfg := DefaultIFMR()
	for name, o := range map[string]func() Observer{
		"hfmg":       func() Observer { return NewHFMG(true, 8, 2048) },
		"mse":        func() Observer { return NewMSE(true, 8) },
		"entropy":    func() Observer { return NewEntropy(true, 8) },
		"percentile": func() Observer { return NewPercentile(cfg) },
	} {
		x := []float32{-1, 0, 3, 9, 2, 5}
		one := observe(t, o(), x, 1)
		if two := observe(t, o(), x, 3); one != two {
			t.Errorf("%s: %v in one batch, %v in three", name, one, two)
		}
		b := o()
		b.Bound(0, 6)
		if p := observe(t, b, []float32{0, 1, 6, 6, 2, 3}, 2); p.ClipMin < -0.05 || p.ClipMax > 6.05 {
			t.Errorf("%s: bounded range [%v, %v]", name, p.ClipMin, p.ClipMax)
		}
		if p := observe(t, o(), []float32{2, 2, 2}, 1); p.Scale <= 0 || float64(p.ClipMax) < 1.9 {
			t.Errorf("%s: constant: %+v", name, p)
		}
		e := o()
		e.Begin(0)
		if _, err := e.End(); err == nil {
			t.Errorf("%s: empty data", name)
		}
		bad := o()
		bad.Begin(0)
		if bad.Add([]float32{float32(math.NaN())}) == nil {
			t.Errorf("%s: NaN", name)
		}
	}
}
