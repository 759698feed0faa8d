package parser

import (
	"maps"
	"slices"
	"strconv"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
)

// resolver makes a module of the syntax tree. Every error is reported; what depends on something
// that could not be resolved is left alone.
type resolver struct {
	options
	diags   *diag.List
	lost    map[string]bool // tokens of statements that did not parse
	aliases map[string]ir.Type
	consts  map[string]*ir.Const
	funcs   map[string]bool
	target  *scalarTree        // where the target was written first
	unsure  map[*ir.Value]bool // values without a type, which an error already explains
	decoded map[*SideTensor]*decoded
	broken  map[*ir.Node]bool // nodes with an error that the verifier would repeat
}

func (r *resolver) errorf(code diag.Code, at diag.Span, subject, format string, args ...any) *diag.Diagnostic {
	return r.diags.Errorf(code, at, subject, format, args...)
}

func (r *resolver) module(file string, t *fileTree) *ir.Module {
	r.aliases, r.consts = make(map[string]ir.Type), make(map[string]*ir.Const)
	r.funcs, r.unsure, r.broken = make(map[string]bool), make(map[*ir.Value]bool), make(map[*ir.Node]bool)
	r.decoded = make(map[*SideTensor]*decoded)
	m := &ir.Module{File: file}
	if v, err := strconv.Atoi(t.Version.Text); err != nil || v != ir.FormatVersion {
		r.errorf("P003", tokenSpan(t.Version.Pos, t.Version.Text), "", "the text has version %s; this amctc reads version %d", t.Version.Text, ir.FormatVersion)
		return m
	}
	for _, d := range t.Decls {
		if d.Alias != nil {
			r.alias(d.Alias)
		}
	}
	for _, d := range t.Decls {
		if d.Const == nil {
			continue
		}
		if c := r.constant(d.Const); c != nil {
			m.Consts = append(m.Consts, c)
			if r.consts[c.Name] == nil {
				r.consts[c.Name] = c
			}
		}
	}
	for _, d := range t.Decls {
		if d.Func != nil {
			m.Funcs = append(m.Funcs, r.function(m, d.Func))
		}
	}
	return m
}

// name is a token without its sigil and quotes.
func name(text string) string {
	s := text[1:]
	if s != "" && s[0] == '"' {
		s, _ = strconv.Unquote(s) // the lexer has checked it
	}
	return s
}

// suggest adds the nearest candidate as a note, for as many diagnostics as are shown: candidates are
// listed only then.
func (r *resolver) suggest(d *diag.Diagnostic, name, sigil string, candidates func() []string) {
	if r.diags.Len() > diag.Cap {
		return
	}
	if s := diag.Suggest(name, candidates()); s != "" {
		d.Note(diag.Span{}, "did you mean %s?", sigil+s)
	}
}

// words are candidates that are known beforehand.
func words(w ...string) func() []string { return func() []string { return w } }

// keys are the keys of a map as candidates.
func keys[T any](m map[string]T) func() []string {
	return func() []string { return slices.Sorted(maps.Keys(m)) }
}

func (r *resolver) function(m *ir.Module, t *funcTree) *ir.Func {
	f := &ir.Func{Name: name(t.Name.Text)}
	if r.funcs[f.Name] {
		r.errorf("P019", t.Name.span(), t.Name.Text, "function is defined twice")
	}
	r.funcs[f.Name] = true
	r.funcAttrs(m, f, t)
	values := make(map[string]*ir.Value)
	define := func(tok *valueTok, typ *tensorTree) *ir.Value {
		v := &ir.Value{Name: name(tok.Text), Span: tok.span()}
		ok := typ != nil
		if ok {
			v.Type, ok = r.tensor(typ)
		}
		r.unsure[v] = !ok
		if values[v.Name] == nil {
			values[v.Name] = v
		}
		return v
	}
	for _, p := range t.Params {
		f.Params = append(f.Params, define(&p.Name, &p.Type))
	}
	// Results of all nodes first: a use before the definition is the verifier's to report.
	for _, nt := range t.Nodes {
		n := &ir.Node{Span: nt.Op.span()}
		for i, tok := range nt.Results {
			var typ *tensorTree
			if i < len(nt.Types) {
				typ = nt.Types[i]
			}
			v := define(tok, typ)
			v.Def = n
			n.Results = append(n.Results, v)
		}
		if len(nt.Results) != len(nt.Types) {
			r.errorf("P015", nt.Results[0].span(), nt.Op.Text, "%d results but %d types", len(nt.Results), len(nt.Types))
		}
		f.Nodes = append(f.Nodes, n)
	}
	kept := f.Nodes[:0]
	for i, nt := range t.Nodes {
		if r.node(f.Nodes[i], nt, values) {
			kept = append(kept, f.Nodes[i])
		}
	}
	f.Nodes = kept
	r.results(f, t, values)
	return f
}

