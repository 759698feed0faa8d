package passes_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/passes"
)

// stream is two sums with a clamp behind each, which a layer, a pooling in front of the next sum and a table read.
const stream = `amir 1
const @w : tensor<2x2x1x1xf32> = [1, 0.5, -0.75, 1]
func @main(%x: tensor<1x2x4x4xf32>, %y: tensor<1x2x4x4xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) attributes {stage = float} {
  %s = nn.add %x, %y : tensor<1x2x4x4xf32>
  %r = nn.relu %s : tensor<1x2x4x4xf32>
  %c = nn.conv2d %r, @w : tensor<1x2x4x4xf32>
  %p = nn.max_pool2d %r {kernel = [2, 2], stride = [2, 2]} : tensor<1x2x2x2xf32>
  %d = nn.conv2d %p, @w : tensor<1x2x2x2xf32>
  %t = nn.add %p, %d : tensor<1x2x2x2xf32>
  %u = nn.relu %t : tensor<1x2x2x2xf32>
  %e = nn.conv2d %u, @w : tensor<1x2x2x2xf32>
  return %c, %e, %EXTRA
}`

// TestForms gives every reader of a stream of sums factors of its own: sums stay integers, once for each form, nothing is
// rescaled, every form is what one rounding makes of the exact sum of the operands' numbers, and passes are validated.
func TestForms(t *testing.T) {
	for _, x := range []struct {
		name, extra string
		bits        int // of what c reads
		want        map[string]int
	}{
		{"codes", "e", 8, map[string]int{"q.add": 4, "q.conv2d": 3, "q.quantize": 2, "nn.max_pool2d": 2}},
		{"float", "u", 8, map[string]int{"q.add": 4, "q.conv2d": 3, "q.quantize": 2, "nn.max_pool2d": 2, "q.dequantize": 1}},
		{"float behind which codes are made", "p", 8, map[string]int{"nn.add": 1, "nn.relu": 1, "nn.max_pool2d": 1, "q.add": 1, "q.conv2d": 3, "q.quantize": 3}},
		{"int16", "e", 16, map[string]int{"nn.add": 1, "nn.relu": 1, "q.add": 3, "q.conv2d": 3, "q.quantize": 3, "nn.max_pool2d": 2, "q.dequantize": 2}},
	} {
		t.Run(x.name, func(t *testing.T) {
			m, c := streamed(t, x.extra, x.bits)
			out := integers(t, c, m)
			have := make(map[string]int)
			for _, n := range out.Main().Nodes {
				have[n.Op.Name]++
			}
			if !maps.Equal(have, x.want) {
				t.Errorf("operators are %v, want %v\n%s", have, x.want, ir.Print(out))
			}
			roundedOnce(t, out)
		})
	}
}

// streamed is the stream with a further output, a context that validates passes, and factors that differ for every
// reader; what c reads has codes of some bits.
func streamed(t *testing.T, extra string, bits int) (*ir.Module, *passes.Context) {
	t.Helper()
	m := named(t, strings.Replace(stream, "%EXTRA", "%"+extra, 1))
	c := passes.NewContext(t.Context(), op.All())
	c.Target = passes.TargetFacts{Name: "ascend910b3"}
	c.Validate = &passes.Validation{}
	for i, key := range []string{"s:0", "s:1", "c", "d", "t:0", "t:1", "e"} {
		k := c.Factors.At(key)
		k.ScaleD, k.OffsetD = 0.02+0.003*float32(i), int32(5-3*i)
		if key == "c" && bits == 16 {
			k.ScaleD, k.OffsetD, k.ActBits = 1e-4, 0, 16
		}
		if len(key) == 1 {
			k.ScaleW = []float32{0.01, 0.01}
		}
	}
	return m, c
}

// TestWrongForms: a further form that is computed of other operands, or a clamp of one with another bound, is found and named.
func TestWrongForms(t *testing.T) {
	for value, spoil := range map[string]func(n *ir.Node) bool{
		"s": func(n *ir.Node) bool {
			if n.Op.Name != "q.add" || n.Result().Name != "s_1" {
				return false
			}
			n.Operands[1] = n.Operands[0]
			return true
		},
		"r": func(n *ir.Node) bool {
			if n.Op.Name != "q.clip" || n.Result().Name != "r_1" {
				return false
			}
			n.Attrs = n.Attrs.With("clip", []int{30, 127})
			return true
		},
	} {
		m, c := streamed(t, "e", 8)
		list := append(slices.Clone(passes.Observe), passes.Quantize...)
		done := false
		for i, p := range list {
			if p.Name == "fold-integers" {
				list[i].Run = func(c *passes.Context, m *ir.Module, f *ir.Func) error {
					err := p.Run(c, m, f)
					for _, n := range f.Nodes {
						done = spoil(n) || done
					}
					return err
				}
			}
		}
		var g passes.Manager
		_, err := g.Run(c, m, list)
		var miss *passes.Miscompiled
		if !done || !errors.As(err, &miss) || miss.Value != value {
			t.Errorf("%s: spoiled %v, found %v", value, done, err)
		}
	}
}

