package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/testdata/networks/zoo"
)

// calibrationSamples is how many samples find the factors of each network.
const calibrationSamples = 4

// A network is a float model and samples for it.
type network struct {
	name string
	// source gives the model's file and calibrationSamples samples in the shape [n, ...].
	source func(root string) (model []byte, shape []int, samples []float32, err error)
}

// networks are all nine: those of the zoo, the CNTK network for digits, and the two trained for
// Fashion-MNIST.
var networks = append(random(),
	network{"mnist", func(root string) ([]byte, []int, []float32, error) {
		model, err := os.ReadFile(filepath.Join(root, "testdata", "data", "cntk", "mnist.onnx"))
		if err != nil {
			return nil, nil, nil, fmt.Errorf("%w; `go run ./testdata/fetch` brings it", err)
		}
		shape, x, err := recorded(root, "lenet")
		for i := range x {
			x[i] *= 255 // this network wants the same digits as 0 to 255
		}
		return model, shape, x, err
	}},
	network{"fashion-residual", trained("residual")},
	network{"fashion-mobilenet", trained("mobilenet")},
)

func random() (out []network) {
	for i := range zoo.Networks {
		n := &zoo.Networks[i]
		out = append(out, network{n.Name, func(string) ([]byte, []int, []float32, error) {
			model, err := n.ONNX()
			return model, append([]int{calibrationSamples}, n.Input...), n.Samples(calibrationSamples), err
		}})
	}
	return out
}

func trained(name string) func(string) ([]byte, []int, []float32, error) {
	return func(root string) ([]byte, []int, []float32, error) {
		model, err := os.ReadFile(filepath.Join(root, "testdata", "models", name+".onnx"))
		if err != nil {
			return nil, nil, nil, err
		}
		shape, x, err := recorded(root, name)
		return model, shape, x, err
	}
}

// recorded are the first inputs that the trainer kept for a model.
func recorded(root, name string) ([]int, []float32, error) {
	shape, x, err := dataset.ReadNPY(filepath.Join(root, "testdata", "models", name+".in.npy"))
	if err != nil {
		return nil, nil, err
	}
	if shape[0] < calibrationSamples {
		return nil, nil, fmt.Errorf("%s has %d recorded inputs, want %d", name, shape[0], calibrationSamples)
	}
	one := len(x) / shape[0]
	shape[0] = calibrationSamples
	return shape, x[:calibrationSamples*one], nil
}

// choose finds networks by name, in the order of the table; all for no names.
func choose(names []string) ([]network, error) {
	if len(names) == 0 {
		return networks, nil
	}
	var out []network
	for _, n := range networks {
		if slices.Contains(names, n.name) {
			out = append(out, n)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(networks, func(n network) bool { return n.name == name }) {
			var all []string
			for _, n := range networks {
				all = append(all, n.name)
			}
			return nil, fmt.Errorf("no network %q; there are %v", name, all)
		}
	}
	return out, nil
}

// writeArray puts samples into a file that calibration reads.
func writeArray(path string, shape []int, x []float32) error {
	var b bytes.Buffer
	if err := dataset.WriteNPY(&b, shape, x); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o666)
}
