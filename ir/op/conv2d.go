package op

import (
	"fmt"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

var convAttrs = []ir.AttrDef{
	padAttr, strideAttr, dilationAttr,
	{Name: "group", Kind: ir.AttrInt, Default: 1, Doc: "number of groups"},
}

// Conv2D is the float convolution.
var Conv2D = &ir.OpDef{
	Name:    "nn.conv2d",
	Summary: "two-dimensional convolution",
	Doc: "x is (N, C, H, W), w is (O, C/group, kh, kw), b is (O). Every output starts at its bias, or +0, and adds " +
		"float32(x*w) in ascending order of kernel row, kernel column and channel of the group; taps in the padding are skipped.",
	Operands: []ir.Operand{{Name: "x"}, {Name: "w", Const: false}, {Name: "b", Optional: true}},
	Attrs:    convAttrs,
	Stages:   floatStages,
	Infer:    inferConv,
	Eval:     evalConv,
	Grad:     gradConv,
	Quant: &ir.QuantRule{Twin: "q.conv2d", Activations: []int{0}, Weights: 1, ChannelAxis: 0, PerChannel: true, Bias: 2,
		FloatResult: true, Applies: constWeights},
}

// QConv2D is the integer convolution.
var QConv2D = &ir.OpDef{
	Name:    "q.conv2d",
	Summary: "integer convolution with requantized or float result",
	Doc: "x is int8 or int16 (N, C, H, W) with one factor, w int8 (O, C/group, kh, kw) symmetric, per tensor or per index of axis 0, b int32 (O) " +
		"with the scale of x times w. The written result type decides: int8 codes are requantized, float32 is the accumulator's value.",
	Arithmetic: "acc = b + sum (x-o_x)*w, exact in int32, padding adds nothing; codes: fin(float32(acc)*m), m = RN19(s_x*s_w/s_y), then clip; float32: float32(acc)*d, d = float32(s_x*s_w); " +
		"int16: x = 256*h+l gives two sums acc_h, and acc_l with b; float32(float32(acc_h)*(256*m)) + float32(float32(acc_l)*m) with m = float32(s_x*s_w/s_y) or d is taken to codes by fin, or is the result; " +
		"with shift, clip16(floor(acc/2^N))*2^N takes the place of acc; with deq19, d has no low 13 bits",
	Operands: []ir.Operand{{Name: "x"}, {Name: "w", Const: true}, {Name: "b", Const: true}},
	Attrs:    append(append([]ir.AttrDef{}, convAttrs...), clipAttr, shiftAttr, halfAttr),
	Stages:   intStages,
	Infer:    inferQConv,
	Eval:     evalQConv,
}

// constWeights says why a layer with computed weights stays float.
func constWeights(n *ir.Node) string {
	for i, v := range n.Operands[1:] {
		d := v.Def
		if !v.IsConst() && !(d != nil && d.Op.Name == "q.fake" && d.Operands[0].IsConst()) {
			return fmt.Sprintf("operand %d is computed, not a constant", i+1)
		}
	}
	return ""
}

// convShape checks the geometry shared by both convolutions and gives the output shape.
func convShape(c *ir.InferCtx) ([]int, bool) {
	if !wantRank(c, 0, 4) || !wantRank(c, 1, 4) {
		return nil, false
	}
	x, w := c.In[0].Shape, c.In[1].Shape
	g := c.Node.Int("group")
	switch {
	case g < 1 || w[0]%g != 0 || x[1]%g != 0:
		c.Errorf("V040", "group %d does not divide %d input and %d output channels", g, x[1], w[0])
		return nil, false
	case w[1] != x[1]/g:
		c.Errorf("V041", "weights take %d channels of each group, the input has %d in %d groups", w[1], x[1], g)
		return nil, false
	case len(c.In) == 3 && (len(c.In[2].Shape) != 1 || c.In[2].Shape[0] != w[0]):
		c.Errorf("V042", "bias is %s, want %d elements, one for each output channel", c.In[2], w[0])
		return nil, false
	}
	win, problem := WindowOf(c.Node, x, w[2], w[3])
	if problem != "" {
		c.Errorf("V043", "%s", problem)
		return nil, false
	}
	return []int{x[0], w[0], win.OutH, win.OutW}, true
}

func inferConv(c *ir.InferCtx) {
	if !wantFloat(c) {
		return
	}
	if shape, ok := convShape(c); ok {
		c.Return(ir.Float(shape...))
	}
}

func inferQConv(c *ir.InferCtx) {
	shape, ok := convShape(c)
	if ok && accOperands(c, 0) && accFits(c) && shiftsFit(c) {
		accResult(c, shape)
	}
}

// accOperands checks codes, symmetric weights whose channel axis is axis, and an int32 bias.
func accOperands(c *ir.InferCtx, axis int) bool {
	if !wantInput(c, 0) {
		return false
	}
	w, b := c.In[1], c.In[2]
	if !w.IsQuant() || w.DType != tensor.I8 || w.Quant.Axis >= 0 && (w.Quant.Axis != axis || w.Quant.Block != 1) {
		c.Errorf("V036", "weights are %s, want int8 codes per tensor or per index of axis %d", w, axis)
		return false
	}
	for _, o := range w.Quant.Offset {
		if o != 0 {
			c.Errorf("V036", "weights have offset %d, want symmetric codes", o)
			return false
		}
	}
	if b.DType != tensor.I32 {
		c.Errorf("V037", "bias is %s, want i32 in units of the accumulator", b)
		return false
	}
	return true
}

// accResult checks the written result of an accumulating operator: codes or float32.
func accResult(c *ir.InferCtx, shape []int) {
	t := c.WantElem(ir.Type{}).WithShape(shape)
	if t.IsFloat() {
		if clip := c.Node.Ints("clip"); len(clip) != 2 || clip[0] != -128 || clip[1] != 127 {
			c.Errorf("V034", "clip is a pair of codes; a float32 result has none")
			return
		}
		c.Return(t)
		return
	}
	if t, ok := codeResult(c, shape); ok && multipliersFit(c, c.In[1].Quant, t.Quant) {
		c.Return(t)
	}
}

func evalConv(c *ir.EvalCtx) {
	x, w := c.In[0], c.In[1]
	win, _ := WindowOf(c.Node, x.Shape, w.Shape[2], w.Shape[3])
	g := c.Node.Int("group")
	cg, og := w.Shape[1], w.Shape[0]/g
	out := c.Result(0)
	i := 0
	for n := range x.Shape[0] {
		for o := range w.Shape[0] {
			for oy := range win.OutH {
				for ox := range win.OutW {
					var sum float32
					if len(c.In) == 3 {
						sum = c.In[2].F32[o]
					}
					win.Inside(oy, ox, func(ky, kx, y, xx int) {
						for ci := range cg {
							a := x.F32[((n*x.Shape[1]+o/og*cg+ci)*win.H+y)*win.W+xx]
							b := w.F32[((o*cg+ci)*win.KH+ky)*win.KW+kx]
							sum = float32(sum + float32(a*b))
						}
					})
					out.F32[i] = sum
					i++
				}
			}
		}
	}
}

func evalQConv(c *ir.EvalCtx) {
	x, w, b := c.In[0], c.In[1], c.In[2]
	win, _ := WindowOf(c.Node, x.Shape, w.Shape[2], w.Shape[3])
	g := c.Node.Int("group")
	cg, og := w.Shape[1], w.Shape[0]/g
	acc, put := newAccumulator(c), accWriter(c)
	i := 0
	for n := range x.Shape[0] {
		for o := range w.Shape[0] {
			for oy := range win.OutH {
				for ox := range win.OutW {
					acc.start(b.I32[o])
					win.Inside(oy, ox, func(ky, kx, y, xx int) {
						for ci := range cg {
							acc.add(((n*x.Shape[1]+o/og*cg+ci)*win.H+y)*win.W+xx, ((o*cg+ci)*win.KH+ky)*win.KW+kx)
						}
					})
					put(i, o, acc)
					i++
				}
			}
		}
	}
}
