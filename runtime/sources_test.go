package runtime

import (
	"bytes"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"path"
	"strings"
	"testing"
)

// TestFamilies type-checks what every kernel alone needs, so that no copied package lacks a file
// or declares something unused by the compiler's rules, and checks each file's licence line.
func TestFamilies(t *testing.T) {
	std := importer.ForCompiler(token.NewFileSet(), "source", nil)
	math := check(t, "amd64", "f32", std, mustSources(t, []string{"SoftmaxF32"}), "f32/")
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
		for _, machine := range []string{"amd64", "arm64", "386"} {
			p := check(t, machine, k, imp, files, "rt/")
			if p != nil && p.Scope().Lookup(k) == nil {
				t.Errorf("the files of %s do not declare it for %s", k, machine)
			}
		}
	}
	if _, err := Sources([]string{"Nothing"}, ""); err == nil {
		t.Error("an unknown kernel is accepted")
	}
}

// TestClosure holds that small networks get small packages.
func TestClosure(t *testing.T) {
	files := mustSources(t, []string{"ClipCodes"})
	if len(files) != 13 { // doc, mem with its pages, worker, team, isa with its parts, clipcodes
		t.Errorf("ClipCodes alone takes %d files", len(files))
	}
	files = mustSources(t, []string{"Conv2D"})
	for _, name := range []string{"rt/tiles.go", "rt/tile.go", "rt/tile_amd64.go", "rt/tile_amd64.s", "rt/tile_other.go"} {
		if _, ok := files[name]; !ok {
			t.Errorf("Conv2D comes without %s", name)
		}
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

func check(t *testing.T, machine, what string, imp types.Importer, sources map[string][]byte, prefix string) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	context := build.Default
	context.GOARCH = machine
	context.OpenFile = func(name string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(sources[name])), nil
	}
	var files []*ast.File
	for name, text := range sources {
		if !strings.HasPrefix(name, prefix) || !strings.HasSuffix(name, ".go") {
			continue
		}
		if ok, err := context.MatchFile(path.Split(name)); err != nil {
			t.Fatal(err)
		} else if !ok {
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
