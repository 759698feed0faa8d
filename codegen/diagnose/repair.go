package diagnose

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/amctc/amctc/codegen/report"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/passes/calib"
)

// layerConfig is what a repair says of one layer, in AMCT's keys.
type layerConfig struct {
	QuantEnable *bool      `json:"quant_enable,omitempty"`
	Balancer    float64    `json:"dmq_balancer_param,omitempty"`
	Activation  *actConfig `json:"activation_quant_params,omitempty"`
	Weight      *wtsConfig `json:"weight_quant_params,omitempty"`
}

type actConfig struct {
	ActAlgo       string    `json:"act_algo"`
	MaxPercentile float64   `json:"max_percentile,omitempty"`
	MinPercentile float64   `json:"min_percentile,omitempty"`
	SearchRange   []float64 `json:"search_range,omitempty"`
	SearchStep    float64   `json:"search_step,omitempty"`
}

type wtsConfig struct {
	WtsAlgo     string `json:"wts_algo"`
	NumBits     int    `json:"num_bits,omitempty"`
	ChannelWise *bool  `json:"channel_wise,omitempty"`
}

// config is the text to paste for layers, in their order.
func config(names []string, l layerConfig) string {
	one, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return "" // a struct of numbers, strings and flags has a JSON form
	}
	var b bytes.Buffer
	for i, n := range names {
		key, _ := json.Marshal(n)
		fmt.Fprintf(&b, "%s: %s", key, one)
		if i+1 < len(names) {
			b.WriteString(",\n")
		}
	}
	return b.String()
}

func yes() *bool { v := true; return &v }
func no() *bool  { v := false; return &v }

// A remedy is a repair whose form is tried.
type remedy struct {
	what    string
	config  string
	record  string
	form    string
	model   string
	observe *passes.ActivationSettings // when an observer finds the range of operand k
	k       int
}

const (
	byTrial = "measured with this layer alone quantized; at the output the errors of layers are taken to add up"
	byRange = "the observer ran over the calibration data of the float network; " + byTrial
)

// remedies are what may repair a layer's cause, without the last resort of leaving it float.
func (m *measured) remedies(s suspect) (out []remedy) {
	n := m.u.node
	name := []string{n.Name}
	act := m.u.set.Activation
	switch {
	case s.cause == report.Outlier || s.cause == report.Saturation:
		for k := range m.u.acts {
			if s.form != wide(k) && !slices.ContainsFunc(percentiles, func(p float64) bool { return s.form == narrow(k, p) }) {
				continue
			}
			if s.cause == report.Outlier {
				for _, p := range percentiles {
					set := act
					set.Algorithm, set.IFMR = passes.IFMR, calib.DefaultIFMR()
					set.IFMR.MaxPercentile, set.IFMR.MinPercentile = p, p
					out = append(out, remedy{what: fmt.Sprintf("leave out the rarest values: percentiles of %g", p), observe: &set, k: k, form: fmt.Sprintf("observed %d %g", k, p), model: byRange,
						config: config(name, layerConfig{Activation: &actConfig{ActAlgo: "ifmr", MaxPercentile: p, MinPercentile: p}})})
				}
				continue
			}
			out = append(out, m.widen(k)...)
		}
	case s.form == tryChannel:
		out = append(out, remedy{what: "a weight scale for each output channel", form: tryChannel, model: byTrial,
			config: config(name, layerConfig{Weight: &wtsConfig{WtsAlgo: "arq_quantize", ChannelWise: yes()}})})
	case s.form == tryBalance:
		out = append(out, remedy{what: "even out the channels between activations and weights; --balance does it in all layers", form: tryBalance, model: byTrial,
			config: config(name, layerConfig{Balancer: strength})})
	case s.form == tryNearest:
		out = append(out, remedy{what: "round the weights to nearest", form: tryNearest, model: byTrial,
			config: config(name, layerConfig{Weight: &wtsConfig{WtsAlgo: "arq_quantize"}})})
	case s.cause == report.BiasShift && m.u.w != nil:
		m.forms[tryBias] = m.unbiased()
		out = append(out, remedy{what: "take the mean error out of the bias: --correct-bias", form: tryBias, model: "the mean error over all samples; " + byTrial})
	}
	return out
}

// tryBias is the present form with the mean error of each channel taken out of the bias.
const tryBias = "bias"

