package onnx

import (
	"slices"

	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A scope is a list of nodes while it is imported: the graph's, those of a branch or a loop's body, or those of
// a model-local function. Names mean tensors of the scope, and, in a branch or body, else those of the scope
// around it.
type scope struct {
	around  *scope // nil for the graph and for functions, whose names are their own
	nodes   []*pb.NodeProto
	outputs []string
	opset   int64
	env     map[string]*value          // tensors by ONNX name
	inits   map[string]*pb.TensorProto // initializers, decoded at their first use
	sparse  map[string]bool            // sparse initializers
	used    map[string]bool            // tensors that some needed node or an output reads
	// readers are the nodes that read a tensor, once onlyPaired has asked for them.
	readers map[string][]*pb.NodeProto
	// prefix stands before the names of nodes that have none, or, when the nodes are imported several times,
	// before all.
	prefix  string
	several bool
}

func newScope() *scope {
	return &scope{env: make(map[string]*value), inits: make(map[string]*pb.TensorProto), sparse: make(map[string]bool)}
}

// reads lists what a node takes: its inputs, and what the graphs in it take from outside.
func (im *importer) reads(n *pb.NodeProto) []string {
	free := im.captures(n)
	if free == nil {
		return n.Input
	}
	return append(slices.Clone(n.Input), free...)
}

// captures are the names that the graphs in a node's attributes read and don't define, in the order of their
// first use.
func (im *importer) captures(n *pb.NodeProto) []string {
	if !slices.ContainsFunc(n.Attribute, func(a *pb.AttributeProto) bool { return a.G != nil || a.Graphs != nil }) {
		return nil
	}
	if known, ok := im.captured[n]; ok {
		return known
	}
	var out []string
	seen := make(map[string]bool)
	for _, a := range n.Attribute {
		for _, g := range append(slices.Clone(a.Graphs), a.G) {
			if g == nil {
				continue
			}
			defined := map[string]bool{"": true}
			for _, v := range g.Input {
				defined[v.Name] = true
			}
			for _, t := range g.Initializer {
				defined[t.GetName()] = true
			}
			for _, t := range g.SparseInitializer {
				defined[t.GetValues().GetName()] = true
			}
			for _, m := range g.Node {
				for _, o := range m.Output {
					defined[o] = true
				}
			}
			free := func(name string) {
				if !defined[name] && !seen[name] {
					seen[name] = true
					out = append(out, name)
				}
			}
			for _, m := range g.Node {
				for _, name := range im.reads(m) {
					free(name)
				}
			}
			for _, v := range g.Output {
				free(v.Name)
			}
		}
	}
	im.captured[n] = out
	return out
}
