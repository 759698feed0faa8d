// Command gomlx serves float ONNX models by gomlx's engine in Go, for comparisons of speed:
//
//	gomlx DIR NAME...
//
// DIR holds NAME.simple.onnx; requests and replies are those of package contender.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/amctc/amctc/testdata/contender"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "gomlx: want DIR NAME...")
		os.Exit(2)
	}
	// The engine prints to the standard output, which carries replies here.
	replies := os.Stdout
	os.Stdout = os.Stderr
	dir, nets := os.Args[1], make(map[string]contender.Open)
	for _, name := range os.Args[2:] {
		nets[name] = func(threads int) (*contender.Net, error) {
			return open(filepath.Join(dir, name+".simple.onnx"), threads)
		}
	}
	if err := contender.Serve(os.Stdin, replies, dir, "gomlx-float", nets); err != nil {
		fmt.Fprintln(os.Stderr, "gomlx:", err)
		os.Exit(1)
	}
}