// named is a module whose nodes are called as their results.
func named(t *testing.T, text string) *ir.Module {
	t.Helper()
	m, l := parser.Parse("test", []byte(text))
	if l.HasErrors() {
		t.Fatal(l)
	}
	for _, n := range m.Main().Nodes {
		n.Name = n.Result().Name
	}
	return m
}

// roundedOnce holds every sum of codes, and every float sum that is quantized, to the nearest code of the exact sum.
func roundedOnce(t *testing.T, m *ir.Module) {
	t.Helper()
	seen := make(map[*ir.Value]*tensor.Tensor)
	in := irtest.RandomInputs(m.Main(), 7, 1)
	if _, err := interp.Run(t.Context(), m.Main(), in, func(v *ir.Value, x *tensor.Tensor) { seen[v] = x }); err != nil {
		t.Fatal(err)
	}
	number := func(v *ir.Value, i int) float64 {
		s, o := v.Type.Quant.At(0)
		return (seen[v].Real(i) - float64(o)) * float64(s)
	}
	for _, n := range m.Main().Nodes {
		if n.Op.Name != "q.add" {
			continue
		}
		r := n.Result()
		s, o := r.Type.Quant.At(0)
		lo, hi := -128., 127.
		if slices.ContainsFunc(n.Op.Attrs, func(a ir.AttrDef) bool { return a.Name == "clip" }) {
			lo, hi = float64(n.Ints("clip")[0]), float64(n.Ints("clip")[1])
		}
		for i := range seen[r].Len() {
			want := min(max((number(n.Operands[0], i)+number(n.Operands[1], i))/float64(s)+float64(o), lo), hi)
			if math.Abs(seen[r].Real(i)-want) > 0.501 {
				t.Errorf("%s[%d] is %v, want %v", r.Name, i, seen[r].Real(i), want)
			}
		}
	}
}

// TestClampAndJoin: what a clamp wants of a value is not what a concatenation gets, whatever that would rescale.
func TestClampAndJoin(t *testing.T) {
	m := named(t, `amir 1
const @w : tensor<2x1x1x1xf32> = [1, -1]
const @v : tensor<1x2x1x1xf32> = [0.5, 1]
const @u : tensor<1x4x1x1xf32> = [0.5, 1, -1, 0.25]
func @main(%x: tensor<1x1x1x2xf32>) -> (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>) attributes {stage = float} {
  %c = nn.conv2d %x, @w : tensor<1x2x1x2xf32>
  %r = nn.relu %c : tensor<1x2x1x2xf32>
  %d = nn.conv2d %r, @v : tensor<1x1x1x2xf32>
  %j = nn.concat %c, %r {axis = 1} : tensor<1x4x1x2xf32>
  %e = nn.conv2d %j, @u : tensor<1x1x1x2xf32>
  return %d, %e
}`)
	c := passes.NewContext(t.Context(), op.All())
	c.Target = passes.TargetFacts{Name: "ascend910b3"}
	for key, codes := range map[string]int32{"c": -1, "d": -128, "e": 0} {
		k := c.Factors.At(key)
		k.ScaleD, k.OffsetD, k.ScaleW = 1./64, codes, []float32{1. / 128}
		if key == "c" {
			k.ScaleW = []float32{1. / 64, 1. / 64}
		}
	}
	out, err := interp.Run(t.Context(), integers(t, c, m).Main(), []*tensor.Tensor{tensor.FromF32([]float32{-1, 0.5}, 1, 1, 1, 2)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// c is (-1, .5) and (1, -.5), r (0, .5) and (1, 0): d is (1, .25), e is c0/2 + c1 - r0 + r1/4
	want := []float64{-.5 + 1 - 0 + .25, .25 - .5 - .5 + 0}
	for i, w := range want {
		if v := float64(out[1].F32[i]); math.Abs(v-w) > 0.05 {
			t.Errorf("e is %v, want %v", fmt.Sprint(out[1].F32), want)
			break
		}
	}
}
