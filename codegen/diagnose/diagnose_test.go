package diagnose

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// TestStats holds counts, extremes and quantiles against the sorted values.
func TestStats(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const channels, inner = 3, 5
		samples := rapid.IntRange(1, 6).Draw(t, "samples")
		s := newStats(ir.Float(ir.Free, channels, inner, 1))
		var all []float64
		for range samples {
			x := rapid.SliceOfN(rapid.Float32Range(-1e6, 1e6), channels*inner, channels*inner).Draw(t, "x")
			s.add(tensor.FromF32(x, 1, channels, inner, 1))
			for _, v := range x {
				all = append(all, math.Abs(float64(v)))
			}
		}
		if s.n != uint64(len(all)) {
			t.Fatalf("%d values, want %d", s.n, len(all))
		}
		// A quantile is the wanted magnitude to a bin: at most 1/32 greater.
		for _, p := range []float64{0.1, 0.5, 0.9, 1} {
			q := s.quantile(p)
			below := 0
			for _, v := range all {
				if v <= q {
					below++
				}
			}
			if float64(below) < p*float64(len(all)) {
				t.Fatalf("%d of %d values are within the quantile %g, %g", below, len(all), p, q)
			}
			least := 0
			for _, v := range all {
				if v < q/(1+1.0/16)-1e-37 { // the bin of zero holds the numbers without exponent
					least++
				}
			}
			if float64(least) >= p*float64(len(all))+1 {
				t.Fatalf("quantile %g is %g, but %d of %d values are clearly within", p, q, least, len(all))
			}
		}
		var sum float64
		for _, b := range s.histogram(float64(s.lo), float64(s.hi), 16) {
			sum += b
		}
		if s.hi > s.lo && math.Abs(sum-float64(s.n)) > 1e-6*float64(s.n) {
			t.Fatalf("the histogram holds %g of %d values", sum, s.n)
		}
		var reach float64
		for i := range s.channels {
			reach = max(reach, s.channels[i].reach())
		}
		if reach != s.reach() {
			t.Fatalf("channels reach %g, the tensor %g", reach, s.reach())
		}
	})
}

// TestDrift holds the noise that is left after the mean error of the other half is taken out against doing it
// element by element.
func TestDrift(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const channels, inner = 2, 4
		samples := rapid.IntRange(2, 7).Draw(t, "samples")
		shape := []int{1, channels, inner, 1}
		d := &drift{}
		var ref, got [][]float32
		for range samples {
			a := rapid.SliceOfN(rapid.Float32Range(-8, 8), channels*inner, channels*inner).Draw(t, "ref")
			e := rapid.SliceOfN(rapid.Float32Range(-1, 1), channels*inner, channels*inner).Draw(t, "error")
			b := make([]float32, len(a))
			for i := range a {
				b[i] = a[i] + e[i]
			}
			ref, got = append(ref, a), append(got, b)
			d.add(a, b, shape)
		}
		for i, have := range d.corrected() {
			var n, signal float64
			for c := range channels {
				var mean float64
				others := 0
				for j := 1 - i%2; j < samples; j += 2 {
					for k := range inner {
						mean += float64(got[j][c*inner+k]) - float64(ref[j][c*inner+k])
					}
					others += inner
				}
				if others > 0 {
					mean /= float64(others)
				}
				for k := range inner {
					at := c*inner + k
					e := float64(got[i][at]) - float64(ref[i][at]) - mean
					n += e * e
					signal += float64(ref[i][at]) * float64(ref[i][at])
				}
			}
			if want := ratioOf(n, signal); math.Abs(have-want) > 1e-6*(want+1e-3) {
				t.Fatalf("sample %d: %g is left, want %g", i, have, want)
			}
		}
	})
}

// TestSuffix holds what follows each node of a ladder against the whole function: the same result when the
// node's own value is given, and another when it is not.
func TestSuffix(t *testing.T) {
	b := ir.NewBuilder(op.All(), &ir.Func{Name: "main", Stage: ir.StageFloat}, &diag.List{})
	x := b.Param("x", ir.Float(ir.Free, 4))
	r := b.Node(ir.NodeSpec{Op: "nn.relu", Name: "r", Operands: []*ir.Value{x}})
	s := b.Node(ir.NodeSpec{Op: "nn.add", Name: "s", Operands: []*ir.Value{r, x}})
	p := b.Node(ir.NodeSpec{Op: "nn.mul", Name: "p", Operands: []*ir.Value{s, r}})
	f := b.Func
	f.Results = []*ir.Value{p, r}
	e := interp.Engine{}
	whole, err := e.Prepare(f)
	if err != nil {
		t.Fatal(err)
	}
	in := []*tensor.Tensor{tensor.FromF32([]float32{1, -2, 3, 0.5}, 1, 4)}
	wanted := map[*ir.Value]bool{x: true, r: true, s: true, p: true}
	at, want, err := capture(t.Context(), whole, f, in, wanted)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range f.Nodes {
		suf, err := newSuffix(e, f, n)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := suf.run(t.Context(), at, at[n.Result()], want); err != nil || got != 0 {
			t.Errorf("after %s: noise %g, %v; want none", n.Name, got, err)
		}
		off := tensor.FromF32([]float32{9, 9, 9, 9}, 1, 4)
		if got, err := suf.run(t.Context(), at, off, want); err != nil || !(got > 0) {
			t.Errorf("after %s with another value: noise %g, %v", n.Name, got, err)
		}
	}
}

