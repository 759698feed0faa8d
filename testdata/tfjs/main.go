// Command tfjs writes a graph model of TensorFlow.js as ONNX.
//
//	go run ./testdata/tfjs -model model.json -out model.onnx
//
// The weights lie beside model.json. What is converted stands in the package graph.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/amctc/amctc/testdata/tfjs/graph"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "tfjs:", err)
		os.Exit(1)
	}
}

func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("tfjs", flag.ContinueOnError)
	flags.SetOutput(stderr)
	model := flags.String("model", "", "the `model.json`")
	out := flags.String("out", "", "`file` to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *model == "" || *out == "" || flags.NArg() > 0 {
		return errors.New("-model and -out are needed; see -h")
	}
	m, err := graph.Read(*model)
	if err != nil {
		return err
	}
	data, err := m.ONNX()
	if err != nil {
		return fmt.Errorf("%s: %w", *model, err)
	}
	aside := *out + ".aside"
	if err := os.WriteFile(aside, data, 0o666); err != nil {
		return err
	}
	return os.Rename(aside, *out)
}
