package onnx

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/amct"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A Pair is AMCT's two models of one quantized network, and the map from their nodes to the original
// ones (AMCT 1.1, 3.6).
type Pair struct {
	Deploy   []byte // AscendQuant, integer layers, AscendDequant: what ATC compiles
	FakeQ    []byte // the same arithmetic in standard float operators: what ONNX Runtime runs
	Map      []byte // JSON
	External map[string][]byte
}

// PairOptions adjust the files.
type PairOptions struct {
	// Name is the graphs' name and the beginning of the names of external data.
	Name string
	// External is the size in bytes from which a model's constants go to a file of their own,
	// NAME_deploy.external or NAME_fakequant.external; 0 is 2^30.
	External int
}

// ExportPair writes a module of passes.Pair. Everything but q.quantize, q.dequantize and integer layers
// with a float32 result works on float32 there.
func ExportPair(m *ir.Module, opt PairOptions) (*Pair, error) {
	f := m.Main()
	if f == nil {
		return nil, fmt.Errorf("AMCT export: the module has no function main")
	}
	if err := checkPair(f); err != nil {
		return nil, fmt.Errorf("AMCT export: %w", err)
	}
	if opt.Name == "" {
		opt.Name = "main"
	}
	if opt.External == 0 {
		opt.External = 1 << 30
	}
	p := &Pair{External: make(map[string][]byte)}
	for _, form := range []struct {
		to    *[]byte
		write map[string]func(*exporter, *ir.Node)
		side  string
	}{{&p.Deploy, deployTable, opt.Name + "_deploy.external"}, {&p.FakeQ, fakeTable, opt.Name + "_fakequant.external"}} {
		e := newExporter(opt.Name)
		e.write = maps.Clone(table)
		maps.Copy(e.write, form.write)
		if err := e.function(f); err != nil {
			return nil, fmt.Errorf("AMCT export: %w", err)
		}
		model := e.model()
		if data := split(model, form.side, opt.External); data != nil {
			p.External[form.side] = data
		}
		var err error
		if *form.to, err = (proto.MarshalOptions{Deterministic: true}).Marshal(model); err != nil {
			return nil, fmt.Errorf("AMCT export: %w", err)
		}
	}
	var err error
	p.Map, err = pairMap(f)
	return p, err
}

// checkPair says which node a pair cannot have.
func checkPair(f *ir.Func) error {
	if f.Stage < ir.StageInt {
		return fmt.Errorf("@%s is in stage %s; the pair is made of quantized layers", f.Name, f.Stage)
	}
	for _, v := range append(slices.Clone(f.Params), f.Results...) {
		if !v.Type.IsFloat() && (v.Type.DType != tensor.I64 || v.Def == nil) {
			return fmt.Errorf("%%%s is %s; inputs of the pair are float32, and outputs that or indices", v.Name, v.Type)
		}
	}
	for _, n := range f.Nodes {
		if v := n.Result(); v.Type.DType == tensor.I16 {
			return fmt.Errorf("%s gives codes of int16; AMCT's pair is written for activations of 8 bits", n.Subject())
		}
		codes := slices.ContainsFunc(n.Operands, func(v *ir.Value) bool { return v.Type.IsQuant() })
		switch n.Op.Name {
		case "q.quantize":
			continue
		case "q.dequantize", "q.conv2d", "q.dense":
			codes = n.Result().Type.IsQuant()
		}
		if codes {
			return fmt.Errorf("%s works on codes; only layers with a float32 result do in AMCT's models", n.Subject())
		}
	}
	return nil
}

// split moves the data of initializers out of a model that is larger than limit.
func split(m *pb.ModelProto, name string, limit int) []byte {
	if proto.Size(m) <= limit {
		return nil
	}
	var out []byte
	entry := func(k, v string) *pb.StringStringEntryProto { return &pb.StringStringEntryProto{Key: k, Value: v} }
	for _, t := range m.Graph.Initializer {
		if len(t.RawData) < 1024 {
			continue // shapes and factors stay where tools look for them
		}
		t.DataLocation = pb.TensorProto_EXTERNAL
		t.ExternalData = []*pb.StringStringEntryProto{entry("location", name), entry("offset", fmt.Sprint(len(out))), entry("length", fmt.Sprint(len(t.RawData)))}
		out = append(out, t.RawData...)
		t.RawData = nil
	}
	return out
}

// dstType is AMCT's name of the codes' type.
func dstType(q *ir.Quant) string {
	switch {
	case q.Max > 127:
		return "INT16"
	case q.Max < 8:
		return "INT4"
	}
	return "INT8"
}

