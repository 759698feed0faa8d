package parser

import (
	"sync"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/amctc/amctc/ir/diag"
)

// This file is the grammar: one struct for each rule, one token of look-ahead, no recursion. String
// gives it as EBNF.

type fileTree struct {
	Pos, EndPos lexer.Position
	Magic       string      `"amir"`
	Version     versionTree `@@`
	Decls       []*declTree `@@*`
}

type versionTree struct {
	Pos, EndPos lexer.Position
	Text        string `@Int`
}

type declTree struct {
	Pos, EndPos lexer.Position
	Alias       *aliasTree `  @@`
	Const       *constTree `| @@`
	Func        *funcTree  `| @@`
}

type aliasTree struct {
	Pos, EndPos lexer.Position
	Name        typeTok   `@@`
	Quant       quantTree `"=" @@`
}

type quantTree struct {
	Pos, EndPos lexer.Position
	Name        typeTok     `@@`
	Params      []*attrTree `("<" @@ ("," @@)* ">")?`
}

type attrTree struct {
	Pos, EndPos lexer.Position
	Key         identTok  `@@ "="`
	Value       valueTree `@@`
}

type valueTree struct {
	Pos, EndPos lexer.Position
	Scalar      *scalarTree `  @@`
	List        *listTree   `| @@`
}

type listTree struct {
	Pos, EndPos lexer.Position
	Items       []*scalarTree `"[" (@@ ("," @@)*)? "]"`
}

type scalarTree struct {
	Pos, EndPos lexer.Position
	Int         string `  @Int`
	Float       string `| @Float`
	String      string `| @String`
	Word        string `| @Ident`
}

type tensorTree struct {
	Pos, EndPos lexer.Position
	Dims        *dimsTok   `"tensor" "<" @@?`
	Plain       *identTok  `(@@`
	Quant       *quantTree `| @@) ">"`
}

type constTree struct {
	Pos, EndPos lexer.Position
	Name        symbolTok   `"const" @@`
	Type        tensorTree  `":" @@`
	List        *listTree   `"=" (@@`
	File        []*attrTree `| "file" "(" @@ ("," @@)* ")")`
}

type funcTree struct {
	Pos, EndPos lexer.Position
	Name        symbolTok     `"func" @@`
	Params      []*paramTree  `"(" (@@ ("," @@)*)? ")"`
	Types       []*tensorTree `Arrow "(" (@@ ("," @@)*)? ")"`
	Attrs       []*attrTree   `("attributes" "{" (@@ ("," @@)*)? "}")?`
	Nodes       []*nodeTree   `"{" @@*`
	Return      returnTree    `@@ "}"`
}

type paramTree struct {
	Pos, EndPos lexer.Position
	Name        valueTok   `@@`
	Type        tensorTree `":" @@`
}

type nodeTree struct {
	Pos, EndPos lexer.Position
	Results     []*valueTok    `@@ ("," @@)*`
	Op          identTok       `"=" @@`
	Operands    []*operandTree `(@@ ("," @@)*)?`
	Attrs       []*attrTree    `("{" (@@ ("," @@)*)? "}")?`
	Types       []*tensorTree  `":" @@ ("," @@)*`
	Loc         []string       `("loc" "(" @String ("," @String)* ")")?`
}

type returnTree struct {
	Pos, EndPos lexer.Position
	Word        string         `@"return"`
	Values      []*operandTree `(@@ ("," @@)*)?`
}

type operandTree struct {
	Pos, EndPos lexer.Position
	Value       *valueTok  `  @@`
	Symbol      *symbolTok `| @@`
}

// Single tokens with their places.

type identTok struct {
	Pos  lexer.Position
	Text string `@Ident`
}

type valueTok struct {
	Pos  lexer.Position
	Text string `@Value`
}

type symbolTok struct {
	Pos  lexer.Position
	Text string `@Symbol`
}

type typeTok struct {
	Pos  lexer.Position
	Text string `@Type`
}

type dimsTok struct {
	Pos  lexer.Position
	Text string `@Dims`
}

func (t *identTok) span() diag.Span  { return tokenSpan(t.Pos, t.Text) }
func (t *valueTok) span() diag.Span  { return tokenSpan(t.Pos, t.Text) }
func (t *symbolTok) span() diag.Span { return tokenSpan(t.Pos, t.Text) }
func (t *typeTok) span() diag.Span   { return tokenSpan(t.Pos, t.Text) }
func (t *dimsTok) span() diag.Span   { return tokenSpan(t.Pos, t.Text) }

func (t *operandTree) span() diag.Span {
	if t.Value != nil {
		return t.Value.span()
	}
	return t.Symbol.span()
}

// text is the scalar as written.
func (t *scalarTree) text() string { return t.Int + t.Float + t.String + t.Word }

func (t *scalarTree) span() diag.Span { return tokenSpan(t.Pos, t.text()) }

func (t *valueTree) span() diag.Span {
	if t.Scalar != nil {
		return t.Scalar.span()
	}
	return tokenSpan(t.List.Pos, "[")
}

// tokenSpan is the stretch of a token, which never spans lines.
func tokenSpan(p lexer.Position, text string) diag.Span {
	end := p
	end.Offset += len(text)
	end.Column += utf8.RuneCountInString(text)
	return span(p, end)
}

func span(start, end lexer.Position) diag.Span {
	return diag.Span{File: start.Filename,
		Start: diag.Pos{Offset: start.Offset, Line: start.Line, Col: start.Column},
		End:   diag.Pos{Offset: end.Offset, Line: end.Line, Col: end.Column}}
}

var grammar = sync.OnceValue(func() *participle.Parser[fileTree] {
	return participle.MustBuild[fileTree](participle.Lexer(definition{}))
})

// String is the grammar as EBNF.
func String() string { return grammar().String() + "\n" }
