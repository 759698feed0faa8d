package passes

import (
	"fmt"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes/calib"
)

// foldIntegers turns the fake-quantized function into integers.
//
// Quantization belongs to operator inputs: a q.fake says which codes its consumer wants. Walking
// from the results back, every value learns what its consumers demand of it. A value is stored as
// codes when all of them demand the same map, otherwise as float32, from which each consumer
// quantizes. Operators that only move or clamp elements pass their result's demand on to their
// operands: saturating before them is the same as after. An operator without accumulator (add,
// mul, average) has no better form of its result than codes: it stores codes as soon as one
// consumer wants them, and it stays float when none does. Consumers that want others get them from the
// operator computed once more where that is cheap (forms), and otherwise rescale; those that want float32 dequantize. What is wanted
// behind a clamp only, such as a ReLU, are codes of the clamped range, which others can't use. What looks at the order of
// elements alone (Ranks) takes them in the form in which they are stored.
// Codes of int16 come from q.quantize alone: who wants them gets a float32 result, quantized.
func foldIntegers(c *Context, m *ir.Module, f *ir.Func) error { return fold(c, m, f, false) }

// fold is foldIntegers, or with pair foldPair.
func fold(c *Context, m *ir.Module, f *ir.Func, pair bool) error {
	d := &demands{c: c, pair: pair, uses: f.Uses(), store: make(map[*ir.Value]*ir.Quant), also: make(map[*ir.Value][]*ir.Quant), clamped: make(map[codeKey]bool), kind: make(map[*ir.Node]kind), weights: make(map[*ir.Node]*layerCodes)}
	for i := len(f.Nodes) - 1; i >= 0; i-- {
		d.decide(f.Nodes[i])
	}
	e := &emitter{c: c, d: d, m: m, stored: make(map[*ir.Value]*ir.Value), codes: make(map[codeKey]*ir.Value), floats: make(map[*ir.Value]*ir.Value), exact: make(map[*ir.Value]*ir.Value)}
	out := &ir.Func{Name: f.Name, Params: f.Params, Stage: ir.StageInt}
	e.b = ir.NewBuilder(c.Ops, out, &c.Remarks)
	for _, p := range f.Params {
		e.stored[p] = p
	}
	for _, n := range f.Nodes {
		if err := e.emit(n); err != nil {
			return err
		}
	}
	for _, r := range f.Results {
		v, err := e.float(r)
		if err != nil {
			return err
		}
		out.Results = append(out.Results, v)
	}
	*f = *out
	m.DropUnusedConsts()
	return nil
}

// kind is what becomes of a node.
type kind uint8

const (
	stayFloat kind = iota
	integer        // becomes its twin
	moving         // keeps the map: reshape, maximum, relu as a clip, …
	factor         // a q.fake: an edge with a demand
)

type layerCodes struct {
	codes []int8
	scale []float32
	bits  int
	bias  []int32
}

type demands struct {
	c       *Context
	pair    bool // every value is stored as float32
	uses    map[*ir.Value][]ir.Use
	store   map[*ir.Value]*ir.Quant   // nil: float32
	also    map[*ir.Value][]*ir.Quant // further forms of the value, each computed by its own node
	clamped map[codeKey]bool          // all that want these codes lie behind a clamp
	kind    map[*ir.Node]kind
	weights map[*ir.Node]*layerCodes
}

