package amctc_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
)

// outcome is what a configuration does to a network: its settings, or the code of its first finding. A finding without a place is a failure.
func outcome(t *testing.T, m *ir.Module, text string) (*passes.Settings, string) {
	t.Helper()
	c := amctc.NewContext(t.Context())
	conf, err := amct.ReadConfig("c", []byte(text))
	if err == nil {
		_, err = amctc.ApplyConfig(c, conf, m.Main())
	}
	if err == nil {
		return c.Settings, ""
	}
	var l *diag.List
	if !errors.As(err, &l) || l.Len() == 0 {
		t.Fatalf("%s\n%v", text, err)
	}
	d := l.Sorted()[0]
	if d.Span.File != "c" || d.Span.Start.Line < 1 || d.Span.Start.Col < 1 {
		t.Errorf("%s\n%v has no place", text, d)
	}
	return nil, string(d.Code)
}

// acted holds that each text has the code that is wanted, or changes the settings that plain has.
func acted(t *testing.T, m *ir.Module, plain string, texts [][2]string) {
	t.Helper()
	base, code := outcome(t, m, plain)
	if code != "" {
		t.Fatalf("%s is refused with %s", plain, code)
	}
	if again, _ := outcome(t, m, plain); !reflect.DeepEqual(again, base) {
		t.Fatal("equal settings compare as different")
	}
	for _, c := range texts {
		s, code := outcome(t, m, c[0])
		switch {
		case code != c[1]:
			t.Errorf("%s\nis answered with %q, want %q", c[0], code, c[1])
		case code == "" && reflect.DeepEqual(s, base):
			t.Errorf("%s\nchanges nothing", c[0])
		}
	}
}

// TestEveryKeyActs goes through the keys of both configurations (AMCT 3.1 and 3.2): each changes the settings or is refused, with line and column.
func TestEveryKeyActs(t *testing.T) {
	m := loadModel(t, "lenet")
	const layer = "/c2/Conv"
	keys := [][2]string{}
	add := func(code, format string, list ...string) {
		for _, x := range list {
			keys = append(keys, [2]string{fmt.Sprintf(format, x), code})
		}
	}
	top := `{"version":1,%s,"` + layer + `":{}}`
	add("", top, `"batch_num":3`, `"activation_offset":false`, `"joint_quant":true`, `"do_fusion":false`, `"skip_fusion_layers":["/c1/Conv"]`, `"equalize":true`, `"bias_correction":true`, `"shift_search":true`, `"fakequant_precision_mode":"FORCE_FP16_QUANT"`)
	add("C006", top, `"batch_num":0`)
	add("C009", top, `"weight_offset":true`)
	add("C003", top, `"nonsense":1`)
	add("C008", top, `"skip_fusion_layers":["/c1/Con"]`)
	add("C006", `{"version":%s}`, "2")
	each := `{"version":1,"` + layer + `":{%s}}`
	add("", each, `"quant_enable":false`, `"dmq_balancer_param":0.6`, `"smooth_strength":0.6`)
	acts := `{"version":1,"` + layer + `":{"activation_quant_params":{%s}}}`
	add("", acts, `"num_bits":16`, `"act_algo":"hfmg"`, `"act_algo":"minmax"`, `"max_percentile":0.99`, `"min_percentile":0.99`, `"search_range":[0.5,1.2]`, `"search_step":0.02`, `"asymmetric":false`,
		`"act_algo":"hfmg","num_of_bins":1024`)
	add("C007", acts, `"num_of_bins":1024`)
	add("C010", acts, `"num_bits":4`)
	wts := `{"version":1,"` + layer + `":{"weight_quant_params":{%s}}}`
	add("", wts, `"num_bits":4`, `"num_bits":6`, `"num_bits":7`, `"wts_algo":"ada_quantize"`, `"wts_algo":"nuq_quantize"`, `"channel_wise":false`,
		`"wts_algo":"ada_quantize","num_iteration":10`, `"wts_algo":"ada_quantize","reg_param":0.1`, `"wts_algo":"ada_quantize","beta_range":[10,3]`, `"wts_algo":"ada_quantize","warm_start":0.3`,
		`"wts_algo":"nuq_quantize","num_steps":16`, `"wts_algo":"nuq_quantize","num_of_iteration":2`)
	add("C007", wts, `"num_iteration":10`, `"num_steps":16`)
	acted(t, m, `{"version":1,"`+layer+`":{}}`, keys)

	keys = nil
	add("", "%s", `batch_num: 3`, `activation_offset: false`, `joint_quant: true`, `skip_layers: "/c1/Conv"`, `skip_layer_types: "Gemm"`, `do_fusion: false`, `skip_fusion_layers: "/c1/Conv"`,
		`override_layer_types { layer_type: "Gemm" calibration_config { hfmg_quantize {} } }`, `override_layer_configs { layer_name: "/c2/Conv" calibration_config { hfmg_quantize {} } }`, `shift_search: true`, `fakequant_precision_mode: FORCE_FP16_QUANT`)
	add("C009", "%s", `nuq_config { mapping_file: "om.json" nuq_quantize { num_steps: 16 } }`)
	add("C008", "%s", `skip_layers: "/c9/Conv"`, `skip_layer_types: "Convolution"`)
	common := `common_config { %s }`
	add("", common, `arq_quantize { channel_wise: false }`, `arq_quantize { quant_bits: 4 }`, `ada_quantize {}`, `ada_quantize { num_iteration: 10 }`, `ada_quantize { reg_param: 0.1 }`,
		`ada_quantize { beta_range_start: 10 }`, `ada_quantize { beta_range_end: 3 }`, `ada_quantize { warm_start: 0.3 }`, `ada_quantize { channel_wise: false }`,
		`nuq_quantize { num_steps: 16 }`, `nuq_quantize { num_of_iteration: 2 }`, `dmq_balancer { migration_strength: 0.6 }`,
		`ifmr_quantize { search_range_start: 0.5 }`, `ifmr_quantize { search_range_end: 1.2 }`, `ifmr_quantize { search_step: 0.02 }`, `ifmr_quantize { max_percentile: 0.99 }`,
		`ifmr_quantize { min_percentile: 0.99 }`, `ifmr_quantize { asymmetric: false }`, `hfmg_quantize { num_of_bins: 1024 }`, `hfmg_quantize { asymmetric: false }`)
	conv := `override_layer_configs { layer_name: "/c2/Conv" calibration_config { %s } }`
	add("", conv, `ifmr_quantize { dst_type: INT16 }`, `hfmg_quantize { dst_type: INT16 }`)
	acted(t, m, `batch_num: 1`, keys)

	residual := loadModel(t, "residual")
	add1 := ""
	for _, n := range residual.Main().Nodes {
		if n.Op.Name == "nn.add" && add1 == "" {
			add1 = n.Name
		}
	}
	acted(t, residual, `batch_num: 1`, [][2]string{
		{fmt.Sprintf(`tensor_quantize { layer_name: %q input_index: 1 hfmg_quantize {} }`, add1), ""},
		{fmt.Sprintf(`tensor_quantize { layer_name: %q input_index: 2 hfmg_quantize {} }`, add1), "C010"},
	})
}
