// Package op declares every operator, one literal each. Parser, printer, verifier, interpreter,
// passes and documentation read these literals; a literal never refers to another one's variable.
package op

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

var all = ir.NewOpSet(slices.Concat(functionOps(), pairingOps(), reductionOps(), []*ir.OpDef{
	Conv2D, QConv2D,
	Dense, QDense, MatMul, QMatMul,
	BatchNorm,
	Add, QAdd, Mul, QMul, QSub,
	Relu, Clip, QClip, Dropout,
	MaxPool, AvgPool, QAvgPool,
	Concat, Pad, Reshape, Transpose, Softmax, LogSoftmax,
	Observe, Fake, Quantize, Dequantize, Rescale, Table,
	Conv2DDX, Conv2DDW, ChannelSum, SumTo, ReluDX, ClipDX, MaxPoolDX, AvgPoolDX, Slice,
	BatchNormTrain, BatchNormDX, SoftmaxDX, CrossEntropy, CrossEntropyDX, MSE, MSEDX,
	ULQ, ULQDX, LSQ, LSQDX, StraightARQ, StraightBias,
	Take, Resample, Normalize,
	Pixels,
	Where, Cast, Not, IsNaN, IsInf, ArgMax, TopK, CumSum, Gather,
	GridSample, RoiAlign, PoolIndices, MaxUnpool, MaxUnpoolDX, Det,
})...)

// All is the set of every operator.
func All() *ir.OpSet { return all }

var (
	floatStages = ir.Stages(ir.StageFloat, ir.StageObserved, ir.StageFake, ir.StageInt, ir.StageTarget, ir.StageTrain)
	// evaluatedStages is that of operators which are evaluated and not compiled.
	evaluatedStages = ir.Stages(ir.StageFloat)

	trainStages = ir.Stages(ir.StageTrain)
	intStages   = ir.Stages(ir.StageInt, ir.StageTarget)
)

// clipAttr is the pair of codes that a fused activation clamps to.
var clipAttr = ir.AttrDef{Name: "clip", Kind: ir.AttrInts, Default: []int{-128, 127}, Doc: "lowest and highest code of the result; a fused activation"}

// wantFloat reports operands that are not float32.
func wantFloat(c *ir.InferCtx) bool {
	for i, t := range c.In {
		if !t.IsFloat() {
			c.Errorf("V030", "operand %d is %s, want float32 elements", i, t)
			return false
		}
	}
	return true
}

func wantRank(c *ir.InferCtx, i, rank int) bool {
	if len(c.In[i].Shape) != rank {
		c.Errorf("V031", "operand %d is %s, want rank %d", i, c.In[i], rank)
		return false
	}
	return true
}

// wantCodes reports operand i when it is not int8 with one factor for the tensor.
func wantCodes(c *ir.InferCtx, i int) bool {
	t := c.In[i]
	if !t.IsQuant() || t.DType != tensor.I8 || !t.Quant.IsPerTensor() {
		c.Errorf("V032", "operand %d is %s, want int8 codes with one scale", i, t)
		return false
	}
	return true
}

// wantInput reports operand i of a layer when it is neither int8 nor int16 with one factor for the tensor.
func wantInput(c *ir.InferCtx, i int) bool {
	t := c.In[i]
	if !t.IsQuant() || t.DType != tensor.I8 && t.DType != tensor.I16 || !t.Quant.IsPerTensor() {
		c.Errorf("V032", "operand %d is %s, want int8 or int16 codes with one scale", i, t)
		return false
	}
	return true
}

// codeResult checks the written element type of a result that must be int8 codes with one factor.
func codeResult(c *ir.InferCtx, shape []int) (ir.Type, bool) {
	t := c.WantElem(ir.Type{}).WithShape(shape)
	if !t.IsQuant() || t.DType != tensor.I8 || !t.Quant.IsPerTensor() {
		c.Errorf("V033", "result must be int8 codes with one scale")
		return t, false
	}
	return t, checkClip(c)
}

func checkClip(c *ir.InferCtx) bool {
	for _, a := range c.Node.Op.Attrs {
		if a.Name != "clip" {
			continue
		}
		clip := c.Node.Ints("clip")
		if len(clip) != 2 || clip[0] > clip[1] || clip[0] < -128 || clip[1] > 127 {
			c.Errorf("V034", "clip %v must be two codes, lowest first", clip)
			return false
		}
	}
	return true
}

// keepElem requires that all operands have the same element type and gives it.
func keepElem(c *ir.InferCtx) (ir.Type, bool) {
	t := c.In[0]
	for i, u := range c.In[1:] {
		if !t.SameElem(u) {
			c.Errorf("V035", "operands 0 and %d have different element types, %s and %s", i+1, t, u)
			return t, false
		}
	}
	if t.DType == tensor.I16 && t.IsQuant() {
		c.Errorf("V032", "operand 0 is %s; int16 codes are read by q.conv2d and q.dense alone", t)
		return t, false
	}
	if t.IsQuant() && !t.Quant.IsPerTensor() {
		c.Errorf("V032", "operand 0 is %s, want one scale for the tensor", t)
		return t, false
	}
	return t, true
}

// broadcast is the numpy result shape of two shapes; a free batch meets a free batch or 1.
func broadcast(a, b []int) ([]int, error) {
	n := max(len(a), len(b))
	out := make([]int, n)
	for i := range n {
		x, y := 1, 1
		if k := i - (n - len(a)); k >= 0 {
			x = a[k]
		}
		if k := i - (n - len(b)); k >= 0 {
			y = b[k]
		}
		switch {
		case x == y || y == 1:
			out[i] = x
		case x == 1:
			out[i] = y
		default:
			return nil, fmt.Errorf("shapes %v and %v do not broadcast", a, b)
		}
	}
	return out, nil
}

// broadcastStrides are the strides that walk a tensor of shape as if it had shape out.
func broadcastStrides(shape, out []int) []int {
	s := tensor.Strides(shape)
	r := make([]int, len(out))
	for i := range shape {
		if shape[i] != 1 {
			r[len(out)-len(shape)+i] = s[i]
		}
	}
	return r
}

// each calls f for every index of shape, row-major, with the flat index and the offsets under
// the given strides.
func each(shape []int, sa, sb []int, f func(i, a, b int)) {
	idx := make([]int, len(shape))
	n := tensor.Elems(shape)
	a, b := 0, 0
	for i := range n {
		f(i, a, b)
		for d := len(shape) - 1; d >= 0; d-- {
			idx[d]++
			a += sa[d]
			b += sb[d]
			if idx[d] < shape[d] {
				break
			}
			a -= sa[d] * shape[d]
			b -= sb[d] * shape[d]
			idx[d] = 0
		}
	}
}
