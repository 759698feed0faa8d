package ir

import (
	"cmp"
	"strconv"

	"github.com/amctc/amctc/ir/diag"
)

func itoa(i int) string { return strconv.Itoa(i) }

func compareStrings(a, b string) int { return cmp.Compare(a, b) }

// A Builder appends nodes to a function, inferring every type.
type Builder struct {
	Ops   *OpSet
	Func  *Func
	Diags *diag.List
	taken map[string]bool
	tried map[string]int // the last number that was appended to a name
}

// NewBuilder starts to build f, which may already hold nodes.
func NewBuilder(ops *OpSet, f *Func, diags *diag.List) *Builder {
	b := &Builder{Ops: ops, Func: f, Diags: diags, taken: make(map[string]bool), tried: make(map[string]int)}
	for _, v := range f.Values() {
		b.taken[v.Name] = true
	}
	return b
}

// Param adds a parameter.
func (b *Builder) Param(name string, t Type) *Value {
	v := &Value{Name: b.fresh(name), Type: t}
	b.Func.Params = append(b.Func.Params, v)
	return v
}

// fresh is freshName in a set that only grows, so that numbers which were taken once are not tried again.
func (b *Builder) fresh(base string) string {
	if base == "" {
		base = "v"
	}
	name := base
	for b.taken[name] {
		b.tried[base]++
		name = base + "_" + itoa(b.tried[base])
	}
	b.taken[name] = true
	return name
}

// NodeSpec describes a node to build. Name is the original operator's name, Value the wanted name
// of the result. Elem, when not nil, is the wanted element type of result 0, for operators that
// leave it open.
type NodeSpec struct {
	Op       string
	Name     string
	From     []string
	Value    string
	More     []string // names of the results after the first; empty stands for Value
	Operands []*Value
	Attrs    Attrs
	Elem     *Type
	Span     diag.Span
}

// Node appends a node and gives its first result; nil when inference reported an error.
func (b *Builder) Node(s NodeSpec) *Value {
	n := newNode(b.Ops, s, b.Diags)
	if n == nil {
		return nil
	}
	for _, r := range n.Results {
		r.Name = b.fresh(r.Name)
	}
	b.Func.Nodes = append(b.Func.Nodes, n)
	return n.Result()
}

func newNode(ops *OpSet, s NodeSpec, diags *diag.List) *Node {
	n := &Node{Op: ops.Must(s.Op), Name: s.Name, From: s.From, Operands: s.Operands, Attrs: s.Attrs, Span: s.Span}
	if len(n.From) == 0 && n.Name != "" {
		n.From = []string{n.Name}
	}
	in := make([]Type, len(s.Operands))
	for i, v := range s.Operands {
		if v == nil {
			return nil // an operand already failed to build
		}
		in[i] = v.Type
	}
	var want []Type
	if s.Elem != nil {
		want = []Type{*s.Elem}
	}
	out := Infer(n, in, want, diags)
	if out == nil {
		return nil
	}
	name := s.Value
	if name == "" {
		name = Identifier(s.Name)
	}
	for i, t := range out {
		if i > 0 && i <= len(s.More) {
			name = s.More[i-1]
		}
		n.Results = append(n.Results, &Value{Name: name, Type: t, Def: n, Span: s.Span})
	}
	return n
}

// Identifier is name made fit to follow a sigil in the text form: letters, digits, '_' and '.';
// everything else becomes '_'.
func Identifier(name string) string {
	if name == "" {
		return "v"
	}
	out := []byte(name)
	for i, c := range out {
		ok := c == '_' || c == '.' && i > 0 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !ok {
			out[i] = '_'
		}
	}
	return string(out)
}
