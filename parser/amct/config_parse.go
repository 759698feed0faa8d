package amct

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ParseConfig reads a JSON quantization config. Duplicate, unknown and misplaced keys, wrong types
// and values out of range are errors, and so is what AMCT knows and this version does not support.
// All findings are returned together. name is the file's name in messages.
func ParseConfig(name string, text []byte) (*Config, error) {
	var f findings
	v, ok := parseJSON(name, text, &f)
	if !ok {
		return nil, f.err()
	}
	p := configReader{findings: &f, config: NewConfig()}
	if o, ok := v.v.(jsonObject); ok {
		p.top(o)
	} else {
		f.add(v.pos, "the config is an object, not %s", v.kind())
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return p.config, nil
}

type configReader struct {
	*findings
	config *Config
}

// A field reads the value of one key.
type field func(m jsonMember)

// The objects of a config.
const (
	topLevel   = "the top level"
	layerLevel = "a layer"
	actLevel   = "activation_quant_params"
	wtsLevel   = "weight_quant_params"
)

// keyPlaces says where each key belongs, for keys found elsewhere.
var keyPlaces = map[string]string{
	"version": topLevel, "batch_num": topLevel, "activation_offset": topLevel, "joint_quant": topLevel, "weight_offset": topLevel,
	"do_fusion": topLevel, "fakequant_precision_mode": topLevel, "skip_fusion_layers": topLevel, "tensor_quantize": topLevel,

	"quant_enable": layerLevel, "dmq_balancer_param": layerLevel, "activation_quant_params": layerLevel, "weight_quant_params": layerLevel,

	"act_algo": actLevel, "max_percentile": actLevel, "min_percentile": actLevel, "search_range": actLevel, "search_step": actLevel,
	"asymmetric": actLevel, "num_of_bins": actLevel,

	"wts_algo": wtsLevel, "channel_wise": wtsLevel, "num_iteration": wtsLevel, "reg_param": wtsLevel, "beta_range": wtsLevel,
	"warm_start": wtsLevel, "num_steps": wtsLevel, "num_of_iteration": wtsLevel,

	"num_bits": actLevel + " or " + wtsLevel,
}

// unknown reports a key that its object does not have.
func (p *configReader) unknown(level string, m jsonMember) {
	if at, ok := keyPlaces[m.key]; ok {
		p.add(m.pos, "misplaced key %q: it belongs into %s, not into %s", m.key, at, level)
		return
	}
	p.add(m.pos, "unknown key %q in %s", m.key, level)
}

// object reads the members of one object.
func (p *configReader) object(level string, v jsonValue, fields map[string]field) {
	o, ok := v.v.(jsonObject)
	if !ok {
		p.add(v.pos, "%s is an object, not %s", level, v.kind())
		return
	}
	for _, m := range o {
		if f := fields[m.key]; f != nil {
			f(m)
		} else {
			p.unknown(level, m)
		}
	}
}

func (p *configReader) unsupported(at Pos, what string) {
	p.add(at, "%s is not supported in this version", what)
}

// mustBeFalse is for a switch of a feature that is not supported.
func (p *configReader) mustBeFalse(m jsonMember) {
	if b := p.boolean(m); b != nil && *b {
		p.unsupported(m.value.pos, m.key)
	}
}

func (p *configReader) top(o jsonObject) {
	c := p.config
	fields := map[string]field{
		"version": func(m jsonMember) {
			if n := p.integer(m); n != nil && *n != 1 {
				p.add(m.value.pos, "version must be 1, not %d", *n)
			}
		},
		"batch_num": func(m jsonMember) {
			if n := p.integer(m); n != nil {
				if c.BatchNum = *n; *n <= 0 {
					p.add(m.value.pos, "batch_num must be positive, not %d", *n)
				}
			}
		},
		"activation_offset": func(m jsonMember) {
			if b := p.boolean(m); b != nil {
				c.ActivationOffset = *b
			}
		},
		"do_fusion": func(m jsonMember) {
			if b := p.boolean(m); b != nil {
				c.DoFusion = *b
			}
		},
		"joint_quant": func(m jsonMember) {
			if b := p.boolean(m); b != nil {
				c.JointQuant = *b
			}
		},
		"weight_offset": p.mustBeFalse,
		"fakequant_precision_mode": func(m jsonMember) {
			p.choice(m, []string{"DEFAULT"}, []string{"FORCE_FP16_QUANT"})
		},
		"skip_fusion_layers": p.skipFusion,
		"tensor_quantize": func(m jsonMember) {
			if a, ok := m.value.v.(jsonArray); !ok {
				p.wrongType(m, "a list")
			} else if len(a) > 0 {
				p.unsupported(a[0].pos, m.key)
			}
		},
	}
	for _, m := range o {
		_, isObject := m.value.v.(jsonObject)
		_, isKey := keyPlaces[m.key]
		switch f := fields[m.key]; {
		case f != nil:
			f(m)
		case isObject && !isKey:
			p.layer(m)
		case isKey:
			p.unknown(topLevel, m)
		default:
			p.add(m.pos, "unknown key %q in %s; a layer is an object, this is %s", m.key, topLevel, m.value.kind())
		}
	}
}

func (p *configReader) skipFusion(m jsonMember) {
	a, ok := m.value.v.(jsonArray)
	if !ok {
		p.wrongType(m, "a list of layer names")
		return
	}
	for _, v := range a {
		s, ok := v.v.(string)
		if !ok {
			p.add(v.pos, "skip_fusion_layers holds layer names, not %s", v.kind())
			continue
		}
		p.config.SkipFusionLayers = append(p.config.SkipFusionLayers, s)
		p.config.SkipFusionPos = append(p.config.SkipFusionPos, v.pos)
	}
}

func (p *configReader) layer(m jsonMember) {
	l := &LayerConfig{Pos: m.pos}
	if m.key == "" {
		p.add(m.pos, "a layer without name")
	}
	p.config.Layers[m.key] = l
	p.config.Order = append(p.config.Order, m.key)
	p.object(fmt.Sprintf("layer %q", m.key), m.value, map[string]field{
		"quant_enable": func(m jsonMember) { l.QuantEnable = p.boolean(m) },
		"dmq_balancer_param": func(m jsonMember) {
			l.Balance = p.number(m.key, m.value)
			if l.Balance != nil && !(*l.Balance >= 0.2 && *l.Balance <= 0.8) {
				p.add(m.value.pos, "dmq_balancer_param must be in [0.2, 0.8], not %v", *l.Balance)
			}
		},
		"activation_quant_params": func(m jsonMember) { l.Activation = p.activation(m.value) },
		"weight_quant_params":     func(m jsonMember) { l.Weight = p.weight(m.value) },
	})
}

func (p *configReader) activation(v jsonValue) *ActivationConfig {
	a := &ActivationConfig{}
	var ifmr []jsonMember // keys that only IFMR has
	percentile := func(to **float64) field {
		return func(m jsonMember) {
			ifmr = append(ifmr, m)
			x := p.number(m.key, m.value)
			if x != nil && !(*x > 0.5 && *x <= 1) {
				p.add(m.value.pos, "%s must be in (0.5, 1], not %v", m.key, *x)
			}
			*to = x
		}
	}
	var stepAt Pos
	var bins jsonMember
	p.object(actLevel, v, map[string]field{
		"num_bits":       func(m jsonMember) { a.NumBits = p.bits(m, 4, 16) },
		"act_algo":       func(m jsonMember) { a.ActAlgo = p.choice(m, actAlgos, nil) },
		"max_percentile": percentile(&a.MaxPercentile),
		"min_percentile": percentile(&a.MinPercentile),
		"search_range": func(m jsonMember) {
			ifmr = append(ifmr, m)
			a.SearchRange = p.searchRange(m)
			stepAt = m.value.pos
		},
		"search_step": func(m jsonMember) {
			ifmr = append(ifmr, m)
			a.SearchStep = p.number(m.key, m.value)
			stepAt = m.value.pos
		},
		"asymmetric": func(m jsonMember) { a.Asymmetric = p.boolean(m) },
		"num_of_bins": func(m jsonMember) {
			bins = m
			if n := p.integer(m); n != nil {
				if a.NumOfBins = n; *n != 1024 && *n != 2048 && *n != 4096 && *n != 8192 {
					p.add(m.value.pos, "num_of_bins must be 1024, 2048, 4096 or 8192, not %d", *n)
				}
			}
		},
	})
	p.checkStep(stepAt, a)
	algo := "ifmr"
	if a.ActAlgo != nil {
		algo = *a.ActAlgo
	}
	for _, m := range ifmr {
		isPercentile := m.key == "max_percentile" || m.key == "min_percentile"
		if algo != "ifmr" && !(algo == "percentile" && isPercentile) {
			p.add(m.pos, "%s belongs to act_algo \"ifmr\", not to %q", m.key, algo)
		}
	}
	if bins.key != "" && algo != "hfmg" {
		p.add(bins.pos, "num_of_bins belongs to act_algo \"hfmg\", not to %q", algo)
	}
	return a
}

func (p *configReader) searchRange(m jsonMember) []float64 {
	a, ok := m.value.v.(jsonArray)
	if !ok || len(a) != 2 {
		p.wrongType(m, "a list of two numbers, start and end")
		return nil
	}
	start, end := p.number(m.key, a[0]), p.number(m.key, a[1])
	if start == nil || end == nil {
		return nil
	}
	if !(*start > 0 && *end > *start) {
		p.add(m.value.pos, "search_range must have 0 < start < end, not [%v, %v]", *start, *end)
		return nil
	}
	return []float64{*start, *end}
}

// checkStep compares search_step with search_range, of which one may be AMCT's default. It is judged
// only when one of them is there.
func (p *configReader) checkStep(at Pos, a *ActivationConfig) {
	if at.Line == 0 {
		return
	}
	start, end, step := 0.7, 1.3, 0.01
	if a.SearchRange != nil {
		start, end = a.SearchRange[0], a.SearchRange[1]
	}
	if a.SearchStep != nil {
		step = *a.SearchStep
	}
	// AMCT compares in float32, so a step as long as the range is in order.
	if !(step > 0 && float32(step) <= float32(end-start)) {
		p.add(at, "search_step must be positive and at most the length of search_range [%v, %v], not %v", start, end, step)
	}
}

func (p *configReader) weight(v jsonValue) *WeightConfig {
	w := &WeightConfig{}
	var own []jsonMember // keys that one algorithm has
	part := func(to **float64) field {
		return func(m jsonMember) {
			own = append(own, m)
			x := p.number(m.key, m.value)
			if x != nil && !(*x > 0 && *x < 1) {
				p.add(m.value.pos, "%s must be in (0, 1), not %v", m.key, *x)
			}
			*to = x
		}
	}
	count := func(to **int, lo, hi int) field {
		return func(m jsonMember) {
			own = append(own, m)
			n := p.integer(m)
			if n != nil && (*n < lo || *n > hi) {
				p.add(m.value.pos, "%s must be between %d and %d, not %d", m.key, lo, hi, *n)
			}
			*to = n
		}
	}
	p.object(wtsLevel, v, map[string]field{
		"num_bits":      func(m jsonMember) { w.NumBits = p.width(m, 4, 6, 7, 8) },
		"wts_algo":      func(m jsonMember) { w.WtsAlgo = p.choice(m, wtsAlgos, nil) },
		"channel_wise":  func(m jsonMember) { w.ChannelWise = p.boolean(m) },
		"num_iteration": count(&w.NumIteration, 1, 1<<20),
		"reg_param":     part(&w.RegParam),
		"beta_range": func(m jsonMember) {
			own = append(own, m)
			w.BetaRange = p.betaRange(m)
		},
		"warm_start": part(&w.WarmStart),
		"num_steps": func(m jsonMember) {
			own = append(own, m)
			if w.NumSteps = p.integer(m); w.NumSteps != nil && *w.NumSteps != 16 && *w.NumSteps != 32 {
				p.add(m.value.pos, "num_steps must be 16 or 32, not %d", *w.NumSteps)
			}
		},
		"num_of_iteration": count(&w.NumOfIteration, 0, 5),
	})
	algo := "arq_quantize"
	if w.WtsAlgo != nil {
		algo = *w.WtsAlgo
	}
	for _, m := range own {
		if of := wtsKeys[m.key]; of != algo {
			p.add(m.pos, "%s belongs to wts_algo %q, not to %q", m.key, of, algo)
		}
	}
	return w
}

// actAlgos and wtsAlgos are AMCT's algorithms, and then those that AMCT does not have.
var (
	actAlgos = []string{"ifmr", "hfmg", "minmax", "percentile", "entropy", "mse"}
	wtsAlgos = []string{"arq_quantize", "ada_quantize", "nuq_quantize", "gptq_quantize", "mse_quantize"}
)

// wtsKeys says which algorithm a key is of.
var wtsKeys = map[string]string{"num_iteration": "ada_quantize", "reg_param": "ada_quantize", "beta_range": "ada_quantize",
	"warm_start": "ada_quantize", "num_steps": "nuq_quantize", "num_of_iteration": "nuq_quantize"}

func (p *configReader) betaRange(m jsonMember) []float64 {
	a, ok := m.value.v.(jsonArray)
	if !ok || len(a) != 2 {
		p.wrongType(m, "a list of two numbers, start and end")
		return nil
	}
	start, end := p.number(m.key, a[0]), p.number(m.key, a[1])
	if start == nil || end == nil {
		return nil
	}
	if !(*end >= 1 && *start >= *end && *start <= 100) {
		p.add(m.value.pos, "beta_range must fall and lie in [1, 100], not [%v, %v]", *start, *end)
		return nil
	}
	return []float64{*start, *end}
}

// width reads a num_bits that must be one of a list.
func (p *configReader) width(m jsonMember, list ...int) *int {
	n := p.integer(m)
	if n != nil && !slices.Contains(list, *n) {
		p.add(m.value.pos, "num_bits must be one of %v, not %d", list, *n)
		return nil
	}
	return n
}

func (p *configReader) wrongType(m jsonMember, want string) {
	p.add(m.value.pos, "%s is %s, not %s", m.key, want, m.value.kind())
}

func (p *configReader) boolean(m jsonMember) *bool {
	if b, ok := m.value.v.(bool); ok {
		return &b
	}
	p.wrongType(m, "true or false")
	return nil
}

func (p *configReader) integer(m jsonMember) *int {
	n, ok := m.value.v.(json.Number)
	if !ok {
		p.wrongType(m, "an integer")
		return nil
	}
	i, err := strconv.Atoi(n.String())
	if err != nil {
		p.add(m.value.pos, "%s is an integer, not %s", m.key, clip(n.String()))
		return nil
	}
	return &i
}

func (p *configReader) number(key string, v jsonValue) *float64 {
	n, ok := v.v.(json.Number)
	if !ok {
		p.add(v.pos, "%s wants a number, not %s", key, v.kind())
		return nil
	}
	x, err := strconv.ParseFloat(n.String(), 64)
	if err != nil || math.IsInf(x, 0) {
		p.add(v.pos, "%s has the value %s, which is out of the range of numbers", key, clip(n.String()))
		return nil
	}
	return &x
}

// bits reads a num_bits of which only 8 is supported.
func (p *configReader) bits(m jsonMember, later ...int) *int {
	n := p.integer(m)
	if n == nil || *n == 8 {
		return n
	}
	for _, l := range later {
		if *n == l {
			p.unsupported(m.value.pos, fmt.Sprintf("num_bits %d", *n))
			return nil
		}
	}
	p.add(m.value.pos, "num_bits must be 8, not %d", *n)
	return nil
}

// choice reads one of the supported strings; later are those of AMCT that are not.
func (p *configReader) choice(m jsonMember, supported, later []string) *string {
	s, ok := m.value.v.(string)
	if !ok {
		p.wrongType(m, "a string")
		return nil
	}
	for _, c := range supported {
		if s == c {
			return &s
		}
	}
	for _, c := range later {
		if s == c {
			p.unsupported(m.value.pos, m.key+" "+s)
			return nil
		}
	}
	p.add(m.value.pos, "%s must be %s, not %s", m.key, strings.Join(supported, " or "), clip(strconv.Quote(s)))
	return nil
}

// clip shortens a text for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