// decide fixes the storage of n's result and then n's kind. All consumers have been decided.
func (d *demands) decide(n *ir.Node) {
	r := n.Result()
	if n.Op.Name == "q.fake" {
		d.kind[n] = factor
		return
	}
	if d.pair {
		d.decidePair(n)
		return
	}
	want, some := d.demand(r)
	if repeats(n) {
		some = d.first(r, some)
	}
	codes := want // that operators deliver: int8
	if codes != nil && codes.Storage() != tensor.I8 {
		codes = nil
	}
	switch {
	case d.isFolded(n) && n.Op.Quant.IsLayer():
		if why := d.layer(n); why != "" {
			d.c.Warn("Q005", n, "stays float: %s", why)
			break
		}
		d.kind[n], d.store[r] = integer, codes
		return
	case d.isFolded(n) && n.Op.Quant.FloatResult:
		d.kind[n], d.store[r] = integer, codes
		return
	case d.isFolded(n) && some != nil:
		if k := d.c.Factors.Get(ResultKey(n)); k != nil && k.ScaleD != 0 && k.ActBits == 8 {
			some = ir.PerTensor(k.ScaleD, k.OffsetD)
		}
		d.kind[n], d.store[r] = integer, some
		if repeats(n) {
			d.also[r] = d.others(r, some)
		}
		return
	case d.several(n, codes, some):
		return
	case codes != nil && (n.Op.Has(ir.KeepsParams) || n.Op.Bounds != nil):
		d.kind[n], d.store[r] = moving, codes
		return
	}
	// A float operator whose result every consumer wants in the same codes is quantized once.
	d.kind[n], d.store[r] = stayFloat, want
}

// isFolded says whether all factors of n are there.
func (d *demands) isFolded(n *ir.Node) bool {
	q := n.Op.Quant
	if q == nil {
		return false
	}
	for _, i := range q.Activations {
		if producer(n.Operands[i], "q.fake") == nil {
			return false
		}
	}
	return q.Weights < 0 || producer(n.Operands[q.Weights], "q.fake") != nil
}

// demand is the map that all consumers of v want, or nil; some is the first map of 8 bits that one of
// them wants, of those that fit all of v. A concatenation is content with a rescale of 8 bits, so that its demand
// counts only when nobody else has one, or one of another width, or one that does not fit all of v. Places of maxima go
// with the maxima: they are those of the codes that a pooling beside wants, where these fit all of v.
func (d *demands) demand(v *ir.Value) (want, some *ir.Quant) {
	var firm, soft, narrow *ir.Quant
	agreed, softFits, places := true, false, false
	for _, u := range d.uses[v] {
		if u.Node != nil && u.Node.Op.Name == "nn.max_pool2d_indices" {
			places = true
			continue
		}
		for _, q := range d.useDemands(u) {
			clamped := d.behindClamp(u, q)
			if q != nil {
				k := keyOf(v, q)
				was, seen := d.clamped[k]
				d.clamped[k] = clamped && (was || !seen)
			}
			if q != nil && !clamped && narrow == nil && u.Node.Op.Name != "nn.concat" && plainCodes(q) {
				narrow = q
			}
			switch {
			case q == nil:
				agreed = false
			case u.Node.Op.Name == "nn.concat":
				if soft == nil {
					soft = q
				}
				softFits = softFits || !clamped && soft.Equal(q)
			case firm == nil:
				firm = q
			case !firm.Equal(q):
				agreed = false
			}
		}
	}
	if firm == nil {
		firm = soft
	} else if soft != nil && (firm.Max != 127 || d.clamped[keyOf(v, firm)] && !firm.Equal(soft)) {
		agreed = false // codes of other widths are not rescaled, and those behind a clamp are none of the whole value
	}
	if narrow == nil && softFits {
		narrow = soft
	}
	if places && firm != nil && (!plainCodes(firm) || d.clamped[keyOf(v, firm)]) {
		agreed = false
	}
	if !agreed {
		return nil, narrow
	}
	if narrow == nil && firm != nil && plainCodes(firm) {
		narrow = firm
	}
	return firm, narrow
}

// plainCodes says whether codes of q are int8 of the whole range.
func plainCodes(q *ir.Quant) bool { return q.Storage() == tensor.I8 && q.Max == 127 }

