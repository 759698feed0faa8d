package parser

import (
	"errors"
	"fmt"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
)

// An Option adjusts Parse.
type Option func(*options)

type options struct {
	ops      *ir.OpSet
	side     *Safetensors
	sideName string
	sideErr  error // why the side file can't be read
}

// Ops sets the operators that the text may use; the default is op.All.
func Ops(set *ir.OpSet) Option { return func(o *options) { o.ops = set } }

// Side gives the file that constants written as file(...) are taken from; name stands in messages.
func Side(name string, s *Safetensors) Option {
	return func(o *options) { o.side, o.sideName = s, name }
}

// maxSyntaxErrors is after how many syntax errors the parser gives up.
const maxSyntaxErrors = 20

// Parse reads a module and verifies it; file is its name in messages. It never panics and allocates
// in proportion to the text and the side file. The module is nil when there are errors.
func Parse(file string, text []byte, opts ...Option) (*ir.Module, *diag.List) {
	o := options{ops: op.All()}
	for _, f := range opts {
		f(&o)
	}
	diags := new(diag.List)
	tokens := scan(file, string(text), diags)
	tree, lost := syntax(tokens, diags)
	if tree == nil {
		return nil, diags
	}
	r := &resolver{options: o, diags: diags, lost: lost}
	m := r.module(file, tree)
	if !diags.HasErrors() {
		diags.Append(ir.Verify(m))
	} else {
		r.verifyNodes(m)
	}
	if diags.HasErrors() {
		return nil, diags
	}
	return m, diags
}

// syntax parses the tokens. After an error it goes on without the statement at fault, so that several
// errors are found at once; the names that stand in such statements are lost, and nobody complains
// that they are undefined. The tree is nil when nothing can be made of the rest.
func syntax(tokens []lexer.Token, diags *diag.List) (tree *fileTree, lost map[string]bool) {
	lost = make(map[string]bool)
	malformed := make(map[int]bool) // lines with an error of the scanner, which explains others
	for _, d := range diags.Sorted() {
		malformed[d.Span.Start.Line] = true
	}
	for range maxSyntaxErrors {
		peeking, err := lexer.Upgrade(&tokenList{tokens: tokens})
		if err != nil {
			panic(err) // a tokenList does not fail
		}
		tree, err = grammar().ParseFromLexer(peeking)
		if err == nil {
			return tree, lost
		}
		var pe participle.Error
		if !errors.As(err, &pe) {
			panic(fmt.Sprintf("parser: %v", err))
		}
		at := find(tokens, pe.Position().Offset)
		if !malformed[tokens[at].Pos.Line] && !(at > 0 && malformed[tokens[at-1].Pos.Line]) {
			report(pe, diags)
		}
		var cut []lexer.Token
		if tokens, cut = cutStatement(tokens, at); cut == nil {
			return nil, lost
		}
		for _, t := range cut {
			lost[t.Value] = true
		}
	}
	return nil, lost
}

// report adds a syntax error.
func report(err participle.Error, diags *diag.List) {
	pos := err.Position()
	var ue *participle.UnexpectedTokenError
	if !errors.As(err, &ue) {
		diags.Errorf("P002", span(pos, pos), "", "%s", err.Message())
		return
	}
	what := fmt.Sprintf("%q", ue.Unexpected.Value)
	if ue.Unexpected.EOF() {
		what = "end of the file"
	}
	d := diags.Errorf("P002", tokenSpan(pos, ue.Unexpected.Value), "", "unexpected %s", what)
	if want := expected(ue); want != "" {
		d.Message += ", want " + want
	} else if diags.Len() == 1 {
		d.Message += fmt.Sprintf(", want the line \"amir %d\", with which every text begins", ir.FormatVersion)
	}
}

// find is the index of the token at offset.
func find(tokens []lexer.Token, offset int) int {
	at := 0
	for at < len(tokens)-1 && tokens[at].Pos.Offset < offset {
		at++
	}
	return at
}

// cutStatement removes the statement at fault: the one that holds token at, or, when that one is first
// on its line, the one before, when its end is missing. Nothing is cut when going on makes no sense:
// at the head of the file, of a function, or at a lone bracket.
func cutStatement(tokens []lexer.Token, at int) (rest, cut []lexer.Token) {
	if at > 0 && (firstOnLine(tokens, at) || tokens[at].EOF()) && !complete(tokens[at-1]) {
		at--
	}
	if tokens[at].EOF() {
		return tokens, nil
	}
	from, to := at, at+1
	for from > 0 && !begins(tokens, from) {
		from--
	}
	for !tokens[to].EOF() && !begins(tokens, to) {
		to++
	}
	switch tokens[from].Value {
	case "amir", "func", "return", "}":
		return tokens, nil
	}
	cut = tokens[from:to]
	rest = append(append([]lexer.Token{}, tokens[:from]...), tokens[to:]...)
	return rest, cut
}

func firstOnLine(tokens []lexer.Token, i int) bool {
	return i == 0 || tokens[i-1].Pos.Line != tokens[i].Pos.Line
}

// begins says whether a statement begins with token i: it is first on its line and of a kind with
// which statements begin, and the line before does not go on with a comma.
func begins(tokens []lexer.Token, i int) bool {
	if !firstOnLine(tokens, i) || i > 0 && tokens[i-1].Value == "," {
		return false
	}
	switch t := tokens[i]; t.Value {
	case "amir", "const", "func", "return", "}":
		return true
	default:
		return t.Type == tokValue || t.Type == tokType
	}
}

// complete says whether a statement may end with t.
func complete(t lexer.Token) bool {
	switch t.Value {
	case ">", ")", "]", "}", "{", "return":
		return true
	}
	return t.Type == tokType
}
