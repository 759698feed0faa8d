package onnx

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir/diag"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A functionKey is what a node calls a model-local function by.
type functionKey struct{ domain, name, overload string }

func functionOf(n *pb.NodeProto) functionKey {
	return functionKey{domainName(n.Domain), n.OpType, n.Overload}
}

func domainName(d string) string {
	if isDefaultDomain(d) {
		return ""
	}
	return d
}

// functions registers the functions of the model.
func (im *importer) functions(m *pb.ModelProto) {
	im.local = make(map[functionKey]*pb.FunctionProto)
	for _, f := range m.Functions {
		k := functionKey{domainName(f.GetDomain()), f.GetName(), f.GetOverload()}
		if im.local[k] != nil {
			im.errorf(codeTwice, fmt.Sprintf("function %q", f.GetName()), "the model has two functions of this name in domain %q", f.GetDomain())
			continue
		}
		im.local[k] = f
	}
}

// function imports the body of a model-local function in place of the node that calls it. The body has names,
// attributes and a version of the operator set of its own.
func (c *call) function(f *pb.FunctionProto) {
	if poisoned := c.inputs(); poisoned || c.failed {
		c.failed = true
		return
	}
	if len(c.pb.Input) > len(f.Input) || len(c.pb.Output) > len(f.Output) {
		c.errorf(codeArity, "it has %d inputs and %d outputs, the function has %d and %d", len(c.pb.Input), len(c.pb.Output), len(f.Input), len(f.Output))
		return
	}
	s := newScope()
	s.prefix, s.several, s.opset = c.name, true, 0
	for _, o := range f.OpsetImport {
		if isDefaultDomain(o.Domain) {
			s.opset = max(s.opset, o.Version)
		}
	}
	switch {
	case s.opset == 0:
		s.opset = c.im.opset // it uses no operator of the default domain, or means the model's
	case s.opset < minOpset || s.opset > maxOpset:
		c.errorf(codeOpset, "its function is of opset %d, outside %d to %d; export again with opset_version=13", s.opset, minOpset, maxOpset)
		return
	}
	for i, name := range f.Input {
		if v := c.inputAt(i); v != nil {
			s.env[name] = v
		}
	}
	s.outputs = f.Output
	given := make(map[string]*pb.AttributeProto)
	for _, a := range f.AttributeProto {
		given[a.GetName()] = a
	}
	declared := make(map[string]bool)
	for _, name := range f.Attribute {
		declared[name] = true
	}
	for _, a := range c.pb.Attribute {
		if !declared[a.GetName()] && given[a.GetName()] == nil {
			d := diag.Errorf(codeUnknownAttr, c.span, c.title, "it has an attribute %q that the function does not declare; it is ignored", a.GetName())
			d.Severity = diag.Warning
			c.im.diags.Add(d)
			continue
		}
		given[a.GetName()] = a
	}
	left := make(map[string]bool)
	for i := range f.Input {
		left[f.Input[i]] = c.inputAt(i) == nil
	}
	for _, n := range f.Node {
		n = proto.Clone(n).(*pb.NodeProto)
		bind([]*pb.NodeProto{n}, given)
		for i, in := range n.Input {
			if left[in] {
				n.Input[i] = ""
			}
		}
		s.nodes = append(s.nodes, n)
	}
	if out, ok := c.inside(s); ok {
		c.give(out)
	}
}

// bind puts the values of a function's attributes in the place of references to them; a reference to one that is
// not given goes away.
func bind(nodes []*pb.NodeProto, given map[string]*pb.AttributeProto) {
	for _, n := range nodes {
		kept := n.Attribute[:0]
		for _, a := range n.Attribute {
			if a.RefAttrName != "" {
				from := given[a.RefAttrName]
				if from == nil {
					continue
				}
				name := a.GetName()
				a = proto.Clone(from).(*pb.AttributeProto)
				a.Name = name
			}
			for _, g := range append([]*pb.GraphProto{a.G}, a.Graphs...) {
				if g != nil {
					bind(g.Node, given)
				}
			}
			kept = append(kept, a)
		}
		n.Attribute = kept
	}
}
