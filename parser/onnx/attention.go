package onnx

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// masked is what a score is lowered by that must not take part: the exponential of what remains is zero.
const masked = -math.MaxFloat32

// buildAttention is scaled dot product attention: softmax(scale*Q*K^T + mask)*V for each head. Operands of rank 3 have their heads side by
// side in the last axis; several heads of Q may share one of K and V.
func buildAttention(c *call) {
	flat := len(c.in[0].shape()) == 3
	q := c.heads(0, "q_num_heads")
	k, v := c.heads(1, "kv_num_heads"), c.heads(2, "kv_num_heads")
	if c.has(4) != c.has(5) {
		c.errorf(codeArity, "it has one of past_key and past_value; both are wanted, or none")
	}
	if c.failed {
		return
	}
	past := 0
	for i, to := range []**ir.Value{&k, &v} {
		if !c.has(4 + i) {
			continue
		}
		before := c.x(4 + i)
		if before != nil && len(before.Type.Shape) != 4 {
			c.errorf(codeShape, "its input %d is %s, want (N, heads, length, size)", 4+i, before.Type)
		}
		if c.failed || before == nil {
			return
		}
		past = before.Type.Shape[2]
		*to = c.do("nn.concat", []*ir.Value{before, *to}, "axis", 2)
	}
	if c.failed || k == nil || v == nil {
		return
	}
	if c.wants(1) {
		c.finish(1, k)
	}
	if c.wants(2) {
		c.finish(2, v)
	}
	a, b, d := q.Type.Shape, k.Type.Shape, v.Type.Shape
	if b[1] == 0 || a[1]%b[1] != 0 || b[1] != d[1] || a[3] != b[3] || b[2] != d[2] {
		c.errorf(codeShape, "heads of %s, %s and %s do not go together", q.Type, k.Type, v.Type)
		return
	}
	k, v = c.repeated(k, a[1]/b[1]), c.repeated(v, a[1]/b[1])
	scale := c.floatAttr("scale", float32(1/math.Sqrt(float64(a[3]))))
	scores := c.two("nn.mul", c.two("nn.matmul", q, c.turned(k, 0, 1, 3, 2)), c.like(q, float64(scale)))
	if limit := c.floatAttr("softcap", 0); limit != 0 {
		scores = c.two("nn.mul", c.one1("nn.tanh", c.two("nn.mul", scores, c.like(q, 1/float64(limit)))), c.like(q, float64(limit)))
	}
	scores = c.withMask(scores, past)
	y := c.two("nn.matmul", c.one1("nn.softmax", scores, "axis", 3), v)
	if flat && y != nil {
		y = c.reshaped(c.turned(y, 0, 2, 1, 3), a[0], a[2], a[1]*d[3])
	}
	c.finish(0, y)
}

// heads is input i as (N, heads, length, size).
func (c *call) heads(i int, attr string) *ir.Value {
	x := c.x(i)
	if x == nil {
		return nil
	}
	s := x.Type.Shape
	switch n := c.intAttr(attr, 0); {
	case len(s) == 4:
		return x
	case len(s) != 3 || n < 1 || s[2]%n != 0:
		c.errorf(codeShape, "its input %d is %s with %d heads (%s); want rank 4, or rank 3 with heads that divide the last axis", i, x.Type, n, attr)
		return nil
	default:
		return c.turned(c.reshaped(x, s[0], s[1], n, s[2]/n), 0, 2, 1, 3)
	}
}

// repeated has every head n times, one after the other.
func (c *call) repeated(v *ir.Value, n int) *ir.Value {
	if v == nil || n == 1 {
		return v
	}
	var list []int
	for h := range v.Type.Shape[1] {
		list = append(list, slices.Repeat([]int{h}, n)...)
	}
	return c.take(v, 1, list)
}

// withMask lowers scores by input 3, booleans known while importing or numbers, and by what is_causal says. A query sees the keys
// of the past too.
func (c *call) withMask(scores *ir.Value, past int) *ir.Value {
	if scores == nil {
		return nil
	}
	s := scores.Type.Shape
	if c.has(3) {
		if l := c.in[3].lit; l != nil && l.elem == pb.TensorProto_BOOL {
			lowered := make([]float32, len(l.i))
			for i, on := range l.i {
				if on == 0 {
					lowered[i] = masked
				}
			}
			scores = c.two("nn.add", scores, c.constFloats("mask", lowered, l.shape...))
		} else {
			scores = c.two("nn.add", scores, c.x(3))
		}
	}
	if c.intAttr("is_causal", 0) != 0 && c.charge(s[2]*s[3]) {
		lowered := make([]float32, s[2]*s[3])
		for i := range lowered {
			if i%s[3] > i/s[3]+past {
				lowered[i] = masked
			}
		}
		scores = c.two("nn.add", scores, c.constFloats("causal", lowered, s[2], s[3]))
	}
	return scores
}

