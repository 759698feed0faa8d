package gogen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// isIndex says whether a value is indices.
func isIndex(t ir.Type) bool { return t.DType == tensor.I64 && !t.IsQuant() }

// indexed says whether some value is indices: then the trace can show them.
func (e *emitter) indexed() bool {
	return slices.ContainsFunc(e.p.Traces, func(t plan.Trace) bool { return isIndex(t.Type) })
}

// checkIntegers refuses numbers that packages have no form for: outputs may be indices of int64, nothing else is of
// other types than float32, codes and bytes.
func checkIntegers(p *plan.Plan) error {
	for _, x := range p.Inputs {
		if x.Kind == plan.I64 || x.Kind == plan.F64 {
			return fmt.Errorf("input %s is %s; a package takes float32 numbers, codes and pixels", x.Name, x.Type)
		}
	}
	for _, x := range p.Outputs {
		if x.Kind == plan.F64 || x.Kind == plan.I64 && !isIndex(x.Type) {
			return fmt.Errorf("output %s is %s; a package gives float32 numbers, codes and int64 indices", x.Name, x.Type)
		}
	}
	for _, c := range p.Consts {
		if c.Kind == plan.I64 || c.Kind == plan.F64 {
			return fmt.Errorf("the constant %s is given as it is, and is neither float32 nor codes", c.Name)
		}
	}
	return nil
}

// withIndices is the text of a test, or of a trace, of a network with indices.
func withIndices(text string) string {
	return strings.NewReplacer(
		"numbers []float32)", "numbers []float32, indices []int64)",
		"v.canonical(codes, numbers)", "v.canonical(codes, numbers, indices)",
		"t.canonical(codes, numbers)", "t.canonical(codes, numbers, indices)",
		"row-major little-endian bytes.\nfunc", "row-major little-endian bytes; indices are in this order.\nfunc",
		"	x := make([]float32, t.len)\n", "	if indices != nil {\n		return putI64(nil, indices)\n	}\n	x := make([]float32, t.len)\n",
		"\nfunc putI8(", indexText+"\nfunc putI8(",
	).Replace(text)
}

const indexText = `
func putI64(b []byte, v []int64) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, uint64(x))
	}
	return b
}
`
