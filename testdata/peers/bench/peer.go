package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"google.golang.org/protobuf/proto"

	pb "github.com/amctc/amctc/parser/onnx/onnxpb"
	"github.com/amctc/amctc/testdata/contender"
	"github.com/amctc/amctc/testdata/peers/ort"
)

// peerCommand makes this program a process that runs models in ONNX Runtime:
//
//	bench peer FORM DIR NAME...
const peerCommand = "peer"

func peer(args []string) error {
	if len(args) < 3 {
		return errors.New("peer: want FORM DIR NAME...")
	}
	form, dir := args[0], args[1]
	nets := make(map[string]contender.Open)
	for _, name := range args[2:] {
		nets[name] = func(threads int) (*contender.Net, error) {
			in, out, err := ports(modelPath(dir, name, form))
			if err != nil {
				return nil, err
			}
			f, err := ort.OpenFixed(modelPath(dir, name, form), in, out, ort.Options{Threads: threads})
			if err != nil {
				return nil, err
			}
			return &contender.Net{In: f.In, Out: f.Out, Run: f.Run}, nil
		}
	}
	return contender.Serve(os.Stdin, os.Stdout, dir, "ort-"+form, nets)
}

// ports are the input and the output of a model that has one of each.
func ports(path string) (in, out ort.Port, err error) {
	g, err := graph(path)
	if err != nil {
		return in, out, err
	}
	if len(g.Input) != 1 || len(g.Output) != 1 {
		return in, out, fmt.Errorf("%s: %d inputs and %d outputs, want one of each", path, len(g.Input), len(g.Output))
	}
	return port(g.Input[0]), port(g.Output[0]), nil
}

func port(v *pb.ValueInfoProto) ort.Port {
	p := ort.Port{Name: v.GetName()}
	for _, d := range v.GetType().GetTensorType().GetShape().GetDim() {
		p.Shape = append(p.Shape, int(d.GetDimValue()))
	}
	return p
}

func graph(path string) (*pb.GraphProto, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := &pb.ModelProto{}
	if err := proto.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m.GetGraph(), nil
}

// optimize writes the model of a form as ONNX Runtime executes it, as the form optimized-FORM, and
// counts its operators.
func optimize(dir, name, form string) (map[string]int, error) {
	in, out, err := ports(modelPath(dir, name, form))
	if err != nil {
		return nil, err
	}
	to := modelPath(dir, name, "optimized-"+form)
	f, err := ort.OpenFixed(modelPath(dir, name, form), in, out, ort.Options{Optimized: to})
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	g, err := graph(to)
	if err != nil {
		return nil, err
	}
	ops := make(map[string]int)
	for _, n := range g.Node {
		op := n.OpType
		if n.Domain != "" && n.Domain != "ai.onnx" {
			op = strings.TrimPrefix(n.Domain, "com.microsoft.") + "." + op
		}
		ops[op]++
	}
	return ops, nil
}
