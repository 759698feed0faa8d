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

// syntax parses the tokens. After an error it goes on without the line at fault, so that several
// errors are found at once; the names that stand in such lines are lost, and nobody complains that
// they are undefined. The tree is nil when nothing can be made of the rest.
func syntax(tokens []lexer.Token, diags *diag.List) (tree *fileTree, lost map[string]bool) {
	lost = make(map[string]bool)
	for range maxSyntaxErrors {
		peeking, err := lexer.Upgrade(&tokenList{tokens: tokens})
		if err != nil {
			panic(err) // a tokenList does not fail
		}
		tree, err = grammar().ParseFromLexer(peeking)
		if err == nil {
			return tree, lost
		}
		at := report(err, diags)
		var cut []lexer.Token
		if tokens, cut = cutLine(tokens, at); cut == nil {
			return nil, lost
		}
		for _, t := range cut {
			lost[t.Value] = true
		}
	}
	return nil, lost
}

// report adds a syntax error and gives the offset of the token at fault.
func report(err error, diags *diag.List) int {
	var pe participle.Error
	if !errors.As(err, &pe) {
		panic(fmt.Sprintf("parser: %v", err))
	}
	pos := pe.Position()
	var ue *participle.UnexpectedTokenError
	if errors.As(err, &ue) {
		what := fmt.Sprintf("%q", ue.Unexpected.Value)
		if ue.Unexpected.EOF() {
			what = "the end of the file"
		}
		d := diags.Errorf("P002", tokenSpan(pos, ue.Unexpected.Value), "", "unexpected %s", what)
		if want := expected(ue); want != "" {
			d.Message += ", want " + want
		}
		return pos.Offset
	}
	diags.Errorf("P002", span(pos, pos), "", "%s", pe.Message())
	return pos.Offset
}

// cutLine removes the statement at fault: the tokens on the line of the one at offset, or, when that
// one is first on its line, those of the line before, whose end is missing. Nothing is cut when
// going on makes no sense: at the head of the file, of a function, or at a lone bracket.
func cutLine(tokens []lexer.Token, offset int) (rest, cut []lexer.Token) {
	at := 0
	for at < len(tokens)-1 && tokens[at].Pos.Offset < offset {
		at++
	}
	if at > 0 && (tokens[at-1].Pos.Line != tokens[at].Pos.Line || tokens[at].EOF()) && !complete(tokens[at-1]) {
		at--
	}
	if tokens[at].EOF() {
		return tokens, nil
	}
	line := tokens[at].Pos.Line
	from, to := at, at+1
	for from > 0 && tokens[from-1].Pos.Line == line {
		from--
	}
	for !tokens[to].EOF() && tokens[to].Pos.Line == line {
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

// complete says whether a statement may end with t.
func complete(t lexer.Token) bool {
	switch t.Value {
	case ">", ")", "]", "}", "{":
		return true
	}
	return t.Type == tokIdent || t.Type == tokString
}

// expected is what the grammar wanted, in participle's notation.
func expected(e *participle.UnexpectedTokenError) string {
	const head = " (expected "
	msg := e.Message()
	for i := range msg {
		if len(msg)-i > len(head) && msg[i:i+len(head)] == head {
			return msg[i+len(head) : len(msg)-1]
		}
	}
	return ""
}
