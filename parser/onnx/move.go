package onnx

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// The operators of this file move elements to places that are known when the model is read.

// axisIndices makes indices count from 0 in an axis of n.
func (c *call) axisIndices(list []int, n int) ([]int, bool) {
	out := make([]int, len(list))
	for i, k := range list {
		if k < -n || k >= n {
			c.errorf(codeShape, "index %d does not exist in an axis of %d", k, n)
			return nil, false
		}
		if k < 0 {
			k += n
		}
		out[i] = k
	}
	return out, true
}

func buildGather(c *call) {
	s := c.in[0].shape()
	axis, ok := c.axis(c.intAttr("axis", 0), len(s))
	if !ok {
		return
	}
	if l := c.in[0].lit; l != nil && l.free != nil {
		c.gatherKnown(l, axis)
		return
	}
	if c.in[1].lit == nil {
		c.node("nn.gather", []*ir.Value{c.x(0), c.x(1)}, "axis", axis)
		return
	}
	list, ok := c.intsOf(1, "indices")
	if !ok {
		return
	}
	if s[axis] == ir.Free {
		c.errorf(codeBatch, "it picks samples of the free batch; fix the batch with --input-shape")
		return
	}
	if list, ok = c.axisIndices(list, s[axis]); !ok {
		return
	}
	shape := slices.Concat(s[:axis], c.in[1].lit.shape, s[axis+1:])
	c.finish(0, c.reshaped(c.take(c.x(0), axis, list), shape...))
}

// gatherKnown picks entries of a known tensor that holds the size of the free batch.
func (c *call) gatherKnown(l *literal, axis int) {
	list, ok := c.intsOf(1, "indices")
	if ok {
		list, ok = c.axisIndices(list, l.shape[axis])
	}
	shape := slices.Concat(l.shape[:axis], c.in[1].lit.shape, l.shape[axis+1:])
	if !ok || !c.chargeShape(shape) {
		return
	}
	inner, n := tensor.Elems(l.shape[axis+1:]), l.shape[axis]
	var at []int
	for o := range tensor.Elems(l.shape[:axis]) {
		for _, i := range list {
			at = append(at, span((o*n+i)*inner, inner, 1)...)
		}
	}
	c.fold(l.pick(shape, at))
}

// elementIndices gives, for every element of the index tensor, the flat index in shape of the element whose
// coordinate along axis is replaced by the index.
func (c *call) elementIndices(i int, shape []int, axis int) (at []int, dims []int, ok bool) {
	list, ok := c.intsOf(i, "indices")
	if !ok {
		return nil, nil, false
	}
	dims = c.in[i].lit.shape
	if len(dims) != len(shape) || slices.Contains(shape, ir.Free) {
		c.errorf(codeShape, "its indices have shape %v for data of %s", dims, shapeText(shape))
		return nil, nil, false
	}
	for d := range dims {
		if d != axis && dims[d] > shape[d] {
			c.errorf(codeShape, "its indices have shape %v for data of %s", dims, shapeText(shape))
			return nil, nil, false
		}
	}
	if list, ok = c.axisIndices(list, shape[axis]); !ok {
		return nil, nil, false
	}
	strides := tensor.Strides(shape)
	along := strides[axis]
	strides[axis] = 0
	at = walk(dims, 0, strides)
	for k := range at {
		at[k] += list[k] * along
	}
	return at, dims, true
}

func buildGatherElements(c *call) {
	s := c.in[0].shape()
	if axis, ok := c.axis(c.intAttr("axis", 0), len(s)); ok {
		if at, dims, ok := c.elementIndices(1, s, axis); ok {
			c.finish(0, c.takeFlat(c.x(0), at, dims))
		}
	}
}

