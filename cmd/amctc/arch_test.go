package main_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const modulePath = "github.com/amctc/amctc"

// layers is who may import whom within the module. "A, B < C, D;" lets C and D import A, B and all
// that those may import; NONE is nothing of ours. "." is the root package. Every package of the
// module stands on a right-hand side. What is not allowed is forbidden, and the absences matter most:
//
//   - ir names no operator: the graph does not know what it is made of.
//   - target/sim sees neither ir nor runtime/rt nor target/ascend: a simulator that knew the
//     graph, the kernels or the lowering could share a mistake with them. runtime/f32 is the one
//     definition of exp that all engines share on purpose.
//   - runtime/... imports nothing but itself: it is copied into users' programs.
//   - passes never imports codegen: calibration gets its engine as an ir.Engine.
//   - only cmd/amctc imports the root package, and nothing imports cmd/amctc.
//   - nothing outside tests imports ir/irtest, passes/passtest and runtime/unfused, except each other.
const layers = `
	# Leaves.
	NONE < ir/tensor, ir/diag, runtime/f32, runtime/peak, runtime/unfused, runtime, target,
	       parser/dataset, parser/onnx/onnxpb, parser/amct/amctpb, passes/search;
	runtime/f32 < passes/calib, passes/train;

	# The graph, its operators, their meaning.
	ir/tensor, ir/diag < ir;
	ir, runtime/f32 < ir/op;
	ir < ir/interp;
	ir/op < ir/irtest;

	# Files to graphs.
	ir/diag, parser/amct/amctpb < parser/amct;
	ir/op < parser;
	ir/op, parser/onnx/onnxpb, parser/amct < parser/onnx;

	# Graphs to graphs.
	ir/diag, passes/calib < passes/stats;
	ir/op, ir/interp, passes/calib, passes/stats, passes/train < passes;
	passes, ir/irtest < passes/passtest;

	# Kernels, and plans of their calls.
	runtime/f32 < runtime/rt;
	runtime/rt < runtime/pack;
	ir/op, runtime/pack < codegen/plan;
	codegen/plan, ir/interp < codegen/exec;
	codegen/exec, runtime < codegen/gogen; # exec computes what the emitted test expects

	# Target programs.
	ir/op, target < target/ascend;
	runtime/f32, target, ir/tensor, ir/diag < target/sim;

	# Other artefacts, and the comparison of engines.
	ir/op, parser/onnx/onnxpb, parser/amct < codegen/onnx;
	ir, passes/calib, passes/train < codegen/report;
	passes, codegen/report < codegen/diagnose;
	ir/interp, codegen/gogen, target/sim < codegen/agree;

	# Everything in one place, and the command.
	parser, parser/onnx, parser/amct, parser/dataset, passes, codegen/agree, codegen/exec,
	codegen/onnx, codegen/diagnose, target/ascend, runtime/peak, passes/search, passes/stats, passes/train < .;
	., passes/stats, passes/train < cmd/amctc;
`

// thirdParty is where each module we did not write may be seen. Those that are seen nowhere serve tests.
var thirdParty = map[string][]string{
	"github.com/alecthomas/participle/v2":  {"parser"},
	"github.com/dave/jennifer":             {"codegen/gogen"},
	"gonum.org/v1/gonum":                   {"passes/calib"},
	"golang.org/x/sys":                     {"passes/calib"},
	"google.golang.org/protobuf":           {"parser/onnx", "parser/onnx/onnxpb", "parser/amct", "parser/amct/amctpb", "codegen/onnx"},
	"github.com/spf13/cobra":               {"cmd/amctc"},
	"github.com/spf13/pflag":               {"cmd/amctc"},
	"github.com/jedib0t/go-pretty/v6":      {"cmd/amctc"},
	"github.com/schollz/progressbar/v3":    {"cmd/amctc"},
	"golang.org/x/term":                    {"cmd/amctc"},
	"github.com/rogpeppe/go-internal":      {},
	"github.com/google/go-cmp":             {},
	"pgregory.net/rapid":                   {},
	"codeberg.org/sbinet/npyio":            {},
	"golang.org/x/tools":                   {},
	"github.com/nlpodyssey/gopickle":       {},
	"github.com/campoy/embedmd":            {},
	"github.com/pmezard/go-difflib":        {},
	"github.com/inconshreveable/mousetrap": {},
}

