package onnx

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// Control flow is compiled when it can be followed while importing: the branch that a known condition takes, and
// loops of a known number of turns, written out.

// controlFlow is how an operator whose row has no builder is built: these read the table again.
func controlFlow(opType string) func(*call) {
	return map[string]func(*call){"If": buildIf, "Loop": buildLoop, "Scan": buildScan}[opType]
}

// buildIf imports the branch that a known condition takes.
func buildIf(c *call) {
	l := c.in[0].lit
	switch {
	case l == nil:
		c.errorf(codeConst, "its condition, %q, is computed at run time; only one branch can be compiled: give the inputs that it depends on a value with --bind, or fix shapes with --input-shape", c.pb.Input[0])
		return
	case l.len() != 1 || l.i == nil || l.hasFree():
		c.errorf(codeShape, "its condition, %q, is no single known boolean", c.pb.Input[0])
		return
	}
	branch := "else_branch"
	if l.i[0] != 0 {
		branch = "then_branch"
	}
	if g := c.graphAttr(branch); g != nil {
		if out, ok := c.inside(c.nested(g, c.name, false)); ok {
			c.give(out)
		}
	}
}

func portName(g *pb.GraphProto, i int) string { return g.Input[i].Name }

// buildLoop writes out a loop whose number of turns is known while importing.
func buildLoop(c *call) {
	g := c.graphAttr("body")
	if g == nil {
		return
	}
	carried := len(c.pb.Input) - 2
	if carried < 0 || len(g.Input) != 2+carried || len(g.Output) < 1+carried {
		c.errorf(codeArity, "its body has %d inputs and %d outputs, the node %d inputs", len(g.Input), len(g.Output), len(c.pb.Input))
		return
	}
	turns, ok := c.loopBound()
	if !ok {
		return
	}
	state := make([]*value, carried)
	for i := range state {
		if state[i] = c.inputAt(2 + i); state[i] == nil {
			c.errorf(codeArity, "its input %d is left out but required", 2+i)
			return
		}
	}
	rows := make([][]*value, len(g.Output)-1-carried)
	going := c.inputAt(1)
	for turn := 0; turn < turns; turn++ {
		if going != nil {
			l := going.lit
			if l == nil || l.len() != 1 || l.i == nil {
				c.errorf(codeConst, "its condition is computed at run time; only loops of a known number of turns can be compiled: export with fixed input shapes")
				return
			}
			if l.i[0] == 0 {
				break
			}
		}
		if turn == maxSteps {
			c.errorf(codeTooLarge, "it makes more than %d turns, too many to write out", maxSteps)
			return
		}
		s := c.nested(g, fmt.Sprintf("%s/%d", c.name, turn), true)
		one := intLiteral("", nil, []int64{1})
		one.elem = pb.TensorProto_BOOL
		s.env[portName(g, 0)] = &value{lit: intLiteral("", nil, []int64{int64(turn)})}
		s.env[portName(g, 1)] = &value{lit: one}
		for i, v := range state {
			s.env[portName(g, 2+i)] = v
		}
		out, ok := c.inside(s)
		if !ok || slices.ContainsFunc(out, (*value).poisoned) {
			c.failed = true
			return
		}
		going, state = out[0], out[1:1+carried]
		for i, v := range out[1+carried:] {
			rows[i] = append(rows[i], v)
		}
	}
	for i := range rows {
		if !c.wantsAt(carried + i) {
			state = append(state, &value{})
			continue
		}
		v := c.stack(rows[i], 0)
		if v == nil {
			return
		}
		state = append(state, v)
	}
	c.give(state)
}

// loopBound is how many turns a loop makes at most.
func (c *call) loopBound() (int, bool) {
	v := c.inputAt(0)
	switch {
	case v == nil:
		return maxSteps + 1, true
	case v.lit == nil || v.lit.len() != 1 || v.lit.i == nil || v.lit.hasFree():
		c.errorf(codeConst, "its number of turns, %q, is not known; only loops of a known number can be compiled: export with fixed input shapes, or give it with --bind", c.pb.Input[0])
		return 0, false
	}
	return int(max(0, min(v.lit.i[0], maxSteps+1))), true
}

// buildScan writes out a scan: one turn for each entry of the scanned axes.
func buildScan(c *call) {
	g := c.graphAttr("body")
	if g == nil {
		return
	}
	n := c.intAttr("num_scan_inputs", 0)
	first := 0
	if c.im.opset < 9 {
		// The first input is the lengths of sequences, and there is a batch before the scanned axis.
		if first = 1; c.has(0) {
			c.errorf(codeForm, "sequences of different length are not supported; leave sequence_lens out")
			return
		}
	}
	carried := len(c.pb.Input) - first - n
	if n < 1 || carried < 0 || len(g.Input) != carried+n || len(g.Output) < carried {
		c.errorf(codeArity, "its body has %d inputs and %d outputs for %d carried and %d scanned tensors", len(g.Input), len(g.Output), carried, n)
		return
	}
	outs := len(g.Output) - carried
	lists := [][]int{c.intsAttr("scan_input_axes"), c.intsAttr("scan_input_directions"), c.intsAttr("scan_output_axes"), c.intsAttr("scan_output_directions")}
	if first == 1 {
		lists[1] = c.intsAttr("directions")
	}
	for i, want := range []int{n, n, outs, outs} {
		if lists[i] == nil {
			lists[i] = make([]int, want)
		}
		if len(lists[i]) != want {
			c.errorf(codeAttr, "one of its lists has %d entries, want %d", len(lists[i]), want)
			return
		}
	}
	for i := first; i < len(c.pb.Input); i++ {
		if !c.has(i) {
			c.errorf(codeArity, "its input %d is left out but required", i)
			return
		}
	}
	if first == 1 {
		c.scanBatch(g, n, carried, lists)
		return
	}
	state, rows := c.in[:carried], c.in[carried:]
	if out := c.scan(g, c.name, state, rows, lists); out != nil {
		c.give(out)
	}
}

