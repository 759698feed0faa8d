package op_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
)

// An evalCase is one call with its expected results. The texts of testdata/eval state them in
// comments: a line "// in NAME: numbers" for each parameter, then "// out NAME: numbers" for each
// result; another "in" begins the next case.
type evalCase struct{ in, out [][]string }

func evalCases(t *testing.T, text string) []evalCase {
	t.Helper()
	var cases []evalCase
	for line := range strings.Lines(text) {
		rest, isIn := strings.CutPrefix(line, "// in ")
		if !isIn {
			var isOut bool
			if rest, isOut = strings.CutPrefix(line, "// out "); !isOut {
				continue
			}
		}
		_, list, ok := strings.Cut(rest, ":")
		if !ok {
			t.Fatalf("no colon in %q", line)
		}
		if isIn && (len(cases) == 0 || len(cases[len(cases)-1].out) > 0) {
			cases = append(cases, evalCase{})
		}
		c := &cases[len(cases)-1]
		if isIn {
			c.in = append(c.in, strings.Fields(list))
		} else {
			c.out = append(c.out, strings.Fields(list))
		}
	}
	return cases
}

// read makes a tensor of numbers; as many samples as they fill a free batch.
func read(t *testing.T, typ ir.Type, words []string) *tensor.Tensor {
	t.Helper()
	x := tensor.New(typ.DType, typ.Bind(len(words)/typ.Elems()).Shape...)
	if x.Len() != len(words) {
		t.Fatalf("%d numbers for %s", len(words), typ)
	}
	for i, w := range words {
		v, err := strconv.ParseFloat(w, 32)
		if err != nil {
			t.Fatal(err)
		}
		if x.DType.IsFloat() {
			x.SetReal(i, v)
		} else {
			x.SetInt(i, int64(v))
		}
	}
	return x
}

// same compares bit for bit, except that any NaN is one.
func same(a, b *tensor.Tensor) bool {
	return a.DType == b.DType && slices.Equal(a.Shape, b.Shape) && slices.Equal(a.I8, b.I8) && slices.Equal(a.I64, b.I64) && slices.Equal(a.F64, b.F64) &&
		slices.EqualFunc(a.F32, b.F32, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y })
}

// TestEvaluation runs the texts of testdata/eval, whose values were found without amctc, on the
// interpreter and on the kernels. Every operator occurs in one.
func TestEvaluation(t *testing.T) {
	files, err := filepath.Glob("../../testdata/eval/*.amir")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	missing := make(map[string]bool)
	for _, n := range op.All().Names() {
		missing[n] = true
	}
	for _, path := range files {
		name := strings.TrimSuffix(filepath.Base(path), ".amir")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			m, diags := parser.Parse(path, text)
			if diags.Len() > 0 {
				t.Fatal(diags)
			}
			f := m.Main()
			for _, n := range f.Nodes {
				if name == n.Op.Name || strings.HasPrefix(name, n.Op.Name+".") {
					delete(missing, n.Op.Name)
				}
			}
			cases := evalCases(t, string(text))
			if len(cases) == 0 {
				t.Fatal("no case")
			}
			for i, c := range cases {
				if len(c.in) != len(f.Params) || len(c.out) != len(f.Results) {
					t.Fatalf("case %d has %d inputs and %d outputs", i, len(c.in), len(c.out))
				}
				var in []*tensor.Tensor
				for k, p := range f.Params {
					in = append(in, read(t, p.Type, c.in[k]))
				}
				for engine, e := range map[string]ir.Engine{"interp": interp.Engine{}, "exec": exec.Engine{}} {
					r, err := e.Prepare(f)
					if err != nil {
						t.Fatalf("%s: %v", engine, err)
					}
					out, err := r.Run(context.Background(), in, nil)
					if err != nil {
						t.Fatalf("%s: %v", engine, err)
					}
					for k, v := range f.Results {
						if want := read(t, v.Type, c.out[k]); !same(out[k], want) {
							t.Errorf("case %d, %s: %%%s is %v%v, want %v%v", i, engine, v.Name, out[k].F32, out[k].I8, want.F32, want.I8)
						}
					}
				}
			}
		})
	}
	for n := range missing {
		t.Errorf("no text of testdata/eval is named for %s", n)
	}
}
