package parser

import (
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"github.com/amctc/amctc/ir/diag"
)

// The kinds of tokens. Space and comments, // to the end of the line, separate tokens and are
// not among them.
const (
	tokIdent  lexer.TokenType = iota + 1 // letters, digits, '_' and '.': const, nn.conv2d, f32
	tokValue                             // %name or %"any name"
	tokSymbol                            // @name
	tokType                              // !name
	tokDims                              // 1x3x8x, ?x10x: dimensions, each with its x
	tokInt                               // -12
	tokFloat                             // 0.5, 1e-05, -inf
	tokString                            // "text", with Go's escapes
	tokArrow                             // ->
	tokPunct                             // one of ( ) < > { } [ ] , : =
)

var tokenKinds = map[string]lexer.TokenType{
	"EOF": lexer.EOF, "Ident": tokIdent, "Value": tokValue, "Symbol": tokSymbol, "Type": tokType, "Dims": tokDims,
	"Int": tokInt, "Float": tokFloat, "String": tokString, "Arrow": tokArrow, "Punct": tokPunct,
}

// definition is the lexer as participle wants it. Characters that start no token are skipped
// without a word: Parse lexes with scan, which reports them, and hands participle the tokens.
type definition struct{}

// Symbols names the kinds of tokens.
func (definition) Symbols() map[string]lexer.TokenType { return tokenKinds }

// Lex reads all of r.
func (definition) Lex(file string, r io.Reader) (lexer.Lexer, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return &tokenList{tokens: scan(file, string(text), new(diag.List))}, nil
}

// tokenList replays tokens.
type tokenList struct {
	tokens []lexer.Token
	at     int
}

// Next is the next token; the last one, EOF, repeats.
func (l *tokenList) Next() (lexer.Token, error) {
	t := l.tokens[l.at]
	if l.at < len(l.tokens)-1 {
		l.at++
	}
	return t, nil
}

// scanner walks through text once.
type scanner struct {
	text  string
	pos   lexer.Position // of the next character
	diags *diag.List
	out   []lexer.Token
}

// scan cuts text into tokens, the last of them EOF. Malformed ones are reported and left out.
func scan(file, text string, diags *diag.List) []lexer.Token {
	s := &scanner{text: text, pos: lexer.Position{Filename: file, Line: 1, Column: 1}, diags: diags}
	for s.pos.Offset < len(text) {
		s.token()
	}
	return append(s.out, lexer.EOFToken(s.pos))
}

// peek is the byte i places ahead, or 0 at the end of the text.
func (s *scanner) peek(i int) byte {
	if i += s.pos.Offset; i < len(s.text) {
		return s.text[i]
	}
	return 0
}

// advance steps over n bytes that hold no line break.
func (s *scanner) advance(n int) string {
	part := s.text[s.pos.Offset : s.pos.Offset+n]
	s.pos.Offset += n
	s.pos.Column += utf8.RuneCountInString(part)
	return part
}

func (s *scanner) emit(kind lexer.TokenType, n int) {
	pos := s.pos
	s.out = append(s.out, lexer.Token{Type: kind, Value: s.advance(n), Pos: pos})
}

// reject reports the next n bytes and steps over them.
func (s *scanner) reject(n int, format string, args ...any) {
	start := s.pos
	s.advance(n)
	s.diags.Errorf("P001", span(start, s.pos), "", format, args...)
}

func (s *scanner) token() {
	c := s.peek(0)
	switch {
	case c == '\n':
		s.pos.Offset++
		s.pos.Line++
		s.pos.Column = 1
	case c == ' ' || c == '\t' || c == '\r':
		s.advance(1)
	case c == '/' && s.peek(1) == '/':
		s.advance(s.line())
	case c == '%':
		s.name(tokValue)
	case c == '@':
		s.name(tokSymbol)
	case c == '!':
		s.name(tokType)
	case isLetter(c):
		s.emit(tokIdent, s.run(0, isNameByte))
	case c == '"':
		s.quoted(tokString, 0)
	case c == '-' && s.peek(1) == '>':
		s.emit(tokArrow, 2)
	case c == '-' || isDigit(c) || c == '?':
		s.number()
	case strings.IndexByte("()<>{}[],:=", c) >= 0:
		s.emit(tokPunct, 1)
	default:
		r, n := utf8.DecodeRuneInString(s.text[s.pos.Offset:])
		s.reject(n, "unexpected character %q", r)
	}
}

