package amctc

import (
	"bytes"
	"fmt"

	"github.com/amctc/amctc/codegen/gogen"
	"github.com/amctc/amctc/codegen/onnx"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
)

// Ascend is a lowered network: the program, its binary companion, and the SoC it is for.
type Ascend struct {
	Program     *target.Program
	Consts      []byte
	Description *target.Description
}

// AllCores is every AI core of a SoC.
const AllCores = ascend.AllCores

// EmitAscend lowers an integer module for one AI core of a SoC.
func EmitAscend(m *ir.Module, soc string) (*Ascend, error) { return EmitAscendOn(m, soc, 1) }

// EmitAscendOn lowers an integer module for so many AI cores of a SoC, which share the work of every operator; AllCores means all that it has. The program's
// results are the same bytes for any number.
func EmitAscendOn(m *ir.Module, soc string, cores int) (*Ascend, error) {
	d, err := ascend.Describe(soc)
	if err != nil {
		return nil, err
	}
	p, consts, err := ascend.Lower(m, m.Main(), d, ascend.Options{Cores: cores})
	if err != nil {
		return nil, err
	}
	return &Ascend{Program: p, Consts: consts, Description: d}, nil
}

// EmitONNX gives the QDQ form of an integer module.
func EmitONNX(m *ir.Module) ([]byte, error) {
	return onnx.Export(m, onnx.Options{Name: m.Main().Name})
}

// EmitPair gives AMCT's pair of models of a module of Pair, and its map, by file name: NAME.deploy_model.onnx,
// NAME.fake_quant_model.onnx and NAME_quant.json. Models above 1 GB have their constants in files beside
// them.
func EmitPair(m *ir.Module, name string) (map[string][]byte, error) {
	p, err := onnx.ExportPair(m, onnx.PairOptions{Name: name})
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{name + ".deploy_model.onnx": p.Deploy, name + ".fake_quant_model.onnx": p.FakeQ, name + "_quant.json": p.Map}
	for side, data := range p.External {
		files[side] = data
	}
	return files, nil
}

// GoPackage gives the files of a module's Go package at a place, by slash-separated path; go.mod is
// among them when no module encloses the place.
func GoPackage(m *ir.Module, where Enclosing, opt gogen.Options) (map[string][]byte, error) {
	p, err := plan.Build(m, m.Main(), plan.Options{Whole: opt.Counters})
	if err != nil {
		return nil, err
	}
	opt.Version, opt.ImportPath = Version, where.Import
	files, err := gogen.Generate(p, opt)
	if err != nil {
		return nil, fmt.Errorf("go: %w", err)
	}
	if where.Own {
		files["go.mod"] = []byte("module " + where.Import + "\n\ngo 1.24\n")
	}
	return files, nil
}

// Text is the canonical text of a module.
func Text(m *ir.Module) ([]byte, error) {
	var b bytes.Buffer
	err := ir.Fprint(&b, m)
	return b.Bytes(), err
}
