package gogen

import (
	"context"
	"fmt"
	"hash/crc64"
	"math/rand/v2"
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// recordedBytes bounds testdata/recorded.bin; one sample is recorded whatever its size.
const recordedBytes = 1 << 20

// A recording is what the test of a package holds it against, as exec computes it.
type recording struct {
	data    []byte     // inputs and outputs of every sample
	samples int        // at least one
	sums    [][]uint64 // of each traced value, for each sample
}

// record runs the samples.
func (e *emitter) record() (*recording, error) {
	samples := e.opt.Samples
	if len(samples) == 0 {
		for range 1 + 2*min(len(e.opt.State), 1) {
			samples = append(samples, e.synthetic())
		}
	}
	run := exec.NewRunner(e.p)
	r := &recording{sums: make([][]uint64, len(e.p.Traces))}
	index := make(map[*ir.Value]int, len(e.p.Traces))
	for i, t := range e.p.Traces {
		index[t.Value] = i
	}
	var last []*tensor.Tensor // outputs of the step before
	for _, in := range samples {
		if r.samples > 0 && len(r.data)/r.samples*(r.samples+1) > recordedBytes {
			break
		}
		if err := e.checkSample(in); err != nil {
			return nil, err
		}
		in = e.withState(in, last)
		out, err := run.Run(context.Background(), in, func(v *ir.Value, t *tensor.Tensor) {
			i := index[v]
			r.sums[i] = append(r.sums[i], crc64.Checksum(t.Bytes(), polynomial))
		})
		if err != nil {
			return nil, err
		}
		for _, t := range append(slices.Clone(in), out...) {
			r.data = append(r.data, t.Bytes()...)
		}
		r.samples++
		last = out
	}
	return r, nil
}

// withState is a sample whose state is what the step before gave: zeros without one.
func (e *emitter) withState(in, last []*tensor.Tensor) []*tensor.Tensor {
	in = slices.Clone(in)
	for _, s := range e.opt.State {
		if last != nil {
			in[s.In] = last[s.Out]
			continue
		}
		x := e.in[s.In].Type
		in[s.In] = tensor.New(x.DType, x.Shape...)
		for i := range in[s.In].I8 {
			in[s.In].I8[i] = int8(x.Quant.Offset[0])
		}
	}
	return in
}

// checkSample refuses tensors that are not one sample.
func (e *emitter) checkSample(in []*tensor.Tensor) error {
	if len(in) != len(e.in) {
		return fmt.Errorf("a recorded sample has %d tensors, the network %d inputs", len(in), len(e.in))
	}
	for i, t := range in {
		if want := e.in[i].Type; t.DType != want.DType || !slices.Equal(t.Shape, want.Shape) {
			return fmt.Errorf("a recorded sample of input %s is %v of %v, want %v of %v", e.in[i].Name, t.Shape, t.DType, want.Shape, want.DType)
		}
	}
	return nil
}

// synthetic is a sample of normally distributed numbers, always the same.
func (e *emitter) synthetic() []*tensor.Tensor {
	r := rand.New(rand.NewPCG(1, 2))
	var in []*tensor.Tensor
	for _, x := range e.in {
		t := tensor.New(x.Type.DType, x.Type.Shape...)
		for i := range t.F32 {
			t.F32[i] = float32(r.NormFloat64())
		}
		for i := range t.I8 {
			t.I8[i] = int8(r.IntN(256) - 128)
		}
		for i := range t.I64 {
			t.I64[i] = int64(r.IntN(256))
		}
		in = append(in, t)
	}
	return in
}

// recordedFile is recorded_test.go: what is particular to a network in its test.
func (e *emitter) recordedFile(r *recording) *jen.File {
	f := e.file()
	e.testConstants(f)
	f.Line().Comment("// recordedSamples is how many samples there are; number another may follow number 0 in one call.")
	another := r.samples - 1
	if slices.ContainsFunc(e.in, func(x port) bool { return x.shared }) {
		another = 0
	}
	f.Const().Defs(jen.Id("recordedSamples").Op("=").Lit(r.samples), jen.Id("another").Op("=").Lit(another))
	e.tracedTable(f, r.sums)
	e.openTaps(f)
	e.inputCodec(f)
	e.outputCodec(f)
	e.examples(f)
	return f
}

func (e *emitter) testConstants(f *jen.File) {
	sum := func(ports []port) (n int) {
		for i := range ports {
			n += ports[i].bytes()
		}
		return n
	}
	f.Comment("// The sizes of one sample of all inputs and of all outputs.")
	f.Const().Defs(jen.Id("inputBytes").Op("=").Lit(sum(e.in)), jen.Id("outputBytes").Op("=").Lit(sum(e.out)))
}

// tracedTable is the table of values; sums may be nil.
func (e *emitter) tracedTable(f *jen.File, sums [][]uint64) {
	// var traced = []tracedValue{
	// 	{"conv1", "q.conv2d \"/conv1/Conv\"", 4608, true, rt.Permute{…}, []uint64{0x…}},
	// }
	f.Line().Comment("// traced are the results of all operators in the order in which a run shows them.")
	var rows []jen.Code
	for i := range e.p.Traces {
		t := &e.p.Traces[i]
		row := []jen.Code{jen.Lit(t.Value.Name), jen.Lit(subject(t.Value.Def)), jen.Lit(tensor.Elems(t.Type.Shape)), jen.Lit(t.Type.IsQuant()), e.permute(t.Canonical.Dims, t.Canonical.From)}
		if e.wide() {
			row = slices.Insert(row, 4, jen.Code(jen.Lit(isWide(t.Type))))
		}
		if sums == nil {
			row = append(row, jen.Nil())
		} else {
			row = append(row, jen.Index().Uint64().ValuesFunc(func(g *jen.Group) {
				for _, s := range sums[i] {
					g.Id(fmt.Sprintf("0x%016x", s))
				}
			}))
		}
		rows = append(rows, jen.Values(row...))
	}
	f.Var().Id("traced").Op("=").Index().Id("tracedValue").Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, rows...)
}

