package onnx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// Many ONNX operators are made of several of ours. The methods of this file emit one step each; every step
// has a name of its own below the node's, because records and reports go by names. A nil operand, which
// stands for a problem that is reported already, gives nil.

// do emits a step and gives its result.
func (c *call) do(opName string, operands []*ir.Value, attrs ...any) *ir.Value {
	if all := c.doAll(opName, operands, attrs...); len(all) > 0 {
		return all[0]
	}
	return nil
}

func (c *call) doAll(opName string, operands []*ir.Value, attrs ...any) []*ir.Value {
	node, step := c.name, strings.TrimPrefix(opName, "nn.")
	c.name = node + "/" + step
	for i := 1; c.im.nodeNames[c.name]; i++ {
		c.name = fmt.Sprintf("%s/%s_%d", node, step, i)
	}
	c.im.nodeNames[c.name] = true
	c.from = []string{node}
	all := c.emitAll(opName, c.label("_"+step), operands, attrs...)
	c.name, c.from = node, nil
	return all
}

func (c *call) one1(opName string, x *ir.Value, attrs ...any) *ir.Value {
	return c.do(opName, []*ir.Value{x}, attrs...)
}

func (c *call) two(opName string, a, b *ir.Value) *ir.Value {
	return c.do(opName, []*ir.Value{a, b})
}

// like is a constant scalar of v's type.
func (c *call) like(v *ir.Value, number float64) *ir.Value {
	if v == nil {
		return nil
	}
	t := tensor.New(v.Type.DType)
	if t.DType.IsFloat() {
		t.SetReal(0, number)
	} else {
		t.SetInt(0, int64(number))
	}
	l := literalOf(t)
	l.name = c.name + "_" + fmt.Sprint(number)
	return c.konst(l)
}

// reshaped is v under another shape; v itself when it has it.
func (c *call) reshaped(v *ir.Value, shape ...int) *ir.Value {
	if v == nil || slices.Equal(v.Type.Shape, shape) {
		return v
	}
	want := slices.Clone(shape)
	return c.one1("nn.reshape", v, "shape", want)
}

// turned is v with its axes permuted; v itself when nothing moves.
func (c *call) turned(v *ir.Value, perm ...int) *ir.Value {
	if v == nil || slices.IsSorted(perm) {
		return v
	}
	return c.one1("nn.transpose", v, "perm", perm)
}

// take is v with the listed entries of an axis; v itself when these are all, in order.
func (c *call) take(v *ir.Value, axis int, list []int) *ir.Value {
	if v == nil {
		return nil
	}
	if len(list) == 0 && c.im.opt.Numbers {
		return c.none(v, axis)
	}
	if len(list) == 0 {
		c.errorf(codeTensor, "its result has no elements")
		return nil
	}
	whole := len(list) == v.Type.Shape[axis]
	for i, k := range list {
		whole = whole && i == k
	}
	if whole {
		return v
	}
	return c.one1("nn.take", v, "axis", axis, "indices", list)
}

// none is v without entries along an axis: known, whatever v is. A free batch has as many samples as it likes of nothing.
func (c *call) none(v *ir.Value, axis int) *ir.Value {
	shape := slices.Clone(v.Type.Shape)
	shape[axis] = 0
	if !c.fixed(v) {
		return nil
	}
	l := literalOf(tensor.New(v.Type.DType, shape...))
	l.name = c.name + "_none"
	return c.konst(l)
}

// takeFlat gathers elements by their flat index, -1 for zero, under a shape.
func (c *call) takeFlat(v *ir.Value, at []int, shape []int) *ir.Value {
	if v == nil {
		return nil
	}
	if !c.fixed(v) || !c.charge(len(at)) {
		return nil
	}
	if len(at) == 0 && v.Type.Elems() == 0 && c.im.opt.Numbers && slices.Equal(shape, v.Type.Shape) {
		return v
	}
	return c.reshaped(c.take(c.reshaped(v, v.Type.Elems()), 0, at), shape...)
}

// fixed refuses a free batch.
func (c *call) fixed(v *ir.Value) bool {
	if v != nil && v.Type.IsFree() {
		c.errorf(codeBatch, "it moves elements between samples; fix the batch with --input-shape")
	}
	return v != nil && !c.failed
}

// span is the entries lo, lo+step, ... of which there are n.
func span(lo, n, step int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = lo + i*step
	}
	return out
}

// reduced applies a reduction; all axes when there are none.
func (c *call) reduced(kind string, v *ir.Value, axes []int, keep bool) *ir.Value {
	return c.one1("nn.reduce_"+kind, v, "axes", axes, "keep", keep)
}

// casted is v as another type.
func (c *call) casted(v *ir.Value, to tensor.DType) *ir.Value {
	if v == nil || v.Type.DType == to {
		return v
	}
	return c.one1("nn.cast", v, "to", to.String())
}

// finish makes a step's result output i.
func (c *call) finish(i int, v *ir.Value) {
	if v == nil {
		c.failed = true
		return
	}
	if i < len(c.out) {
		c.out[i] = c.im.valueOf(v)
	}
}

// wants says whether output i is asked for.
func (c *call) wants(i int) bool {
	return i < len(c.pb.Output) && c.pb.Output[i] != "" && c.im.used[c.pb.Output[i]]
}

// operands are all inputs as values; ok is false when one is left out.
func (c *call) operands() (out []*ir.Value, ok bool) {
	for i, v := range c.in {
		if v == nil {
			c.errorf(codeArity, "its input %d is left out but required", i)
			return nil, false
		}
		out = append(out, c.x(i))
	}
	return out, !c.failed
}

// constInts makes integers a constant of the module.
func (c *call) constInts(name string, v []int64, shape ...int) *ir.Value {
	return c.konst(intLiteral(c.name+"_"+name, shape, v))
}

// constFloats makes float32 numbers a constant of the module.
func (c *call) constFloats(name string, v []float32, shape ...int) *ir.Value {
	return c.konst(floatLiteral(c.name+"_"+name, shape, v))
}

// floatsAttr is an attribute of numbers; nil when absent.
func (c *call) floatsAttr(name string) []float32 {
	if a := c.attr(name, pb.AttributeProto_FLOATS); a != nil {
		return a.Floats
	}
	return nil
}

// stringsAttr is an attribute of strings; nil when absent.
func (c *call) stringsAttr(name string) []string {
	var out []string
	if a := c.attr(name, pb.AttributeProto_STRINGS); a != nil {
		for _, s := range a.Strings {
			out = append(out, string(s))
		}
	}
	return out
}
