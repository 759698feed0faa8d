package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
)

// reduceTable are reductions: over axes that are an attribute before opset since, then an input.
var reduceTable = func() map[string]entry {
	out := make(map[string]entry)
	for _, f := range []struct {
		name  string
		input int64 // first opset in which axes are an input
		apply func(c *call, x *ir.Value, axes []int, keep bool) *ir.Value
	}{
		{"ReduceSum", 13, reduceBy("sum")}, {"ReduceMean", 18, reduceBy("mean")}, {"ReduceMax", 18, reduceBy("max")}, {"ReduceMin", 18, reduceBy("min")},
		{"ReduceProd", 18, reduceBy("prod")},
		{"ReduceL1", 18, func(c *call, x *ir.Value, axes []int, keep bool) *ir.Value {
			return c.reduced("sum", c.one1("nn.abs", x), axes, keep)
		}},
		{"ReduceL2", 18, func(c *call, x *ir.Value, axes []int, keep bool) *ir.Value {
			return c.one1("nn.sqrt", c.reduced("sum", c.two("nn.mul", x, x), axes, keep))
		}},
		{"ReduceSumSquare", 18, func(c *call, x *ir.Value, axes []int, keep bool) *ir.Value {
			return c.reduced("sum", c.two("nn.mul", x, x), axes, keep)
		}},
		{"ReduceLogSum", 18, func(c *call, x *ir.Value, axes []int, keep bool) *ir.Value {
			return c.one1("nn.log", c.reduced("sum", x, axes, keep))
		}},
		{"ReduceLogSumExp", 18, func(c *call, x *ir.Value, axes []int, keep bool) *ir.Value {
			top := c.reduced("max", x, axes, true)
			v := c.two("nn.add", top, c.one1("nn.log", c.reduced("sum", c.one1("nn.exp", c.two("nn.sub", x, top)), axes, true)))
			if !keep && v != nil {
				var short []int
				for i, d := range v.Type.Shape {
					if !slices.Contains(axes, i) {
						short = append(short, d)
					}
				}
				v = c.reshaped(v, short...)
			}
			return v
		}},
	} {
		out[f.name] = entry{min: 1, max: 2, outs: 1, attrs: []string{"axes", "keepdims", "noop_with_empty_axes"}, build: func(c *call) {
			axes, ok := c.reduceAxes(f.input)
			switch x := c.x(0); {
			case !ok || x == nil:
			case axes == nil:
				c.alias(0)
			case f.name == "ReduceMean" && c.imageMean(axes):
			default:
				c.finish(0, f.apply(c, x, axes, c.intAttr("keepdims", 1) != 0))
			}
		}}
	}
	return out
}()

func reduceBy(kind string) func(c *call, x *ir.Value, axes []int, keep bool) *ir.Value {
	return func(c *call, x *ir.Value, axes []int, keep bool) *ir.Value { return c.reduced(kind, x, axes, keep) }
}

// reduceAxes are the axes of a reduction, ascending; nil when nothing is to be done.
func (c *call) reduceAxes(input int64) ([]int, bool) {
	axes := c.intsAttr("axes")
	if c.has(1) {
		if c.im.opset < input {
			c.errorf(codeArity, "axes is an input only from opset %d on", input)
			return nil, false
		}
		var ok bool
		if axes, ok = c.intsOf(1, "axes"); !ok {
			return nil, false
		}
	}
	rank := len(c.in[0].shape())
	if len(axes) == 0 {
		if c.intAttr("noop_with_empty_axes", 0) != 0 {
			return nil, true
		}
		axes = span(0, rank, 1)
	}
	set, ok := c.axes(axes, rank)
	if !ok {
		return nil, false
	}
	out := []int{}
	for i, in := range set {
		if in {
			out = append(out, i)
		}
	}
	return out, true
}

