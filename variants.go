package amctc

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/passes"
)

// A Variant is one way to quantize a layer.
type Variant struct {
	Name string
	// Apply changes the settings of a layer; nil leaves the layer float.
	Apply func(*passes.LayerSettings)
	// Takes says which nodes may have it, with the settings that they have otherwise; nil: all.
	Takes func(n *ir.Node, l passes.LayerSettings) bool
}

// takes16 says whether a layer's input may have codes of 16 bits in AMCT's configurations: convolutions, and Gemm with a bias, with weights of
// 8 bits.
func takes16(n *ir.Node, l passes.LayerSettings) bool {
	if l.Weight.Bits != 8 || l.Activation.Bits != 8 {
		return false
	}
	switch n.Op.Name {
	case "nn.conv2d":
		return true
	case "nn.dense":
		return layerKind(n) == "Gemm" && len(n.Operands) > n.Op.Quant.Bias
	}
	return false
}

// The objectives of the automatic search.
const (
	ForTime = "time" // the time of one sample by the cost model
	ForSize = "size" // bytes of weights and biases
)

// Variants are what the automatic search chooses from for an objective. The first is where it starts and the
// last is float; for time, AMCT's own search knows these two.
func Variants(objective string) []Variant {
	all := variants()
	if objective == ForSize {
		return append([]Variant{{Name: "int4", Apply: func(l *passes.LayerSettings) { l.Weight.Bits, l.Weight.Algorithm = 4, passes.MSEWeights }, Takes: takes4}}, all...)
	}
	return all
}

// takes4 says whether a layer's weights may have 4 bits in AMCT's configurations: one group, an even number of
// input channels.
func takes4(n *ir.Node, l passes.LayerSettings) bool {
	if !n.Op.Quant.IsLayer() || l.Weight.Bits != 8 || l.Activation.Bits != 8 {
		return false
	}
	if n.Op.Name == "nn.conv2d" && n.Int("group") > 1 {
		return false
	}
	w := n.Operands[n.Op.Quant.Weights].Type.Shape
	return len(w) > 1 && w[1]%2 == 0
}

func variants() []Variant {
	return []Variant{
		{Name: "int8", Apply: func(*passes.LayerSettings) {}},
		{Name: "int8-balanced", Apply: func(l *passes.LayerSettings) { l.Balance = 0.5 }},
		{Name: "int8-mse", Apply: func(l *passes.LayerSettings) { l.Activation.Algorithm = passes.MSE }},
		{Name: wideVariant, Apply: func(l *passes.LayerSettings) { l.Activation.Bits = 16 }, Takes: takes16},
		{Name: "float"},
	}
}

// wideVariant is the variant with activations of 16 bits.
const wideVariant = "int16"

// stepping are the variants that a strategy steps through: greedy looks at all of them, binary at the first and float, ladder
// at those and the wide one. For ForSize the second is what a layer without codes of 4 bits starts with.
func stepping(strategy, objective string) []Variant {
	all := Variants(objective)
	first := 1
	if objective == ForSize {
		first = 2
	}
	var out []Variant
	for i, v := range all {
		if strategy == "greedy" || i < first || i == len(all)-1 || strategy == "ladder" && v.Name == wideVariant {
			out = append(out, v)
		}
	}
	return out
}

// settings gives s what base says with the variant everywhere where it may be, and says where that is.
func (v Variant) settings(s, base *passes.Settings, f *ir.Func) (may func(name string) bool) {
	s.Layers = make(map[string]passes.LayerSettings)
	for name, l := range base.Layers {
		if v.Takes == nil {
			v.Apply(&l)
		}
		s.Layers[name] = l
	}
	if v.Takes == nil {
		v.Apply(&s.Default)
		return func(string) bool { return true }
	}
	taken := make(map[string]bool)
	for _, n := range f.Nodes {
		if n.Op.Quant == nil {
			continue
		}
		if l := base.For(n.Name, n.Op.Quant.IsLayer()); !l.Skip && v.Takes(n, l) {
			v.Apply(&l)
			s.Layers[n.Name], taken[n.Name] = l, true
		}
	}
	return func(name string) bool { return taken[name] }
}
