// Command mobilenetv2 writes MobileNetV2 1.0 for 224 x 224 images with random weights as ONNX, and
// images for it. The network is too large for the repository; its time and memory do not depend on
// the values of its weights.
//
//	go run ./testdata/mobilenetv2 -model m.onnx [-images x.npy] [-n 2]
//
// The same arguments give the same bytes.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/proto"

	"github.com/amctc/amctc/parser/dataset"
)

func main() {
	if err := run(os.Args[1:], os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "mobilenetv2:", err)
		os.Exit(1)
	}
}

func run(args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("mobilenetv2", flag.ContinueOnError)
	flags.SetOutput(stderr)
	model := flags.String("model", "", "`file` for the network")
	images := flags.String("images", "", "`file` for images, .npy")
	n := flags.Int("n", 2, "number of images")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *model == "" && *images == "" || flags.NArg() > 0 || *n < 1 {
		return errors.New("-model or -images is needed; see -h")
	}
	if *model != "" {
		data, err := proto.MarshalOptions{Deterministic: true}.Marshal(network())
		if err != nil {
			return err
		}
		if err := write(*model, data); err != nil {
			return err
		}
	}
	if *images == "" {
		return nil
	}
	var b bytes.Buffer
	if err := dataset.WriteNPY(&b, []int{*n, 3, side, side}, pictures(*n)); err != nil {
		return err
	}
	return write(*images, b.Bytes())
}

// write puts a file aside and renames it.
func write(path string, data []byte) error {
	aside := path + ".aside"
	if err := os.WriteFile(aside, data, 0o666); err != nil {
		return err
	}
	return os.Rename(aside, path)
}
