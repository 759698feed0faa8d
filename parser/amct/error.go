package amct

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// A Pos is a place in a file. Line and Col count from 1, Col in characters. The zero Pos is
// unknown.
type Pos struct {
	File      string
	Line, Col int
}

// String is file:line:col, or the file alone where the line is unknown.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// An Error is one finding in a file. Several are returned as errors.Join of them, in the order of
// their places.
type Error struct {
	Pos Pos
	Msg string
}

func (e *Error) Error() string { return e.Pos.String() + ": " + e.Msg }

// maxErrors bounds the findings of one file.
const maxErrors = 20

// findings collects errors.
type findings struct {
	errs []*Error
}

func (f *findings) add(p Pos, format string, args ...any) {
	f.errs = append(f.errs, &Error{p, fmt.Sprintf(format, args...)})
}

// err joins the findings by place; nil when there are none.
func (f *findings) err() error {
	if len(f.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(f.errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	var out []error
	for i, e := range f.errs {
		if i == maxErrors {
			out = append(out, fmt.Errorf("%s: %d more", e.Pos.File, len(f.errs)-i))
			break
		}
		out = append(out, e)
	}
	return errors.Join(out...)
}

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

func (p *places) at(offset int) Pos {
	offset = max(0, min(offset, len(p.text)))
	i, found := slices.BinarySearch(p.lines, offset)
	if !found {
		i--
	}
	return Pos{p.file, i + 1, utf8.RuneCount(p.text[p.lines[i]:offset]) + 1}
}
