package amct

import (
	"slices"

	"github.com/amctc/amctc/ir/diag"
)

// A SimpleRetrain is AMCT's simplified config of quantization aware training, AMCTRetrainConfig (AMCT 3.3).
type SimpleRetrain struct {
	BatchNum int

	SkipLayers, SkipTypes []Named // skip_layers and quant_skip_layers; the same of types

	Common RetrainParts
	Types  []RetrainOverride // override_layer_types
	Layers []RetrainOverride // override_layer_configs

	at spots
}

// A RetrainParts is what a simplified config says of some layers. A part that is given holds whole.
type RetrainParts struct {
	Data    *RetrainData
	Weights *RetrainWeights

	dataAt, weightsAt diag.Span
}

// A RetrainOverride is that of one layer, or of one type of layers.
type RetrainOverride struct {
	Named
	RetrainParts
}

// ParseSimpleRetrain reads a simplified retrain config. Findings are those of ParseSimple.
func ParseSimpleRetrain(name string, text []byte) (*SimpleRetrain, error) {
	var f findings
	fields, ok := parseText(name, text, &f)
	if !ok {
		return nil, f.err()
	}
	p := simpleRetrainReader{messageReader{&f}, &SimpleRetrain{BatchNum: 1, at: make(spots)}}
	p.top(fields)
	if err := f.err(); err != nil {
		return nil, err
	}
	return p.config, nil
}

type simpleRetrainReader struct {
	messageReader
	config *SimpleRetrain
}

func (p *simpleRetrainReader) top(fields []textField) {
	s := p.config
	prune := func(f textField) { p.noPruning("AMCTRetrainConfig", f.pos) }
	handlers := p.parts(&s.Common, map[string]textHandler{
		"batch_num": func(f textField) {
			if n := p.integer(f); n != nil {
				if s.BatchNum = *n; *n == 0 {
					p.add("C006", f.value.pos, "batch_num must be positive, not 0")
				}
			}
		},
		"skip_layers":               p.names(&s.SkipLayers),
		"quant_skip_layers":         p.names(&s.SkipLayers),
		"skip_layer_types":          p.names(&s.SkipTypes),
		"quant_skip_types":          p.names(&s.SkipTypes),
		"override_layer_configs":    func(f textField) { p.override(&s.Layers, f, "RetrainOverrideLayer", "layer_name") },
		"override_layer_types":      func(f textField) { p.override(&s.Types, f, "RetrainOverrideLayerType", "layer_type") },
		"regular_prune_skip_layers": prune,
		"regular_prune_skip_types":  prune,
		"fakequant_precision_mode": func(f textField) {
			p.add("C009", f.pos, "fakequant_precision_mode is not supported: factors are float32 here; remove it")
		},
	})
	p.message("AMCTRetrainConfig", fields, handlers, "skip_layers", "quant_skip_layers", "skip_layer_types", "quant_skip_types",
		"override_layer_configs", "override_layer_types", "regular_prune_skip_layers", "regular_prune_skip_types")
}

// parts adds the fields that all levels have.
func (p *simpleRetrainReader) parts(to *RetrainParts, handlers map[string]textHandler) map[string]textHandler {
	handlers["retrain_data_quant_config"] = p.dataPart(to, "RetrainDataQuantConfig")
	handlers["retrain_weight_quant_config"] = func(f textField) {
		to.weightsAt = f.pos
		p.sub(f, func(fields []textField) {
			read := func(f textField) {
				p.sub(f, func(fields []textField) { to.Weights = p.weights(f, fields) })
			}
			p.message("RetrainWeightQuantConfig", fields, map[string]textHandler{ARQRetrain: read, ULQRetrain: read})
		})
	}
	handlers["prune_config"] = func(f textField) { p.noPruning("a simplified config", f.pos) }
	return handlers
}

// dataPart reads how a layer's input is quantized.
func (p *simpleRetrainReader) dataPart(to *RetrainParts, message string) textHandler {
	return func(f textField) {
		to.dataAt = f.pos
		p.sub(f, func(fields []textField) {
			p.message(message, fields, map[string]textHandler{ULQ: func(f textField) {
				p.sub(f, func(fields []textField) { to.Data = p.data(f, fields) })
			}})
		})
	}
}

func (p *simpleRetrainReader) override(to *[]RetrainOverride, f textField, message, key string) {
	p.overrideOf(to, f, message, key, p.parts)
}