func (e *emitter) permute(dims, from []int) jen.Code {
	ints := func(v []int) jen.Code {
		return jen.Index().Int().ValuesFunc(func(g *jen.Group) {
			for _, x := range v {
				g.Lit(x)
			}
		})
	}
	return jen.Qual(e.rt, "Permute").Values(jen.Id("Dims").Op(":").Add(ints(dims)), jen.Id("From").Op(":").Add(ints(from)))
}

// codec is the suffix of the functions that get and put elements of a port.
func (x *port) codec() string {
	switch x.Kind {
	case plan.U8:
		return "U8"
	case plan.I8:
		return "I8"
	case plan.I64:
		return "I64"
	}
	return "F32"
}

func (e *emitter) inputCodec(f *jen.File) {
	// func decodeInputs(b []byte, n int) *Inputs {
	// 	in := &Inputs{}
	// 	for i := range n {
	// 		b := b[i*inputBytes:]
	// 		in.X = append(in.X, getF32(b[0:], XLen)...)
	// 	}
	// 	return in
	// }
	f.Line().Comment("// decodeInputs reads n samples of all inputs.")
	f.Func().Id("decodeInputs").Params(jen.Id("b").Index().Byte(), jen.Id("n").Int()).Op("*").Id("Inputs").Block(
		jen.Id("in").Op(":=").Op("&").Id("Inputs").Values(),
		jen.For(jen.Id("i").Op(":=").Range().Id("n")).BlockFunc(func(g *jen.Group) {
			g.Id("p").Op(":=").Id("b").Index(jen.Id("i").Op("*").Id("inputBytes"), jen.Empty())
			at := 0
			for i := range e.in {
				x := &e.in[i]
				read := jen.Id("get"+x.codec()).Call(jen.Id("p").Index(jen.Lit(at), jen.Empty()), jen.Id(x.length))
				if x.shared {
					g.Id("in").Dot(x.field).Op("=").Add(read)
				} else {
					g.Id("in").Dot(x.field).Op("=").Append(jen.Id("in").Dot(x.field), read.Op("..."))
				}
				at += x.bytes()
			}
		}),
		jen.Return(jen.Id("in")),
	)
}

func (e *emitter) newOutputs(f *jen.File) {
	f.Line().Comment("// newOutputs makes room for n samples.")
	f.Func().Id("newOutputs").Params(jen.Id("n").Int()).Op("*").Id("Outputs").Block(
		jen.Return(jen.Op("&").Id("Outputs").Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, e.outputFields()...)),
	)
}

func (e *emitter) outputFields() []jen.Code {
	var fields []jen.Code
	for i := range e.out {
		x := &e.out[i]
		n := jen.Id("n").Op("*").Id(x.length)
		if x.shared {
			n = jen.Id(x.length)
		}
		fields = append(fields, jen.Id(x.field).Op(":").Make(x.goType(), n))
	}
	return fields
}

func (e *emitter) outputCodec(f *jen.File) {
	// func encodeOutputs(out *Outputs, i int) []byte {
	// 	var b []byte
	// 	b = putF32(b, out.Y[i*YLen:(i+1)*YLen])
	// 	return b
	// }
	e.newOutputs(f)
	f.Line().Comment("// encodeOutputs gives the bytes of sample i of all outputs.")
	f.Func().Id("encodeOutputs").Params(jen.Id("out").Op("*").Id("Outputs"), jen.Id("i").Int()).Index().Byte().BlockFunc(func(g *jen.Group) {
		g.Var().Id("b").Index().Byte()
		for i := range e.out {
			x := &e.out[i]
			g.Id("b").Op("=").Id("put"+x.codec()).Call(jen.Id("b"), x.of(jen.Id("out").Dot(x.field)))
		}
		g.Return(jen.Id("b"))
	})
}

