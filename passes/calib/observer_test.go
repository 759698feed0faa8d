package calib

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func observers() []Observer {
	sym := DefaultIFMR()
	sym.Asymmetric = false
	return []Observer{NewMinMax(true, 8), NewMinMax(false, 8), NewIFMR(DefaultIFMR()), NewIFMR(sym)}
}

// TestInvalidData: NaN and infinity are reported with their element, counted over all batches.
func TestInvalidData(t *testing.T) {
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for _, o := range observers() {
			o.Begin(0)
			if err := o.Add([]float32{1, 2, 3}); err != nil {
				t.Fatal(err)
			}
			err := o.Add([]float32{1, v})
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%v at element 4", v)) {
				t.Errorf("%T, %v: %v", o, v, err)
			}
		}
	}
}

func TestNoData(t *testing.T) {
	for _, o := range observers() {
		o.Begin(0)
		if err := o.Add(nil); err != nil {
			t.Fatal(err)
		}
		if _, err := o.End(); err != ErrEmpty {
			t.Errorf("%T: %v", o, err)
		}
	}
}

// TestConstantData: all zero gives scale 1, and the lowest offset where there is one.
func TestConstantData(t *testing.T) {
	for i, o := range observers() {
		want := int32(-128)
		if i%2 == 1 {
			want = 0
		}
		if p := observe(t, o, make([]float32, 10), 1); p.Scale != 1 || p.Offset != want {
			t.Errorf("%T: %+v", o, p)
		}
	}
	for _, v := range []float32{3, -3, 1e-30, -1e-30} {
		for _, o := range observers() {
			p := observe(t, o, []float32{v, v, v}, 1)
			if e := math.Abs(float64(fake(v, p)) - float64(v)); e > float64(p.Scale)/2 {
				t.Errorf("%T: %v became %v, %+v", o, v, fake(v, p), p)
			}
		}
	}
}

// fake is quantize, then dequantize.
func fake(v float32, p Params) float32 {
	lo, hi := CodeRange(8)
	q := math.RoundToEven(float64(float32(v/p.Scale))) + float64(p.Offset)
	return float32((min(max(q, float64(lo)), float64(hi)) - float64(p.Offset)) * float64(p.Scale))
}

// TestBound: behind a clamp no range reaches beyond it, and the code of its end is the last code.
func TestBound(t *testing.T) {
	x := relu(g(1024, 1))
	for i := range x {
		x[i] = min(6, x[i])
	}
	for _, o := range observers() {
		o.Bound(0, 6)
		p := observe(t, o, x, 3)
		if float64(p.ClipMax) > 6*(1+Eps) {
			t.Errorf("%T: the range reaches %v beyond the clamp at 6", o, p.ClipMax)
		}
	}
	inf := float32(math.Inf(1))
	for _, o := range observers() {
		free := observe(t, o, x, 1)
		o.Bound(-inf, inf)
		if p := observe(t, o, x, 1); p != free {
			t.Errorf("%T: an open bound changed %+v to %+v", o, free, p)
		}
	}
}

// reference is IFMR by the book: all data in memory, sorted, one candidate after the other.
func reference(x []float32, c IFMRConfig) (Params, bool) {
	s := slices.Clone(x)
	slices.Sort(s)
	k := func(p float64) int {
		if 1-p < Eps {
			return 1
		}
		return len(s) - int(p*float64(len(s)))
	}
	hi := max(0, s[len(s)-max(1, k(c.MaxPercentile))])
	lo := min(0, s[max(1, k(c.MinPercentile))-1])
	best, loss := Params{}, math.Inf(1)
	for i := range int(math.Round((c.End-c.Start)/c.Step)) + 1 {
		r := float32(c.Start + float64(float64(i)*c.Step))
		var from, to, scale float32
		var offset int32
		if c.Asymmetric {
			from, to = lo, float32(r*hi)
			scale = float32(float32(to-from) / 255)
		} else if m := max(hi, -lo); hi < -lo {
			to, scale = float32(r*m), float32(float32(r*m)/128)
			from = -to
		} else {
			to, scale = float32(r*m), float32(float32(r*m)/127)
			from = -to
		}
		if scale < Eps {
			scale = 1
		}
		if c.Asymmetric {
			offset = -128 - int32(math.RoundToEven(float64(float32(from/scale))))
		}
		var l float64
		for _, v := range x {
			q := float32(math.RoundToEven(float64(float32(max(from, min(to, v)) / scale))))
			d := float64(float32(float32(q*scale) - v))
			l += float64(d * d)
		}
		if l < loss {
			loss, best = l, Params{Scale: scale, Offset: offset, Index: i}
		}
	}
	return best, !math.IsInf(loss, 1)
}

