package gogen

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"go/token"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime"
)

// Options say how a package is written. Package and ImportPath are required.
type Options struct {
	Package    string // name of the package
	ImportPath string // under which the package will be found
	Version    string // of amctc
	Source     string // what the network was compiled from, for the header
	// Samples are recorded in the package's test: one tensor for each parameter with a leading
	// dimension of one batch. At least one is recorded, and as many as fit recordedBytes; without
	// samples, one of pseudo-random numbers is.
	Samples [][]*tensor.Tensor
	// State are the inputs that are outputs of the step before. The recorded samples are then the steps of one stream, whose
	// state begins at zero.
	State []StatePair
	// Counters makes the package count what leaves the ranges that calibration found. Only what the plan leaves in memory is
	// counted: plan.Options.Whole leaves every layer there.
	Counters bool
	// Runtime is the import path of kernels that exist already, which Runtime gives. Empty copies
	// those that are needed below the package.
	Runtime string
	// Program leaves the test and the documentation out and emits the trace as an exported function,
	// so that many packages can be linked into one program.
	Program bool
}

// Generate gives the files of the package that runs p, by slash-separated path below its folder. The
// same plan and options give the same bytes.
func Generate(p *plan.Plan, opt Options) (map[string][]byte, error) {
	if n := p.Evaluated(); n != nil {
		return nil, fmt.Errorf("%s: it has no kernel for its element types; it is evaluated, not compiled", n.Subject())
	}
	if err := checkIntegers(p); err != nil {
		return nil, err
	}
	e, err := newEmitter(p, opt)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	if opt.Runtime == "" {
		if files, err = runtimeFiles(e.kernels(), "internal/", opt.ImportPath+"/internal", opt.Version); err != nil {
			return nil, err
		}
	}
	if files["layers.go"], err = e.render(e.layersFile()); err != nil {
		return nil, err
	}
	if files["model.go"], err = e.render(e.modelFile()); err != nil {
		return nil, err
	}
	if files["weights.go"], err = e.fill(weightsText(e.reads), ""); err != nil {
		return nil, err
	}
	files["weights.bin"] = e.weights.file()
	if len(e.counters) > 0 {
		if files["counters.go"], err = e.countersFile(); err != nil {
			return nil, err
		}
	}
	if e.hasState() {
		if files["state.go"], err = e.stateFile(); err != nil {
			return nil, err
		}
	}
	if opt.Program {
		if files["trace.go"], err = e.traceProgram(); err != nil {
			return nil, err
		}
		return files, nil
	}
	rec, err := e.record()
	if err != nil {
		return nil, err
	}
	files["testdata/recorded.bin"] = rec.data
	if files["recorded_test.go"], err = e.render(e.recordedFile(rec)); err != nil {
		return nil, err
	}
	if files["model_test.go"], err = e.fill(testText, ""); err != nil {
		return nil, err
	}
	if len(e.counters) > 0 {
		if files["counters_test.go"], err = e.fill(countersTestText, ""); err != nil {
			return nil, err
		}
	}
	if e.hasState() {
		if files["state_test.go"], err = e.stateTestFile(); err != nil {
			return nil, err
		}
	}
	files["README.md"] = e.readme(rec)
	return files, nil
}

// Runtime gives the files of a shared kernel package, by path below the folder that is found under
// importPath: rt/… and f32/…. kernels are those of all plans that share it. Options.Runtime is then
// importPath + "/rt".
func Runtime(kernels []string, importPath, version string) (map[string][]byte, error) {
	return runtimeFiles(kernels, "", importPath, version)
}

// runtimeFiles are the kernels of plans, and of their traces, with generated-file headers, below a folder.
func runtimeFiles(kernels []string, folder, importPath, version string) (map[string][]byte, error) {
	sources, err := runtime.Sources(withTrace(kernels), importPath+"/f32")
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte, len(sources))
	for name, text := range sources {
		files[folder+name] = append([]byte(headerLine(version, "its runtime")), text...)
	}
	return files, nil
}

// emitter holds what the files of one package have in common.
type emitter struct {
	p       *plan.Plan
	opt     Options
	rt      string // import path of the kernels
	in, out []port
	steps   []step
	buffers []string // field of each arena buffer
	taps    []string // field of each tap
	consts  []string // field of each constant; empty for an empty one
	weights weightsFile
	reads   map[string]bool // readers of weights.bin that are used

	counters []counter
}

// kernels are what the package needs of the runtime.
func (e *emitter) kernels() []string {
	if len(e.counters) > 0 {
		return append(e.p.Kernels(), "Counter")
	}
	return e.p.Kernels()
}