// behindClamp says whether a use wants codes of map q of what a clamp leaves of the value.
func (d *demands) behindClamp(u ir.Use, q *ir.Quant) bool {
	if u.Node == nil || q == nil || d.kind[u.Node] != moving {
		return false
	}
	return u.Node.Op.Bounds != nil || d.clamped[keyOf(u.Node.Result(), q)]
}

// useDemands are the maps that one use wants, nil for float32.
func (d *demands) useDemands(u ir.Use) []*ir.Quant {
	if u.Node != nil && !u.Node.Indexes(u.Index) {
		switch d.kind[u.Node] {
		case factor:
			var q *ir.Quant
			for _, w := range d.uses[u.Node.Result()] {
				if w.Node == nil || d.kind[w.Node] != integer {
					return []*ir.Quant{nil}
				}
				q = op.FakeQuant(u.Node)
			}
			return []*ir.Quant{q}
		case moving:
			r := u.Node.Result()
			return append([]*ir.Quant{d.store[r]}, d.also[r]...)
		}
	}
	return []*ir.Quant{nil}
}

// layer computes the codes of a layer's weights and bias and proves its accumulator; the answer
// is why it must stay float, or "".
func (d *demands) layer(n *ir.Node) string {
	q := n.Op.Quant
	x, w := op.FakeQuant(n.Operands[0].Def), n.Operands[q.Weights].Def
	l := &layerCodes{scale: op.FakeQuant(w).Scale, bits: w.Int("bits")}
	data := w.Operands[0].Const.Data
	ch := data.Shape[q.ChannelAxis]
	l.codes = calib.QuantizeWeights(data.F32, l.scale, l.bits)
	bias := make([]float32, ch)
	if len(n.Operands) == 3 {
		copy(bias, n.Operands[2].Const.Data.F32)
	}
	var err error
	if l.bias, err = calib.Bias(bias, x.Scale[0], l.scale); err != nil {
		return err.Error()
	}
	if d.pair {
		floatBiases(l.bias)
	}
	prove := calib.ProveAccumulator
	if x.Storage() == tensor.I16 {
		prove = calib.ProveWideAccumulator
	}
	if _, err := prove(l.codes, l.bias, x.Min, x.Max, x.Offset[0]); err != nil {
		return err.Error()
	}
	d.weights[n] = l
	return ""
}

type codeKey struct {
	v *ir.Value
	q string
}

func keyOf(v *ir.Value, q *ir.Quant) codeKey { return codeKey{v, q.Format(q.Storage())} }

type emitter struct {
	c      *Context
	d      *demands
	m      *ir.Module
	b      *ir.Builder
	stored map[*ir.Value]*ir.Value // old value -> new value in its stored form
	codes  map[codeKey]*ir.Value
	floats map[*ir.Value]*ir.Value
	exact  map[*ir.Value]*ir.Value // float32 that no code of 8 bits of the value itself was made of
	wanted string                  // what the next q.quantize of a pair is called
}

func (e *emitter) emit(n *ir.Node) error {
	r := n.Result()
	spec := ir.NodeSpec{Op: n.Op.Name, Name: n.Name, From: n.From, Value: r.Name, Attrs: n.Attrs, Span: n.Span}
	switch e.d.kind[n] {
	case factor:
		return nil
	case integer:
		return e.integer(n, spec)
	case moving:
		return e.moving(n, spec)
	}
	for _, v := range n.Results[1:] {
		spec.More = append(spec.More, v.Name)
	}
	want := e.d.store[r]
	if want != nil {
		spec.Value = r.Name + "_f"
	}
	for i, v := range n.Operands {
		if s := e.stored[v]; want == nil && n.Op.Has(ir.Ranks) && s != nil && s.Type.DType == tensor.I8 {
			spec.Operands = append(spec.Operands, s)
			continue
		}
		w, err := e.operand(n, i, v)
		if err != nil {
			return err
		}
		spec.Operands = append(spec.Operands, w)
	}
	y := e.b.Node(spec)
	if y == nil {
		return e.c.Remarks.Err()
	}
	for i, v := range n.Results {
		e.stored[v] = y.Def.Results[i]
	}
	if want != nil {
		t := ir.Quantized(want, r.Type.Shape...)
		e.stored[r] = e.b.Node(ir.NodeSpec{Op: "q.quantize", Name: n.Name + ".quant", From: n.From, Value: r.Name, Operands: []*ir.Value{y}, Elem: &t, Span: n.Span})
		e.floats[r] = y
	}
	return nil
}

