package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func fake(name, figure string, pass bool, err error) row {
	return row{name: name, what: "what " + name, required: "a \\| b", measure: func(context.Context, *bench) (string, bool, error) { return figure, pass, err }}
}

// TestTable holds that rows which are not measured again keep their figure, and that failing,
// unmeasured and never measured rows are not passed over.
func TestTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures.md")
	measure := func(rows []row, only string) (bool, string) {
		t.Helper()
		var out bytes.Buffer
		ok, err := measureAll(t.Context(), &bench{}, rows, path, func(r *row) bool { return regexp.MustCompile(only).MatchString(r.name) }, &out)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return ok, string(text)
	}
	ok, text := measure([]row{fake("a", "1 | 2", true, nil), fake("b", "x", false, nil)}, "a")
	if !ok || !strings.Contains(text, `| a | what a | a \| b | 1 \| 2 | pass |`) || !strings.Contains(text, "| b | what b | a \\| b | not measured: not asked for | not measured |") {
		t.Errorf("never measured row b: ok %v\n%s", ok, text)
	}
	ok, text = measure([]row{fake("a", "unused", false, nil), fake("b", "fine\nhere", true, nil)}, "^b$")
	if !ok || !strings.Contains(text, `1 \| 2 | pass`) || !strings.Contains(text, "| fine here | pass |") {
		t.Errorf("kept row a: ok %v\n%s", ok, text)
	}
	ok, text = measure([]row{fake("a", "", false, errors.New("no data")), fake("b", "fine", true, nil)}, "")
	if ok || !strings.Contains(text, "not measured: no data | FAIL") {
		t.Errorf("a row without data: ok %v\n%s", ok, text)
	}
	if _, err := measureAll(t.Context(), &bench{}, rows, path, func(*row) bool { return false }, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "agreement") {
		t.Errorf("a choice of no row: %v", err)
	}
}

func TestNames(t *testing.T) {
	seen := make(map[string]bool)
	for _, r := range rows {
		if seen[r.name] || r.name == "" || r.what == "" || r.required == "" || r.measure == nil {
			t.Errorf("row %q", r.name)
		}
		seen[r.name] = true
		if strings.Contains(strings.ReplaceAll(r.what+r.required, `\|`, ""), "|") {
			t.Errorf("row %q would break the table", r.name)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-only", "("}, {"row"}, {"-nonsense"}} {
		var diag bytes.Buffer
		if code := run(t.Context(), args, &bytes.Buffer{}, &diag); code != 2 || diag.Len() == 0 {
			t.Errorf("%q: exit code %d, said %q", args, code, diag.String())
		}
	}
}

func TestMissingData(t *testing.T) {
	b := &bench{root: t.TempDir()}
	if _, err := b.data("ort/libonnxruntime.so", "ort"); err == nil || !strings.Contains(err.Error(), "go run ./testdata/fetch -ort") {
		t.Error(err)
	}
}

func TestFailures(t *testing.T) {
	said := "ok  \texample.org/a\t0.1s\n--- FAIL: TestX (0.00s)\n    x.go:1: no\nFAIL\nFAIL\texample.org/b\t0.2s\nFAIL\n"
	if got := failures([]byte(said)); got != "TestX, example.org/b" {
		t.Errorf("%q", got)
	}
	if got := failures([]byte("ok\n")); got != "" {
		t.Errorf("%q", got)
	}
}
