package gogen

import (
	"slices"
	"strings"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// isWide says whether a value has codes of int16.
func isWide(t ir.Type) bool { return t.DType == tensor.I16 }

// wide says whether some value has codes of int16: then the trace can show them.
func (e *emitter) wide() bool {
	return slices.ContainsFunc(e.p.Traces, func(t plan.Trace) bool { return isWide(t.Type) })
}

// wideTrace is traceText for networks with codes of int16.
var wideTrace = func() string {
	text := traceText
	for _, r := range [][2]string{
		{"	codes bool // int8 codes, otherwise float32 numbers\n", "	codes bool // otherwise float32 numbers\n	wide  bool // codes of int16, otherwise of int8\n"},
		{"	if t.codes {\n", `	if t.wide {
		q := make([]int16, t.len)
		rt.ExportWide(rt.Alone(0), &t.order, q, codes)
		var b []byte
		for _, x := range q {
			b = binary.LittleEndian.AppendUint16(b, uint16(x))
		}
		return b
	}
	if t.codes {
`},
	} {
		before, after, ok := strings.Cut(text, r[0])
		if !ok {
			panic("gogen: traceText has changed")
		}
		text = before + r[1] + after
	}
	return text
}()
