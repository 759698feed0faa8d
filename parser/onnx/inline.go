package onnx

import (
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// Bounds on what is imported in place of control flow and functions, which may hold each other.
const (
	maxInlined = 1 << 17 // nodes
	maxNesting = 64      // levels
)

// inside imports a scope in place of a node and gives the scope's outputs, some of which are of no use when
// nodes inside have problems; ok is false after a problem with the scope as a whole.
func (c *call) inside(s *scope) (out []*value, ok bool) {
	im := c.im
	if im.nesting == maxNesting {
		c.errorf(codeTooLarge, "graphs and functions are nested more than %d deep", maxNesting)
		return nil, false
	}
	if im.inlined += len(s.nodes); im.inlined > maxInlined {
		c.errorf(codeTooLarge, "control flow and functions of the model are more than %d nodes when written out", maxInlined)
		return nil, false
	}
	outer := im.scope
	im.scope = s
	im.nesting++
	defer func() {
		im.scope = outer
		im.nesting--
	}()
	for _, i := range im.order() {
		im.node(i)
	}
	for _, name := range s.outputs {
		v := im.lookup(name)
		if v == nil {
			c.errorf(codeUndefined, "its graph gives %q, which no node, input or initializer provides", name)
			return nil, false
		}
		k := *v
		out = append(out, &k)
	}
	return out, true
}

// nested is a scope for a graph in an attribute of the node. Its names may be those of the scopes around.
func (c *call) nested(g *pb.GraphProto, prefix string, several bool) *scope {
	s := newScope()
	s.around, s.opset = c.im.scope, c.im.opset
	s.nodes = g.Node
	s.prefix, s.several = prefix, several || c.im.several
	for _, o := range g.Output {
		s.outputs = append(s.outputs, o.Name)
	}
	for _, t := range g.Initializer {
		s.inits[t.GetName()] = t
	}
	for _, t := range g.SparseInitializer {
		s.sparse[t.GetValues().GetName()] = true
	}
	return s
}

// graphAttr is an attribute that holds a graph; nil after a problem.
func (c *call) graphAttr(name string) *pb.GraphProto {
	a := c.attr(name, pb.AttributeProto_GRAPH)
	if a != nil && a.G != nil {
		return a.G
	}
	if !c.failed {
		c.errorf(codeAttr, "attribute %s is missing", name)
	}
	return nil
}

// give makes values the outputs, which have their own names.
func (c *call) give(values []*value) {
	if len(values) < len(c.out) {
		c.errorf(codeArity, "it has %d outputs, what is in it gives %d", len(c.out), len(values))
		return
	}
	for i := range c.out {
		v := *values[i]
		v.name = ""
		if v.lit != nil {
			l := *v.lit
			v.lit = &l
		}
		c.out[i] = &v
	}
}
