package op

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

var kernelAttr = ir.AttrDef{Name: "kernel", Kind: ir.AttrInts, Doc: "height, width"}

// MaxPool takes the maximum of a window.
var MaxPool = &ir.OpDef{
	Name:       "nn.max_pool2d",
	Summary:    "maximum over a window; also global maximum",
	Doc:        "x is (N, C, H, W), float32 or codes. Taps in the padding are skipped; a NaN inside a window is its result; among equal zeros the first wins. A window without any tap inside is refused.",
	Arithmetic: "maximum of the codes; padding counts as the lowest code",
	Operands:   []ir.Operand{{Name: "x"}},
	Attrs:      []ir.AttrDef{kernelAttr, padAttr, strideAttr, dilationAttr},
	Traits:     ir.KeepsParams,
	Stages:     floatStages,
	Grad:       gradMaxPool,
	Infer: func(c *ir.InferCtx) {
		if t, ok := keepElem(c); ok {
			if shape, ok := poolShape(c); ok {
				c.Return(t.WithShape(shape))
			}
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		poolEach(c, func(i, _ int, taps func(func(at int))) {
			if x.DType == tensor.F32 {
				best, first := float32(math.Inf(-1)), true
				taps(func(at int) {
					v := x.F32[at]
					if first || v > best || v != v && best == best {
						best = v
					}
					first = false
				})
				out.F32[i] = best
				return
			}
			best := -1
			taps(func(at int) {
				if best < 0 || compare(x, at, best) > 0 {
					best = at
				}
			})
			out.Move(i, x, best)
		})
	},
}

var includePadAttr = ir.AttrDef{Name: "include_pad", Kind: ir.AttrBool, Default: false, Doc: "count padded positions in the divisor"}

// AvgPool takes the mean of a window.
var AvgPool = &ir.OpDef{
	Name:     "nn.avg_pool2d",
	Summary:  "mean over a window; also global average",
	Doc:      "x is (N, C, H, W). y = float32(sum/float32(n)): the sum starts at +0 and adds the taps inside the input in ascending order of row and column; n is the kernel's size with include_pad, else the number of taps inside.",
	Operands: []ir.Operand{{Name: "x"}},
	Attrs:    []ir.AttrDef{kernelAttr, padAttr, strideAttr, dilationAttr, includePadAttr},
	Stages:   floatStages,
	Quant:    &ir.QuantRule{Twin: "q.avg_pool2d", Activations: []int{0}, Weights: -1, ChannelAxis: -1, Bias: -1, Applies: smallWindow},
	Grad:     gradAvgPool,
	Infer: func(c *ir.InferCtx) {
		if wantFloat(c) {
			if shape, ok := poolShape(c); ok {
				c.Return(ir.Float(shape...))
			}
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		poolEach(c, func(i, n int, taps func(func(at int))) {
			var sum float32
			taps(func(at int) { sum = float32(sum + x.F32[at]) })
			out.F32[i] = float32(sum / float32(n))
		})
	},
}

// QAvgPool takes the mean of a window of codes.
var QAvgPool = &ir.OpDef{
	Name:       "q.avg_pool2d",
	Summary:    "mean over a window of codes",
	Doc:        "x is int8 (N, C, H, W) with one factor.",
	Arithmetic: "fin(float32(S)*m_n), S = sum of q-o_x over the taps inside, exact; m_n = float32(s_x/(s_y*n)), n of that position; then clip",
	Operands:   []ir.Operand{{Name: "x"}},
	Attrs:      []ir.AttrDef{kernelAttr, padAttr, strideAttr, dilationAttr, includePadAttr, clipAttr},
	Stages:     intStages,
	Infer: func(c *ir.InferCtx) {
		if !wantCodes(c, 0) {
			return
		}
		if why := smallWindow(c.Node); why != "" {
			c.Errorf("V043", "%s", why)
			return
		}
		if shape, ok := poolShape(c); ok {
			if t, ok := codeResult(c, shape); ok {
				c.Return(t)
			}
		}
	},
	Eval: func(c *ir.EvalCtx) {
		x, out := c.In[0], c.Result(0)
		xs, xo := c.InType[0].Quant.At(0)
		y, clip := c.OutType[0].Quant, c.Node.Ints("clip")
		poolEach(c, func(i, n int, taps func(func(at int))) {
			var sum int32
			taps(func(at int) { sum += int32(x.I8[at]) - xo })
			q := MeanCode(sum, MeanScale(xs, y.Scale[0], n), y.Offset[0], y.Min, y.Max)
			out.I8[i] = int8(ClampCode(q, clip))
		})
	},
}

// smallWindow says why an average stays float: its sum of codes must fit int32.
func smallWindow(n *ir.Node) string {
	k := n.Ints("kernel")
	if len(k) == 2 && k[0] > 0 && k[1] > 0 && k[0] > (1<<23)/k[1] {
		return "the window has more than 2^23 elements, so that its sum may not fit int32"
	}
	return ""
}

func poolShape(c *ir.InferCtx) ([]int, bool) {
	if !wantRank(c, 0, 4) {
		return nil, false
	}
	k := c.Node.Ints("kernel")
	if len(k) != 2 {
		c.Errorf("V043", "kernel needs 2 numbers")
		return nil, false
	}
	win, problem := WindowOf(c.Node, c.In[0].Shape, k[0], k[1])
	if problem != "" {
		c.Errorf("V043", "%s", problem)
		return nil, false
	}
	if !win.covered() {
		c.Errorf("V048", "a window lies wholly in the padding")
		return nil, false
	}
	return []int{c.In[0].Shape[0], c.In[0].Shape[1], win.OutH, win.OutW}, true
}

// covered says whether every output has a tap inside the input.
func (w *Window) covered() bool {
	axis := func(n, k, s, d, before, size int) bool {
		if (n-1)*s-before >= size {
			return false // the last window begins behind the input
		}
		// Windows that begin inside the input are covered; the others begin in the leading padding.
		for o := 0; o < n && o*s < before; o++ {
			first := (before - o*s + d - 1) / d // the first tap at or behind the input's edge
			if first >= k || o*s-before+first*d >= size {
				return false
			}
		}
		return true
	}
	return axis(w.OutH, w.KH, w.SH, w.DH, w.Top, w.H) && axis(w.OutW, w.KW, w.SW, w.DW, w.Left, w.W)
}

// poolEach calls f for every output i with the divisor n and the iterator over the flat indices
// of its taps.
func poolEach(c *ir.EvalCtx, f func(i, n int, taps func(func(at int)))) {
	x := c.In[0]
	k := c.Node.Ints("kernel")
	win, _ := WindowOf(c.Node, x.Shape, k[0], k[1])
	include := false
	if slices.ContainsFunc(c.Node.Op.Attrs, func(a ir.AttrDef) bool { return a.Name == includePadAttr.Name }) {
		include = c.Node.Bool("include_pad")
	}
	i := 0
	for plane := range x.Shape[0] * x.Shape[1] {
		for oy := range win.OutH {
			for ox := range win.OutW {
				n := win.KH * win.KW
				if !include {
					n = win.Count(oy, ox)
				}
				f(i, n, func(tap func(at int)) {
					win.Inside(oy, ox, func(_, _, y, xx int) { tap((plane*win.H+y)*win.W + xx) })
				})
				i++
			}
		}
	}
}