// line is the number of bytes up to the next line break.
func (s *scanner) line() int {
	rest := s.text[s.pos.Offset:]
	if i := strings.IndexByte(rest, '\n'); i >= 0 {
		return i
	}
	return len(rest)
}

// run is the number of bytes from place i on for which ok holds.
func (s *scanner) run(i int, ok func(byte) bool) int {
	n := 0
	for ok(s.peek(i + n)) {
		n++
	}
	return n
}

// name takes a sigil and the bare or quoted name behind it. One that should have been quoted is
// reported and taken as if it were, so that it stays one fault.
func (s *scanner) name(kind lexer.TokenType) {
	if s.peek(1) == '"' {
		s.quoted(kind, 1)
		return
	}
	n := s.run(1, isNameByte)
	all := s.run(1, isForeignByte)
	switch c := s.peek(1); {
	case all > n:
		text := s.text[s.pos.Offset+1 : s.pos.Offset+1+all]
		s.substitute(kind, 1+all, strconv.Quote(text), "a name with other characters than letters, digits, '_' and '.' is quoted: %c%s", s.peek(0), strconv.Quote(text))
	case !isLetter(c) && !isDigit(c):
		s.substitute(kind, 1+n, `""`, "a name must follow %q", s.peek(0))
	default:
		s.emit(kind, 1+n)
	}
}

// substitute reports the next n bytes and emits a token with another name in their place.
func (s *scanner) substitute(kind lexer.TokenType, n int, name, format string, args ...any) {
	pos, sigil := s.pos, ""
	if kind != tokString {
		sigil = s.text[pos.Offset : pos.Offset+1]
	}
	s.reject(n, format, args...)
	s.out = append(s.out, lexer.Token{Type: kind, Value: sigil + name, Pos: pos})
}

// quoted takes the string literal that begins i bytes ahead, behind a sigil when i is 1. A malformed
// one is reported and taken as an empty one.
func (s *scanner) quoted(kind lexer.TokenType, i int) {
	end := s.line()
	for n := i + 1; n < end; n++ {
		switch s.peek(n) {
		case '\\':
			n++
		case '"':
			if _, err := strconv.Unquote(s.text[s.pos.Offset+i : s.pos.Offset+n+1]); err != nil {
				s.substitute(kind, n+1, `""`, "malformed string: escapes are those of Go")
				return
			}
			s.emit(kind, n+1)
			return
		}
	}
	s.substitute(kind, end, `""`, "string does not end on its line")
}

// number takes an integer, a float or dimensions.
func (s *scanner) number() {
	if n := s.dims(); n > 0 {
		s.emit(tokDims, n)
		return
	}
	n := 0
	if s.peek(0) == '-' {
		n = 1
		if strings.HasPrefix(s.text[s.pos.Offset+1:], "inf") && !isNameByte(s.peek(4)) {
			s.emit(tokFloat, 4)
			return
		}
	}
	digits := s.run(n, isDigit)
	if digits == 0 {
		s.reject(1, "unexpected character %q", s.peek(0))
		return
	}
	n += digits
	kind := tokInt
	if s.peek(n) == '.' && isDigit(s.peek(n+1)) {
		n += 1 + s.run(n+1, isDigit)
		kind = tokFloat
	}
	if c := s.peek(n); c == 'e' || c == 'E' {
		sign := 0
		if c := s.peek(n + 1); c == '+' || c == '-' {
			sign = 1
		}
		if d := s.run(n+1+sign, isDigit); d > 0 {
			n += 1 + sign + d
			kind = tokFloat
		}
	}
	s.emit(kind, n)
}

// dims is the length of the dimensions ahead; 0 when there are none.
func (s *scanner) dims() int {
	n := 0
	for {
		d := s.run(n, isDigit)
		if d == 0 && s.peek(n) == '?' {
			d = 1
		}
		if d == 0 || s.peek(n+d) != 'x' {
			return n
		}
		n += d + 1
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isNameByte(c byte) bool { return isLetter(c) || isDigit(c) || c == '.' }

// isForeignByte says whether a byte that can't stand in a bare name was probably meant to: not a
// space and none of the text's own marks.
func isForeignByte(c byte) bool { return c > ' ' && strings.IndexByte("()<>{}[],:=\"%@!;#$", c) < 0 }
