package onnx

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir/diag"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// nodeName is the node's own name, or OpType_N with its index among the nodes of its scope. Inside a node that
// is imported in place, that node's name stands before it, unless it has one of its own and is there once.
func (im *importer) nodeName(n *pb.NodeProto, index int) string {
	name := n.Name
	if name == "" {
		name = fmt.Sprintf("%s_%d", n.OpType, index)
	}
	if im.prefix != "" && (n.Name == "" || im.several) {
		return im.prefix + "/" + name
	}
	return name
}

// order gives the indices of the nodes that the scope's outputs need, each after what it reads. Files
// whose nodes are sorted keep their order.
func (im *importer) order() []int {
	producer := make(map[string]int)
	for i, n := range im.nodes {
		for _, o := range n.Output {
			if o == "" {
				continue
			}
			_, twice := producer[o]
			if twice || im.env[o] != nil || im.inits[o] != nil {
				im.diags.Errorf(codeTwice, im.span(n, i), im.subject(n, i), "its output %q is defined before; ONNX demands single assignment", o)
				continue
			}
			producer[o] = i
		}
	}
	need := im.needed(producer)
	const (
		white = iota
		grey
		black
	)
	state := make([]uint8, len(im.nodes))
	var out []int
	type frame struct{ node, next int }
	for root := range im.nodes {
		if !need[root] || state[root] != white {
			continue
		}
		stack := []frame{{root, 0}}
		state[root] = grey
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			n := im.nodes[f.node]
			reads := im.reads(n)
			if f.next == len(reads) {
				state[f.node] = black
				out = append(out, f.node)
				stack = stack[:len(stack)-1]
				continue
			}
			in := reads[f.next]
			f.next++
			p, ok := producer[in]
			if !ok {
				continue
			}
			switch state[p] {
			case white:
				state[p] = grey
				stack = append(stack, frame{p, 0})
			case grey:
				m := im.nodes[p]
				im.diags.Errorf(codeCycle, im.span(m, p), im.subject(m, p), "it needs its own result, through %q; ONNX graphs have no cycles", in)
				im.env[in] = &value{name: in}
			}
		}
	}
	return out
}

// needed marks the nodes that the scope's outputs depend on, and collects the tensors read.
func (im *importer) needed(producer map[string]int) []bool {
	im.used = make(map[string]bool)
	need := make([]bool, len(im.nodes))
	var work []string
	read := func(name string) {
		if name != "" && !im.used[name] {
			im.used[name] = true
			work = append(work, name)
		}
	}
	for _, o := range im.scope.outputs {
		read(o)
	}
	for len(work) > 0 {
		name := work[len(work)-1]
		work = work[:len(work)-1]
		i, ok := producer[name]
		if !ok || need[i] {
			continue
		}
		need[i] = true
		for _, in := range im.reads(im.nodes[i]) {
			read(in)
		}
	}
	return need
}

func (im *importer) span(n *pb.NodeProto, index int) diag.Span {
	return diag.Span{File: im.file, Node: im.nodeName(n, index)}
}

func (im *importer) subject(n *pb.NodeProto, index int) string {
	return fmt.Sprintf("%s %q", n.OpType, im.nodeName(n, index))
}

// uniqueName is the name under which records know the node.
func (im *importer) uniqueName(n *pb.NodeProto, index int) string {
	name := im.nodeName(n, index)
	if !im.nodeNames[name] {
		im.nodeNames[name] = true
		return name
	}
	if im.prefix != "" && name == n.Name && !im.nodeNames[im.prefix+"/"+name] {
		name = im.prefix + "/" + name
		im.nodeNames[name] = true
		return name
	}
	fresh := fmt.Sprintf("%s_%d", name, index)
	for im.nodeNames[fresh] || slices.ContainsFunc(im.nodes, func(m *pb.NodeProto) bool { return m.Name == fresh }) {
		fresh += "_"
	}
	im.nodeNames[fresh] = true
	d := diag.Errorf(codeName, im.span(n, index), im.subject(n, index), "another node has this name; this one is called %q from here on", fresh)
	d.Severity = diag.Warning
	im.diags.Add(d)
	return fresh
}