// integer emits n's twin.
func (e *emitter) integer(n *ir.Node, spec ir.NodeSpec) error {
	r, q := n.Result(), n.Op.Quant
	spec.Op = q.Twin
	for _, i := range q.Activations {
		e.wanted = quantName(n, i)
		v, err := e.code(n.Operands[i].Def.Operands[0], op.FakeQuant(n.Operands[i].Def))
		if err != nil {
			return err
		}
		spec.Operands = append(spec.Operands, v)
	}
	operands := spec.Operands
	if q.Function != nil {
		spec.Operands = append(spec.Operands, e.table(n, spec.Operands[0].Type.Quant, e.d.store[r]))
		spec.Attrs = nil
		if op.FamilyOf(n.Op.Name) == op.Functions { // of a function with a constant, the table alone is told
			spec.Attrs = ir.AttrsOf("function", n.Op.Name)
		}
		for _, a := range n.Op.Attrs {
			spec.Attrs = spec.Attrs.With(a.Name, n.Attr(a.Name))
		}
	}
	if q.IsLayer() {
		l := e.d.weights[n]
		w := n.Operands[q.Weights].Def.Operands[0]
		wq := ir.PerTensor(l.scale[0], 0)
		if len(l.scale) > 1 {
			wq = ir.PerChannel(q.ChannelAxis, l.scale)
		}
		wq.Min, wq.Max = calib.CodeRange(l.bits)
		base := ir.Identifier(n.Name)
		wv := e.m.AddConst(base+"_w", ir.Quantized(wq, w.Type.Shape...), tensor.FromI8(l.codes, w.Type.Shape...))
		bv := e.m.AddConst(base+"_b", ir.TensorType(tensor.I32, len(l.bias)), tensor.FromI32(l.bias, len(l.bias)))
		spec.Operands = append(spec.Operands, wv, bv)
	}
	t := ir.Float(r.Type.Shape...)
	if want := e.d.store[r]; want != nil {
		t = ir.Quantized(want, r.Type.Shape...)
	}
	spec.Elem = &t
	y := e.b.Node(spec)
	if y == nil {
		return e.c.Remarks.Err()
	}
	e.stored[r] = y
	for _, w := range e.d.also[r] {
		if q.Function != nil {
			spec.Operands = []*ir.Value{operands[0], e.table(n, operands[0].Type.Quant, w)}
		}
		if err := e.form(r, w, spec); err != nil {
			return err
		}
	}
	return nil
}

// table is the constant that holds, as codes of map y, what n's function makes of every code of map x.
func (e *emitter) table(n *ir.Node, x, y *ir.Quant) *ir.Value {
	t := op.TableOf(n, x, y)
	return e.m.AddConst(ir.Identifier(n.Name)+"_t", ir.Quantized(y, t.Shape...), t)
}

