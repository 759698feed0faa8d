package onnx

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// table says how each operator is written.
var table = map[string]func(*exporter, *ir.Node){
	"nn.conv2d":      func(e *exporter, n *ir.Node) { e.simple(n, "Conv", convAttrs(n)...) },
	"nn.dense":       (*exporter).dense,
	"nn.matmul":      func(e *exporter, n *ir.Node) { e.simple(n, "MatMul") },
	"nn.batch_norm":  func(e *exporter, n *ir.Node) { e.simple(n, "BatchNormalization", floatAttr("epsilon", n.Float("eps"))) },
	"nn.add":         func(e *exporter, n *ir.Node) { e.simple(n, "Add") },
	"nn.mul":         func(e *exporter, n *ir.Node) { e.simple(n, "Mul") },
	"nn.relu":        func(e *exporter, n *ir.Node) { e.simple(n, "Relu") },
	"nn.clip":        func(e *exporter, n *ir.Node) { e.clip(n, n.Float("min"), n.Float("max")) },
	"nn.dropout":     func(e *exporter, n *ir.Node) { e.simple(n, "Identity") },
	"nn.max_pool2d":  (*exporter).maxPool,
	"nn.avg_pool2d":  (*exporter).avgPool,
	"nn.concat":      func(e *exporter, n *ir.Node) { e.simple(n, "Concat", intAttr("axis", n.Int("axis"))) },
	"nn.pad":         (*exporter).pad,
	"nn.reshape":     (*exporter).reshape,
	"nn.transpose":   func(e *exporter, n *ir.Node) { e.simple(n, "Transpose", intsAttr("perm", n.Ints("perm"))) },
	"nn.softmax":     func(e *exporter, n *ir.Node) { e.simple(n, "Softmax", intAttr("axis", n.Int("axis"))) },
	"nn.log_softmax": func(e *exporter, n *ir.Node) { e.simple(n, "LogSoftmax", intAttr("axis", n.Int("axis"))) },
	"nn.take":        (*exporter).takeEntries,
	"nn.resample":    (*exporter).resample,
	"nn.normalize":   (*exporter).normalize,
	"nn.pixels":      (*exporter).pixels,
	"nn.argmax":      (*exporter).argMax,
	"nn.topk":        (*exporter).topK,
	"nn.grid_sample": (*exporter).gridSample,
	"nn.roi_align":   (*exporter).roiAlign,

	"nn.max_pool2d_indices": (*exporter).poolIndices,
	"nn.max_unpool2d":       (*exporter).maxUnpool,

	"q.quantize":   func(e *exporter, n *ir.Node) { e.finish(n, e.float(n.Operands[0])) },
	"q.dequantize": func(e *exporter, n *ir.Node) { e.dequantize(n.Operands[0], e.value(n.Result())) },
	"q.rescale":    func(e *exporter, n *ir.Node) { e.finish(n, e.float(n.Operands[0])) },
	"q.table":      (*exporter).lookup,
	"q.clip":       func(e *exporter, n *ir.Node) { e.finish(n, e.float(n.Operands[0])) },
	"q.conv2d":     (*exporter).qconv,
	"q.dense":      (*exporter).qdense,
	"q.matmul":     func(e *exporter, n *ir.Node) { e.simple(n, "MatMul") },
	"q.add":        func(e *exporter, n *ir.Node) { e.simple(n, "Add") },
	"q.sub":        func(e *exporter, n *ir.Node) { e.simple(n, "Sub") },
	"q.mul":        func(e *exporter, n *ir.Node) { e.simple(n, "Mul") },
	"q.avg_pool2d": (*exporter).avgPool,
}

func (e *exporter) emit(n *ir.Node) error {
	write, ok := e.write[n.Op.Name]
	if !ok && HasForm(n.Op.Name) {
		write, ok = (*exporter).family, true
	}
	if !ok {
		return fmt.Errorf("the operator has no ONNX form")
	}
	write(e, n)
	return nil
}

// simple writes one ONNX node over the operands' numbers.
func (e *exporter) simple(n *ir.Node, opType string, attrs ...*pb.AttributeProto) {
	in := make([]string, len(n.Operands))
	for i, v := range n.Operands {
		in[i] = e.float(v)
	}
	e.compute(n, opType, in, attrs...)
}

