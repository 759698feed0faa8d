// Command asmgen writes assembly: the micro-kernels of runtime/rt, those for amd64 through avo, the loops of
// runtime/peak, and an inner loop of passes/calib. Run it in its folder; with -check it only compares.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/amctc/amctc/runtime/asmgen/arm64"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// files are the assembly files for amd64, below the module's root, and what is in them.
var files = []struct {
	name  string
	write func(*build.Context)
}{
	{"runtime/rt/tile_amd64.s", tileFile},
	{"runtime/rt/tile_256_amd64.s", tile256File},
	{"runtime/rt/depthwise_amd64.s", depthwiseFile},
	{"runtime/rt/depthwise_256_amd64.s", depthwise256File},
	{"runtime/rt/sum_256_amd64.s", sum256File},
	{"runtime/rt/quantize_256_amd64.s", quantize256File},
	{"runtime/rt/windows_256_amd64.s", windows256File},
	{"runtime/rt/sum_amd64.s", sumFile},
	{"runtime/rt/quantize_amd64.s", quantizeFile},
	{"runtime/rt/windows_amd64.s", poolFile},
	{"runtime/rt/tilef32_amd64.s", tileF32File},
	{"runtime/rt/depthwisef32_amd64.s", depthwiseF32File},
	{"runtime/rt/rowsf32_amd64.s", rowsF32File},
	{"runtime/peak/peak_amd64.s", peakFile},
	{"passes/calib/loss_amd64.s", lossFile},
}

const head = "// SPDX-License-Identifier: MIT-0\n\n"

func main() {
	dir := flag.String("dir", "../..", "root of the module")
	check := flag.Bool("check", false, "compare with the files that are there")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	for _, f := range files {
		text, err := generate(f.write)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err := put(dir, check, f.name, text); err != nil {
			return err
		}
	}
	for _, f := range arm64Files {
		if err := put(dir, check, f.name, append([]byte(head), f.text()...)); err != nil {
			return err
		}
	}
	return nil
}

// put writes a file, or compares it with what is there.
func put(dir string, check bool, name string, text []byte) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if !check {
		return os.WriteFile(path, text, 0o666)
	}
	there, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(there, text) {
		return fmt.Errorf("%s is not what runtime/asmgen writes; run \"go run .\" in runtime/asmgen", name)
	}
	return nil
}

// arm64Files are those for arm64.
var arm64Files = []struct {
	name string
	text func() []byte
}{
	{"runtime/rt/tile_arm64.s", arm64.Tile},
	{"runtime/rt/depthwise_arm64.s", arm64.Depthwise},
	{"runtime/rt/sum_arm64.s", arm64.Sum},
	{"runtime/rt/quantize_arm64.s", arm64.Quantize},
	{"runtime/rt/tilef32_arm64.s", arm64.TileF32},
}

// generate gives the text of one file for amd64.
func generate(write func(*build.Context)) ([]byte, error) {
	c := build.NewContext()
	c.ConstraintExpr("!purego")
	write(c)
	f, err := c.Result()
	if err != nil {
		return nil, err
	}
	if err := pass.Compile.Execute(f); err != nil {
		return nil, err
	}
	text, err := printer.NewGoAsm(printer.Config{Name: "runtime/asmgen"}).Print(f)
	if err != nil {
		return nil, err
	}
	return append([]byte(head), text...), nil
}