// pointIndices gives the flat index of the first element of every slice that the index tensor names, behind
// so many batch dimensions, and the shape of a slice.
func (c *call) pointIndices(i int, shape []int, batch int) (at, lead, slice []int, ok bool) {
	list, ok := c.intsOf(i, "indices")
	if !ok {
		return nil, nil, nil, false
	}
	dims := c.in[i].lit.shape
	k := 0
	if len(dims) > 0 {
		k = dims[len(dims)-1]
	}
	if slices.Contains(shape, ir.Free) || batch < 0 || batch >= len(dims) || batch+k > len(shape) || k == 0 || !slices.Equal(dims[:batch], shape[:batch]) {
		c.errorf(codeShape, "its indices have shape %v for data of %s", dims, shapeText(shape))
		return nil, nil, nil, false
	}
	strides := tensor.Strides(shape)
	lead, slice = dims[:len(dims)-1], shape[batch+k:]
	inBatch := tensor.Elems(lead[batch:])
	for p := range tensor.Elems(lead) {
		first := 0
		if batch > 0 {
			first = p / inBatch * strides[batch-1]
		}
		point, ok := list[p*k:(p+1)*k], false
		for d := range point {
			var one []int
			if one, ok = c.axisIndices(point[d:d+1], shape[batch+d]); !ok {
				return nil, nil, nil, false
			}
			first += one[0] * strides[batch+d]
		}
		at = append(at, first)
	}
	return at, lead, slice, true
}

func buildGatherND(c *call) {
	s := c.in[0].shape()
	at, lead, slice, ok := c.pointIndices(1, s, c.intAttr("batch_dims", 0))
	n := tensor.Elems(slice)
	if !ok || !c.charge(len(at)*n) {
		return
	}
	var flat []int
	for _, a := range at {
		flat = append(flat, span(a, n, 1)...)
	}
	c.finish(0, c.takeFlat(c.x(0), flat, slices.Concat(lead, slice)))
}

// scatter writes updates over data at flat indices: the joined elements of both, picked anew.
func (c *call) scatter(data, updates *ir.Value, at []int) {
	if mode := c.stringAttr("reduction", "none"); mode != "none" {
		c.scatterReduced(mode, data, updates, at)
		return
	}
	if !c.fixed(data) || !c.fixed(updates) {
		return
	}
	n := data.Type.Elems()
	from := span(0, n, 1)
	for i, k := range at {
		from[k] = n + i
	}
	all := c.do("nn.concat", []*ir.Value{c.reshaped(data, n), c.reshaped(updates, updates.Type.Elems())}, "axis", 0)
	c.finish(0, c.takeFlat(all, from, data.Type.Shape))
}

// scatterReduced adds or multiplies updates one after another: in round r the r-th update of every element.
func (c *call) scatterReduced(mode string, data, updates *ir.Value, at []int) {
	name, neutral := map[string]string{"add": "nn.add", "mul": "nn.mul", "max": "nn.max", "min": "nn.min"}[mode], 0.0
	switch mode {
	case "add":
	case "mul":
		neutral = 1
	case "max", "min":
		neutral = math.NaN() // never used: elements without an update take their own
	default:
		c.errorf(codeForm, "reduction %q is not supported, only none, add, mul, max and min", mode)
		return
	}
	if !c.fixed(data) || !c.fixed(updates) {
		return
	}
	n := data.Type.Elems()
	rounds := [][]int{}
	used := make([]int, n)
	for i, k := range at {
		if used[k] == len(rounds) {
			rounds = append(rounds, span(-1, n, 0))
		}
		rounds[used[k]][k] = i
		used[k]++
	}
	v := c.reshaped(data, n)
	flat := c.reshaped(updates, updates.Type.Elems())
	for _, r := range rounds {
		from := slices.Clone(r)
		var second *ir.Value
		if neutral == neutral {
			second = c.like(data, neutral)
		} else {
			second = v
		}
		if second == nil || flat == nil {
			c.failed = true
			return
		}
		width := second.Type.Elems()
		for k := range from {
			switch {
			case from[k] >= 0:
				from[k] += width
			case width > 1:
				from[k] = k
			default:
				from[k] = 0
			}
		}
		v = c.two(name, v, c.takeFlat(c.do("nn.concat", []*ir.Value{c.reshaped(second, width), flat}, "axis", 0), from, []int{n}))
	}
	c.finish(0, c.reshaped(v, data.Type.Shape...))
}

