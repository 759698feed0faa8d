package passes_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/passtest"
)

// quantized takes a random module through every pass.
func quantized(t *testing.T, seed uint64) (float, integer *ir.Module) {
	t.Helper()
	float, integer, err := passtest.Quantized(seed, "ascend910b3")
	if err != nil {
		t.Fatal(err)
	}
	return float, integer
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
		// Codes of a small positive number may be that of 0, whose powers and logarithms are infinite: such a result isn't near.
		a, b := results(t, float, in), results(t, integer, in)
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
	for _, name := range []string{"q.conv2d", "q.dense", "q.add", "q.mul", "q.sub", "q.table", "q.avg_pool2d", "q.rescale", "q.clip", "q.quantize", "q.dequantize",
		"nn.max_pool2d", "nn.concat", "nn.pad", "nn.reshape", "nn.transpose", "nn.softmax"} {
		if ops[name] < 3 {
			t.Errorf("%s occurs %d times in the integer networks", name, ops[name])
		}
	}
	t.Log(fmt.Sprint(ops))
}

func results(t *testing.T, m *ir.Module, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out, err := interp.Run(context.Background(), m.Main(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eval is results that are numbers.
func eval(t *testing.T, m *ir.Module, in []*tensor.Tensor) []*tensor.Tensor {
	t.Helper()
	out := results(t, m, in)
	for _, o := range out {
		for _, v := range o.F32 {
			if math.IsNaN(float64(v)) {
				t.Fatal("NaN")
			}
		}
	}
	return out
}
