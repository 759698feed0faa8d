package amctc_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"iter"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	amir "github.com/amctc/amctc/parser"
)

// fenced are blocks like "```text life:plan".
var fenced = regexp.MustCompile("(?ms)^(```[a-z]+ life:([a-z0-9-]+)\n)(.*?)(^```$)")

// lifeText is the network of "The life of one convolution".
const lifeText = `amir 1

const @w : tensor<2x1x3x3xf32> = [0.25, -0.5, 0.125, 0.75, 1, -0.25, -0.125, 0.5, 0.0625, 0.5, 0.25, -0.125, -0.25, 0.75, 0.5, 0.125, -0.375, 0.25]
const @b : tensor<2xf32> = [0.1, -0.05]
const @v : tensor<2x8xf32> = [1, -1, 0.5, 0.25, -0.5, 0.75, 0.25, 1, 0.5, 0.25, -0.75, 1, 0.125, -0.5, 0.5, -0.25]

func @main(%x: tensor<1x1x4x4xf32>) -> (tensor<1x2xf32>) attributes {stage = float} {
  %y = nn.conv2d %x, @w, @b {pad = [1, 1, 1, 1], stride = [2, 2]} : tensor<1x2x2x2xf32> loc("conv1")
  %a = nn.relu %y : tensor<1x2x2x2xf32> loc("relu1")
  %f = nn.reshape %a {shape = [1, 8]} : tensor<1x8xf32> loc("flat1")
  %z = nn.dense %f, @v : tensor<1x2xf32> loc("dense1")
  return %z
}
`

// lifeImages are its eight calibration images: element k of image i is ((5i+7k) mod 16)/16 - 1/4.
func lifeImages() [][]*tensor.Tensor {
	var out [][]*tensor.Tensor
	for i := range 8 {
		x := tensor.New(tensor.F32, 1, 1, 4, 4)
		for k := range x.F32 {
			x.F32[k] = float32((5*i+7*k)%16)/16 - 0.25
		}
		out = append(out, []*tensor.Tensor{x})
	}
	return out
}

// samples are data in memory.
type samples [][]*tensor.Tensor

func (s samples) Samples() int { return len(s) }

func (s samples) Batches() iter.Seq2[[]*tensor.Tensor, error] {
	return func(yield func([]*tensor.Tensor, error) bool) {
		for _, in := range s {
			if !yield(in, nil) {
				return
			}
		}
	}
}

