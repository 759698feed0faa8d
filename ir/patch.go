package ir

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir/diag"
)

// A Patch is one rewrite of a function: new nodes, and which values they replace. Nothing
// happens until Apply.
type Patch struct {
	Reason string
	ops    *OpSet
	mod    *Module
	fn     *Func
	anchor *Node
	nodes  []*Node
	from   []*Value
	to     []*Value
	diags  diag.List
}

// NewPatch starts a rewrite whose new nodes stand before anchor; every operand they use must be
// defined before it. A nil anchor appends at the end.
func NewPatch(ops *OpSet, m *Module, f *Func, anchor *Node, reason string) *Patch {
	return &Patch{Reason: reason, ops: ops, mod: m, fn: f, anchor: anchor}
}

// Node builds a node and gives its result. A type error in a rewrite is a bug of ours.
func (p *Patch) Node(s NodeSpec) *Value {
	if s.Span == (diag.Span{}) && p.anchor != nil {
		s.Span = p.anchor.Span
	}
	n := newNode(p.ops, s, &p.diags)
	if n == nil {
		panic(fmt.Sprintf("patch %q: %v", p.Reason, p.diags.Err()))
	}
	p.nodes = append(p.nodes, n)
	return n.Result()
}

// Const adds a constant.
func (p *Patch) Const(name string, c *Const) *Value {
	return p.mod.AddConst(name, c.Type(), c.Data)
}

// Replace makes every present user of old use new instead. The new value takes over the old
// one's name when old becomes unused.
func (p *Patch) Replace(old, new *Value) {
	p.from = append(p.from, old)
	p.to = append(p.to, new)
}

// Apply carries the patch out and removes the nodes that became unused by it.
func (p *Patch) Apply() {
	f := p.fn
	for i, old := range p.from {
		for _, n := range f.Nodes {
			for j, v := range n.Operands {
				if v == old {
					n.Operands[j] = p.to[i]
				}
			}
		}
		for j, v := range f.Results {
			if v == old {
				f.Results[j] = p.to[i]
			}
		}
	}
	at := len(f.Nodes)
	if p.anchor != nil {
		at = slices.Index(f.Nodes, p.anchor)
	}
	f.Nodes = slices.Insert(f.Nodes, at, p.nodes...)
	p.sweep()
	taken := make(map[string]bool)
	fresh := make(map[*Value]bool)
	for _, n := range p.nodes {
		for _, r := range n.Results {
			fresh[r] = true
		}
	}
	for _, v := range f.Values() {
		if !fresh[v] {
			taken[v.Name] = true
		}
	}
	for i, old := range p.from {
		if fresh[p.to[i]] && !taken[old.Name] {
			p.to[i].Name = old.Name
			taken[old.Name] = true
			delete(fresh, p.to[i])
		}
	}
	for _, n := range p.nodes {
		for _, r := range n.Results {
			if fresh[r] {
				r.Name = freshName(r.Name, taken)
				taken[r.Name] = true
			}
		}
	}
}

// sweep removes the replaced nodes and what fed only them.
func (p *Patch) sweep() {
	f := p.fn
	work := []*Node{}
	for _, v := range p.from {
		if v.Def != nil {
			work = append(work, v.Def)
		}
	}
	for len(work) > 0 {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		at := slices.Index(f.Nodes, n)
		if at < 0 || f.isUsed(n) {
			continue
		}
		f.Nodes = slices.Delete(f.Nodes, at, at+1)
		for _, v := range n.Operands {
			if v.Def != nil {
				work = append(work, v.Def)
			}
		}
	}
}

func (f *Func) isUsed(n *Node) bool {
	for _, r := range n.Results {
		if slices.Contains(f.Results, r) {
			return true
		}
		for _, m := range f.Nodes {
			if slices.Contains(m.Operands, r) {
				return true
			}
		}
	}
	return false
}

// MergeFrom is the ordered union of the original names of several nodes.
func MergeFrom(nodes ...*Node) []string {
	var out []string
	for _, n := range nodes {
		for _, s := range n.From {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}
