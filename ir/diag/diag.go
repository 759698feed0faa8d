// Package diag holds places in text, numbered diagnostics, and how they are rendered.
package diag

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in a file. Line and Col count from 1; Col counts runes. The zero Pos is unknown.
type Pos struct{ Offset, Line, Col int }

// Span is a stretch of a file, or of a model that has no text: then File names the model and
// Node the operator, and the positions are zero.
type Span struct {
	File       string
	Node       string
	Start, End Pos
}

// String is file:line:col, or file:node for a place without text.
func (s Span) String() string {
	switch {
	case s.Start.Line > 0:
		return fmt.Sprintf("%s:%d:%d", s.File, s.Start.Line, s.Start.Col)
	case s.Node != "" && s.File != "":
		return s.File + ":" + s.Node
	case s.Node != "":
		return s.Node
	}
	return s.File
}

// Severity orders diagnostics by weight.
type Severity uint8

// The severities.
const (
	Error Severity = iota
	Warning
	Remark
)

func (s Severity) String() string { return [...]string{"error", "warning", "remark"}[s] }

// Code is a stable number such as "V021"; Explain documents each one.
type Code string

// Note adds a fact, optionally at its own place.
type Note struct {
	Span    Span
	Message string
}

// Diagnostic is one finding. Message is one line, lower case, without full stop.
type Diagnostic struct {
	Severity Severity
	Code     Code
	Span     Span
	Subject  string // operator, node or key the message is about; may be empty
	Message  string
	Notes    []Note
}

// Errorf makes an error diagnostic.
func Errorf(code Code, span Span, subject, format string, args ...any) *Diagnostic {
	return &Diagnostic{Severity: Error, Code: code, Span: span, Subject: subject, Message: fmt.Sprintf(format, args...)}
}

// Note appends a note and returns d.
func (d *Diagnostic) Note(span Span, format string, args ...any) *Diagnostic {
	d.Notes = append(d.Notes, Note{Span: span, Message: fmt.Sprintf(format, args...)})
	return d
}

// Error is the first line: place, severity, code, subject, message.
func (d *Diagnostic) Error() string {
	var b strings.Builder
	if p := d.Span.String(); p != "" {
		b.WriteString(p + ": ")
	}
	fmt.Fprintf(&b, "%s[%s]: ", d.Severity, d.Code)
	if d.Subject != "" {
		b.WriteString(d.Subject + ": ")
	}
	b.WriteString(d.Message)
	return b.String()
}

// Cap is how many diagnostics a List renders.
const Cap = 20

// List collects diagnostics. The zero List is empty and usable.
type List struct{ items []*Diagnostic }

// Add appends d; nil is ignored.
func (l *List) Add(d *Diagnostic) {
	if d != nil {
		l.items = append(l.items, d)
	}
}

// Errorf adds an error.
func (l *List) Errorf(code Code, span Span, subject, format string, args ...any) *Diagnostic {
	d := Errorf(code, span, subject, format, args...)
	l.Add(d)
	return d
}

// Append adds all of m.
func (l *List) Append(m *List) {
	if m != nil {
		l.items = append(l.items, m.items...)
	}
}

// Len is the number of diagnostics.
func (l *List) Len() int { return len(l.items) }

// HasErrors says whether any item is an error.
func (l *List) HasErrors() bool {
	return slices.ContainsFunc(l.items, func(d *Diagnostic) bool { return d.Severity == Error })
}

// Sorted is the list by place, duplicates removed.
func (l *List) Sorted() []*Diagnostic {
	s := slices.Clone(l.items)
	slices.SortStableFunc(s, func(a, b *Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Span.File, b.Span.File), cmp.Compare(a.Span.Start.Offset, b.Span.Start.Offset))
	})
	return slices.CompactFunc(s, func(a, b *Diagnostic) bool { return a.Error() == b.Error() })
}

// Err is nil when the list holds no error, otherwise the list itself.
func (l *List) Err() error {
	if l == nil || !l.HasErrors() {
		return nil
	}
	return l
}