// deployTable says how the operators of a pair are written for ATC.
var deployTable = map[string]func(*exporter, *ir.Node){
	"q.quantize": func(e *exporter, n *ir.Node) {
		v := n.Result()
		s, o := v.Type.Quant.At(0)
		e.node("AscendQuant", nodeName(n), []string{e.value(n.Operands[0])}, e.value(v),
			floatAttr("scale", op.Reciprocal(s)), floatAttr("offset", float32(o)), stringAttr("dst_type", dstType(v.Type.Quant)))
	},
	"q.dequantize": func(e *exporter, n *ir.Node) {
		q := n.Operands[0].Type.Quant
		s, o := q.At(0)
		e.node("AscendAntiQuant", nodeName(n), []string{e.value(n.Operands[0])}, e.value(n.Result()),
			floatAttr("scale", s), floatAttr("offset", float32(-o)), stringAttr("dst_type", dstType(q)))
	},
	"q.conv2d": func(e *exporter, n *ir.Node) {
		w := n.Operands[1]
		data, shape := w.Const.Data.I8, w.Type.Shape
		if dstType(w.Type.Quant) == "INT4" && shape[1]%2 == 0 && n.Int("group") == 1 {
			data, shape = packAxis(data, shape, 1), halved(shape, 1)
		}
		in := []string{e.value(n.Operands[0]), e.init(w.Name, pb.TensorProto_INT8, shape, tensor.FromI8(data, shape...).Bytes())}
		if b := e.intBias(n); b != "" {
			in = append(in, b)
		}
		acc := fresh(n.Result().Name+"_acc", e.names)
		e.node("Conv", nodeName(n), in, acc, convAttrs(n)...)
		e.ascendDequant(n, acc)
	},
	"q.dense": func(e *exporter, n *ir.Node) {
		w := n.Operands[1]
		t := turn(w.Const.Data)
		data, shape := t.I8, t.Shape
		if dstType(w.Type.Quant) == "INT4" && shape[0]%2 == 0 {
			data, shape = packAxis(data, shape, 0), halved(shape, 0)
		}
		in := []string{e.value(n.Operands[0]), e.init(w.Name, pb.TensorProto_INT8, shape, tensor.FromI8(data, shape...).Bytes())}
		e.ascendDequant(n, e.product(n, in, e.intBias(n)))
	},
}

// product writes a matrix product with its bias: a Gemm, or a MatMul and an Add for more than two
// dimensions.
func (e *exporter) product(n *ir.Node, in []string, bias string) string {
	acc := fresh(n.Result().Name+"_acc", e.names)
	if len(n.Operands[0].Type.Shape) == 2 {
		if bias != "" {
			in = append(in, bias)
		}
		e.node("Gemm", nodeName(n), in, acc)
		return acc
	}
	e.node("MatMul", nodeName(n), in, acc)
	if bias == "" {
		return acc
	}
	sum := fresh(n.Result().Name+"_biased", e.names)
	e.node("Add", nodeName(n)+".bias", []string{acc, bias}, sum)
	return sum
}

// halved is the shape of int8 bytes that hold two codes along axis.
func halved(shape []int, axis int) []int {
	s := slices.Clone(shape)
	s[axis] /= 2
	return s
}

// packAxis packs 4-bit codes two and two along an axis.
func packAxis(codes []int8, shape []int, axis int) []int8 {
	inner := tensor.Elems(shape[axis+1:])
	out := make([]int8, len(codes)/2)
	for i := range out {
		at := i/inner*2*inner + i%inner
		out[i] = int8(amct.PackInt4([]int8{codes[at], codes[at+inner]})[0])
	}
	return out
}

// intBias writes the bias as int32; a bias of zeros is left out.
func (e *exporter) intBias(n *ir.Node) string {
	b := n.Operands[2].Const.Data
	if !slices.ContainsFunc(b.I32, func(v int32) bool { return v != 0 }) {
		return ""
	}
	return e.init(nodeName(n)+".bias_quant", pb.TensorProto_INT32, b.Shape, b.Bytes())
}

// deqScales are the factors of n's accumulator: one, or one for each output channel.
func deqScales(n *ir.Node) []float32 {
	sx, _ := n.Operands[0].Type.Quant.At(0)
	d := slices.Clone(n.Operands[1].Type.Quant.Scale)
	for i, sw := range d {
		d[i] = op.DequantScale(n, sx, sw)
	}
	return d
}

func (e *exporter) ascendDequant(n *ir.Node, acc string) {
	d := deqScales(n)
	raw := make([]byte, 0, 8*len(d))
	if op.Shifts(n) && len(d) < n.Operands[1].Type.Shape[0] {
		d = each(d[0], n.Operands[1].Type.Shape[0]) // one word has one shift
	}
	for i, s := range d {
		raw = binary.LittleEndian.AppendUint64(raw, amct.DequantParam{Scale: s, Shift: uint8(op.Shift(n, i))}.Pack())
	}
	param := e.init(nodeName(n)+".dequant.param", pb.TensorProto_UINT64, []int{len(d)}, raw)
	e.node("AscendDequant", nodeName(n)+".dequant", []string{acc, param}, e.value(n.Result()), intAttr("dtype", 0))
}

