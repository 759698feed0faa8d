package onnx

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// buildShape gives the dimensions; the free batch becomes a marked entry.
func buildShape(c *call) {
	s := c.in[0].shape()
	lo, hi := 0, len(s)
	if c.im.opset >= 15 {
		clamp := func(v int) int {
			if v < 0 {
				v += len(s)
			}
			return min(max(v, 0), len(s))
		}
		lo = clamp(c.intAttr("start", 0))
		if c.hasAttr("end") {
			hi = clamp(c.intAttr("end", 0))
		}
		hi = max(lo, hi)
	}
	s = s[lo:hi]
	l := intLiteral("", []int{len(s)}, make([]int64, len(s)))
	for i, d := range s {
		if d == ir.Free {
			l.free = make([]bool, len(s))
			l.free[i] = true
			continue
		}
		l.i[i] = int64(d)
	}
	c.fold(l)
}

func buildSize(c *call) {
	n := 1
	for _, d := range c.in[0].shape() {
		if d == ir.Free {
			c.errorf(codeBatch, "it computes with the free batch; fix the batch with --input-shape")
			return
		}
		n *= d
	}
	c.fold(intLiteral("", nil, []int64{int64(n)}))
}

// reshape makes output 0 the elements of input 0 under another shape. One entry may be -1; free
// marks entries that are the batch's size, and may be nil.
func (c *call) reshape(want []int, free []bool) {
	from := c.in[0].shape()
	shape, ok := c.resolve(from, want, free)
	if !ok {
		return
	}
	if l := c.in[0].lit; l != nil {
		r := l.withShape(shape)
		c.fold(r)
		return
	}
	if slices.Equal(shape, from) {
		c.alias(0)
		return
	}
	c.node("nn.reshape", []*ir.Value{c.x(0)}, "shape", shape)
}

// resolve replaces the -1 of a wanted shape; the batch of a free tensor must stay in front.
func (c *call) resolve(from, want []int, free []bool) ([]int, bool) {
	shape := slices.Clone(want)
	hole, batch := -1, -1
	rest := 1
	for i, d := range want {
		switch {
		case free != nil && free[i]:
			if batch >= 0 {
				c.errorf(codeBatch, "the free batch appears twice in the new shape; fix the batch with --input-shape")
				return nil, false
			}
			batch = i
		case d == -1 && hole < 0:
			hole = i
		case d == 0 && tensor.Elems(from) == 0:
			rest = 0
		case d <= 0 || rest > maxElems/d:
			c.errorf(codeShape, "shape %v is not possible", want)
			return nil, false
		default:
			rest *= d
		}
	}
	isFree := len(from) > 0 && from[0] == ir.Free
	n := tensor.Elems(from)
	if isFree {
		n = tensor.Elems(from[1:])
		if batch < 0 && hole == 0 && rest == n {
			batch, hole = 0, -1
		}
		if batch != 0 {
			c.errorf(codeBatch, "shape %v for %s would not keep the free batch in front; fix the batch with --input-shape", want, shapeText(from))
			return nil, false
		}
		shape[0] = ir.Free
	} else if batch >= 0 {
		c.errorf(codeBatch, "the new shape takes its batch from another tensor, whose batch is free; fix the batch with --input-shape")
		return nil, false
	}
	switch {
	case hole >= 0 && rest > 0 && n%rest == 0:
		shape[hole] = n / rest
	case hole < 0 && rest == n:
	default:
		c.errorf(codeShape, "%d elements of %s do not fill shape %v", n, shapeText(from), want)
		return nil, false
	}
	return shape, true
}

// shapeText prints a shape as the text form does.
func shapeText(s []int) string {
	return ir.Float(s...).String()
}

func buildReshape(c *call) {
	l := c.lit(1, "shape")
	if l == nil {
		return
	}
	if len(l.shape) != 1 || l.i == nil && l.len() > 0 {
		c.errorf(codeShape, "its shape is no vector of integers")
		return
	}
	from := c.in[0].shape()
	keepZero := c.im.opset >= 14 && c.intAttr("allowzero", 0) != 0
	want := toInts(l.i)
	free := make([]bool, len(want))
	copy(free, l.free)
	for i, d := range want {
		if free[i] || d != 0 || keepZero {
			continue
		}
		if i >= len(from) {
			c.errorf(codeShape, "shape %v copies dimension %d, but the operand has rank %d", want, i, len(from))
			return
		}
		want[i] = from[i]
		free[i] = from[i] == ir.Free
	}
	c.reshape(want, free)
}

