package amct

import (
	"slices"
	"strconv"

	"github.com/amctc/amctc/ir/diag"
)

// ConfigOf is AMCT's default config of a network: every layer that AMCT names, with all its keys.
func ConfigOf(net *Network) *Config {
	c, _ := (&Simple{BatchNum: 1, ActivationOffset: true, DoFusion: true}).For(net)
	return c
}

// For is the config of a network, as AMCT's create_quant_config writes it: every layer with all its keys.
// Each part of a layer's calibration is that of its own override, else of its type's, else the common one,
// else AMCT's default. A skipped layer or type beats every override.
func (s *Simple) For(net *Network) (*Config, *diag.List) {
	b := &binder{net: net}
	c := NewConfig()
	c.BatchNum, c.ActivationOffset, c.DoFusion, c.JointQuant, c.PrecisionMode = s.BatchNum, s.ActivationOffset, s.DoFusion, s.JointQuant, s.PrecisionMode
	c.Equalize, c.BiasCorrection, c.ShiftSearch = s.Equalize, s.BiasCorrection, s.ShiftSearch
	for key, at := range s.at {
		c.at[key] = at
	}
	for i, n := range s.SkipFusion {
		c.SkipFusionLayers = append(c.SkipFusionLayers, n.Name)
		c.at.set(n.At, "skip_fusion_layers", strconv.Itoa(i))
	}
	for i, t := range s.TensorQuantize {
		if t.Activation == nil {
			t.Activation = &ActivationConfig{}
		} else {
			t.Activation = ptrTo(*t.Activation)
		}
		t.Activation.complete(s.ActivationOffset)
		c.TensorQuantize = append(c.TensorQuantize, t)
		c.at.set(s.tensorAt[i], "tensor_quantize", strconv.Itoa(i))
	}
	skipped := b.skips(s)
	s.checkOverrides(b)
	for i := range net.Nodes {
		n := &net.Nodes[i]
		t := findType(n.Type)
		if t == nil || t.passes {
			continue
		}
		own := s.overrides(net, n)
		if skip := skipped[n.Name]; t.listed || skip || len(own) > 0 && own[0] != &s.Common {
			s.addLayer(b, c, n, t, own, skip)
		}
	}
	b.globals(c)
	return c, &b.found
}

// skips are the names of skipped nodes.
func (b *binder) skips(s *Simple) map[string]bool {
	out := make(map[string]bool)
	for _, l := range s.SkipLayers {
		if n, _ := b.quantizable(l.At, "", l.Name); n != nil {
			out[n.Name] = true
		}
	}
	for _, t := range s.SkipTypes {
		b.layerType(t)
		for _, n := range b.net.Nodes {
			if n.Type == t.Name {
				out[n.Name] = true
			}
		}
	}
	return out
}

// layerType reports an unknown type.
func (b *binder) layerType(t Named) {
	if names := typeNames(); !slices.Contains(names, t.Name) {
		b.errorf("C008", t.At, "there is no layer type %q to quantize%s", clip(t.Name), didYouMean(t.Name, names))
	}
}

// checkOverrides reports unknown names.
func (s *Simple) checkOverrides(b *binder) {
	for _, o := range s.Types {
		b.layerType(o.Named)
	}
	seen := make(map[string]string)
	for _, o := range s.Layers {
		n, _ := b.quantizable(o.At, "", o.Name)
		if n == nil {
			continue
		}
		if other, ok := seen[n.Name]; ok {
			b.errorf("C002", o.At, "override_layer_configs names one layer as %q and as %q", clip(other), clip(o.Name))
		}
		seen[n.Name] = o.Name
	}
}

// overrides are the calibrations that may say something of n, the first one first.
func (s *Simple) overrides(net *Network, n *Node) []*Calibration {
	var out []*Calibration
	for i := range s.Layers {
		if at := net.find(s.Layers[i].Name); at != nil && at.Name == n.Name {
			out = append(out, &s.Layers[i].Calibration)
		}
	}
	for i := range s.Types {
		if s.Types[i].Name == n.Type {
			out = append(out, &s.Types[i].Calibration)
		}
	}
	return append(out, &s.Common)
}

