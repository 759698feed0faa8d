package amctc_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
)

func loadModel(t *testing.T, name string) *ir.Module {
	t.Helper()
	m, err := amctc.Load(filepath.Join("testdata/models", name+".onnx"), amctc.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readConfig(t *testing.T, text string) amct.Configuration {
	t.Helper()
	conf, err := amct.ReadConfig("c", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

// fit calibrates a copy of m with a configuration, nil for none, on n samples.
func fit(t *testing.T, m *ir.Module, conf amct.Configuration, n int) (*passes.Context, *ir.Module, error) {
	t.Helper()
	c := amctc.NewContext(t.Context())
	if conf != nil {
		if _, err := amctc.ApplyConfig(c, conf, m.Main()); err != nil {
			return c, nil, err
		}
	}
	float, err := amctc.Prepare(c, m)
	if err != nil {
		t.Fatal(err)
	}
	d, err := amctc.OpenData(float.Main(), []string{mnistTrain}, amctc.DataOptions{Limit: n, Std: []float32{255}})
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := amctc.Calibrate(c, float, d)
	return c, fitted, err
}

// TestDefaultConfigIsTheDefault holds that the config that is written for a network finds the factors that
// are found without one, so that editing it changes what was edited.
func TestDefaultConfigIsTheDefault(t *testing.T) {
	for _, name := range []string{"lenet", "residual"} {
		m := loadModel(t, name)
		cfg := amctc.DefaultConfig(m.Main())
		plain, _, err := fit(t, m, nil, 16)
		if err != nil {
			t.Fatal(err)
		}
		configured, _, err := fit(t, m, readConfig(t, string(cfg.Format())), 16)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := amctc.ToRecord(plain.Factors).Format(), amctc.ToRecord(configured.Factors).Format(); !bytes.Equal(a, b) {
			t.Errorf("%s: without\n%s\nwith\n%s", name, a, b)
		}
		if configured.Remarks.Len() != plain.Remarks.Len() {
			t.Errorf("%s: %v", name, &configured.Remarks)
		}
	}
}

// TestBatchNum holds AMCT's rule: exactly batch_num batches. More data change nothing but a remark, too few
// are an error that names both numbers.
func TestBatchNum(t *testing.T) {
	m := loadModel(t, "lenet")
	text := func(samples int) string {
		c, _, err := fit(t, m, readConfig(t, "batch_num: 2"), samples)
		if err != nil {
			t.Fatal(err)
		}
		if left := samples > 32; left != strings.Contains(c.Remarks.Error(), "remark[C013]: calibration takes 2 batches (batch_num) of 16 samples, 32 of the 40 samples") {
			t.Errorf("%d samples: %v", samples, &c.Remarks)
		}
		return string(amctc.ToRecord(c.Factors).Format())
	}
	if text(32) != text(40) {
		t.Error("more data change the factors")
	}
	if text(32) == text(17) {
		t.Error("15 more samples change nothing: the second batch was not used")
	}
	_, _, err := fit(t, m, readConfig(t, "batch_num: 3"), 32)
	var d *diag.Diagnostic
	if !errors.As(err, &d) || d.Code != "C012" || !strings.Contains(d.Message, "needs 3 batches (batch_num) of 16 samples, and the data have 2: 32 samples") {
		t.Errorf("too few batches: %v", err)
	}
}

// TestTensorQuantize sets one operand of an addition apart: its factors change, no others do.
func TestTensorQuantize(t *testing.T) {
	m := loadModel(t, "residual")
	plain, _, err := fit(t, m, nil, 16)
	if err != nil {
		t.Fatal(err)
	}
	const add = "/blocks/blocks.0/Add"
	one, _, err := fit(t, m, readConfig(t, `tensor_quantize { layer_name: "`+add+`" input_index: 1 hfmg_quantize { num_of_bins: 1024 asymmetric: false } }`), 16)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range plain.Factors.All() {
		k := one.Factors.Get(l.Key)
		if same := k != nil && l.Equal(k); same == (l.Key == add+":1") {
			t.Errorf("%s: %+v and %+v", l.Key, l, k)
		}
	}
	if k := one.Factors.Get(add + ":1"); k.OffsetD != 0 {
		t.Errorf("symmetric: %+v", k)
	}
}

// normalized has a normalization behind a convolution, and a matrix product of each kind.
const normalized = `amir 1
const @w : tensor<2x2x1x1xf32> = [1, 2, -1, 0.5]
const @b : tensor<2xf32> = [0.5, -1]
const @gamma : tensor<2xf32> = [2, -1]
const @beta : tensor<2xf32> = [0.5, 0]
const @mean : tensor<2xf32> = [1, -2]
const @var : tensor<2xf32> = [1, 1]
const @v : tensor<2x8xf32> = [1, -1, 0.5, 0.25, -0.5, 0.75, 0.25, 1, 0.5, 0.25, -0.75, 1, 0.125, -0.5, 0.5, -0.25]
func @main(%x: tensor<1x2x2x2xf32>) -> (tensor<1x2xf32>) attributes {stage = float} {
  %a = nn.conv2d %x, @w, @b : tensor<1x2x2x2xf32> loc("conv")
  %c = nn.batch_norm %a, @gamma, @beta, @mean, @var {eps = 0} : tensor<1x2x2x2xf32> loc("bn")
  %p = nn.avg_pool2d %c {kernel = [1, 2], pad = [0, 0, 0, 1]} : tensor<1x2x2x2xf32> loc("pool")
  %f = nn.reshape %p {shape = [1, 8]} : tensor<1x8xf32> loc("flat")
  %z = nn.dense %f, @v : tensor<1x2xf32> loc("fc")
  return %z
}
`

func parseModule(t *testing.T, text string) *ir.Module {
	t.Helper()
	m, l := parser.Parse("m.amir", []byte(text))
	if err := l.Err(); err != nil {
		t.Fatal(err)
	}
	if l := ir.Verify(m); l.HasErrors() {
		t.Fatal(l)
	}
	return m
}

// TestSkipFusionInRecords holds that a normalization that stays apart does so for whoever takes the record
// too: calibrate, record, quantize gives the module of the direct way.
func TestSkipFusionInRecords(t *testing.T) {
	for _, conf := range []string{`skip_fusion_layers: "conv"`, `skip_fusion_layers: "bn"`, ``} {
		m := parseModule(t, normalized)
		c := amctc.NewContext(t.Context())
		cfg, err := amctc.ApplyConfig(c, readConfig(t, conf+` batch_num: 1`), m.Main())
		if err != nil {
			t.Fatal(err)
		}
		if got := len(cfg.Layers); got != 3 {
			t.Errorf("%d layers\n%s", got, cfg.Format())
		}
		float, err := amctc.Prepare(c, m)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "x.bin")
		if err := os.WriteFile(path, bytes.Repeat([]byte{0, 0, 128, 63, 0, 0, 0, 63}, 4), 0o666); err != nil {
			t.Fatal(err)
		}
		d, err := amctc.OpenData(float.Main(), []string{filepath.Dir(path)}, amctc.DataOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := amctc.Calibrate(c, float, d); err != nil {
			t.Fatal(err)
		}
		direct, err := amctc.Quantize(c, float, amctc.DefaultTarget)
		if err != nil {
			t.Fatal(err)
		}
		text := amctc.ToRecord(c.Factors).Format()
		if apart := conf != ""; apart != bytes.Contains(text, []byte("skip_fusion: true")) {
			t.Errorf("%s: record\n%s", conf, text)
		}
		r, err := amct.ParseRecord("r", text)
		if err != nil {
			t.Fatal(err)
		}
		again := amctc.NewContext(t.Context())
		amctc.ApplyRecord(again.Settings, r)
		if float, err = amctc.Prepare(again, m); err != nil {
			t.Fatal(err)
		}
		if again.Factors, err = amctc.FromRecord(r, float.Main()); err != nil {
			t.Fatal(err)
		}
		quantized, err := amctc.Quantize(again, float, amctc.DefaultTarget)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := ir.Print(direct), ir.Print(quantized); a != b {
			t.Errorf("%s: the record gives another module\n%s\n%s", conf, a, b)
		}
		if second := amctc.ToRecord(again.Factors).Format(); !bytes.Equal(second, text) {
			t.Errorf("the record of the record differs\n%s\n%s", text, second)
		}
	}
}

// TestPoolRecord takes a record as AMCT writes it for average pooling: a layer whose weights have the scale 1.
func TestPoolRecord(t *testing.T) {
	m := parseModule(t, normalized)
	r, err := amct.ParseRecord("r", []byte(`record { key: "pool" value { scale_d: 0.5 offset_d: 3 scale_w: 1 offset_w: 0 } }
record { key: "fc" value { scale_d: 0.25 offset_d: 4 scale_w: 0.125 offset_w: 0 } }`))
	if err != nil {
		t.Fatal(err)
	}
	c := amctc.NewContext(t.Context())
	float, err := amctc.Prepare(c, m)
	if err != nil {
		t.Fatal(err)
	}
	if c.Factors, err = amctc.FromRecord(r, float.Main()); err != nil {
		t.Fatal(err)
	}
	q, err := amctc.Quantize(c, float, amctc.DefaultTarget)
	if err != nil {
		t.Fatal(err)
	}
	if text := ir.Print(q); !strings.Contains(text, "q.avg_pool2d") || !strings.Contains(text, "scale=0.5, offset=3") || !strings.Contains(text, "scale=0.25, offset=4") {
		t.Errorf("got\n%s", text)
	}
}

// TestUnlistedStayFloat holds that layers which AMCT could have named and the config does not have stay
// float, average pooling included.
func TestUnlistedStayFloat(t *testing.T) {
	m := parseModule(t, normalized)
	c := amctc.NewContext(t.Context())
	if _, err := amctc.ApplyConfig(c, readConfig(t, `{"conv":{}}`), m.Main()); err != nil {
		t.Fatal(err)
	}
	for name, skip := range map[string]bool{"conv": false, "pool": true, "fc": true} {
		layer := name != "pool"
		if got := c.Settings.For(name, layer).Skip; got != skip {
			t.Errorf("%s: skip is %v", name, got)
		}
	}
}

// TestLayerKinds holds the types that networks have for configurations, imported and not.
func TestLayerKinds(t *testing.T) {
	want := map[string]string{"conv": "Conv", "bn": "fused BatchNormalization", "pool": "AveragePool", "flat": "Reshape", "fc": "MatMul"}
	for _, n := range amctc.NetworkOf(parseModule(t, normalized).Main()).Nodes {
		if n.Type != want[n.Name] {
			t.Errorf("%s is a %s, want %s", n.Name, n.Type, want[n.Name])
		}
	}
	for _, n := range amctc.NetworkOf(loadModel(t, "residual").Main()).Nodes {
		if base := filepath.Base(n.Name); strings.HasPrefix(base, "GlobalAveragePool") && n.Type != "GlobalAveragePool" || base == "Gemm" && n.Type != "Gemm" {
			t.Errorf("%s is a %s", n.Name, n.Type)
		}
	}
	for _, d := range op.All().All() {
		if d.Quant.IsLayer() && d.Name != "nn.conv2d" && d.Name != "nn.dense" {
			t.Errorf("configurations do not know the layer %s", d.Name)
		}
	}
}

// TestRefusedSettings holds that what passes do not act on is refused where it stands.
func TestRefusedSettings(t *testing.T) {
	m := parseModule(t, normalized)
	was := passes.Support
	defer func() { passes.Support = was }()
	passes.Support.ActivationBits, passes.Support.Joint, passes.Support.Balance = []int{8}, false, false
	passes.Support.Equalize, passes.Support.CorrectBias = false, false
	c := amctc.NewContext(t.Context())
	_, err := amctc.ApplyConfig(c, readConfig(t, `{"joint_quant":true,"equalize":true,"bias_correction":true,
"conv":{"dmq_balancer_param":0.5,
"activation_quant_params":{"num_bits":16}}}`), m.Main())
	want := `c:1:16: error[C009]: joint_quant true is not supported; write false
c:1:32: error[C009]: equalize true is not supported; write false
c:1:55: error[C009]: bias_correction true is not supported; write false
c:2:1: error[C009]: layer "conv": balanced channels are not supported; remove dmq_balancer_param and smooth_strength
c:3:39: error[C009]: layer "conv": activations of 16 bits are not supported; write num_bits 8`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	r, err := amct.ParseRecord("r", []byte(`record { key: "conv" value { scale_d: 1 act_type: "INT16" shift_bit: 1 scale_w: 1 offset_w: 0 tensor_balance_factor: 2 } }
record { key: "conf" value { scale_d: 1 } }`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = amctc.FromRecord(r, m.Main())
	want = `conv: error[R006]: act_type INT16 is not supported, in layer "conv"; calibrate with activations of 8 bits
conv: error[R006]: tensor_balance_factor is not supported, in layer "conv"; calibrate without the balancer
conv: error[R006]: shift_bit stands beside act_type INT16, in layer "conv", whose accumulators have two parts; quantize to 8 bits, or remove shift_bit
conf: error[R007]: the record has factors for "conf", which the network does not have; did you mean conv?`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}
