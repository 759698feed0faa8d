package passes_test

import (
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// warned are the codes of a context's warnings.
func warned(c *passes.Context) (out []diag.Code) {
	for _, d := range c.Remarks.Sorted() {
		if d.Severity == diag.Warning {
			out = append(out, d.Code)
		}
	}
	return out
}

// layer is a network of one dense layer that reads its input x of 3 numbers.
func layer(batch int) *ir.Module {
	f := &ir.Func{Name: "main"}
	m := &ir.Module{Funcs: []*ir.Func{f}}
	var l diag.List
	b := ir.NewBuilder(op.All(), f, &l)
	x := b.Param("x", ir.Float(batch, 3))
	w := m.AddConst("w", ir.Float(2, 3), tensor.FromF32([]float32{1, -1, .5, .25, 2, -1}, 2, 3))
	f.Results = append(f.Results, b.Node(ir.NodeSpec{Op: "nn.dense", Name: "d", Operands: []*ir.Value{x, w}}))
	return m
}

func samples(rows ...[]float32) passtest.Batches {
	var out passtest.Batches
	for _, r := range rows {
		out = append(out, []*tensor.Tensor{tensor.FromF32(r, len(r)/3, 3)})
	}
	return out
}

// TestSamplesThatSayNothing holds what calibration warns of against samples made to be few, equal or constant, one or
// several to a batch.
func TestSamplesThatSayNothing(t *testing.T) {
	many := func(n int, f func(i int) float32) (out []float32) {
		for i := range 3 * n {
			out = append(out, f(i))
		}
		return out
	}
	varied := many(20, func(i int) float32 { return float32(i%7) - 2 })
	same := many(20, func(i int) float32 { return float32(i % 3) })
	flat := many(20, func(i int) float32 { return float32(i / 3) })
	for _, k := range []struct {
		name  string
		batch int
		data  passtest.Batches
		want  []diag.Code
	}{
		{"enough", ir.Free, samples(varied), nil},
		{"few", ir.Free, samples(varied[:30], varied[30:45]), []diag.Code{"Q032"}},
		{"sixteen", ir.Free, samples(varied[:24], varied[24:48]), nil},
		{"the same in one batch", ir.Free, samples(same), []diag.Code{"Q033"}},
		{"the same in two", ir.Free, samples(same[:12], same[12:]), []diag.Code{"Q033"}},
		{"all but the last the same", ir.Free, samples(same, []float32{0, 1, 5}), nil},
		{"constant", ir.Free, samples(flat), []diag.Code{"Q033"}},
		{"constant but the last", ir.Free, samples(flat, []float32{0, 0, 1}), nil},
		{"few and constant", 1, samples([]float32{1, 1, 1}, []float32{2, 2, 2}), []diag.Code{"Q032", "Q033"}},
		{"one sample, varied", 1, samples([]float32{1, 2, 1}), []diag.Code{"Q032"}},
	} {
		c, m := simplified(t, layer(k.batch))
		if _, err := passes.Fit(c, interp.Engine{}, m, k.data); err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		if got := warned(c); !slices.Equal(got, k.want) {
			t.Errorf("%s: warned of %v, want %v", k.name, got, k.want)
		}
	}
}

// TestCover holds the coverage of random networks against counting by hand, and that calibration data are covered by
// min-max but for half a step.
func TestCover(t *testing.T) {
	tensors, outside := 0, uint64(0)
	for seed := range uint64(40) {
		c, float := simplified(t, irtest.Random(seed))
		c.Settings.Default.Activation.Algorithm = passes.MinMax
		c.Settings.FloatWeights = true
		c.Settings.Default.Activation.Asymmetric = seed%2 == 0
		in := passtest.Batches{irtest.RandomInputs(float.Main(), seed, 1)}
		fitted, err := passes.Fit(c, interp.Engine{}, float, in)
		if err != nil {
			continue
		}
		own, err := passes.Cover(c, interp.Engine{}, fitted, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range own {
			if r.Outside > 0 {
				t.Errorf("seed %d: %d of %d values of %%%s that min-max has seen are outside [%v, %v], from %v to %v", seed, r.Outside, r.Values, r.Value, r.Lowest, r.Highest, r.Least, r.Most)
			}
		}
		wide := irtest.RandomInputs(float.Main(), seed+9, 1)
		for _, x := range wide {
			for i := range x.F32 {
				x.F32[i] *= 3
			}
		}
		got, err := passes.Cover(c, interp.Engine{}, fitted, passtest.Batches{wide})
		if err != nil {
			t.Fatal(err)
		}
		values := make(map[string][]float32)
		m := fitted.Clone()
		for i, p := range m.Main().Params {
			values[p.Name] = wide[i].F32
		}
		if _, err := interp.Run(t.Context(), m.Main(), wide, func(v *ir.Value, x *tensor.Tensor) { values[v.Name] = slices.Clone(x.F32) }); err != nil {
			t.Fatal(err)
		}
		for i, r := range got {
			k := c.Factors.Get(r.Key)
			lo, hi := float64(-128-k.OffsetD)-.5, float64(127-k.OffsetD)+.5
			n := uint64(0)
			for _, v := range values[r.Value] {
				if at := float64(v) / float64(k.ScaleD); at < lo*(1+1e-6) || at > hi*(1+1e-6) {
					n++
				}
			}
			if d := int64(n) - int64(r.Outside); d > 1 || d < -1 || r.Values != uint64(len(values[r.Value])) {
				t.Errorf("seed %d: %s: %d of %d values outside, counted %d", seed, r.Key, r.Outside, r.Values, n)
			}
			outside += r.Outside
			if want := r.Share() > own[i].Share()+max(.001, own[i].Share()); r.Leaves(&own[i]) != want {
				t.Errorf("%+v leaves %+v: want %v", r, own[i], want)
			}
		}
		tensors += len(got)
		if l := passes.Leaving(c, got, own); len(l) > 0 != slices.Contains(warned(c), "Q034") {
			t.Errorf("seed %d: %d tensors leave, warned of %v", seed, len(l), warned(c))
		}
		if l := passes.Leaving(c, own, own); len(l) > 0 {
			t.Errorf("seed %d: calibration data leave their own ranges: %+v", seed, l)
		}
	}
	t.Logf("%d tensors, %d values outside", tensors, outside)
	if tensors < 100 || outside < 100 {
		t.Errorf("%d tensors and %d values outside are too few to mean something", tensors, outside)
	}
}
