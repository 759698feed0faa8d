package ir_test

import (
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
)

const two = `
!a = !q.i8<scale=0.5>

const @c : tensor<4xf32> = [1, 2, 3, 4]
const @d : tensor<4xf32> = [1, 2, 3, 4]

func @main(%x: tensor<1x4xf32>, %z: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) attributes {stage = int} {
  %a = nn.add %x, @c : tensor<1x4xf32> loc("add", "other")
  %b = nn.clip %a {max = 6} : tensor<1x4xf32> loc("relu")
  %q = q.quantize %b : tensor<1x4x!a>
  %y = q.dequantize %q : tensor<1x4xf32>
  %e = nn.add %z, @d : tensor<1x4xf32>
  return %y, %e
}
`

func TestEqual(t *testing.T) {
	m := parse(t, two)
	if d := ir.Equal(m, parse(t, two)); d != "" {
		t.Errorf("equal texts differ: %s", d)
	}
	if d := ir.Equal(m, m.Clone()); d != "" {
		t.Errorf("a clone differs: %s", d)
	}
	// What the text does not hold makes no difference.
	same := parse(t, strings.NewReplacer("{max = 6}", "{max = 6, min = -3.4028235e+38}", "!a", "!b",
		"const @c : tensor<4xf32> = [1, 2, 3, 4]\nconst @d : tensor<4xf32> = [1, 2, 3, 4]", "const @d : tensor<4xf32> = [1, 2, 3, 4]\nconst @c : tensor<4xf32> = [1, 2, 3, 4]").Replace(two))
	if d := ir.Equal(m, same); d != "" {
		t.Errorf("the same module, written otherwise, differs: %s", d)
	}
	for _, c := range []struct{ old, new, want string }{
		{"@main", "@other", "the other is @other"},
		{"stage = int}", `stage = target, target = "ascend910b3"}`, "target"},
		{"@c : tensor<4xf32> = [1, 2", "@c : tensor<4xf32> = [1, 3", "@c has other data"},
		{"@c : tensor<4xf32> = [1,", "@c : tensor<4xf32> = [-1,", "@c has other data"},
		{"@c", "@cc", "@c and @cc"},
		{"%x, @c", "%x, @d", "constant"},
		{"%x, @c", "%z, @c", "operand 0 is %x and %z"},
		{"%x", "%w", "%x of tensor<1x4xf32> and %w"},
		{"%a = nn.add", "%a = nn.mul", "nn.add and nn.mul"},
		{"max = 6", "max = 7", "attributes"},
		{`"add", "other"`, `"add"`, "(add, other) and (add)"},
		{`"add", "other"`, `"sum", "other"`, "(add, other) and (sum, other)"},
		{"scale=0.5", "scale=0.25", "%q of"},
		{"return %y, %e", "return %e, %y", "result 0 is %y and %e"},
		{"return %y, %e", "return %y, %y", "result 1"},
		{"  %e = nn.add %z, @d : tensor<1x4xf32>\n  return %y, %e", "  return %y, %y", "5 and 4 nodes"},
		{"  %e = nn.add", "  %f = nn.relu %x : tensor<1x4xf32>\n  %e = nn.add", "5 and 6 nodes"},
	} {
		if !strings.Contains(two, c.old) {
			t.Fatalf("%q is not in the text", c.old)
		}
		n := parse(t, strings.ReplaceAll(two, c.old, c.new))
		if d := ir.Equal(m, n); !strings.Contains(d, c.want) {
			t.Errorf("%q for %q: the difference is %q, want %q", c.new, c.old, d, c.want)
		}
		if ir.Equal(n, m) == "" {
			t.Errorf("%q for %q: Equal is not symmetric", c.new, c.old)
		}
	}
	more := m.Clone()
	more.Funcs = append(more.Funcs, more.Funcs[0])
	if d := ir.Equal(m, more); d != "1 and 2 functions" {
		t.Errorf("another function: %q", d)
	}
}

// TestCloneIsDeep changes everything in a clone.
func TestCloneIsDeep(t *testing.T) {
	m := parse(t, two)
	before := ir.Print(m)
	c := m.Clone()
	c.Target = "x"
	for _, f := range c.Funcs {
		f.Stage, f.Name = ir.StageFloat, "changed"
		for _, v := range f.Values() {
			v.Name += "_"
			v.Type = ir.Float(9)
		}
		for _, n := range f.Nodes {
			n.Name = "n"
			n.From = append(n.From[:0], "n")
			n.Attrs = n.Attrs.With("max", float32(1))
			n.Operands[0] = f.Params[1]
		}
		f.Results[0] = f.Params[0]
		f.Nodes = f.Nodes[:1]
	}
	c.Consts = c.Consts[:1]
	if after := ir.Print(m); after != before {
		t.Errorf("the original became\n%s", after)
	}
}