// compute writes the ONNX node that gives n's numbers, and their codes if n's result has any.
func (e *exporter) compute(n *ir.Node, opType string, in []string, attrs ...*pb.AttributeProto) {
	if !n.Result().Type.IsQuant() {
		e.node(opType, nodeName(n), in, e.value(n.Result()), attrs...)
		return
	}
	real := fresh(n.Result().Name+"_float", e.names)
	e.node(opType, nodeName(n), in, real, attrs...)
	e.finish(n, real)
}

func nodeName(n *ir.Node) string {
	if n.Name != "" {
		return n.Name
	}
	return n.Result().Name
}

// finish quantizes a float tensor to n's result. A clip narrower than uint8 is an operator of
// its own between two quantizations with the same map, which is exact: the clip of amctc acts
// on codes.
func (e *exporter) finish(n *ir.Node, real string) {
	v := n.Result()
	codes := e.value(v)
	lo, hi := clipOf(n)
	if lo == -128 && hi == 127 || v.Type.DType == tensor.I16 {
		e.quantize(v, real, codes)
		return
	}
	wide := fresh(v.Name+"_wide", e.names)
	e.quantize(v, real, wide)
	q := e.quantNames(v)
	back, clipped := fresh(v.Name+"_back", e.names), fresh(v.Name+"_clipped", e.names)
	e.node("DequantizeLinear", back+"_DequantizeLinear", []string{wide, q.scale, q.zero}, back)
	s, o := v.Type.Quant.At(0)
	low := e.scalar(v.Name+"_low", op.DequantizeCode(lo, s, o))
	high := e.scalar(v.Name+"_high", op.DequantizeCode(hi, s, o))
	e.node("Clip", v.Name+"_Clip", []string{back, low, high}, clipped)
	e.quantize(v, clipped, codes)
}

// clipOf is the range of codes that n's result may take.
func clipOf(n *ir.Node) (lo, hi int32) {
	q := n.Result().Type.Quant
	lo, hi = max(q.Min, -128), min(q.Max, 127)
	if slices.ContainsFunc(n.Op.Attrs, func(a ir.AttrDef) bool { return a.Name == "clip" }) {
		c := n.Ints("clip")
		lo, hi = max(lo, int32(c[0])), min(hi, int32(c[1]))
	}
	return lo, hi
}

func convAttrs(n *ir.Node) []*pb.AttributeProto {
	w := n.Operands[1].Type.Shape
	return []*pb.AttributeProto{
		intsAttr("dilations", n.Ints("dilation")),
		intAttr("group", n.Int("group")),
		intsAttr("kernel_shape", w[2:]),
		intsAttr("pads", n.Ints("pad")),
		intsAttr("strides", n.Ints("stride")),
	}
}

// dense writes a Gemm, or for more than two dimensions a MatMul and an Add.
func (e *exporter) dense(n *ir.Node) {
	x, w := n.Operands[0], n.Operands[1]
	if len(x.Type.Shape) == 2 {
		e.simple(n, "Gemm", intAttr("transB", 1))
		return
	}
	turned := ""
	if w.IsConst() {
		t := turn(w.Const.Data)
		turned = e.floats(w.Name+"_t", t.Shape, t.F32)
	} else {
		turned = fresh(w.Name+"_t", e.names)
		e.node("Transpose", turned, []string{e.float(w)}, turned, intsAttr("perm", []int{1, 0}))
	}
	if len(n.Operands) < 3 {
		e.compute(n, "MatMul", []string{e.float(x), turned})
		return
	}
	product := fresh(n.Result().Name+"_product", e.names)
	e.node("MatMul", nodeName(n), []string{e.float(x), turned}, product)
	e.compute(n, "Add", []string{product, e.float(n.Operands[2])})
}

// turn is the transpose of a matrix.
func turn(t *tensor.Tensor) *tensor.Tensor {
	r, c := t.Shape[0], t.Shape[1]
	u := tensor.New(t.DType, c, r)
	for i := range r {
		for j := range c {
			if t.DType == tensor.F32 {
				u.F32[j*r+i] = t.F32[i*c+j]
			} else {
				u.I8[j*r+i] = t.I8[i*c+j]
			}
		}
	}
	return u
}

