package gogen

import (
	"bytes"
	"fmt"
	"go/format"
	"strings"
)

// traceProgram is trace.go of a package that is linked into a program: Trace does what the test of an
// ordinary package does.
func (e *emitter) traceProgram() ([]byte, error) {
	f := e.file()
	e.testConstants(f)
	e.tracedTable(f, nil)
	e.openTaps(f)
	e.inputCodec(f)
	e.newOutputs(f)
	table, err := e.render(f)
	if err != nil {
		return nil, err
	}
	// The table's file has one import, of the kernels, or none; the text that follows has more.
	_, body, ok := strings.Cut(string(table), "// The sizes of one sample")
	if !ok {
		return nil, fmt.Errorf("gogen: trace.go has no constants")
	}
	text := `package PACKAGE

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"RUNTIME"
)

// Trace writes every value of every sample in data, as dump says.
func Trace(out io.Writer, data []byte) error { return dump(out, data) }

// The sizes of one sampleBODY
` + traceText
	return e.fill(text, body)
}

// A Linked is one package of a Program.
type Linked struct {
	Name  string // of the folder and package
	Files map[string][]byte
}

// Program gives the files of a whole module that links packages, each generated with
// Options.Program and with module + "/" + name as its import path, into one command. Its runtime is
// found under module + "/internal/rt"; kernels are those of all plans. Run as
// "COMMAND NAME IN OUT" it does for package NAME what Trace does, from file IN to file OUT.
func Program(module string, kernels []string, version string, packages []Linked) (map[string][]byte, error) {
	files := map[string][]byte{"go.mod": []byte("module " + module + "\n\ngo 1.24\n")}
	shared, err := Runtime(kernels, module+"/internal", version)
	if err != nil {
		return nil, err
	}
	for name, data := range shared {
		files["internal/"+name] = data
	}
	var imports, cases strings.Builder
	for i, p := range packages {
		for name, data := range p.Files {
			files[p.Name+"/"+name] = data
		}
		fmt.Fprintf(&imports, "\tnet%d %q\n", i, module+"/"+p.Name)
		fmt.Fprintf(&cases, "\t%q: net%d.Trace,\n", p.Name, i)
	}
	var b bytes.Buffer
	b.WriteString(headerLine(version, "several networks") + "// SPDX-License-Identifier: MIT-0\n")
	fmt.Fprintf(&b, "\npackage main\n\nimport (\n\t\"errors\"\n\t\"fmt\"\n\t\"io\"\n\t\"os\"\n\n%s)\n\nvar packages = map[string]func(io.Writer, []byte) error{\n%s}\n", imports.String(), cases.String())
	b.WriteString(`
func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 || packages[args[0]] == nil {
		return errors.New("usage: NAME IN OUT")
	}
	data, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	f, err := os.Create(args[2])
	if err != nil {
		return err
	}
	return errors.Join(packages[args[0]](f, data), f.Close())
}
`)
	if files["main.go"], err = format.Source(b.Bytes()); err != nil {
		return nil, fmt.Errorf("gogen: %w", err)
	}
	return files, nil
}