// scan runs the body over the scanned tensors; nil after a problem.
func (c *call) scan(g *pb.GraphProto, prefix string, state, scanned []*value, lists [][]int) []*value {
	turns := -1
	axes := make([]int, len(scanned))
	for i, v := range scanned {
		s := v.shape()
		a, ok := c.axis(lists[0][i], len(s))
		if !ok {
			return nil
		}
		if s[a] < 1 || turns >= 0 && s[a] != turns {
			c.errorf(codeShape, "its scanned tensors have %d and %s entries", turns, shapeText(s))
			return nil
		}
		axes[i], turns = a, s[a]
	}
	if turns > maxSteps {
		c.errorf(codeTooLarge, "it makes %d turns, more than %d are too many to write out", turns, maxSteps)
		return nil
	}
	rows := make([][]*value, len(g.Output)-len(state))
	for turn := range turns {
		s := c.nested(g, fmt.Sprintf("%s/%d", prefix, turn), true)
		for i, v := range state {
			s.env[portName(g, i)] = v
		}
		for i, v := range scanned {
			at := turn
			if lists[1][i] != 0 {
				at = turns - 1 - turn
			}
			row := c.entry(v, axes[i], at)
			if row == nil {
				return nil
			}
			s.env[portName(g, len(state)+i)] = row
		}
		out, ok := c.inside(s)
		if !ok || slices.ContainsFunc(out, (*value).poisoned) {
			c.failed = true
			return nil
		}
		state = out[:len(state)]
		for i, v := range out[len(state):] {
			if lists[3][i] != 0 {
				rows[i] = append([]*value{v}, rows[i]...)
			} else {
				rows[i] = append(rows[i], v)
			}
		}
	}
	all := slices.Clone(state)
	for i := range rows {
		v := c.stack(rows[i], lists[2][i])
		if v == nil {
			return nil
		}
		all = append(all, v)
	}
	return all
}

// scanBatch is the form before opset 9: every sample is scanned on its own.
func (c *call) scanBatch(g *pb.GraphProto, n, carried int, lists [][]int) {
	in := c.in[1:]
	batch := in[0].shape()
	if len(batch) == 0 || batch[0] < 1 || batch[0] > maxSteps {
		c.errorf(codeShape, "its first tensor is %s, want a batch of known size", shapeText(batch))
		return
	}
	samples := make([][]*value, len(g.Output))
	for b := range batch[0] {
		var parts []*value
		for _, v := range in {
			if s := v.shape(); len(s) == 0 || s[0] != batch[0] {
				c.errorf(codeShape, "its tensors have batches of %d and %s", batch[0], shapeText(s))
				return
			}
			row := c.entry(v, 0, b)
			if row == nil {
				return
			}
			parts = append(parts, row)
		}
		out := c.scan(g, fmt.Sprintf("%s/%d", c.name, b), parts[:carried], parts[carried:], lists)
		if out == nil {
			return
		}
		for i, v := range out {
			samples[i] = append(samples[i], v)
		}
	}
	var all []*value
	for _, list := range samples {
		v := c.stack(list, 0)
		if v == nil {
			return
		}
		all = append(all, v)
	}
	c.give(all)
}

// inputAt is an input; nil when it is left out or beyond the last.
func (c *call) inputAt(i int) *value {
	if !c.has(i) {
		return nil
	}
	return c.in[i]
}

func (c *call) wantsAt(i int) bool { return i < len(c.out) && c.wants(i) }

// entry is one entry of an axis, without the axis; nil after a problem.
func (c *call) entry(v *value, axis, at int) *value {
	x, s := c.valueIn(v), v.shape()
	if x == nil || !c.fixed(x) {
		return nil
	}
	shape := append(slices.Clone(s[:axis]), s[axis+1:]...)
	y := c.reshaped(c.take(x, axis, []int{at}), shape...)
	if y == nil {
		return nil
	}
	return c.im.valueOf(y)
}

// stack joins tensors of one shape along a new axis; nil after a problem.
func (c *call) stack(list []*value, axis int) *value {
	if len(list) == 0 {
		c.errorf(codeForm, "it makes no turns, and the shape of what it would collect is not known")
		return nil
	}
	var parts []*ir.Value
	for _, v := range list {
		x := c.valueIn(v)
		if x == nil || !c.fixed(x) {
			return nil
		}
		s := v.shape()
		a, ok := c.axis(axis, len(s)+1)
		if !ok {
			return nil
		}
		shape := append(slices.Clone(s[:a]), 1)
		y := c.reshaped(x, append(shape, s[a:]...)...)
		if y == nil {
			return nil
		}
		parts = append(parts, y)
	}
	y := parts[0]
	if len(parts) > 1 {
		a, _ := axisOf(axis, len(y.Type.Shape))
		y = c.do("nn.concat", parts, "axis", a)
	}
	if y == nil {
		return nil
	}
	return c.im.valueOf(y)
}