func buildFlatten(c *call) {
	from := c.in[0].shape()
	axis := c.intAttr("axis", 1)
	if axis != len(from) {
		var ok bool
		if axis, ok = c.axis(axis, len(from)); !ok {
			return
		}
	}
	want := []int{1, 1}
	free := []bool{false, false}
	for i, d := range from {
		half := 0
		if i >= axis {
			half = 1
		}
		if d == ir.Free {
			free[half] = true
			continue
		}
		want[half] *= d
	}
	if free[0] && want[0] != 1 || free[1] {
		c.errorf(codeBatch, "flattening %s at axis %d would join the free batch with other dimensions; fix the batch with --input-shape", shapeText(from), axis)
		return
	}
	c.reshape(want, free)
}

// axesOf reads axes, an attribute before opset 13 and an input from then on; given says whether
// there are any.
func (c *call) axesOf() (axes []int, given, ok bool) {
	if c.im.opset < 13 {
		if len(c.in) > 1 {
			c.errorf(codeArity, "its axes are an input only from opset 13 on")
			return nil, false, false
		}
		axes = c.intsAttr("axes")
		return axes, c.hasAttr("axes"), !c.failed
	}
	if c.hasAttr("axes") {
		c.errorf(codeAttr, "axes is an attribute only before opset 13")
		return nil, false, false
	}
	if !c.has(1) {
		return nil, false, true
	}
	axes, ok = c.intsOf(1, "axes")
	return axes, true, ok
}

func buildSqueeze(c *call) {
	from := c.in[0].shape()
	axes, given, ok := c.axesOf()
	if !ok {
		return
	}
	set := make([]bool, len(from))
	if given {
		if set, ok = c.axes(axes, len(from)); !ok {
			return
		}
	} else {
		for i, d := range from {
			set[i] = d == 1
		}
	}
	var want []int
	var free []bool
	for i, d := range from {
		switch {
		case !set[i]:
			want, free = append(want, d), append(free, d == ir.Free)
		case d == ir.Free:
			c.errorf(codeBatch, "it removes the free batch; fix the batch with --input-shape")
			return
		case d != 1:
			c.errorf(codeShape, "it removes axis %d of %s, which is not 1", i, shapeText(from))
			return
		}
	}
	c.reshape(want, free)
}

func buildUnsqueeze(c *call) {
	from := c.in[0].shape()
	axes, given, ok := c.axesOf()
	if !ok {
		return
	}
	if !given {
		c.errorf(codeAttr, "its axes are missing")
		return
	}
	if len(axes) > 64 {
		c.errorf(codeAttr, "it adds %d axes", len(axes))
		return
	}
	set, ok := c.axes(axes, len(from)+len(axes))
	if !ok {
		return
	}
	want, free := make([]int, len(set)), make([]bool, len(set))
	at := 0
	for i := range set {
		if set[i] {
			want[i] = 1
			continue
		}
		want[i], free[i] = from[at], from[at] == ir.Free
		at++
	}
	c.reshape(want, free)
}

func buildTranspose(c *call) {
	from := c.in[0].shape()
	perm := c.intsAttr("perm")
	if !c.hasAttr("perm") {
		for i := range from {
			perm = append(perm, len(from)-1-i)
		}
	}
	if c.failed {
		return
	}
	seen := make([]bool, len(from))
	for _, p := range perm {
		if len(perm) != len(from) || p < 0 || p >= len(from) || seen[p] {
			c.errorf(codeAttr, "perm %v is no permutation of the %d axes", perm, len(from))
			return
		}
		seen[p] = true
	}
	if len(perm) != len(from) {
		c.errorf(codeAttr, "perm %v is no permutation of the %d axes", perm, len(from))
		return
	}
	if l := c.in[0].lit; l != nil {
		if !c.charge(l.len()) {
			return
		}
		s := tensor.Strides(l.shape)
		shape, strides := make([]int, len(perm)), make([]int, len(perm))
		for i, p := range perm {
			shape[i], strides[i] = l.shape[p], s[p]
		}
		t := l.pick(shape, walk(shape, 0, strides))
		if l.quant != nil {
			t.quant = l.quant.permuted(perm)
		}
		c.fold(t)
		return
	}
	if slices.IsSorted(perm) {
		c.alias(0)
		return
	}
	c.node("nn.transpose", []*ir.Value{c.x(0)}, "perm", perm)
}

