package amct

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir/diag"
)

func ptr[T any](x T) *T { return &x }

func TestConfigGolden(t *testing.T) {
	text := golden(t, "quant.json")
	c, err := ParseConfig("quant.json", text)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{Version: 1, BatchNum: 2, ActivationOffset: true, DoFusion: true, Order: []string{"conv1"}, Layers: map[string]*LayerConfig{"conv1": {
		QuantEnable: ptr(true),
		Activation: &ActivationConfig{NumBits: ptr(8), MaxPercentile: ptr(0.999999), MinPercentile: ptr(0.999999), SearchRange: []float64{0.7, 1.3},
			SearchStep: ptr(0.01), ActAlgo: ptr("ifmr"), Asymmetric: ptr(true)},
		Weight: &WeightConfig{NumBits: ptr(8), WtsAlgo: ptr("arq_quantize"), ChannelWise: ptr(true)},
	}}}
	if at := c.Place("conv1", "weight_quant_params", "wts_algo").String(); at != "quant.json:23:24" {
		t.Errorf("wts_algo is at %s", at)
	}
	c.at = nil
	if !reflect.DeepEqual(c, want) {
		t.Errorf("%+v", c)
	}
	if got := string(c.Format()); got != string(text) {
		t.Errorf("got\n%s\nwant\n%s", got, text)
	}
}

