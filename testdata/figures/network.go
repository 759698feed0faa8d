package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/passes"
)

// A network is one of the five, with its data.
type network struct {
	name string
	set  string // data set
	std  string // of --std, empty for pixels as they are
}

var (
	cntk        = network{"cntk", "mnist", ""}
	lenet       = network{"lenet", "mnist", "255"}
	residual    = network{"residual", "fashion", "255"}
	mobilenet   = network{"mobilenet", "fashion", "255"}
	autoencode  = network{"autoencoder", "mnist", "255"}
	allNetworks = []network{cntk, lenet, residual, mobilenet, autoencode}
)

// calibrationImages is how many training images calibrate.
const calibrationImages = 128

func (n network) model(b *bench) (string, error) {
	if n.name == cntk.name {
		return b.data("cntk/mnist.onnx", "")
	}
	return b.path("testdata/models/" + n.name + ".onnx"), nil
}

// file is one of the set's files: train or t10k, images or labels.
func (n network) file(b *bench, part, kind string) (string, error) {
	suffix := map[string]string{"images": "-images-idx3-ubyte.gz", "labels": "-labels-idx1-ubyte.gz"}[kind]
	item := ""
	if n.set == "fashion" {
		item = "fashion"
	}
	return b.data(n.set+"/"+part+suffix, item)
}

func (n network) options(limit int) amctc.DataOptions {
	o := amctc.DataOptions{Limit: limit}
	if n.std == "255" {
		o.Std = []float32{255}
	}
	return o
}

// load imports the network.
func (n network) load(b *bench) (*ir.Module, error) {
	path, err := n.model(b)
	if err != nil {
		return nil, err
	}
	return amctc.Load(path, amctc.LoadOptions{})
}

// images opens the first images of the training or test set for m.
func (n network) images(b *bench, m *ir.Module, part string, limit int) (*amctc.Data, error) {
	path, err := n.file(b, part, "images")
	if err != nil {
		return nil, err
	}
	return amctc.OpenData(m.Main(), []string{path}, n.options(limit))
}

// calibrated loads, prepares and calibrates the network with default settings.
func (n network) calibrated(ctx context.Context, b *bench) (*passes.Context, *ir.Module, error) {
	m, err := n.load(b)
	if err != nil {
		return nil, nil, err
	}
	c := amctc.NewContext(ctx)
	float, err := amctc.Prepare(c, m)
	if err != nil {
		return nil, nil, err
	}
	d, err := n.images(b, float, "train", calibrationImages)
	if err != nil {
		return nil, nil, err
	}
	fitted, err := amctc.Calibrate(c, float, d)
	return c, fitted, err
}

// array writes the samples of data as one .npy file and gives its path.
func array(b *bench, name string, m *ir.Module, d *amctc.Data) (string, error) {
	shape := append([]int{0}, amctc.CallShape(m.Main().Params[0])...)
	var all []float32
	for in, err := range d.Calls() {
		if err != nil {
			return "", err
		}
		all = append(all, in[0].F32...)
		shape[0]++
	}
	return writeArray(b, name, shape, all)
}

func writeArray(b *bench, name string, shape []int, data []float32) (string, error) {
	path := filepath.Join(b.temp, name)
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := dataset.WriteNPY(f, shape, data); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return path, f.Close()
}
