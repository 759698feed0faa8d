package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
)

// byteLiteral returns the bytes of the only string literal in the body of the
// named function of a Go source file.
func byteLiteral(path, function string) ([]byte, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []*ast.BasicLit
	for _, decl := range parsed.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Name.Name != function || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				found = append(found, lit)
			}
			return true
		})
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s: function %s has %d string literals, expected 1", path, function, len(found))
	}
	text, err := strconv.Unquote(found[0].Value)
	if err != nil {
		return nil, fmt.Errorf("%s: the string literal of %s: %w", path, function, err)
	}
	return []byte(text), nil
}