// standard are packages of the standard library that only some of ours may import. In all others
// they would be a smell: a compiler that looks around itself gives different bytes on
// different machines.
var standard = map[string][]string{
	"flag":         {},
	"os/exec":      {"codegen/agree", "cmd/amctc"}, // amctc runs the evaluator that the user names
	"os/signal":    {"cmd/amctc"},
	"net":          {},
	"net/http":     {},
	"math/big":     {},
	"math/rand":    {},
	"math/rand/v2": {"ir/irtest", "passes/passtest", "codegen/gogen"}, // with fixed seeds
	"testing":      {},
	"time":         {"passes", "runtime/peak", "codegen/exec", ".", "cmd/amctc", "codegen/agree"},
	"unsafe":       {"runtime/rt", "passes/calib", "parser/onnx/onnxpb", "parser/amct/amctpb"},
}

// environment are the packages that may ask for variables of the environment: the command, and the
// engine that builds generated Go and so has to run the go command.
var environment = []string{"cmd/amctc", "codegen/agree", "runtime/rt"}

// TestImports holds every package of the module against the policy above. It judges files that are
// not tests, whatever their build constraints.
func TestImports(t *testing.T) {
	allowed := parseLayers(t)
	pkgs := packages(t, filepath.Join("..", ".."))
	for _, name := range sorted(allowed) {
		if pkgs[name] == nil {
			t.Errorf("the policy names %s, which does not exist", name)
		}
	}
	for _, name := range sorted(pkgs) {
		p := pkgs[name]
		if strings.HasPrefix(name, "testdata/") {
			// Tools for development. They may import anything; nobody imports them.
			continue
		}
		ours, ok := allowed[name]
		if !ok {
			t.Errorf("package %s is not in the import policy: give it a place in the layers of cmd/amctc/arch_test.go", name)
			continue
		}
		for _, imp := range sorted(p.imports) {
			at := p.imports[imp]
			switch rel, inside := local(imp); {
			case inside:
				if !ours[rel] {
					t.Errorf("%s: %s imports %s, which the policy does not allow", at, name, rel)
				}
			case strings.Contains(strings.Split(imp, "/")[0], "."):
				m, who, known := module(imp)
				if !known {
					t.Errorf("%s: %s imports %s, a module that the policy does not know", at, name, imp)
				} else if !slices.Contains(who, name) {
					t.Errorf("%s: %s imports %s; %s may be seen in %v only", at, name, imp, m, who)
				}
			default:
				if who, some := standard[imp]; some && !slices.Contains(who, name) {
					t.Errorf("%s: %s imports %s, which is for %v only", at, name, imp, who)
				}
			}
		}
		for _, at := range p.environment {
			if !slices.Contains(environment, name) {
				t.Errorf("%s: %s reads the environment, which is for %v only", at, name, environment)
			}
		}
	}
}

// TestNoInit holds the rule that importing a package does nothing: no package has an init function.
// Generated protobuf bindings have.
func TestNoInit(t *testing.T) {
	pkgs := packages(t, filepath.Join("..", ".."))
	for _, name := range sorted(pkgs) {
		if strings.HasSuffix(name, "pb") {
			continue
		}
		for _, at := range pkgs[name].inits {
			t.Errorf("%s: package %s has an init function", at, name)
		}
	}
}

