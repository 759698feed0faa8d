package ir

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/amctc/amctc/ir/tensor"
)

// InlineLimit is the number of elements up to which a constant's data stand in the text. Larger
// data live in the file beside it.
const InlineLimit = 32

// FormatVersion is the version of the text form, which its first line states.
const FormatVersion = 1

// Print is the canonical text of m: the same module gives the same bytes.
//
// Aliases of quantization maps are named q0, q1, ... and stand, like constants, in the order of
// their first use; functions and nodes keep their order, attributes take the order in which the
// operator declares them, and defaults are left out. Data of constants of more than InlineLimit
// elements are not part of the text; it holds their key and digest.
func Print(m *Module) string {
	var b strings.Builder
	if err := Fprint(&b, m); err != nil {
		panic(err) // a strings.Builder does not fail
	}
	return b.String()
}

// Fprint writes the canonical text of m.
func Fprint(w io.Writer, m *Module) error {
	p := &printer{w: bufio.NewWriter(w), alias: make(map[string]string), known: make(map[storedMap]string)}
	p.module(m)
	return p.w.Flush()
}

type printer struct {
	w     *bufio.Writer
	alias map[string]string    // name by the map's text
	known map[storedMap]string // the same by the map itself
}

type storedMap struct {
	q *Quant
	d tensor.DType
}

func (p *printer) printf(format string, args ...any) { fmt.Fprintf(p.w, format, args...) }

func (p *printer) module(m *Module) {
	consts := canonicalConsts(m)
	p.printf("amir %d\n", FormatVersion)
	for _, c := range consts {
		p.declare(c.Type())
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values() {
			p.declare(v.Type)
		}
	}
	if len(consts) > 0 {
		p.printf("\n")
	}
	for _, c := range consts {
		p.constant(c)
	}
	for _, f := range m.Funcs {
		p.printf("\n")
		p.function(m, f)
	}
}

// canonicalConsts are the constants by first use, then those without use.
func canonicalConsts(m *Module) []*Const {
	declared := make(map[*Const]bool, len(m.Consts))
	for _, c := range m.Consts {
		declared[c] = true
	}
	out := slices.DeleteFunc(m.UsedConsts(), func(c *Const) bool { return !declared[c] })
	used := make(map[*Const]bool, len(out))
	for _, c := range out {
		used[c] = true
	}
	for _, c := range m.Consts {
		if !used[c] {
			out = append(out, c)
		}
	}
	return out
}

// declare gives the type's map a name and prints its definition, once for equal maps.
func (p *printer) declare(t Type) {
	key := storedMap{t.Quant, t.DType}
	if t.Quant == nil || p.known[key] != "" {
		return
	}
	text := t.Quant.Format(t.DType)
	name, ok := p.alias[text]
	if !ok {
		name = fmt.Sprintf("q%d", len(p.alias))
		p.alias[text] = name
		p.printf("!%s = %s\n", name, text)
	}
	p.known[key] = name
}

func (p *printer) typ(t Type) string {
	return t.Format(func(q *Quant, d tensor.DType) string { return p.known[storedMap{q, d}] })
}

func (p *printer) constant(c *Const) {
	p.printf("const %s : %s = ", symbolName(c.Name), p.typ(c.Type()))
	if c.Data.Len() > InlineLimit {
		p.printf("file(key = %s, sha256 = %s)\n", strconv.Quote(c.Name), strconv.Quote(c.Digest()))
		return
	}
	p.printf("[")
	for i := range c.Data.Len() {
		if i > 0 {
			p.printf(", ")
		}
		p.printf("%s", element(c.Data, i))
	}
	p.printf("]\n")
}

func element(t *tensor.Tensor, i int) string {
	switch t.DType {
	case tensor.F32:
		return floatText(t.F32[i])
	case tensor.I8:
		return strconv.Itoa(int(t.I8[i]))
	case tensor.I16:
		return strconv.Itoa(int(t.I16[i]))
	case tensor.I32:
		return strconv.Itoa(int(t.I32[i]))
	}
	if t.F64 != nil {
		return strconv.FormatFloat(t.F64[i], 'g', -1, 64)
	}
	return strconv.FormatInt(t.I64[i], 10)
}

