package gogen

import (
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// A scope gives identifiers out, each once.
type scope map[string]bool

// newScope is a scope in which keywords, predeclared names and the given ones are taken.
func newScope(taken ...string) scope {
	s := scope{"_": true}
	for _, n := range types.Universe.Names() {
		s[n] = true
	}
	for _, n := range taken {
		s[n] = true
	}
	return s
}

// pick is want, or want with the smallest number that makes it free.
func (s scope) pick(want string) string {
	name := want
	for i := 2; s[name] || token.IsKeyword(name); i++ {
		if last := want[len(want)-1]; last >= '0' && last <= '9' {
			name = want + "n" + strconv.Itoa(i)
			continue
		}
		name = want + strconv.Itoa(i)
	}
	s[name] = true
	return name
}

// maxName bounds the length of an identifier made of a name from a model.
const maxName = 48

// ident makes a Go identifier of any text: letters and digits of ASCII stay, whatever stands between
// them begins a new word. The first letter is small. Text without a letter or digit gives other.
func ident(text, other string) string {
	var b strings.Builder
	word := false
	for _, c := range text {
		letter, digit := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
		switch {
		case !letter && !digit:
			word = b.Len() > 0
			continue
		case digit && b.Len() == 0:
			b.WriteString(other)
		case b.Len() == 0:
			c |= 'a' - 'A'
		case word && c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		if b.Len() >= maxName {
			break
		}
		b.WriteByte(byte(c))
		word = false
	}
	if b.Len() == 0 {
		return other
	}
	return b.String()
}

// layerIdent is ident for the name of a layer. Exporters name a layer by its path, in which an element
// may begin with the one before: /body/body.0/body.0.1/Conv is body01Conv.
func layerIdent(name string) string {
	parts := strings.Split(name, "/")
	var b strings.Builder
	for i, p := range parts {
		if i+1 < len(parts) && strings.HasPrefix(parts[i+1], p+".") {
			continue
		}
		b.WriteString("/" + p)
	}
	return ident(b.String(), "layer")
}

// exported is an identifier with its first letter made a capital.
func exported(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// oneLine makes text fit for a line comment.
func oneLine(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == 0x2028 || c == 0x2029 {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(text, "?"))
}
