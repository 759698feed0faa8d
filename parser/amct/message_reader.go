package amct

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A messageReader reads the messages of a text protobuf.
type messageReader struct{ *findings }

// A textHandler reads one field of a message.
type textHandler func(f textField)

// message gives each field to its handler. A field that is not in repeated is read once: text protobuf
// does not have it twice. A oneof member may stand after another one.
func (p *messageReader) message(name string, fields []textField, handlers map[string]textHandler, repeated ...string) {
	seen := make(map[string]bool)
	for _, f := range fields {
		h := handlers[f.name]
		if h == nil {
			p.add("C003", f.pos, "unknown field %q in %s%s", clip(f.name), name, didYouMean(f.name, slices.Collect(maps.Keys(handlers))))
			continue
		}
		if seen[f.name] && !slices.Contains(repeated, f.name) {
			p.add("C002", f.pos, "field %q occurs twice in %s", f.name, name)
			continue
		}
		seen[f.name] = true
		h(f)
	}
}

// sub is the fields of a message, or nil after a finding.
func (p *messageReader) sub(f textField, read func(fields []textField)) {
	if f.value.kind != textMessage {
		p.add("C005", f.value.pos, "%s is a message in braces, not %s", f.name, f.value.kind)
		return
	}
	read(f.value.fields)
}

func (p *messageReader) wrongType(f textField, want string) {
	got := f.value.kind.String()
	if f.value.kind != textMessage {
		got = clip(f.value.text)
	}
	p.add("C005", f.value.pos, "%s is %s, not %s", f.name, want, got)
}

func (p *messageReader) text(f textField) *string {
	if f.value.kind != textString || !utf8.ValidString(f.value.text) {
		p.wrongType(f, "a string of UTF-8 text")
		return nil
	}
	return &f.value.text
}

// boolean reads true, True, t and 1, and their opposites, as text protobuf has them.
func (p *messageReader) boolean(f textField) *bool {
	b := false
	switch v := f.value; {
	case v.kind == textName && slices.Contains([]string{"true", "True", "t"}, v.text), v.kind == textNumber && v.text == "1":
		b = true
	case v.kind == textName && slices.Contains([]string{"false", "False", "f"}, v.text), v.kind == textNumber && v.text == "0":
	default:
		p.wrongType(f, "true or false")
		return nil
	}
	return &b
}

func (p *messageReader) take(to *bool, f textField) {
	if b := p.boolean(f); b != nil {
		*to = *b
	}
}

// integer reads a uint32 that fits int32: no setting is larger.
func (p *messageReader) integer(f textField) *int {
	if n, err := strconv.ParseInt(f.value.text, 0, 32); err == nil && n >= 0 && f.value.kind == textNumber && !strings.Contains(f.value.text, "_") {
		i := int(n)
		return &i
	}
	p.wrongType(f, "an integer that is not negative, of at most 31 bits")
	return nil
}

func (p *messageReader) number(f textField) *float64 {
	t := f.value.text
	if !strings.HasPrefix(strings.ToLower(t), "0x") {
		t = strings.TrimRight(t, "fF")
	}
	x, err := strconv.ParseFloat(t, 64)
	if err != nil || f.value.kind != textNumber || x-x != 0 || strings.Contains(t, "_") {
		p.wrongType(f, "a finite number")
		return nil
	}
	return &x
}

// enum reads an enumerator by its name, or by its number, which counts from 1.
func (p *messageReader) enum(f textField, names ...string) *string {
	t := f.value.text
	if n, err := strconv.Atoi(t); f.value.kind == textName && slices.Contains(names, t) || f.value.kind == textNumber && err == nil && n >= 1 && n <= len(names) {
		return &t
	}
	p.wrongType(f, strings.Join(names, " or "))
	return nil
}
