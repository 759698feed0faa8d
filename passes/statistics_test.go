package passes_test

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
	"github.com/amctc/amctc/passes/stats"
)

// branches is a network with two layers in a row, a clamp, and an addition, on a free batch.
func branches(t *testing.T) (*passes.Context, *ir.Module) {
	t.Helper()
	c, x := newChain(7, ir.Free, 3, 8, 8)
	y := c.conv(x, 4, 3, 1)
	y = c.node("nn.clip", ir.AttrsOf("min", float32(0), "max", float32(6)), y)
	z := c.conv(y, 4, 3, 1)
	return simplified(t, c.module(c.conv(c.node("nn.add", nil, y, z), 2, 1, 1)))
}

func take(t *testing.T, m *ir.Module, d passes.Data) *stats.Statistics {
	t.Helper()
	c := passes.NewContext(context.Background(), op.All())
	s, err := passes.TakeStatistics(c, interp.Engine{}, m, d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestShards: statistics of parts of the data, in any order, merge to those of the whole, byte for byte.
func TestShards(t *testing.T) {
	tried := 0
	for seed := uint64(0); tried < 8; seed++ {
		_, m := observed(t, seed, true)
		if slices.ContainsFunc(m.Main().Params, func(p *ir.Value) bool { return !p.Type.IsFree() }) || len(m.Main().Nodes) > 16 {
			continue
		}
		c := passes.NewContext(context.Background(), op.All())
		m = irtest.Random(seed)
		var g passes.Manager
		if _, err := g.Run(c, m, passes.Simplify); err != nil {
			t.Fatal(err)
		}
		in := irtest.RandomInputs(m.Main(), seed, 24)
		whole, err := passes.TakeStatistics(c, interp.Engine{}, m, split(in, 24))
		if err != nil {
			continue
		}
		tried++
		whole.Samples = 4 // split gives batches, which count as samples here
		parts := split(in, 7)
		var merged *stats.Statistics
		for _, i := range []int{2, 0, 3, 1} {
			text := take(t, m, parts[i:i+1]).Format()
			s, err := stats.Parse("shard", text)
			if err != nil {
				t.Fatal(err)
			}
			if merged == nil {
				merged = s
			} else if err := merged.Merge(s, "shard"); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(merged.Format(), whole.Format()) {
			a, b := strings.Split(string(merged.Format()), "\n"), strings.Split(string(whole.Format()), "\n")
			for i := range a {
				if a[i] != b[i] {
					t.Fatalf("seed %d: merged statistics differ: %.100s, the whole has %.100s", seed, a[i], b[i])
				}
			}
		}
	}
}

// TestFitStatistics: under every scheme, factors from statistics are those of calibration with float weights
// where a remark says so, and within two candidates otherwise; joint operands share them.
func TestFitStatistics(t *testing.T) {
	for _, joint := range []bool{false, true} {
		for _, algorithm := range []passes.ActivationAlgorithm{passes.IFMR, passes.HFMG, passes.MinMax, passes.Percentile, passes.Entropy, passes.MSE} {
			c, m := branches(t)
			in := passtest.Batches{irtest.RandomInputs(m.Main(), 3, 12)}
			s := take(t, m, in)
			c.Settings.Joint, c.Settings.FloatWeights = joint, true
			c.Settings.Default.Activation.Algorithm = algorithm
			if _, err := passes.Fit(c, interp.Engine{}, m, in); err != nil {
				t.Fatal(err)
			}
			want := c.Factors
			c.Factors = passes.NewFactors()
			if _, err := passes.FitStatistics(c, m, s); err != nil {
				t.Fatal(err)
			}
			remarks := c.Remarks.Sorted()
			all := strings.Contains(remarks[len(remarks)-1].Error(), "of 1 samples") && algorithm == passes.MinMax
			got := c.Factors.All()
			if len(got) != len(want.All()) {
				t.Fatalf("%s: %d entries, want %d", algorithm, len(got), len(want.All()))
			}
			for _, l := range got {
				w := want.Get(l.Key)
				if all && !l.Equal(w) || !slices.Equal(l.ScaleW, w.ScaleW) {
					t.Errorf("%s, joint %v: %+v, want %+v", algorithm, joint, *l, *w)
				}
				if r := float64(l.ScaleD / w.ScaleD); math.Abs(r-1) > 0.021 || l.OffsetD-w.OffsetD > 2 || w.OffsetD-l.OffsetD > 2 {
					t.Errorf("%s, joint %v: %s has scale %v offset %d, with data %v %d", algorithm, joint, l.Key, l.ScaleD, l.OffsetD, w.ScaleD, w.OffsetD)
				}
			}
		}
	}
}

// TestStale: a changed layer is named, tensors before it stay of use, and settings that need data are refused.
func TestStale(t *testing.T) {
	c, m := branches(t)
	in := passtest.Batches{irtest.RandomInputs(m.Main(), 3, 4)}
	s := take(t, m, in)

	other := m.Clone()
	var layers []*ir.Node
	for _, n := range other.Main().Nodes {
		if n.Op.Quant.IsLayer() {
			layers = append(layers, n)
		}
	}
	second := layers[1]
	w := second.Operands[1].Const
	data := tensor.FromF32(slices.Clone(w.Data.F32), w.Data.Shape...)
	data.F32[0]++
	second.Operands[1] = other.AddConst("changed", w.Type(), data)

	_, err := passes.FitStatistics(c, other, s)
	if err == nil || !strings.Contains(err.Error(), "S005") || !strings.Contains(err.Error(), second.Name+`" has changed`) {
		t.Errorf("a changed layer: %v", err)
	}
	if err != nil && strings.Contains(err.Error(), `"`+second.Name+`" reads`) {
		t.Errorf("the input of the changed layer was refused: %v", err)
	}
	c.Settings.Layers = make(map[string]passes.LayerSettings)
	for _, n := range m.Main().Nodes {
		if n.Name != layers[0].Name && n.Name != second.Name {
			l := c.Settings.Default
			l.Skip = true
			c.Settings.Layers[n.Name] = l
		}
	}
	c.Factors = passes.NewFactors()
	if _, err := passes.FitStatistics(c, other, s); err != nil {
		t.Errorf("layers that read what did not change: %v", err)
	}
	if err := s.Merge(take(t, other, in), "other.stats"); err == nil || !strings.Contains(err.Error(), second.Name+`" has changed`) {
		t.Errorf("merging with another network: %v", err)
	}

	c, m = branches(t)
	c.Settings.CorrectBias, c.Settings.Equalize = true, true
	if _, err := passes.FitStatistics(c, m, s); err == nil || !strings.Contains(err.Error(), "S007") || !strings.Contains(err.Error(), "balance, correct-bias") {
		t.Errorf("settings that need data: %v", err)
	}
}
