package amctc

import (
	"context"
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser/dataset"
)

// PixelInput says how the images that a network reads are given as bytes instead of numbers.
type PixelInput struct {
	// Mean and Std hold a number for each channel of the network, or one for all. Byte p of channel c stands for
	// (p-Mean[c])/Std[c], two float32 operations, as data files are normalized.
	Mean, Std []float32
	Layout    string // op.NHWC or op.NCHW: how the bytes lie
	Reverse   bool   // whether the bytes have their channels in the opposite order of the network's
}

// TakePixels makes the images that m reads bytes: their parameters become uint8 in the layout, and an nn.pixels node gives the
// numbers that the network had as input. Where m has several inputs, those of rank 4 are images whose channels are as many
// as there are means and stds; a single input may have any shape.
func TakePixels(m *ir.Module, in PixelInput) error {
	f := m.Main()
	if f.Stage != ir.StageFloat && f.Stage != ir.StageFake {
		return diag.Errorf("Q040", diag.Span{File: m.File}, "", "the module is in stage %s: its inputs are what they were when it was quantized", f.Stage)
	}
	taken := false
	for i, v := range f.Params {
		rank := len(v.Type.Shape)
		if !v.Type.IsFloat() || len(f.Params) > 1 && rank != 4 {
			continue
		}
		channels := 1
		if rank == 4 {
			channels = v.Type.Shape[1]
		}
		table, err := pixelTable(channels, in)
		switch {
		case err != nil && len(f.Params) > 1:
			continue
		case err != nil:
			return diag.Errorf("Q040", v.Span, "%"+v.Name, "input %s: %v", v.Type, err)
		case rank != 4 && (in.Layout == op.NHWC || in.Reverse):
			return diag.Errorf("Q040", v.Span, "%"+v.Name, "input %s is no image of rank 4, which would have channels; leave out their layout and order", v.Type)
		}
		f.Params[i] = takePixels(m, f, v, table, in)
		taken = true
	}
	if !taken {
		return diag.Errorf("Q040", diag.Span{File: m.File}, "", "no input of the network is a float32 image with as many channels as there are means and stds")
	}
	return nil
}

// pixelTable has a row of what the bytes of each channel stand for, or one row for all.
func pixelTable(channels int, in PixelInput) (*tensor.Tensor, error) {
	rows := max(len(in.Mean), len(in.Std), 1)
	if channels == 1 {
		rows = 1
	}
	table := tensor.New(tensor.F32, rows, 256)
	for i := range table.F32 {
		table.F32[i] = float32(i % 256)
	}
	if rows == 1 {
		channels = 1
	}
	return table, dataset.Normalize(table.F32, channels, in.Mean, in.Std)
}

// takePixels puts the look-up before everything else and gives the parameter that it reads.
func takePixels(m *ir.Module, f *ir.Func, v *ir.Value, table *tensor.Tensor, in PixelInput) *ir.Value {
	shape := slices.Clone(v.Type.Shape)
	if in.Layout == op.NHWC {
		shape = []int{shape[0], shape[2], shape[3], shape[1]}
	}
	pixels := &ir.Value{Name: v.Name, Type: ir.TensorType(tensor.U8, shape...), Span: v.Span}
	attrs := ir.AttrsOf("layout", in.Layout)
	if in.Reverse {
		attrs = attrs.With("reverse", true)
	}
	var anchor *ir.Node
	if len(f.Nodes) > 0 {
		anchor = f.Nodes[0]
	}
	p := ir.NewPatch(NewContext(context.Background()).Ops, m, f, anchor, "pixels for %"+v.Name)
	p.Replace(v, p.Node(ir.NodeSpec{Op: "nn.pixels", Name: v.Name + ".pixels", Value: v.Name + "_numbers", Attrs: attrs, Span: v.Span,
		Operands: []*ir.Value{pixels, m.AddConst(ir.Identifier(v.Name)+"_table", ir.Float(table.Shape...), table)}}))
	p.Apply()
	return pixels
}

// pixelReader is the node that reads a parameter's bytes, or nil for a parameter of numbers.
func pixelReader(f *ir.Func, v *ir.Value) *ir.Node {
	if v.Type.DType != tensor.U8 {
		return nil
	}
	for _, n := range f.Nodes {
		if n.Op.Name == "nn.pixels" && n.Operands[0] == v {
			return n
		}
	}
	return nil
}

// toPixels makes bytes of elements that must be whole numbers from 0 to 255.
func toPixels(data []float32, shape []int) (*tensor.Tensor, error) {
	t := tensor.New(tensor.U8, shape...)
	for i, v := range data {
		t.I64[i] = int64(v)
		if !(v >= 0 && v <= 255) || float32(t.I64[i]) != v {
			return nil, fmt.Errorf("element %d is %v; the network takes pixels, whole numbers from 0 to 255", i, v)
		}
	}
	return t, nil
}

// takeNumbers is a module whose images are numbers again: m, or a copy without the look-ups.
func takeNumbers(m *ir.Module) *ir.Module {
	if !slices.ContainsFunc(m.Main().Params, func(v *ir.Value) bool { return pixelReader(m.Main(), v) != nil }) {
		return m
	}
	out := m.Clone()
	f := out.Main()
	for i, v := range f.Params {
		n := pixelReader(f, v)
		if n == nil {
			continue
		}
		numbers := &ir.Value{Name: v.Name, Type: n.Result().Type, Span: v.Span}
		p := ir.NewPatch(NewContext(context.Background()).Ops, out, f, n, "numbers for %"+v.Name)
		p.Replace(n.Result(), numbers)
		p.Apply()
		f.Params[i] = numbers
	}
	return out
}
