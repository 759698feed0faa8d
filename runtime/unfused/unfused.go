// Package unfused finds float products that a compiler may fuse with a sum. Go allows x*y + z to be rounded once, on
// machines that can, and forbids it only for a product that an explicit conversion rounds: float32(x*y) + z. An assignment
// or a call forbids nothing. Results that have to be the same bytes everywhere need the conversion; tests of
// packages whose numbers matter call Find.
package unfused

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
)

// Find lists the places where a product of floats, or a float64 constant times one, is not rounded by a conversion
// before a sum, or anything that may become one, can see it. Products that a product, a quotient, a comparison, a
// conversion or a function of package math takes are no part of a sum.
func Find(fset *token.FileSet, files []*ast.File, info *types.Info) (found []string) {
	for _, f := range files {
		var path []ast.Node
		ast.Inspect(f, func(n ast.Node) bool {
			if n == nil {
				path = path[:len(path)-1]
				return true
			}
			path = append(path, n)
			switch x := n.(type) {
			case *ast.BinaryExpr:
				if x.Op == token.MUL && isFloat(info, x) && info.Types[x].Value == nil && !rounded(info, path) {
					found = append(found, fmt.Sprintf("%s: %s may be fused with a sum; write %s(%s)",
						fset.Position(x.Pos()), types.ExprString(x), info.TypeOf(x).Underlying(), types.ExprString(x)))
				}
			case *ast.AssignStmt:
				if x.Tok == token.MUL_ASSIGN && isFloat(info, x.Lhs[0]) {
					found = append(found, fmt.Sprintf("%s: %s *= %s may be fused with a sum; write %[2]s = %[4]s(%[2]s * %[3]s)",
						fset.Position(x.Pos()), types.ExprString(x.Lhs[0]), types.ExprString(x.Rhs[0]), info.TypeOf(x.Lhs[0]).Underlying()))
				}
			case *ast.SelectorExpr:
				if o := info.Uses[x.Sel]; o != nil && o.Pkg() != nil && o.Pkg().Path() == "math" && o.Name() == "FMA" {
					found = append(found, fmt.Sprintf("%s: math.FMA rounds once", fset.Position(x.Pos())))
				}
			}
			return true
		})
	}
	return found
}

func isFloat(info *types.Info, e ast.Expr) bool {
	t := info.TypeOf(e)
	if t == nil {
		return false
	}
	if p, ok := t.(*types.TypeParam); ok { // floats among other types
		t = p.Constraint().Underlying()
		if i, ok := t.(*types.Interface); ok {
			return !i.IsMethodSet() && hasFloat(i)
		}
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&(types.IsFloat|types.IsComplex) != 0
}

func hasFloat(i *types.Interface) bool {
	for k := range i.NumEmbeddeds() {
		switch t := i.EmbeddedType(k).(type) {
		case *types.Union:
			for j := range t.Len() {
				if b, ok := t.Term(j).Type().Underlying().(*types.Basic); ok && b.Info()&types.IsFloat != 0 {
					return true
				}
			}
		default:
			if b, ok := t.Underlying().(*types.Basic); ok && b.Info()&types.IsFloat != 0 {
				return true
			}
		}
	}
	return false
}

// rounded says whether what takes the product at the end of the path cannot be a sum. Parentheses and signs hand it on.
func rounded(info *types.Info, path []ast.Node) bool {
	for i := len(path) - 2; i >= 0; i-- {
		switch p := path[i].(type) {
		case *ast.ParenExpr:
		case *ast.UnaryExpr:
			if p.Op != token.SUB && p.Op != token.ADD {
				return false
			}
		case *ast.BinaryExpr:
			switch p.Op {
			case token.MUL, token.QUO, token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
				return true
			}
			return false
		case *ast.CallExpr:
			if tv := info.Types[p.Fun]; tv.IsType() {
				return true
			}
			if s, ok := p.Fun.(*ast.SelectorExpr); ok {
				if o := info.Uses[s.Sel]; o != nil && o.Pkg() != nil && o.Pkg().Path() == "math" && o.Name() != "FMA" {
					return true
				}
			}
			return false
		default:
			return false
		}
	}
	return false
}

// Package reads the files of a package folder that are built for a machine, tests left out, type-checks them and calls
// Find. imp gives the packages that they import.
func Package(dir, goos, goarch string, imp types.Importer) ([]string, error) {
	c := build.Default
	c.GOOS, c.GOARCH, c.CgoEnabled = goos, goarch, false
	p, err := c.ImportDir(dir, 0)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	names := slices.Clone(p.GoFiles)
	slices.Sort(names)
	for _, name := range names {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	info := &types.Info{Types: make(map[ast.Expr]types.TypeAndValue), Uses: make(map[*ast.Ident]types.Object), Defs: make(map[*ast.Ident]types.Object)}
	config := types.Config{Importer: imp, Sizes: types.SizesFor("gc", goarch)}
	if _, err := config.Check(strings.ReplaceAll(dir, "\\", "/"), fset, files, info); err != nil {
		return nil, err
	}
	return Find(fset, files, info), nil
}