// TestLicenseLines holds that every file which ends up in users' programs says so.
func TestLicenseLines(t *testing.T) {
	for _, dir := range []string{"rt", "f32"} {
		root := filepath.Join("..", "..", "runtime", dir)
		files, err := os.ReadDir(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if path.Ext(f.Name()) != ".go" || strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			data, err := os.ReadFile(filepath.Join(root, f.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(data, []byte("// SPDX-License-Identifier: MIT-0\n")) {
				t.Errorf("runtime/%s/%s does not start with the line \"// SPDX-License-Identifier: MIT-0\"", dir, f.Name())
			}
		}
	}
}

// parseLayers gives for each package those that it may import.
func parseLayers(t *testing.T) map[string]map[string]bool {
	t.Helper()
	var text strings.Builder
	for line := range strings.Lines(layers) {
		if i := strings.Index(line, "#"); i >= 0 {
			line = line[:i]
		}
		text.WriteString(line + " ")
	}
	names := func(s string) (out []string) {
		for n := range strings.SplitSeq(s, ",") {
			out = append(out, strings.TrimSpace(n))
		}
		return out
	}
	allowed := make(map[string]map[string]bool)
	for rule := range strings.SplitSeq(text.String(), ";") {
		if rule = strings.TrimSpace(rule); rule == "" {
			continue
		}
		below, above, ok := strings.Cut(rule, "<")
		if !ok {
			t.Fatalf("import policy: rule %q has no <", rule)
		}
		reach := make(map[string]bool)
		for _, b := range names(below) {
			if b == "NONE" {
				continue
			}
			if allowed[b] == nil {
				t.Fatalf("import policy: %q stands left of < before it stands right", b)
			}
			reach[b] = true
			for x := range allowed[b] {
				reach[x] = true
			}
		}
		for _, a := range names(above) {
			if allowed[a] != nil {
				t.Fatalf("import policy: %q stands right of < twice", a)
			}
			allowed[a] = reach
		}
	}
	return allowed
}

// pkg is what a package's files say about it.
type pkg struct {
	imports     map[string]token.Position
	environment []token.Position
	inits       []token.Position
}

// packages reads every package of the module below root; nested modules and folders without Go
// files are left out.
func packages(t *testing.T, root string) map[string]*pkg {
	t.Helper()
	out := make(map[string]*pkg)
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch base := d.Name(); {
			case file == root:
				return nil
			case strings.HasPrefix(base, "."), strings.HasPrefix(base, "_"), base == "build":
				return fs.SkipDir
			case file == filepath.Join(root, "testdata", "data"):
				return fs.SkipDir
			}
			if _, err := os.Stat(filepath.Join(file, "go.mod")); err == nil {
				return fs.SkipDir
			}
			return nil
		}
		if filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if !strings.HasPrefix(name, "testdata/") && strings.Contains("/"+name+"/", "/testdata/") {
			return nil // expected outputs of other tests
		}
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		p := out[name]
		if p == nil {
			p = &pkg{imports: make(map[string]token.Position)}
			out[name] = p
		}
		p.add(fset, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (p *pkg) add(fset *token.FileSet, f *ast.File) {
	for _, i := range f.Imports {
		imp, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", fset.Position(i.Pos()), err))
		}
		if _, seen := p.imports[imp]; !seen {
			p.imports[imp] = fset.Position(i.Pos())
		}
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			p.inits = append(p.inits, fset.Position(fn.Pos()))
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && x.Name == "os" && slices.Contains([]string{"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Args"}, s.Sel.Name) {
			p.environment = append(p.environment, fset.Position(s.Pos()))
		}
		return true
	})
}

// local gives an import path relative to the module, when it is in it.
func local(imp string) (string, bool) {
	if imp == modulePath {
		return ".", true
	}
	return strings.CutPrefix(imp, modulePath+"/")
}

// module finds the third-party module that an import belongs to.
func module(imp string) (m string, who []string, ok bool) {
	for m, who := range thirdParty {
		if imp == m || strings.HasPrefix(imp, m+"/") {
			return m, who, true
		}
	}
	return "", nil, false
}

func sorted[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