// TestIFMRIsExact compares with the reference on data of many kinds, cut at random.
func TestIFMRIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(
			rapid.Float32Range(-10, 10),
			rapid.Float32Range(-1e-3, 1),
			rapid.Float32Range(0, 1e5),
			rapid.Map(rapid.IntRange(-3, 3), func(i int) float32 { return float32(i) / 2 }),
			rapid.Just(float32(math.Copysign(0, -1))),
		)
		x := rapid.SliceOfN(value, 1, 300).Draw(t, "x")
		c := DefaultIFMR()
		c.Asymmetric = rapid.Bool().Draw(t, "asymmetric")
		p := rapid.SampledFrom([]float64{1, .999999, .99, .9, .6})
		c.MaxPercentile, c.MinPercentile = p.Draw(t, "max"), p.Draw(t, "min")
		c.Step = rapid.SampledFrom([]float64{.01, .1, .07}).Draw(t, "step")

		o := NewIFMR(c)
		for pass := 0; ; pass++ {
			o.Begin(pass)
			for rest := x; len(rest) > 0; {
				n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
				if err := o.Add(rest[:n]); err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			more, err := o.End()
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				break
			}
		}
		got, err := o.Result()
		if err != nil {
			t.Fatal(err)
		}
		want, _ := reference(x, c)
		if got.Scale != want.Scale || got.Offset != want.Offset || got.Index != want.Index {
			t.Fatalf("got %+v, want %+v", got, want)
		}
		if q := fake(0, got); q != 0 {
			t.Fatalf("zero became %v", q)
		}
	})
}

// TestIFMRCutsBlocks: large batches, the two halves of the candidates, and any number of
// processors give the sums of single elements.
func TestIFMRCutsBlocks(t *testing.T) {
	x := g(3*blockLen+17, 5)
	want := observe(t, NewIFMR(DefaultIFMR()), x, 1)
	for _, batches := range []int{2, 3, 500, len(x)} {
		if got := observe(t, NewIFMR(DefaultIFMR()), x, batches); got != want {
			t.Errorf("%d batches: %+v, want %+v", batches, got, want)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := observe(t, NewIFMR(DefaultIFMR()), x, 1); got != want {
		t.Errorf("one processor: %+v, want %+v", got, want)
	}
}

// TestChangingData: sweeps over different data are an error, not a wrong factor.
func TestChangingData(t *testing.T) {
	sweep := func(data ...[]float32) error {
		o := NewIFMR(DefaultIFMR())
		for pass, x := range data {
			o.Begin(pass)
			if err := o.Add(x); err != nil {
				return err
			}
			if _, err := o.End(); err != nil {
				return err
			}
		}
		return nil
	}
	a := []float32{1, 2, -3}
	nan := []float32{1, float32(math.NaN()), -3}
	for _, data := range [][][]float32{{a, a[:2]}, {a, {1, 5, 9}}, {a, a, a[:1]}, {a, a, nan}, {a, nan}} {
		if err := sweep(data...); err == nil {
			t.Errorf("%v was accepted", data)
		}
	}
	if err := sweep(a, a, a); err != nil {
		t.Error(err)
	}
}

// TestBytes: memory is bounded whatever the number of elements, and known from the start.
func TestBytes(t *testing.T) {
	x := g(1<<18, 3)
	o := NewIFMR(DefaultIFMR())
	bound := o.Bytes()
	if bound > IFMRBytes {
		t.Errorf("%d bytes, more than the constant %d", bound, IFMRBytes)
	}
	var before, after runtime.MemStats
	for pass := range 3 {
		runtime.GC()
		runtime.ReadMemStats(&before)
		o.Begin(pass)
		if err := o.Add(x); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > uint64(bound)+4096 {
			t.Errorf("sweep %d allocated %d bytes, the bound is %d", pass, n, bound)
		}
		if _, err := o.End(); err != nil {
			t.Fatal(err)
		}
		if o.Bytes() != bound {
			t.Errorf("the bound changed to %d", o.Bytes())
		}
	}
}

func TestIFMRConfig(t *testing.T) {
	for name, change := range map[string]func(*IFMRConfig){
		"max_percentile": func(c *IFMRConfig) { c.MaxPercentile = 0.5 },
		"min_percentile": func(c *IFMRConfig) { c.MinPercentile = 1.1 },
		"search_range":   func(c *IFMRConfig) { c.Start = 2 },
		"search_step":    func(c *IFMRConfig) { c.Step = math.NaN() },
		"candidates":     func(c *IFMRConfig) { c.Step = 1e-9 },
	} {
		c := DefaultIFMR()
		change(&c)
		o := NewIFMR(c)
		o.Begin(0)
		_, err := o.End()
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := o.Result(); err == nil {
			t.Errorf("%s: a result", name)
		}
	}
}

// TestRangeOfScales: data without a scale in range are an error.
func TestRangeOfScales(t *testing.T) {
	for _, o := range observers() {
		var err error
		for pass, more := 0, true; more && err == nil; pass++ {
			o.Begin(pass)
			if err = o.Add([]float32{-1e30, 1e30}); err == nil {
				more, err = o.End()
			}
		}
		if err == nil {
			_, err = o.Result()
		}
		if err == nil || !strings.Contains(err.Error(), "scale") {
			t.Errorf("%T: %v", o, err)
		}
	}
}

func BenchmarkIFMRLoss(b *testing.B) {
	x := g(1<<16, 9)
	o := NewIFMR(DefaultIFMR()).(*ifmr)
	for pass := range 2 {
		o.Begin(pass)
		if err := o.Add(x); err != nil {
			b.Fatal(err)
		}
		if _, err := o.End(); err != nil {
			b.Fatal(err)
		}
	}
	o.Begin(2)
	b.SetBytes(int64(4 * len(x)))
	for b.Loop() {
		if err := o.Add(x); err != nil {
			b.Fatal(err)
		}
	}
}
