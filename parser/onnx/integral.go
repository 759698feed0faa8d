package onnx

import (
	"math"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// Quantized models hold tensors that are no float32 numbers. There are five kinds:
//
//   - codes, written by QuantizeLinear and read by DequantizeLinear. The graph holds the numbers that
//     they stand for, a q.fake, and what moves codes moves those numbers.
//   - ascendCodes, written by AscendQuant. They become a q.quantize where a layer's AscendDequant or
//     an AscendAntiQuant says which scale goes with them.
//   - accumulator, the int32 sum of a layer, until it is multiplied.
//   - dynamic, a result of DynamicQuantizeLinear.
//   - chain, a float tensor inside Mul, Round, Add, Clip, Sub, which is how AMCT writes a quantization
//     in standard operators.

// reads is what an operator takes beside float32 and known tensors.
type reads uint8

const (
	readsCodes reads = 1 << iota
	movesCodes       // its result has the codes' map
	readsQuant
	readsAcc
	readsChain
	// readsEach: known numbers, the same for each sample of a free batch.
	readsEach
	readsDynamic
)

// readable refuses integral inputs that the operator does not take.
func (c *call) readable(r reads) bool {
	c.dynamicReads(r)
	for i, v := range c.in {
		if v == nil || !v.integral() {
			continue
		}
		name := c.pb.Input[i]
		if k := v.chain; k != nil && r&readsChain == 0 && k.rounded != nil {
			c.in[i] = &value{name: v.name, node: k.rounded} // a Round like any other
			continue
		}
		switch {
		case v.codes != nil && r&(readsCodes|movesCodes) == 0:
			c.errorf(codeQuant, "its input %q holds codes of QuantizeLinear, which it does not take; dequantize them in front of it", name)
		case v.quant != nil && r&readsQuant == 0:
			c.errorf(codeQuant, "its input %q holds codes of AscendQuant; only Conv, Gemm, MatMul and AscendAntiQuant take them", name)
		case v.acc != nil && r&readsAcc == 0:
			c.errorf(codeQuant, "its input %q is an int32 accumulator; only a bias, a cast to float32 and the product with its scale may follow", name)
		case v.each != nil && r&readsEach == 0:
			c.errorf(codeBatch, "its input %q is a constant, repeated for each sample of the free batch, which only GridSample takes; fix the batch with --input-shape", name)
		case v.chain != nil && r&readsChain == 0:
			c.errorf(codeQuant, "its input %q comes from a Round; rounding is supported only as AMCT writes a quantization: Mul, Round, Add, Clip, Sub", name)
		}
	}
	if !c.failed && r&movesCodes != 0 {
		for i, v := range c.in[1:] {
			if v != nil && v.lit == nil && !v.codes.equal(c.in[0].codes) {
				c.errorf(codeFactor, "its inputs 0 and %d have other factors; quantize both with the same scale and zero point", i+1)
			}
		}
	}
	return !c.failed
}

// codes are the factors of a tensor between QuantizeLinear and DequantizeLinear.
type codes struct {
	scale float32
	zero  int64
	elem  pb.TensorProto_DataType
}

func (q *codes) equal(r *codes) bool {
	if q == nil || r == nil {
		return q == r
	}
	return *q == *r
}

// bits is the width of the codes, and shift what makes unsigned ones signed.
func (q *codes) bits() int    { return 8 * elemSize(q.elem) }
func (q *codes) shift() int64 { return unsignedShift(q.elem) }

func unsignedShift(t pb.TensorProto_DataType) int64 {
	switch t {
	case pb.TensorProto_UINT8:
		return 128
	case pb.TensorProto_UINT16:
		return 1 << 15
	}
	return 0
}

// codeRange is the range of an integer type that codes may have; ok is false for all others.
func codeRange(t pb.TensorProto_DataType) (lo, hi int64, ok bool) {
	switch t {
	case pb.TensorProto_UINT8:
		return 0, math.MaxUint8, true
	case pb.TensorProto_INT8:
		return math.MinInt8, math.MaxInt8, true
	case pb.TensorProto_UINT16:
		return 0, math.MaxUint16, true
	case pb.TensorProto_INT16:
		return math.MinInt16, math.MaxInt16, true
	}
	return 0, 0, false
}

// A weightMap says which codes stood in the file for float32 elements: for the whole tensor (axis
// -1), or with a factor for each index of axis. Offsets are those of signed codes.
type weightMap struct {
	axis   int
	scale  []float32
	offset []int
	bits   int
}

// permuted is the map of the tensor whose axis i is axis perm[i] of this one's.
func (w *weightMap) permuted(perm []int) *weightMap {
	t := *w
	if t.axis >= 0 {
		t.axis = slices.Index(perm, t.axis)
	}
	return &t
}

// fake puts a q.fake with the map behind a constant.
func (c *call) fake(v *ir.Value, w *weightMap) *ir.Value {
	if v == nil {
		return nil
	}
	return c.emit("q.fake", v.Name+"_fq", []*ir.Value{v}, "scale", w.scale, "offset", w.offset, "axis", w.axis, "bits", w.bits)
}

// layerWeights is a literal as the weights of a layer, (outputs, ...), fake-quantized when the file
// has codes for it.
func (c *call) layerWeights(l *literal) *ir.Value {
	w := l.quant
	switch {
	case w == nil || w.bits != 8:
		return c.konst(l)
	case slices.ContainsFunc(w.offset, func(o int) bool { return o != 0 }):
		c.errorf(codeQuant, "its weights %q have a zero point other than that of symmetric codes; quantize weights symmetrically (WeightSymmetric=True in onnxruntime.quantization)", l.name)
		return nil
	case w.axis > 0:
		c.errorf(codeQuant, "its weights %q have scales along axis %d, which is not that of the output channels; quantize weights for each tensor or output channel", l.name, w.axis)
		return nil
	}
	return c.fake(c.konst(l), w)
}

// operand is input i of a sum or product: a constant that the file has codes for is fake-quantized
// like any other operand.
func (c *call) operand(i int) *ir.Value {
	l := c.in[i].lit
	if l == nil || l.quant == nil || l.quant.axis >= 0 || l.quant.bits != 8 {
		return c.x(i)
	}
	return c.fake(c.konst(l), l.quant)
}

// An accumulator is the int32 result of a layer, known only once its scale is.
type accumulator struct {
	layer *call   // the layer's node: its name and geometry
	op    string  // "conv2d" or "dense"
	attrs []any   // of the convolution
	x     *value  // its input
	w     []int8  // codes, (outputs, ...)
	shape []int   // of w
	bias  []int32 // one for each output, or nil
	// numbers are, in place of w, codes less their zero points, where the input comes from DynamicQuantizeLinear.
	numbers *literal
	rank    int // of the input
}

func (a *accumulator) outs() int { return a.shape[0] }

// perOutput reads a literal as one number for the layer or one for each output channel, laid out to
// broadcast over the channels.
func (a *accumulator) perOutput(l *literal) bool {
	if l.len() == 1 {
		return len(l.shape) <= a.rank
	}
	at := len(l.shape) - 1
	if a.op == "conv2d" {
		at -= a.rank - 2
	}
	return at >= 0 && at < len(l.shape) && len(l.shape) <= a.rank && l.shape[at] == a.outs() && l.len() == a.outs()
}

// addBias takes an int32 constant that is added to an accumulator as its bias.
func (c *call) addBias() {
	a, other := c.in[0], c.in[1]
	if a.acc == nil {
		a, other = other, a
	}
	l := other.lit
	if l == nil || l.elem != pb.TensorProto_INT32 || a.acc.bias != nil || a.acc.numbers != nil || l.len() != a.acc.outs() || !a.acc.perOutput(l) {
		c.errorf(codeQuant, "it adds something to an int32 accumulator that is no int32 constant for each output channel")
		return
	}
	sum := *a.acc
	sum.bias = int32s(l.i)
	c.set(&value{acc: &sum})
}

func int32s(v []int64) []int32 {
	out := make([]int32, len(v))
	for i, x := range v {
		out[i] = int32(x)
	}
	return out
}

// int8Literal is input i as known int8 codes; nil after a problem.
func (c *call) int8Literal(i int, what string) *literal {
	l := c.lit(i, what)
	if l != nil && l.elem != pb.TensorProto_INT8 {
		c.errorf(codeElem, "its %s, %q, holds %s, want INT8", what, c.pb.Input[i], elemName(int32(l.elem)))
		return nil
	}
	return l
}

// biasLiteral is input i as known int32 numbers, one for each of n outputs.
func (c *call) biasLiteral(i, n int) ([]int32, bool) {
	l := c.lit(i, "bias")
	switch {
	case l == nil:
		return nil, false
	case l.elem != pb.TensorProto_INT32:
		c.errorf(codeElem, "its bias, %q, holds %s, want INT32", c.pb.Input[i], elemName(int32(l.elem)))
		return nil, false
	case l.len() != n || len(l.shape) == 0 || l.shape[len(l.shape)-1] != n:
		c.errorf(codeShape, "its bias has shape %v, want %d elements", l.shape, n)
		return nil, false
	}
	return int32s(l.i), true
}

// stage finds the stage that the nodes belong to.
func (im *importer) stage() {
	fake, codes := "", ""
	for _, n := range im.fn.Nodes {
		switch n.Op.Name {
		case "q.fake":
			fake = n.Name
		case "q.quantize", "q.dequantize", "q.conv2d", "q.dense":
			codes = n.Name
		}
	}
	switch {
	case fake != "" && codes != "":
		im.errorf(codeQuant, "", "node %q is quantized in the form of AMCT and node %q by QuantizeLinear; a model has one form", codes, fake)
	case fake != "":
		im.fn.Stage = ir.StageFake
	case codes != "":
		im.fn.Stage = ir.StageInt
	}
}

// turnCodes is the transpose of a matrix of codes.
func turnCodes(v []int8, rows, cols int) []int8 {
	out := make([]int8, len(v))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = v[i*cols+j]
		}
	}
	return out
}

func int8s(v []int64) []int8 {
	out := make([]int8, len(v))
	for i, x := range v {
		out[i] = int8(x)
	}
	return out
}

// addConst adds an integer constant to the module under a name of its own.
func (im *importer) addConst(base string, t ir.Type, data *tensor.Tensor) *ir.Value {
	c := ir.NewConst(im.constName(base), t, data)
	im.mod.Consts = append(im.mod.Consts, c)
	return c.Value()
}
