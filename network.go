package amctc

import (
	"cmp"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser/amct"
)

// kinds are the names that ONNX has for an operator, as AMCT's configurations use them; the first one is
// that of a node that was not imported.
var kinds = map[string][]string{
	"nn.conv2d":     {"Conv"},
	"nn.dense":      {"Gemm", "MatMul"},
	"nn.avg_pool2d": {"AveragePool", "GlobalAveragePool", "ReduceMean"},
	"nn.add":        {"Add", "Sub", "Sum"},
	"nn.mul":        {"Mul", "Div"},
	"nn.max_pool2d": {"MaxPool", "GlobalMaxPool"},
	"nn.reshape":    {"Reshape", "Flatten", "Squeeze", "Unsqueeze"},
	"nn.batch_norm": {"BatchNormalization"},
	"nn.concat":     {"Concat"},
	"nn.transpose":  {"Transpose"},
	"nn.pad":        {"Pad"},
}

// layerKind is the type of a node. Without the model's word for it, a matrix product is a Gemm when it has
// a bias and a MatMul otherwise. An average pool whose window is the whole map is global, as AMCT
// quantizes none of those.
func layerKind(n *ir.Node) string {
	known := kinds[n.Op.Name]
	if known == nil {
		return cmp.Or(n.Kind, n.Op.Name)
	}
	kind := known[0]
	switch {
	case slices.Contains(known, n.Kind):
		kind = n.Kind
	case n.Op.Name == "nn.dense" && len(n.Operands) < 3:
		kind = "MatMul"
	}
	if d := n.Operands[0].Def; kind == "BatchNormalization" && d != nil && d.Op.Quant.IsLayer() {
		return "fused BatchNormalization" // it has no settings: the layer before it has
	}
	if s := n.Operands[0].Type.Shape; kind == "AveragePool" && slices.Equal(n.Ints("kernel"), s[len(s)-2:]) {
		kind = "GlobalAveragePool"
	}
	return kind
}

// NetworkOf is what configurations ask of a network.
func NetworkOf(f *ir.Func) *amct.Network {
	net := &amct.Network{Alias: make(map[string]string)}
	for _, n := range f.Nodes {
		for _, o := range n.From {
			if o != n.Name {
				net.Alias[o] = n.Name
			}
		}
		k := amct.Node{Name: n.Name, Type: layerKind(n), Operands: len(n.Operands), Group: 1}
		if q := n.Op.Quant; q != nil {
			k.Operands = len(q.Activations)
			if q.IsLayer() {
				k.Channels = n.Operands[q.Weights].Type.Shape[1]
				k.Bias = len(n.Operands) > q.Bias
			}
		}
		switch n.Op.Name {
		case "nn.conv2d":
			k.Group, k.Dilated = n.Int("group"), slices.Max(n.Ints("dilation")) > 1
		case "nn.batch_norm": // a depthwise convolution, where it is not merged
			k.Group, k.Channels, k.Operands = n.Operands[1].Type.Elems(), 1, 1
		}
		net.Nodes = append(net.Nodes, k)
	}
	for name := range net.Alias {
		if slices.ContainsFunc(net.Nodes, func(k amct.Node) bool { return k.Name == name }) {
			delete(net.Alias, name)
		}
	}
	return net
}
