package runtime

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"strings"
	"testing"
)

// TestFamilies type-checks what every kernel alone needs, so that no copied package lacks a file
// or declares something unused by the compiler's rules, and checks each file's licence line.
func TestFamilies(t *testing.T) {
	std := importer.ForCompiler(token.NewFileSet(), "source", nil)
	math := check(t, "f32", std, mustSources(t, []string{"SoftmaxF32"}), "f32/")
	imp := importerFunc(func(p string) (*types.Package, error) {
		if p == "example.com/f32" {
			return math, nil
		}
		return std.Import(p)
	})
	if len(Kernels()) < 30 {
		t.Errorf("only %d kernels are indexed: %v", len(Kernels()), Kernels())
	}
	for _, k := range Kernels() {
		files := mustSources(t, []string{k})
		for name, text := range files {
			if !strings.HasPrefix(string(text), "// SPDX-License-Identifier: MIT-0\n\n") {
				t.Errorf("%s does not begin with its licence", name)
			}
		}
		p := check(t, k, imp, files, "rt/")
		if p != nil && p.Scope().Lookup(k) == nil {
			t.Errorf("the files of %s do not declare it", k)
		}
	}
	if _, err := Sources([]string{"Nothing"}, ""); err == nil {
		t.Error("an unknown kernel is accepted")
	}
}

// TestClosure holds that small networks get small packages.
func TestClosure(t *testing.T) {
	files := mustSources(t, []string{"ClipCodes"})
	if len(files) != 3 {
		t.Errorf("ClipCodes alone takes %d files", len(files))
	}
	if _, ok := mustSources(t, []string{"Conv2D"})["rt/gemm.go"]; !ok {
		t.Error("Conv2D comes without gemm.go")
	}
}

func mustSources(t *testing.T, kernels []string) map[string][]byte {
	t.Helper()
	files, err := Sources(kernels, "example.com/f32")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func check(t *testing.T, what string, imp types.Importer, sources map[string][]byte, prefix string) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for name, text := range sources {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		f, err := parser.ParseFile(fset, name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if p := strings.Trim(i.Path.Value, `"`); strings.Contains(p, ".") && p != "example.com/f32" {
				t.Errorf("%s imports %s", name, p)
			}
		}
		files = append(files, f)
	}
	p, err := (&types.Config{Importer: imp, GoVersion: "go1.24"}).Check(path.Base(prefix), fset, files, nil)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return nil
	}
	return p
}

type importerFunc func(string) (*types.Package, error)

func (f importerFunc) Import(p string) (*types.Package, error) { return f(p) }
