package amct

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir/diag"
)

var update = flag.Bool("update", false, "write golden files anew")

// compare holds text against a golden file of testdata/amct.
func compare(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.Join("../../testdata/amct", name), []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(golden(t, name)); got != want {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// network has one operator of every kind that rules tell apart.
var network = &Network{
	Nodes: []Node{
		{Name: "conv1", Type: "Conv", Operands: 1, Group: 1, Channels: 3},
		{Name: "relu1", Type: "Relu", Operands: 1, Group: 1},
		{Name: "pool1", Type: "MaxPool", Operands: 1, Group: 1},
		{Name: "conv2", Type: "Conv", Operands: 1, Group: 1, Channels: 8},
		{Name: "dw", Type: "Conv", Operands: 1, Group: 8, Channels: 1},
		{Name: "dilated", Type: "Conv", Operands: 1, Group: 1, Channels: 8, Dilated: true},
		{Name: "add1", Type: "Add", Operands: 2, Group: 1},
		{Name: "avg1", Type: "AveragePool", Operands: 1, Group: 1},
		{Name: "gap", Type: "GlobalAveragePool", Operands: 1, Group: 1},
		{Name: "fc1", Type: "Gemm", Operands: 1, Group: 1, Channels: 16, Bias: true},
		{Name: "fc2", Type: "Gemm", Operands: 1, Group: 1, Channels: 16},
		{Name: "matm", Type: "MatMul", Operands: 1, Group: 1, Channels: 10},
	},
	Alias: map[string]string{"bn2": "conv2"},
}

// TestSimpleGolden resolves a simplified config that has every field; the result is a JSON config that is
// read as it was written.
func TestSimpleGolden(t *testing.T) {
	conf, err := ReadConfig("simple.cfg", golden(t, "simple.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	c, found := conf.For(network)
	if found.Len() > 0 {
		t.Errorf("findings:\n%v", found)
	}
	text := string(c.Format())
	compare(t, "simple.quant.json", text)
	again, err := ReadConfig("simple.quant.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	bound, found := again.For(network)
	if found.Len() > 0 {
		t.Errorf("findings of the JSON config:\n%v", found)
	}
	if got := string(bound.Format()); got != text {
		t.Errorf("the JSON config changes:\n%s", got)
	}
}

// TestDefaultConfig holds what is written for a network without any wishes.
func TestDefaultConfig(t *testing.T) {
	compare(t, "default.quant.json", string(ConfigOf(network).Format()))
}

// TestPrecedence holds each part of a calibration against the matrix of where it is given: layer before type
// before common before default, and skipping before all.
func TestPrecedence(t *testing.T) {
	for mask := range 16 {
		var text strings.Builder
		want := "4096"
		part := func(bit int, bins, open, end string) {
			if mask&bit != 0 {
				text.WriteString(open + " hfmg_quantize { num_of_bins: " + bins + " } " + end + "\n")
				want = bins
			}
		}
		part(1, "1024", "common_config {", "}")
		part(2, "2048", `override_layer_types { layer_type: "Conv" calibration_config {`, "} }")
		part(4, "8192", `override_layer_configs { layer_name: "bn2" calibration_config {`, "} }")
		if mask&8 != 0 {
			text.WriteString("skip_layers: 'conv2'\n")
		}
		s, err := ParseSimple("s", []byte(text.String()))
		if err != nil {
			t.Fatal(err)
		}
		c, found := s.For(network)
		if found.Len() > 0 {
			t.Errorf("%s%v", &text, found)
		}
		l := c.Layers["conv2"]
		if got := l.Activation.NumOfBins; mask&7 == 0 && got != nil || mask&7 != 0 && (got == nil || float(float64(*got)) != want+".0") {
			t.Errorf("%snum_of_bins is %v, want %s", &text, got, want)
		}
		if *l.QuantEnable != (mask&8 == 0) {
			t.Errorf("%squant_enable is %v", &text, *l.QuantEnable)
		}
	}
	// Parts are independent: an override of weights leaves the observer of the common part.
	s, err := ParseSimple("s", []byte(`common_config { ifmr_quantize { search_step: 0.05 } arq_quantize { quant_bits: 6 } }
override_layer_configs { layer_name: "conv2" calibration_config { arq_quantize { channel_wise: false } } }`))
	if err != nil {
		t.Fatal(err)
	}
	c, _ := s.For(network)
	if l := c.Layers["conv2"]; *l.Activation.SearchStep != 0.05 || *l.Weight.NumBits != 8 || *l.Weight.ChannelWise {
		t.Errorf("%+v %+v", l.Activation, l.Weight)
	}
}

// TestOneof holds that of two members of a oneof the last one stays.
func TestOneof(t *testing.T) {
	s, err := ParseSimple("s", []byte(`common_config { hfmg_quantize { num_of_bins: 1024 } ifmr_quantize {} ada_quantize {} arq_quantize {} dmq_balancer {} smooth_quant {} }`))
	if err != nil {
		t.Fatal(err)
	}
	if k := s.Common; *k.Activations.ActAlgo != "ifmr" || k.Activations.NumOfBins != nil || *k.Weights.WtsAlgo != "arq_quantize" || !k.Balancer.Smooth {
		t.Errorf("%+v", k)
	}
}

// TestDiagnostics holds the rendered findings of broken files.
func TestDiagnostics(t *testing.T) {
	files := []string{"syntax.cfg", "fields.cfg", "names.cfg", "names.quant.json", "rules.quant.json"}
	for _, name := range files {
		text := golden(t, "bad/"+name)
		conf, err := ReadConfig(name, text)
		var found *diag.List
		if err != nil {
			found = err.(*diag.List)
		} else {
			_, found = conf.For(network)
		}
		got := found.Render(func(string) (string, bool) { return string(text), true })
		compare(t, "bad/"+name+".out", got)
	}
}

// TestOwnMembers holds the members of a calibration that AMCT does not have.
func TestOwnMembers(t *testing.T) {
	for _, algo := range actAlgos {
		s, err := ParseSimple("s", []byte("common_config { "+algo+"_quantize { asymmetric: false } mse_weights { quant_bits: 6 } }"))
		if err != nil {
			t.Error(err)
			continue
		}
		if k := s.Common; *k.Activations.ActAlgo != algo || *k.Weights.WtsAlgo != "mse_quantize" || *k.Weights.NumBits != 6 {
			t.Errorf("%s: %+v %+v", algo, k.Activations, k.Weights)
		}
	}
	for _, algo := range wtsAlgos {
		member := algo
		if algo == "mse_quantize" {
			member = "mse_weights"
		}
		s, err := ParseSimple("s", []byte("common_config { "+member+" {} }"))
		if err != nil || *s.Common.Weights.WtsAlgo != algo {
			t.Errorf("%s: %v", algo, err)
		}
	}
}

func TestTextErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a", "s:1:2: error[C001]: not a simplified config: want : or { after a, not the end of the file"},
		{"batch_num: ", "s:1:12: error[C001]: not a simplified config: want the value of batch_num, not the end of the file"},
		{"batch_num 1", "want : or { after batch_num, not 1"},
		{"batch_num: 1 }", "s:1:14: error[C001]: not a simplified config: want the name of a field, not }"},
		{"common_config {", "} is missing at the end of the file"},
		{"common_config < }", "want the name of a field, not }"},
		{"skip_layers: [\"a\" \"b\", 3", "want , or ] in the list of skip_layers, not the end of the file"},
		{"skip_layers: \"a\nb\"", "s:1:14: error[C001]: not a simplified config: a string does not end on its line"},
		{`skip_layers: "\q"`, "an escape that text protobuf does not know"},
		{`skip_layers: "\777"`, "an escape"},
		{`skip_layers: "\uD800"`, "an escape"},
		{`skip_layers: "\xff"`, "skip_layers is a string of UTF-8 text"},
		{`skip_layers: "\`, "a string does not end on its line"},
		{"x: \xff", "s:1:4: error[C001]: the file is not UTF-8 text"},
		{"[ext] : 1", "want the name of a field, not ["},
		{strings.Repeat("a {", 100), "nested more than 32 deep"},
		{"batch_num: -1", "batch_num is an integer that is not negative, of at most 31 bits, not -1"},
		{"batch_num: 99999999999", "at most 31 bits"},
		{"batch_num: 1.5", "at most 31 bits, not 1.5"},
		{"batch_num: 0", "batch_num must be positive, not 0"},
		{"activation_offset: 2", "activation_offset is true or false, not 2"},
		{"activation_offset: {}", "activation_offset is true or false, not a message"},
		{"common_config: 1", "common_config is a message in braces, not a number"},
		{"common_config { ifmr_quantize { search_step: inf } }", "search_step is a finite number, not inf"},
		{"common_config { ifmr_quantize { search_step: -inf } }", "search_step is a finite number, not -inf"},
		{"common_config { ifmr_quantize { search_step: -0.1 } }", "search_step must be positive"},
		{"common_config { ifmr_quantize { dst_type: INT4 } }", "dst_type is INT8 or INT16, not INT4"},
	} {
		s, err := ParseSimple("s", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || s != nil {
			t.Errorf("%.80s:\n%v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestTextSpelling(t *testing.T) {
	for _, text := range []string{
		"skip_layers: 'a\"b\\'\\n\\t\\101\\x41\\u5c42\\U0001F600'",
		"skip_layers:\"a\\\"b'\"\n # comment\n '\\n\\tAA层😀' ;",
		"skip_layers:['a\"b\\'\\n\\tAA层😀'],",
	} {
		s, err := ParseSimple("s", []byte(text))
		if err != nil {
			t.Error(err)
			continue
		}
		if len(s.SkipLayers) != 1 || s.SkipLayers[0].Name != "a\"b'\n\tAA层😀" {
			t.Errorf("%s: %q", text, s.SkipLayers)
		}
	}
	s, err := ParseSimple("s", []byte("do_fusion: 0 activation_offset: False equalize: t common_config { ifmr_quantize { max_percentile: .75f min_percentile: 1 asymmetric: true dst_type: 2 } }"))
	if err != nil {
		t.Fatal(err)
	}
	if a := s.Common.Activations; s.DoFusion || s.ActivationOffset || !*s.Equalize || *a.MaxPercentile != .75 || *a.MinPercentile != 1 || *a.NumBits != 16 {
		t.Errorf("%+v", s)
	}
}

func FuzzSimple(f *testing.F) {
	f.Add(golden(f, "simple.cfg"))
	f.Add([]byte(`common_config < gptq_quantize { quant_bits: 4 } smooth_quant {} > tensor_quantize { layer_name: "add1" input_index: 9 }`))
	f.Add([]byte(`nuq_config { mapping_file: "x" } fakequant_precision_mode: FORCE_FP16_QUANT skip_layers: "\303\251"`))
	f.Fuzz(func(t *testing.T, text []byte) {
		conf, err := ReadConfig("s", text)
		if err != nil {
			return
		}
		c, found := conf.For(network)
		_ = found.Render(func(string) (string, bool) { return string(text), true })
		if found.HasErrors() {
			return
		}
		first := c.Format()
		again, err := ParseConfig("c", first)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		bound, found := again.For(network)
		if found.HasErrors() {
			t.Fatalf("%v\n%s", found, first)
		}
		if second := bound.Format(); string(second) != string(first) {
			t.Errorf("not stable:\n%s\n%s", first, second)
		}
	})
}
