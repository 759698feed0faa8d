package parser

import (
	"strings"

	"github.com/alecthomas/participle/v2"
)

// inWords says in words what rules and tokens of the grammar look like.
var inWords = map[string]string{
	"VersionTree": "the version of the text",
	"DeclTree":    `"const", "func" or a type's name`,
	"QuantTree":   "a quantized type such as !q.i8<scale=0.5>",
	"AttrTree":    "NAME = VALUE",
	"ValueTree":   "a number, a string, true, false or a list",
	"ScalarTree":  "a number, a string, true or false",
	"ListTree":    `"["`,
	"TensorTree":  "a type such as tensor<1x4xf32>",
	"ParamTree":   "a parameter %NAME: TYPE",
	"NodeTree":    "a node",
	"ReturnTree":  `a node or "return"`,
	"OperandTree": "a value %NAME or a constant @NAME",
	"IdentTok":    "a name",
	"ValueTok":    "a value %NAME",
	"SymbolTok":   "a name @NAME",
	"TypeTok":     "a type !NAME",
	"DimsTok":     "dimensions such as 1x4x",
	"<int>":       "an integer",
	"<string>":    "a string",
	"<arrow>":     `"->"`,
}

// expected says what the grammar wanted in place of the token at fault; empty when it does not say.
func expected(e *participle.UnexpectedTokenError) string {
	_, rule, ok := strings.Cut(e.Message(), " (expected ")
	if !ok {
		return ""
	}
	rule = strings.TrimSuffix(rule, ")")
	if strings.HasPrefix(rule, "(IdentTok | QuantTree)") {
		return "an element type"
	}
	var words []string
	for _, alternative := range alternatives(rule) {
		first := firstTerm(alternative)
		if w, ok := inWords[first]; ok {
			first = w
		}
		words = append(words, first)
	}
	return strings.Join(words, " or ")
}

// alternatives are those that a rule begins with: of "(A b | C) d" they are "A b" and "C".
func alternatives(rule string) []string {
	if !strings.HasPrefix(rule, "(") {
		return []string{rule}
	}
	var out []string
	depth, from, quoted := 0, 1, false
	for i, c := range rule {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return append(out, alternatives(strings.TrimSpace(rule[from:i]))...)
			}
		case c == '|' && depth == 1:
			out = append(out, alternatives(strings.TrimSpace(rule[from:i]))...)
			from = i + 1
		}
	}
	return []string{rule}
}

// firstTerm is the name, or the quoted token, that a sequence begins with.
func firstTerm(seq string) string {
	if strings.HasPrefix(seq, `"`) {
		if i := strings.Index(seq[1:], `"`); i >= 0 {
			return seq[:i+2]
		}
	}
	seq, _, _ = strings.Cut(seq, " ")
	return strings.TrimRight(seq, "?*+")
}
