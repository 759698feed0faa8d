package amctc

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
)

// DefaultTarget is the SoC whose arithmetic is used when none is named.
const DefaultTarget = "ascend910b3"

// Calibrate finds the factors of a prepared float module on data and stores them in c.Factors. The
// answer is the module to quantize with them: m, or a copy with other weights and biases where the
// settings ask for steps that change them. m is not changed.
func Calibrate(c *passes.Context, m *ir.Module, data passes.Data) (*ir.Module, error) {
	return passes.Fit(c, exec.Engine{}, m, data)
}

// Quantize turns a prepared or calibrated float module and c.Factors into the integer module of the target's
// stage. Weight scales that had to be raised are written back to c.Factors.
func Quantize(c *passes.Context, m *ir.Module, soc string) (*ir.Module, error) {
	return lower(c, m, soc, append(slices.Clone(passes.Observe), passes.Quantize...))
}

// Pair turns a prepared or calibrated float module and c.Factors into the module of AMCT's pair of
// models, with the arithmetic that its deploy model has: see passes.Pair. Remarks are those of Quantize
// and are not repeated.
func Pair(c *passes.Context, m *ir.Module, soc string) (*ir.Module, error) {
	own := NewContext(c.Context)
	own.Log, own.Settings, own.Factors = c.Log, c.Settings, c.Factors
	return lower(own, m, soc, append(slices.Clone(passes.Observe), passes.Pair...))
}

// lower runs passes that end in the target's stage, on a copy.
func lower(c *passes.Context, m *ir.Module, soc string, list []passes.Pass) (*ir.Module, error) {
	desc, err := ascend.Describe(soc)
	if err != nil {
		return nil, err
	}
	c.Target = passes.TargetFacts{Name: soc, Fixpipe: hasFixpipe(desc)}
	out := m.Clone()
	var g passes.Manager
	if _, err := g.Run(c, out, list); err != nil {
		return nil, err
	}
	return out, nil
}

func hasFixpipe(d *target.Description) bool { return d.HasQuant(target.VREQ8) }

// recordBits are the widths of weights that AMCT has beside 8. A record does not name another one: its
// codes are those of 8 bits that the weights are rounded to already.
var recordBits = []int{4, 6, 7}

// ToRecord is the AMCT form of factors.
func ToRecord(f *passes.Factors) *amct.Record {
	r := &amct.Record{}
	for _, l := range f.All() {
		e := &amct.Layer{Key: l.Key, ScaleW: l.ScaleW, OffsetW: make([]int32, len(l.ScaleW)), IsTensorQuantize: l.ScaleW == nil}
		if slices.Contains(recordBits, l.WtsBits) {
			e.WtsType = fmt.Sprintf("INT%d", l.WtsBits)
		}
		e.HasScaleD, e.Cluster = l.ScaleD != 0, l.Cluster
		e.ScaleD, e.OffsetD = l.ScaleD, l.OffsetD
		e.TensorBalanceFactor = l.Balance
		r.Layers = append(r.Layers, e)
	}
	return r
}

// FromRecord takes the factors of a record. Keys that no node of the network has are an error:
// a misspelled key would silently leave a layer float.
func FromRecord(r *amct.Record, f *ir.Func) (*passes.Factors, error) {
	known := make(map[string]bool)
	for _, n := range f.Nodes {
		known[n.Name] = true
		if n.Op.Quant != nil {
			if !n.Op.Quant.FloatResult {
				known[passes.ResultKey(n)] = true
			}
			for _, i := range n.Op.Quant.Activations {
				known[passes.Key(n, i)] = true
			}
		}
	}
	out := passes.NewFactors()
	for _, l := range r.Layers {
		if !known[l.Key] {
			return nil, fmt.Errorf("the record has factors for %q, which the network does not have", l.Key)
		}
		e := out.At(l.Key)
		e.ScaleD, e.OffsetD, e.ScaleW, e.Cluster = l.ScaleD, l.OffsetD, l.ScaleW, l.Cluster
		for _, bits := range recordBits {
			if l.WtsType == fmt.Sprintf("INT%d", bits) {
				e.WtsBits = bits
			}
		}
		e.Balance = l.TensorBalanceFactor
	}
	return out, nil
}

// ApplyConfig takes AMCT's JSON configuration as settings for the given network.
func ApplyConfig(s *passes.Settings, cfg *amct.Config, f *ir.Func) error {
	names := make(map[string]*ir.Node)
	for _, n := range f.Nodes {
		for _, o := range n.From {
			names[o] = n
		}
		names[n.Name] = n
	}
	if err := cfg.CheckLayers(func(name string) bool { return names[name] != nil }); err != nil {
		return err
	}
	s.NoFusion, s.Joint = !cfg.DoFusion, cfg.JointQuant
	s.Default.Activation.Asymmetric = cfg.ActivationOffset
	s.SkipFusion = make(map[string]bool)
	for _, n := range cfg.SkipFusionLayers {
		s.SkipFusion[n] = true
	}
	s.OnlyListed = true
	s.Layers = make(map[string]passes.LayerSettings)
	for _, name := range cfg.Order {
		n := names[name]
		l, err := layerSettings(s.Default, cfg.Layers[name])
		if err != nil {
			return fmt.Errorf("layer %q: %w", name, err)
		}
		s.Layers[n.Name] = l
	}
	return nil
}
