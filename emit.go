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

// EmitAscend lowers an integer module for a SoC.
func EmitAscend(m *ir.Module, soc string) (*Ascend, error) {
	d, err := ascend.Describe(soc)
	if err != nil {
		return nil, err
	}
	p, consts, err := ascend.Lower(m, m.Main(), d, ascend.Options{})
	if err != nil {
		return nil, err
	}
	return &Ascend{Program: p, Consts: consts, Description: d}, nil
}

// EmitONNX gives the QDQ form of an integer module.
func EmitONNX(m *ir.Module) ([]byte, error) {
	return onnx.Export(m, onnx.Options{Producer: "amctc", Version: Version})
}

// EmitGo gives the files of the Go package of an integer or float module, by slash-separated path.
func EmitGo(m *ir.Module, opt gogen.Options) (map[string][]byte, *plan.Plan, error) {
	p, err := plan.Build(m, m.Main(), plan.Options{})
	if err != nil {
		return nil, nil, err
	}
	opt.Version = Version
	files, err := gogen.Generate(p, opt)
	if err != nil {
		return nil, nil, fmt.Errorf("go: %w", err)
	}
	return files, p, nil
}

// Text is the canonical text of a module.
func Text(m *ir.Module) ([]byte, error) {
	var b bytes.Buffer
	err := ir.Fprint(&b, m)
	return b.Bytes(), err
}