func (m *measured) unbiased() form {
	d, f := m.probe.drift, m.forms[present]
	bias := make([]float32, m.u.w.channels)
	copy(bias, f.bias)
	for c := range bias {
		if len(d.sum) == 0 || c >= len(d.sum[0]) {
			break
		}
		var s float64
		for i := range d.sum {
			s += d.sum[i][c]
		}
		bias[c] -= float32(s / float64(d.inner*len(d.sum)))
	}
	f.bias = bias
	return f
}

// widen are the remedies of saturation of operand k: the extremes of the calibration data when those hold
// what was measured, otherwise a range beyond them; and the factors themselves.
func (m *measured) widen(k int) (out []remedy) {
	c, s, set := m.calib[k], m.seen[k], m.u.set.Activation
	name := []string{m.u.node.Name}
	const held = 0.95 // of the measured reach: the calibration data show the range
	if c.reach() >= held*s.reach() {
		set.Algorithm = passes.MinMax
		out = append(out, remedy{what: "calibrate to the extremes", observe: &set, k: k, form: fmt.Sprintf("observed %d minmax", k), model: byRange,
			config: config(name, layerConfig{Activation: &actConfig{ActAlgo: "minmax"}})})
	} else if f := math.Ceil(over(float64(s.hi), float64(c.hi))*10) / 10; f > 1 && f < 1e4 {
		set.Algorithm, set.IFMR = passes.IFMR, calib.DefaultIFMR()
		set.IFMR.MaxPercentile, set.IFMR.MinPercentile, set.IFMR.Start, set.IFMR.End, set.IFMR.Step = 1, 1, f, round(f+0.1), 0.1
		if set.IFMR.Check() == nil {
			out = append(out, remedy{what: fmt.Sprintf("calibrate with data like the measured; until then a range %g × as wide", f), observe: &set, k: k, form: fmt.Sprintf("observed %d wider", k), model: byRange,
				config: config(name, layerConfig{Activation: &actConfig{ActAlgo: "ifmr", MaxPercentile: 1, MinPercentile: 1, SearchRange: []float64{f, set.IFMR.End}, SearchStep: 0.1}})})
		}
	}
	a := m.forms[wide(k)].acts[k] // it was tried, or saturation would not be suspected
	out = append(out, remedy{what: "factors of a range that holds every value seen, in the record of " + m.u.acts[k].key, form: wide(k), model: byTrial,
		record: fmt.Sprintf("scale_d: %s\noffset_d: %d", ir.FormatFloat(a.scale), a.offset)})
	return out
}

// repair tries the remedies of every guilty layer and gives each layer's repairs, the best first.
func (r *run) repair(vs []*verdict, total float64) ([][]report.Repair, error) {
	var bad []*measured
	rem := make(map[*measured][]remedy)
	first := make(map[*measured]*probe)
	for _, v := range vs {
		if v.guilty {
			rem[v.measured] = v.remedies(v.suspect)
			first[v.measured] = v.probe
			bad = append(bad, v.measured)
		}
	}
	if err := r.observe(bad, rem); err != nil {
		return nil, err
	}
	choose := func(m *measured) ([]string, []string) {
		names := []string{}
		for _, x := range rem[m] {
			if _, ok := m.forms[x.form]; ok && !slices.Contains(names, x.form) {
				names = append(names, x.form)
			}
		}
		return names, names
	}
	if err := r.try("repairs", bad, choose); err != nil {
		return nil, err
	}
	out := make([][]report.Repair, len(vs))
	for i, v := range vs {
		if !v.guilty {
			continue
		}
		tried := v.probe
		v.probe = first[v.measured]
		now, _ := v.tried(present)
		for _, x := range rem[v.measured] {
			if tried.trials[x.form] == nil {
				continue
			}
			left := median(tried.network[x.form])
			out[i] = append(out[i], report.Repair{What: x.what, Config: x.config, Record: x.record, Model: x.model,
				LayerGain: report.DB(gain(now, tried.ratio(x.form))), NetworkGain: report.DB(gain(total, max(0, total-v.noise+left)))})
		}
		slices.SortStableFunc(out[i], byGain)
		if v.suspect.cause == report.Outlier && len(out[i]) > 1 {
			out[i] = out[i][:1] // of several percentiles
		}
		out[i] = append(out[i], report.Repair{What: "leave the layer float", Config: config([]string{v.u.node.Name}, layerConfig{QuantEnable: no()}),
			LayerGain: report.DB(math.Inf(1)), NetworkGain: report.DB(gain(total, total-v.noise)), Model: "the layer adds no error then; " + "at the output the errors of layers are taken to add up"})
	}
	return out, nil
}

