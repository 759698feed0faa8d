package parser

import (
	"sync"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/amctc/amctc/ir/diag"
)

// This file is the grammar: one struct for each rule, one token of look-ahead, no recursion. Grammar
// gives it as EBNF.

type fileTree struct {
	Pos, EndPos lexer.Position
	Magic       string      `parser:"'amir'"`
	Version     versionTree `parser:"@@"`
	Decls       []*declTree `parser:"@@*"`
}

type versionTree struct {
	Pos, EndPos lexer.Position
	Text        string `parser:"@Int"`
}

type declTree struct {
	Pos, EndPos lexer.Position
	Alias       *aliasTree `parser:"  @@"`
	Const       *constTree `parser:"| @@"`
	Func        *funcTree  `parser:"| @@"`
}

type aliasTree struct {
	Pos, EndPos lexer.Position
	Name        typeTok   `parser:"@@"`
	Quant       quantTree `parser:"'=' @@"`
}

type quantTree struct {
	Pos, EndPos lexer.Position
	Name        typeTok     `parser:"@@"`
	Params      []*attrTree `parser:"('<' @@ (',' @@)* '>')?"`
}

type attrTree struct {
	Pos, EndPos lexer.Position
	Key         identTok  `parser:"@@ '='"`
	Value       valueTree `parser:"@@"`
}

type valueTree struct {
	Pos, EndPos lexer.Position
	Scalar      *scalarTree `parser:"  @@"`
	List        *listTree   `parser:"| @@"`
}

type listTree struct {
	Pos, EndPos lexer.Position
	Items       []*scalarTree `parser:"'[' (@@ (',' @@)*)? ']'"`
}

type scalarTree struct {
	Pos, EndPos lexer.Position
	Int         string `parser:"  @Int"`
	Float       string `parser:"| @Float"`
	String      string `parser:"| @String"`
	Word        string `parser:"| @Ident"`
}

type tensorTree struct {
	Pos, EndPos lexer.Position
	Dims        *dimsTok   `parser:"'tensor' '<' @@?"`
	Plain       *identTok  `parser:"(@@"`
	Quant       *quantTree `parser:"| @@) '>'"`
}

type constTree struct {
	Pos, EndPos lexer.Position
	Name        symbolTok   `parser:"'const' @@"`
	Type        tensorTree  `parser:"':' @@"`
	List        *listTree   `parser:"'=' (@@"`
	File        []*attrTree `parser:"| 'file' '(' @@ (',' @@)* ')')"`
}

type funcTree struct {
	Pos, EndPos lexer.Position
	Name        symbolTok     `parser:"'func' @@"`
	Params      []*paramTree  `parser:"'(' (@@ (',' @@)*)? ')'"`
	Types       []*tensorTree `parser:"Arrow '(' (@@ (',' @@)*)? ')'"`
	Attrs       []*attrTree   `parser:"('attributes' '{' (@@ (',' @@)*)? '}')?"`
	Nodes       []*nodeTree   `parser:"'{' @@*"`
	Return      returnTree    `parser:"@@ '}'"`
}

type paramTree struct {
	Pos, EndPos lexer.Position
	Name        valueTok   `parser:"@@"`
	Type        tensorTree `parser:"':' @@"`
}

type nodeTree struct {
	Pos, EndPos lexer.Position
	Results     []*valueTok    `parser:"@@ (',' @@)*"`
	Op          identTok       `parser:"'=' @@"`
	Operands    []*operandTree `parser:"(@@ (',' @@)*)?"`
	Attrs       []*attrTree    `parser:"('{' (@@ (',' @@)*)? '}')?"`
	Types       []*tensorTree  `parser:"':' @@ (',' @@)*"`
	Loc         []string       `parser:"('loc' '(' @String (',' @String)* ')')?"`
}

type returnTree struct {
	Pos, EndPos lexer.Position
	Word        string         `parser:"@'return'"`
	Values      []*operandTree `parser:"(@@ (',' @@)*)?"`
}

type operandTree struct {
	Pos, EndPos lexer.Position
	Value       *valueTok  `parser:"  @@"`
	Symbol      *symbolTok `parser:"| @@"`
}

// Single tokens with their places.

type identTok struct {
	Pos  lexer.Position
	Text string `parser:"@Ident"`
}

type valueTok struct {
	Pos  lexer.Position
	Text string `parser:"@Value"`
}

type symbolTok struct {
	Pos  lexer.Position
	Text string `parser:"@Symbol"`
}

type typeTok struct {
	Pos  lexer.Position
	Text string `parser:"@Type"`
}

type dimsTok struct {
	Pos  lexer.Position
	Text string `parser:"@Dims"`
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
	return participle.MustBuild[fileTree](participle.Lexer(definition{}), participle.UseLookahead(0))
})

// Grammar is the grammar of the text as EBNF; words in angle brackets are kinds of tokens.
func Grammar() string { return grammar().String() + "\n" }
