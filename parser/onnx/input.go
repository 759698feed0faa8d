package onnx

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// initializers registers the graph's constants; their data are read when something uses them.
func (im *importer) initializers() {
	for _, t := range im.graph.Initializer {
		if im.inits[t.GetName()] != nil {
			im.errorf(codeTwice, fmt.Sprintf("initializer %q", t.GetName()), "two initializers have this name")
			continue
		}
		im.inits[t.GetName()] = t
	}
	for _, t := range im.graph.SparseInitializer {
		im.sparse[t.GetValues().GetName()] = true
	}
}

// inputs makes a parameter of every graph input that is no initializer.
func (im *importer) inputs() {
	var names []string
	batch := ""
	for _, in := range im.graph.Input {
		if im.inits[in.Name] != nil || im.sparse[in.Name] {
			continue
		}
		subject := fmt.Sprintf("input %q", in.Name)
		if slices.Contains(names, in.Name) {
			im.errorf(codeTwice, subject, "the graph lists two inputs of this name")
			continue
		}
		names = append(names, in.Name)
		im.env[in.Name] = &value{name: in.Name} // poisoned unless all is well
		if t := im.opt.Bind[in.Name]; t != nil {
			l := literalOf(t)
			l.name = in.Name
			im.env[in.Name].lit = l
			im.budget += 4 * t.Len()
			continue
		}
		if text, ok := im.opt.Values[in.Name]; ok {
			if l := im.valueOfText(in, text); l != nil {
				l.name = in.Name
				im.env[in.Name].lit = l
			}
			continue
		}
		tt := in.GetType().GetTensorType()
		if tt == nil {
			im.errorf(codeInputType, subject, "it is no dense tensor; export the network with tensor inputs")
			continue
		}
		elem := pb.TensorProto_DataType(tt.ElemType)
		if elem == pb.TensorProto_FLOAT16 && !im.opt.Numbers {
			im.half(in.Name)
			elem = pb.TensorProto_FLOAT
		}
		if elem != pb.TensorProto_FLOAT && !(im.opt.Numbers && dtype(elem) != tensor.Invalid) {
			im.errorf(codeInputType, subject, "its elements are %s, not float32; %s", elemName(tt.ElemType), convert(in.Name, elem))
			continue
		}
		shape, param, ok := im.inputShape(in.Name, subject, tt.Shape)
		if !ok {
			continue
		}
		if len(shape) > 0 && shape[0] == ir.Free {
			if batch != "" && param != "" && param != batch {
				im.errorf(codeDynamic, subject, "its free dimension %q is not the batch %q of another input; fix one of them with --input-shape %s", param, batch, example(in.Name, shape))
				continue
			}
			if batch == "" {
				batch = param
			}
		}
		p := im.b.Param(ir.Identifier(in.Name), ir.TensorType(dtype(elem), shape...))
		im.env[in.Name] = &value{name: in.Name, node: p}
	}
	bound := slices.AppendSeq(slices.Collect(maps.Keys(im.opt.Bind)), maps.Keys(im.opt.Values))
	slices.Sort(bound)
	for _, k := range bound {
		if !slices.Contains(names, k) {
			im.errorf(codeBind, fmt.Sprintf("input %q", k), "a value is given for it, but the model has no such input, only %s", quoteAll(names))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(im.opt.InputShapes)) {
		if slices.Contains(names, k) {
			continue
		}
		hint := ""
		if s := diag.Suggest(k, names); s != "" {
			hint = fmt.Sprintf("; did you mean %q?", s)
		}
		im.errorf(codeInputShape, fmt.Sprintf("--input-shape %s", k), "the model has no such input, only %s%s", quoteAll(names), hint)
	}
}

// inputShape joins what the model declares with what the user gives. param is the model's name
// for the free batch.
func (im *importer) inputShape(name, subject string, s *pb.TensorShapeProto) (shape []int, param string, ok bool) {
	given, has := im.opt.InputShapes[name]
	if s == nil {
		if !has {
			im.errorf(codeDynamic, subject, "the model does not say its shape; give it with --input-shape %s:1,3,224,224", name)
			return nil, "", false
		}
		s = &pb.TensorShapeProto{}
		for range given {
			s.Dim = append(s.Dim, &pb.TensorShapeProto_Dimension{})
		}
	}
	if has && len(given) != len(s.Dim) {
		im.errorf(codeInputShape, subject, "--input-shape gives %d dimensions, the model has %d", len(given), len(s.Dim))
		return nil, "", false
	}
	if len(s.Dim) == 0 && !im.opt.Numbers {
		im.errorf(codeInputType, subject, "it is a scalar; inputs are tensors with at least one dimension")
		return nil, "", false
	}
	var open []string
	elems := 1
	for i, d := range s.Dim {
		n := int(d.GetDimValue())
		if n <= 0 {
			n = ir.Free
		}
		if has {
			g := given[i]
			if g <= 0 {
				g = ir.Free
			}
			if n != ir.Free && g != n {
				im.errorf(codeInputShape, subject, "--input-shape says %s for dimension %d, the model fixes it to %d", dimText(g), i, n)
				return nil, "", false
			}
			n = g
		}
		shape = append(shape, n)
		switch {
		case n == ir.Free && i == 0:
			param = d.GetDimParam()
		case n == ir.Free:
			t := fmt.Sprintf("dimension %d", i)
			if p := d.GetDimParam(); p != "" {
				t += fmt.Sprintf(" (%s)", p)
			}
			open = append(open, t)
		case n > maxElems/elems:
			im.errorf(codeInputShape, subject, "shape %v has 2^31 elements or more", shape)
			return nil, "", false
		default:
			elems *= n
		}
	}
	if len(open) > 0 {
		im.errorf(codeDynamic, subject, "%s left open; only the leading dimension may be, give the shape with --input-shape %s", strings.Join(open, ", "), example(name, shape))
		return nil, "", false
	}
	return shape, param, true
}

const maxElems = 1<<31 - 1

// convert is the way out for an input of another type.
func convert(name string, elem pb.TensorProto_DataType) string {
	if d := dtype(elem); d != tensor.Invalid && !d.IsFloat() {
		return fmt.Sprintf("give it the value that it has in every call with --bind %s=VALUE, or export the network in float32 and convert outside of it", name)
	}
	return "export the network in float32 and convert outside of it"
}

func dimText(n int) string {
	if n == ir.Free {
		return "free"
	}
	return fmt.Sprint(n)
}

// example is a value for --input-shape with every open dimension filled in.
func example(name string, shape []int) string {
	var parts []string
	for i, n := range shape {
		switch {
		case n != ir.Free:
			parts = append(parts, fmt.Sprint(n))
		case i == 0:
			parts = append(parts, "1")
		default:
			parts = append(parts, "224")
		}
	}
	return name + ":" + strings.Join(parts, ",")
}

func quoteAll(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(out, ", ")
}
