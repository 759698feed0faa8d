package unfused_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/amctc/amctc/runtime/unfused"
)

// TestFind holds what is found against marks in a text.
func TestFind(t *testing.T) {
	const text = `package p

import "math"

type real float32

type number interface{ ~int32 | ~float32 }

func f(a, b, c float32, d float64, r real, i, j int) (float32, float64) {
	x := a*b + c // found
	x = c + a*b // found
	x = c - (a * b) // found
	x = -(a*b) + c // found
	x = float32(a*b) + c
	x = float32(a*b + c) // found
	x += a * b // found
	x += float32(a * b)
	t := a * b // found
	x = t + c
	x = float32(a * b * c)
	x = a * b * c + x // found
	x = a*b/c + x
	x *= a // found
	r = r*r + r // found
	r = real(r*r) + r
	const k = 2.0 * 3.0
	x = k + a
	x = 2*a + b // found
	i = i*j + i
	d = math.Sqrt(d*d) + d
	d = math.FMA(d, d, d) // found
	d = g(d * d) // found
	if d*d > 1 || a*b == c {
		d = float64(i*j) + d
	}
	d = float64(int(d*d)) + d
	return a * b, d // found
}

func g(x float64) float64 { return x + 1 }

func h[T number](x, y, z T) T { return x*y + z } // found
`
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue), Uses: make(map[*ast.Ident]types.Object)}
	if _, err := (&types.Config{Importer: importer.ForCompiler(fset, "source", nil)}).Check("p", fset, []*ast.File{f}, info); err != nil {
		t.Fatal(err)
	}
	got := make(map[int]bool)
	for _, s := range unfused.Find(fset, []*ast.File{f}, info) {
		var line int
		if _, err := fmt.Sscanf(s, "p.go:%d:", &line); err != nil {
			t.Fatal(s)
		}
		got[line] = true
	}
	for n, l := range strings.Split(text, "\n") {
		if want := strings.HasSuffix(l, "// found"); want != got[n+1] {
			t.Errorf("line %d, %q: found %v", n+1, l, got[n+1])
		}
	}
}

// TestModule holds every package whose numbers reach an output, for each machine that it has parts for.
func TestModule(t *testing.T) {
	imp := compiled(t)
	folders := []string{"runtime/f32", "runtime/rt", "runtime/pack", "ir/op", "ir/interp", "passes", "passes/calib", "passes/stats", "passes/train", "passes/search",
		"codegen/plan", "codegen/exec", "codegen/report", "codegen/diagnose", "codegen/onnx", "target/sim", "target/ascend", "parser/onnx", "parser/dataset", "."}
	root := filepath.Join("..", "..")
	for _, dir := range folders {
		machines := []string{"amd64"}
		if has(t, filepath.Join(root, dir), `_(arm64|other)\.go$`) {
			machines = []string{"amd64", "arm64", "s390x"}
		}
		for _, m := range machines {
			found, err := unfused.Package(filepath.Join(root, dir), "linux", m, imp)
			if err != nil {
				t.Fatalf("%s for %s: %v", dir, m, err)
			}
			for _, s := range found {
				t.Error(s)
			}
		}
	}
}

// compiled imports what the go command has compiled: types are the same for all machines.
func compiled(t *testing.T) types.Importer {
	t.Helper()
	c := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "../..")
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) == 2 {
			files[f[0]] = f[1]
		}
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
}

func has(t *testing.T, dir, pattern string) bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	re := regexp.MustCompile(pattern)
	for _, e := range entries {
		if re.MatchString(e.Name()) {
			return true
		}
	}
	return false
}
