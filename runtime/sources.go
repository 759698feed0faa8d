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

//go:embed rt/*.go rt/*.s f32/*.go
var embedded embed.FS

// The import paths of the two packages in this module.
const (
	KernelPath = "github.com/amctc/amctc/runtime/rt"
	MathPath   = "github.com/amctc/amctc/runtime/f32"
)

// A unit is what belongs together in package rt: a file NAME.go, and the files NAME_*.go and NAME_*.s
// with its parts for one machine.
type unit struct {
	files   map[string][]byte
	kernels []string // see kernelName
	types   []string // exported
	needs   []string // other units, sorted
	math    bool     // imports MathPath
}

// unitOf is the unit of a file.
func unitOf(file string) string {
	name, _, _ := strings.Cut(strings.TrimSuffix(file, path.Ext(file)), "_")
	return name
}

// index reads the files once: which kernels each unit has and which other units it needs. A method
// lives in the unit of its type.
var index = sync.OnceValue(func() map[string]*unit {
	units := make(map[string]*unit)
	declared := make(map[string]string) // package-level name -> unit
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
		name := unitOf(e.Name())
		u := units[name]
		if u == nil {
			u = &unit{files: make(map[string][]byte)}
			units[name] = u
		}
		u.files[e.Name()] = text
		if path.Ext(e.Name()) != ".go" {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), text, 0)
		if err != nil {
			panic(err)
		}
		for _, d := range f.Decls {
			for _, id := range declares(d) {
				declared[id] = name
				if _, ok := d.(*ast.GenDecl); ok && ast.IsExported(id) {
					u.types = append(u.types, id)
				}
			}
			if k := kernelName(d); k != "" {
				u.kernels = append(u.kernels, k)
			}
		}
		for _, i := range f.Imports {
			u.math = u.math || i.Path.Value == `"`+MathPath+`"`
		}
		for _, id := range f.Unresolved {
			unresolved[name] = append(unresolved[name], id.Name)
		}
	}
	for name, u := range units {
		for _, id := range unresolved[name] {
			if from, ok := declared[id]; ok && from != name && !slices.Contains(u.needs, from) {
				u.needs = append(u.needs, from)
			}
		}
		slices.Sort(u.needs)
	}
	return units
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

// kernelName is the name of a declared kernel: an exported function of a worker, a pointer to its
// arguments, and slices.
func kernelName(d ast.Decl) string {
	f, ok := d.(*ast.FuncDecl)
	if !ok || f.Recv != nil || !f.Name.IsExported() || f.Type.Params.NumFields() < 3 || f.Type.Results != nil {
		return ""
	}
	for i, p := range f.Type.Params.List {
		switch t := p.Type.(type) {
		case *ast.StarExpr:
			id, ok := t.X.(*ast.Ident)
			if i > 1 || !ok || (i == 0) != (id.Name == "Worker") {
				return ""
			}
		case *ast.ArrayType:
			if i < 2 {
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

// Manifest maps every unit of package rt to the kernels in it and the units it needs.
func Manifest() map[string]struct{ Kernels, Needs []string } {
	out := make(map[string]struct{ Kernels, Needs []string })
	for name, u := range index() {
		out[name] = struct{ Kernels, Needs []string }{u.kernels, u.needs}
	}
	return out
}

// Sources are the files that the given kernels, or types by name, the workers and the working memory need, by
// slash-separated path: "rt/NAME", and "f32/NAME" when a kernel uses package f32. Imports of f32 are
// rewritten to mathPath. The error names a kernel that does not exist.
func Sources(kernels []string, mathPath string) (map[string][]byte, error) {
	units := index()
	want := map[string]bool{"doc": true, "mem": true, "worker": true, "team": true, "isa": true}
	for _, k := range kernels {
		found := false
		for name, u := range units {
			if slices.Contains(u.kernels, k) || slices.Contains(u.types, k) {
				want[name], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("runtime/rt has no kernel %q", k)
		}
	}
	for work := slices.Collect(maps.Keys(want)); len(work) > 0; {
		u := units[work[0]]
		work = work[1:]
		for _, n := range u.needs {
			if !want[n] {
				want[n] = true
				work = append(work, n)
			}
		}
	}
	out := make(map[string][]byte)
	math := false
	for name := range want {
		u := units[name]
		math = math || u.math
		for file, text := range u.files {
			if u.math {
				text = []byte(strings.Replace(string(text), `"`+MathPath+`"`, `"`+mathPath+`"`, 1))
			}
			out["rt/"+file] = text
		}
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
