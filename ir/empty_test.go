package ir_test

import (
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser"
)

// TestNoElements: a constant without elements may be a result of a float network, and nothing else.
func TestNoElements(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"func @main(%x: tensor<1x3xf32>) -> (tensor<0xf32>, tensor<1x3xf32>) attributes {stage = float} {\n  %y = nn.relu %x : tensor<1x3xf32>\n  return @e, %y\n}", ""},
		{"func @main(%x: tensor<1x3xf32>) -> (tensor<0xf32>, tensor<1x3xf32>) attributes {stage = int} {\n  %y = nn.relu %x : tensor<1x3xf32>\n  return @e, %y\n}", "a result without elements"},
		{"func @main(%x: tensor<1x3xf32>) -> (tensor<0xf32>) attributes {stage = float} {\n  %y = nn.relu @e : tensor<0xf32>\n  return %y\n}", "operand 0, @e, has no elements"},
		{"func @main(%x: tensor<0xf32>) -> (tensor<0xf32>) attributes {stage = float} {\n  return @e\n}", "dimension 0 is 0"},
	} {
		m, l := parser.Parse("m.amir", []byte("amir 1\n\nconst @e : tensor<0xf32> = []\n\n"+c.text+"\n"))
		if m != nil {
			l.Append(ir.Verify(m))
		}
		if got := l.Error(); l.HasErrors() != (c.want != "") || !strings.Contains(got, c.want) {
			t.Errorf("%s\ndraws %q, want %q", c.text, got, c.want)
		}
	}
}