// TestLean holds that rounding down leans by half a step and rounding to nearest does not.
func TestLean(t *testing.T) {
	const n = 1000
	w := &weights{channels: 1, scale: []float32{0.5}, bits: 8}
	for i := range n {
		v := float32(i)*0.037 - 18
		w.float = append(w.float, v)
		w.fitted = append(w.fitted, float32(math.Floor(float64(v)/0.5)*0.5))
	}
	if l := w.lean(); math.Abs(l+0.5) > 0.02 {
		t.Errorf("rounded down, weights lean by %g steps", l)
	}
	w.fitted = w.float
	if l := w.lean(); math.Abs(l) > 0.02 {
		t.Errorf("rounded to nearest, weights lean by %g steps", l)
	}
}

// TestNear holds what counts as rounding of a layer's weights, and what as another layer.
func TestNear(t *testing.T) {
	scale := []float32{0.5, 0.25}
	a := []float32{0.6, -1.1, 2.2, 0.3, 0.9, -0.7}
	for _, c := range []struct {
		name string
		b    []float32
		want bool
	}{
		{"the same", a, true},
		{"rounded down", []float32{0.5, -1.5, 2, 0.25, 0.75, -0.75}, true},
		{"error feedback", []float32{0.5, -1, 1.5, 0.25, 1, -0.75}, true},
		{"a channel doubled", []float32{1.2, -2.2, 4.4, 0.3, 0.9, -0.7}, false},
		{"a channel doubled, then rounded", []float32{1, -2, 4.5, 0.25, 1, -0.75}, false},
		{"another length", a[:4], false},
	} {
		if got := near(a, c.b, scale); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestConstantOperand diagnoses a network that adds a constant, which has factors as an activation has, and holds its
// errors to what 8 bits give.
func TestConstantOperand(t *testing.T) {
	m := &ir.Module{}
	f := &ir.Func{Name: "main", Stage: ir.StageFloat}
	m.Funcs = []*ir.Func{f}
	b := ir.NewBuilder(op.All(), f, &diag.List{})
	x := b.Param("x", ir.Float(ir.Free, 2, 1, 2))
	k := m.AddConst("k", ir.Float(1, 2, 1, 2), tensor.FromF32([]float32{0.3, -1, 0.25, 0.77}, 1, 2, 1, 2))
	w := m.AddConst("w", ir.Float(1, 2, 1, 1), tensor.FromF32([]float32{1, -0.4}, 1, 2, 1, 1))
	s := b.Node(ir.NodeSpec{Op: "nn.add", Name: "s", Operands: []*ir.Value{x, k}})
	f.Results = []*ir.Value{b.Node(ir.NodeSpec{Op: "nn.conv2d", Name: "c", Operands: []*ir.Value{s, w}})}
	var calibration passtest.Batches
	for i := range 8 {
		v := float32(i)/8 - 0.4
		calibration = append(calibration, []*tensor.Tensor{tensor.FromF32([]float32{v, 2 * v, -v, 1}, 1, 2, 1, 2)})
	}
	c := passes.NewContext(t.Context(), op.All())
	c.Target = passes.TargetFacts{Name: "ascend910b3"}
	fitted, err := passes.Fit(c, interp.Engine{}, m, calibration)
	if err != nil {
		t.Fatal(err)
	}
	integer := fitted.Clone()
	var g passes.Manager
	if _, err := g.Run(c, integer, append(slices.Clone(passes.Observe), passes.Quantize...)); err != nil {
		t.Fatal(err)
	}
	d, err := Run(Input{Context: c, Engine: interp.Engine{}, Float: m, Fitted: fitted, Integer: integer, Calib: calibration, Samples: calibration})
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Layers) != 2 || len(d.Layers[0].Operands) != 2 || len(d.Layers[1].Operands) != 1 {
		t.Fatalf("layers %+v", d.Layers)
	}
	if o := d.Layers[0].Operands[1]; o.Calib.Min != -1 || o.Calib.Max != 0.77 {
		t.Errorf("the constant's range is %+v", o.Calib)
	}
	for _, l := range d.Layers {
		if v := float64(l.Isolated); !(v > 30 && v < 70) {
			t.Errorf("%s: %v dB alone", l.Name, l.Isolated)
		}
	}
	if v := float64(d.Output); !(v > 30 && v < 70) {
		t.Errorf("output %v dB", d.Output)
	}
}
