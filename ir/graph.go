// Package ir is the graph: modules, functions, nodes, values and types, with the printer, the
// verifier and patches. It names no operator; operators are declared in ir/op.
package ir

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// Stage says which rules hold for a function.
type Stage uint8

// The stages, in the order in which the pipeline passes through them.
const (
	StageFloat    Stage = iota // only float operators
	StageObserved              // q.observe on every operand that needs factors
	StageFake                  // q.fake with factors; still float arithmetic
	StageInt                   // quantized types and integer operators
	StageTarget                // only what the target's description allows
	StageTrain                 // float operators, their gradients and losses; never compiled
)

var stageNames = [...]string{"float", "observed", "fake", "int", "target", "train"}

func (s Stage) String() string { return stageNames[s] }

// ParseStage is the inverse of String.
func ParseStage(s string) (Stage, bool) {
	for i, n := range stageNames {
		if n == s {
			return Stage(i), true
		}
	}
	return 0, false
}

// StageSet is a set of stages.
type StageSet uint8

// Stages makes a set.
func Stages(s ...Stage) (set StageSet) {
	for _, x := range s {
		set |= 1 << x
	}
	return set
}

// Has says whether s is in the set.
func (set StageSet) Has(s Stage) bool { return set&(1<<s) != 0 }

// A Module is one file: constants and functions, in source order. File is where it came from,
// for diagnostics. Target is the SoC whose arithmetic the integer operators follow; empty
// before legalization. Balanced says that the balance factors of its record are in the weights
// already; the text form does not hold it.
type Module struct {
	File     string
	Target   string
	Balanced bool
	Consts   []*Const
	Funcs    []*Func
}

// Main is the function named main, or the only one; nil when there is none.
func (m *Module) Main() *Func {
	for _, f := range m.Funcs {
		if f.Name == "main" {
			return f
		}
	}
	if len(m.Funcs) == 1 {
		return m.Funcs[0]
	}
	return nil
}

// A Const is immutable data with a name, shared by every use.
type Const struct {
	Name  string
	Data  *tensor.Tensor
	Span  diag.Span
	value *Value
	sum   string
}

// NewConst makes a constant of the given type; data's storage and shape must be those of typ.
func NewConst(name string, typ Type, data *tensor.Tensor) *Const {
	c := &Const{Name: name, Data: data}
	c.value = &Value{Name: name, Type: typ, Const: c}
	return c
}

// Value is what operands refer to.
func (c *Const) Value() *Value { return c.value }

// Type is the type of the data.
func (c *Const) Type() Type { return c.value.Type }

// Digest is the hex SHA-256 of the little-endian data, computed once.
func (c *Const) Digest() string {
	if c.sum == "" {
		s := sha256.Sum256(c.Data.Bytes())
		c.sum = hex.EncodeToString(s[:])
	}
	return c.sum
}

// AddConst adds a constant under a name not yet taken, derived from name, and gives its value.
func (m *Module) AddConst(name string, typ Type, data *tensor.Tensor) *Value {
	taken := make(map[string]bool, len(m.Consts))
	for _, c := range m.Consts {
		taken[c.Name] = true
	}
	c := NewConst(freshName(name, taken), typ, data)
	m.Consts = append(m.Consts, c)
	return c.value
}

