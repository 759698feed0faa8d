package ir_test

import (
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/parser"
)

// parse reads a text that must be valid.
func parse(t *testing.T, text string) *ir.Module {
	t.Helper()
	m, diags := parser.Parse("m.amir", []byte("amir 1\n"+text))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return m
}

// node finds the node of the function main that was made of the original node of that name.
func node(t *testing.T, m *ir.Module, name string) *ir.Node {
	t.Helper()
	for _, n := range m.Main().Nodes {
		if n.Name == name {
			return n
		}
	}
	t.Fatalf("no node %q in\n%s", name, ir.Print(m))
	return nil
}

// chain is three float nodes in a row; the constant is used twice.
const chain = `
const @c : tensor<4xf32> = [1, 2, 3, 4]

func @main(%x: tensor<1x4xf32>) -> (tensor<1x4xf32>) attributes {stage = float} {
  %a = nn.add %x, @c : tensor<1x4xf32> loc("add")
  %b = nn.relu %a : tensor<1x4xf32> loc("relu")
  %y = nn.mul %b, @c : tensor<1x4xf32> loc("mul")
  return %y
}
`

var ops = op.All()