func newEmitter(p *plan.Plan, opt Options) (*emitter, error) {
	switch {
	case !token.IsIdentifier(opt.Package) || opt.Package == "_" || opt.Package == "main" || opt.Package == "documentation" || strings.HasSuffix(opt.Package, "_test"):
		return nil, fmt.Errorf("%q cannot name a Go package", opt.Package)
	case opt.ImportPath == "":
		return nil, errors.New("the import path of the package is not known")
	case isStandard(opt.ImportPath):
		return nil, fmt.Errorf("the import path %q belongs to Go's standard library; choose another package name or give the module's path", opt.ImportPath)
	case strings.ContainsAny(opt.ImportPath+opt.Runtime, "\"\\`\n \t"):
		return nil, fmt.Errorf("%q is no import path", opt.ImportPath)
	}
	for _, t := range p.Traces {
		if k := p.Kind(t.From); k != t.Kind || t.From.In == plan.Output {
			return nil, fmt.Errorf("%%%s can't be traced: it is %s in %s", t.Value.Name, k, t.From)
		}
	}
	if err := checkState(p, opt.State); err != nil {
		return nil, err
	}
	e := &emitter{p: p, opt: opt, rt: opt.Runtime, weights: newWeights(), reads: make(map[string]bool)}
	if e.rt == "" {
		e.rt = opt.ImportPath + "/internal/rt"
	}
	e.namePorts()
	e.nameSteps()
	if opt.Counters {
		e.findCounters()
	}
	return e, nil
}

// isStandard says whether an import path begins like one of the standard library's.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return slices.Contains(standard, first)
}

var standard = strings.Fields(`archive arena bufio builtin bytes cmp compress container context crypto database debug embed encoding errors expvar
	flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect regexp runtime simd slices sort strconv
	strings structs sync syscall testing text time unicode unique unsafe vendor weak`)

// withTrace adds to the kernels of steps those that a trace needs, and those for inputs given as codes.
func withTrace(kernels []string) []string {
	names := append(slices.Clone(kernels), "ExportCodes", "PermuteF32")
	if slices.Contains(names, "QuantizeWide") {
		names = append(names, "ExportWide")
	}
	if slices.Contains(names, "Quantize") {
		names = append(names, "ImportCodes")
	}
	return names
}

// file starts a Go file of the package.
func (e *emitter) file() *jen.File {
	f := jen.NewFilePathName(e.opt.ImportPath, e.opt.Package)
	f.ImportName(e.rt, "rt")
	for _, line := range e.header() {
		f.HeaderComment(line)
	}
	return f
}

// header is what every file begins with.
func (e *emitter) header() []string {
	return []string{strings.TrimSpace(headerLine(e.opt.Version, e.opt.Source)), "// SPDX-License-Identifier: MIT-0"}
}

// headerLine marks a file for tools that leave generated code alone.
func headerLine(version, source string) string {
	if source == "" {
		source = "a network"
	}
	return oneLine(strings.TrimSpace("// Code generated by amctc "+version)+" from "+source+"; DO NOT EDIT.") + "\n"
}

func (e *emitter) render(f *jen.File) ([]byte, error) {
	var b bytes.Buffer
	if err := f.Render(&b); err != nil {
		return nil, fmt.Errorf("gogen: %w", err)
	}
	return groupImports(b.Bytes()), nil
}

// groupImports puts the standard library before the packages of the network.
func groupImports(src []byte) []byte {
	head, rest, ok := strings.Cut(string(src), "\nimport (\n")
	list, tail, closed := strings.Cut(rest, ")\n")
	if !ok || !closed {
		return src
	}
	var std, own strings.Builder
	for line := range strings.Lines(list) {
		if isStandard(strings.Trim(strings.TrimSpace(line), `"`)) {
			std.WriteString(line)
		} else {
			own.WriteString(line)
		}
	}
	between := ""
	if std.Len() > 0 && own.Len() > 0 {
		between = "\n"
	}
	return []byte(head + "\nimport (\n" + std.String() + between + own.String() + ")\n" + tail)
}

// fill puts the header, the package and the import path of the kernels into Go text, then body in
// place of the word BODY.
func (e *emitter) fill(text, body string) ([]byte, error) {
	if e.wide() {
		text = strings.Replace(text, traceText, wideTrace, 1)
	}
	if e.indexed() {
		text = withIndices(text)
	}
	text = strings.NewReplacer("PACKAGE", e.opt.Package, "RUNTIME", e.rt).Replace(text)
	text = strings.Replace(text, "BODY", body, 1)
	out, err := format.Source([]byte(strings.Join(e.header(), "\n") + "\n\n" + text))
	if err != nil {
		return nil, fmt.Errorf("gogen: %w", err)
	}
	return out, nil
}
