package amct

// A Distill is AMCT's simplified config of distillation, AMCTDistillConfig (AMCT 3.4). How layers are quantized
// is a SimpleRetrain, whose fields have other names there.
type Distill struct {
	SimpleRetrain
	GroupSize int // layers that are trained together, positive
	Groups    []DistillGroup
}

// A DistillGroup is the layers from Start to End.
type DistillGroup struct{ Start, End Named }

// The algorithms of weights in a distill config.
var distillWeights = map[string]string{"arq_distill": ARQRetrain, "ulq_distill": ULQRetrain}

// ParseDistill reads a distill config. Findings are those of ParseSimple.
func ParseDistill(name string, text []byte) (*Distill, error) {
	var f findings
	fields, ok := parseText(name, text, &f)
	if !ok {
		return nil, f.err()
	}
	d := &Distill{SimpleRetrain: SimpleRetrain{BatchNum: 1, at: make(spots)}, GroupSize: 1}
	p := &simpleRetrainReader{messageReader{&f}, &d.SimpleRetrain}
	p.distill(d, fields)
	if err := f.err(); err != nil {
		return nil, err
	}
	return d, nil
}

func (p *simpleRetrainReader) distill(d *Distill, fields []textField) {
	positive := func(to *int) textHandler {
		return func(f textField) {
			if n := p.integer(f); n != nil {
				if *to = *n; *n == 0 {
					p.add("C006", f.value.pos, "%s must be positive, not 0", f.name)
				}
			}
		}
	}
	handlers := p.distillParts(&d.Common, map[string]textHandler{
		"batch_num":  positive(&d.BatchNum),
		"group_size": positive(&d.GroupSize),
		"data_dump": func(f textField) {
			if b := p.boolean(f); b != nil && *b {
				p.add("C009", f.value.pos, "data_dump true is not supported: values stay in memory; remove it")
			}
		},
		"distill_group":                p.distillGroup(d),
		"quant_skip_layers":            p.names(&d.SkipLayers),
		"quant_skip_layer_types":       p.names(&d.SkipTypes),
		"distill_override_layers":      func(f textField) { p.distillOverride(&d.Layers, f, "DistillOverrideLayer", "layer_name") },
		"distill_override_layer_types": func(f textField) { p.distillOverride(&d.Types, f, "DistillOverrideLayerType", "layer_type") },
	})
	p.message("AMCTDistillConfig", fields, handlers, "distill_group", "quant_skip_layers", "quant_skip_layer_types", "distill_override_layers", "distill_override_layer_types")
}

func (p *simpleRetrainReader) names(to *[]Named) textHandler {
	return func(f textField) {
		if t := p.text(f); t != nil {
			*to = append(*to, Named{*t, f.value.pos})
		}
	}
}

func (p *simpleRetrainReader) distillGroup(d *Distill) textHandler {
	return func(f textField) {
		p.sub(f, func(fields []textField) {
			var names []Named
			p.message("DistillGroup", fields, map[string]textHandler{"start_layer_name": p.names(&names), "end_layer_name": p.names(&names)})
			if len(names) != 2 {
				p.add("C003", f.pos, "distill_group has start_layer_name and end_layer_name")
				return
			}
			if fields[0].name == "end_layer_name" {
				names[0], names[1] = names[1], names[0]
			}
			d.Groups = append(d.Groups, DistillGroup{names[0], names[1]})
		})
	}
}

// distillParts adds the fields that all levels have.
func (p *simpleRetrainReader) distillParts(to *RetrainParts, handlers map[string]textHandler) map[string]textHandler {
	handlers["distill_data_quant_config"] = p.dataPart(to, "DistillDataQuantConfig")
	handlers["distill_weight_quant_config"] = func(f textField) {
		to.weightsAt = f.pos
		p.sub(f, func(fields []textField) {
			members := make(map[string]textHandler)
			for name, algo := range distillWeights {
				members[name] = func(f textField) {
					p.sub(f, func(fields []textField) {
						to.Weights = p.weights(f, fields)
						to.Weights.Algo = ptrTo(algo)
					})
				}
			}
			p.message("DistillWeightQuantConfig", fields, members)
		})
	}
	return handlers
}

func (p *simpleRetrainReader) distillOverride(to *[]RetrainOverride, f textField, message, key string) {
	p.overrideOf(to, f, message, key, p.distillParts)
}
