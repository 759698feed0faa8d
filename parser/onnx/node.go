package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A call is one ONNX node while it is imported.
type call struct {
	im     *importer
	pb     *pb.NodeProto
	name   string // as records know it
	span   diag.Span
	title  string   // operator and name, for messages
	in     []*value // nil where an optional input is left out
	out    []*value // what the handler has set
	from   []string // original nodes of what is emitted, when the name is not one
	failed bool
}

// An entry says how one ONNX operator is imported.
type entry struct {
	min, max int      // number of inputs; max < 0: any
	outs     int      // outputs that are supported, in order
	attrs    []string // attributes it may have, of any opset
	reads    reads    // what it takes beside float32 and known tensors
	since    int64    // first opset that has it
	build    func(*call)
}

// node imports the node at an index of the file.
func (im *importer) node(index int) {
	n := im.nodes[index]
	c := &call{im: im, pb: n, name: im.uniqueName(n, index), title: im.subject(n, index), out: make([]*value, len(n.Output))}
	c.span = diag.Span{File: im.file, Node: c.name}
	c.run()
	for i, name := range n.Output {
		if name == "" {
			continue
		}
		v := c.out[i]
		if c.failed || v == nil {
			v = &value{}
		}
		if v.name == "" {
			v.name = name
		}
		if v.lit != nil && v.lit.name == "" {
			v.lit.name = name
		}
		if im.env[name] == nil {
			im.env[name] = v
		}
	}
}

func (c *call) run() {
	if f := c.im.local[functionOf(c.pb)]; f != nil {
		c.function(f)
		return
	}
	e, ok, own := c.operator()
	var form func(*call)
	if !own && c.im.opset < oldForm {
		form = early[c.pb.OpType]
	}
	switch {
	case !isDefaultDomain(c.pb.Domain) && !own:
		c.errorf(codeDomain, "operators of domain %q are not supported; the model holds no function of this name; export without custom operators", c.pb.Domain)
		ok = false
	case !ok:
		c.errorf(codeOperator, "operator %s is not supported; %s", c.pb.OpType, wayOut(c.pb.OpType))
	case c.im.opset < e.since && form == nil:
		c.errorf(codeOperator, "operator %s does not exist in opset %d", c.pb.OpType, c.im.opset)
		ok = false
	}
	poisoned := c.inputs()
	if !ok {
		c.failed = true
		return
	}
	if form != nil && !poisoned {
		if c.asBefore(form); c.failed {
			return
		}
	}
	c.arity(e)
	c.knownAttrs(e)
	if c.failed || poisoned || !c.readable(e.reads) {
		c.failed = true
		return
	}
	if e.build == nil {
		e.build = controlFlow(c.pb.OpType)
	}
	e.build(c)
	if e.reads&movesCodes != 0 && !c.failed && c.out[0] != nil {
		c.out[0].codes, c.out[0].dyn = c.in[0].codes, c.in[0].dyn
	}
}

// operator finds the node's row; own says that it is none of ONNX's default domain. AMCT's operators are in any domain.
func (c *call) operator() (e entry, ok, own bool) {
	name, domain := c.pb.OpType, c.pb.Domain
	if domain == trainingDomain {
		e, ok = training[name]
		return e, ok, ok
	}
	if isDefaultDomain(domain) {
		if e, ok = table[name]; ok {
			return e, true, false
		}
	}
	if isDefaultDomain(domain) || domain == "com.microsoft" || strings.HasPrefix(name, "Ascend") {
		e, own = foreign[name]
	}
	return e, own, own
}

// inputs looks the inputs up; the result says whether one of them is of no use.
func (c *call) inputs() (poisoned bool) {
	for i, name := range c.pb.Input {
		if name == "" {
			c.in = append(c.in, nil)
			continue
		}
		v := c.im.lookup(name)
		if v == nil {
			c.errorf(codeUndefined, "its input %d, %q, is provided by no node, input or initializer", i, name)
			v = &value{name: name}
			c.im.env[name] = v
		}
		poisoned = poisoned || v.poisoned()
		c.in = append(c.in, v)
	}
	for len(c.in) > 0 && c.in[len(c.in)-1] == nil {
		c.in = c.in[:len(c.in)-1]
	}
	return poisoned
}

