package parser

import (
	"math"
	"strconv"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// builtin is how the names of written-out maps begin: !q.i8<...>.
const builtin = "!q."

func (r *resolver) alias(t *aliasTree) {
	text := t.Name.Text
	elem, ok := r.quant(&t.Quant)
	switch {
	case strings.HasPrefix(text, builtin):
		r.errorf("P005", t.Name.span(), "", "%s is a type of the language and can't be an alias", text)
	case r.aliases[text].Quant != nil:
		r.errorf("P005", t.Name.span(), "", "alias %s is defined twice", text)
	case ok:
		r.aliases[text] = elem
	default:
		r.lost[text] = true
	}
}

// tensor resolves a type; the verifier decides whether it can exist.
func (r *resolver) tensor(t *tensorTree) (ir.Type, bool) {
	var out ir.Type
	if t.Plain != nil {
		d, ok := tensor.ParseDType(t.Plain.Text)
		if !ok {
			e := r.errorf("P007", t.Plain.span(), "", "there is no element type %s", t.Plain.Text)
			r.suggest(e, t.Plain.Text, "", words("f32", "i8", "i16", "i32", "i64"))
			e.Note(diag.Span{}, "element types are f32, i8, i16, i32, i64 and quantized ones such as !q.i8<scale=0.5>")
			return out, false
		}
		out.DType = d
	} else {
		var ok bool
		if out, ok = r.quant(t.Quant); !ok {
			return out, false
		}
	}
	shape, ok := r.dims(t.Dims)
	out.Shape = shape
	return out, ok
}

func (r *resolver) dims(t *dimsTok) ([]int, bool) {
	if t == nil {
		return nil, true
	}
	parts := strings.Split(strings.TrimSuffix(t.Text, "x"), "x")
	shape := make([]int, len(parts))
	for i, p := range parts {
		if p == "?" {
			shape[i] = ir.Free
			continue
		}
		d, err := strconv.Atoi(p)
		if err != nil {
			r.errorf("P008", t.span(), "", "dimension %s is too large", p)
			return nil, false
		}
		shape[i] = d
	}
	return shape, true
}

// quant resolves an alias, or a map that is written out, to an element type.
func (r *resolver) quant(t *quantTree) (ir.Type, bool) {
	text := t.Name.Text
	if t.Params == nil {
		elem, ok := r.aliases[text]
		if !ok && !r.lost[text] {
			d := r.errorf("P004", t.Name.span(), "", "there is no type %s", text)
			r.suggest(d, text, "", keys(r.aliases))
		}
		return elem, ok
	}
	dtype, ok := tensor.ParseDType(strings.TrimPrefix(text, builtin))
	if !ok || !strings.HasPrefix(text, builtin) {
		r.errorf("P004", t.Name.span(), "", "there is no type %s with parameters; quantized types are !q.i8<...>, !q.i16<...> and !q.i32<...>", text)
		return ir.Type{}, false
	}
	q := &ir.Quant{Axis: -1, Block: 1}
	q.Min, q.Max = ir.CodeRange(dtype)
	if !r.quantParams(q, t) {
		return ir.Type{}, false
	}
	return ir.Type{DType: dtype, Quant: q}, true
}

func (r *resolver) quantParams(q *ir.Quant, t *quantTree) bool {
	subject := t.Name.Text
	before := r.diags.Len()
	given := make(map[string]*valueTree)
	for _, p := range t.Params {
		key := p.Key.Text
		if given[key] != nil {
			r.errorf("P016", p.Key.span(), subject, "parameter %s is written twice", key)
			continue
		}
		given[key] = &p.Value
		whole := func(lo, hi int64) int64 {
			if p.Value.Scalar == nil {
				r.errorf("P006", p.Value.span(), subject, "%s is one number, not a list", key)
				return lo
			}
			v, _ := r.bounded(subject, p.Value.Scalar, lo, hi)
			return v
		}
		switch key {
		case "axis":
			q.Axis = int(whole(0, 1<<20))
		case "block":
			q.Block = int(whole(1, 1<<40))
		case "min":
			q.Min = int32(whole(math.MinInt32, math.MaxInt32))
		case "max":
			q.Max = int32(whole(math.MinInt32, math.MaxInt32))
		case "scale":
			for _, s := range items(&p.Value) {
				v, _ := r.float(subject, s)
				q.Scale = append(q.Scale, v)
			}
		case "offset":
			for _, s := range items(&p.Value) {
				v, _ := r.bounded(subject, s, math.MinInt32, math.MaxInt32)
				q.Offset = append(q.Offset, int32(v))
			}
		default:
			d := r.errorf("P006", p.Key.span(), subject, "there is no parameter %s", key)
			r.suggest(d, key, "", words("axis", "block", "scale", "offset", "min", "max"))
		}
	}
	if given["scale"] == nil {
		r.errorf("P006", t.Name.span(), subject, "parameter scale is missing")
	}
	for _, key := range []string{"scale", "offset"} {
		v := given[key]
		switch {
		case v == nil:
		case given["axis"] == nil && v.List != nil:
			r.errorf("P006", v.span(), subject, "%s is a list, but there is no axis to which it belongs", key)
		case given["axis"] != nil && v.List == nil:
			r.errorf("P006", v.span(), subject, "%s is one number; with axis it is a list", key)
		}
	}
	if v := given["block"]; v != nil && given["axis"] == nil {
		r.errorf("P006", v.span(), subject, "block needs an axis")
	}
	if given["offset"] == nil {
		q.Offset = make([]int32, len(q.Scale))
	}
	return r.diags.Len() == before
}

func items(v *valueTree) []*scalarTree {
	if v.List != nil {
		return v.List.Items
	}
	return []*scalarTree{v.Scalar}
}