// TestLifeOfOneConvolution holds every block of that chapter of ARCHITECTURE.md against what the code
// gives today.
func TestLifeOfOneConvolution(t *testing.T) {
	ctx := context.Background()
	m, l := amir.Parse("life.amir", []byte(lifeText))
	if err := l.Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"float": ir.Print(m)}

	c := amctc.NewContext(ctx)
	float, err := amctc.Prepare(c, m)
	if err != nil {
		t.Fatal(err)
	}
	images := lifeImages()
	if float, err = amctc.Calibrate(c, float, samples(images)); err != nil {
		t.Fatal(err)
	}
	integer, err := amctc.Quantize(c, float, amctc.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	want["factors"] = string(amctc.ToRecord(c.Factors).Format())
	want["int"] = ir.Print(integer)
	want["arithmetic"] = lifeArithmetic(t, float, integer, images[0])

	p, err := plan.Build(integer, integer.Main(), plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want["plan"] = p.String()

	files, err := amctc.GoPackage(integer, amctc.Enclosing{Import: "life", Own: true}, gogen.Options{Package: "life", Source: "life.amir", Samples: images[:1]})
	if err != nil {
		t.Fatal(err)
	}
	want["go"] = lifeGo(t, files)

	a, err := amctc.EmitAscend(integer, amctc.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	want["ascend"] = lifeAscend(t, a.Program.String())

	r, why, err := amctc.Verify(ctx, integer, images, amctc.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if why != "" {
		t.Fatalf("generated Go was not run: %s", why)
	}
	want["agree"] = r.Line() + "\n"
	holdParts(t, "ARCHITECTURE.md", fenced, want)
}

// lifeArithmetic works one output of the convolution out by hand, with the definitions of ir/op, and
// holds it against the interpreter.
func lifeArithmetic(t *testing.T, float, integer *ir.Module, in []*tensor.Tensor) string {
	t.Helper()
	const channel, row, col = 1, 1, 0 // an output at the left border
	var conv *ir.Node
	for _, n := range integer.Main().Nodes {
		if n.Op.Name == "q.conv2d" {
			conv = n
		}
	}
	xq, yq := conv.Operands[0].Type.Quant, conv.Result().Type.Quant
	x, w, b := in[0].F32, conv.Operands[1].Const.Data.I8[9*channel:], conv.Operands[2].Const.Data.I32[channel]
	sw, _ := conv.Operands[1].Type.Quant.At(channel)
	ox, oy := xq.Offset[0], yq.Offset[0]
	r := op.Reciprocal(xq.Scale[0])

	var s strings.Builder
	fmt.Fprintf(&s, "output channel %d, position (%d, %d) of image 0: rows %d to %d, columns %d to %d; column -1 is padding\n\n",
		channel, row, col, 2*row-1, 2*row+1, 2*col-1, 2*col+1)
	fmt.Fprintf(&s, "%18s%24s%12s%6s%9s\n", "x", fmt.Sprintf("q_x = fin(x*%v)", r), fmt.Sprintf("q_x - (%d)", ox), "w_q", "product")
	acc := b
	for kh := range 3 {
		for kw := range 3 {
			i, j := 2*row-1+kh, 2*col-1+kw
			if i < 0 || i > 3 || j < 0 || j > 3 {
				continue
			}
			q := op.QuantizeCode(x[4*i+j], r, ox, xq.Min, xq.Max)
			k := int32(w[3*kh+kw])
			acc += (q - ox) * k
			fmt.Fprintf(&s, "x[%d,%d] = %9.4f%24d%12d%6d%9d\n", i, j, x[4*i+j], q, q-ox, k, (q-ox)*k)
		}
	}
	mul := op.Multiplier(xq.Scale[0], sw, yq.Scale[0])
	f := float32(float32(acc) * mul)
	q := op.ClampCode(op.Requantize(acc, mul, oy, yq.Min, yq.Max), conv.Ints("clip"))
	fmt.Fprintf(&s, "b_q%66d\nacc%66d\n\n", b, acc)
	fmt.Fprintf(&s, "m   = RN19(s_x*s_w/s_y) = %v, bits %#08x: the low 13 are zero\n", mul, math.Float32bits(mul))
	fmt.Fprintf(&s, "f   = float32(acc)*m = %v\n", f)
	fmt.Fprintf(&s, "q_y = fin(f) = %d + (%d) = %d, which stands for (%d - (%d))*s_y = %v\n", q-oy, oy, q, q, oy, op.DequantizeCode(q, yq.Scale[0], oy))

	at := 4*channel + 2*row + col
	if got := lifeValue(t, integer, conv.Result().Name, in); int32(got.I8[at]) != q {
		t.Fatalf("the interpreter gives %d, the text %d", got.I8[at], q)
	}
	ref := lifeValue(t, float, float.Main().Nodes[1].Result().Name, in)
	fmt.Fprintf(&s, "the float network has %v there\n", ref.F32[at])
	return s.String()
}

// lifeValue is a node result as the interpreter has it.
func lifeValue(t *testing.T, m *ir.Module, name string, in []*tensor.Tensor) (found *tensor.Tensor) {
	t.Helper()
	r, err := interp.Engine{}.Prepare(m.Main())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(context.Background(), in, func(v *ir.Value, x *tensor.Tensor) {
		if v.Name == name {
			found = x
		}
	}); err != nil {
		t.Fatal(err)
	}
	if found == nil {
		t.Fatalf("there is no value %%%s", name)
	}
	return found
}

// lifeGo are the two functions of layers.go that were written for this network.
func lifeGo(t *testing.T, files map[string][]byte) string {
	t.Helper()
	src := files["layers.go"]
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "layers.go", src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && (fn.Name.Name == "load" || fn.Name.Name == "run") {
			parts = append(parts, string(src[fset.Position(fn.Doc.Pos()).Offset:fset.Position(fn.End()).Offset])+"\n")
		}
	}
	if len(parts) != 2 {
		t.Fatalf("layers.go has %d of the functions load and run", len(parts))
	}
	return strings.Join(parts, "\n")
}

// lifeAscend are the symbols of the convolution, and the parts of the program that quantize the input and
// convolve: what stands between the points where all streams meet. Flags that are raised before and
// taken back after are left out.
func lifeAscend(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "sym x") || strings.HasPrefix(line, "sym a") {
			b.WriteString(line)
		}
	}
	parts := []struct{ stream, with, what string }{
		{"aiv0.0", "vcast", "the input to codes"}, {"aiv0.0", "vtrans", "to blocks of 32 channels"}, {"aic0", "load3d", "the convolution"}}
	for _, p := range parts {
		_, body, ok := strings.Cut(text, "stream "+p.stream+" {\n")
		body, _, closed := strings.Cut(body, "\n}")
		if !ok || !closed {
			t.Fatalf("the program has no stream %s", p.stream)
		}
		found := false
		for kernel := range strings.SplitSeq(body, "  sync_all\n") {
			if !strings.Contains(kernel, p.with) {
				continue
			}
			lines := strings.SplitAfter(strings.TrimSuffix(kernel, "\n"), "\n")
			first := slices.IndexFunc(lines, func(l string) bool { return !strings.Contains(l, "set_flag") })
			for len(lines) > first+1 && (strings.Contains(lines[len(lines)-1], "wait_flag") || strings.Contains(lines[len(lines)-1], "pipe_barrier")) {
				lines = lines[:len(lines)-1]
			}
			fmt.Fprintf(&b, "\n%s: %s\n%s\n", p.stream, p.what, strings.TrimSuffix(strings.Join(lines[first:], ""), "\n"))
			found = true
			break
		}
		if !found {
			t.Fatalf("stream %s has no %s", p.stream, p.with)
		}
	}
	return b.String()
}