func freshName(base string, taken map[string]bool) string {
	if base == "" {
		base = "v"
	}
	name := base
	for i := 1; taken[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	return name
}

// A Func is a straight-line dataflow graph. Nodes are in an order in which every operand is
// defined before it is used.
type Func struct {
	Name    string
	Params  []*Value
	Nodes   []*Node
	Results []*Value
	Stage   Stage
}

// A Node applies one operator. Name is the name of the original operator (the ONNX node name),
// kept by rewrites; From lists the original nodes that a rewrite merged into this one, Name
// first, and is never empty once imported. Kind is the operator's type in the model it was imported from,
// such as Gemm; it is empty for other nodes, and rewrites need not keep it.
type Node struct {
	Op       *OpDef
	Name     string
	Kind     string
	From     []string
	Operands []*Value
	Attrs    Attrs
	Results  []*Value
	Span     diag.Span
}

// Result is the only or first result.
func (n *Node) Result() *Value { return n.Results[0] }

// Subject names the node in messages: operator and original name.
func (n *Node) Subject() string {
	if n.Name == "" {
		return n.Op.Name
	}
	return fmt.Sprintf("%s %q", n.Op.Name, n.Name)
}

// A Value is defined once: by a parameter (Def and Const nil), a constant or a node.
type Value struct {
	Name  string
	Type  Type
	Def   *Node
	Const *Const
	Span  diag.Span
}

// IsConst says whether v is a constant.
func (v *Value) IsConst() bool { return v.Const != nil }

// A Use is one operand slot, or a result of the function (Node nil).
type Use struct {
	Node  *Node
	Index int
}

// Uses maps every value to where it is used, in order.
func (f *Func) Uses() map[*Value][]Use {
	uses := make(map[*Value][]Use)
	for _, n := range f.Nodes {
		for i, v := range n.Operands {
			uses[v] = append(uses[v], Use{n, i})
		}
	}
	for i, v := range f.Results {
		uses[v] = append(uses[v], Use{nil, i})
	}
	return uses
}

// Values are the parameters and node results in order; constants are not included.
func (f *Func) Values() []*Value {
	out := append([]*Value(nil), f.Params...)
	for _, n := range f.Nodes {
		out = append(out, n.Results...)
	}
	return out
}

// FreshName is a value name derived from base that no value of f has.
func (f *Func) FreshName(base string) string {
	taken := make(map[string]bool)
	for _, v := range f.Values() {
		taken[v.Name] = true
	}
	return freshName(base, taken)
}

// IsFree says whether a parameter has a free batch dimension.
func (f *Func) IsFree() bool {
	for _, p := range f.Params {
		if p.Type.IsFree() {
			return true
		}
	}
	return false
}

// UsedConsts are the constants that some operand or result refers to, in order of first use.
func (m *Module) UsedConsts() []*Const {
	var out []*Const
	seen := make(map[*Const]bool)
	visit := func(v *Value) {
		if v.Const != nil && !seen[v.Const] {
			seen[v.Const] = true
			out = append(out, v.Const)
		}
	}
	for _, f := range m.Funcs {
		for _, n := range f.Nodes {
			for _, v := range n.Operands {
				visit(v)
			}
		}
		for _, v := range f.Results {
			visit(v)
		}
	}
	return out
}

// DropUnusedConsts removes constants that nothing refers to and orders the rest by first use.
func (m *Module) DropUnusedConsts() { m.Consts = m.UsedConsts() }

// Clone copies the graph; constants are shared, because they are immutable.
func (m *Module) Clone() *Module {
	c := &Module{File: m.File, Target: m.Target, Balanced: m.Balanced, Consts: append([]*Const(nil), m.Consts...)}
	for _, f := range m.Funcs {
		c.Funcs = append(c.Funcs, f.Clone())
	}
	return c
}

// Clone copies the function's nodes and values; constants are shared.
func (f *Func) Clone() *Func {
	to := make(map[*Value]*Value)
	copyValue := func(v *Value) *Value {
		w := *v
		to[v] = &w
		return &w
	}
	ref := func(v *Value) *Value {
		if w := to[v]; w != nil {
			return w
		}
		return v
	}
	g := &Func{Name: f.Name, Stage: f.Stage}
	for _, p := range f.Params {
		g.Params = append(g.Params, copyValue(p))
	}
	for _, n := range f.Nodes {
		m := &Node{Op: n.Op, Name: n.Name, Kind: n.Kind, From: append([]string(nil), n.From...), Attrs: n.Attrs.Clone(), Span: n.Span}
		for _, v := range n.Operands {
			m.Operands = append(m.Operands, ref(v))
		}
		for _, v := range n.Results {
			w := copyValue(v)
			w.Def = m
			m.Results = append(m.Results, w)
		}
		g.Nodes = append(g.Nodes, m)
	}
	for _, v := range f.Results {
		g.Results = append(g.Results, ref(v))
	}
	return g
}
