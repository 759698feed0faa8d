package onnx

import (
	"fmt"
	"math"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A value is what the importer knows of one ONNX tensor: computed at run time (node), known
// now (lit), or neither, when a problem with it has been reported already. Tensors of quantized
// models are more: see integral.go.
type value struct {
	name  string
	node  *ir.Value
	lit   *literal
	codes *codes       // its elements are codes; node is what they stand for
	quant *ascendCodes // its elements are the codes of an AscendQuant
	acc   *accumulator // its elements are int32 sums
	chain *chain       // it lies inside AMCT's expansion of a quantization
	each  *literal     // it is known: this for each sample of a free batch
	dyn   *dynamic     // it is a result of DynamicQuantizeLinear
}

func (v *value) poisoned() bool {
	return v.node == nil && v.lit == nil && v.quant == nil && v.acc == nil && v.chain == nil && v.each == nil && v.dyn == nil
}

// integral says whether v is no float32 tensor, so that only some operators may read it.
func (v *value) integral() bool {
	return v.codes != nil || v.quant != nil || v.acc != nil || v.chain != nil || v.each != nil || v.dyn != nil
}

func (v *value) shape() []int {
	switch {
	case v.lit != nil:
		return v.lit.shape
	case v.quant != nil:
		return v.quant.src.Type.Shape
	case v.node != nil:
		return v.node.Type.Shape
	}
	return nil
}

// A literal is a tensor known while importing. float32 elements live in f, wider or narrower
// floating-point types as exact float64 in d, integers and booleans in i.
type literal struct {
	name  string
	elem  pb.TensorProto_DataType
	shape []int
	f     []float32
	d     []float64
	i     []int64
	// free marks integers that stand for the size of the free batch; nil when none does.
	free  []bool
	konst *ir.Value // the module's constant, once there is one
	// derived says that the elements were computed while importing, or given by the user.
	derived bool
	// quant is set for float32 elements that codes in the file stand for.
	quant *weightMap
}

func (l *literal) len() int { return tensor.Elems(l.shape) }

// withShape shares the elements under another shape.
func (l *literal) withShape(shape []int) *literal {
	c := *l
	c.shape = shape
	c.konst = nil
	if c.quant != nil && c.quant.axis >= 0 {
		c.quant = nil
	}
	return &c
}

// hasFree says whether an element depends on the free batch.
func (l *literal) hasFree() bool {
	for _, f := range l.free {
		if f {
			return true
		}
	}
	return false
}

// pick makes a literal of the given shape from elements of l, by flat index.
func (l *literal) pick(shape []int, at []int) *literal {
	c := &literal{name: l.name, elem: l.elem, shape: shape}
	switch {
	case l.f != nil:
		c.f = gather(l.f, at)
	case l.d != nil:
		c.d = gather(l.d, at)
	case l.i != nil:
		c.i = gather(l.i, at)
	}
	if l.free != nil {
		c.free = gather(l.free, at)
	}
	return c
}

func gather[T any](from []T, at []int) []T {
	out := make([]T, len(at))
	for i, p := range at {
		out[i] = from[p]
	}
	return out
}

func floatLiteral(name string, shape []int, f []float32) *literal {
	return &literal{name: name, elem: pb.TensorProto_FLOAT, shape: shape, f: f}
}

func intLiteral(name string, shape []int, i []int64) *literal {
	return &literal{name: name, elem: pb.TensorProto_INT64, shape: shape, i: i}
}

// lookup finds a tensor by name, in the scope or those around it, and reads initializers at their first use; nil
// when nothing provides it.
func (im *importer) lookup(name string) *value {
	for s := im.scope; s != nil; s = s.around {
		if v := im.lookupIn(s, name); v != nil {
			return v
		}
	}
	return nil
}

func (im *importer) lookupIn(s *scope, name string) *value {
	if v := s.env[name]; v != nil {
		return v
	}
	t := s.inits[name]
	if t == nil {
		if !s.sparse[name] {
			return nil
		}
		im.errorf(codeTensor, fmt.Sprintf("initializer %q", name), "sparse initializers are not supported; export dense weights")
		s.env[name] = &value{name: name}
		return s.env[name]
	}
	l, problem := im.decode(t)
	v := &value{name: name, lit: l}
	if problem != nil {
		im.errorf(problem.code, fmt.Sprintf("initializer %q", name), "%s", problem.text)
		v.lit = nil
	} else {
		l.name = name
	}
	s.env[name] = v
	return v
}

// constant is the module's constant with the elements of a float literal; a scalar becomes a
// tensor of one element. The message is empty when all is well.
func (im *importer) constant(l *literal) (*ir.Value, *problem) {
	if l.konst != nil {
		return l.konst, nil
	}
	if l.hasFree() {
		return nil, &problem{codeBatch, "it computes with the free batch; fix the batch with --input-shape"}
	}
	for i, v := range l.f {
		if !l.derived && (math.IsNaN(float64(v)) || math.IsInf(float64(v), 0)) {
			return nil, &problem{codeFinite, fmt.Sprintf("element %d of constant %q is %v; weights must be finite", i, l.name, v)}
		}
	}
	if l.len() == 0 && !im.opt.Numbers {
		return nil, &problem{codeTensor, fmt.Sprintf("constant %q has no elements (shape %v)", l.name, l.shape)}
	}
	t := l.tensor()
	if (t.DType == tensor.F16 || t.DType == tensor.BF16) && !im.opt.Numbers {
		im.half(l.name)
		t = widened(t)
	}
	if len(l.shape) == 0 && !im.opt.Numbers {
		t = t.Reshape(1)
	}
	c := ir.NewConst(im.constName(l.name), ir.TensorType(t.DType, t.Shape...), t)
	im.mod.Consts = append(im.mod.Consts, c)
	l.konst = c.Value()
	return l.konst, nil
}

// constName is a name for a constant that none has yet.
func (im *importer) constName(base string) string {
	base = ir.Identifier(base)
	name := base
	for im.constNames[name] {
		im.constTried[base]++
		name = fmt.Sprintf("%s_%d", base, im.constTried[base])
	}
	im.constNames[name] = true
	return name
}
