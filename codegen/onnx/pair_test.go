package onnx_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/codegen/onnx"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	parser "github.com/amctc/amctc/parser/onnx"
	"github.com/amctc/amctc/passes"
)

// pair takes a random float module to the form of AMCT's pair; nil when it has nothing to quantize.
func pair(t *testing.T, seed uint64) *ir.Module {
	t.Helper()
	c := passes.NewContext(context.Background(), op.All())
	c.Settings.Default.Activation.Algorithm = passes.MinMax
	c.Settings.Default.Activation.Asymmetric = seed%3 != 0
	if seed%4 == 1 {
		c.Settings.Default.Weight.Bits = 4
	}
	c.Target = passes.TargetFacts{Name: "ascend910b3"}
	m := irtest.Random(seed)
	var g passes.Manager
	run := func(list []passes.Pass) {
		t.Helper()
		if _, err := g.Run(c, m, list); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	run(passes.Simplify)
	run(passes.Observe)
	if err := passes.Calibrate(c, interp.Engine{}, m, batches{irtest.RandomInputs(m.Main(), seed, 1)}); err != nil {
		return nil
	}
	run(passes.Pair)
	return m
}

// TestPairRoundTrip: both of AMCT's models, read again, give the bytes of the module that they were
// written from, on every output.
func TestPairRoundTrip(t *testing.T) {
	seen, ops := 0, make(map[string]int)
	for seed := range uint64(130) {
		m := pair(t, seed)
		if m == nil {
			continue
		}
		p, err := onnx.ExportPair(m, onnx.PairOptions{})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if again, err := onnx.ExportPair(m, onnx.PairOptions{}); err != nil || !bytes.Equal(again.Deploy, p.Deploy) || !bytes.Equal(again.FakeQ, p.FakeQ) {
			t.Fatalf("seed %d: two exports differ: %v", seed, err)
		}
		in := irtest.RandomInputs(m.Main(), seed+1000, 1)
		want := eval(t, m, in)
		for _, form := range []struct {
			name string
			data []byte
		}{{"deploy", p.Deploy}, {"fake", p.FakeQ}} {
			back, diags := parser.Import(form.name, form.data, parser.Options{})
			if diags.HasErrors() {
				t.Fatalf("seed %d: %v", seed, diags)
			}
			if l := ir.Verify(back); l.HasErrors() {
				t.Fatalf("seed %d, %s: %v", seed, form.name, l)
			}
			got := eval(t, back, in)
			for i := range want {
				if !bytes.Equal(got[i].Bytes(), want[i].Bytes()) {
					t.Errorf("seed %d, %s: output %d differs", seed, form.name, i)
				}
			}
			if a, b := integerNodes(m), integerNodes(back); a != b {
				t.Errorf("seed %d, %s: integer operators are %s, were %s", seed, form.name, b, a)
			}
		}
		seen++
		for _, n := range m.Main().Nodes {
			ops[n.Op.Name]++
		}
	}
	if seen < 80 || ops["q.conv2d"] < 50 || ops["q.dense"] < 30 || ops["q.dequantize"] < 20 {
		t.Errorf("%d modules with %v are too few", seen, ops)
	}
}

// integerNodes counts the integer operators but q.quantize: two layers that read one may read two of
// equal codes afterwards, whose scales have the same reciprocal.
func integerNodes(m *ir.Module) string {
	n := make(map[string]int)
	for _, v := range m.Main().Nodes {
		if v.Op.Name[0] == 'q' && v.Op.Name != "q.quantize" {
			n[v.Op.Name]++
		}
	}
	return fmt.Sprint(n)
}

// TestQDQRoundTrip: an exported QDQ model, read again and quantized with its own factors, gives the
// same bytes on every output.
func TestQDQRoundTrip(t *testing.T) {
	all := 0
	for seed := range uint64(110) {
		m := quantized(t, seed)
		if m == nil {
			continue
		}
		back, diags := parser.Import("m.onnx", export(t, m), parser.Options{})
		if diags.HasErrors() {
			t.Fatalf("seed %d: %v", seed, diags)
		}
		c := passes.NewContext(context.Background(), op.All())
		c.Target = passes.TargetFacts{Name: "ascend910b3"}
		var g passes.Manager
		if back.Main().Stage == ir.StageFake {
			for _, list := range [][]passes.Pass{passes.Split, passes.Simplify, passes.Observe, passes.Quantize} {
				if _, err := g.Run(c, back, list); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
		}
		if dilatedMean(m) || rescaledConcat(m) {
			continue // written as a convolution and a product; see rescaledConcat
		}
		in := irtest.RandomInputs(m.Main(), seed+1000, 1)
		a, b := eval(t, m, in), eval(t, back, in)
		for i := range a {
			all++
			if !bytes.Equal(a[i].Bytes(), b[i].Bytes()) {
				t.Errorf("seed %d: output %d differs; integer operators are %s, were %s", seed, i, integerNodes(back), integerNodes(m))
			}
		}
	}
	if all < 500 {
		t.Errorf("%d outputs are too few", all)
	}
}

func dilatedMean(m *ir.Module) bool {
	return slices.ContainsFunc(m.Main().Nodes, func(n *ir.Node) bool { return n.Op.Name == "q.avg_pool2d" && slices.Max(n.Ints("dilation")) > 1 })
}

// rescaledConcat says whether a concatenation is moved to another map. Read again, its operands go to
// that map at once, which is one rounding fewer.
func rescaledConcat(m *ir.Module) bool {
	return slices.ContainsFunc(m.Main().Nodes, func(n *ir.Node) bool {
		return n.Op.Name == "q.rescale" && n.Operands[0].Def != nil && n.Operands[0].Def.Op.Name == "nn.concat"
	})
}

// TestPairExternal: models above the limit have their constants in files beside them, and come back
// with them; without them the refusal names the file.
func TestPairExternal(t *testing.T) {
	m := pair(t, 6)
	p, err := onnx.ExportPair(m, onnx.PairOptions{Name: "net", External: 1})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := onnx.ExportPair(m, onnx.PairOptions{Name: "net"})
	if err != nil || len(whole.External) != 0 {
		t.Fatalf("%v: %d files beside a small model", err, len(whole.External))
	}
	dir := t.TempDir()
	for _, name := range []string{"net_deploy.external", "net_fakequant.external"} {
		if len(p.External[name]) == 0 {
			t.Fatalf("no %s", name)
		}
		if err := os.WriteFile(filepath.Join(dir, name), p.External[name], 0o666); err != nil {
			t.Fatal(err)
		}
	}
	in := irtest.RandomInputs(m.Main(), 1, 1)
	want := eval(t, m, in)
	for _, data := range [][]byte{p.Deploy, p.FakeQ} {
		if len(data) >= len(whole.Deploy) {
			t.Errorf("%d bytes remain of %d", len(data), len(whole.Deploy))
		}
		back, diags := parser.Import("net", data, parser.Options{Dir: dir})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for i, got := range eval(t, back, in) {
			if !got.Equal(want[i]) {
				t.Errorf("output %d differs", i)
			}
		}
		if _, diags := parser.Import("net", data, parser.Options{Dir: t.TempDir()}); !strings.Contains(diags.Error(), "net_") {
			t.Errorf("without the file: %v", diags)
		}
	}
}
