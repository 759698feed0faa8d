package amct

import (
	"bytes"

	"github.com/amctc/amctc/ir/diag"
)

// ReadConfig reads a configuration in either form, which is decided by its content: a JSON config begins
// with a brace or bracket.
func ReadConfig(name string, text []byte) (Configuration, error) {
	if t := bytes.TrimLeft(text, " \t\r\n\ufeff"); len(t) > 0 && (t[0] == '{' || t[0] == '[') {
		c, err := ParseConfig(name, text)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	s, err := ParseSimple(name, text)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ParseSimple reads a simplified config. Unknown and repeated fields, wrong types and values out of range
// are errors; all findings are returned together, as a *diag.List with places. name is the file's name in
// messages.
func ParseSimple(name string, text []byte) (*Simple, error) {
	var f findings
	fields, ok := parseText(name, text, &f)
	if !ok {
		return nil, f.err()
	}
	p := simpleReader{messageReader{&f}, &Simple{BatchNum: 1, ActivationOffset: true, DoFusion: true, at: make(spots)}}
	p.top(fields)
	if err := f.err(); err != nil {
		return nil, err
	}
	return p.simple, nil
}

type simpleReader struct {
	messageReader
	simple *Simple
}

func (p *simpleReader) top(fields []textField) {
	s := p.simple
	note := func(f textField, key string) { s.at.set(f.value.pos, key) }
	names := func(to *[]Named) textHandler {
		return func(f textField) {
			if t := p.text(f); t != nil {
				*to = append(*to, Named{*t, f.value.pos})
			}
		}
	}
	p.message("AMCTConfig", fields, map[string]textHandler{
		"batch_num": func(f textField) {
			if n := p.integer(f); n != nil {
				if s.BatchNum = *n; *n == 0 {
					p.add("C006", f.value.pos, "batch_num must be positive, not 0")
				}
			}
			note(f, "batch_num")
		},
		"activation_offset":  func(f textField) { p.take(&s.ActivationOffset, f) },
		"do_fusion":          func(f textField) { p.take(&s.DoFusion, f) },
		"joint_quant":        func(f textField) { s.JointQuant = p.boolean(f); note(f, "joint_quant") },
		"equalize":           func(f textField) { s.Equalize = p.boolean(f); note(f, "equalize") },
		"bias_correction":    func(f textField) { s.BiasCorrection = p.boolean(f); note(f, "bias_correction") },
		"shift_search":       func(f textField) { s.ShiftSearch = p.boolean(f); note(f, "shift_search") },
		"skip_layers":        names(&s.SkipLayers),
		"skip_layer_types":   names(&s.SkipTypes),
		"skip_fusion_layers": names(&s.SkipFusion),
		"fakequant_precision_mode": func(f textField) {
			if s.PrecisionMode = p.enum(f, HalfPrecision); s.PrecisionMode != nil && *s.PrecisionMode == "1" {
				*s.PrecisionMode = HalfPrecision
			}
			note(f, "fakequant_precision_mode")
		},
		"common_config":          func(f textField) { p.calibration(&s.Common, f) },
		"override_layer_types":   func(f textField) { p.override(&s.Types, f, "OverrideLayerType", "layer_type") },
		"override_layer_configs": func(f textField) { p.override(&s.Layers, f, "OverrideLayer", "layer_name") },
		"tensor_quantize":        p.tensor,
		"nuq_config": func(f textField) {
			p.add("C009", f.pos, "nuq_config takes the layers from a mapping file of ATC, which amctc does not have; name them in override_layer_configs with nuq_quantize")
		},
		"skip_approximation_layers": p.foreign("the TensorFlow variant's; remove it"),
		"conv_calibration_config":   p.foreign("of older releases; write it as override_layer_types of type Conv"),
		"fc_calibration_config":     p.foreign("of older releases; write it as override_layer_types of types Gemm and MatMul"),
	}, "skip_layers", "skip_layer_types", "skip_fusion_layers", "override_layer_types", "override_layer_configs", "tensor_quantize")
}

// foreign refuses a field of another variant of AMCT.
func (p *simpleReader) foreign(what string) textHandler {
	return func(f textField) { p.add("C009", f.pos, "%s is not supported: it is %s", f.name, what) }
}

func (p *simpleReader) override(to *[]Override, f textField, message, key string) {
	p.sub(f, func(fields []textField) {
		o := Override{Named: Named{At: f.pos}}
		p.message(message, fields, map[string]textHandler{
			key: func(f textField) {
				if t := p.text(f); t != nil {
					o.Named = Named{*t, f.value.pos}
				}
			},
			"calibration_config": func(f textField) { p.calibration(&o.Calibration, f) },
		})
		if o.Name == "" {
			p.add("C003", f.pos, "%s has no %s", f.name, key)
		}
		for _, other := range *to {
			if o.Name != "" && other.Name == o.Name {
				p.add("C002", o.At, "%s has %q twice", f.name, o.Name)
			}
		}
		*to = append(*to, o)
	})
}

func (p *simpleReader) tensor(f textField) {
	p.sub(f, func(fields []textField) {
		t := TensorQuantize{}
		var c Calibration
		p.message("TensorQuantize", fields, p.acts(&c, map[string]textHandler{
			"layer_name": func(f textField) {
				if s := p.text(f); s != nil {
					t.LayerName = *s
				}
			},
			"input_index": func(f textField) {
				if n := p.integer(f); n != nil {
					t.InputIndex = *n
				}
			},
		}))
		if t.LayerName == "" {
			p.add("C003", f.pos, "tensor_quantize has no layer_name")
		}
		t.Activation = c.Activations
		p.simple.TensorQuantize = append(p.simple.TensorQuantize, t)
		p.simple.tensorAt = append(p.simple.tensorAt, f.pos)
	})
}

// calibration reads a CalibrationConfig. Of the members of a oneof the last one stays.
func (p *simpleReader) calibration(c *Calibration, f textField) {
	p.sub(f, func(fields []textField) {
		p.message("CalibrationConfig", fields, p.acts(c, map[string]textHandler{
			"arq_quantize":  p.weights(c, p.arq),
			"ada_quantize":  p.weights(c, p.ada),
			"nuq_quantize":  p.weights(c, p.nuq),
			"gptq_quantize": p.weights(c, p.arq),
			"mse_weights":   p.weights(c, p.arq), // mse_quantize is the observer
			"dmq_balancer": func(f textField) {
				p.balancer(c, f, "DMQBalancer", "migration_strength", &Balancer{Strength: 0.5, At: f.pos})
			},
			"smooth_quant": func(f textField) {
				p.balancer(c, f, "SmoothQuant", "smooth_strength", &Balancer{Smooth: true, Strength: 0.5, At: f.pos})
			},
		}))
	})
}

// acts adds the members of the oneof acts to handlers.
func (p *simpleReader) acts(c *Calibration, handlers map[string]textHandler) map[string]textHandler {
	for _, algo := range actAlgos {
		handlers[algo+"_quantize"] = func(f textField) {
			p.sub(f, func(fields []textField) {
				a := &ActivationConfig{ActAlgo: &algo}
				at := make(spots)
				p.activation(a, at, algo, f, fields)
				p.checkActivation(a, func(key string) diag.Span { return at.get(key) })
				c.Activations, c.activationsAt = a, at
			})
		}
	}
	return handlers
}

// activation reads the fields of one observer's message.
func (p *simpleReader) activation(a *ActivationConfig, at spots, algo string, f textField, fields []textField) {
	at.set(f.pos)
	num := func(to **float64, key string) textHandler {
		return func(f textField) { *to = p.number(f); at.set(f.value.pos, key) }
	}
	search := []float64{0.7, 1.3}
	handlers := map[string]textHandler{
		"asymmetric": func(f textField) { a.Asymmetric = p.boolean(f); at.set(f.value.pos, "asymmetric") },
		"dst_type": func(f textField) {
			at.set(f.value.pos, "num_bits")
			if s := p.enum(f, "INT8", "INT16"); s != nil {
				bits := 8
				if *s == "INT16" || *s == "2" {
					bits = 16
				}
				a.NumBits = &bits
			}
		},
	}
	if algo == "ifmr" || algo == "percentile" {
		handlers["max_percentile"] = num(&a.MaxPercentile, "max_percentile")
		handlers["min_percentile"] = num(&a.MinPercentile, "min_percentile")
	}
	switch algo {
	case "ifmr":
		for i, name := range []string{"search_range_start", "search_range_end"} {
			handlers[name] = func(f textField) {
				if x := p.number(f); x != nil {
					search[i], a.SearchRange = *x, search
				}
				at.set(f.value.pos, "search_range")
			}
		}
		handlers["search_step"] = num(&a.SearchStep, "search_step")
	case "hfmg":
		handlers["num_of_bins"] = func(f textField) { a.NumOfBins = p.integer(f); at.set(f.value.pos, "num_of_bins") }
	}
	p.message(f.name, fields, handlers)
}

// weights reads a member of the oneof weights.
func (p *simpleReader) weights(c *Calibration, read func(w *WeightConfig, at spots, f textField, fields []textField)) textHandler {
	return func(f textField) {
		p.sub(f, func(fields []textField) {
			algo := f.name
			if algo == "mse_weights" {
				algo = "mse_quantize"
			}
			w, at := &WeightConfig{WtsAlgo: &algo}, make(spots)
			at.set(f.pos)
			read(w, at, f, fields)
			p.checkWeight(w, func(key string) diag.Span { return at.get(key) })
			c.Weights, c.weightsAt = w, at
		})
	}
}

// channelWise is the field that most weight messages have.
func (p *simpleReader) channelWise(w *WeightConfig, at spots) textHandler {
	return func(f textField) { w.ChannelWise = p.boolean(f); at.set(f.value.pos, "channel_wise") }
}

func (p *simpleReader) arq(w *WeightConfig, at spots, f textField, fields []textField) {
	p.message(f.name, fields, map[string]textHandler{
		"channel_wise": p.channelWise(w, at),
		"quant_bits":   func(f textField) { w.NumBits = p.integer(f); at.set(f.value.pos, "num_bits") },
	})
}

func (p *simpleReader) ada(w *WeightConfig, at spots, f textField, fields []textField) {
	beta := []float64{20, 2}
	handlers := map[string]textHandler{
		"channel_wise":  p.channelWise(w, at),
		"num_iteration": func(f textField) { w.NumIteration = p.integer(f); at.set(f.value.pos, "num_iteration") },
		"reg_param":     func(f textField) { w.RegParam = p.number(f); at.set(f.value.pos, "reg_param") },
		"warm_start":    func(f textField) { w.WarmStart = p.number(f); at.set(f.value.pos, "warm_start") },
	}
	for i, name := range []string{"beta_range_start", "beta_range_end"} {
		handlers[name] = func(f textField) {
			if x := p.number(f); x != nil {
				beta[i], w.BetaRange = *x, beta
			}
			at.set(f.value.pos, "beta_range")
		}
	}
	p.message(f.name, fields, handlers)
}

func (p *simpleReader) nuq(w *WeightConfig, at spots, f textField, fields []textField) {
	p.message(f.name, fields, map[string]textHandler{
		"num_steps":        func(f textField) { w.NumSteps = p.integer(f); at.set(f.value.pos, "num_steps") },
		"num_of_iteration": func(f textField) { w.NumOfIteration = p.integer(f); at.set(f.value.pos, "num_of_iteration") },
	})
}

func (p *simpleReader) balancer(c *Calibration, f textField, message, key string, b *Balancer) {
	p.sub(f, func(fields []textField) {
		p.message(message, fields, map[string]textHandler{key: func(f textField) {
			if x := p.number(f); x != nil {
				if b.Strength = *x; b.Smooth {
					p.checkSmooth(x, key, f.value.pos)
				} else {
					p.checkBalance(x, key, f.value.pos)
				}
			}
		}})
		c.Balancer = b
	})
}
