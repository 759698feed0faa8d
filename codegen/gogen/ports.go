package gogen

import (
	"slices"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// A port is an input or output as the emitted package shows it.
type port struct {
	*plan.Port
	field  string    // of Inputs or Outputs
	param  string    // field of call
	length string    // constant: elements of one sample
	shape  string    // variable
	shared bool      // one tensor serves all samples, because its batch is not free
	codes  bool      // an input that is quantized first, so that codes can be given instead
	quant  *ir.Quant // of codes that the caller may or must give, or gets
	pixels *ir.Node  // of bytes: the node that looks them up
	// codesParam is the field of call for codes.
	codesParam string
}

// exportedNames and packageNames are the identifiers that emitted packages declare or import, their
// tests included.
var (
	exportedNames = []string{"Model", "Session", "Inputs", "Outputs", "QuantizedInputs", "ErrShape", "New", "Option", "WithThreads", "Target", "ArenaBytes", "WeightsBytes", "Trace"}
	packageNames  = []string{"layers", "buffers", "call", "options", "weightsHead", "counters", "counterNames", "steps", "stepInputs", "newStepOutputs", "stepOutput", "given", "taps", "openTaps", "samples", "sampleOf", "weights", "weightsSum", "section", "polynomial", "init", "main",
		"recorded", "traced", "tracedValue", "inputBytes", "outputBytes", "recordedSamples", "another", "model", "decodeInputs", "newOutputs", "encodeOutputs",
		"benchmark", "canonical", "dump", "open", "inputOf", "outputOf", "compare", "getF32", "getI8", "getU8", "putF32", "putI8", "putI64",
		"rt", "rand", "reflect", "runtime", "sync", "math", "fmt", "crc64", "binary", "embed", "unsafe", "testing", "io", "os", "bufio", "errors", "bytes"}
)

// localNames are the identifiers of emitted functions.
var localNames = []string{"m", "s", "n", "i", "b", "l", "w", "c", "o", "in", "out", "err", "dst", "src", "rt", "mem", "file", "layers", "buffers"}

// namePorts finds a name for everything that belongs to inputs and outputs.
func (e *emitter) namePorts() {
	params, fields := newScope(localNames...), newScope(exportedNames...)
	name := func(p *plan.Port, v *ir.Value, other string) port {
		name := ident(p.Name, other)
		x := port{Port: p, param: params.pick(name), field: fields.pick(exported(name))}
		x.length, x.shape = fields.pick(x.field+"Len"), fields.pick(x.field+"Shape")
		x.shared = e.p.Func.IsFree() && !v.Type.IsFree()
		return x
	}
	for i := range e.p.Inputs {
		x := name(&e.p.Inputs[i], e.p.Func.Params[i], "x")
		if s := e.quantizer(i); s != nil {
			q := s.Node.Result().Type.Quant
			if x.codes = q.Min == -128 && q.Max == 127; x.codes {
				x.quant = q
			}
			x.codesParam = params.pick(x.param + "Codes")
		}
		if x.Kind == plan.I8 {
			x.quant = x.Type.Quant
		}
		if x.Kind == plan.U8 {
			x.pixels = e.reader(e.p.Func.Params[i])
		}
		e.in = append(e.in, x)
	}
	for i := range e.p.Outputs {
		x := name(&e.p.Outputs[i], e.p.Func.Results[i], "y")
		if x.Kind == plan.I8 {
			x.quant = x.Type.Quant
		}
		e.out = append(e.out, x)
	}
	if e.single() {
		e.in[0].length, e.in[0].shape = "InputLen", "InputShape"
		e.out[0].length, e.out[0].shape = "OutputLen", "OutputShape"
	}
}

// single says whether the network is one function from float32 numbers, or pixels, to float32 numbers.
func (e *emitter) single() bool {
	return len(e.p.Inputs) == 1 && len(e.p.Outputs) == 1 && (e.p.Inputs[0].Kind == plan.F32 || e.p.Inputs[0].Kind == plan.U8) && e.p.Outputs[0].Kind == plan.F32
}

// singleName is the session's method for it.
func (e *emitter) singleName() string {
	if e.in[0].Kind == plan.U8 {
		return "RunPixels"
	}
	return "RunFloat"
}

// elements is what the elements of a port are called.
func (x *port) elements() string {
	if x.Kind == plan.U8 {
		return "pixels"
	}
	return "numbers"
}

// about describes a port: its type, and of pixels how they lie.
func (e *emitter) about(x *port) string {
	s := describe(x.Type)
	if x.pixels == nil {
		return s
	}
	if x.pixels.Attr("layout") == op.NHWC {
		s += ", channels last"
	}
	if x.pixels.Bool("reverse") {
		s += ", in the opposite order of the network's"
	}
	return s
}

// reader is the node that looks the bytes of a parameter up, or nil.
func (e *emitter) reader(v *ir.Value) *ir.Node {
	for _, n := range e.p.Func.Nodes {
		if n.Op.Name == "nn.pixels" && n.Operands[0] == v {
			return n
		}
	}
	return nil
}

// quantizer is the step that quantizes an input, when nothing else reads it.
func (e *emitter) quantizer(input int) (found *plan.Step) {
	slot := plan.Slot{In: plan.Input, Index: input}
	for i := range e.p.Steps {
		s := &e.p.Steps[i]
		if !slices.Contains(s.Slots, slot) {
			continue
		}
		if found != nil || s.Kernel != "Quantize" || s.Node == nil {
			return nil
		}
		found = s
	}
	for _, t := range e.p.Traces {
		if t.From == slot {
			return nil
		}
	}
	return found
}

// anyCodes says whether some input can be given as codes.
func (e *emitter) anyCodes() bool {
	return slices.ContainsFunc(e.in, func(x port) bool { return x.codes })
}

// goType is the slice type of a port.
func (x *port) goType() *jen.Statement { return sliceOf(x.Kind) }

func sliceOf(k plan.Kind) *jen.Statement {
	return jen.Index().Id([...]string{"uint8", "int8", "int32", "float32", "int64"}[k])
}

// bytes is the size of one sample.
func (x *port) bytes() int { return x.Len * x.Kind.Size() }

// splits says whether samples of one call may be computed at the same time: every output has a part of
// its own for each.
func (e *emitter) splits() bool {
	return !slices.ContainsFunc(e.out, func(x port) bool { return x.shared })
}

// of is the part of a slice that belongs to sample i: v[i*XLen:(i+1)*XLen]. A shared one is taken whole.
func (x *port) of(v *jen.Statement) jen.Code {
	if x.shared {
		return v
	}
	return v.Index(jen.Id("i").Op("*").Id(x.length), jen.Parens(jen.Id("i").Op("+").Lit(1)).Op("*").Id(x.length))
}

// dims is a shape in words: 1x1x28x28.
func dims(shape []int) string {
	if len(shape) == 0 {
		return "scalar"
	}
	var parts []string
	for _, d := range shape {
		parts = append(parts, strconv.Itoa(d))
	}
	return strings.Join(parts, "x")
}

// describe is a type in words: 1x10 float32, or 1x8x24x24 codes.
func describe(t ir.Type) string {
	if t.IsQuant() {
		return dims(t.Shape) + " codes"
	}
	if isIndex(t) {
		return dims(t.Shape) + " int64"
	}
	if t.DType == tensor.U8 {
		return dims(t.Shape) + " uint8"
	}
	return dims(t.Shape) + " float32"
}