// byGain puts the greater gain first.
func byGain(a, b report.Repair) int {
	switch {
	case a.LayerGain > b.LayerGain:
		return -1
	case a.LayerGain < b.LayerGain:
		return 1
	}
	return 0
}

// observe runs the observers that remedies ask for over the calibration data and adds their forms.
func (r *run) observe(bad []*measured, rem map[*measured][]remedy) error {
	type watcher struct {
		m    *measured
		x    *remedy
		obs  calib.Observer
		done bool
	}
	by := make(map[*ir.Value][]*watcher)
	var all []*watcher
	for _, m := range bad {
		for i := range rem[m] {
			x := &rem[m][i]
			if x.observe == nil {
				continue
			}
			v := m.u.acts[x.k].value
			w := &watcher{m: m, x: x, obs: x.observe.Observer()}
			if lo, hi, ok := passes.Bounds(v); ok {
				w.obs.Bound(lo, hi)
			}
			by[v] = append(by[v], w)
			all = append(all, w)
		}
	}
	see := func(v *ir.Value, t *tensor.Tensor) error {
		for _, w := range by[v] {
			if w.done {
				continue
			}
			if err := w.obs.Add(t.F32); err != nil {
				return fmt.Errorf("%s: %w", w.m.u.node.Subject(), err)
			}
		}
		return nil
	}
	for pass, more := 0, len(all) > 0; more; pass++ {
		for _, w := range all {
			if !w.done {
				w.obs.Begin(pass)
			}
		}
		for in, err := range r.Calib.Batches() {
			if err != nil {
				return err
			}
			for i, p := range r.main().Params {
				if err := see(p, in[i]); err != nil {
					return err
				}
			}
			var bad error
			if _, err := r.runner.Run(r.ctx(), in, func(v *ir.Value, t *tensor.Tensor) {
				if bad == nil {
					bad = see(v, t)
				}
			}); err != nil {
				return err
			}
			if bad != nil {
				return bad
			}
		}
		more = false
		for _, w := range all {
			if w.done {
				continue
			}
			again, err := w.obs.End()
			if err != nil {
				return fmt.Errorf("%s: %w", w.m.u.node.Subject(), err)
			}
			w.done = !again
			more = more || again
		}
	}
	for _, w := range all {
		p, err := w.obs.Result()
		if err != nil {
			continue // the remedy is none for this tensor
		}
		now := w.m.forms[present]
		acts := slices.Clone(now.acts)
		acts[w.x.k] = affine{p.Scale, p.Offset, acts[w.x.k].bits}
		w.m.forms[w.x.form] = now.withActs(acts...)
	}
	return nil
}

// spread are the repairs of what accumulated, by the layers that carry half of it.
func spread(vs []*verdict, total float64) (out []report.Repair) {
	var names []string
	var all, eight float64
	narrow := 0
	for _, v := range vs {
		names = append(names, v.u.node.Name)
		all += v.left
		if now, _ := v.tried(present); v.u.w != nil && v.u.w.bits < 8 {
			e, _ := v.tried(tryEight)
			eight += float64(v.left * (1 - min(1, over(e, now))))
			narrow++
		}
	}
	if narrow > 0 {
		out = append(out, report.Repair{What: fmt.Sprintf("weights of 8 bits in the %d layers that matter most", len(vs)), Config: config(names, layerConfig{Weight: &wtsConfig{WtsAlgo: "arq_quantize", NumBits: 8}}),
			LayerGain: report.DB(nan()), NetworkGain: report.DB(gain(total, max(0, total-eight))),
			Model: "each layer's error at the output falls as at its own result; errors of layers are taken to add up"})
	}
	return append(out, report.Repair{What: fmt.Sprintf("leave the %d layers that matter most float", len(vs)), Config: config(names, layerConfig{QuantEnable: no()}),
		LayerGain: report.DB(nan()), NetworkGain: report.DB(gain(total, max(0, total-all))), Model: "these layers add no error then; errors of layers are taken to add up"})
}
