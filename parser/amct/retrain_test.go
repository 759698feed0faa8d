package amct

import (
	"errors"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir/diag"
)

// TestRetrainGolden resolves a simplified config that has every field; the result is a JSON config that is
// read as it was written.
func TestRetrainGolden(t *testing.T) {
	conf, err := ReadRetrain("retrain.cfg", golden(t, "retrain.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	c, found := conf.For(network)
	if found.Len() > 0 {
		t.Errorf("findings:\n%v", found)
	}
	text := string(c.Format())
	compare(t, "retrain.json", text)
	again, err := ReadRetrain("retrain.json", []byte(text))
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
	compare(t, "default.retrain.json", string(RetrainOf(network).Format()))
}

// TestRetrainPrecedence holds that a skipped layer beats its override, and each part the nearest level that
// has it.
func TestRetrainPrecedence(t *testing.T) {
	conf, err := ParseSimpleRetrain("test", []byte(`
retrain_data_quant_config { ulq_quantize { dst_type: INT16 } }
override_layer_types { layer_type: "Conv" retrain_data_quant_config { ulq_quantize { dst_type: INT8 } } retrain_weight_quant_config { ulq_retrain { } } }
override_layer_configs { layer_name: "conv2" retrain_weight_quant_config { arq_retrain { dst_type: INT4 } } }
skip_layers: "conv2"`))
	if err != nil {
		t.Fatal(err)
	}
	c, found := conf.For(network)
	if found.Len() > 0 {
		t.Fatal(found)
	}
	conv1, conv2, fc1 := c.Layers["conv1"], c.Layers["conv2"], c.Layers["fc1"]
	if *conv2.Enable || !*conv1.Enable {
		t.Error("skip_layers does not count")
	}
	if Bits(conv1.Data.DstType) != 8 || Bits(conv2.Data.DstType) != 8 || Bits(fc1.Data.DstType) != 16 {
		t.Error("the data of types do not stand over the common ones")
	}
	if *conv1.Weights.Algo != ULQRetrain || *conv2.Weights.Algo != ARQRetrain || Bits(conv2.Weights.DstType) != 4 || *fc1.Weights.Algo != ARQRetrain {
		t.Error("weights are not those of the nearest level")
	}
}

// TestBadRetrain holds the findings of files that are wrong.
func TestBadRetrain(t *testing.T) {
	for _, name := range []string{"bad/retrain.cfg", "bad/retrain.json", "bad/fit.retrain.json"} {
		text := golden(t, name)
		conf, err := ReadRetrain(strings.TrimPrefix(name, "bad/"), text)
		if err == nil {
			_, found := conf.For(network)
			err = found.Err()
		}
		var found *diag.List
		if !errors.As(err, &found) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		compare(t, name+".out", found.Render(func(string) (string, bool) { return string(text), true }))
	}
}

func FuzzRetrain(f *testing.F) {
	for _, name := range []string{"retrain.cfg", "bad/retrain.cfg", "bad/retrain.json", "bad/fit.retrain.json"} {
		f.Add(golden(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		conf, err := ReadRetrain("fuzz", text)
		if err != nil {
			return
		}
		c, found := conf.For(network)
		if found.HasErrors() {
			return
		}
		again, err := ParseRetrain("again", c.Format())
		if err != nil {
			t.Fatalf("%v\n%s", err, c.Format())
		}
		if string(again.Format()) != string(c.Format()) {
			t.Fatal("the JSON config changes")
		}
	})
}

// TestDistill reads every field of a distill config, and finds what is wrong with others.
func TestDistill(t *testing.T) {
	d, err := ParseDistill("test", []byte(`
batch_num: 3 group_size: 2 data_dump: false
distill_group { end_layer_name: "dw" start_layer_name: "conv1" }
distill_data_quant_config { ulq_quantize { dst_type: INT4 } }
distill_weight_quant_config { ulq_distill { dst_type: INT4 channel_wise: false } }
distill_override_layers { layer_name: "fc1" distill_data_quant_config { ulq_quantize { } } distill_weight_quant_config { arq_distill { } } }
distill_override_layer_types { layer_type: "MatMul" distill_data_quant_config { ulq_quantize { fixed_min: true } } distill_weight_quant_config { arq_distill { dst_type: 0 } } }
quant_skip_layers: "conv2" quant_skip_layer_types: "BatchNormalization"`))
	if err != nil {
		t.Fatal(err)
	}
	if d.BatchNum != 3 || d.GroupSize != 2 || len(d.Groups) != 1 || d.Groups[0].Start.Name != "conv1" || d.Groups[0].End.Name != "dw" {
		t.Errorf("%+v", d)
	}
	c, found := d.For(network)
	if found.Len() > 0 {
		t.Fatal(found)
	}
	conv1, fc1, matm := c.Layers["conv1"], c.Layers["fc1"], c.Layers["matm"]
	if *c.Layers["conv2"].Enable || Bits(conv1.Data.DstType) != 4 || *conv1.Weights.Algo != ULQRetrain || *conv1.Weights.ChannelWise {
		t.Error("common settings do not arrive")
	}
	if Bits(fc1.Data.DstType) != 8 || *fc1.Weights.Algo != ARQRetrain || !*matm.Data.FixedMin || Bits(matm.Weights.DstType) != 4 {
		t.Error("overrides do not arrive")
	}
	for text, want := range map[string]string{
		"group_size: 0": "C006", "data_dump: true": "C009", "retrain_data_quant_config { }": "C003", `distill_group { start_layer_name: "a" }`: "C003",
		"distill_weight_quant_config { arq_retrain { } }": "C003", "distill_weight_quant_config: 3": "C005",
	} {
		if _, err := ParseDistill("test", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func FuzzDistill(f *testing.F) {
	f.Add([]byte(`distill_group { end_layer_name: "dw" start_layer_name: "conv1" } distill_weight_quant_config { ulq_distill { dst_type: INT4 } }`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if d, err := ParseDistill("fuzz", text); err == nil {
			d.For(network)
		}
	})
}
