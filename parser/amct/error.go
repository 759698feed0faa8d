package amct

import (
	"slices"
	"unicode/utf8"

	"github.com/amctc/amctc/ir/diag"
)

// findings collects what is wrong with one file, all of it.
type findings struct {
	list diag.List
}

func (f *findings) add(code diag.Code, at diag.Span, format string, args ...any) {
	f.list.Errorf(code, at, "", format, args...)
}

// err is nil when there are none, and a *diag.List otherwise.
func (f *findings) err() error { return f.list.Err() }

// places turns offsets of a text into positions.
type places struct {
	file  string
	text  []byte
	lines []int // offsets of line starts
}

func newPlaces(file string, text []byte) *places {
	p := &places{file: file, text: text, lines: []int{0}}
	for i, c := range text {
		if c == '\n' {
			p.lines = append(p.lines, i+1)
		}
	}
	return p
}

// at is the place of the character at an offset.
func (p *places) at(offset int) diag.Span {
	offset = max(0, min(offset, len(p.text)))
	i, found := slices.BinarySearch(p.lines, offset)
	if !found {
		i--
	}
	return diag.Span{File: p.file, Start: diag.Pos{Offset: offset, Line: i + 1, Col: utf8.RuneCount(p.text[p.lines[i]:offset]) + 1}}
}

// checkUTF8 reports the first byte that is not part of a character.
func (p *places) checkUTF8(f *findings) bool {
	if utf8.Valid(p.text) {
		return true
	}
	i := 0
	for {
		r, n := utf8.DecodeRune(p.text[i:])
		if r == utf8.RuneError && n <= 1 {
			break
		}
		i += n
	}
	f.add("C001", p.at(i), "the file is not UTF-8 text")
	return false
}

// clip shortens a text for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
