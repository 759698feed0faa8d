package plan

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// A strip is a chain of layers that one kernel computes row by row. expand and sum may be nil.
type strip struct{ expand, middle, project, sum *ir.Node }

// last is the node at whose place the chain is computed.
func (s *strip) last() *ir.Node {
	if s.sum != nil {
		return s.sum
	}
	return s.project
}

// strips finds chains around depthwise convolutions whose input or result is large, by their last node,
// and marks their other nodes in fused. Where tensors stay near as they are, whole images make better
// tiles than rows.
func (b *builder) strips() map[*ir.Node]*strip {
	uses := b.Func.Uses()
	only := func(v *ir.Value) *ir.Node { // the one reader of codes
		if u := uses[v]; len(u) == 1 && u[0].Node != nil && !v.Type.IsFloat() {
			return u[0].Node
		}
		return nil
	}
	out := make(map[*ir.Node]*strip)
	for _, n := range b.Func.Nodes {
		if n.Op.Name != "q.conv2d" || !depthwise(n) || unfused(n) || n.Operands[0].IsConst() {
			continue
		}
		s := &strip{middle: n, project: only(n.Result())}
		if s.project == nil || !b.pointwise(s.project) || s.project.Operands[0] != n.Result() || s.project.Result().Type.IsFloat() {
			continue
		}
		// A layer between two depthwise convolutions belongs to one chain: the first.
		if e := n.Operands[0].Def; e != nil && out[e] == nil && b.pointwise(e) && only(e.Result()) == n && b.coversRows(n) {
			s.expand = e
		}
		s.sum = b.fused[s.project]
		in, result := tensor.Elems(b.typ(n.Operands[0]).Shape[1:]), tensor.Elems(b.typ(n.Result()).Shape[1:])
		if s.expand == nil {
			in = 0 // it is in memory in any case
		}
		if max(in, result) < b.near {
			continue
		}
		out[s.last()] = s
		for _, m := range []*ir.Node{s.expand, s.middle, s.project} {
			if m != nil && m != s.last() {
				b.fused[m] = s.last()
			}
		}
	}
	return out
}

// pointwise says whether n is a convolution of codes with a window of one position, a stride of 1 and
// no border, which reads its source in place.
func (b *builder) pointwise(n *ir.Node) bool {
	if n.Op.Name != "q.conv2d" || depthwise(n) || grouped(n) || unfused(n) {
		return false
	}
	x, w := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape
	win := window(n, x, w[2], w[3])
	return win.KH == 1 && win.KW == 1 && win.SH == 1 && win.SW == 1 && win.Top == 0 && win.Left == 0 && win.OutH == win.H && win.OutW == win.W && x[1]%4 == 0
}

// coversRows says whether every row of a convolution's input lies under some window.
func (b *builder) coversRows(n *ir.Node) bool {
	x, w := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape
	win := window(n, x, w[2], w[3])
	return win.DH == 1 && win.SH <= win.KH && (win.OutH-1)*win.SH-win.Top+win.KH >= win.H
}

// strip plans a chain.
func (b *builder) strip(s *strip) {
	a := &rt.StripsArgs{Middle: *b.depthwiseArgs(s.middle), Project: *b.convArgs(s.project)}
	from := s.middle.Operands[0]
	if s.expand != nil {
		a.Expand = *b.convArgs(s.expand)
		from = s.expand.Operands[0]
	}
	src, other := b.in(from, pixel), b.none(U8)
	if s.sum != nil {
		rest := s.sum.Operands[0]
		if rest == s.project.Result() {
			rest = s.sum.Operands[1]
		}
		a.Sum = sum(s.project.Result().Type, rest.Type, s.sum.Result().Type, s.sum)
		other = b.in(rest, pixel)
	}
	dst := b.make(s.last().Result(), pixel)
	slots := []Slot{dst, src, other}
	var inside []*ir.Value
	for _, n := range []*ir.Node{s.expand, s.middle, s.project} {
		if n == nil || n == s.last() {
			slots = append(slots, b.none(U8))
			continue
		}
		slots = append(slots, b.tap(n.Result()))
		inside = append(inside, n.Result())
	}
	b.step("Strips", a, slots...)
	for _, v := range inside {
		b.trace(v)
	}
}

// tap is memory for codes that a fused kernel computes on the way, in pixel order.
func (b *builder) tap(v *ir.Value) Slot {
	b.Taps = append(b.Taps, Tap{Name: v.Name, Len: elems(b.typ(v))})
	s := Slot{Tapped, len(b.Taps) - 1}
	b.put(v, s, pixel)
	return s
}
