package amct

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/amctc/amctc/ir/diag"
)

// A objectReader reads the objects of a JSON config and remembers where its settings are.
type objectReader struct {
	*findings
	at     spots
	places map[string]string // where each key belongs, for keys found elsewhere
}

// A field reads the value of one key.
type field func(m jsonMember)

// didYouMean names the nearest of the candidates, if one is near.
func didYouMean(name string, candidates []string) string {
	slices.Sort(candidates)
	if near := diag.Suggest(name, candidates); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// unknown reports a key that its object does not have.
func (p *objectReader) unknown(level string, m jsonMember, keys []string) {
	if at, ok := p.places[m.key]; ok {
		p.add("C004", m.pos, "misplaced key %q: it belongs into %s, not into %s", m.key, at, level)
		return
	}
	p.add("C003", m.pos, "unknown key %q in %s%s", clip(m.key), level, didYouMean(m.key, keys))
}

// object reads the members of one object and remembers their places below path.
func (p *objectReader) object(level string, v jsonValue, fields map[string]field, path ...string) {
	o, ok := v.v.(jsonObject)
	if !ok {
		p.add("C005", v.pos, "%s is an object, not %s", level, v.kind())
		return
	}
	for _, m := range o {
		if f := fields[m.key]; f != nil {
			p.at.set(m.value.pos, append(path[:len(path):len(path)], m.key)...)
			f(m)
		} else {
			p.unknown(level, m, slices.Collect(maps.Keys(fields)))
		}
	}
}

// below finds places of the keys of one object.
func (p *objectReader) below(path []string) spot {
	return func(key string) diag.Span { return p.at.get(append(path[:len(path):len(path)], key)...) }
}

func (p *objectReader) wrongType(m jsonMember, want string) {
	p.add("C005", m.value.pos, "%s is %s, not %s", m.key, want, m.value.kind())
}

func (p *objectReader) boolean(m jsonMember) *bool {
	if b, ok := m.value.v.(bool); ok {
		return &b
	}
	p.wrongType(m, "true or false")
	return nil
}

func (p *objectReader) take(to *bool, m jsonMember) {
	if b := p.boolean(m); b != nil {
		*to = *b
	}
}

func (p *objectReader) text(m jsonMember) *string {
	if s, ok := m.value.v.(string); ok {
		return &s
	}
	p.wrongType(m, "a string")
	return nil
}

func (p *objectReader) integer(m jsonMember) *int {
	n, ok := m.value.v.(json.Number)
	if !ok {
		p.wrongType(m, "an integer")
		return nil
	}
	i, err := strconv.ParseInt(n.String(), 10, 32)
	if err != nil {
		p.add("C005", m.value.pos, "%s is an integer of at most 32 bits, not %s", m.key, clip(n.String()))
		return nil
	}
	v := int(i)
	return &v
}

func (p *objectReader) number(key string, v jsonValue) *float64 {
	n, ok := v.v.(json.Number)
	if !ok {
		p.add("C005", v.pos, "%s wants a number, not %s", key, v.kind())
		return nil
	}
	x, err := strconv.ParseFloat(n.String(), 64)
	if err != nil || math.IsInf(x, 0) {
		p.add("C006", v.pos, "%s has the value %s, which is out of the range of numbers", key, clip(n.String()))
		return nil
	}
	return &x
}

// pair reads a range.
func (p *objectReader) pair(m jsonMember) []float64 {
	a, ok := m.value.v.(jsonArray)
	if !ok || len(a) != 2 {
		p.wrongType(m, "a list of two numbers, start and end")
		return nil
	}
	start, end := p.number(m.key, a[0]), p.number(m.key, a[1])
	if start == nil || end == nil {
		return nil
	}
	return []float64{*start, *end}
}
