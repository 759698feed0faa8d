// Command networks writes networks of published architectures with random weights as ONNX, and
// inputs for them.
//
//	go run ./testdata/networks -net resnet50 -model m.onnx [-images x.npy] [-n 2]
//
// -list prints the networks. The same arguments give the same bytes.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/amctc/amctc/parser/dataset"
	"github.com/amctc/amctc/testdata/networks/zoo"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		fmt.Fprintln(os.Stderr, "networks:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("networks", flag.ContinueOnError)
	flags.SetOutput(stderr)
	name := flags.String("net", "mobilenetv2", "`name` of the network")
	list := flags.Bool("list", false, "print the networks")
	model := flags.String("model", "", "`file` for the network")
	images := flags.String("images", "", "`file` for inputs, .npy")
	n := flags.Int("n", 2, "number of inputs")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *list {
		for _, net := range zoo.Networks {
			fmt.Fprintf(stdout, "%-12s %s, inputs %v\n", net.Name, net.Title, net.Input)
		}
		return nil
	}
	if *model == "" && *images == "" || flags.NArg() > 0 || *n < 1 {
		return errors.New("-model or -images is needed; see -h")
	}
	net, err := zoo.Find(*name)
	if err != nil {
		return err
	}
	if *model != "" {
		data, err := net.ONNX()
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
	if err := dataset.WriteNPY(&b, append([]int{*n}, net.Input...), net.Samples(*n)); err != nil {
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
