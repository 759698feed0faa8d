package amctc_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/calib"
)

const mnistTrain = "testdata/data/mnist/train-images-idx3-ubyte.gz"

// calibrated is one of the trained networks, simplified, with factors from n training images.
func calibrated(t *testing.T, name string, n int) (*passes.Context, *ir.Module) {
	t.Helper()
	if !amctc.Exists(mnistTrain) {
		t.Fatalf("%s is missing; \"make data\" brings it", mnistTrain)
	}
	m, err := amctc.Load(filepath.Join("testdata/models", name+".onnx"), amctc.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := amctc.NewContext(context.Background())
	float, err := amctc.Prepare(c, m)
	if err != nil {
		t.Fatal(err)
	}
	// Images of digits serve every network here: what is tested is not accuracy.
	d, err := amctc.OpenData(float.Main(), []string{mnistTrain}, amctc.DataOptions{Limit: n, Std: []float32{255}})
	if err != nil {
		t.Fatal(err)
	}
	if float, err = amctc.Calibrate(c, float, d); err != nil {
		t.Fatal(err)
	}
	return c, float
}

// TestRecordLaw holds calibrate, record, quantize against compile's direct way: the same module.
func TestRecordLaw(t *testing.T) {
	for _, name := range []string{"lenet", "residual", "autoencoder"} {
		c, float := calibrated(t, name, 16)
		direct, err := amctc.Quantize(c, float, amctc.DefaultTarget)
		if err != nil {
			t.Fatal(err)
		}
		text := amctc.ToRecord(c.Factors).Format()
		r, err := amct.ParseRecord(name+".txt", text)
		if err != nil {
			t.Fatal(err)
		}
		c2 := amctc.NewContext(context.Background())
		if c2.Factors, err = amctc.FromRecord(r, float.Main()); err != nil {
			t.Fatal(err)
		}
		again, err := amctc.Quantize(c2, float, amctc.DefaultTarget)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := ir.Print(direct), ir.Print(again); a != b {
			t.Errorf("%s: the record gives another module\n%s\n%s", name, a, b)
		}
		if second := amctc.ToRecord(c2.Factors).Format(); string(second) != string(text) {
			t.Errorf("%s: the record of the record differs\n%s\n%s", name, text, second)
		}
		for _, n := range direct.Main().Nodes {
			if n.Op.Name == "nn.conv2d" || n.Op.Name == "nn.dense" {
				t.Errorf("%s: %s stayed float", name, n.Subject())
			}
		}
	}
}

// TestBalancedRecordLaw is the same law with balanced channels: the record holds their factors, and quantizing
// the network as it was loaded gives what quantizing the fitted one gives. The fitted network computes what the
// float one does, to rounding.
func TestBalancedRecordLaw(t *testing.T) {
	for name, set := range map[string]func(*passes.Settings){
		"lenet":     func(s *passes.Settings) { s.Equalize, s.Joint = true, true },
		"residual":  func(s *passes.Settings) { s.Equalize, s.Default.Balance, s.Joint = true, .5, true },
		"mobilenet": func(s *passes.Settings) { s.Default.Smooth = .4 },
	} {
		m, err := amctc.Load(filepath.Join("testdata/models", name+".onnx"), amctc.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		c := amctc.NewContext(t.Context())
		set(c.Settings)
		float, err := amctc.Prepare(c, m)
		if err != nil {
			t.Fatal(err)
		}
		d, err := amctc.OpenData(float.Main(), []string{filepath.Join("testdata/models", name+".in.npy")}, amctc.DataOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fitted, err := amctc.Calibrate(c, float, d)
		if err != nil {
			t.Fatal(err)
		}
		samples, err := d.First(8)
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range samples {
			a, b := floatRun(t, float, in), floatRun(t, fitted, in)
			var most, worst float64
			for i, v := range a {
				most, worst = max(most, math.Abs(float64(v))), max(worst, math.Abs(float64(v)-float64(b[i])))
			}
			if worst > 1e-5*most {
				t.Errorf("%s: balancing changes a result by %g, the greatest element is %g", name, worst, most)
			}
		}
		direct, err := amctc.Quantize(c, fitted, amctc.DefaultTarget)
		if err != nil {
			t.Fatal(err)
		}
		text := amctc.ToRecord(c.Factors).Format()
		if !strings.Contains(string(text), "tensor_balance_factor") {
			t.Errorf("%s: the record has no balance factors", name)
		}
		r, err := amct.ParseRecord(name+".txt", text)
		if err != nil {
			t.Fatal(err)
		}
		again := amctc.NewContext(t.Context())
		if again.Factors, err = amctc.FromRecord(r, float.Main()); err != nil {
			t.Fatal(err)
		}
		quantized, err := amctc.Quantize(again, float, amctc.DefaultTarget)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := ir.Print(direct), ir.Print(quantized); a != b {
			t.Errorf("%s: the record gives another module\n%s\n%s", name, a, b)
		}
		for i, k := range direct.UsedConsts() {
			if k.Digest() != quantized.UsedConsts()[i].Digest() {
				t.Errorf("%s: constant %s differs", name, k.Name)
			}
		}
	}
}

// floatRun is the first result of a float module.
func floatRun(t *testing.T, m *ir.Module, in []*tensor.Tensor) []float32 {
	t.Helper()
	out, err := interp.Run(t.Context(), m.Main(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out[0].F32
}

// TestRecordOfUnknownLayer refuses a misspelt key.
func TestRecordOfUnknownLayer(t *testing.T) {
	_, float := calibrated(t, "lenet", 1)
	r := &amct.Record{Layers: []*amct.Layer{{Key: "conv9", HasScaleD: true, ScaleD: 1}}}
	if _, err := amctc.FromRecord(r, float.Main()); err == nil || !strings.Contains(err.Error(), "conv9") {
		t.Errorf("%v, want an error that names conv9", err)
	}
}

// TestModuleOnDisk writes a quantized module and reads the same module back.
func TestModuleOnDisk(t *testing.T) {
	c, float := calibrated(t, "lenet", 4)
	q, err := amctc.Quantize(c, float, amctc.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "q.amir")
	if err := parser.Save(path, q); err != nil {
		t.Fatal(err)
	}
	back, err := amctc.Load(path, amctc.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := ir.Print(q), ir.Print(back); a != b {
		t.Errorf("read back:\n%s\nwritten:\n%s", b, a)
	}
	for i, c := range q.UsedConsts() {
		if d := back.UsedConsts()[i]; d.Digest() != c.Digest() {
			t.Errorf("constant %s differs", c.Name)
		}
	}
}

func TestWriteAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	v1 := map[string][]byte{"a.go": []byte("1"), "sub/b.bin": {0}}
	if err := amctc.WriteAll(dir, v1); err != nil {
		t.Fatal(err)
	}
	if err := amctc.CheckAll(dir, v1); err != nil {
		t.Error(err)
	}
	v2 := map[string][]byte{"a.go": []byte("2")}
	if err := amctc.CheckAll(dir, v2); !errors.Is(err, amctc.ErrStale) || !strings.Contains(err.Error(), "sub/b.bin") {
		t.Errorf("stale folder: %v", err)
	}
	own := filepath.Join(dir, "mine.txt")
	if err := os.WriteFile(own, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := amctc.WriteAll(dir, v2); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "sub/b.bin")); err == nil {
		t.Error("a file no longer written stayed")
	}
	if b, _ := os.ReadFile(own); string(b) != "mine" {
		t.Error("a user's file was touched")
	}
	err := amctc.WriteAll(dir, map[string][]byte{"a.go": []byte("3"), "mine.txt": []byte("theirs")})
	if !errors.Is(err, amctc.ErrForeign) {
		t.Errorf("writing over a user's file: %v", err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "a.go")); string(b) != "2" {
		t.Error("a refused write changed a file")
	}
}

func TestConfigNamesUnknownLayer(t *testing.T) {
	_, float := calibrated(t, "lenet", 1)
	cfg, err := amct.ParseConfig("c.json", []byte(`{"version":1,"/c1/Con":{"quant_enable":false}}`))
	if err != nil {
		t.Fatal(err)
	}
	c := amctc.NewContext(context.Background())
	if _, err := amctc.ApplyConfig(c, cfg, float.Main()); err == nil || !strings.Contains(err.Error(), "/c1/Con") {
		t.Errorf("%v, want an error that names the layer", err)
	}
}

// TestNetworksAgree holds every engine against the interpreter on the trained networks: both SoCs,
// every tensor of two samples; one network also with every transformation.
func TestNetworksAgree(t *testing.T) {
	for _, name := range []string{"lenet", "residual", "mobilenet", "autoencoder", "residual transformed"} {
		t.Run(name, func(t *testing.T) {
			name, _, transformed := strings.Cut(name, " ")
			m, err := amctc.Load(filepath.Join("testdata/models", name+".onnx"), amctc.LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			c := amctc.NewContext(t.Context())
			if transformed {
				c.Settings.Equalize, c.Settings.Default.Balance, c.Settings.CorrectBias, c.Settings.Joint = true, .5, true, true
			}
			float, err := amctc.Prepare(c, m)
			if err != nil {
				t.Fatal(err)
			}
			data, err := amctc.OpenData(float.Main(), []string{filepath.Join("testdata/models", name+".in.npy")}, amctc.DataOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if float, err = amctc.Calibrate(c, float, data); err != nil {
				t.Fatal(err)
			}
			q, err := amctc.Quantize(c, float, amctc.DefaultTarget)
			if err != nil {
				t.Fatal(err)
			}
			samples, err := data.First(2)
			if err != nil {
				t.Fatal(err)
			}
			r, goNotRun, err := amctc.Verify(t.Context(), q, samples, amctc.VerifyOptions{Targets: []string{"ascend910b3", "ascend950pr"}})
			if err != nil {
				t.Fatal(err)
			}
			if goNotRun != "" {
				t.Error(goNotRun)
			}
			if !r.OK() || r.Tensors == 0 {
				t.Errorf("%s\nfirst: %v\nnot compared: %v", r.Line(), r.First, r.NotCompared)
			}
		})
	}
}

// TestRoundedLaw holds that a fitted network with its record gives what calibration gave, for every way
// to round weights, and that the numbers of the fitted network are codes times scales.
func TestRoundedLaw(t *testing.T) {
	for _, w := range []passes.WeightSettings{
		{Algorithm: passes.GPTQ, Bits: 4},
		{Algorithm: passes.GPTQ, Bits: 3},
		{Algorithm: passes.MSEWeights, Bits: 4},
		{Algorithm: passes.NUQ, Bits: 8, NUQ: calib.NUQConfig{Steps: 16, Iterations: 1}},
		{Algorithm: passes.AdaRound, Bits: 4, AdaRound: calib.AdaRoundConfig{Iterations: 30, Reg: 0.01, BetaStart: 20, BetaEnd: 2, WarmStart: 0.2}},
	} {
		m, err := amctc.Load("testdata/models/lenet.onnx", amctc.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		c := amctc.NewContext(t.Context())
		c.Settings.Default.Weight = w
		float, err := amctc.Prepare(c, m)
		if err != nil {
			t.Fatal(err)
		}
		d, err := amctc.OpenData(float.Main(), []string{mnistTrain}, amctc.DataOptions{Limit: 16, Std: []float32{255}})
		if err != nil {
			t.Fatal(err)
		}
		fitted, err := amctc.Calibrate(c, float, d)
		if err != nil {
			t.Fatal(err)
		}
		if fitted == float {
			t.Fatalf("%s changed nothing", w.Algorithm)
		}
		direct, err := amctc.Quantize(c, fitted, amctc.DefaultTarget)
		if err != nil {
			t.Fatal(err)
		}
		r, err := amct.ParseRecord("r.txt", amctc.ToRecord(c.Factors).Format())
		if err != nil {
			t.Fatal(err)
		}
		c2 := amctc.NewContext(t.Context())
		if c2.Factors, err = amctc.FromRecord(r, fitted.Main()); err != nil {
			t.Fatal(err)
		}
		again, err := amctc.Quantize(c2, fitted, amctc.DefaultTarget)
		if err != nil {
			t.Fatal(err)
		}
		codes := func(m *ir.Module) (out []byte) {
			for _, c := range m.Consts {
				out = append(out, c.Data.Bytes()...)
			}
			return out
		}
		if !bytes.Equal(codes(direct), codes(again)) {
			t.Errorf("%s, %d bits: the record gives other codes", w.Algorithm, w.Bits)
		}
		for _, n := range direct.Main().Nodes {
			if n.Op.Name != "q.conv2d" && n.Op.Name != "q.dense" {
				continue
			}
			used := make(map[int8]bool)
			for _, q := range n.Operands[1].Const.Data.I8 {
				used[q] = true
			}
			limit := 1 << w.Bits
			if w.Algorithm == passes.NUQ {
				limit = 16
			}
			if len(used) > limit {
				t.Errorf("%s, %d bits: layer %q has %d different codes", w.Algorithm, w.Bits, n.Name, len(used))
			}
		}
		if w.Algorithm == passes.NUQ {
			if _, err := amctc.Quantize(c2, float, amctc.DefaultTarget); err == nil {
				t.Error("a code book was taken for weights that are not rounded to it")
			}
		}
	}
}