// weights writes int8 weights and gives the tensor of their numbers; axis is that of their
// channels in data.
func (e *exporter) weights(w *ir.Value, data *tensor.Tensor, axis int) string {
	name := e.init(w.Name, pb.TensorProto_INT8, data.Shape, data.Bytes())
	q := w.Type.Quant
	shape, attrs := channels(q, len(q.Scale), axis)
	scale := e.floats(name+"_scale", shape, q.Scale)
	zero := e.init(name+"_zero_point", pb.TensorProto_INT8, shape, make([]byte, len(q.Scale)))
	real := fresh(name+"_real", e.names)
	e.node("DequantizeLinear", real+"_DequantizeLinear", []string{name, scale, zero}, real, attrs...)
	return real
}

// bias writes an int32 bias with the scale of input times weights and gives its numbers.
func (e *exporter) bias(x, w, b *ir.Value) string {
	sx, _ := x.Type.Quant.At(0)
	q := w.Type.Quant
	scales := make([]float32, len(q.Scale))
	for i, sw := range q.Scale {
		scales[i] = op.AccScale(sx, sw)
	}
	name := e.init(b.Name, pb.TensorProto_INT32, b.Type.Shape, b.Const.Data.Bytes())
	shape, attrs := channels(q, len(scales), 0)
	scale := e.floats(name+"_scale", shape, scales)
	zero := e.init(name+"_zero_point", pb.TensorProto_INT32, shape, make([]byte, 4*len(scales)))
	real := fresh(name+"_real", e.names)
	e.node("DequantizeLinear", real+"_DequantizeLinear", []string{name, scale, zero}, real, attrs...)
	return real
}

// channels is the shape of a map's factors and the axis they run along.
func channels(q *ir.Quant, n, axis int) ([]int, []*pb.AttributeProto) {
	if q.IsPerTensor() {
		return nil, nil
	}
	return []int{n}, []*pb.AttributeProto{intAttr("axis", axis)}
}

func (e *exporter) qconv(n *ir.Node) {
	x, w, b := n.Operands[0], n.Operands[1], n.Operands[2]
	in := []string{e.float(x), e.weights(w, w.Const.Data, 0), e.bias(x, w, b)}
	e.compute(n, "Conv", in, convAttrs(n)...)
}

func (e *exporter) qdense(n *ir.Node) {
	x, w, b := n.Operands[0], n.Operands[1], n.Operands[2]
	if len(x.Type.Shape) == 2 {
		in := []string{e.float(x), e.weights(w, w.Const.Data, 0), e.bias(x, w, b)}
		e.compute(n, "Gemm", in, intAttr("transB", 1))
		return
	}
	product := fresh(n.Result().Name+"_product", e.names)
	e.node("MatMul", nodeName(n), []string{e.float(x), e.weights(w, turn(w.Const.Data), 1)}, product)
	e.compute(n, "Add", []string{product, e.bias(x, w, b)})
}

// clip writes only the bounds that are there.
func (e *exporter) clip(n *ir.Node, lo, hi float32) {
	v := n.Result()
	in := []string{e.float(n.Operands[0]), e.scalar(v.Name+"_min", lo), e.scalar(v.Name+"_max", hi)}
	e.compute(n, "Clip", in)
}

// poolAttrs are the attributes of a pooling. Padding that no window reaches is cut off at the
// end, because runtimes refuse padding as wide as the kernel.
func poolAttrs(n *ir.Node) []*pb.AttributeProto {
	k, s, d, p := n.Ints("kernel"), n.Ints("stride"), n.Ints("dilation"), slices.Clone(n.Ints("pad"))
	in, out := n.Operands[0].Type.Shape, n.Result().Type.Shape
	for i := range 2 {
		need := (out[2+i]-1)*s[i] + (k[i]-1)*d[i] + 1 - in[2+i] - p[i]
		p[i+2] = min(p[i+2], max(need, 0))
	}
	return []*pb.AttributeProto{intsAttr("kernel_shape", k), intsAttr("pads", p), intsAttr("strides", s)}
}

