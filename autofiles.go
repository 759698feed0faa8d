package amctc

import (
	"bytes"
	"encoding/json"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
)

// The names of AMCT's files of a search (AMCT 3.7).
const (
	autoRanking = "accuracy_based_auto_calibration_ranking_information.json"
	autoConfig  = "accuracy_based_auto_calibration_final_config.json"
	autoHistory = "accuracy_based_auto_calibration_record.json"
)

// autoSummary is auto.json.
type autoSummary struct {
	Format   string      `json:"format"`
	Complete bool        `json:"complete"` // false while the search runs
	Met      bool        `json:"met"`
	Reason   string      `json:"reason,omitempty"`
	Metric   string      `json:"metric"`
	Float    float64     `json:"float"`
	Value    float64     `json:"value"`
	Drop     float64     `json:"drop"`
	Margin   float64     `json:"margin"`
	Trials   int         `json:"trials"`
	IntMACs  int64       `json:"int_macs"`
	WideMACs int64       `json:"int16_macs"` // of int_macs
	MACs     int64       `json:"macs"`
	Layers   []AutoLayer `json:"layers"`
}

// Files are what a search leaves: the record and the integer module as NAME, a summary, and AMCT's three
// files, which are valid JSON here. Times are in none of them, so that a search that was stopped and
// resumed leaves the same bytes as one that was not.
func (r *AutoResult) Files(name string, metric Metric, complete bool, config *amct.Config) (map[string][]byte, error) {
	text, side, err := parser.Marshal(r.Integer)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		name + ".record.txt":  ToRecord(r.Factors).Format(),
		name + ".amir":        text,
		name + ".safetensors": side,
		autoConfig:            config.Format(),
	}
	ranking := [][2]any{}
	for _, s := range r.Ranking {
		ranking = append(ranking, [2]any{s.Layer, s.Score})
	}
	type trial struct {
		RollBack map[string]bool   `json:"roll_back_config"`
		Variants map[string]string `json:"variants"`
		Metric   [2]any            `json:"metric_eval"`
	}
	history := []trial{}
	for _, t := range r.History {
		h := trial{map[string]bool{}, map[string]string{}, [2]any{t.Met, t.Outcome.Drop}}
		for _, l := range t.Layers {
			h.RollBack[l.Name] = l.Variant == "float"
			h.Variants[l.Name] = l.Variant
		}
		history = append(history, h)
	}
	for file, v := range map[string]any{
		autoRanking: ranking, autoHistory: history,
		"auto.json": autoSummary{"amctc-auto 1", complete, r.Met, r.Reason, metric.Name, r.Float, r.Value, r.Drop, r.Margin, r.Trials, r.IntMACs, r.WideMACs, r.MACs, r.Layers},
	} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		if err := e.Encode(v); err != nil {
			return nil, err
		}
		files[file] = b.Bytes()
	}
	return files, nil
}

// AutoConfig is the configuration of a result: what base says, with each layer as the search left it.
func AutoConfig(base *amct.Config, r *AutoResult, f *ir.Func) *amct.Config {
	out := amct.NewConfig()
	if base != nil {
		c := *base
		out = &c
		out.Layers, out.Order = make(map[string]*amct.LayerConfig), nil
	}
	layer := make(map[string]bool)
	for _, n := range f.Nodes {
		layer[n.Name] = n.Op.Quant.IsLayer()
	}
	for _, l := range r.Layers {
		if !layer[l.Name] && l.Variant == variants()[0].Name {
			continue // the default of operators without weights
		}
		c := &amct.LayerConfig{}
		if base != nil && base.Layers[l.Name] != nil {
			*c = *base.Layers[l.Name]
		}
		on := l.Variant != "float"
		c.QuantEnable = &on
		if on {
			applyVariant(c, l.Variant)
		}
		out.Layers[l.Name] = c
		out.Order = append(out.Order, l.Name)
	}
	return out
}

// applyVariant writes what a variant does to a layer's settings as configuration.
func applyVariant(c *amct.LayerConfig, name string) {
	for _, v := range Variants(ForSize) {
		if v.Name != name {
			continue
		}
		was := passes.NewSettings().Default
		is := was
		v.Apply(&is)
		a := &amct.ActivationConfig{}
		if c.Activation != nil {
			*a = *c.Activation
		}
		if is.Activation.Algorithm != was.Activation.Algorithm {
			s := string(is.Activation.Algorithm)
			a.ActAlgo, c.Activation = &s, a
		}
		if is.Weight.Bits != was.Weight.Bits {
			w := &amct.WeightConfig{}
			if c.Weight != nil {
				*w = *c.Weight
			}
			s := string(is.Weight.Algorithm)
			w.NumBits, w.WtsAlgo, c.Weight = &is.Weight.Bits, &s, w
		}
		if is.Balance != was.Balance {
			c.Balance = &is.Balance
		}
		if is.Activation.Bits != was.Activation.Bits {
			a.NumBits, c.Activation = &is.Activation.Bits, a
		}
	}
}
