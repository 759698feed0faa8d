package ir

import (
	"slices"

	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// Trait is a set of facts about an operator that passes may rely on.
type Trait uint32

// The traits.
const (
	// KeepsParams: the result's elements are elements of operand 0 (or of every operand when
	// variadic), moved or selected; on codes the result has the operands' map. Such an
	// operator works on float and on quantized elements alike.
	KeepsParams Trait = 1 << iota
	// Elementwise: output element i depends on input elements i only, after broadcasting.
	Elementwise
	// Commutative: the two operands may be exchanged without changing a bit.
	Commutative
	// Identity: in float arithmetic the result equals operand 0.
	Identity
	// Ranks: the results follow from the order of the elements of operand 0 alone: its elements, selected, as result 0, or
	// nothing but indices. The operator works on codes of one map as it does on the numbers that they stand for.
	Ranks
)

// Operand declares an operand.
type Operand struct {
	Name     string
	Doc      string
	Optional bool // may be absent; only trailing operands are
	Variadic bool // the last operand may repeat, at least once
	Const    bool // must be a constant
	Index    bool // holds indices: says which elements of the other operands are meant, and has none itself
}

// Indexes says whether operand i of n holds indices.
func (n *Node) Indexes(i int) bool {
	list := n.Op.Operands
	return list[min(i, len(list)-1)].Index
}

// An OpDef is everything the compiler knows about an operator, declared once.
type OpDef struct {
	Name     string
	Summary  string // one line for tables
	Doc      string // meaning and constraints
	Operands []Operand
	Attrs    []AttrDef
	Results  int // number of results; 0 stands for one
	Traits   Trait
	Stages   StageSet

	// Infer computes the result types from operand types and attributes, or reports why it
	// can't. It is the only place where types are computed and checked.
	Infer func(*InferCtx)
	// Eval is the meaning: obvious loops over concrete tensors.
	Eval func(*EvalCtx)
	// Bounds is set for operators that clamp operand 0 to a constant range in float
	// arithmetic, and gives that range.
	Bounds func(*Node) (lo, hi float32)
	// Grad builds the gradients of a differentiable operator; nil when it has none.
	Grad func(*GradCtx)
	// Quant says how a float operator becomes an integer one; nil when it never does.
	Quant *QuantRule
	// Arithmetic states the integer definition in words, for "amctc ops --arithmetic".
	Arithmetic string
}

// Has says whether all traits in t hold.
func (d *OpDef) Has(t Trait) bool { return d.Traits&t == t }

// QuantRule says how a float operator becomes its integer twin.
type QuantRule struct {
	// Twin is the integer operator, by name. It takes the same operands, a bias added when
	// Bias says so, and the same attributes.
	Twin string
	// Activations are the operands that need factors at run time.
	Activations []int
	// Weights is the operand quantized ahead of time, or -1.
	Weights int
	// ChannelAxis is the axis of the weights that may have a scale for each index.
	ChannelAxis int
	// PerChannel is the default of that choice: AMCT's channel_wise.
	PerChannel bool
	// Bias is the operand that becomes int32 with the scale of input times weights, or -1.
	Bias int
	// FloatResult says that the twin may also deliver float32, straight from the accumulator.
	FloatResult bool
	// Symmetric says that the codes of all Activations have the offset 0.
	Symmetric bool
	// Function, when set, is what a node computes of one number, in a channel of axis 1 where Channels says that they differ. The
	// twin reads a table of it, and names the operator.
	Function func(n *Node, channel int) func(float32) float32
	// Channels is how many functions a node has, one for each index of axis 1; 0, or nil, stands for one function of all numbers.
	Channels func(*Node) int
	// Applies, when set, says why a particular node stays float, or "".
	Applies func(*Node) string
}

// IsLayer says whether the operator is a layer with weights, which AMCT's record keys by name.
func (q *QuantRule) IsLayer() bool { return q != nil && q.Weights >= 0 }

// InferCtx is what Infer sees. Want holds the result types as written, or nil while building.
type InferCtx struct {
	Node  *Node
	In    []Type
	Want  []Type
	Out   []Type
	Diags *diag.List
}

// Errorf reports a violated constraint at the node.
func (c *InferCtx) Errorf(code diag.Code, format string, args ...any) {
	c.Diags.Errorf(code, c.Node.Span, c.Node.Subject(), format, args...)
}

// Return sets the result types.
func (c *InferCtx) Return(t ...Type) { c.Out = t }

// WantElem is the element type written for result 0, or fallback while building.
func (c *InferCtx) WantElem(fallback Type) Type {
	if len(c.Want) > 0 {
		return c.Want[0]
	}
	return fallback
}

// EvalCtx is what Eval sees: concrete operands with their types, and the concrete result types.
type EvalCtx struct {
	Node    *Node
	In      []*tensor.Tensor
	InType  []Type
	OutType []Type
	Out     []*tensor.Tensor
}

// Result allocates result i.
func (c *EvalCtx) Result(i int) *tensor.Tensor {
	t := tensor.New(c.OutType[i].DType, c.OutType[i].Shape...)
	c.Out[i] = t
	return t
}

// Infer computes the result types of an operator applied to operands of the given types.
// want are the written result types, or nil while building.
func Infer(n *Node, in, want []Type, diags *diag.List) []Type {
	c := &InferCtx{Node: n, In: in, Want: want, Diags: diags}
	before := diags.Len()
	checkArity(c)
	if diags.Len() > before {
		return nil
	}
	n.Op.Infer(c)
	if diags.Len() > before {
		return nil
	}
	return c.Out
}

func checkArity(c *InferCtx) {
	ops, n := c.Node.Op.Operands, len(c.In)
	need, limit := 0, len(ops)
	for _, o := range ops {
		if !o.Optional {
			need++
		}
		if o.Variadic {
			limit = 1 << 20
		}
	}
	if n < need || n > limit {
		c.Errorf("V001", "has %d operands, want %s", n, arityText(need, limit))
		return
	}
	for i, v := range c.Node.Operands {
		if i < len(ops) && ops[i].Const && v != nil && !v.IsConst() {
			c.Errorf("V002", "operand %s must be a constant", ops[i].Name)
		}
	}
	for _, a := range c.Node.Attrs {
		i := slices.IndexFunc(c.Node.Op.Attrs, func(d AttrDef) bool { return d.Name == a.Name })
		if i < 0 {
			var names []string
			for _, d := range c.Node.Op.Attrs {
				names = append(names, d.Name)
			}
			d := c.Diags.Errorf("V003", c.Node.Span, c.Node.Subject(), "there is no attribute %q", a.Name)
			if s := diag.Suggest(a.Name, names); s != "" {
				d.Note(diag.Span{}, "did you mean %s?", s)
			}
			continue
		}
		if k, ok := KindOf(a.Value); !ok || k != c.Node.Op.Attrs[i].Kind {
			c.Errorf("V004", "attribute %s must be of kind %s", a.Name, c.Node.Op.Attrs[i].Kind)
		}
	}
	for _, d := range c.Node.Op.Attrs {
		if _, ok := c.Node.Attrs.Get(d.Name); !ok && d.Default == nil {
			c.Errorf("V005", "attribute %s is missing", d.Name)
		}
	}
}

func arityText(lo, hi int) string {
	switch {
	case lo == hi:
		return itoa(lo)
	case hi >= 1<<20:
		return "at least " + itoa(lo)
	}
	return itoa(lo) + " to " + itoa(hi)
}

// GradCtx is what Grad sees. Grad appends nodes to the function with B and sets In.
type GradCtx struct {
	Node   *Node
	B      *Builder
	Module *Module
	// Out are the gradients of the node's results: of the loss by each element. One that is nil is zero.
	Out []*Value
	// Want says which operands' gradients are asked for.
	Want []bool
	// In are the gradients of the operands that are wanted.
	In []*Value
}

// Build appends a node of the given operator, named after the node whose gradient is built.
func (c *GradCtx) Build(op string, attrs Attrs, operands ...*Value) *Value {
	return c.B.Node(NodeSpec{Op: op, Name: c.Node.Name + ".grad", Value: c.Node.Result().Name + "_grad", Operands: operands, Attrs: attrs, Span: c.Node.Span})
}

// Results are all results of the node that v is the first result of.
func Results(v *Value) []*Value {
	if v == nil || v.Def == nil {
		return nil
	}
	return v.Def.Results
}

// OpSet finds operators by name.
type OpSet struct{ defs []*OpDef }

// NewOpSet sorts the definitions by name.
func NewOpSet(defs ...*OpDef) *OpSet {
	s := &OpSet{defs: slices.Clone(defs)}
	slices.SortFunc(s.defs, func(a, b *OpDef) int { return compareStrings(a.Name, b.Name) })
	return s
}

// All is every operator, sorted by name.
func (s *OpSet) All() []*OpDef { return s.defs }

// Lookup finds an operator; nil when there is none.
func (s *OpSet) Lookup(name string) *OpDef {
	i, ok := slices.BinarySearchFunc(s.defs, name, func(d *OpDef, n string) int { return compareStrings(d.Name, n) })
	if !ok {
		return nil
	}
	return s.defs[i]
}

// Must is Lookup for names written in our own source.
func (s *OpSet) Must(name string) *OpDef {
	d := s.Lookup(name)
	if d == nil {
		panic("no operator " + name)
	}
	return d
}

// Names are the operators' names, sorted.
func (s *OpSet) Names() []string {
	out := make([]string, len(s.defs))
	for i, d := range s.defs {
		out[i] = d.Name
	}
	return out
}