func (r *resolver) funcAttrs(m *ir.Module, f *ir.Func, t *funcTree) {
	seen := make(map[string]bool)
	for _, a := range t.Attrs {
		key := a.Key.Text
		if seen[key] {
			r.errorf("P016", a.Key.span(), t.Name.Text, "attribute %s is written twice", key)
		}
		seen[key] = true
		s := a.Value.Scalar
		switch {
		case key == "stage" && s != nil && s.Word != "":
			stage, ok := ir.ParseStage(s.Word)
			if !ok {
				d := r.errorf("P018", s.span(), t.Name.Text, "there is no stage %s", s.Word)
				r.suggest(d, s.Word, "", stageNames)
			}
			f.Stage = stage
		case key == "target" && s != nil && s.String != "":
			target, _ := strconv.Unquote(s.String)
			if r.target != nil && target != m.Target {
				r.errorf("P018", s.span(), t.Name.Text, "target %q, but another function has %q: a module has one target", target, m.Target).
					Note(r.target.span(), "the other stands here")
				break
			}
			m.Target, r.target = target, s
		case key == "stage":
			r.errorf("P018", a.Value.span(), t.Name.Text, "stage is a word: float, observed, fake, int or target")
		case key == "target":
			r.errorf("P018", a.Value.span(), t.Name.Text, "target is a string")
		default:
			d := r.errorf("P018", a.Key.span(), t.Name.Text, "functions have no attribute %s", key)
			r.suggest(d, key, "", words("stage", "target"))
		}
	}
}

func stageNames() (names []string) {
	for s := ir.StageFloat; s <= ir.StageTarget; s++ {
		names = append(names, s.String())
	}
	return names
}

// node fills in n; ok is false when the operator is unknown.
func (r *resolver) node(n *ir.Node, t *nodeTree, values map[string]*ir.Value) bool {
	for i, s := range t.Loc {
		s, _ = strconv.Unquote(s)
		if i == 0 {
			n.Name = s
		}
		if i > 0 || s != "" {
			n.From = append(n.From, s)
		}
	}
	for _, o := range t.Operands {
		n.Operands = append(n.Operands, r.operand(o, values))
	}
	n.Op = r.ops.Lookup(t.Op.Text)
	if n.Op == nil {
		d := r.errorf("P014", t.Op.span(), "", "there is no operator %s", t.Op.Text)
		r.suggest(d, t.Op.Text, "", r.ops.Names)
		return false
	}
	for _, a := range t.Attrs {
		if _, twice := n.Attrs.Get(a.Key.Text); twice {
			r.errorf("P016", a.Key.span(), n.Subject(), "attribute %s is written twice", a.Key.Text)
			continue
		}
		v, ok := r.attr(n, a)
		if !ok {
			r.broken[n] = true
			continue
		}
		n.Attrs = append(n.Attrs, ir.Attr{Name: a.Key.Text, Value: v})
	}
	return true
}

// operand finds a value; one that does not exist is reported and replaced by an unsure one.
func (r *resolver) operand(t *operandTree, values map[string]*ir.Value) *ir.Value {
	missing := &ir.Value{Span: t.span()}
	r.unsure[missing] = true
	if t.Symbol != nil {
		text := t.Symbol.Text
		missing.Name = name(text)
		if c := r.consts[missing.Name]; c != nil {
			return c.Value()
		}
		if !r.lost[text] {
			d := r.errorf("P012", t.span(), "", "there is no constant %s", text)
			r.suggest(d, missing.Name, "@", keys(r.consts))
		}
		return missing
	}
	text := t.Value.Text
	missing.Name = name(text)
	if v := values[missing.Name]; v != nil {
		return v
	}
	if !r.lost[text] {
		d := r.errorf("P013", t.span(), "", "there is no value %s", text)
		r.suggest(d, missing.Name, "%", keys(values))
	}
	return missing
}

func (r *resolver) results(f *ir.Func, t *funcTree, values map[string]*ir.Value) {
	for _, o := range t.Return.Values {
		f.Results = append(f.Results, r.operand(o, values))
	}
	at := tokenSpan(t.Return.Pos, t.Return.Word)
	if len(t.Types) != len(f.Results) {
		r.errorf("P017", at, t.Name.Text, "returns %d values, but the signature has %d", len(f.Results), len(t.Types)).Note(t.Name.span(), "the signature stands here")
		return
	}
	for i, tt := range t.Types {
		want, ok := r.tensor(tt)
		v := f.Results[i]
		if ok && !r.unsure[v] && !want.Equal(v.Type) {
			r.errorf("P017", t.Return.Values[i].span(), t.Name.Text, "result %d is %s, but the signature says %s", i, v.Type, want)
		}
	}
}

