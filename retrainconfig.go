package amctc

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
)

// DefaultRetrain is the JSON config that AMCT's create_quant_retrain_config writes for a network as it was
// loaded.
func DefaultRetrain(f *ir.Func) *amct.Retrain { return amct.RetrainOf(NetworkOf(f)) }

// ResolveRetrain makes a configuration that of a network as it was loaded.
func ResolveRetrain(c *passes.Context, conf amct.RetrainConfiguration, f *ir.Func) (*amct.Retrain, error) {
	cfg, found := conf.For(NetworkOf(f))
	if found.HasErrors() {
		return nil, found
	}
	c.Remarks.Append(found)
	return cfg, nil
}

// RetrainOptions are the options of training that a configuration stands for, for a network as it was loaded.
// A layer that it does not name stays float. Data, which the bounds start from, are left to the caller.
func RetrainOptions(c *passes.Context, conf amct.RetrainConfiguration, f *ir.Func) (*QATOptions, error) {
	cfg, err := ResolveRetrain(c, conf, f)
	if err != nil {
		return nil, err
	}
	q := DefaultQAT()
	q.BatchNum = cfg.BatchNum
	q.Layers = make(map[string]QATLayer)
	net := NetworkOf(f)
	for _, n := range f.Nodes { // not named, unless the config says so
		if n.Op.Quant.IsLayer() {
			l := q.Default
			l.Skip = true
			q.Layers[n.Name] = l
		}
	}
	for _, name := range cfg.Order {
		from := cfg.Layers[name]
		l := QATLayer{ActBits: 8, WtsBits: 8}
		if from.Enable != nil {
			l.Skip = !*from.Enable
		}
		if d := from.Data; d != nil {
			l.ActBits, l.FixedMin = amct.Bits(d.DstType), d.FixedMin
			set(&l.ClipMax, d.ClipMax)
			set(&l.ClipMin, d.ClipMin)
		}
		if w := from.Weights; w != nil {
			l.WtsBits, l.PerChannel = amct.Bits(w.DstType), w.ChannelWise
			l.Trained = w.Algo != nil && *w.Algo == amct.ULQRetrain
		}
		q.Layers[net.Name(name)] = l
	}
	return q, nil
}
