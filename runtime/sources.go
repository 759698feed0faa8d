// Package runtime carries the sources of the kernels, so that the Go emitter can copy those that a
// network needs into its package.
package runtime

import (
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed rt/*.go f32/*.go
var embedded embed.FS

// The import paths of the two packages in this module.
const (
	KernelPath = "github.com/amctc/amctc/runtime/rt"
	MathPath   = "github.com/amctc/amctc/runtime/f32"
)

// A source is one file of package rt.
type source struct {
	text    []byte
	kernels []string // exported functions of which the first parameter is an argument struct
	needs   []string // other files of the package, sorted
	math    bool     // imports MathPath
}

// index reads the files once: which kernels each has and which other files it needs. A method
// lives in the file of its type.
var index = sync.OnceValue(func() map[string]*source {
	files := make(map[string]*source)
	declared := make(map[string]string) // package-level name -> file
	unresolved := make(map[string][]string)
	entries, err := embedded.ReadDir("rt")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		text, err := embedded.ReadFile(path.Join("rt", e.Name()))
		if err != nil {
			panic(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), text, 0)
		if err != nil {
			panic(err)
		}
		s := &source{text: text}
		for _, d := range f.Decls {
			for _, name := range declares(d) {
				declared[name] = e.Name()
			}
			if k := kernelName(d); k != "" {
				s.kernels = append(s.kernels, k)
			}
		}
		for _, i := range f.Imports {
			s.math = s.math || i.Path.Value == `"`+MathPath+`"`
		}
		for _, id := range f.Unresolved {
			unresolved[e.Name()] = append(unresolved[e.Name()], id.Name)
		}
		files[e.Name()] = s
	}
	for name, s := range files {
		for _, id := range unresolved[name] {
			if from, ok := declared[id]; ok && from != name && !slices.Contains(s.needs, from) {
				s.needs = append(s.needs, from)
			}
		}
		slices.Sort(s.needs)
	}
	return files
})

func declares(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}

// kernelName is the name of a declared kernel: an exported function whose first parameter is a
// pointer and whose others are slices.
func kernelName(d ast.Decl) string {
	f, ok := d.(*ast.FuncDecl)
	if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Params.NumFields() < 2 || f.Type.Results != nil {
		return ""
	}
	for i, p := range f.Type.Params.List {
		switch p.Type.(type) {
		case *ast.StarExpr:
			if i != 0 {
				return ""
			}
		case *ast.ArrayType:
			if i == 0 {
				return ""
			}
		default:
			return ""
		}
	}
	return f.Name.Name
}

// Kernels are the names of all kernels, sorted.
func Kernels() []string {
	var out []string
	for _, s := range index() {
		out = append(out, s.kernels...)
	}
	slices.Sort(out)
	return out
}

// Manifest maps every file of package rt to the kernels in it and the files it needs.
func Manifest() map[string]struct{ Kernels, Needs []string } {
	out := make(map[string]struct{ Kernels, Needs []string })
	for name, s := range index() {
		out[name] = struct{ Kernels, Needs []string }{s.kernels, s.needs}
	}
	return out
}

// Sources are the files that the given kernels and the working memory need, by slash-separated
// path: "rt/NAME.go", and "f32/NAME.go" when a kernel uses package f32. Imports of f32 are
// rewritten to mathPath. The error names a kernel that does not exist.
func Sources(kernels []string, mathPath string) (map[string][]byte, error) {
	files := index()
	want := map[string]bool{"doc.go": true, "mem.go": true}
	for _, k := range kernels {
		found := false
		for name, s := range files {
			if slices.Contains(s.kernels, k) {
				want[name], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("runtime/rt has no kernel %q", k)
		}
	}
	for work := slices.Collect(maps.Keys(want)); len(work) > 0; {
		s := files[work[0]]
		work = work[1:]
		for _, n := range s.needs {
			if !want[n] {
				want[n] = true
				work = append(work, n)
			}
		}
	}
	out := make(map[string][]byte)
	math := false
	for name := range want {
		s := files[name]
		text := s.text
		if s.math {
			math = true
			text = []byte(strings.Replace(string(text), `"`+MathPath+`"`, `"`+mathPath+`"`, 1))
		}
		out["rt/"+name] = text
	}
	if math {
		entries, err := embedded.ReadDir("f32")
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), "_test.go") {
				continue
			}
			if out["f32/"+e.Name()], err = embedded.ReadFile("f32/" + e.Name()); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
