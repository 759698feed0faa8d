package amct

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir/diag"
)

// The objects of a retrain config.
const (
	dataLevel          = "retrain_data_config"
	retrainWeightLevel = "retrain_weight_config"
)

// retrainPlaces says where each key belongs, for keys found elsewhere.
var retrainPlaces = map[string]string{
	"version": topLevel, "batch_num": topLevel,

	"retrain_enable": layerLevel, dataLevel: layerLevel, retrainWeightLevel: layerLevel, "regular_prune_enable": layerLevel,
	"regular_prune_config": layerLevel,

	"clip_max": dataLevel, "clip_min": dataLevel, "fixed_min": dataLevel, "channel_wise": retrainWeightLevel,

	"algo": dataLevel + " or " + retrainWeightLevel, "dst_type": dataLevel + " or " + retrainWeightLevel,
}

// ReadRetrain reads a configuration of quantization aware training in either form: a JSON config begins with
// a brace or bracket.
func ReadRetrain(name string, text []byte) (RetrainConfiguration, error) {
	if t := bytes.TrimLeft(text, " \t\r\n\ufeff"); len(t) > 0 && (t[0] == '{' || t[0] == '[') {
		c, err := ParseRetrain(name, text)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	s, err := ParseSimpleRetrain(name, text)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ParseRetrain reads a JSON retrain config. Findings are those of ParseConfig.
func ParseRetrain(name string, text []byte) (*Retrain, error) {
	var f findings
	v, ok := parseJSON(name, text, &f)
	if !ok {
		return nil, f.err()
	}
	config := NewRetrain()
	p := retrainReader{objectReader{&f, config.at, retrainPlaces}, config}
	p.at.set(v.pos)
	if o, ok := v.v.(jsonObject); ok {
		p.top(o)
	} else {
		f.add("C005", v.pos, "the config is an object, not %s", v.kind())
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return config, nil
}

type retrainReader struct {
	objectReader
	config *Retrain
}

func (p *retrainReader) top(o jsonObject) {
	c := p.config
	for _, m := range o {
		_, isObject := m.value.v.(jsonObject)
		_, isKey := retrainPlaces[m.key]
		switch {
		case m.key == "version":
			if n := p.integer(m); n != nil && *n != 1 {
				p.add("C006", m.value.pos, "version must be 1, not %d", *n)
			}
		case m.key == "batch_num":
			if n := p.integer(m); n != nil {
				if c.BatchNum = *n; *n <= 0 {
					p.add("C006", m.value.pos, "batch_num must be positive, not %d", *n)
				}
			}
			c.at.set(m.value.pos, m.key)
		case isKey:
			p.unknown(topLevel, m, nil)
		case isObject:
			p.layer(m)
		default:
			p.add("C003", m.pos, "unknown key %q in %s; a layer is an object, this is %s%s", clip(m.key), topLevel, m.value.kind(),
				didYouMean(m.key, []string{"version", "batch_num"}))
		}
	}
}

func (p *retrainReader) layer(m jsonMember) {
	l := &RetrainLayer{}
	if m.key == "" {
		p.add("C003", m.pos, "a layer without name")
	}
	p.config.Layers[m.key] = l
	p.config.Order = append(p.config.Order, m.key)
	p.at.set(m.pos, m.key)
	level := fmt.Sprintf("layer %q", clip(m.key))
	p.object(level, m.value, map[string]field{
		"retrain_enable": func(v jsonMember) { l.Enable = p.boolean(v) },
		dataLevel: func(v jsonMember) {
			l.Data = &RetrainData{}
			path := []string{m.key, dataLevel}
			p.object(dataLevel, v.value, map[string]field{
				"algo":      func(m jsonMember) { l.Data.Algo = p.text(m) },
				"clip_max":  func(m jsonMember) { l.Data.ClipMax = p.number(m.key, m.value) },
				"clip_min":  func(m jsonMember) { l.Data.ClipMin = p.number(m.key, m.value) },
				"fixed_min": func(m jsonMember) { l.Data.FixedMin = p.boolean(m) },
				"dst_type":  func(m jsonMember) { l.Data.DstType = p.text(m) },
			}, path...)
			p.checkData(l.Data, p.below(path))
		},
		retrainWeightLevel: func(v jsonMember) {
			l.Weights = &RetrainWeights{}
			path := []string{m.key, retrainWeightLevel}
			p.object(retrainWeightLevel, v.value, map[string]field{
				"algo":         func(m jsonMember) { l.Weights.Algo = p.text(m) },
				"channel_wise": func(m jsonMember) { l.Weights.ChannelWise = p.boolean(m) },
				"dst_type":     func(m jsonMember) { l.Weights.DstType = p.text(m) },
			}, path...)
			p.checkRetrainWeights(l.Weights, p.below(path))
		},
		"regular_prune_enable": func(v jsonMember) {
			if l.Prune = p.boolean(v); l.Prune != nil && *l.Prune {
				p.noPruning(level, v.value.pos)
			}
		},
		"regular_prune_config": func(v jsonMember) { p.noPruning(level, v.value.pos) },
	}, m.key)
}

func (f *findings) noPruning(what string, at diag.Span) {
	f.add("C009", at, "pruning is not supported, in %s; amctc trains factors of quantization: remove it", what)
}

// checkData reports values out of range.
func (f *findings) checkData(d *RetrainData, at spot) {
	f.checkOne("algo", d.Algo, []string{ULQ}, at)
	f.checkOne("dst_type", d.DstType, []string{"INT4", "INT8", "INT16"}, at)
	switch {
	case (d.ClipMax == nil) != (d.ClipMin == nil):
		f.add("C007", at("clip_max"), "clip_max and clip_min stand together")
	case d.ClipMax != nil && !(*d.ClipMax > 0):
		f.add("C006", at("clip_max"), "clip_max must be above 0, not %v", *d.ClipMax)
	case d.ClipMin != nil && !(*d.ClipMin < 0):
		f.add("C006", at("clip_min"), "clip_min must be below 0, not %v", *d.ClipMin)
	}
}

func (f *findings) checkRetrainWeights(w *RetrainWeights, at spot) {
	f.checkOne("algo", w.Algo, retrainAlgos, at)
	f.checkOne("dst_type", w.DstType, []string{"INT4", "INT8"}, at)
}

// checkOne reports a text that is none of several.
func (f *findings) checkOne(key string, value *string, of []string, at spot) {
	if value != nil && !slices.Contains(of, *value) {
		f.add("C006", at(key), "%s must be %s, not %q%s", key, strings.Join(of, " or "), clip(*value), didYouMean(*value, slices.Clone(of)))
		*value = of[0]
	}
}
