package diag

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// at is a span on one line of the file "f".
func at(line, col, end int) Span {
	return Span{File: "f", Start: Pos{Offset: 100*line + col, Line: line, Col: col}, End: Pos{Offset: 100*line + end, Line: line, Col: end}}
}

func TestSpan(t *testing.T) {
	for want, s := range map[string]Span{
		"":           {},
		"f":          {File: "f"},
		"conv1":      {Node: "conv1"},
		"m:conv1":    {File: "m", Node: "conv1"},
		"f:3:7":      at(3, 7, 9),
		"m.onnx:a:0": {File: "m.onnx", Node: "a:0"},
	} {
		if got := s.String(); got != want {
			t.Errorf("%+v is %q, want %q", s, got, want)
		}
	}
}

func TestRender(t *testing.T) {
	text := "first\n\tsecond lïne here\r\nthird"
	source := func(name string) (string, bool) { return text, name == "f" }
	for _, c := range []struct {
		d    *Diagnostic
		want string
	}{
		{Errorf("V001", at(2, 9, 13), "nn.add", "is %d", 7), "f:2:9: error[V001]: nn.add: is 7\n    2 |  second lïne here\n      |         ^^^^\n"},
		{Errorf("V001", at(3, 1, 1), "", "x"), "f:3:1: error[V001]: x\n    3 | third\n      | ^\n"},
		{Errorf("V001", at(3, 4, 99), "", "x"), "f:3:4: error[V001]: x\n    3 | third\n      |    ^^\n"},
		{Errorf("V001", at(3, 6, 6), "", "end"), "f:3:6: error[V001]: end\n    3 | third\n      |      ^\n"},
		{Errorf("V001", at(9, 1, 2), "", "x"), "f:9:1: error[V001]: x\n"},
		{Errorf("V001", Span{File: "g", Start: Pos{Line: 1, Col: 1}}, "", "x"), "g:1:1: error[V001]: x\n"},
		{Errorf("V001", Span{File: "f", Node: "n"}, "s", "x"), "f:n: error[V001]: s: x\n"},
		{Errorf("V001", Span{}, "", "x").Note(Span{}, "why %d", 1).Note(at(1, 2, 3), "here"), "error[V001]: x\n  note: why 1\n  note: f:1:2: here\n"},
		{Errorf("V001", Span{File: "f", Start: Pos{Line: 1, Col: 2}, End: Pos{Line: 3, Col: 1}}, "", "x"), "f:1:2: error[V001]: x\n    1 | first\n      |  ^\n"},
	} {
		got := c.d.Render(source)
		if got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
	if got := Errorf("V001", at(1, 1, 2), "", "x").Render(nil); got != "f:1:1: error[V001]: x\n" {
		t.Errorf("without sources: %q", got)
	}
	var l List
	l.Errorf("V002", at(2, 1, 2), "", "later")
	l.Errorf("V001", at(1, 1, 2), "", "earlier")
	if got := l.Render(source); !strings.HasPrefix(got, "f:1:1: error[V001]: earlier\n    1 | first\n      | ^\nf:2:1: ") {
		t.Errorf("a list renders as\n%s", got)
	}
}

// TestCaretOfWindow places the mark under the character it is about, wherever that is in a long line.
func TestCaretOfWindow(t *testing.T) {
	for _, col := range []int{1, 79, 80, 81, 161, 250, 400} {
		line := []byte(strings.Repeat("x", 400))
		line[col-1] = 'O'
		out := strings.Split(Errorf("V001", at(1, col, col+1), "", "x").Render(func(string) (string, bool) { return string(line), true }), "\n")
		if i := strings.IndexByte(out[2], '^'); i < 0 || out[1][i] != 'O' || len(out[1]) != len("    1 | ")+160 {
			t.Errorf("column %d:\n%s\n%s", col, out[1], out[2])
		}
	}
}

func TestList(t *testing.T) {
	var l List
	if l.Err() != nil || l.HasErrors() || l.Len() != 0 || (*List)(nil).Err() != nil || l.Error() != "" {
		t.Error("an empty list is an error")
	}
	l.Add(nil)
	l.Add(&Diagnostic{Severity: Warning, Code: "I007", Message: "w"})
	if l.Len() != 1 || l.HasErrors() || l.Err() != nil {
		t.Error("a warning is an error")
	}
	var m List
	m.Errorf("V001", at(2, 1, 1), "", "b")
	m.Errorf("V001", at(2, 1, 1), "", "b")
	m.Errorf("V001", at(1, 5, 5), "", "a")
	l.Append(&m)
	l.Append(nil)
	if l.Len() != 4 || l.Err() == nil || l.Error() != "warning[I007]: w\nf:1:5: error[V001]: a\nf:2:1: error[V001]: b" {
		t.Errorf("%d items: %q", l.Len(), l.Error())
	}
	for i := range 30 {
		l.Errorf("V001", at(5+i, 1, 1), "", "%d", i)
	}
	if got := l.Error(); strings.Count(got, "\n") != Cap || !strings.HasSuffix(got, "… and 13 more") {
		t.Errorf("a long list ends in %q", got[len(got)-30:])
	}
	if got := l.Render(nil); strings.Count(got, "\n") != Cap+1 || !strings.HasSuffix(got, "… and 13 more\n") {
		t.Errorf("a long list renders to %d lines", strings.Count(got, "\n"))
	}
}

func TestJSON(t *testing.T) {
	d := Errorf("V001", at(1, 2, 3), "nn.add", "x").Note(at(4, 5, 6), "n")
	b, err := json.Marshal(d)
	if want := `{"severity":"error","code":"V001","place":"f:1:2","subject":"nn.add","message":"x","notes":[{"place":"f:4:5","message":"n"}]}`; err != nil || string(b) != want {
		t.Errorf("got %s, %v", b, err)
	}
	d = &Diagnostic{Severity: Remark, Code: "Q002", Message: "m"}
	if b, err := json.Marshal(d); err != nil || string(b) != `{"severity":"remark","code":"Q002","message":"m"}` {
		t.Errorf("got %s, %v", b, err)
	}
	var err2 error = d
	if fmt.Sprint(err2) != "remark[Q002]: m" {
		t.Errorf("as an error: %v", err2)
	}
}

func TestSuggest(t *testing.T) {
	names := []string{"nn.relu", "nn.clip", "nn.conv2d", "q.conv2d", "min", "max", "stride"}
	for name, want := range map[string]string{
		"nn.rellu": "nn.relu", "nn.reul": "nn.relu", "nn.conv": "nn.conv2d", "conv2d": "q.conv2d", "mxa": "max", "mni": "min", "strides": "stride",
		"": "", "z": "", "nn.quite_another": "", "nn.relu": "nn.relu", strings.Repeat("x", 10000): "",
	} {
		if got := Suggest(name, names); got != want {
			t.Errorf("Suggest(%.20q) = %q, want %q", name, got, want)
		}
	}
	if got := Suggest("x", nil); got != "" {
		t.Errorf("without candidates it is %q", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"ab", "ba", 1}, {"abcd", "acbd", 1}, {"ca", "abc", 3}, {"same", "same", 0}} {
		if got := distance(c.a, c.b, 9); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if c.want > 0 {
			if got := distance(c.a, c.b, c.want-1); got != c.want {
				t.Errorf("distance(%q, %q) under a limit = %d, want %d", c.a, c.b, got, c.want)
			}
		}
	}
}