func TestConfigDefaultsAndOrder(t *testing.T) {
	c, err := ParseConfig("c.json", []byte(`{"z":{}, "skip_fusion_layers":["z","\u5c42"], "a":{"quant_enable":false}, "do_fusion":false, "activation_offset":false,
		"joint_quant":false, "weight_offset":false, "tensor_quantize":[], "fakequant_precision_mode":"DEFAULT",
		"层":{"activation_quant_params":{"act_algo":"minmax"}}, "b":{"activation_quant_params":{"search_range":[0.5,1],"search_step":0.5},"weight_quant_params":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Version != 1 || c.BatchNum != 1 || c.ActivationOffset || c.DoFusion || !slices.Equal(c.Order, []string{"z", "a", "层", "b"}) || !slices.Equal(c.SkipFusionLayers, []string{"z", "层"}) {
		t.Errorf("%+v", c)
	}
	if z := c.Layers["z"]; z.QuantEnable != nil || z.Activation != nil || z.Weight != nil {
		t.Errorf("absent leaves: %+v", z)
	}
	want := `{
    "version":1,
    "batch_num":1,
    "activation_offset":false,
    "joint_quant":false,
    "weight_offset":false,
    "do_fusion":false,
    "fakequant_precision_mode":"DEFAULT",
    "skip_fusion_layers":[
        "z",
        "\u5c42"
    ],
    "tensor_quantize":[],
    "a":{
        "quant_enable":false
    },
    "b":{
        "activation_quant_params":{
            "search_range":[
                0.5,
                1.0
            ],
            "search_step":0.5
        },
        "weight_quant_params":{}
    },
    "z":{},
    "\u5c42":{
        "activation_quant_params":{
            "act_algo":"minmax"
        }
    }
}
`
	if got := string(c.Format()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestConfigErrors(t *testing.T) {
	act := func(s string) string { return `{"l":{"activation_quant_params":{` + s + `}}}` }
	wts := func(s string) string { return `{"l":{"weight_quant_params":{` + s + `}}}` }
	for _, c := range []struct{ text, want string }{
		{``, "c:1:1: error[C001]: not JSON: unexpected end of JSON input"},
		{"{\n\"version\":1,\n}", "c:3:1: error[C001]: not JSON: "},
		{"{\"version\":1", "c:1:13: error[C001]: not JSON: unexpected end"},
		{`{"version":1} x`, "c:1:15: error[C001]: not JSON"},
		{`batch_num: 1`, "c:1:1: error[C001]: not JSON: invalid character 'b' looking for beginning of value"},
		{"{\"a\":\"\xff\"}", "c:1:7: error[C001]: the file is not UTF-8 text"},
		{`[1]`, "c:1:1: error[C005]: the config is an object, not a list"},
		{`null`, "not null"},
		{"{\"版\":1,\n \"version\":2}", "c:2:12: error[C006]: version must be 1, not 2"},
		{`{"version":true}`, "c:1:12: error[C005]: version is an integer, not a boolean"},
		{`{"version":1.0}`, "version is an integer of at most 32 bits, not 1.0"},
		{`{"batch_num":0}`, "batch_num must be positive, not 0"},
		{`{"batch_num":99999999999999999999}`, "batch_num is an integer of at most 32 bits, not 99999999999999999999"},
		{`{"activation_offset":1}`, "activation_offset is true or false, not a number"},
		{`{"do_fusion":null}`, "do_fusion is true or false, not null"},
		{`{"version":1,"version":1}`, `c:1:14: error[C002]: key "version" occurs twice`},
		{`{"l":{},"l":{}}`, `c:1:9: error[C002]: key "l" occurs twice`},
		{`{"l":{"quant_enable":true,"quant_enable":true}}`, `key "quant_enable" occurs twice`},
		{`{"btch_num":1}`, `unknown key "btch_num" in the top level; a layer is an object, this is a number`},
		{`{"quant_enable":true}`, `misplaced key "quant_enable": it belongs into a layer, not into the top level`},
		{`{"weight_quant_params":{}}`, `misplaced key "weight_quant_params": it belongs into a layer`},
		{`{"l":{"batch_num":1}}`, `misplaced key "batch_num": it belongs into the top level, not into layer "l"`},
		{`{"l":{"search_step":1}}`, `it belongs into activation_quant_params, not into layer "l"`},
		{`{"l":{"num_bits":8}}`, `it belongs into activation_quant_params or weight_quant_params`},
		{`{"l":{"foo":1}}`, `unknown key "foo" in layer "l"`},
		{`{"":{}}`, "a layer without name"},
		{act(`"channel_wise":true`), `misplaced key "channel_wise": it belongs into weight_quant_params, not into activation_quant_params`},
		{act(`"bogus":true`), `unknown key "bogus" in activation_quant_params`},
		{`{"l":{"activation_quant_params":3}}`, "activation_quant_params is an object, not a number"},
		{`{"skip_fusion_layers":"a"}`, "skip_fusion_layers is a list of layer names, not a string"},
		{`{"skip_fusion_layers":["a",1]}`, "c:1:28: error[C005]: skip_fusion_layers holds layer names, not a number"},
		{`{"joint_quant":1}`, "joint_quant is true or false"},
		{`{"weight_offset":true}`, "error[C009]: weight_offset must be false"},
		{`{"tensor_quantize":[{"layer_name":"a"}]}`, "error[C003]: an entry of tensor_quantize has layer_name and input_index; one of them is missing"},
		{`{"tensor_quantize":1}`, "tensor_quantize is a list, not a number"},
		{`{"fakequant_precision_mode":"X"}`, "fakequant_precision_mode must be DEFAULT or FORCE_FP16_QUANT, not \"X\""},
		{`{"l":{"dmq_balancer_param":0.9}}`, "dmq_balancer_param must be in [0.2, 0.8], not 0.9"},
		{act(`"num_bits":9`), "num_bits must be 4, 8 or 16, not 9"},
		{act(`"num_of_bins":1000,"act_algo":"hfmg"`), "num_of_bins must be 1024, 2048, 4096 or 8192, not 1000"},
		{act(`"act_algo":"kl"`), `act_algo must be ifmr, hfmg, minmax, percentile, entropy or mse, not "kl"`},
		{act(`"act_algo":1`), "act_algo is a string, not a number"},
		{act(`"num_of_bins":4096`), `num_of_bins belongs to act_algo "hfmg", not to "ifmr"`},
		{act(`"act_algo":"minmax","search_step":0.01`), `search_step belongs to act_algo "ifmr"`},
		{act(`"max_percentile":0.5`), "max_percentile must be in (0.5, 1], not 0.5"},
		{act(`"min_percentile":1.01`), "min_percentile must be in (0.5, 1]"},
		{act(`"min_percentile":"1"`), "min_percentile wants a number, not a string"},
		{act(`"max_percentile":1e999`), "out of the range of numbers"},
		{act(`"search_range":[1]`), "search_range is a list of two numbers"},
		{act(`"search_range":[1,"x"]`), "search_range wants a number, not a string"},
		{act(`"search_range":[1.3,0.7]`), "search_range must have 0 < start < end, not [1.3, 0.7]"},
		{act(`"search_range":[0,0.7]`), "0 < start"},
		{act(`"search_step":0`), "search_step must be positive"},
		{act(`"search_step":0.7`), "at most the length of search_range [0.7, 1.3], not 0.7"},
		{act(`"search_range":[1,1.001]`), "search_step must be positive and at most the length"},
		{wts(`"wts_algo":"ada"`), `wts_algo must be arq_quantize, ada_quantize, nuq_quantize, gptq_quantize or mse_quantize, not "ada"`},
		{wts(`"wts_algo":"ada_quantize","beta_range":[2,20]`), "beta_range must fall"},
		{wts(`"wts_algo":"x"`), "wts_algo must be arq_quantize"},
		{wts(`"num_bits":5`), "num_bits of weights must be 4, 6, 7 or 8, not 5"},
		{wts(`"num_iteration":1`), `num_iteration belongs to wts_algo "ada_quantize", not to "arq_quantize"`},
		{wts(`"num_steps":1,"wts_algo":"nuq_quantize"`), "num_steps must be 16 or 32, not 1"},
		{wts(`"asymmetric":true`), "it belongs into activation_quant_params, not into weight_quant_params"},
		{`{"btch_num":1}`, "did you mean batch_num?"},
		{`{"l":{"quant_enabled":true}}`, "did you mean quant_enable?"},
		{act(`"act_algo":"hfgm"`), "did you mean hfmg?"},
		{`{"tensor_quantize":[3]}`, "an entry of tensor_quantize is an object, not a number"},
		{`{"tensor_quantize":[{"layer_name":"a","input_index":-1}]}`, "input_index must not be negative"},
		{`{"tensor_quantize":[{"layer_name":1,"input_index":0}]}`, "layer_name is a string, not a number"},
		{`{"tensor_quantize":[{"layer_name":"a","input_index":0,"quant_enable":true}]}`, "misplaced key \"quant_enable\": it belongs into a layer, not into an entry of tensor_quantize"},
		{`{"tensor_quantize":[{"layer_name":"a","input_index":0,"activation_quant_params":{"num_of_bins":7}}]}`, "c:1:96: error[C006]: num_of_bins must be"},
		{`{"l":{"smooth_strength":1}}`, "smooth_strength must be in (0, 1), not 1"},
		{`{"l":{"smooth_strength":0.5,"dmq_balancer_param":0.5}}`, "two ways to balance, choose one"},
		{`{"l":{"input_index":1}}`, "it belongs into an entry of tensor_quantize"},
		{`{"equalize":1}`, "equalize is true or false"},
		{`{"batch_num":4294967297}`, "at most 32 bits"},
		{strings.Repeat("[", 20000) + strings.Repeat("]", 20000), "depth"},
	} {
		cfg, err := ParseConfig("c", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || cfg != nil {
			t.Errorf("%.80s:\n%v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestConfigReportsEverything(t *testing.T) {
	_, err := ParseConfig("c", []byte("{\n\"version\":2,\n\"batch_num\":\"x\",\n\"l\":{\"quant_enable\":1,\n\"x\":2}}"))
	want := "c:2:11: error[C006]: version must be 1, not 2\nc:3:13: error[C005]: batch_num is an integer, not a string\nc:4:21: error[C005]: quant_enable is true or false, not a number\nc:5:1: error[C003]: unknown key \"x\" in layer \"l\""
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v", err)
	}
	_, err = ParseConfig("c", []byte("{"+strings.Repeat("\"k\":1,", 50)+"\"k\":1}"))
	if err == nil || strings.Count(err.Error(), "\n") != diag.Cap || !strings.HasSuffix(err.Error(), "… and 31 more") {
		t.Errorf("got\n%v", err)
	}
}

func TestPythonFloats(t *testing.T) {
	for x, want := range map[float64]string{1: "1.0", 0.999999: "0.999999", 0.01: "0.01", 1e-4: "0.0001", 1e-5: "1e-05", 1e15: "1000000000000000.0", 1e16: "1e+16", 1.5e-7: "1.5e-07", 1e100: "1e+100"} {
		if got := float(x); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
}

func TestQuoteIsJSON(t *testing.T) {
	for _, s := range []string{"a\"b\\c", "\n\r\t\b\x00\x7f", "层😀", "</script>&"} {
		var got string
		if err := json.Unmarshal([]byte(quote(s)), &got); err != nil || got != s {
			t.Errorf("%q: %s, %v", s, quote(s), err)
		}
	}
}

func FuzzConfig(f *testing.F) {
	for _, name := range []string{"quant.json", "full.quant.json", "extended.quant.json", "autoencoder.quant.json"} {
		f.Add(golden(f, name))
	}
	f.Add([]byte(`{"a":{"quant_enable":1},"a":[null,{"x":"\ud800"}]}`))
	f.Add([]byte(`{"l":{"activation_quant_params":{"act_algo":"minmax","search_range":[1,2]}}} `))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig("c", text)
		if err != nil {
			return
		}
		first := c.Format()
		again, err := ParseConfig("c", first)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if second := again.Format(); string(second) != string(first) {
			t.Errorf("not stable:\n%s\n%s", first, second)
		}
	})
}

// TestConfigAlgorithms holds that every key of every algorithm comes back as it was read.
func TestConfigAlgorithms(t *testing.T) {
	for _, text := range []string{
		`"quant_enable":true,"dmq_balancer_param":0.5`,
		`"activation_quant_params":{"num_bits":8,"num_of_bins":2048,"act_algo":"hfmg","asymmetric":true}`,
		`"activation_quant_params":{"max_percentile":0.999,"min_percentile":0.99,"act_algo":"percentile"}`,
		`"weight_quant_params":{"num_bits":4,"wts_algo":"ada_quantize","channel_wise":true,"num_iteration":10000,"reg_param":0.01,"beta_range":[20,2],"warm_start":0.2}`,
		`"weight_quant_params":{"num_bits":8,"wts_algo":"nuq_quantize","num_steps":16,"num_of_iteration":1}`,
		`"weight_quant_params":{"num_bits":6,"wts_algo":"gptq_quantize"}`,
	} {
		c, err := ParseConfig("c", []byte(`{"l":{`+text+`}}`))
		if err != nil {
			t.Error(err)
			continue
		}
		once := c.Format()
		again, err := ParseConfig("c", once)
		if err != nil {
			t.Errorf("%s: %v", once, err)
			continue
		}
		if twice := again.Format(); string(twice) != string(once) {
			t.Errorf("%s\n%s", once, twice)
		}
		for _, key := range strings.Split(text, `"`) {
			if !strings.Contains(string(once), key) && !strings.ContainsAny(key, ":[]{},") {
				t.Errorf("%s is not in\n%s", key, once)
			}
		}
	}
}

// TestConfigRoundTrip holds that configs with every key of AMCT, and every key of ours, are written as they
// were read, byte for byte.
func TestConfigRoundTrip(t *testing.T) {
	for _, name := range []string{"full.quant.json", "extended.quant.json"} {
		text := golden(t, name)
		c, err := ParseConfig(name, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(c.Format()); got != string(text) {
			t.Errorf("got\n%s\nwant\n%s", got, text)
		}
		for key := range keyPlaces {
			full, extended := golden(t, "full.quant.json"), golden(t, "extended.quant.json")
			if !strings.Contains(string(full)+string(extended), `"`+key+`":`) {
				t.Errorf("no fixture has %s", key)
			}
		}
	}
}
