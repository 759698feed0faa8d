// Package zoo builds float ONNX models of published architectures with fixed pseudo-random weights,
// and inputs for them. Time and memory of a network do not depend on the values of its weights, and
// trained ones would be too large for the repository.
package zoo

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/parser/onnx/onnxpb"
)

// A Network is one architecture. Its model takes "input", a batch of Input, and gives "output", a
// batch of Output numbers; the batch is free.
type Network struct {
	Name   string
	Title  string
	Input  []int // shape of one sample
	Output int   // numbers of one result
	build  func(b *builder)
	seed   uint64 // of the weights
}

// Networks are all there are.
var Networks = []Network{
	{Name: "mobilenetv2", Title: "MobileNetV2 1.0, batch normalization not folded", Input: []int{3, 224, 224}, Output: 1000, build: mobileNetV2, seed: 2018},
	{Name: "resnet18", Title: "ResNet-18", Input: []int{3, 224, 224}, Output: 1000, build: resNet18, seed: 2015},
	{Name: "resnet50", Title: "ResNet-50 v1.5", Input: []int{3, 224, 224}, Output: 1000, build: resNet50, seed: 2016},
	{Name: "resnet8", Title: "ResNet-8 of MLPerf Tiny, image classification", Input: []int{3, 32, 32}, Output: 10, build: resNet8, seed: 2021},
	{Name: "mobilenetv1", Title: "MobileNetV1 0.25 of MLPerf Tiny, visual wake words", Input: []int{3, 96, 96}, Output: 2, build: mobileNetV1, seed: 2017},
	{Name: "autoencoder", Title: "dense autoencoder of MLPerf Tiny, anomaly detection", Input: []int{640}, Output: 640, build: autoencoder, seed: 2020},
}

// Find is the network of that name. The error names all there are.
func Find(name string) (*Network, error) {
	if i := slices.IndexFunc(Networks, func(n Network) bool { return n.Name == name }); i >= 0 {
		return &Networks[i], nil
	}
	var names []string
	for _, n := range Networks {
		names = append(names, n.Name)
	}
	return nil, fmt.Errorf("no network %q; there are %v", name, names)
}

// Model is the network as a graph. Every call gives the same.
func (n *Network) Model() *onnxpb.ModelProto {
	b := newBuilder(n)
	n.build(b)
	return b.model()
}

// ONNX is the model's file. Every call gives the same bytes.
func (n *Network) ONNX() ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(n.Model())
}

// Samples are count plausible inputs, one after the other, of about unit variance. Every call gives
// the same; more begin with fewer.
func (n *Network) Samples(count int) []float32 {
	if len(n.Input) == 1 {
		return frames(count, n.Input[0])
	}
	return pictures(count, n.Input[0], n.Input[1])
}