// imageMean makes a mean over rows, columns or both of images a pooling, which has an integer form.
func (c *call) imageMean(axes []int) bool {
	s := c.in[0].shape()
	if len(s) != 4 || len(axes) == 0 || axes[0] < 2 || c.in[0].lit != nil || !c.in[0].node.Type.IsFloat() {
		return false
	}
	kernel := []int{1, 1}
	var short []int
	for i, d := range s {
		if slices.Contains(axes, i) {
			kernel[i-2] = d
		} else {
			short = append(short, d)
		}
	}
	keep := c.intAttr("keepdims", 1) != 0
	label := ""
	if !keep {
		label = c.label("_mean")
	}
	v := c.emit("nn.avg_pool2d", label, []*ir.Value{c.x(0)}, "kernel", kernel, "stride", kernel)
	if !keep && v != nil {
		v = c.emit("nn.reshape", "", []*ir.Value{v}, "shape", short)
	}
	c.result(v)
	return true
}

func buildArg(least bool) func(*call) {
	return func(c *call) {
		axis, ok := c.axis(c.intAttr("axis", 0), len(c.in[0].shape()))
		if !ok {
			return
		}
		c.node("nn.argmax", []*ir.Value{c.x(0)}, "axis", axis, "keep", c.intAttr("keepdims", 1) != 0,
			"last", c.intAttr("select_last_index", 0) != 0, "least", least)
	}
}

func buildTopK(c *call) {
	axis, ok := c.axis(c.intAttr("axis", -1), len(c.in[0].shape()))
	if !ok {
		return
	}
	k := []int{c.intAttr("k", 0)}
	if c.has(1) {
		if k, ok = c.intsOf(1, "k"); !ok {
			return
		}
	}
	if len(k) != 1 {
		c.errorf(codeShape, "its k has %d elements, want one", len(k))
		return
	}
	all := c.emitAll("nn.topk", "", []*ir.Value{c.x(0)}, "axis", axis, "k", k[0], "least", c.intAttr("largest", 1) == 0)
	for i, v := range all {
		c.finish(i, v)
	}
}

func buildCumSum(c *call) {
	axes, ok := c.intsOf(1, "axis")
	if !ok {
		return
	}
	if len(axes) != 1 {
		c.errorf(codeShape, "its axis has %d elements, want one", len(axes))
		return
	}
	if axis, ok := c.axis(axes[0], len(c.in[0].shape())); ok {
		c.node("nn.cumsum", []*ir.Value{c.x(0)}, "axis", axis, "exclusive", c.intAttr("exclusive", 0) != 0, "reverse", c.intAttr("reverse", 0) != 0)
	}
}

// coerced runs build on the input as ONNX did before opset 13: as a matrix, all axes from the given one on
// joined; build gets the axis.
func (c *call) coerced(build func(x *ir.Value, axis int) *ir.Value) {
	s := c.in[0].shape()
	x := c.x(0)
	if c.im.opset >= 13 {
		if a, ok := c.axis(c.intAttr("axis", -1), len(s)); ok {
			c.finish(0, build(x, a))
		}
		return
	}
	a, ok := c.axis(c.intAttr("axis", 1), len(s))
	if !ok || x == nil {
		return
	}
	n := 1
	for _, d := range s[a:] {
		if d == ir.Free {
			c.errorf(codeBatch, "it joins the free batch with other axes; fix the batch with --input-shape")
			return
		}
		n *= d
	}
	v := build(c.reshaped(x, append(slices.Clone(s[:a]), n)...), a)
	c.finish(0, c.reshaped(v, s...))
}

// buildLogSoftmax: x - m - log(sum of e^(x-m)), m the maximum.
func buildLogSoftmax(c *call) { c.coerced(c.logSoftmax) }

func (c *call) logSoftmax(x *ir.Value, axis int) *ir.Value {
	axes := []int{axis}
	d := c.two("nn.sub", x, c.reduced("max", x, axes, true))
	return c.two("nn.sub", d, c.one1("nn.log", c.reduced("sum", c.one1("nn.exp", d), axes, true)))
}

// buildHardmax gives 1 at the first of the greatest elements and 0 elsewhere.
func buildHardmax(c *call) {
	c.coerced(func(x *ir.Value, axis int) *ir.Value {
		if x == nil {
			return nil
		}
		shape := make([]int, len(x.Type.Shape))
		for i := range shape {
			shape[i] = 1
		}
		shape[axis] = x.Type.Shape[axis]
		at := make([]int64, shape[axis])
		for i := range at {
			at[i] = int64(i)
		}
		best := c.one1("nn.argmax", x, "axis", axis)
		return c.casted(c.two("nn.equal", best, c.constInts("indices", at, shape...)), x.Type.DType)
	})
}