func (p *printer) function(m *Module, f *Func) {
	params := make([]string, len(f.Params))
	for i, v := range f.Params {
		params[i] = valueName(v.Name) + ": " + p.typ(v.Type)
	}
	results, names := make([]string, len(f.Results)), make([]string, len(f.Results))
	for i, v := range f.Results {
		results[i], names[i] = p.typ(v.Type), operandName(v)
	}
	target := ""
	if m.Target != "" {
		target = ", target = " + strconv.Quote(m.Target)
	}
	p.printf("func %s(%s) -> (%s) attributes {stage = %s%s} {\n", symbolName(f.Name), strings.Join(params, ", "), strings.Join(results, ", "), f.Stage, target)
	for _, n := range f.Nodes {
		p.node(n)
	}
	p.printf("%s\n}\n", strings.TrimRight("  return "+strings.Join(names, ", "), " "))
}

func (p *printer) node(n *Node) {
	names, types := make([]string, len(n.Results)), make([]string, len(n.Results))
	for i, v := range n.Results {
		names[i], types[i] = valueName(v.Name), p.typ(v.Type)
	}
	p.printf("  %s = %s", strings.Join(names, ", "), n.Op.Name)
	for i, v := range n.Operands {
		if i > 0 {
			p.printf(",")
		}
		p.printf(" %s", operandName(v))
	}
	if attrs := writtenAttrs(n); len(attrs) > 0 {
		parts := make([]string, len(attrs))
		for i, a := range attrs {
			parts[i] = a.Name + " = " + attrText(a.Value)
		}
		p.printf(" {%s}", strings.Join(parts, ", "))
	}
	p.printf(" : %s", strings.Join(types, ", "))
	if from := n.origins(); len(from) > 0 {
		for i, s := range from {
			from[i] = strconv.Quote(s)
		}
		p.printf(" loc(%s)", strings.Join(from, ", "))
	}
	p.printf("\n")
}

// origins are Name and then the other names in From that are not empty; none for a node without any.
func (n *Node) origins() []string {
	out := []string{n.Name}
	for _, s := range n.From {
		if !slices.Contains(out, s) && s != "" {
			out = append(out, s)
		}
	}
	if len(out) == 1 && n.Name == "" {
		return nil
	}
	return out
}

// writtenAttrs are the attributes that differ from their defaults, in declared order, and then any
// that the operator does not declare.
func writtenAttrs(n *Node) Attrs {
	var out Attrs
	for _, d := range n.Op.Attrs {
		if v, ok := n.Attrs.Get(d.Name); ok && !sameAttr(v, d.Default) {
			out = append(out, Attr{d.Name, v})
		}
	}
	for _, a := range n.Attrs {
		if !slices.ContainsFunc(n.Op.Attrs, func(d AttrDef) bool { return d.Name == a.Name }) {
			out = append(out, a)
		}
	}
	return out
}

// sameAttr compares kind and value, floats by their bits, except that the text has one NaN; a nil
// slice equals an empty one.
func sameAttr(a, b any) bool {
	switch x := a.(type) {
	case float32:
		y, ok := b.(float32)
		return ok && sameFloat(x, y)
	case []float32:
		y, ok := b.([]float32)
		return ok && slices.EqualFunc(x, y, sameFloat)
	case []int:
		y, ok := b.([]int)
		return ok && slices.Equal(x, y)
	}
	return reflect.DeepEqual(a, b)
}

func sameFloat(x, y float32) bool {
	return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
}

func attrText(v any) string {
	switch v := v.(type) {
	case int:
		return strconv.Itoa(v)
	case float32:
		return floatText(v)
	case bool:
		return strconv.FormatBool(v)
	case string:
		return strconv.Quote(v)
	case []int:
		return listText(v, strconv.Itoa)
	case []float32:
		return listText(v, floatText)
	}
	panic(fmt.Sprintf("attribute value of type %T", v))
}

func listText[T any](list []T, text func(T) string) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = text(v)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// floatText is FormatFloat with the text form's own words for what has no digits.
func floatText(v float32) string {
	switch {
	case v != v:
		return "nan"
	case v > math.MaxFloat32:
		return "inf"
	case v < -math.MaxFloat32:
		return "-inf"
	}
	return FormatFloat(v)
}

func operandName(v *Value) string {
	if v.Const != nil {
		return symbolName(v.Const.Name)
	}
	return valueName(v.Name)
}

func valueName(s string) string  { return "%" + nameText(s) }
func symbolName(s string) string { return "@" + nameText(s) }

// nameText is a name as it stands after a sigil: bare when Identifier would not change it,
// otherwise quoted.
func nameText(s string) string {
	if s != "" && Identifier(s) == s {
		return s
	}
	return strconv.Quote(s)
}