func (c *call) arity(e entry) {
	if n := len(c.in); n < e.min || e.max >= 0 && n > e.max {
		c.errorf(codeArity, "it has %d inputs, want %s", n, rangeText(e.min, e.max))
		return
	}
	for i := range e.min {
		if c.in[i] == nil {
			c.errorf(codeArity, "its input %d is left out but required", i)
		}
	}
	if len(c.pb.Output) == 0 {
		c.errorf(codeArity, "it has no outputs")
	}
	for i, o := range c.pb.Output {
		if i >= e.outs && c.im.used[o] {
			c.errorf(codeOutput, "its output %d, %q, is used but not supported; only the first %s", i, o, plural(e.outs, "output is", "outputs are"))
		}
	}
}

func rangeText(lo, hi int) string {
	switch {
	case hi < 0:
		return fmt.Sprintf("at least %d", lo)
	case lo == hi:
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (c *call) knownAttrs(e entry) {
	for _, a := range c.pb.Attribute {
		if !slices.Contains(e.attrs, a.Name) {
			d := diag.Errorf(codeUnknownAttr, c.span, c.title, "it has an attribute %q that the operator does not know; it is ignored", a.Name)
			d.Severity = diag.Warning
			c.im.diags.Add(d)
		}
	}
}

// errorf reports a problem with the node, after which its outputs are of no use.
func (c *call) errorf(code diag.Code, format string, args ...any) {
	c.failed = true
	c.im.diags.Errorf(code, c.span, c.title, format, args...)
}

// has says whether input i is present.
func (c *call) has(i int) bool { return i < len(c.in) && c.in[i] != nil }

// x is input i as a value of the graph, a constant when it is known; nil after a problem.
func (c *call) x(i int) *ir.Value { return c.valueIn(c.in[i]) }

func (c *call) valueIn(v *value) *ir.Value {
	switch {
	case v.node != nil:
		return v.node
	case v.lit == nil:
		c.errorf(codeQuant, "it reads %q, which is no tensor of numbers in a network that is compiled", v.name)
		return nil
	}
	return c.konst(v.lit)
}

// konst is a literal as a constant of the module; nil after a problem.
func (c *call) konst(l *literal) *ir.Value {
	v, p := c.im.constant(l)
	if p != nil {
		c.errorf(p.code, "%s", p.text)
		return nil
	}
	return v
}

// lit is input i, which must be known; nil after a problem. what names it.
func (c *call) lit(i int, what string) *literal {
	if l := c.in[i].lit; l != nil {
		return l
	}
	c.errorf(codeConst, "its %s, %q, is computed at run time and must be a constant; export with constants folded", what, c.pb.Input[i])
	return nil
}

// floats is input i as known float32 numbers. Those of half precision are float32 numbers too, unless the network is
// evaluated in its own types.
func (c *call) floats(i int, what string) *literal {
	l := c.lit(i, what)
	if l != nil && !c.im.opt.Numbers && (l.elem == pb.TensorProto_FLOAT16 || l.elem == pb.TensorProto_BFLOAT16) {
		c.im.half(c.pb.Input[i])
		wide := literalOf(widened(l.tensor()))
		wide.name, wide.derived = l.name, l.derived
		return wide
	}
	if l != nil && l.elem != pb.TensorProto_FLOAT {
		c.errorf(codeElem, "its %s, %q, holds %s, not float32; export the network in float32", what, c.pb.Input[i], elemName(int32(l.elem)))
		return nil
	}
	return l
}

// intsOf is input i as known integers that do not depend on the batch.
func (c *call) intsOf(i int, what string) ([]int, bool) {
	l := c.lit(i, what)
	if l == nil {
		return nil, false
	}
	if l.i == nil && l.len() > 0 {
		c.errorf(codeElem, "its %s, %q, holds %s, not integers", what, c.pb.Input[i], elemName(int32(l.elem)))
		return nil, false
	}
	if l.hasFree() {
		c.errorf(codeBatch, "its %s depends on the free batch; fix the batch with --input-shape", what)
		return nil, false
	}
	return toInts(l.i), true
}

func toInts(v []int64) []int {
	out := make([]int, len(v))
	for i, x := range v {
		out[i] = int(x)
	}
	return out
}

// set gives output 0.
func (c *call) set(v *value) {
	c.out[0] = v
}

// alias makes output 0 the same tensor as input i.
func (c *call) alias(i int) {
	v := *c.in[i]
	c.out[0] = &v
}

// fold makes output 0 a known tensor.
func (c *call) fold(l *literal) {
	if l != nil {
		l.name = c.pb.Output[0]
		c.out[0] = &value{lit: l}
	}
}

// label is the value name of an intermediate result: the output's name with a suffix.
func (c *call) label(suffix string) string { return ir.Identifier(c.pb.Output[0]) + suffix }

// emit appends a node whose result is named after output 0, or label when it is not empty; nil
// after a problem.
func (c *call) emit(opName, label string, operands []*ir.Value, attrs ...any) *ir.Value {
	if all := c.emitAll(opName, label, operands, attrs...); len(all) > 0 {
		return all[0]
	}
	return nil
}

// emitAll is emit with every result of the node. A node all of whose operands are constants is evaluated.
func (c *call) emitAll(opName, label string, operands []*ir.Value, attrs ...any) []*ir.Value {
	if slices.Contains(operands, nil) {
		c.failed = true
		return nil
	}
	if label == "" {
		label = c.label("")
	}
	if slices.ContainsFunc(operands, func(v *ir.Value) bool { return !v.IsConst() }) {
		operands = slices.Clone(operands)
		for i, v := range operands {
			if l := c.im.known[v]; l != nil {
				operands[i] = c.konst(l)
			}
		}
		if slices.Contains(operands, nil) {
			return nil
		}
	}
	for _, v := range operands {
		if v.IsConst() && v.Const.Data.Len() == 0 {
			c.errorf(codeTensor, "constant %q has no elements (shape %v); nothing is computed with it", v.Name, v.Type.Shape)
			return nil
		}
	}
	if !c.im.opt.Numbers && !strings.HasPrefix(opName, "q.") && slices.ContainsFunc(operands, func(v *ir.Value) bool { return !v.IsConst() }) {
		for _, v := range operands {
			if v.IsConst() && !v.Type.IsFloat() {
				c.errorf(codeElem, "constant %q holds %s, where float32 is needed; export the network in float32", v.Name, elemName(int32(onnxType(v.Type.DType))))
				return nil
			}
			if !v.IsConst() && v.Type.DType == tensor.I64 && opName != "nn.reshape" && opName != "nn.max_unpool2d" {
				c.errorf(codeElem, "its input %q holds computed indices; they can be outputs, or those of MaxUnpool, and nothing else", v.Name)
				return nil
			}
		}
	}
	var l diag.List
	c.im.b.Diags = &l
	v := c.im.b.Node(ir.NodeSpec{Op: opName, Name: c.name, From: c.from, Value: label, Operands: operands, Attrs: ir.AttrsOf(attrs...), Span: c.span})
	for _, d := range l.Sorted() {
		if d.Code != "V046" { // the verifier's code for everything about the free batch
			c.errorf(codeShape, "%s", d.Message)
		} else if strings.Contains(d.Message, "--input-shape") {
			c.errorf(codeBatch, "%s", d.Message)
		} else {
			c.errorf(codeBatch, "%s; fix the batch with --input-shape", d.Message)
		}
	}
	if v == nil {
		return nil
	}
	n := v.Def
	n.Kind = c.pb.OpType
	constant := !strings.HasPrefix(opName, "q.")
	for _, x := range operands {
		constant = constant && x.IsConst()
	}
	for _, r := range n.Results {
		if _, ok := tensor.CheckedElems(r.Type.Bind(1).Shape, maxElems); !ok {
			c.errorf(codeTooLarge, "its result would be %s, 2^31 elements or more", r.Type)
			return nil
		}
		if !c.im.opt.Numbers && !constant && !r.Type.IsFloat() && !r.Type.IsQuant() && !isIndices(n, r) {
			c.errorf(codeElem, "its result would be %s; networks are float32 throughout", r.Type)
			return nil
		}
	}
	if constant {
		return c.folded(n)
	}
	return n.Results
}

// isIndices says whether result r of n holds indices of elements, perhaps in another shape.
func isIndices(n *ir.Node, r *ir.Value) bool {
	return r.Type.DType == tensor.I64 && (n.Op.Has(ir.Ranks) || n.Op.Name == "nn.reshape")
}

// result makes v output 0.
func (c *call) result(v *ir.Value) {
	if v == nil {
		c.failed = true
		return
	}
	c.out[0] = c.im.valueOf(v)
}

// node emits a node and makes it output 0.
func (c *call) node(opName string, operands []*ir.Value, attrs ...any) {
	c.result(c.emit(opName, "", operands, attrs...))
}
