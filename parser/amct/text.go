package amct

import (
	"strings"
	"unicode/utf8"

	"github.com/amctc/amctc/ir/diag"
)

// A textField is one field of a message in text protobuf, with its place. Fields stay in the order of the
// text, because the second member of a oneof replaces the first. A list gives one field for each of its
// elements.
type textField struct {
	name  string
	pos   diag.Span // of the name
	value textValue
}

// A textValue is a message or a scalar.
type textValue struct {
	pos    diag.Span
	kind   textKind
	text   string // of a scalar; of a string without quotes and escapes
	fields []textField
}

type textKind uint8

const (
	textMessage textKind = iota
	textString
	textNumber
	textName // true, an enumerator, inf
)

func (k textKind) String() string {
	return [...]string{"a message", "a string", "a number", "a name"}[k]
}

// maxTextDepth bounds nested messages; AMCT's go four deep.
const maxTextDepth = 32

// parseText reads text protobuf: fields NAME: SCALAR, NAME { … } and NAME: { … }, the braces < > too,
// lists, strings in either quotes that stand side by side, comments from # to the end of the line, and
// separators between fields. A text of another form gives one finding and false.
func parseText(file string, text []byte, f *findings) (fields []textField, ok bool) {
	r := textReader{places: newPlaces(file, text), text: string(text), findings: f}
	if !r.places.checkUTF8(f) {
		return nil, false
	}
	fields = r.message(0, "")
	return fields, !r.failed
}

// textReader reads ahead by nothing: at is the offset of the next character.
type textReader struct {
	*findings
	places *places
	text   string
	at     int
	failed bool
}

func (r *textReader) fail(at int, format string, args ...any) {
	if !r.failed {
		r.add("C001", r.places.at(at), "not a simplified config: "+format, args...)
	}
	r.failed = true
}

// space skips white space and comments.
func (r *textReader) space() {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case strings.IndexByte(" \t\r\n\v\f", c) >= 0:
			r.at++
		case c == '#':
			for r.at < len(r.text) && r.text[r.at] != '\n' {
				r.at++
			}
		default:
			return
		}
	}
}

