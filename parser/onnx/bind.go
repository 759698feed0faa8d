package onnx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/amctc/amctc/ir/tensor"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
)

// valueOfText reads the numbers given for an input; nil after a problem. One that leaves its dimensions open
// takes as many as there are, one of rank 0 a single one.
func (im *importer) valueOfText(in *pb.ValueInfoProto, text []string) *literal {
	subject := fmt.Sprintf("input %q", in.Name)
	tt := in.GetType().GetTensorType()
	d := dtype(pb.TensorProto_DataType(tt.GetElemType()))
	if tt == nil || d == tensor.Invalid {
		im.errorf(codeBind, subject, "it is no tensor of numbers, so that --bind can't give it a value")
		return nil
	}
	shape, open := []int{}, 0
	for i, dim := range tt.Shape.GetDim() {
		n := int(dim.GetDimValue())
		if given, ok := im.opt.InputShapes[in.Name]; ok && i < len(given) {
			n = given[i]
		}
		if n <= 0 {
			open++
		}
		shape = append(shape, n)
	}
	if tt.Shape == nil && len(text) > 1 {
		shape, open = []int{0}, 1
	}
	if i := slices.IndexFunc(shape, func(n int) bool { return n <= 0 }); open == 1 {
		rest := 1
		for k, n := range shape {
			if k != i {
				rest *= min(n, maxElems)
				rest = min(rest, maxElems)
			}
		}
		shape[i] = len(text) / rest
	}
	n, ok := tensor.CheckedElems(shape, maxElems)
	if !ok || open > 1 || n != len(text) || n == 0 {
		im.errorf(codeBind, subject, "--bind gives %d numbers, its shape is %s", len(text), shapeText(shape))
		return nil
	}
	t := tensor.New(d, shape...)
	for i, s := range text {
		if !setText(t, i, strings.TrimSpace(s)) {
			im.errorf(codeBind, subject, "--bind gives %q, which is no %v", s, d)
			return nil
		}
	}
	return literalOf(t)
}

// setText makes element i the number that s says; false when it is none of the type.
func setText(t *tensor.Tensor, i int, s string) bool {
	switch {
	case t.DType.IsFloat():
		v, err := strconv.ParseFloat(s, 64)
		t.SetReal(i, v)
		return err == nil && v-v == 0
	case t.DType == tensor.Bool && (s == "true" || s == "false"):
		if s == "true" {
			t.SetInt(i, 1)
		}
		return true
	case t.DType == tensor.U64:
		v, err := strconv.ParseUint(s, 10, 64)
		t.SetInt(i, int64(v))
		return err == nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	t.SetInt(i, v)
	return err == nil && t.Int(i) == v && (t.DType != tensor.Bool || v == 0 || v == 1)
}
