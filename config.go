package amctc

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/parser/amct"
	"github.com/amctc/amctc/passes"
)

// DefaultConfig is the JSON config that AMCT's create_quant_config writes for a network as it was loaded:
// every layer that AMCT names, with all keys and their defaults.
func DefaultConfig(f *ir.Func) *amct.Config { return amct.ConfigOf(NetworkOf(f)) }

// ResolveConfig makes a configuration that of a network as it was loaded. Errors come all at once; what a
// layer takes instead of what was asked for is a remark in c.
func ResolveConfig(c *passes.Context, conf amct.Configuration, f *ir.Func) (*amct.Config, error) {
	cfg, found := conf.For(NetworkOf(f))
	refuse(found, cfg)
	if found.HasErrors() {
		return nil, found
	}
	c.Remarks.Append(found)
	return cfg, nil
}

// ApplyConfig takes a configuration as the settings of a network as it was loaded, and gives what
// ResolveConfig makes of it.
func ApplyConfig(c *passes.Context, conf amct.Configuration, f *ir.Func) (*amct.Config, error) {
	cfg, err := ResolveConfig(c, conf, f)
	if err != nil {
		return nil, err
	}
	s := c.Settings
	s.NoFusion, s.BatchNum = !cfg.DoFusion, cfg.BatchNum
	set(&s.Joint, cfg.JointQuant)
	set(&s.Equalize, cfg.Equalize)
	set(&s.CorrectBias, cfg.BiasCorrection)
	set(&s.Shift, cfg.ShiftSearch)
	s.Half = cfg.PrecisionMode != nil && *cfg.PrecisionMode == amct.HalfPrecision
	s.Default.Activation.Asymmetric = cfg.ActivationOffset
	s.SkipFusion = make(map[string]bool)
	for _, name := range cfg.SkipFusionLayers {
		s.SkipFusion[name] = true
	}
	for _, n := range f.Nodes { // to name a normalization is to name the layer that it would be merged into
		if len(n.Operands) == 0 || n.Op.Name != "nn.batch_norm" || !s.SkipFusion[n.Name] {
			continue
		}
		if d := n.Operands[0].Def; d != nil && d.Op.Quant.IsLayer() {
			delete(s.SkipFusion, n.Name)
			s.SkipFusion[d.Name] = true
		}
	}
	s.OnlyListed = true
	s.Layers = make(map[string]passes.LayerSettings)
	s.Operands = make(map[string]passes.ActivationSettings)
	net := NetworkOf(f)
	listed := make(map[string]*amct.LayerConfig)
	for _, name := range cfg.Order {
		listed[net.Name(name)] = cfg.Layers[name]
	}
	for i := range net.Nodes {
		n := &net.Nodes[i]
		if l := listed[n.Name]; l != nil {
			s.Layers[n.Name] = layerSettings(s.Default, l)
		} else if n.Type == "AveragePool" { // AMCT could have named it
			l := s.Default
			l.Skip = true
			s.Layers[n.Name] = l
		}
	}
	for _, t := range cfg.TensorQuantize {
		a := s.Default.Activation
		activationSettings(&a, t.Activation)
		s.Operands[fmt.Sprintf("%s:%d", net.Name(t.LayerName), t.InputIndex)] = a
	}
	return cfg, nil
}

// layerSettings lays a layer's configured leaves over the defaults.
func layerSettings(l passes.LayerSettings, c *amct.LayerConfig) passes.LayerSettings {
	if c.QuantEnable != nil {
		l.Skip = !*c.QuantEnable
	}
	set(&l.Balance, c.Balance)
	set(&l.Smooth, c.Smooth)
	activationSettings(&l.Activation, c.Activation)
	if w := c.Weight; w != nil {
		if w.ChannelWise != nil {
			l.Weight.PerChannel = w.ChannelWise
		}
		if w.WtsAlgo != nil {
			l.Weight.Algorithm = passes.WeightAlgorithm(*w.WtsAlgo)
		}
		set(&l.Weight.Bits, w.NumBits)
		set(&l.Weight.AdaRound.Iterations, w.NumIteration)
		set(&l.Weight.AdaRound.Reg, w.RegParam)
		set(&l.Weight.AdaRound.WarmStart, w.WarmStart)
		if len(w.BetaRange) == 2 {
			l.Weight.AdaRound.BetaStart, l.Weight.AdaRound.BetaEnd = w.BetaRange[0], w.BetaRange[1]
		}
		set(&l.Weight.NUQ.Steps, w.NumSteps)
		set(&l.Weight.NUQ.Iterations, w.NumOfIteration)
	}
	return l
}

// activationSettings lays activation_quant_params over the defaults.
func activationSettings(l *passes.ActivationSettings, a *amct.ActivationConfig) {
	if a == nil {
		return
	}
	if a.ActAlgo != nil {
		l.Algorithm = passes.ActivationAlgorithm(*a.ActAlgo)
	}
	set(&l.Asymmetric, a.Asymmetric)
	set(&l.Bits, a.NumBits)
	set(&l.Bins, a.NumOfBins)
	set(&l.IFMR.MaxPercentile, a.MaxPercentile)
	set(&l.IFMR.MinPercentile, a.MinPercentile)
	set(&l.IFMR.Step, a.SearchStep)
	if len(a.SearchRange) == 2 {
		l.IFMR.Start, l.IFMR.End = a.SearchRange[0], a.SearchRange[1]
	}
}

func set[T any](to, v *T) {
	if v != nil {
		*to = *v
	}
}

// refuse reports what the configuration asks for and passes do not act on.
func refuse(found *diag.List, cfg *amct.Config) {
	no := func(at diag.Span, format string, args ...any) { found.Errorf("C009", at, "", format, args...) }
	have := passes.Support
	asked := func(b *bool) bool { return b != nil && *b }
	if asked(cfg.JointQuant) && !have.Joint {
		no(cfg.Place("joint_quant"), "joint_quant true is not supported; write false")
	}
	if asked(cfg.Equalize) && !have.Equalize {
		no(cfg.Place("equalize"), "equalize true is not supported; write false")
	}
	if asked(cfg.BiasCorrection) && !have.CorrectBias {
		no(cfg.Place("bias_correction"), "bias_correction true is not supported; write false")
	}
	activation := func(a *amct.ActivationConfig, what string, path ...string) {
		if a == nil {
			return
		}
		if a.NumBits != nil && *a.NumBits > 4 && !slices.Contains(have.ActivationBits, *a.NumBits) {
			no(cfg.Place(append(path, "num_bits")...), "%s: activations of %d bits are not supported; write num_bits 8", what, *a.NumBits)
		}
		l := passes.NewSettings().Default.Activation
		activationSettings(&l, a)
		if err := l.IFMR.Check(); err != nil {
			no(cfg.Place(append(path, "search_step")...), "%s: %v", what, err)
		}
	}
	for _, name := range cfg.Order {
		l := cfg.Layers[name]
		if l == nil {
			continue
		}
		what := fmt.Sprintf("layer %q", name)
		if (l.Balance != nil || l.Smooth != nil) && !have.Balance {
			no(cfg.Place(name), "%s: balanced channels are not supported; remove dmq_balancer_param and smooth_strength", what)
		}
		activation(l.Activation, what, name, "activation_quant_params")
	}
	for i, t := range cfg.TensorQuantize {
		activation(t.Activation, fmt.Sprintf("input %d of layer %q", t.InputIndex, t.LayerName), "tensor_quantize", strconv.Itoa(i), "activation_quant_params")
	}
}