func buildConcat(c *call) {
	if !c.hasAttr("axis") {
		c.errorf(codeAttr, "attribute axis is missing")
		return
	}
	known := true
	for i, v := range c.in {
		if v == nil {
			c.errorf(codeArity, "its input %d is left out but required", i)
			return
		}
		known = known && v.lit != nil
	}
	axis, ok := c.axis(c.intAttr("axis", 0), len(c.in[0].shape()))
	switch {
	case !ok:
	case len(c.in) == 1:
		c.alias(0)
	case known:
		c.foldConcat(axis)
	default:
		operands := make([]*ir.Value, len(c.in))
		for i := range c.in {
			operands[i] = c.x(i)
		}
		c.node("nn.concat", operands, "axis", axis)
	}
}

func (c *call) foldConcat(axis int) {
	first := c.in[0].lit
	shape := slices.Clone(first.shape)
	for i, v := range c.in[1:] {
		l := v.lit
		if l.elem != first.elem || len(l.shape) != len(shape) {
			c.errorf(codeShape, "its constants 0 and %d differ in type or rank", i+1)
			return
		}
		for d := range shape {
			if d != axis && l.shape[d] != shape[d] {
				c.errorf(codeShape, "its constants 0 and %d have shapes %v and %v, which do not join along axis %d", i+1, first.shape, l.shape, axis)
				return
			}
		}
		shape[axis] += l.shape[axis]
	}
	if !c.chargeShape(shape) {
		return
	}
	out := &literal{elem: first.elem, shape: shape}
	outer := tensor.Elems(shape[:axis])
	anyFree := slices.ContainsFunc(c.in, func(v *value) bool { return v.lit.free != nil })
	for o := range outer {
		for _, v := range c.in {
			l := v.lit
			n := tensor.Elems(l.shape[axis:])
			lo, hi := o*n, (o+1)*n
			switch {
			case l.f != nil:
				out.f = append(out.f, l.f[lo:hi]...)
			case l.d != nil:
				out.d = append(out.d, l.d[lo:hi]...)
			case l.i != nil:
				out.i = append(out.i, l.i[lo:hi]...)
			}
			switch {
			case l.free != nil:
				out.free = append(out.free, l.free[lo:hi]...)
			case anyFree:
				out.free = append(out.free, make([]bool, n)...)
			}
		}
	}
	c.fold(out)
}

// buildPad adds a constant border.
func buildPad(c *call) {
	mode := c.stringAttr("mode", "constant")
	switch mode {
	case "constant", "edge", "reflect", "wrap":
	default:
		c.errorf(codeForm, "mode %q is not supported, only constant, edge, reflect and wrap", mode)
		return
	}
	s := c.in[0].shape()
	var pads []int
	value := float32(0)
	axes := make([]int, len(s))
	for i := range axes {
		axes[i] = i
	}
	if c.im.opset < 11 {
		if len(c.in) > 1 {
			c.errorf(codeArity, "its pads are an input only from opset 11 on")
			return
		}
		pads, value = c.intsAttr("pads"), c.floatAttr("value", 0)
	} else {
		if !c.has(1) {
			c.errorf(codeArity, "its pads are missing")
			return
		}
		var ok bool
		if pads, ok = c.intsOf(1, "pads"); !ok {
			return
		}
		if c.has(2) {
			l := c.floats(2, "border value")
			if l == nil {
				return
			}
			if l.len() != 1 {
				c.errorf(codeShape, "its border value has shape %v, want one number", l.shape)
				return
			}
			value = l.f[0]
		}
		if c.has(3) {
			if axes, ok = c.intsOf(3, "axes"); !ok {
				return
			}
		}
	}
	if c.failed {
		return
	}
	if _, ok := c.axes(axes, len(s)); !ok {
		return
	}
	if len(pads) != 2*len(axes) {
		c.errorf(codeShape, "it has %d pads for %d axes, want two for each", len(pads), len(axes))
		return
	}
	full := make([]int, 2*len(s))
	for i, a := range axes {
		a, _ := axisOf(a, len(s))
		full[a], full[len(s)+a] = pads[i], pads[len(axes)+i]
	}
	switch {
	case len(full) == 0 || slices.Max(full) == 0 && slices.Min(full) == 0:
		c.alias(0)
	case mode != "constant" || slices.Max(full) <= 0:
		c.bordered(mode, full)
	case slices.Min(full) < 0:
		c.errorf(codeForm, "pads %v that cut and add at once are not supported; split it in two", full)
	case value != value || value-value != 0:
		c.errorf(codeFinite, "its border value is %v, want a finite number", value)
	default:
		attrs := []any{"pad", full}
		if value != 0 {
			attrs = append(attrs, "value", value)
		}
		c.node("nn.pad", []*ir.Value{c.x(0)}, attrs...)
	}
}