// addLayer puts the layer of n into c: of each part the first that own has.
func (s *Simple) addLayer(b *binder, c *Config, n *Node, t *layerType, own []*Calibration, skip bool) {
	l := &LayerConfig{QuantEnable: ptrTo(!skip), Activation: &ActivationConfig{}}
	acts, wts := make(spots), make(spots)
	pick := func(has func(*Calibration) bool) (*Calibration, bool) {
		i := slices.IndexFunc(own, has)
		if i < 0 {
			return nil, false
		}
		return own[i], own[i] == &s.Common
	}
	if k, _ := pick(func(k *Calibration) bool { return k.Activations != nil }); k != nil {
		*l.Activation = *k.Activations
		acts = k.activationsAt
	}
	if t.weights || t.listed {
		l.Weight = &WeightConfig{}
	}
	// What the common part says of weights is meant for the layers that have them, and its channel_wise for
	// those of which AMCT has it.
	if k, common := pick(func(k *Calibration) bool { return k.Weights != nil }); k != nil && (t.weights || !common) {
		l.Weight = ptrTo(*k.Weights)
		wts = k.weightsAt
		if common && !t.channelWise {
			l.Weight.ChannelWise = ptrTo(false)
		}
	}
	if k, common := pick(func(k *Calibration) bool { return k.Balancer != nil }); k != nil && (t.weights || !common) {
		to, key := &l.Balance, "dmq_balancer_param"
		if k.Balancer.Smooth {
			to, key = &l.Smooth, "smooth_strength"
		}
		*to = ptrTo(k.Balancer.Strength)
		c.at.set(k.Balancer.At, n.Name, key)
	}
	for key, at := range acts {
		c.at[pathKey([]string{n.Name, actLevel})+key] = at
	}
	for key, at := range wts {
		c.at[pathKey([]string{n.Name, wtsLevel})+key] = at
	}
	b.fit(n, t, l, func(path ...string) diag.Span { return c.Place(append([]string{n.Name}, path...)...) })
	l.Activation.complete(s.ActivationOffset)
	if l.Weight != nil {
		l.Weight.complete(t)
	}
	c.Layers[n.Name] = l
	c.Order = append(c.Order, n.Name)
}

// fill sets what is nil.
func fill[T any](to **T, v T) {
	if *to == nil {
		*to = &v
	}
}

// complete fills in AMCT's defaults of the algorithm that is chosen.
func (a *ActivationConfig) complete(offset bool) {
	fill(&a.NumBits, 8)
	fill(&a.ActAlgo, "ifmr")
	fill(&a.Asymmetric, offset)
	switch *a.ActAlgo {
	case "ifmr":
		fill(&a.MaxPercentile, 0.999999)
		fill(&a.MinPercentile, 0.999999)
		if a.SearchRange == nil {
			a.SearchRange = []float64{0.7, 1.3}
		}
		fill(&a.SearchStep, 0.01)
	case "percentile":
		fill(&a.MaxPercentile, 0.999999)
		fill(&a.MinPercentile, 0.999999)
	case "hfmg":
		fill(&a.NumOfBins, 4096)
	}
}

func (w *WeightConfig) complete(t *layerType) {
	fill(&w.NumBits, 8)
	fill(&w.WtsAlgo, "arq_quantize")
	fill(&w.ChannelWise, t.channelWise)
	switch *w.WtsAlgo {
	case "ada_quantize":
		fill(&w.NumIteration, 10000)
		fill(&w.RegParam, 0.01)
		if w.BetaRange == nil {
			w.BetaRange = []float64{20, 2}
		}
		fill(&w.WarmStart, 0.2)
	case "nuq_quantize":
		fill(&w.NumSteps, 32)
		fill(&w.NumOfIteration, 1)
	}
}
