package ir

import (
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// Verify checks the invariants of every stage and the rules of the function's own stage. The
// codes are documented by diag.Explain.
func Verify(m *Module) *diag.List {
	var l diag.List
	names := make(map[string]*Const)
	declared := make(map[*Const]bool)
	for _, c := range m.Consts {
		if first := names[c.Name]; first != nil {
			noteFirst(l.Errorf("V010", c.Span, "@"+c.Name, "constant is declared twice"), first.Span)
		} else {
			names[c.Name] = c
		}
		declared[c] = true
		VerifyConst(c, &l)
	}
	if len(m.Funcs) == 0 {
		l.Errorf("V011", diag.Span{File: m.File}, "", "module has no function")
	}
	funcs := make(map[string]bool)
	for _, f := range m.Funcs {
		if funcs[f.Name] {
			l.Errorf("V021", diag.Span{File: m.File}, "@"+f.Name, "function is declared twice")
		}
		funcs[f.Name] = true
		verifyFunc(f, &l)
		verifyTarget(m, f, &l)
	}
	for _, c := range m.UsedConsts() {
		if !declared[c] {
			l.Errorf("V022", c.Span, "@"+c.Name, "constant is used, but the module does not list it")
		}
	}
	return &l
}

// noteFirst adds where the first of two definitions stands, when that is known.
func noteFirst(d *diag.Diagnostic, at diag.Span) {
	if at.Start.Line > 0 {
		d.Note(at, "the first stands here")
	}
}

// verifyTarget holds that the module names a target when one of its functions obeys it, and only then.
func verifyTarget(m *Module, f *Func, l *diag.List) {
	at := diag.Span{File: m.File}
	switch {
	case f.Stage == StageTarget && m.Target == "":
		l.Errorf("V023", at, "@"+f.Name, "stage target needs the name of a target")
	case f.Stage < StageTarget && m.Target != "":
		l.Errorf("V023", at, "@"+f.Name, "target %q in stage %s: it is chosen at the stage target", m.Target, f.Stage)
	}
}

// VerifyConst checks a constant's type and data, and reports the first reason why they are wrong.
func VerifyConst(c *Const, l *diag.List) bool {
	before := l.Len()
	verifyConst(c, l)
	return l.Len() == before
}

func verifyConst(c *Const, l *diag.List) {
	t := c.Type()
	if c.Data.DType != t.DType || !equalShape(c.Data.Shape, t.Shape) {
		l.Errorf("V012", c.Span, "@"+c.Name, "data is %v of %v, type is %s", c.Data.Shape, c.Data.DType, t)
		return
	}
	if !verifyType(t, true, c.Span, "@"+c.Name, l) {
		return
	}
	if t.IsFloat() {
		for i, v := range c.Data.F32 {
			if v != v || v-v != 0 {
				l.Errorf("V013", c.Span, "@"+c.Name, "element %d is %v: constants must be finite", i, v)
				return
			}
		}
	}
	if t.Quant != nil && !inRange(c.Data.I8, t.Quant, c, l) {
		return
	}
	if t.Quant != nil {
		inRange(c.Data.I16, t.Quant, c, l)
	}
}

// inRange reports the first code outside the range of its map.
func inRange[T int8 | int16](codes []T, q *Quant, c *Const, l *diag.List) bool {
	for i, v := range codes {
		if int32(v) < q.Min || int32(v) > q.Max {
			l.Errorf("V014", c.Span, "@"+c.Name, "element %d is %d, outside the type's range [%d, %d]", i, v, q.Min, q.Max)
			return false
		}
	}
	return true
}

// MinScale is the smallest scale: 2^-126, below which float32 loses precision and 1/scale is not
// finite.
const MinScale = 0x1p-126

// MaxElems bounds the number of elements of a type, a free dimension counted as one. No machine
// holds as many; the bound keeps products of dimensions far from overflow.
const MaxElems = 1 << 40

// VerifyType checks that a type can exist at all, and reports the first reason why not.
func VerifyType(t Type, span diag.Span, subject string, l *diag.List) bool {
	return verifyType(t, false, span, subject, l)
}

// verifyType is VerifyType of what may have no elements, which constants that nothing computes with are.
func verifyType(t Type, empty bool, span diag.Span, subject string, l *diag.List) bool {
	before := l.Len()
	verifyShape(t, empty, span, subject, l)
	if l.Len() == before && t.Quant != nil {
		verifyQuant(t, span, subject, l)
	}
	return l.Len() == before
}

// MaxRank is the largest number of dimensions of a type.
const MaxRank = 64

func verifyShape(t Type, empty bool, span diag.Span, subject string, l *diag.List) {
	if len(t.Shape) > MaxRank {
		l.Errorf("V015", span, subject, "the type has %d dimensions, more than %d", len(t.Shape), MaxRank)
		return
	}
	elems := int64(1)
	for i, d := range t.Shape {
		if d == Free && i == 0 {
			continue
		}
		if d == 0 && empty && t.Quant == nil {
			return
		}
		if d <= 0 {
			l.Errorf("V015", span, subject, "dimension %d is %s: dimensions are positive, and only the leading one may be free", i, dimText(d))
			return
		}
		if int64(d) > MaxElems/elems {
			l.Errorf("V015", span, subject, "the type has more than 2^40 elements")
			return
		}
		elems *= int64(d)
	}
}

func dimText(d int) string {
	if d == Free {
		return "?"
	}
	return itoa(d)
}

func verifyQuant(t Type, span diag.Span, subject string, l *diag.List) {
	q := t.Quant
	if t.DType != tensor.I8 && t.DType != tensor.I16 && t.DType != tensor.I32 {
		l.Errorf("V016", span, subject, "codes are stored as i8, i16 or i32, not %s", t.DType)
		return
	}
	lo, hi := CodeRange(t.DType)
	want := 1
	if q.Axis >= 0 {
		if q.Axis >= len(t.Shape) || t.Shape[q.Axis] == Free || q.Block < 1 || t.Shape[q.Axis]%q.Block != 0 {
			l.Errorf("V016", span, subject, "axis %d with block %d does not fit shape %v", q.Axis, q.Block, t.Shape)
			return
		}
		want = t.Shape[q.Axis] / q.Block
	}
	if len(q.Scale) != want || len(q.Offset) != want {
		l.Errorf("V016", span, subject, "type has %d scales and %d offsets, want %d", len(q.Scale), len(q.Offset), want)
		return
	}
	if q.Min < lo || q.Max > hi || q.Min > q.Max {
		l.Errorf("V016", span, subject, "code range [%d, %d] does not fit %s", q.Min, q.Max, t.DType)
		return
	}
	for i, s := range q.Scale {
		if !(s >= MinScale) || s-s != 0 {
			l.Errorf("V016", span, subject, "scale %v at %d is not a positive finite number, or is subnormal", s, i)
			return
		}
		if o := q.Offset[i]; o < q.Min || o > q.Max {
			l.Errorf("V016", span, subject, "offset %d at %d lies outside the code range [%d, %d]", o, i, q.Min, q.Max)
			return
		}
	}
}

func equalShape(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func verifyFunc(f *Func, l *diag.List) {
	defined := make(map[*Value]bool)
	bad := make(map[*Value]bool) // values whose type can't exist; what uses them is not checked
	names := make(map[string]*Value)
	define := func(v *Value) {
		if first := names[v.Name]; first != nil {
			noteFirst(l.Errorf("V017", v.Span, "%"+v.Name, "value is defined twice"), first.Span)
		} else {
			names[v.Name] = v
		}
		defined[v] = true
		bad[v] = !VerifyType(v.Type, v.Span, "%"+v.Name, l)
	}
	for _, p := range f.Params {
		define(p)
	}
	for _, n := range f.Nodes {
		ok := true
		for i, v := range n.Operands {
			if v.Const == nil && !defined[v] {
				l.Errorf("V018", n.Span, n.Subject(), "operand %d, %%%s, is used before it is defined", i, v.Name)
				ok = false
			}
			if v.Const != nil && v.Const.Data.Len() == 0 {
				l.Errorf("V015", n.Span, n.Subject(), "operand %d, @%s, has no elements; nothing is computed with such a constant", i, v.Name)
			}
			if v.Const != nil {
				ok = ok && VerifyType(v.Type, v.Span, "@"+v.Name, new(diag.List))
			}
			ok = ok && !bad[v]
		}
		before := l.Len()
		for _, r := range n.Results {
			if r.Def != n {
				l.Errorf("V017", n.Span, n.Subject(), "result %%%s is defined elsewhere", r.Name)
			}
			define(r)
		}
		ok = ok && l.Len() == before
		if !n.Op.Stages.Has(f.Stage) {
			l.Errorf("V019", n.Span, n.Subject(), "operator may not appear in stage %s", f.Stage)
		}
		if ok {
			VerifyNode(n, l)
		}
	}
	if len(f.Results) == 0 {
		l.Errorf("V011", diag.Span{}, "@"+f.Name, "function returns nothing")
	}
	for _, v := range f.Results {
		if v.Const == nil && !defined[v] {
			l.Errorf("V018", v.Span, "%"+v.Name, "returned value is not defined in @%s", f.Name)
		}
		if v.Const != nil && v.Const.Data.Len() == 0 && f.Stage != StageFloat {
			l.Errorf("V015", v.Span, "@"+v.Name, "a result without elements is evaluated in stage %s alone", StageFloat)
		}
	}
	verifyStage(f, l)
}

// VerifyNode checks one node: arity, attributes, and that the operator makes the results' types of
// the operands' types, which must be possible ones.
func VerifyNode(n *Node, l *diag.List) {
	in := make([]Type, len(n.Operands))
	for i, v := range n.Operands {
		in[i] = v.Type
	}
	want := make([]Type, len(n.Results))
	for i, r := range n.Results {
		want[i] = r.Type
	}
	out := Infer(n, in, want, l)
	if out == nil {
		return
	}
	if len(out) != len(want) {
		l.Errorf("V020", n.Span, n.Subject(), "has %d results, want %d", len(want), len(out))
		return
	}
	for i := range out {
		if !out[i].Equal(want[i]) {
			l.Errorf("V020", n.Span, n.Subject(), "result type is %s, but the operands make it %s", want[i], out[i])
		}
	}
}

// verifyStage holds the rules of single stages: no quantized type before Int.
func verifyStage(f *Func, l *diag.List) {
	if f.Stage >= StageInt {
		return
	}
	for _, v := range f.Values() {
		if v.Type.IsQuant() {
			l.Errorf("V019", v.Span, "%"+v.Name, "quantized type in stage %s", f.Stage)
		}
	}
}
