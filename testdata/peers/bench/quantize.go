package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/ir"
	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
	"github.com/amctc/amctc/testdata/contender"
)

// module is the import path of the module that holds the emitted packages, in the folder of the same
// name.
const module = "contest"

// modelPath is where a folder holds a model. Its form is float, as it came; simple, the float network as
// amctc simplified it, with explicit padding and batch normalization folded; or int8.
func modelPath(dir, name, form string) string {
	return filepath.Join(dir, name+"."+form+".onnx")
}

// packageName is the Go package of a network for one of our contenders.
func packageName(name, contestant string) string {
	name = strings.ReplaceAll(name, "-", "")
	if contestant == oursReal {
		name += "float"
	}
	return name
}

// quantize fills dir with what the contenders need of a network: the float and the quantized model
// for one sample, the sample, and the Go package below the folder of the module.
func quantize(ctx context.Context, root, dir string, n network) error {
	model, shape, samples, err := n.source(root)
	if err != nil {
		return err
	}
	path, data := filepath.Join(dir, n.name+".onnx"), filepath.Join(dir, n.name+".npy")
	if err := os.WriteFile(path, model, 0o666); err != nil {
		return err
	}
	if err := writeArray(data, shape, samples); err != nil {
		return err
	}
	if err := contender.WriteFloats(contender.InputPath(dir, n.name), samples[:len(samples)/shape[0]]); err != nil {
		return err
	}
	if err := writeModel(dir, n.name, "float", model); err != nil {
		return err
	}
	m, err := amctc.Load(path, amctc.LoadOptions{})
	if err != nil {
		return err
	}
	c := amctc.NewContext(ctx)
	float, err := amctc.Prepare(c, m)
	if err != nil {
		return err
	}
	simple, err := amctc.EmitONNX(float)
	if err != nil {
		return err
	}
	if err := writeModel(dir, n.name, "simple", simple); err != nil {
		return err
	}
	set, err := amctc.OpenData(float.Main(), []string{data}, amctc.DataOptions{})
	if err != nil {
		return err
	}
	if float, err = amctc.Calibrate(c, float, set); err != nil {
		return err
	}
	integer, err := amctc.Quantize(c, float, amctc.DefaultTarget)
	if err != nil {
		return err
	}
	qdq, err := amctc.EmitONNX(integer)
	if err != nil {
		return err
	}
	if err := writeModel(dir, n.name, "int8", qdq); err != nil {
		return err
	}
	first, err := set.First(1)
	if err != nil {
		return err
	}
	for _, p := range []struct {
		contestant string
		m          *ir.Module
	}{{ours, integer}, {oursReal, float}} {
		name := packageName(n.name, p.contestant)
		files, err := amctc.GoPackage(p.m, amctc.Enclosing{Import: module + "/" + name},
			gogen.Options{Package: name, Source: n.name + ".onnx", Samples: first})
		if err != nil {
			return err
		}
		if err := writeFiles(filepath.Join(dir, module, name), files); err != nil {
			return err
		}
	}
	return nil
}

// writeModel writes a model with the batch fixed to one sample, so that peers may plan for it, and with
// constants that are not inputs.
func writeModel(dir, name, form string, model []byte) error {
	m := &pb.ModelProto{}
	if err := proto.Unmarshal(model, m); err != nil {
		return err
	}
	constant := make(map[string]bool)
	for _, t := range m.GetGraph().GetInitializer() {
		constant[t.GetName()] = true
	}
	m.Graph.Input = slices.DeleteFunc(m.Graph.Input, func(v *pb.ValueInfoProto) bool { return constant[v.GetName()] })
	m.IrVersion = max(m.IrVersion, 4) // the first that allows it
	for _, list := range [][]*pb.ValueInfoProto{m.GetGraph().GetInput(), m.GetGraph().GetOutput()} {
		for _, v := range list {
			for _, d := range v.GetType().GetTensorType().GetShape().GetDim() {
				if d.GetDimValue() < 1 {
					d.Value = &pb.TensorShapeProto_Dimension_DimValue{DimValue: 1}
				}
			}
		}
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return err
	}
	return os.WriteFile(modelPath(dir, name, form), data, 0o666)
}

// writeFiles writes files by slash-separated path below a folder.
func writeFiles(dir string, files map[string][]byte) error {
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			return err
		}
	}
	return nil
}
