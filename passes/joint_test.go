package passes_test

import (
	"math"
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/passtest"
)

// TestJoint holds on random networks with joint factors: the computed operands of every integer addition
// have one map and come without a rescale, as do those of a concatenation; and every sum is that of the float
// addition of the same operands to one code.
func TestJoint(t *testing.T) {
	sums, joins, shared := 0, 0, 0
	for seed := range uint64(150) {
		c, float := simplified(t, irtest.Random(seed))
		c.Settings.Joint = true
		if seed%2 == 0 {
			c.Settings.Default.Activation.Algorithm = passes.IFMR
		}
		c.Settings.Default.Activation.Asymmetric = seed%3 > 0
		in := irtest.RandomInputs(float.Main(), seed, 1)
		fitted, err := passes.Fit(c, interp.Engine{}, float, passtest.Batches{in})
		if err != nil {
			continue
		}
		m := integers(t, c, fitted)
		for _, n := range m.Main().Nodes {
			switch n.Op.Name {
			case "q.add":
				a, b := n.Operands[0], n.Operands[1]
				if a.IsConst() || b.IsConst() {
					continue
				}
				sums++
				if a != b {
					shared++
				}
				if !a.Type.Quant.Equal(b.Type.Quant) {
					t.Errorf("seed %d: %s adds %s and %s", seed, n.Subject(), a.Type, b.Type)
				}
			case "nn.concat":
				joins++
			default:
				continue
			}
			for _, v := range n.Operands {
				if v.Def != nil && v.Def.Op.Name == "q.rescale" && !symmetric(m, v.Def.Operands[0]) {
					t.Errorf("seed %d: operand %%%s of %s is rescaled", seed, v.Name, n.Subject())
				}
			}
		}
		compareSums(t, seed, m, in)
	}
	t.Logf("%d sums, %d of different values, %d concatenations", sums, shared, joins)
	if shared < 50 || joins < 50 {
		t.Errorf("%d sums and %d concatenations are too few to mean something", shared, joins)
	}
}

// compareSums holds every integer sum against the rounded float sum of what its operands stand for.
func compareSums(t *testing.T, seed uint64, m *ir.Module, in []*tensor.Tensor) {
	t.Helper()
	seen := make(map[*ir.Value][]int8)
	if _, err := interp.Run(t.Context(), m.Main(), in, func(v *ir.Value, x *tensor.Tensor) { seen[v] = slices.Clone(x.I8) }); err != nil {
		t.Fatal(err)
	}
	real := func(v *ir.Value, q int8) float64 {
		s, o := v.Type.Quant.At(0)
		return float64(int32(q)-o) * float64(s)
	}
	for _, n := range m.Main().Nodes {
		a, b := n.Operands[0], n.Result()
		if n.Op.Name != "q.add" || a.IsConst() || n.Operands[1].IsConst() {
			continue
		}
		s, o := b.Type.Quant.At(0)
		clip := n.Ints("clip")
		for i, got := range seen[b] {
			sum := real(a, seen[a][i]) + real(n.Operands[1], seen[n.Operands[1]][i])
			want := math.RoundToEven(sum/float64(s)) + float64(o)
			want = min(max(want, -128, float64(clip[0])), 127, float64(clip[1]))
			if math.Abs(want-float64(got)) > 1 {
				t.Fatalf("seed %d: element %d of %s is %d, the float sum is code %v", seed, i, n.Subject(), got, want)
			}
		}
	}
}

// TestJointThroughPooling is a sum behind pooling, relu and a reshape whose operands serve a convolution as
// well: all of them get one map, and nothing is stored as float or rescaled.
func TestJointThroughPooling(t *testing.T) {
	for _, joint := range []bool{false, true} {
		c, x := newChain(3, ir.Free, 3, 8, 8)
		a, b := c.node("nn.relu", nil, c.conv(x, 4, 3, 1)), c.conv(x, 4, 1, 1)
		pool := ir.AttrsOf("kernel", []int{2, 2}, "stride", []int{2, 2})
		sum := c.node("nn.add", nil, c.node("nn.max_pool2d", pool, a), c.node("nn.max_pool2d", pool, b))
		out := c.node("nn.concat", ir.AttrsOf("axis", 1), c.conv(a, 2, 1, 1), c.conv(b, 3, 1, 1))
		ctx, float := simplified(t, c.module(c.conv(sum, 2, 1, 1), c.conv(out, 2, 1, 1)))
		ctx.Settings.Joint = joint
		fitted, err := passes.Fit(ctx, interp.Engine{}, float, passtest.Batches{irtest.RandomInputs(float.Main(), 1, 4)})
		if err != nil {
			t.Fatal(err)
		}
		stray := 0
		for _, n := range integers(t, ctx, fitted).Main().Nodes {
			if n.Op.Name == "q.rescale" || n.Op.Name == "q.dequantize" || n.Op.Name == "q.quantize" && n.Operands[0].Def != nil {
				stray++
			}
		}
		if joint != (stray == 0) {
			t.Errorf("joint %v: %d conversions between the layers", joint, stray)
		}
	}
}

// symmetric says whether a product of two computed matrices reads v: it shares factors with nothing.
func symmetric(m *ir.Module, v *ir.Value) bool {
	return slices.ContainsFunc(m.Main().Uses()[v], func(u ir.Use) bool { return u.Node != nil && u.Node.Op.Name == "q.matmul" })
}