// buildRotary turns pairs of elements by the angles of their positions: x*cos + swapped(x)*sin, where the first of a pair has
// the sine negated. Pairs are halves of the turned part of a head, or neighbours.
func buildRotary(c *call) {
	x := c.x(0)
	if x == nil {
		return
	}
	s := x.Type.Shape
	flat := len(s) == 3
	if flat {
		n := c.intAttr("num_heads", 0)
		if n < 1 || s[2]%n != 0 {
			c.errorf(codeShape, "%d heads (num_heads) do not divide the last axis of %s", n, x.Type)
			return
		}
		x = c.reshaped(x, s[0], s[1], n, s[2]/n)
	} else if len(s) == 4 {
		x = c.turned(x, 0, 2, 1, 3)
	} else {
		c.errorf(codeShape, "its operand is %s, want rank 3 or 4", x.Type)
		return
	}
	if x == nil {
		return
	}
	length, size := x.Type.Shape[1], x.Type.Shape[3]
	part := c.intAttr("rotary_embedding_dim", 0)
	if part == 0 {
		part = size
	}
	if part < 0 || part > size || part%2 != 0 {
		c.errorf(codeShape, "%d elements (rotary_embedding_dim) of a head of %d", part, size)
		return
	}
	between := c.intAttr("interleaved", 0) != 0
	pair := func(i int) (k int, first bool) { // element i of a head is one of pair k
		if between {
			return i / 2, i%2 == 0
		}
		return i % (part / 2), i < part/2
	}
	cos, sin := c.angles(1, length, part, pair, false), c.angles(2, length, part, pair, true)
	partner := make([]int, size)
	for i := range partner {
		switch _, first := pair(i); {
		case i >= part:
			partner[i] = i
		case between && first:
			partner[i] = i + 1
		case between:
			partner[i] = i - 1
		case first:
			partner[i] = i + part/2
		default:
			partner[i] = i - part/2
		}
	}
	turned, rest := x, (*ir.Value)(nil)
	if part < size {
		turned, rest = c.take(x, 3, span(0, part, 1)), c.take(x, 3, span(part, size-part, 1))
	}
	y := c.two("nn.add", c.two("nn.mul", turned, cos), c.two("nn.mul", c.take(turned, 3, partner[:part]), sin))
	if rest != nil && y != nil {
		y = c.do("nn.concat", []*ir.Value{y, rest}, "axis", 3)
	}
	if flat {
		y = c.reshaped(y, s...)
	} else {
		y = c.turned(y, 0, 2, 1, 3)
	}
	c.finish(0, y)
}

// angles are the cosines or sines of input i, one for each pair, spread over the elements of a head: (1 or N, length, 1, part). With
// positions as input 3 the table has a row for each of them; otherwise it has one for each place of each sample.
func (c *call) angles(i, length, part int, pair func(int) (int, bool), signed bool) *ir.Value {
	l := c.floats(i, []string{"", "table of cosines", "table of sines"}[i])
	if l == nil {
		return nil
	}
	s, rows := l.shape, []int(nil)
	if c.has(3) {
		at := c.lit(3, "positions")
		if at == nil {
			return nil
		}
		if len(s) != 2 || len(at.shape) != 2 || at.shape[1] != length || at.i == nil {
			c.errorf(codeShape, "tables of %s do not go with positions of %s", shapeText(s), shapeText(at.shape))
			return nil
		}
		for _, p := range at.i {
			if p < 0 || int(p) >= s[0] {
				c.errorf(codeShape, "position %d has no row in a table of %d", p, s[0])
				return nil
			}
			rows = append(rows, int(p))
		}
	} else if len(s) != 3 || s[1] != length {
		c.errorf(codeShape, "tables of %s do not go with %d places", shapeText(s), length)
		return nil
	} else {
		rows = span(0, s[0]*s[1], 1)
	}
	if width := s[len(s)-1]; width != part/2 || !c.charge(len(rows)*part) {
		c.errorf(codeShape, "tables of %s do not go with %d turned elements", shapeText(s), part)
		return nil
	}
	out := make([]float32, 0, len(rows)*part)
	for _, r := range rows {
		for e := range part {
			k, first := pair(e)
			f := l.f[r*part/2+k]
			if signed && first {
				f = -f
			}
			out = append(out, f)
		}
	}
	return c.constFloats(c.pb.Input[i]+"_spread", out, len(rows)/length, length, 1, part)
}

func buildSwish(c *call) { c.swish(c.floatAttr("alpha", 1)) }

// swish is x*sigmoid(alpha*x).
func (c *call) swish(alpha float32) {
	x := c.x(0)
	if alpha == 1 {
		c.node("nn.swish", []*ir.Value{x})
		return
	}
	c.node("nn.mul", []*ir.Value{x, c.one1("nn.sigmoid", c.two("nn.mul", x, c.like(x, float64(alpha))))})
}
