package parser_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/parser"
)

// texts calls f for every .amir file of a folder of testdata.
func texts(t *testing.T, folder string, f func(t *testing.T, path, text string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "testdata", folder, "*.amir"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".amir"), func(t *testing.T) { f(t, path, string(b)) })
	}
}

// TestSyntaxFiles compares what is wrong with each text of testdata/parse, as the user sees it.
func TestSyntaxFiles(t *testing.T) {
	seen := make(map[diag.Code]bool)
	texts(t, "parse", func(t *testing.T, path, text string) {
		name := filepath.Base(path)
		m, diags := parser.Parse(name, []byte(text))
		if m != nil {
			t.Fatal("the text has no error")
		}
		for _, d := range diags.Sorted() {
			seen[d.Code] = true
			if d.Span.File != name || d.Span.Start.Line == 0 {
				t.Errorf("%v has no place in the text", d)
			}
		}
		out := diags.Render(func(string) (string, bool) { return text, true })
		irtest.Golden(t, strings.TrimSuffix(path, ".amir")+".txt", []byte(out), update())
	})
	for _, c := range diag.Codes() {
		if c[0] == 'P' && !seen[diag.Code(c)] {
			t.Errorf("no text of testdata/parse has %s", c)
		}
	}
}

// wanted is the form of an expectation: // want V012 "part of the message".
var wanted = regexp.MustCompile(`want ([A-Z][0-9]{3}) ("(?:[^"\\]|\\.)*")`)

// TestVerifierFiles compares what the verifier finds in each text of testdata/verify with the comments
// of the guilty lines. What has no line of its own is expected on the first one.
func TestVerifierFiles(t *testing.T) {
	seen := make(map[diag.Code]bool)
	texts(t, "verify", func(t *testing.T, path, text string) {
		type want struct {
			code diag.Code
			part string
		}
		wants := make(map[int][]want)
		for i, line := range strings.Split(text, "\n") {
			for _, m := range wanted.FindAllStringSubmatch(line, -1) {
				part, err := strconv.Unquote(m[2])
				if err != nil {
					t.Fatalf("line %d: %v", i+1, err)
				}
				wants[i+1] = append(wants[i+1], want{diag.Code(m[1]), part})
			}
		}
		m, diags := parser.Parse(filepath.Base(path), []byte(text))
		if m != nil {
			roundTrip(t, "valid text", m)
		}
		for _, d := range diags.Sorted() {
			seen[d.Code] = true
			line := max(1, d.Span.Start.Line)
			all := d.Subject + ": " + d.Message
			for _, n := range d.Notes {
				all += "\n" + n.Message
			}
			i := slices.IndexFunc(wants[line], func(w want) bool { return w.code == d.Code && strings.Contains(all, w.part) })
			if i < 0 {
				t.Errorf("unexpected: %s", d.Render(nil))
				continue
			}
			wants[line] = slices.Delete(wants[line], i, i+1)
		}
		for line, list := range wants {
			for _, w := range list {
				t.Errorf("line %d: missing %s %q", line, w.code, w.part)
			}
		}
	})
	for _, c := range diag.Codes() {
		if c[0] == 'V' && !seen[diag.Code(c)] && c != "V021" && c != "V022" {
			t.Errorf("no text of testdata/verify has %s", c)
		}
	}
}

// TestMainIsFound reads a text with several functions.
func TestMainIsFound(t *testing.T) {
	m, diags := parser.Parse("m.amir", []byte("amir 1\n\nfunc @a(%x: tensor<1xf32>) -> (tensor<1xf32>) {\n  return %x\n}\n\nfunc @main(%x: tensor<1xf32>) -> (tensor<1xf32>) {\n  return %x\n}\n"))
	if diags.HasErrors() || m.Main() == nil || m.Main().Name != "main" || m.Main().Stage != ir.StageFloat {
		t.Errorf("%v, %v", m, diags)
	}
}