// fakeTable says how the operators of a pair are written in float: codes are the tensor of code minus
// offset, which float32 holds exactly (AMCT 1.12).
var fakeTable = map[string]func(*exporter, *ir.Node){
	"q.quantize": func(e *exporter, n *ir.Node) {
		v, name := n.Result(), nodeName(n)
		s, o := v.Type.Quant.At(0)
		step := func(opType, suffix string, in ...string) string {
			out := fresh(v.Name+suffix, e.names)
			e.node(opType, name+suffix, in, out)
			return out
		}
		scaled := step("Mul", ".mul", e.value(n.Operands[0]), e.scalar(name+".scale", op.Reciprocal(s)))
		rounded := step("Round", ".round", scaled)
		offset := e.scalar(name+".offset", float32(o))
		code := step("Add", ".add", rounded, offset)
		clipped := step("Clip", ".clip", code, e.scalar(name+".min", float32(v.Type.Quant.Min)), e.scalar(name+".max", float32(v.Type.Quant.Max)))
		e.node("Sub", name+".sub", []string{clipped, offset}, e.value(v))
	},
	"q.dequantize": func(e *exporter, n *ir.Node) {
		s, _ := n.Operands[0].Type.Quant.At(0)
		e.node("Mul", nodeName(n), []string{e.value(n.Operands[0]), e.scalar(nodeName(n)+".scale", s)}, e.value(n.Result()))
	},
	"q.conv2d": func(e *exporter, n *ir.Node) {
		w := n.Operands[1]
		in := []string{e.value(n.Operands[0]), e.floats(w.Name, w.Type.Shape, wide(w.Const.Data.I8))}
		if b := e.floatBias(n); b != "" {
			in = append(in, b)
		}
		acc := fresh(n.Result().Name+"_acc", e.names)
		e.node("Conv", nodeName(n), in, acc, convAttrs(n)...)
		e.floatDequant(n, acc, []int{1, -1, 1, 1})
	},
	"q.dense": func(e *exporter, n *ir.Node) {
		t := turn(n.Operands[1].Const.Data)
		in := []string{e.value(n.Operands[0]), e.floats(n.Operands[1].Name, t.Shape, wide(t.I8))}
		e.floatDequant(n, e.product(n, in, e.floatBias(n)), []int{1, -1})
	},
}

func wide[T int8 | int32](v []T) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// floatBias is intBias in float32. passes.Pair makes biases that float32 holds.
func (e *exporter) floatBias(n *ir.Node) string {
	b := n.Operands[2].Const.Data
	if !slices.ContainsFunc(b.I32, func(v int32) bool { return v != 0 }) {
		return ""
	}
	return e.floats(nodeName(n)+".bias_quant", b.Shape, wide(b.I32))
}

// floatDequant multiplies the accumulator; shape is that of the factors, -1 standing for their number.
func (e *exporter) floatDequant(n *ir.Node, acc string, shape []int) {
	d := deqScales(n)
	shape = slices.Clone(shape)
	if op.Shifts(n) { // the lowest bits and what 16 bits do not hold go; the product by 2^N is exact
		outs := n.Operands[1].Type.Shape[0]
		if len(d) < outs {
			d = each(d[0], outs)
		}
		down := make([]float32, outs)
		for i := range d {
			up := float32(int(1) << op.Shift(n, i))
			down[i], d[i] = 1/up, float32(d[i]*up)
		}
		shape[slices.Index(shape, -1)] = outs
		name, step := nodeName(n), acc
		next := func(opType, suffix string, in ...string) {
			out := fresh(n.Result().Name+suffix, e.names)
			e.node(opType, name+suffix, append([]string{step}, in...), out)
			step = out
		}
		next("Mul", ".shift", e.floats(name+".shift.param", shape, down))
		next("Floor", ".floor")
		next("Clip", ".clip", e.scalar(name+".shift.min", math.MinInt16), e.scalar(name+".shift.max", math.MaxInt16))
		e.node("Mul", name+".dequant", []string{step, e.floats(name+".dequant.param", shape, d)}, e.value(n.Result()))
		return
	}
	shape[slices.Index(shape, -1)] = len(d)
	e.node("Mul", nodeName(n)+".dequant", []string{acc, e.floats(nodeName(n)+".dequant.param", shape, d)}, e.value(n.Result()))
}

// each is v, n times.
func each(v float32, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// pairMap says for every node of the deploy model which nodes of the original network it stands for,
// in the order of the graph.
func pairMap(f *ir.Func) ([]byte, error) {
	type entry struct {
		Quantized string   `json:"quantized"`
		Original  []string `json:"original"`
	}
	doc := struct {
		Version int     `json:"version"`
		Nodes   []entry `json:"nodes"`
	}{Version: 1, Nodes: []entry{}}
	uses := f.Uses()
	for _, n := range f.Nodes {
		from := n.From
		if n.Op.Name == "q.quantize" {
			from = nil
			for _, u := range uses[n.Result()] {
				if u.Node == nil {
					continue
				}
				for _, name := range u.Node.From {
					if !slices.Contains(from, name) {
						from = append(from, name)
					}
				}
			}
		}
		doc.Nodes = append(doc.Nodes, entry{nodeName(n), from})
		if n.Op.Name == "q.conv2d" || n.Op.Name == "q.dense" {
			doc.Nodes = append(doc.Nodes, entry{nodeName(n) + ".dequant", from})
		}
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	return append(b, '\n'), err
}

func stringAttr(name, v string) *pb.AttributeProto {
	return &pb.AttributeProto{Name: name, Type: pb.AttributeProto_STRING, S: []byte(v)}
}