// peek is the next character after space, 0 at the end.
func (r *textReader) peek() byte {
	r.space()
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

// take skips the next character when it is c.
func (r *textReader) take(c byte) bool {
	if r.peek() != c || r.at >= len(r.text) {
		return false
	}
	r.at++
	return true
}

// shown is the next token for messages.
func (r *textReader) shown() string {
	if r.space(); r.at >= len(r.text) {
		return "the end of the file"
	}
	_, n := utf8.DecodeRuneInString(r.text[r.at:])
	if w := r.word(); w != "" {
		r.at -= len(w)
		return clip(w)
	}
	return r.text[r.at : r.at+n]
}

func isWordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// word takes letters, digits and underscores.
func (r *textReader) word() string {
	start := r.at
	for r.at < len(r.text) && isWordByte(r.text[r.at]) {
		r.at++
	}
	return r.text[start:r.at]
}

// message reads fields up to the closing character, or the end when there is none.
func (r *textReader) message(depth int, closing string) []textField {
	var out []textField
	if depth > maxTextDepth {
		r.fail(r.at, "messages are nested more than %d deep", maxTextDepth)
	}
	for !r.failed {
		c := r.peek()
		if r.at >= len(r.text) {
			if closing != "" {
				r.fail(r.at, "%s is missing at the end of the file", closing)
			}
			return out
		}
		if closing != "" && c == closing[0] {
			r.at++
			return out
		}
		at := r.at
		name := r.word()
		if name == "" || name[0] >= '0' && name[0] <= '9' {
			r.at = at
			r.fail(at, "want the name of a field, not %s", r.shown())
			return out
		}
		out = r.field(out, depth, name, at)
		if !r.take(',') {
			r.take(';')
		}
	}
	return out
}

// field reads what follows a name, and appends it.
func (r *textReader) field(out []textField, depth int, name string, at int) []textField {
	f := textField{name: name, pos: r.places.at(at)}
	colon := r.take(':')
	if !r.take('[') {
		f.value = r.value(depth, name, colon)
		return append(out, f)
	}
	for !r.failed && !r.take(']') {
		f.value = r.value(depth, name, true)
		if out = append(out, f); !r.take(',') && r.peek() != ']' {
			r.fail(r.at, "want , or ] in the list of %s, not %s", name, r.shown())
		}
	}
	return out
}

func (r *textReader) value(depth int, name string, colon bool) textValue {
	c := r.peek()
	v := textValue{pos: r.places.at(r.at)}
	at := r.at
	switch {
	case c == '{':
		r.at++
		v.fields = r.message(depth+1, "}")
	case c == '<':
		r.at++
		v.fields = r.message(depth+1, ">")
	case !colon:
		r.fail(r.at, "want : or { after %s, not %s", name, r.shown())
	case c == '"' || c == '\'':
		v.kind = textString
		var b strings.Builder
		for c = r.peek(); !r.failed && (c == '"' || c == '\''); c = r.peek() {
			r.quoted(&b)
		}
		v.text = b.String()
	case c == '-' || c == '.' || c >= '0' && c <= '9':
		v.kind = textNumber
		r.number()
		v.text = strings.Join(strings.Fields(r.text[at:r.at]), "")
	default:
		v.kind = textName
		if v.text = r.word(); v.text == "" {
			r.fail(r.at, "want the value of %s, not %s", name, r.shown())
		}
	}
	return v
}

// number takes a sign and what may be a number; its text is judged where it is used. A negative inf or
// nan is a number too.
func (r *textReader) number() {
	if r.text[r.at] == '-' {
		r.at++
		r.space()
	}
	start := r.at
	for r.at < len(r.text) {
		c := r.text[r.at]
		exponent := r.at > start && (c == '-' || c == '+') && strings.IndexByte("eE", r.text[r.at-1]) >= 0
		if c != '.' && !isWordByte(c) && !exponent {
			break
		}
		r.at++
	}
	if r.at == start {
		r.fail(start, "want a number, not %s", r.shown())
	}
}

// quoted takes one string literal.
func (r *textReader) quoted(b *strings.Builder) {
	start, quote := r.at, r.text[r.at]
	for r.at++; ; {
		if r.at >= len(r.text) || r.text[r.at] == '\n' {
			r.fail(start, "a string does not end on its line")
			return
		}
		switch c := r.text[r.at]; c {
		case quote:
			r.at++
			return
		case '\\':
			r.escape(b)
			if r.failed {
				return
			}
		default:
			b.WriteByte(c)
			r.at++
		}
	}
}

// simpleEscapes are the escapes of one letter.
var simpleEscapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'a': 7, 'b': 8, 'f': 12, 'v': 11, '\\': '\\', '\'': '\'', '"': '"', '?': '?'}

// escape takes a backslash and what follows it: a letter, one to three octal or one or two hexadecimal
// digits of a byte, or four or eight of a character.
func (r *textReader) escape(b *strings.Builder) {
	start := r.at
	r.at++
	if r.at >= len(r.text) {
		return // the caller reports the string
	}
	c := r.text[r.at]
	if e, ok := simpleEscapes[c]; ok {
		b.WriteByte(e)
		r.at++
		return
	}
	base, least, most := 8, 1, 3
	switch c {
	case 'x', 'X':
		base, most = 16, 2
	case 'u':
		base, least, most = 16, 4, 4
	case 'U':
		base, least, most = 16, 8, 8
	}
	if base == 16 {
		r.at++
	}
	n, value := 0, 0
	for n < most && r.at < len(r.text) {
		d := strings.IndexByte("0123456789abcdef", lower(r.text[r.at]))
		if d < 0 || d >= base {
			break
		}
		value = value*base + d
		n++
		r.at++
	}
	switch {
	case n < least || least == 1 && value > 0xff || least > 1 && !utf8.ValidRune(rune(value)):
		r.fail(start, "an escape that text protobuf does not know")
	case least == 1:
		b.WriteByte(byte(value))
	default:
		b.WriteRune(rune(value))
	}
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
