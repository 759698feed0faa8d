package onnx

import (
	"math"

	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// foldBudget is how many elements folding may allocate beyond a small multiple of those that
// the file holds.
const foldBudget = 1 << 24

// charge takes n elements from the budget.
func (c *call) charge(n int) bool {
	if n > c.im.budget {
		c.errorf(codeTooLarge, "evaluating it needs a constant of %d elements, too many for a model of this size", n)
		return false
	}
	c.im.budget -= n
	return true
}

// chargeShape is charge for a shape that may be hostile.
func (c *call) chargeShape(shape []int) bool {
	n, ok := tensor.CheckedElems(shape, maxElems)
	if !ok {
		c.errorf(codeTooLarge, "shape %v is negative or too large", shape)
		return false
	}
	return c.charge(n)
}

// walk lists start + the strided offset of every index of shape, row-major.
func walk(shape []int, start int, strides []int) []int {
	n := tensor.Elems(shape)
	out := make([]int, n)
	idx := make([]int, len(shape))
	at := start
	for i := range n {
		out[i] = at
		for d := len(shape) - 1; d >= 0; d-- {
			idx[d]++
			at += strides[d]
			if idx[d] < shape[d] {
				break
			}
			at -= strides[d] * shape[d]
			idx[d] = 0
		}
	}
	return out
}

func buildConstant(c *call) {
	name := c.pb.Output[0]
	if len(c.pb.Attribute) != 1 {
		c.errorf(codeAttr, "it has %d attributes, want the one with its value", len(c.pb.Attribute))
		return
	}
	switch key := c.pb.Attribute[0].GetName(); key {
	case "value":
		a := c.attr(key, pb.AttributeProto_TENSOR)
		if a == nil {
			return
		}
		if a.T == nil {
			c.errorf(codeAttr, "attribute value holds no tensor")
			return
		}
		l, p := c.im.decode(a.T)
		if p != nil {
			c.errorf(p.code, "%s", p.text)
			return
		}
		c.fold(l)
	case "value_float":
		c.fold(floatLiteral(name, nil, []float32{c.floatAttr(key, 0)}))
	case "value_floats":
		if a := c.attr(key, pb.AttributeProto_FLOATS); a != nil {
			c.fold(floatLiteral(name, []int{len(a.Floats)}, a.Floats))
		}
	case "value_int":
		if a := c.attr(key, pb.AttributeProto_INT); a != nil {
			c.fold(intLiteral(name, nil, []int64{a.I}))
		}
	case "value_ints":
		if a := c.attr(key, pb.AttributeProto_INTS); a != nil {
			c.fold(intLiteral(name, []int{len(a.Ints)}, a.Ints))
		}
	default:
		c.errorf(codeForm, "constants given as %s are not supported; export dense numbers", key)
	}
}

func buildConstantOfShape(c *call) {
	shape, ok := c.intsOf(0, "shape")
	if !ok || !c.chargeShape(shape) {
		return
	}
	one := floatLiteral("", []int{1}, []float32{0})
	if a := c.attr("value", pb.AttributeProto_TENSOR); a != nil && a.T != nil {
		l, p := c.im.decode(a.T)
		if p != nil {
			c.errorf(p.code, "%s", p.text)
			return
		}
		if l.len() != 1 {
			c.errorf(codeAttr, "attribute value has shape %v, want one element", l.shape)
			return
		}
		one = l
	}
	if !c.failed {
		c.fold(one.pick(shape, make([]int, tensor.Elems(shape))))
	}
}

func buildRange(c *call) {
	var v [3]int64
	for i, what := range []string{"start", "limit", "delta"} {
		n, ok := c.intsOf(i, what)
		if !ok {
			return
		}
		if len(n) != 1 {
			c.errorf(codeShape, "its %s has %d elements, want one", what, len(n))
			return
		}
		v[i] = int64(n[0])
	}
	const bound = math.MaxInt64 / 4
	if v[2] == 0 || max(v[0], v[1], v[2]) > bound || min(v[0], v[1], v[2]) < -bound {
		c.errorf(codeForm, "it counts from %d to %d by %d", v[0], v[1], v[2])
		return
	}
	span, step := v[1]-v[0], v[2]
	if step < 0 {
		span, step = -span, -step
	}
	n := int64(0)
	if span > 0 {
		n = (span-1)/step + 1
	}
	if !c.charge(int(n)) {
		return
	}
	out := make([]int64, n)
	for i := range out {
		out[i] = v[0] + int64(i)*v[2]
	}
	l := intLiteral("", []int{len(out)}, out)
	l.elem = c.in[0].lit.elem
	c.fold(l)
}

// buildCast converts known tensors; a cast of computed ones to float32 changes nothing.
func buildCast(c *call) {
	to := pb.TensorProto_DataType(c.intAttr("to", 0))
	l := c.in[0].lit
	switch {
	case c.in[0].acc != nil && to != pb.TensorProto_FLOAT:
		c.errorf(codeQuant, "it converts an accumulator to %s; only float32 is supported", elemName(int32(to)))
		return
	case l == nil && to == pb.TensorProto_FLOAT:
		c.alias(0)
		return
	case l == nil:
		c.errorf(codeElem, "it converts computed numbers to %s; networks are float32 throughout, remove it or export in float32", elemName(int32(to)))
		return
	case l.elem == to:
		c.alias(0)
		return
	case elemSize(to) == 0 || to == pb.TensorProto_FLOAT16 || to == pb.TensorProto_BFLOAT16:
		c.errorf(codeElem, "it converts a constant to %s; networks are float32 throughout, export in float32", elemName(int32(to)))
		return
	case !c.charge(l.len()):
		return
	}
	out := &literal{elem: to, shape: l.shape}
	if l.hasFree() {
		if to != pb.TensorProto_INT32 && to != pb.TensorProto_INT64 {
			c.errorf(codeBatch, "it computes with the free batch; fix the batch with --input-shape")
			return
		}
		out.free = l.free
	}
	wide := l.wide()
	switch to {
	case pb.TensorProto_FLOAT:
		out.f = make([]float32, l.len())
		for i := range out.f {
			if l.i != nil {
				out.f[i] = float32(l.i[i])
			} else {
				out.f[i] = float32(wide(i))
			}
		}
	case pb.TensorProto_DOUBLE:
		out.d = make([]float64, l.len())
		for i := range out.d {
			out.d[i] = wide(i)
		}
	default:
		out.i = make([]int64, l.len())
		for i := range out.i {
			if l.i != nil {
				out.i[i] = narrowInt(l.i[i], to)
				continue
			}
			v := wide(i)
			switch {
			case to == pb.TensorProto_BOOL:
				if v != 0 {
					out.i[i] = 1
				}
			case math.Abs(v) < 1<<62:
				out.i[i] = narrowInt(int64(v), to)
			default:
				c.errorf(codeElem, "element %d is %v and does not fit %s", i, v, elemName(int32(to)))
				return
			}
		}
	}
	c.fold(out)
}

// wide reads an element as float64.
func (l *literal) wide() func(i int) float64 {
	switch {
	case l.f != nil:
		return func(i int) float64 { return float64(l.f[i]) }
	case l.d != nil:
		return func(i int) float64 { return l.d[i] }
	}
	return func(i int) float64 { return float64(l.i[i]) }
}

// known is input 0, for operators that exist only on known tensors; nil after a problem.
func (c *call) known() *literal {
	l := c.in[0].lit
	if l == nil {
		c.errorf(codeForm, "operator %s is supported only in shape arithmetic, not on computed tensors; %s", c.pb.OpType, wayOut(c.pb.OpType))
	}
	return l
}

func buildExpand(c *call) {
	l := c.known()
	if l == nil {
		return
	}
	want, ok := c.intsOf(1, "shape")
	if !ok {
		return
	}
	shape, ok := broadcastShape(l.shape, want)
	if !ok {
		c.errorf(codeShape, "shapes %v and %v do not broadcast", l.shape, want)
		return
	}
	if c.chargeShape(shape) {
		c.fold(l.pick(shape, broadcastIndex(l.shape, shape)))
	}
}

func buildGather(c *call) {
	l := c.known()
	if l == nil {
		return
	}
	axis, ok := c.axis(c.intAttr("axis", 0), len(l.shape))
	if !ok {
		return
	}
	index, ok := c.intsOf(1, "indices")
	if !ok {
		return
	}
	size := l.shape[axis]
	inner, outer := tensor.Elems(l.shape[axis+1:]), tensor.Elems(l.shape[:axis])
	shape := append(append(append([]int{}, l.shape[:axis]...), c.in[1].lit.shape...), l.shape[axis+1:]...)
	if !c.chargeShape(shape) {
		return
	}
	at := make([]int, 0, tensor.Elems(shape))
	for o := range outer {
		for _, i := range index {
			if i < -size || i >= size {
				c.errorf(codeShape, "index %d does not exist in an axis of %d", i, size)
				return
			}
			if i < 0 {
				i += size
			}
			for k := range inner {
				at = append(at, (o*size+i)*inner+k)
			}
		}
	}
	c.fold(l.pick(shape, at))
}

func buildSlice(c *call) {
	l := c.known()
	if l == nil {
		return
	}
	rank := len(l.shape)
	var starts, ends, axes, steps []int
	if c.im.opset < 10 {
		starts, ends, axes = c.intsAttr("starts"), c.intsAttr("ends"), c.intsAttr("axes")
	} else {
		if !c.has(1) || !c.has(2) {
			c.errorf(codeArity, "its starts and ends are missing")
			return
		}
		for i, p := range []*[]int{&starts, &ends, &axes, &steps} {
			if c.has(i + 1) {
				*p, _ = c.intsOf(i+1, [...]string{"starts", "ends", "axes", "steps"}[i])
			}
		}
	}
	if c.failed {
		return
	}
	if axes == nil {
		for i := range min(len(starts), rank) {
			axes = append(axes, i)
		}
	}
	if len(starts) != len(axes) || len(ends) != len(axes) || steps != nil && len(steps) != len(axes) {
		c.errorf(codeShape, "it has %d starts, %d ends and %d axes", len(starts), len(ends), len(axes))
		return
	}
	if _, ok := c.axes(axes, rank); !ok {
		return
	}
	shape := append([]int{}, l.shape...)
	strides := tensor.Strides(l.shape)
	start := 0
	for i, a := range axes {
		a, _ := axisOf(a, rank)
		step := 1
		if steps != nil {
			step = steps[i]
		}
		if step == 0 || step == math.MinInt {
			c.errorf(codeForm, "its step is %d", step)
			return
		}
		from, n := sliceRange(starts[i], ends[i], step, l.shape[a])
		shape[a] = n
		start += from * strides[a]
		if n > 1 {
			strides[a] *= step
		}
	}
	if c.chargeShape(shape) {
		c.fold(l.pick(shape, walk(shape, start, strides)))
	}
}

// sliceRange is the first index and the number of indices of start:end:step in an axis of n.
func sliceRange(start, end, step, n int) (from, count int) {
	bound := func(v, lo, hi int) int {
		if v < 0 {
			v += n
		}
		return min(max(v, lo), hi)
	}
	if step > 0 {
		from, end = bound(start, 0, n), bound(end, 0, n)
		if end <= from {
			return 0, 0
		}
		return from, (end-from-1)/step + 1
	}
	from, end = bound(start, -1, n-1), bound(end, -1, n-1)
	if from <= end {
		return 0, 0
	}
	return from, (from-end-1)/(-step) + 1
}
