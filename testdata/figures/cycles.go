package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/agree"
	"github.com/amctc/amctc/parser/onnx/onnxpb"
	"github.com/amctc/amctc/target"
)

// cycles lowers one matrix product for the 910B, holds the program against the interpreter and reads
// the busy cycles of its pipes.
func cycles(ctx context.Context, b *bench) (string, bool, error) {
	const m, n, k = 128, 128, 256
	r := rand.New(rand.NewPCG(128, 256))
	model := filepath.Join(b.temp, "product.onnx")
	data, err := proto.Marshal(product(r, m, n, k))
	if err != nil {
		return "", false, err
	}
	if err := os.WriteFile(model, data, 0o666); err != nil {
		return "", false, err
	}
	calib, err := writeArray(b, "product.npy", []int{4, m, k}, uniform(r, 4*m*k, 1))
	if err != nil {
		return "", false, err
	}
	loaded, err := amctc.Load(model, amctc.LoadOptions{})
	if err != nil {
		return "", false, err
	}
	c := amctc.NewContext(ctx)
	// Symmetric activations leave no correction of a zero point to be added.
	c.Settings.Default.Activation.Asymmetric = false
	float, err := amctc.Prepare(c, loaded)
	if err != nil {
		return "", false, err
	}
	d, err := amctc.OpenData(float.Main(), []string{calib}, amctc.DataOptions{})
	if err != nil {
		return "", false, err
	}
	if float, err = amctc.Calibrate(c, float, d); err != nil {
		return "", false, err
	}
	q, err := amctc.Quantize(c, float, "ascend910b3")
	if err != nil {
		return "", false, err
	}
	samples, err := d.First(2)
	if err != nil {
		return "", false, err
	}
	agreed, _, err := amctc.Verify(ctx, q, samples, amctc.VerifyOptions{NoGo: true})
	if err != nil {
		return "", false, err
	}
	a, err := amctc.EmitAscend(q, "ascend910b3")
	if err != nil {
		return "", false, err
	}
	res, err := (&agree.Simulated{Program: a.Program, Consts: a.Consts, Description: a.Description, Func: q.Main()}).Time(ctx, samples[0])
	if err != nil {
		return "", false, err
	}
	var mte1, cube int64
	for _, p := range res.Pipes {
		switch p.Pipe {
		case target.PipeMTE1:
			mte1 += p.Busy
		case target.PipeM:
			cube += p.Busy
		}
	}
	return fmt.Sprintf("MTE1 busy %d, M busy %d of %d cycles (%s)", mte1, cube, res.Cycles, compared(agreed)), mte1 == 440 && cube == 533 && complete(agreed, "exec", "sim"), nil
}

// product is a matrix product of an m x k input with a k x n constant.
func product(r *rand.Rand, m, n, k int) *onnxpb.ModelProto {
	info := func(name string, dims ...int) *onnxpb.ValueInfoProto {
		s := &onnxpb.TensorShapeProto{}
		for _, d := range dims {
			s.Dim = append(s.Dim, &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d)}})
		}
		return &onnxpb.ValueInfoProto{Name: name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
			TensorType: &onnxpb.TypeProto_Tensor{ElemType: int32(onnxpb.TensorProto_FLOAT), Shape: s}}}}
	}
	return &onnxpb.ModelProto{
		IrVersion:   7,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: 13}},
		Graph: &onnxpb.GraphProto{
			Name:   "product",
			Input:  []*onnxpb.ValueInfoProto{info("x", m, k)},
			Output: []*onnxpb.ValueInfoProto{info("y", m, n)},
			Initializer: []*onnxpb.TensorProto{{Name: "w", DataType: int32(onnxpb.TensorProto_FLOAT), Dims: []int64{int64(k), int64(n)},
				FloatData: uniform(r, k*n, 0.1)}},
			Node: []*onnxpb.NodeProto{{Name: "product", OpType: "MatMul", Input: []string{"x", "w"}, Output: []string{"y"}}},
		},
	}
}

// uniform draws n numbers of [-a, a).
func uniform(r *rand.Rand, n int, a float32) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = a * (2*r.Float32() - 1)
	}
	return v
}