func buildScatterElements(c *call) {
	s := c.in[0].shape()
	if axis, ok := c.axis(c.intAttr("axis", 0), len(s)); ok {
		if at, dims, ok := c.elementIndices(1, s, axis); ok {
			if !slices.Equal(dims, c.in[2].shape()) {
				c.errorf(codeShape, "its updates have shape %v, its indices %v", c.in[2].shape(), dims)
				return
			}
			c.scatter(c.x(0), c.x(2), at)
		}
	}
}

func buildScatterND(c *call) {
	s := c.in[0].shape()
	at, lead, slice, ok := c.pointIndices(1, s, 0)
	n := tensor.Elems(slice)
	if !ok || !c.charge(len(at)*n) {
		return
	}
	if !slices.Equal(slices.Concat(lead, slice), c.in[2].shape()) {
		c.errorf(codeShape, "its updates have shape %v, want %v", c.in[2].shape(), slices.Concat(lead, slice))
		return
	}
	var flat []int
	for _, a := range at {
		flat = append(flat, span(a, n, 1)...)
	}
	c.scatter(c.x(0), c.x(2), flat)
}

// sliceArgs reads starts, ends, axes and steps.
func (c *call) sliceArgs(rank int) (starts, ends, axes, steps []int, ok bool) {
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
		axes = span(0, min(len(starts), rank), 1)
	}
	if len(starts) != len(axes) || len(ends) != len(axes) || steps != nil && len(steps) != len(axes) {
		c.errorf(codeShape, "it has %d starts, %d ends and %d axes", len(starts), len(ends), len(axes))
		return
	}
	if _, ok = c.axes(axes, rank); !ok {
		return
	}
	if steps == nil {
		steps = span(1, len(axes), 0)
	}
	for i, a := range axes {
		axes[i], _ = axisOf(a, rank)
		if steps[i] == 0 || steps[i] == math.MinInt {
			c.errorf(codeForm, "its step is %d", steps[i])
			return starts, ends, axes, steps, false
		}
	}
	return starts, ends, axes, steps, true
}

func buildSlice(c *call) {
	s := c.in[0].shape()
	starts, ends, axes, steps, ok := c.sliceArgs(len(s))
	if !ok {
		return
	}
	if l := c.in[0].lit; l != nil {
		c.sliceKnown(l, starts, ends, axes, steps)
		return
	}
	v := c.x(0)
	for i, a := range axes {
		if s[a] == ir.Free {
			if starts[i] == 0 && steps[i] == 1 && ends[i] >= math.MaxInt32 {
				continue
			}
			c.errorf(codeBatch, "it picks samples of the free batch; fix the batch with --input-shape")
			return
		}
		from, n := sliceRange(starts[i], ends[i], steps[i], s[a])
		v = c.take(v, a, span(from, n, steps[i]))
	}
	c.finish(0, v)
}

