package irtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir/irtest"
)

// recorder is a TB that remembers what it was told.
type recorder struct{ said []string }

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, a ...any) {
	r.said = append(r.said, fmt.Sprintf(format, a...))
}
func (r *recorder) Fatalf(format string, a ...any) { r.Errorf(format, a...) }

func TestGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "x.txt")
	var r recorder
	irtest.Golden(&r, path, []byte("a\nb\n"), false)
	if len(r.said) != 1 || !strings.Contains(r.said[0], "-update") {
		t.Errorf("missing file: %q", r.said)
	}
	r = recorder{}
	irtest.Golden(&r, path, []byte("a\nb\n"), true)
	irtest.Golden(&r, path, []byte("a\nb\n"), false)
	if len(r.said) != 0 {
		t.Errorf("after writing: %q", r.said)
	}
	irtest.Golden(&r, path, []byte("a\nc\n"), false)
	if len(r.said) != 1 || !strings.Contains(r.said[0], "-b\n+c\n") {
		t.Errorf("difference: %q", r.said)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "a\nb\n" {
		t.Errorf("the file became %q, %v", b, err)
	}
}

func TestDiffLines(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"", "", ""},
		{"a\nb\nc", "a\nb\nc", ""},
		{"a", "b", "-a\n+b\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9", "1\n2\n3\n4\nx\n6\n7\n8\n9", " ...\n 3\n 4\n-5\n+x\n 6\n 7\n"},
		{"a\nb", "b", "-a\n b\n"},
		{"b", "a\nb", "+a\n b\n"},
		{strings.Repeat("x\n", 5000) + "a", strings.Repeat("x\n", 5000) + "b", "-a\n+b\n ...\n"},
	} {
		if got := irtest.DiffLines(c.a, c.b); got != c.want {
			t.Errorf("DiffLines(%.20q, %.20q) = %q, want %q", c.a, c.b, got, c.want)
		}
	}
}

func TestDiff(t *testing.T) {
	a, b := irtest.Random(3), irtest.Random(3)
	if d := irtest.Diff(a, b); d != "" {
		t.Errorf("the same seed gives other modules:\n%s", d)
	}
	b.Main().Nodes[0].Name += "x"
	if d := irtest.Diff(a, b); !strings.Contains(d, "\n-") || !strings.Contains(d, "\n+") {
		t.Errorf("Diff of two modules is %q", d)
	}
}