// isGlobal says whether a pooling is one unpadded window over the whole image.
func isGlobal(n *ir.Node) bool {
	s := n.Operands[0].Type.Shape
	return slices.Equal(n.Ints("kernel"), s[2:]) && slices.Max(n.Ints("pad")) == 0 && slices.Max(n.Ints("dilation")) == 1
}

func (e *exporter) maxPool(n *ir.Node) {
	if isGlobal(n) {
		e.simple(n, "GlobalMaxPool")
		return
	}
	attrs := poolAttrs(n)
	if d := n.Ints("dilation"); slices.Max(d) > 1 {
		attrs = append([]*pb.AttributeProto{intsAttr("dilations", d)}, attrs...)
	}
	e.simple(n, "MaxPool", attrs...)
}

func (e *exporter) avgPool(n *ir.Node) {
	if isGlobal(n) {
		e.simple(n, "GlobalAveragePool")
		return
	}
	attrs := poolAttrs(n)
	if n.Bool("include_pad") {
		attrs = append([]*pb.AttributeProto{intAttr("count_include_pad", 1)}, attrs...)
	}
	if d := n.Ints("dilation"); slices.Max(d) > 1 {
		if n.Result().Type.IsQuant() {
			e.dilatedMean(n)
			return
		}
		e.opset, e.ir = max(e.opset, dilatedOpset), max(e.ir, laterIR)
		attrs = append(attrs, intsAttr("dilations", d))
	}
	e.simple(n, "AveragePool", attrs...)
}

// dilatedMean writes a dilated mean of codes as a sum by depthwise convolution and a product
// with one over the number of positions: ONNX Runtime fuses a quantized AveragePool into an
// operator that knows no dilation, and then refuses its own graph.
func (e *exporter) dilatedMean(n *ir.Node) {
	v, k := n.Result(), n.Ints("kernel")
	in, out := n.Operands[0].Type.Shape, v.Type.Shape
	win, _ := op.WindowOf(n, in, k[0], k[1])
	ones := make([]float32, in[1]*k[0]*k[1])
	for i := range ones {
		ones[i] = 1
	}
	share := make([]float32, 0, out[2]*out[3])
	for y := range out[2] {
		for x := range out[3] {
			count := k[0] * k[1]
			if !n.Bool("include_pad") {
				count = win.Count(y, x)
			}
			share = append(share, 1/float32(count))
		}
	}
	sum := fresh(v.Name+"_sum", e.names)
	weights := e.floats(v.Name+"_ones", []int{in[1], 1, k[0], k[1]}, ones)
	e.node("Conv", sum, []string{e.float(n.Operands[0]), weights}, sum,
		intsAttr("dilations", n.Ints("dilation")), intAttr("group", in[1]), intsAttr("kernel_shape", k),
		intsAttr("pads", n.Ints("pad")), intsAttr("strides", n.Ints("stride")))
	e.compute(n, "Mul", []string{sum, e.floats(v.Name+"_share", []int{1, 1, out[2], out[3]}, share)})
}

func (e *exporter) pad(n *ir.Node) {
	v := n.Result()
	in := []string{e.float(n.Operands[0]), e.ints(v.Name+"_pads", n.Ints("pad")), e.scalar(v.Name+"_border", n.Float("value"))}
	e.compute(n, "Pad", in)
}

func (e *exporter) reshape(n *ir.Node) {
	v := n.Result()
	shape := slices.Clone(v.Type.Shape) // a free batch is -1 here too
	e.compute(n, "Reshape", []string{e.float(n.Operands[0]), e.ints(v.Name+"_shape", shape)})
}

func intAttr(name string, v int) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_INT, I: int64(v)}
}

func intsAttr(name string, v []int) *pb.AttributeProto {
	w := make([]int64, len(v))
	for i, x := range v {
		w[i] = int64(x)
	}
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_INTS, Ints: w}
}

func floatAttr(name string, v float32) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_FLOAT, F: v}
}

// HasForm says whether the operator of that name can be written.
func HasForm(name string) bool {
	_, alone := table[name]
	_, inFamily := forms[name]
	return alone || inFamily || name == "nn.swish"
}
