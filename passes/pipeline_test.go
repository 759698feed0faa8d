package passes_test

import (
	"context"
	"fmt"
	"iter"
	"math"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
)

type batch [][]*tensor.Tensor

func (b batch) Samples() int { return len(b) }
func (b batch) Batches() iter.Seq2[[]*tensor.Tensor, error] {
	return func(yield func([]*tensor.Tensor, error) bool) {
		for _, in := range b {
			if !yield(in, nil) {
				return
			}
		}
	}
}

// quantized takes a random module through every pass, calibrated by the interpreter.
func quantized(t *testing.T, seed uint64) (float, integer *ir.Module) {
	t.Helper()
	c := passes.NewContext(context.Background(), op.All())
	c.Settings.Default.MinMax = seed%2 == 0
	c.Settings.Default.Asymmetric = seed%5 != 0
	c.Target = passes.TargetFacts{Name: "ascend910b3", Fixpipe: true}
	m := irtest.Random(seed)
	if l := ir.Verify(m); l.HasErrors() {
		t.Fatalf("seed %d: random module: %v", seed, l)
	}
	var g passes.Manager
	run := func(m *ir.Module, list []passes.Pass) {
		t.Helper()
		if _, err := g.Run(c, m, list); err != nil {
			if b, ok := err.(*passes.Bug); ok {
				t.Fatalf("seed %d: %v\n%s", seed, err, b.Stack)
			}
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	run(m, passes.Simplify)
	float = m.Clone()
	run(m, passes.Observe)
	data := batch{irtest.RandomInputs(m.Main(), seed, 1), irtest.RandomInputs(m.Main(), seed+1000, 1)}
	if err := passes.Calibrate(c, interp.Engine{}, m, data); err != nil {
		return float, nil
	}
	run(m, passes.Quantize)
	return float, m
}

// TestRandomPipeline holds for random graphs: every pass verifies, float rewriting changes little,
// and the integer network comes near the float one.
func TestRandomPipeline(t *testing.T) {
	ops := make(map[string]int)
	near, all := 0, 0
	for seed := range uint64(200) {
		float, integer := quantized(t, seed)
		if integer == nil {
			continue
		}
		for _, n := range integer.Main().Nodes {
			ops[n.Op.Name]++
		}
		in := irtest.RandomInputs(float.Main(), seed, 1)
		a, b := eval(t, float, in), eval(t, integer, in)
		for i := range a {
			var num, den float64
			for k, v := range a[i].F32 {
				d := float64(v) - float64(b[i].F32[k])
				num += d * d
				den += float64(v) * float64(v)
			}
			all++
			if num <= .05*den || den == 0 {
				near++
			}
		}
	}
	if near < all*9/10 {
		t.Errorf("only %d of %d results come near their float values", near, all)
	}
	for _, name := range []string{"q.conv2d", "q.dense", "q.add", "q.mul", "q.avg_pool2d", "q.rescale", "q.clip", "q.quantize", "q.dequantize",
		"nn.max_pool2d", "nn.concat", "nn.pad", "nn.reshape", "nn.transpose", "nn.softmax"} {
		if ops[name] < 3 {
			t.Errorf("%s occurs %d times in the integer networks", name, ops[name])
		}
	}
	t.Log(fmt.Sprint(ops))
}

func eval(t *testing.T, m *ir.Module, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	r, err := interp.Engine{}.Prepare(m.Main())
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.Run(context.Background(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range out {
		for _, v := range o.F32 {
			if math.IsNaN(float64(v)) {
				t.Fatal("NaN")
			}
		}
	}
	return out
}