// overrideOf reads an override, whose other fields are parts.
func (p *simpleRetrainReader) overrideOf(to *[]RetrainOverride, f textField, message, key string, parts func(*RetrainParts, map[string]textHandler) map[string]textHandler) {
	p.sub(f, func(fields []textField) {
		o := RetrainOverride{Named: Named{At: f.pos}}
		p.message(message, fields, parts(&o.RetrainParts, map[string]textHandler{key: func(f textField) {
			if t := p.text(f); t != nil {
				o.Named = Named{*t, f.value.pos}
			}
		}}))
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

func (p *simpleRetrainReader) data(f textField, fields []textField) *RetrainData {
	d := &RetrainData{Algo: ptrTo(ULQ)}
	at := make(spots)
	at.set(f.pos)
	p.message("ActULQquantize", fields, map[string]textHandler{
		"clip_max_min": func(f textField) {
			p.sub(f, func(fields []textField) {
				p.message("ClipMaxMin", fields, map[string]textHandler{
					"clip_max": func(f textField) { d.ClipMax = p.number(f); at.set(f.value.pos, "clip_max") },
					"clip_min": func(f textField) { d.ClipMin = p.number(f); at.set(f.value.pos, "clip_min") },
				})
			})
		},
		"fixed_min": func(f textField) { d.FixedMin = p.boolean(f) },
		"dst_type":  func(f textField) { d.DstType = p.dstType(f, "INT4", "INT8", "INT16"); at.set(f.value.pos, "dst_type") },
	})
	p.checkData(d, func(key string) diag.Span { return at.get(key) })
	return d
}

func (p *simpleRetrainReader) weights(f textField, fields []textField) *RetrainWeights {
	w := &RetrainWeights{Algo: ptrTo(f.name)}
	p.message(f.name, fields, map[string]textHandler{
		"channel_wise": func(f textField) { w.ChannelWise = p.boolean(f) },
		"dst_type":     func(f textField) { w.DstType = p.dstType(f, "INT4", "INT8") },
	})
	return w
}

// dstType reads an enumerator of DataType, whose numbers count from 0.
func (p *simpleRetrainReader) dstType(f textField, names ...string) *string {
	t := f.value.text
	for i, name := range []string{"INT4", "INT8", "INT16"} {
		if slices.Contains(names, name) && (f.value.kind == textName && t == name || f.value.kind == textNumber && t == string(rune('0'+i))) {
			return ptrTo(name)
		}
	}
	p.enum(f, names...) // reports
	return nil
}

// For is the config of a network: every layer with weights, with all its keys. Each part is that of the
// layer's own override, else of its type's, else the common one, else AMCT's default; a skipped layer or
// type beats every override.
func (s *SimpleRetrain) For(net *Network) (*Retrain, *diag.List) {
	b := &binder{net: net}
	c := NewRetrain()
	c.BatchNum = s.BatchNum
	skipped := b.skips(&Simple{SkipLayers: s.SkipLayers, SkipTypes: s.SkipTypes})
	for _, o := range s.Types {
		b.layerType(o.Named)
	}
	own := make(map[string]*RetrainParts)
	for i := range s.Layers {
		o := &s.Layers[i]
		n := b.trainable(o.At, o.Name)
		if n == nil {
			continue
		}
		if own[n.Name] != nil {
			b.errorf("C002", o.At, "override_layer_configs names layer %q twice", n.Name)
		}
		own[n.Name] = &o.RetrainParts
	}
	for i := range net.Nodes {
		n := &net.Nodes[i]
		t := findType(n.Type)
		if t == nil || !t.weights || t.own && own[n.Name] == nil {
			continue
		}
		l := &RetrainLayer{Enable: ptrTo(!skipped[n.Name])}
		parts := []*RetrainParts{&s.Common}
		for j := range s.Types {
			if s.Types[j].Name == n.Type {
				parts = append([]*RetrainParts{&s.Types[j].RetrainParts}, parts...)
			}
		}
		if o := own[n.Name]; o != nil {
			parts = append([]*RetrainParts{o}, parts...)
		}
		at := diag.Span{}
		for _, p := range parts {
			if l.Data == nil && p.Data != nil {
				l.Data, at = ptrTo(*p.Data), p.dataAt
			}
			if l.Weights == nil && p.Weights != nil {
				l.Weights = ptrTo(*p.Weights)
				if at == (diag.Span{}) {
					at = p.weightsAt
				}
			}
		}
		b.fitRetrain(n, l, func(...string) diag.Span { return at })
		c.Layers[n.Name] = l
		c.Order = append(c.Order, n.Name)
	}
	c.complete()
	return c, &b.found
}
