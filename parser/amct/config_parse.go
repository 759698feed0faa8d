package amct

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// ParseConfig reads a JSON quantization config. Duplicate, unknown and misplaced keys, wrong types and
// values out of range are errors; all findings are returned together, as a *diag.List with places. What
// the network or this version can't do is not judged here. name is the file's name in messages.
func ParseConfig(name string, text []byte) (*Config, error) {
	var f findings
	v, ok := parseJSON(name, text, &f)
	if !ok {
		return nil, f.err()
	}
	config := NewConfig()
	p := configReader{objectReader{&f, config.at, keyPlaces}, config}
	p.at.set(v.pos)
	if o, ok := v.v.(jsonObject); ok {
		p.top(o)
	} else {
		f.add("C005", v.pos, "the config is an object, not %s", v.kind())
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return p.config, nil
}

type configReader struct {
	objectReader
	config *Config
}

// The objects of a config.
const (
	topLevel    = "the top level"
	layerLevel  = "a layer"
	tensorLevel = "an entry of tensor_quantize"
	actLevel    = "activation_quant_params"
	wtsLevel    = "weight_quant_params"
)

// keyPlaces says where each key belongs, for keys found elsewhere.
var keyPlaces = map[string]string{
	"version": topLevel, "batch_num": topLevel, "activation_offset": topLevel, "joint_quant": topLevel, "weight_offset": topLevel,
	"do_fusion": topLevel, "fakequant_precision_mode": topLevel, "skip_fusion_layers": topLevel, "tensor_quantize": topLevel,
	"equalize": topLevel, "bias_correction": topLevel, "shift_search": topLevel,

	"quant_enable": layerLevel, "dmq_balancer_param": layerLevel, "smooth_strength": layerLevel, "weight_quant_params": layerLevel,

	"layer_name": tensorLevel, "input_index": tensorLevel,

	"activation_quant_params": layerLevel + " or " + tensorLevel,

	"act_algo": actLevel, "max_percentile": actLevel, "min_percentile": actLevel, "search_range": actLevel, "search_step": actLevel,
	"asymmetric": actLevel, "num_of_bins": actLevel,

	"wts_algo": wtsLevel, "channel_wise": wtsLevel, "num_iteration": wtsLevel, "reg_param": wtsLevel, "beta_range": wtsLevel,
	"warm_start": wtsLevel, "num_steps": wtsLevel, "num_of_iteration": wtsLevel,

	"num_bits": actLevel + " or " + wtsLevel,
}

func (p *configReader) top(o jsonObject) {
	c := p.config
	fields := map[string]field{
		"version": func(m jsonMember) {
			if n := p.integer(m); n != nil && *n != 1 {
				p.add("C006", m.value.pos, "version must be 1, not %d", *n)
			}
		},
		"batch_num": func(m jsonMember) {
			if n := p.integer(m); n != nil {
				if c.BatchNum = *n; *n <= 0 {
					p.add("C006", m.value.pos, "batch_num must be positive, not %d", *n)
				}
			}
		},
		"activation_offset": func(m jsonMember) { p.take(&c.ActivationOffset, m) },
		"do_fusion":         func(m jsonMember) { p.take(&c.DoFusion, m) },
		"joint_quant":       func(m jsonMember) { c.JointQuant = p.boolean(m) },
		"weight_offset": func(m jsonMember) {
			if c.WeightOffset = p.boolean(m); c.WeightOffset != nil && *c.WeightOffset {
				p.add("C009", m.value.pos, "weight_offset must be false: AMCT has no weights with an offset")
			}
		},
		"fakequant_precision_mode": func(m jsonMember) {
			if c.PrecisionMode = p.text(m); c.PrecisionMode != nil && *c.PrecisionMode != "DEFAULT" && *c.PrecisionMode != HalfPrecision {
				p.add("C006", m.value.pos, "fakequant_precision_mode must be DEFAULT or %s, not %q", HalfPrecision, clip(*c.PrecisionMode))
			}
		},
		"skip_fusion_layers": p.skipFusion,
		"tensor_quantize":    p.tensors,
		"equalize":           func(m jsonMember) { c.Equalize = p.boolean(m) },
		"bias_correction":    func(m jsonMember) { c.BiasCorrection = p.boolean(m) },
		"shift_search":       func(m jsonMember) { c.ShiftSearch = p.boolean(m) },
	}
	for _, m := range o {
		_, isObject := m.value.v.(jsonObject)
		_, isKey := keyPlaces[m.key]
		switch f := fields[m.key]; {
		case f != nil:
			c.at.set(m.value.pos, m.key)
			f(m)
		case isObject && !isKey:
			p.layer(m)
		case isKey:
			p.unknown(topLevel, m, nil)
		default:
			p.add("C003", m.pos, "unknown key %q in %s; a layer is an object, this is %s%s", clip(m.key), topLevel, m.value.kind(),
				didYouMean(m.key, slices.Collect(maps.Keys(fields))))
		}
	}
}

func (p *configReader) skipFusion(m jsonMember) {
	a, ok := m.value.v.(jsonArray)
	if !ok {
		p.wrongType(m, "a list of layer names")
		return
	}
	for i, v := range a {
		s, ok := v.v.(string)
		if !ok {
			p.add("C005", v.pos, "skip_fusion_layers holds layer names, not %s", v.kind())
			continue
		}
		p.config.SkipFusionLayers = append(p.config.SkipFusionLayers, s)
		p.at.set(v.pos, m.key, strconv.Itoa(i))
	}
}

func (p *configReader) tensors(m jsonMember) {
	a, ok := m.value.v.(jsonArray)
	if !ok {
		p.wrongType(m, "a list")
		return
	}
	p.config.TensorQuantize = []TensorQuantize{}
	for i, v := range a {
		t := TensorQuantize{InputIndex: -1}
		named, path := false, []string{m.key, strconv.Itoa(i)}
		p.at.set(v.pos, path...)
		p.object(tensorLevel, v, map[string]field{
			"layer_name": func(m jsonMember) {
				if s := p.text(m); s != nil {
					t.LayerName, named = *s, true
				}
			},
			"input_index": func(m jsonMember) {
				if n := p.integer(m); n != nil {
					if t.InputIndex = *n; *n < 0 {
						p.add("C006", m.value.pos, "input_index must not be negative, but is %d", *n)
					}
				}
			},
			"activation_quant_params": func(m jsonMember) { t.Activation = p.activation(m.value, append(path, actLevel)...) },
		}, path...)
		if o, ok := v.v.(jsonObject); ok && (!named || !slices.ContainsFunc(o, func(m jsonMember) bool { return m.key == "input_index" })) {
			p.add("C003", v.pos, "an entry of tensor_quantize has layer_name and input_index; one of them is missing")
		}
		p.config.TensorQuantize = append(p.config.TensorQuantize, t)
	}
}

func (p *configReader) layer(m jsonMember) {
	l := &LayerConfig{}
	if m.key == "" {
		p.add("C003", m.pos, "a layer without name")
	}
	p.config.Layers[m.key] = l
	p.config.Order = append(p.config.Order, m.key)
	p.at.set(m.pos, m.key)
	p.object(fmt.Sprintf("layer %q", clip(m.key)), m.value, map[string]field{
		"quant_enable": func(m jsonMember) { l.QuantEnable = p.boolean(m) },
		"dmq_balancer_param": func(v jsonMember) {
			l.Balance = p.number(v.key, v.value)
			p.checkBalance(l.Balance, v.key, v.value.pos)
		},
		"smooth_strength": func(v jsonMember) {
			l.Smooth = p.number(v.key, v.value)
			p.checkSmooth(l.Smooth, v.key, v.value.pos)
		},
		"activation_quant_params": func(v jsonMember) { l.Activation = p.activation(v.value, m.key, actLevel) },
		"weight_quant_params":     func(v jsonMember) { l.Weight = p.weight(v.value, m.key, wtsLevel) },
	}, m.key)
	if l.Balance != nil && l.Smooth != nil {
		p.add("C007", m.pos, "layer %q has dmq_balancer_param and smooth_strength; they are two ways to balance, choose one", clip(m.key))
	}
}

func (p *configReader) activation(v jsonValue, path ...string) *ActivationConfig {
	a := &ActivationConfig{}
	p.object(actLevel, v, map[string]field{
		"num_bits":       func(m jsonMember) { a.NumBits = p.integer(m) },
		"act_algo":       func(m jsonMember) { a.ActAlgo = p.text(m) },
		"max_percentile": func(m jsonMember) { a.MaxPercentile = p.number(m.key, m.value) },
		"min_percentile": func(m jsonMember) { a.MinPercentile = p.number(m.key, m.value) },
		"search_range":   func(m jsonMember) { a.SearchRange = p.pair(m) },
		"search_step":    func(m jsonMember) { a.SearchStep = p.number(m.key, m.value) },
		"asymmetric":     func(m jsonMember) { a.Asymmetric = p.boolean(m) },
		"num_of_bins":    func(m jsonMember) { a.NumOfBins = p.integer(m) },
	}, path...)
	p.checkActivation(a, p.below(path))
	return a
}

func (p *configReader) weight(v jsonValue, path ...string) *WeightConfig {
	w := &WeightConfig{}
	p.object(wtsLevel, v, map[string]field{
		"num_bits":         func(m jsonMember) { w.NumBits = p.integer(m) },
		"wts_algo":         func(m jsonMember) { w.WtsAlgo = p.text(m) },
		"channel_wise":     func(m jsonMember) { w.ChannelWise = p.boolean(m) },
		"num_iteration":    func(m jsonMember) { w.NumIteration = p.integer(m) },
		"reg_param":        func(m jsonMember) { w.RegParam = p.number(m.key, m.value) },
		"beta_range":       func(m jsonMember) { w.BetaRange = p.pair(m) },
		"warm_start":       func(m jsonMember) { w.WarmStart = p.number(m.key, m.value) },
		"num_steps":        func(m jsonMember) { w.NumSteps = p.integer(m) },
		"num_of_iteration": func(m jsonMember) { w.NumOfIteration = p.integer(m) },
	}, path...)
	p.checkWeight(w, p.below(path))
	return w
}