// verifyNodes checks, in a module with errors, what the errors have left whole.
func (r *resolver) verifyNodes(m *ir.Module) {
	for _, c := range m.Consts {
		if !r.unsure[c.Value()] {
			r.unsure[c.Value()] = !ir.VerifyConst(c, r.diags)
		}
	}
	for _, f := range m.Funcs {
		for _, v := range f.Values() {
			if !r.unsure[v] {
				r.unsure[v] = !ir.VerifyType(v.Type, v.Span, "%"+v.Name, r.diags)
			}
		}
		for _, n := range f.Nodes {
			if !r.broken[n] && !slices.ContainsFunc(append(slices.Clone(n.Operands), n.Results...), func(v *ir.Value) bool { return r.unsure[v] }) {
				ir.VerifyNode(n, r.diags)
			}
		}
	}
}

// attr gives the Go value of an attribute in the kind that the operator declares. A name or a kind
// that does not fit is reported where it stands, under the code that the verifier has for it.
func (r *resolver) attr(n *ir.Node, t *attrTree) (any, bool) {
	i := slices.IndexFunc(n.Op.Attrs, func(d ir.AttrDef) bool { return d.Name == t.Key.Text })
	if i < 0 {
		names := make([]string, len(n.Op.Attrs))
		for i, d := range n.Op.Attrs {
			names[i] = d.Name
		}
		d := r.errorf("V003", t.Key.span(), n.Subject(), "there is no attribute %q", t.Key.Text)
		r.suggest(d, t.Key.Text, "", words(names...))
		return nil, false
	}
	kind := n.Op.Attrs[i].Kind
	if !t.Value.fits(kind) {
		r.errorf("V004", t.Value.span(), n.Subject(), "attribute %s must be of kind %s", t.Key.Text, kind)
		return nil, false
	}
	switch s := t.Value.Scalar; kind {
	case ir.AttrInts:
		return all(t.Value.List.Items, func(s *scalarTree) (int, bool) { return r.integer(n.Subject(), s) })
	case ir.AttrFloats:
		return all(t.Value.List.Items, func(s *scalarTree) (float32, bool) { return r.float(n.Subject(), s) })
	case ir.AttrInt:
		return r.integer(n.Subject(), s)
	case ir.AttrFloat:
		return r.float(n.Subject(), s)
	case ir.AttrBool:
		return s.Word == "true", true
	default:
		v, err := strconv.Unquote(s.String)
		return v, err == nil
	}
}

// fits says whether what is written can be a value of the kind.
func (t *valueTree) fits(k ir.AttrKind) bool {
	if k == ir.AttrInts || k == ir.AttrFloats {
		return t.List != nil && !slices.ContainsFunc(t.List.Items, func(s *scalarTree) bool {
			return !s.isNumber() || k == ir.AttrInts && s.Int == ""
		})
	}
	s := t.Scalar
	switch {
	case s == nil:
		return false
	case k == ir.AttrInt:
		return s.Int != ""
	case k == ir.AttrFloat:
		return s.isNumber()
	case k == ir.AttrBool:
		return s.Word == "true" || s.Word == "false"
	}
	return s.String != ""
}

// isNumber says whether the scalar is a number, or a word of the text form that stands for one.
func (t *scalarTree) isNumber() bool {
	return t.Int != "" || t.Float != "" || t.Word == "inf" || t.Word == "nan"
}

// all converts every item, so that every error is reported.
func all[T any](items []*scalarTree, convert func(*scalarTree) (T, bool)) (any, bool) {
	out, ok := make([]T, len(items)), true
	for i, s := range items {
		v, good := convert(s)
		out[i], ok = v, ok && good
	}
	return out, ok
}

func (r *resolver) integer(subject string, s *scalarTree) (int, bool) {
	v, ok := r.bounded(subject, s, -1<<53, 1<<53)
	return int(v), ok
}

// bounded reads an integer between lo and hi.
func (r *resolver) bounded(subject string, s *scalarTree, lo, hi int64) (int64, bool) {
	if s.Int == "" {
		r.errorf("P011", s.span(), subject, "%s is not an integer", s.text())
		return 0, false
	}
	v, err := strconv.ParseInt(s.Int, 10, 64)
	if err != nil || v < lo || v > hi {
		r.errorf("P011", s.span(), subject, "%s lies outside the range %d to %d", s.Int, lo, hi)
		return 0, false
	}
	return v, true
}

// float reads a float32; inf, -inf and nan are words of the text form.
func (r *resolver) float(subject string, s *scalarTree) (float32, bool) {
	v, ok := r.real(subject, s, 32)
	return float32(v), ok
}

// real is a number of so many bits.
func (r *resolver) real(subject string, s *scalarTree, bits int) (float64, bool) {
	text := s.Int + s.Float + s.Word
	if !s.isNumber() {
		r.errorf("P011", s.span(), subject, "%s is not a number", s.text())
		return 0, false
	}
	v, err := strconv.ParseFloat(text, bits)
	if err != nil {
		r.errorf("P011", s.span(), subject, "%s lies outside the range of float%d", text, bits)
		return 0, false
	}
	return v, true
}