// sliceKnown slices a known tensor, which may hold the size of the free batch.
func (c *call) sliceKnown(l *literal, starts, ends, axes, steps []int) {
	shape := slices.Clone(l.shape)
	strides := tensor.Strides(l.shape)
	start := 0
	for i, a := range axes {
		from, n := sliceRange(starts[i], ends[i], steps[i], l.shape[a])
		shape[a] = n
		start += from * strides[a]
		if n > 1 {
			strides[a] *= steps[i]
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

func buildSplit(c *call) {
	s := c.in[0].shape()
	axis, ok := c.axis(c.intAttr("axis", 0), len(s))
	if !ok {
		return
	}
	if s[axis] == ir.Free {
		c.errorf(codeBatch, "it splits the free batch; fix the batch with --input-shape")
		return
	}
	sizes := c.intsAttr("split")
	if c.has(1) {
		if sizes, ok = c.intsOf(1, "split"); !ok {
			return
		}
	}
	n := len(c.pb.Output)
	if sizes == nil {
		part := (s[axis] + n - 1) / n
		for left := s[axis]; len(sizes) < n; left -= part {
			sizes = append(sizes, min(part, max(left, 0)))
		}
	}
	total := 0
	for _, k := range sizes {
		total += k
	}
	if len(sizes) != n || slices.Min(sizes) < 0 || total != s[axis] {
		c.errorf(codeShape, "parts of %v do not make up axis %d of %s in %d outputs", sizes, axis, shapeText(s), n)
		return
	}
	at := 0
	for i, k := range sizes {
		if c.wants(i) {
			c.finish(i, c.take(c.x(0), axis, span(at, k, 1)))
		}
		at += k
	}
}

// expanded repeats v along axes until it has a shape that it broadcasts to.
func (c *call) expanded(v *ir.Value, shape []int) *ir.Value {
	if v == nil {
		return nil
	}
	s := v.Type.Shape
	if lead := len(shape) - len(s); lead > 0 {
		s = append(span(1, lead, 0), s...)
		v = c.reshaped(v, s...)
	}
	for i, d := range shape {
		if s[i] != d {
			v = c.take(v, i, make([]int, d))
		}
	}
	return v
}

func buildExpand(c *call) {
	if c.perSample() {
		return
	}
	want, ok := c.intsOf(1, "shape")
	if !ok {
		return
	}
	s := c.in[0].shape()
	shape, ok := broadcastShape(s, want)
	if !ok || slices.Contains(want, ir.Free) {
		c.errorf(codeShape, "shapes %v and %v do not broadcast", s, want)
		return
	}
	if l := c.in[0].lit; l != nil {
		if c.chargeShape(shape) {
			c.fold(l.pick(shape, broadcastIndex(l.shape, shape)))
		}
		return
	}
	c.finish(0, c.expanded(c.x(0), shape))
}

// perSample repeats what is known, for one sample, for each of a free batch, and says whether it did.
func (c *call) perSample() bool {
	l, want := c.in[0].lit, c.in[1].lit
	if l == nil || l.f == nil || want == nil || len(want.free) == 0 || !want.free[0] || slices.Contains(want.free[1:], true) || len(l.shape) != len(want.i) || l.shape[0] != 1 {
		return false
	}
	shape, ok := broadcastShape(l.shape[1:], toInts(want.i[1:]))
	if !ok || !slices.Equal(shape, l.shape[1:]) {
		return false
	}
	c.set(&value{name: c.pb.Output[0], each: l})
	return true
}

func buildTile(c *call) {
	s := c.in[0].shape()
	reps, ok := c.intsOf(1, "repeats")
	if !ok {
		return
	}
	if len(reps) != len(s) {
		c.errorf(codeShape, "it has %d repeats for rank %d", len(reps), len(s))
		return
	}
	v := c.x(0)
	for i, r := range reps {
		if s[i] == ir.Free && r == 1 {
			continue
		}
		if s[i] == ir.Free || r < 0 || r > limit || r*max(s[i], 1) > maxTaps {
			c.errorf(codeForm, "it repeats axis %d of %s %d times", i, shapeText(s), r)
			return
		}
		var list []int
		for range r {
			list = append(list, span(0, s[i], 1)...)
		}
		v = c.take(v, i, list)
	}
	c.finish(0, v)
}

func buildCompress(c *call) {
	l := c.lit(1, "condition")
	if l == nil {
		return
	}
	v := c.x(0)
	axis, ok := 0, true
	if c.hasAttr("axis") {
		axis, ok = c.axis(c.intAttr("axis", 0), len(c.in[0].shape()))
	} else if c.fixed(v) {
		v = c.reshaped(v, v.Type.Elems())
	}
	if !ok || v == nil || c.failed {
		return
	}
	var list []int
	for i, b := range l.i {
		if b != 0 && i < v.Type.Shape[axis] {
			list = append(list, i)
		}
	}
	c.finish(0, c.take(v, axis, list))
}

func buildTrilu(c *call) {
	s := c.in[0].shape()
	k := 0
	if c.has(1) {
		list, ok := c.intsOf(1, "k")
		if !ok {
			return
		}
		if len(list) != 1 {
			c.errorf(codeShape, "its k has %d elements, want one", len(list))
			return
		}
		k = list[0]
	}
	x := c.x(0)
	if len(s) < 2 || !c.fixed(x) {
		c.errorf(codeShape, "its operand is %s, want fixed matrices", shapeText(s))
		return
	}
	rows, cols := s[len(s)-2], s[len(s)-1]
	upper := c.intAttr("upper", 1) != 0
	at := span(0, tensor.Elems(s), 1)
	for i := range at {
		r, col := i/cols%rows, i%cols
		if upper && col < r+k || !upper && col > r+k {
			at[i] = -1
		}
	}
	c.finish(0, c.takeFlat(x, at, s))
}

func buildReverseSequence(c *call) {
	s := c.in[0].shape()
	time, batch := c.intAttr("time_axis", 0), c.intAttr("batch_axis", 1)
	lens, ok := c.intsOf(1, "sequence lengths")
	if !ok {
		return
	}
	if len(s) < 2 || time|batch != 1 || time == batch || slices.Contains(s, ir.Free) || len(lens) != s[batch] {
		c.errorf(codeForm, "time_axis %d and batch_axis %d of %s with %d lengths", time, batch, shapeText(s), len(lens))
		return
	}
	at := span(0, tensor.Elems(s), 1)
	strides := tensor.Strides(s)
	for i := range at {
		t, b := i/strides[time]%s[time], i/strides[batch]%s[batch]
		if n := min(lens[b], s[time]); t < n {
			at[i] += (n - 1 - t - t) * strides[time]
		}
	}
	c.finish(0, c.takeFlat(c.x(0), at, s))
}

// blocks splits the channels or the pixels of images.
func buildDepthToSpace(c *call) {
	if !c.image() {
		return
	}
	s, b := c.in[0].shape(), c.intAttr("blocksize", 0)
	if b < 1 || b > limit || s[1]%(b*b) != 0 {
		c.errorf(codeAttr, "blocks of %d do not fit %s", b, shapeText(s))
		return
	}
	d := s[1] / b / b
	var v *ir.Value
	switch mode := c.stringAttr("mode", "DCR"); mode {
	case "DCR":
		v = c.turned(c.reshaped(c.x(0), s[0], b, b, d, s[2], s[3]), 0, 3, 4, 1, 5, 2)
	case "CRD":
		v = c.turned(c.reshaped(c.x(0), s[0], d, b, b, s[2], s[3]), 0, 1, 4, 2, 5, 3)
	default:
		c.errorf(codeAttr, "mode %q, want DCR or CRD", mode)
		return
	}
	c.finish(0, c.reshaped(v, s[0], d, s[2]*b, s[3]*b))
}

func buildSpaceToDepth(c *call) {
	if !c.image() {
		return
	}
	s, b := c.in[0].shape(), c.intAttr("blocksize", 0)
	if b < 1 || b > limit || s[2]%b != 0 || s[3]%b != 0 {
		c.errorf(codeAttr, "blocks of %d do not fit %s", b, shapeText(s))
		return
	}
	v := c.turned(c.reshaped(c.x(0), s[0], s[1], s[2]/b, b, s[3]/b, b), 0, 3, 5, 1, 2, 4)
	c.finish(0, c.reshaped(v, s[0], s[1]*b*b, s[2]/b, s[3]/b))
}
