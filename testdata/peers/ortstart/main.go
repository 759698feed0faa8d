// Command ortstart opens a model in ONNX Runtime, says "ready", runs it once, says "done" and
// waits for the end of its input. It does nothing that its start could be slower by.
//
//	ORT_LIB=libonnxruntime.so ortstart -model M.onnx -in NAME:1x3x224x224 -out NAME:1x1000 -dir DIR -name NETWORK [-as-is]
//
// DIR holds the network's sample; see package contender. -as-is opens a model that was optimized
// before.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/amctc/amctc/testdata/contender"
	"github.com/amctc/amctc/testdata/peers/ort"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ortstart:", err)
		os.Exit(1)
	}
}

func run() error {
	model, dir, name := flag.String("model", "", "the model"), flag.String("dir", "", "the folder of the sample"), flag.String("name", "", "the network")
	in, out := flag.String("in", "", "the input"), flag.String("out", "", "the output")
	asIs := flag.Bool("as-is", false, "do not optimize")
	flag.Parse()
	x, err := ort.ParsePort(*in)
	if err != nil {
		return err
	}
	y, err := ort.ParsePort(*out)
	if err != nil {
		return err
	}
	return contender.Start(os.Stdin, os.Stdout, *dir, *name, func(threads int) (*contender.Net, error) {
		f, err := ort.OpenFixed(*model, x, y, ort.Options{Threads: threads, AsIs: *asIs})
		if err != nil {
			return nil, err
		}
		return &contender.Net{In: f.In, Out: f.Out, Run: f.Run}, nil
	})
}
