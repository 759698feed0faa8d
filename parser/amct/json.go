package amct

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/amctc/amctc/ir/diag"
)

// A jsonValue is a JSON value with its place. v is jsonObject, jsonArray, string, json.Number, bool
// or nil.
type jsonValue struct {
	pos diag.Span
	v   any
}

type jsonObject []jsonMember

type jsonArray []jsonValue

type jsonMember struct {
	key   string
	pos   diag.Span // of the key
	value jsonValue
}

// parseJSON reads one JSON value. Duplicate keys are findings; the first of them stays. A text that
// is not JSON gives one finding and false.
func parseJSON(file string, text []byte, f *findings) (jsonValue, bool) {
	p := newPlaces(file, text)
	if !p.checkUTF8(f) {
		return jsonValue{}, false
	}
	var raw json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		offset := len(text)
		if s := (*json.SyntaxError)(nil); errors.As(err, &s) {
			offset = int(s.Offset) - 1 // Offset counts the offending byte
			if s.Error() == "unexpected end of JSON input" {
				offset = len(text)
			}
		}
		f.add("C001", p.at(offset), "not JSON: %v", err)
		return jsonValue{}, false
	}
	r := jsonReader{dec: json.NewDecoder(bytes.NewReader(text)), places: p, findings: f}
	r.dec.UseNumber()
	r.next()
	return r.value(), true
}

// jsonReader builds the tree of a text that is known to be valid.
type jsonReader struct {
	*findings
	places *places
	dec    *json.Decoder
	tok    json.Token
	pos    diag.Span // of tok
}

// next reads a token. Between tokens there are only white space, commas and colons.
func (r *jsonReader) next() {
	start := int(r.dec.InputOffset())
	tok, err := r.dec.Token()
	if err != nil {
		panic("amct: valid JSON has no next token: " + err.Error())
	}
	text := r.places.text
	for start < len(text) && bytes.IndexByte([]byte(" \t\r\n,:"), text[start]) >= 0 {
		start++
	}
	r.tok, r.pos = tok, r.places.at(start)
}

// value reads the value that starts at tok.
func (r *jsonReader) value() jsonValue {
	v := jsonValue{pos: r.pos, v: r.tok}
	switch r.tok {
	case json.Delim('{'):
		o := jsonObject{}
		seen := make(map[string]bool)
		for r.next(); r.tok != json.Delim('}'); r.next() {
			m := jsonMember{key: r.tok.(string), pos: r.pos}
			r.next()
			m.value = r.value()
			if seen[m.key] {
				r.add("C002", m.pos, "key %q occurs twice", m.key)
				continue
			}
			seen[m.key] = true
			o = append(o, m)
		}
		v.v = o
	case json.Delim('['):
		a := jsonArray{}
		for r.next(); r.tok != json.Delim(']'); r.next() {
			a = append(a, r.value())
		}
		v.v = a
	}
	return v
}

// kind names the type of a value for messages.
func (v jsonValue) kind() string {
	switch v.v.(type) {
	case jsonObject:
		return "an object"
	case jsonArray:
		return "a list"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	}
	return "null"
}