// moving emits n on codes, once for each form of its result.
func (e *emitter) moving(n *ir.Node, spec ir.NodeSpec) error {
	r := n.Result()
	for i, q := range append([]*ir.Quant{e.d.store[r]}, e.d.also[r]...) {
		form := spec
		for k, v := range n.Operands {
			if n.Indexes(k) {
				form.Operands = append(form.Operands, e.stored[v])
				continue
			}
			w, err := e.code(v, q)
			if err != nil {
				return err
			}
			form.Operands = append(form.Operands, w)
		}
		if n.Op.Bounds != nil {
			lo, hi := n.Op.Bounds(n)
			rec := op.Reciprocal(q.Scale[0])
			clip := []int{int(op.QuantizeCode(lo, rec, q.Offset[0], q.Min, q.Max)), int(op.QuantizeCode(hi, rec, q.Offset[0], q.Min, q.Max))}
			form.Op, form.Attrs = "q.clip", ir.AttrsOf("clip", clip)
		}
		y := e.b.Node(form)
		if y == nil {
			return e.c.Remarks.Err()
		}
		if i == 0 {
			e.stored[r] = y
		} else {
			e.codes[keyOf(r, q)] = y
		}
	}
	return nil
}

// code gives v as codes of map q.
func (e *emitter) code(v *ir.Value, q *ir.Quant) (*ir.Value, error) {
	k := keyOf(v, q)
	if w := e.codes[k]; w != nil {
		return w, nil
	}
	t := ir.Quantized(q, v.Type.Shape...)
	if v.IsConst() {
		if !v.Type.IsFloat() {
			return nil, fmt.Errorf("constant @%s is %s, not float32", v.Name, v.Type)
		}
		w := e.m.AddConst(v.Name+"_q", t, quantized(v.Const.Data, q))
		e.codes[k] = w
		return w, nil
	}
	s := e.stored[v]
	if s.Type.IsQuant() && s.Type.Quant.Equal(q) {
		return s, nil
	}
	if q.Storage() != tensor.I8 { // from float32 alone
		var err error
		if s, err = e.exactly(v); err != nil {
			return nil, err
		}
	}
	spec := ir.NodeSpec{Op: "q.quantize", Value: v.Name + "_q", Operands: []*ir.Value{s}, Elem: &t}
	if v.Def != nil {
		spec.From, spec.Span = v.Def.From, v.Def.Span
		spec.Name = v.Def.Name + ".quant"
	} else {
		spec.Name = v.Name + ".quant"
	}
	if e.d.pair {
		spec.Name = e.wanted
	}
	if s.Type.IsQuant() {
		spec.Op = "q.rescale"
	}
	w := e.b.Node(spec)
	if w == nil {
		return nil, e.c.Remarks.Err()
	}
	e.codes[k] = w
	return w, nil
}

// quantized are the codes of float32 data.
func quantized(x *tensor.Tensor, q *ir.Quant) *tensor.Tensor {
	out := tensor.New(q.Storage(), x.Shape...)
	r := op.Reciprocal(q.Scale[0])
	for i, v := range x.F32 {
		code := op.QuantizeCode(v, r, q.Offset[0], q.Min, q.Max)
		if out.DType == tensor.I16 {
			out.I16[i] = int16(code)
		} else {
			out.I8[i] = int8(code)
		}
	}
	return out
}

// float gives v as float32. A q.fake that no integer operator took in is looked through.
func (e *emitter) float(v *ir.Value) (*ir.Value, error) {
	if v.Def != nil && e.d.kind[v.Def] == factor {
		return e.float(v.Def.Operands[0])
	}
	if v.IsConst() {
		return v, nil
	}
	if w := e.floats[v]; w != nil {
		return w, nil
	}
	s := e.stored[v]
	if !s.Type.IsQuant() {
		return s, nil
	}
	w := e.b.Node(dequantized(v, s))
	if w == nil {
		return nil, e.c.Remarks.Err()
	}
	e.floats[v] = w
	return w, nil
}

// dequantized gives codes of v as float32.
func dequantized(v, codes *ir.Value) ir.NodeSpec {
	spec := ir.NodeSpec{Op: "q.dequantize", Name: v.Name + ".dequant", Value: v.Name + "_dq", Operands: []*ir.Value{codes}}
	if v.Def != nil {
		spec.Name, spec.From, spec.Span = v.Def.Name+".dequant", v.Def.From, v.Def.Span
	}
	return spec
}
