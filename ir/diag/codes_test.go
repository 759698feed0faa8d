package diag_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir/diag"
	amir "github.com/amctc/amctc/parser"
)

// root is the module's folder.
const root = "../.."

var codeForm = regexp.MustCompile(`^[A-Z][0-9]{3}$`)

func TestCatalogueIsWhole(t *testing.T) {
	codes := diag.Codes()
	if !slices.IsSorted(codes) || len(slices.Compact(slices.Clone(codes))) != len(codes) {
		t.Errorf("codes are not sorted and unique: %v", codes)
	}
	for _, c := range codes {
		e, ok := diag.Explain(c)
		if !ok || e.Code != c {
			t.Errorf("%s: Explain gives %v, %v", c, e, ok)
		}
		if !codeForm.MatchString(c) {
			t.Errorf("%q is not a letter and three digits", c)
		}
		if e.Title == "" || strings.HasSuffix(e.Title, ".") {
			t.Errorf("%s: title %q is not a short phrase", c, e.Title)
		}
		for what, s := range map[string]string{"meaning": e.Meaning, "way out": e.WayOut} {
			if !strings.HasSuffix(s, ".") {
				t.Errorf("%s: %s %q is not a sentence", c, what, s)
			}
		}
	}
	for _, bad := range []string{"", "V", "V999", "v001", "A000", "Z999"} {
		if e, ok := diag.Explain(bad); ok || e != (diag.Entry{}) {
			t.Errorf("Explain(%q) = %v, %v", bad, e, ok)
		}
	}
}

// withoutText are codes that no text can have, because the parser reports the fault under another
// one or builds nothing that has it.
var withoutText = []string{"V021", "V022"}

// TestExamples holds that every code of the parser and the verifier has an example, that the example
// has this code, and that it has no other, so that it shows one thing.
func TestExamples(t *testing.T) {
	files, err := os.ReadDir("examples")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if e, ok := diag.Explain(strings.TrimSuffix(f.Name(), ".amir")); !ok || e.Example == "" {
			t.Errorf("examples/%s belongs to no code", f.Name())
		}
	}
	for _, c := range diag.Codes() {
		e, _ := diag.Explain(c)
		switch {
		case c[0] != 'P' && c[0] != 'V' || slices.Contains(withoutText, c):
			if e.Example != "" {
				t.Errorf("%s has an example that nothing runs", c)
			}
		case e.Example == "":
			t.Errorf("%s has no example", c)
		default:
			m, diags := amir.Parse(c+".amir", []byte(e.Example))
			found := diags.Sorted()
			if m != nil || len(found) != 1 || string(found[0].Code) != c {
				t.Errorf("the example of %s gives\n%v", c, diags)
			}
		}
	}
}

// TestCatalogueIsUsed compares the catalogue with the sources: every code that some part of amctc
// reports is documented, and every documented code is reported. A code is a string of its form
// outside of the catalogue; one that a constant is named for counts when the constant is used.
func TestCatalogueIsUsed(t *testing.T) {
	used := usedCodes(t)
	for _, c := range diag.Codes() {
		if used[c] == "" {
			t.Errorf("%s is documented, but nothing reports it", c)
		}
		delete(used, c)
	}
	for c, at := range used {
		t.Errorf("%s: %s is not documented: add it to the catalogue in ir/diag", at, c)
	}
}

// usedCodes gives the place of one use of each code.
func usedCodes(t *testing.T) map[string]string {
	t.Helper()
	used := make(map[string]string)
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch name := d.Name(); {
			case name == "testdata", name == "build", name != ".." && strings.HasPrefix(name, "."):
				return fs.SkipDir
			}
			return scanPackage(fset, path, used)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return used
}

func scanPackage(fset *token.FileSet, dir string, used map[string]string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	constants := make(map[string]string) // code by the constant's name
	references := make(map[string]int)
	for _, name := range names {
		base := filepath.Base(name)
		if strings.HasSuffix(base, "_test.go") || filepath.Base(filepath.Dir(name)) == "diag" && strings.HasPrefix(base, "codes") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		skip := make(map[ast.Node]bool)
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl:
				if n.Tok != token.CONST {
					break
				}
				for _, s := range n.Specs {
					v := s.(*ast.ValueSpec)
					for i, x := range v.Values {
						if c, ok := code(x); ok {
							constants[v.Names[i].Name] = c
							skip[x] = true
							references[v.Names[i].Name]-- // its own declaration
						}
					}
				}
			case *ast.Ident:
				references[n.Name]++
			case *ast.BasicLit:
				if c, ok := code(n); ok && !skip[n] {
					used[c] = fset.Position(n.Pos()).String()
				}
			}
			return true
		})
	}
	for name, c := range constants {
		if references[name] > 0 {
			used[c] = dir + ": " + name
		}
	}
	return nil
}

// code gives the code that an expression spells.
func code(x ast.Expr) (string, bool) {
	l, ok := x.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil && codeForm.MatchString(s)
}