// Error renders the first lines, at most Cap of them.
func (l *List) Error() string {
	var b strings.Builder
	s := l.Sorted()
	for i, d := range s {
		if i == Cap {
			fmt.Fprintf(&b, "\n… and %d more", len(s)-Cap)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(d.Error())
	}
	return b.String()
}

// Source finds the text of a file, so that Render can quote the line; it may be nil.
type Source func(file string) (text string, ok bool)

// Render writes every diagnostic with the quoted line, a caret and the notes.
func (l *List) Render(src Source) string {
	var b strings.Builder
	s := l.Sorted()
	for i, d := range s {
		if i == Cap {
			fmt.Fprintf(&b, "… and %d more\n", len(s)-Cap)
			break
		}
		b.WriteString(d.Render(src))
	}
	return b.String()
}

// Render is one diagnostic with the quoted line, a caret and the notes.
func (d *Diagnostic) Render(src Source) string {
	var b strings.Builder
	b.WriteString(d.Error() + "\n")
	quote(&b, d.Span, src)
	for _, n := range d.Notes {
		b.WriteString("  note: ")
		if p := n.Span.String(); p != "" {
			b.WriteString(p + ": ")
		}
		b.WriteString(n.Message + "\n")
	}
	return b.String()
}

func quote(b *strings.Builder, s Span, src Source) {
	if src == nil || s.Start.Line == 0 {
		return
	}
	text, ok := src(s.File)
	if !ok {
		return
	}
	lines := strings.Split(text, "\n")
	if s.Start.Line > len(lines) {
		return
	}
	line := []rune(strings.ReplaceAll(strings.TrimSuffix(lines[s.Start.Line-1], "\r"), "\t", " "))
	const width = 160
	shown, col := line, s.Start.Col
	if len(shown) > width {
		from := max(0, min(col-width/2, len(shown)-width))
		shown, col = shown[from:from+width], col-from
	}
	n := 1
	if s.End.Line == s.Start.Line && s.End.Col > s.Start.Col {
		n = min(s.End.Col-s.Start.Col, max(1, len(shown)-col+1))
	}
	num := fmt.Sprintf("%5d", s.Start.Line)
	fmt.Fprintf(b, "%s | %s\n", num, string(shown))
	fmt.Fprintf(b, "%s | %s%s\n", strings.Repeat(" ", len(num)), strings.Repeat(" ", max(0, col-1)), strings.Repeat("^", max(1, n)))
}

// MarshalJSON is the machine form of one diagnostic.
func (d *Diagnostic) MarshalJSON() ([]byte, error) {
	type note struct {
		Place   string `json:"place,omitempty"`
		Message string `json:"message"`
	}
	var notes []note
	for _, n := range d.Notes {
		notes = append(notes, note{n.Span.String(), n.Message})
	}
	return json.Marshal(struct {
		Severity string `json:"severity"`
		Code     Code   `json:"code"`
		Place    string `json:"place,omitempty"`
		Subject  string `json:"subject,omitempty"`
		Message  string `json:"message"`
		Notes    []note `json:"notes,omitempty"`
	}{d.Severity.String(), d.Code, d.Span.String(), d.Subject, d.Message, notes})
}

// Suggest is the candidate nearest to name by edit distance, or "" when none is near: a third of
// name's bytes, but at least one and at most eight, may be inserted, deleted or changed, or two
// neighbours exchanged.
func Suggest(name string, candidates []string) string {
	best, limit := "", min(max(1, (len(name)+1)/3), 8)
	for _, c := range candidates {
		if d := distance(name, c, limit); d <= limit {
			best, limit = c, d-1
		}
	}
	return best
}

// distance is the number of edits that make b of a, or some number above limit when it is larger:
// the optimal string alignment distance.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		cur[0] = i + 1
		least := cur[0]
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(prev[j+1]+1, cur[j]+1, prev[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			cur[j+1] = d
			least = min(least, d)
		}
		if least > limit {
			return limit + 1
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
