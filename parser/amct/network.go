package amct

import (
	"maps"
	"slices"

	"github.com/amctc/amctc/ir/diag"
)

// A Network is what configurations ask of a network: its operators in order, under the names and types that
// ONNX has for them.
type Network struct {
	Nodes []Node
	// Alias gives the name in Nodes of an operator that was merged into another.
	Alias map[string]string
}

// A Node is one operator. Group, Channels, Dilated and Bias are of those with weights.
type Node struct {
	Name, Type string
	Operands   int  // tensors that are computed at run time and may be quantized
	Group      int  // of a convolution; 1 otherwise
	Channels   int  // input channels of the weights, of one group
	Dilated    bool // a convolution with gaps
	Bias       bool
}

// A LayerType says what AMCT quantizes of the operators of one type (AMCT 5.1). Those of AMCT's ONNX
// variant come first in layerTypes.
type layerType struct {
	name        string
	own         bool // not AMCT's
	weights     bool // a layer with weights
	listed      bool // AMCT's configs name it; otherwise its operands are tensors quantized for themselves
	passes      bool // codes go through it as they are
	channelWise bool // weights may have a scale for each channel in AMCT
	int16       bool // activations of 16 bits
	int16Bias   bool // only with a bias
	narrow      bool // weights of 6 and 7 bits
}

var layerTypes = []layerType{
	{name: "Conv", weights: true, listed: true, channelWise: true, int16: true, narrow: true},
	{name: "Gemm", weights: true, listed: true, int16: true, int16Bias: true},
	{name: "MatMul", weights: true, listed: true},
	{name: "AveragePool", listed: true},
	{name: "Add"},
	{name: "MaxPool", passes: true},

	{name: "BatchNormalization", own: true, weights: true, channelWise: true, int16: true, narrow: true},
	{name: "GlobalAveragePool", own: true},
	{name: "ReduceMean", own: true},
	{name: "Mul", own: true},
	{name: "Div", own: true},
	{name: "Sub", own: true},
	{name: "Sum", own: true},
	{name: "Concat", own: true, passes: true},
	{name: "GlobalMaxPool", own: true, passes: true},
	{name: "Reshape", own: true, passes: true},
	{name: "Flatten", own: true, passes: true},
	{name: "Transpose", own: true, passes: true},
	{name: "Squeeze", own: true, passes: true},
	{name: "Unsqueeze", own: true, passes: true},
	{name: "Pad", own: true, passes: true},
}

func findType(name string) *layerType {
	i := slices.IndexFunc(layerTypes, func(t layerType) bool { return t.name == name })
	if i < 0 {
		return nil
	}
	return &layerTypes[i]
}

// typeNames are the types that skip_layer_types and override_layer_types may name.
func typeNames() []string {
	var out []string
	for _, t := range layerTypes {
		if !t.passes {
			out = append(out, t.name)
		}
	}
	return out
}

// find is the node of a name or alias, or nil.
func (n *Network) find(name string) *Node {
	if a, ok := n.Alias[name]; ok {
		name = a
	}
	i := slices.IndexFunc(n.Nodes, func(x Node) bool { return x.Name == name })
	if i < 0 {
		return nil
	}
	return &n.Nodes[i]
}

// names are all names that find knows.
func (n *Network) names() []string {
	out := slices.Collect(maps.Keys(n.Alias))
	for _, x := range n.Nodes {
		out = append(out, x.Name)
	}
	return out
}

// A binder fits a configuration to a network.
type binder struct {
	net   *Network
	found diag.List
}

func (b *binder) errorf(code diag.Code, at diag.Span, format string, args ...any) {
	b.found.Errorf(code, at, "", format, args...)
}

func (b *binder) remark(severity diag.Severity, at diag.Span, format string, args ...any) {
	b.found.Errorf("C011", at, "", format, args...).Severity = severity
}

// layer is the node of a name; an unknown one is reported.
func (b *binder) layer(at diag.Span, where, name string) *Node {
	n := b.net.find(name)
	if n == nil {
		b.errorf("C008", at, "layer %q%s does not exist in the network%s", clip(name), where, didYouMean(name, b.net.names()))
	}
	return n
}

// quantizable is layer for a setting of quantization, which only some types take.
func (b *binder) quantizable(at diag.Span, where, name string) (*Node, *layerType) {
	n := b.layer(at, where, name)
	if n == nil {
		return nil, nil
	}
	t := findType(n.Type)
	if t == nil || t.passes && where == "" {
		b.errorf("C010", at, "layer %q%s is of type %s, which takes no factors of its own; remove it", clip(name), where, n.Type)
		return nil, nil
	}
	return n, t
}

// For fits the layers that the config names.
func (c *Config) For(net *Network) (*Config, *diag.List) {
	b := &binder{net: net}
	out := *c
	out.Layers = make(map[string]*LayerConfig)
	named := make(map[string]string)
	for _, name := range c.Order {
		n, t := b.quantizable(c.Place(name), "", name)
		if n == nil {
			continue
		}
		if other, ok := named[n.Name]; ok {
			b.errorf("C002", c.Place(name), "the config names one layer as %q and as %q", clip(other), clip(name))
		}
		named[n.Name] = name
		l := c.Layers[name].clone()
		b.fit(n, t, l, func(path ...string) diag.Span { return c.Place(append([]string{name}, path...)...) })
		out.Layers[name] = l
	}
	b.globals(&out)
	return &out, &b.found
}

func (l *LayerConfig) clone() *LayerConfig {
	out := *l
	if l.Activation != nil {
		a := *l.Activation
		out.Activation = &a
	}
	if l.Weight != nil {
		w := *l.Weight
		out.Weight = &w
	}
	return &out
}

// Name is the name in Nodes of an operator; one that is not there stays as it is.
func (n *Network) Name(name string) string {
	if a, ok := n.Alias[name]; ok {
		return a
	}
	return name
}