// examples are the documentation's example and the benchmark.
func (e *emitter) examples(f *jen.File) {
	var body []jen.Code
	if e.single() {
		body = []jen.Code{
			jen.Id("src").Op(":=").Make(e.in[0].goType(), jen.Id("InputLen")).Comment("one sample"),
			jen.Id("dst").Op(":=").Make(jen.Index().Float32(), jen.Id("OutputLen")),
			jen.If(jen.Err().Op(":=").Id("m").Dot("Run").Call(jen.Id("dst"), jen.Id("src")), jen.Err().Op("!=").Nil()).Block(jen.Panic(jen.Err())),
			jen.Qual("fmt", "Println").Call(jen.Len(jen.Id("dst"))),
			jen.Comment(fmt.Sprintf("// Output: %d", e.out[0].Len)),
		}
	} else {
		var in, out []jen.Code
		for i := range e.in {
			in = append(in, jen.Id(e.in[i].field).Op(":").Make(e.in[i].goType(), jen.Id(e.in[i].length)))
		}
		for i := range e.out {
			out = append(out, jen.Id(e.out[i].field).Op(":").Make(e.out[i].goType(), jen.Id(e.out[i].length)))
		}
		multi := jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}
		body = []jen.Code{
			jen.Id("in").Op(":=").Op("&").Id("Inputs").Custom(multi, in...),
			jen.Id("out").Op(":=").Op("&").Id("Outputs").Custom(multi, out...),
			jen.If(jen.Err().Op(":=").Id("m").Dot("Run").Call(jen.Id("out"), jen.Id("in")), jen.Err().Op("!=").Nil()).Block(jen.Panic(jen.Err())),
			jen.Qual("fmt", "Println").Call(jen.Len(jen.Id("out").Dot(e.out[0].field))),
			jen.Comment(fmt.Sprintf("// Output: %d", e.out[0].Len)),
		}
	}
	f.Line()
	f.Func().Id("ExampleModel_Run").Params().Block(append([]jen.Code{
		jen.List(jen.Id("m"), jen.Err()).Op(":=").Id("New").Call(),
		jen.If(jen.Err().Op("!=").Nil()).Block(jen.Panic(jen.Err())),
	}, body...)...)
	e.benchmarks(f)
}

func (e *emitter) benchmarks(f *jen.File) {
	// func BenchmarkRun(b *testing.B) { benchmark(b, 1) }
	// func BenchmarkThreads(b *testing.B) { benchmark(b, 2) }
	b := jen.Id("b").Op("*").Qual("testing", "B")
	f.Line().Comment("// BenchmarkRun computes one recorded sample.")
	f.Func().Id("BenchmarkRun").Params(b.Clone()).Block(jen.Id("benchmark").Call(jen.Id("b"), jen.Lit(1)))
	f.Line().Comment("// BenchmarkThreads computes it on two goroutines.")
	f.Func().Id("BenchmarkThreads").Params(b.Clone()).Block(jen.Id("benchmark").Call(jen.Id("b"), jen.Lit(2)))
	f.Line()
	f.Func().Id("benchmark").Params(b.Clone(), jen.Id("threads").Int()).Block(
		jen.List(jen.Id("m"), jen.Err()).Op(":=").Id("New").Call(jen.Id("WithThreads").Call(jen.Id("threads"))),
		jen.If(jen.Err().Op("!=").Nil()).Block(jen.Id("b").Dot("Fatal").Call(jen.Err())),
		jen.Id("s").Op(":=").Id("m").Dot("NewSession").Call(),
		jen.Defer().Id("s").Dot("Close").Call(),
		jen.List(jen.Id("in"), jen.Id("out")).Op(":=").List(jen.Id("decodeInputs").Call(jen.Id("inputOf").Call(jen.Lit(0)), jen.Lit(1)), jen.Id("newOutputs").Call(jen.Lit(1))),
		jen.Id("b").Dot("ReportAllocs").Call(),
		jen.For(jen.Id("b").Dot("Loop").Call()).Block(
			jen.If(jen.Err().Op(":=").Id("s").Dot("Run").Call(jen.Id("out"), jen.Id("in")), jen.Err().Op("!=").Nil()).Block(jen.Id("b").Dot("Fatal").Call(jen.Err())),
		),
	)
}
