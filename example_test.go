package amctc_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/parser/dataset"
)

// trainingData are the first samples of a labelled training set.
func trainingData(m string, samples int) (*amctc.Data, *amctc.TrainSet, error) {
	model, err := amctc.Load(m, amctc.LoadOptions{})
	if err != nil {
		return nil, nil, err
	}
	data, err := amctc.OpenData(model.Main(), []string{"testdata/data/mnist/train-images-idx3-ubyte.gz"}, amctc.DataOptions{Limit: samples, Std: []float32{255}})
	if err != nil {
		return nil, nil, err
	}
	labels, err := dataset.Labels("testdata/data/mnist/train-labels-idx1-ubyte.gz", samples)
	if err != nil {
		return nil, nil, err
	}
	set, err := amctc.LoadTrainSet(data, labels)
	return data, set, err
}

// Training with quantization in the forward pass: create, train, and save what AMCT calls the retrained
// model: the float network with its record of factors, which Quantize turns into integers.
func ExampleNewTrainer() {
	ctx := context.Background()
	model, err := amctc.Load("testdata/models/lenet.onnx", amctc.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	data, set, err := trainingData("testdata/models/lenet.onnx", 256)
	if err != nil {
		log.Fatal(err)
	}
	opt := amctc.DefaultTrain()
	opt.Epochs, opt.Batch, opt.Schedule.Rate = 1, 32, 0.001
	opt.Quantize = amctc.DefaultQAT()
	opt.Quantize.Default.ActBits, opt.Quantize.Default.WtsBits = 4, 4
	opt.Quantize.Data = data.Limited(64)

	trainer, err := amctc.NewTrainer(ctx, model, set, opt)
	if err != nil {
		log.Fatal(err)
	}
	trained, err := trainer.Run(ctx)
	if err != nil {
		log.Fatal(err)
	}

	dir, err := os.MkdirTemp("", "retrained")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := trained.Save(filepath.Join(dir, "lenet"), "lenet"); err != nil {
		log.Fatal(err)
	}

	c := amctc.NewContext(ctx)
	c.Factors = trained.Factors
	float, err := amctc.Prepare(c, trained.Module)
	if err != nil {
		log.Fatal(err)
	}
	integer, err := amctc.Quantize(c, float, amctc.DefaultTarget)
	if err != nil {
		log.Fatal(err)
	}
	files, err := os.ReadDir(filepath.Join(dir, "lenet"))
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range files {
		fmt.Println(f.Name())
	}
	fmt.Println("stage", integer.Main().Stage)
	// Output:
	// amctc
	// lenet.amir
	// lenet.history.json
	// lenet.record.txt
	// lenet.safetensors
	// stage target
}

// A run that was stopped goes on from its checkpoint.
func ExampleTrainer_Restore() {
	ctx := context.Background()
	model, err := amctc.Load("testdata/models/lenet.onnx", amctc.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	_, set, err := trainingData("testdata/models/lenet.onnx", 128)
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "train")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	opt := amctc.DefaultTrain()
	opt.Epochs, opt.Batch = 2, 32
	opt.Checkpoint = filepath.Join(dir, "run")

	stopped, stop := context.WithCancel(ctx)
	opt.Progress = func(s amctc.TrainStatus) {
		if s.Epoch == 2 {
			stop()
		}
	}
	if _, err = amctc.Train(stopped, model, set, opt); err != nil {
		fmt.Println(err)
	}

	opt.Checkpoint, opt.Progress = "", nil
	trainer, err := amctc.NewTrainer(ctx, model, set, opt)
	if err != nil {
		log.Fatal(err)
	}
	if err := trainer.Restore(filepath.Join(dir, "run")); err != nil {
		log.Fatal(err)
	}
	trained, err := trainer.Run(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(trained.History), "epochs")
	// Output:
	// context canceled
	// 2 epochs
}

// The settings of AMCT's config of quantization aware training.
func ExampleRetrainOptions() {
	model, err := amctc.Load("testdata/models/lenet.onnx", amctc.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	config := amctc.DefaultRetrain(model.Main()) // or amct.ReadRetrain of a file
	bits := "INT4"
	config.Layers["/c2/Conv"].Weights.DstType = &bits
	c := amctc.NewContext(context.Background())
	q, err := amctc.RetrainOptions(c, config, model.Main())
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"/c1/Conv", "/c2/Conv"} {
		fmt.Println(name, q.For(name).ActBits, q.For(name).WtsBits)
	}
	// Output:
	// /c1/Conv 8 8
	// /c2/Conv 8 4
}
