package gogen

import (
	"fmt"

	"github.com/dave/jennifer/jen"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
)

// modelFile is model.go: what a user of the package calls.
func (e *emitter) modelFile() *jen.File {
	f := e.file()
	if e.opt.ImportPath != "" {
		f.HeaderComment("// The package is found under " + oneLine(e.opt.ImportPath) + ".")
	}
	for _, line := range e.packageDoc() {
		f.PackageComment(line)
	}
	e.constants(f)
	e.portStructs(f)
	e.shapeError(f)
	e.modelType(f)
	e.sessionType(f)
	e.sampleOf(f)
	e.sampleCount(f)
	return f
}

func (e *emitter) packageDoc() []string {
	kind := "float32"
	if e.p.Func.Stage >= ir.StageInt {
		kind = "int8"
	}
	lines := []string{fmt.Sprintf("// Package %s is the %s network %s.", e.opt.Package, kind, oneLine(e.sourceName())), "//"}
	for _, x := range e.in {
		lines = append(lines, fmt.Sprintf("//\tinput   %s  %s", oneLine(x.Name), e.about(&x)))
	}
	for _, x := range e.out {
		lines = append(lines, fmt.Sprintf("//\toutput  %s  %s", oneLine(x.Name), describe(x.Type)))
	}
	lines = append(lines, "//", "// "+e.sizes())
	if t := e.target(); t != "" {
		lines = append(lines, "// Its integer arithmetic is that of "+oneLine(t)+"; results are the same bits on every machine.")
	}
	lines = append(lines, "//")
	if e.single() {
		lines = append(lines, "// Model.Run is all that most programs need. A program that must not allocate keeps a Session for each goroutine.")
	} else {
		lines = append(lines, "// Model.Run takes and fills named slices. A program that must not allocate keeps a Session for each goroutine.")
	}
	if e.hasState() {
		lines = append(lines, "// Of a stream, Model.Step takes the next samples: a State holds what the network hands from each to the next.")
	}
	return lines
}

func (e *emitter) sourceName() string {
	if e.opt.Source == "" {
		return e.opt.Package
	}
	return e.opt.Source
}

func (e *emitter) target() string {
	if e.p.Module == nil {
		return ""
	}
	return e.p.Module.Target
}

// sizes is a sentence about calls and memory.
func (e *emitter) sizes() string {
	layers := 0
	for _, s := range e.steps {
		if s.layer {
			layers++
		}
	}
	return fmt.Sprintf("%s, %d of them for layers with weights; %d bytes of weights, %d bytes of working memory for each session.",
		plural(len(e.steps), "kernel call"), layers, len(e.weights.data)-weightsHeadSize, e.p.ArenaBytes())
}

func (e *emitter) constants(f *jen.File) {
	// const (
	// 	// InputLen is the number of elements of one sample of Input3.
	// 	InputLen = 784
	// )
	// var InputShape = [...]int{1, 1, 28, 28}
	f.Const().DefsFunc(func(g *jen.Group) {
		for _, x := range e.ports() {
			g.Comment(fmt.Sprintf("// %s is the number of elements of one sample of %s, %s.", x.length, oneLine(x.Name), e.about(&x)))
			g.Id(x.length).Op("=").Lit(x.Len)
			g.Line()
		}
		for _, x := range e.ports() {
			if x := &x; x.quant != nil {
				g.Comment(fmt.Sprintf("// Code q of %s stands for the number (q - %s) * %s.", oneLine(x.Name), e.quantName(x, "Offset"), e.quantName(x, "Scale")))
				g.Id(e.quantName(x, "Scale")).Id("float32").Op("=").Add(float(x.quant.Scale[0]))
				g.Id(e.quantName(x, "Offset")).Op("=").Lit(int(x.quant.Offset[0]))
				g.Line()
			}
		}
		g.Comment("// ArenaBytes is the working memory of a session, WeightsBytes the size of the weights in the binary.")
		g.Id("ArenaBytes").Op("=").Lit(e.p.ArenaBytes())
		g.Id("WeightsBytes").Op("=").Lit(len(e.weights.data))
		g.Line()
		g.Comment("// Target names the machine whose integer arithmetic the network follows.")
		g.Id("Target").Op("=").Lit(e.target())
	})
	f.Line().Comment("// weightsSum is the CRC-64 (ECMA) of weights.bin without its head.")
	f.Const().Id("weightsSum").Uint64().Op("=").Id(fmt.Sprintf("0x%016x", e.weights.sum()))
	f.Line().Comment(e.shapesDoc())
	f.Var().DefsFunc(func(g *jen.Group) {
		for _, x := range e.ports() {
			g.Id(x.shape).Op("=").Index(jen.Op("...")).Int().ValuesFunc(func(g *jen.Group) {
				for _, d := range x.Type.Shape {
					g.Lit(d)
				}
			})
		}
	})
}

func (e *emitter) shapesDoc() string {
	for i := range e.in {
		if n := e.in[i].pixels; n != nil && n.Attr("layout") == op.NHWC {
			return "// The shapes of one sample, row-major: images are (N, C, H, W), those of pixels (N, H, W, C)."
		}
	}
	return "// The shapes of one sample, row-major: images are (N, C, H, W)."
}

// quantName is the constant with the scale or offset of an input's codes.
func (e *emitter) quantName(x *port, what string) string {
	if e.single() {
		return "Input" + what
	}
	return x.field + what
}

func (e *emitter) ports() []port { return append(append([]port{}, e.in...), e.out...) }

func (e *emitter) portStructs(f *jen.File) {
	// type Inputs struct {
	// 	Input3 []float32 // Input3, 1x1x28x28 float32
	// }
	fields := func(ports []port, codes bool) func(*jen.Group) {
		return func(g *jen.Group) {
			for i := range ports {
				x := &ports[i]
				text, typ := oneLine(x.Name)+", "+e.about(x), x.goType()
				if codes && x.codes {
					text, typ = fmt.Sprintf("%s, %s codes with scale %s and offset %s", oneLine(x.Name), dims(x.Type.Shape), e.quantName(x, "Scale"), e.quantName(x, "Offset")), jen.Index().Int8()
				}
				if x.shared {
					text += ", one for all samples"
				}
				g.Id(x.field).Add(typ).Add(lineComment(text))
			}
		}
	}
	f.Line().Comment("// Inputs are the network's inputs in row-major order: any whole number of samples, one after another.")
	f.Type().Id("Inputs").StructFunc(fields(e.in, false))
	f.Line().Comment("// Outputs receive as many samples as the inputs hold. They must not overlap the inputs.")
	f.Type().Id("Outputs").StructFunc(fields(e.out, false))
	if e.anyCodes() {
		f.Line().Comment("// QuantizedInputs are inputs of which some are codes already.")
		f.Type().Id("QuantizedInputs").StructFunc(fields(e.in, true))
	}
}

func (e *emitter) shapeError(f *jen.File) {
	f.Line().Comment("// ErrShape is the error for a slice of the wrong length: Port has Got elements instead of Want.")
	f.Type().Id("ErrShape").Struct(jen.Id("Port").String(), jen.List(jen.Id("Want"), jen.Id("Got")).Int())
	f.Line().Comment("// Error names the input or output and both lengths.")
	f.Func().Params(jen.Id("e").Op("*").Id("ErrShape")).Id("Error").Params().String().Block(
		jen.Return(jen.Qual("fmt", "Sprintf").Call(jen.Lit(e.opt.Package+": %s has %d elements, want %d"), jen.Id("e").Dot("Port"), jen.Id("e").Dot("Got"), jen.Id("e").Dot("Want"))),
	)
}

func (e *emitter) modelType(f *jen.File) {
	immutable := "It is immutable and may be shared by goroutines."
	if len(e.counters) > 0 {
		immutable = "But for its counters it is immutable; it may be shared by goroutines."
	}
	f.Line().Comment("// A Model is the network with its weights. " + immutable)
	f.Type().Id("Model").StructFunc(func(g *jen.Group) {
		g.Id("layers").Id("layers")
		g.Id("options").Id("options")
		g.Id("sessions").Qual("sync", "Pool").Comment("of *Session")
		if len(e.counters) > 0 {
			g.Id("counters").Id("counters").Comment("of all sessions")
		}
	})
	f.Line().Type().Id("options").Struct(jen.Id("threads").Int())
	f.Line().Comment("// An Option is for New.")
	f.Type().Id("Option").Func().Params(jen.Op("*").Id("options"))
	f.Line().Comment("// WithThreads lets every session work on n goroutines. They share the rows of every layer; of a call with n samples or more, each")
	f.Comment("// computes whole samples. Results are the same bits.")
	f.Comment("// A session of several goroutines ends them when it is closed or no longer reachable.")
	f.Func().Id("WithThreads").Params(jen.Id("n").Int()).Id("Option").Block(
		jen.Return(jen.Func().Params(jen.Id("o").Op("*").Id("options")).Block(jen.Id("o").Dot("threads").Op("=").Id("n"))))
	// func New(opts ...Option) (*Model, error) {
	// 	w, err := open()
	// 	…
	// 	rt.Prefault(w)
	// }
	f.Line().Comment("// New finds the weights and has the system map them. It fails when weights.bin is not the file that was compiled with this source.")
	f.Func().Id("New").Params(jen.Id("opts").Op("...").Id("Option")).Params(jen.Op("*").Id("Model"), jen.Error()).Block(
		jen.List(jen.Id("w"), jen.Err()).Op(":=").Id("open").Call(),
		jen.If(jen.Err().Op("!=").Nil()).Block(jen.Return(jen.Nil(), jen.Err())),
		jen.Qual(e.rt, "Prefault").Call(jen.Id("w")),
		jen.Id("m").Op(":=").Op("&").Id("Model").Values(),
		jen.For(jen.List(jen.Id("_"), jen.Id("o")).Op(":=").Range().Id("opts")).Block(jen.Id("o").Call(jen.Op("&").Id("m").Dot("options"))),
		jen.Id("m").Dot("layers").Dot("load").Call(jen.Id("w")),
		jen.Do(func(s *jen.Statement) {
			if len(e.counters) > 0 {
				s.Id("m").Dot("setCounters").Call()
			}
		}),
		jen.Id("m").Dot("sessions").Dot("New").Op("=").Func().Params().Any().Block(jen.Return(jen.Id("m").Dot("NewSession").Call())),
		jen.Return(jen.Id("m"), jen.Nil()),
	)
	// func (m *Model) NewSession() *Session {
	// 	s := m.session(m.options.threads)
	// 	for range m.options.threads {
	// 		s.alone = append(s.alone, m.session(1))
	// 	}
	// 	…
	// }
	f.Line().Comment("// NewSession allocates the memory of one run. A session serves one goroutine at a time, any number of sessions at once.")
	f.Func().Params(jen.Id("m").Op("*").Id("Model")).Id("NewSession").Params().Op("*").Id("Session").BlockFunc(func(g *jen.Group) {
		g.Id("s").Op(":=").Id("m").Dot("session").Call(jen.Id("m").Dot("options").Dot("threads"))
		if e.splits() {
			g.Id("s").Dot("share").Op("=").Id("s").Dot("take")
			g.For(jen.Id("i").Op(":=").Lit(0), jen.Id("m").Dot("options").Dot("threads").Op(">").Lit(1).Op("&&").Id("i").Op("<").Id("m").Dot("options").Dot("threads"), jen.Id("i").Op("++")).Block(
				jen.Id("s").Dot("alone").Op("=").Append(jen.Id("s").Dot("alone"), jen.Id("m").Dot("session").Call(jen.Lit(1))))
		}
		g.Qual("runtime", "AddCleanup").Call(jen.Id("s"), jen.Parens(jen.Op("*").Qual(e.rt, "Team")).Dot("Close"), jen.Id("s").Dot("team"))
		g.Return(jen.Id("s"))
	})
	f.Line().Comment("// session allocates the memory of so many goroutines.")
	f.Func().Params(jen.Id("m").Op("*").Id("Model")).Id("session").Params(jen.Id("threads").Int()).Op("*").Id("Session").Block(
		jen.Id("s").Op(":=").Op("&").Id("Session").Values(jen.Dict{
			jen.Id("model"): jen.Id("m"),
			jen.Id("team"):  jen.Qual(e.rt, "NewTeam").Call(jen.Id("threads"), jen.Lit(e.p.LocalBytes())),
		}),
		jen.Id("s").Dot("work").Op("=").Id("s").Dot("run"),
		jen.Id("s").Dot("buffers").Dot("place").Call(jen.Qual(e.rt, "NewMem").Call(jen.Id("ArenaBytes"))),
		jen.Return(jen.Id("s")),
	)
	params := []jen.Code{jen.Id("out").Op("*").Id("Outputs"), jen.Id("in").Op("*").Id("Inputs")}
	call := jen.Id("s").Dot("Run").Call(jen.Id("out"), jen.Id("in"))
	if e.single() {
		params = e.singleParams()
		call = jen.Id("s").Dot(e.singleName()).Call(jen.Id("dst"), jen.Id("src"))
		f.Line().Comment(fmt.Sprintf("// Run computes dst from src: n samples of %s numbers each from n samples of %s %s, for any n > 0.", e.out[0].length, e.in[0].length, e.in[0].elements()))
	} else {
		f.Line().Comment("// Run computes the outputs of every sample of the inputs.")
	}
	f.Comment("// It may be called by several goroutines at once. The error is an *ErrShape.")
	f.Func().Params(jen.Id("m").Op("*").Id("Model")).Id("Run").Params(params...).Error().Block(
		jen.Id("s").Op(":=").Id("m").Dot("sessions").Dot("Get").Call().Assert(jen.Op("*").Id("Session")),
		jen.Defer().Id("m").Dot("sessions").Dot("Put").Call(jen.Id("s")),
		jen.Return(call),
	)
}

func (e *emitter) sessionType(f *jen.File) {
	f.Line().Comment("// A Session is the working memory of one run at a time. Its methods don't allocate.")
	var several []jen.Code
	if e.splits() {
		several = []jen.Code{
			jen.Id("alone").Index().Op("*").Id("Session").Comment("with several goroutines: one for each, for samples of its own"),
			jen.Id("share").Func().Params(jen.Op("*").Qual(e.rt, "Worker")).Comment("the method take"),
			jen.Id("count").Int().Comment("samples of the run in progress"),
			jen.Id("next").Qual("sync/atomic", "Int64").Comment("the first that nobody took"),
		}
	}
	f.Type().Id("Session").Struct(append([]jen.Code{
		jen.Id("model").Op("*").Id("Model"),
		jen.Id("buffers").Id("buffers"),
		jen.Id("taps").Id("taps"),
		jen.Id("call").Id("call").Comment("the run in progress"),
		jen.Id("team").Op("*").Qual(e.rt, "Team"),
		jen.Id("work").Func().Params(jen.Op("*").Qual(e.rt, "Worker")).Comment("the method run"),
		jen.Id("trace").Func().Params(append([]jen.Code{jen.Id("value").Int()}, e.shownParams()...)...).Comment("sees every value in a test, otherwise nil"),
	}, several...)...)
	f.Line().Comment("// Close ends the session's goroutines, if it has any. The session is of no use afterwards.")
	f.Func().Params(jen.Id("s").Op("*").Id("Session")).Id("Close").Params().Block(jen.Id("s").Dot("team").Dot("Close").Call())
	// func (s *Session) compute(n int, c call) {
	// 	if len(s.alone) > 0 && n >= len(s.alone) && s.trace == nil {
	// 		s.call, s.count = c, n
	// 		s.next.Store(0)
	// 		s.team.Do(s.share)
	// 	} else {
	// 		for i := range n {
	// 			s.call = sampleOf(&c, i)
	// 			s.team.Do(s.work)
	// 		}
	// 	}
	// 	s.call = call{}
	// }
	f.Line().Comment("// compute runs n samples: one after another, or some at a time.")
	f.Func().Params(jen.Id("s").Op("*").Id("Session")).Id("compute").Params(jen.Id("n").Int(), jen.Id("c").Id("call")).BlockFunc(func(g *jen.Group) {
		inTurn := jen.For(jen.Id("i").Op(":=").Range().Id("n")).Block(
			jen.Id("s").Dot("call").Op("=").Id("sampleOf").Call(jen.Op("&").Id("c"), jen.Id("i")),
			jen.Id("s").Dot("team").Dot("Do").Call(jen.Id("s").Dot("work")),
		)
		if e.splits() {
			g.If(jen.Len(jen.Id("s").Dot("alone")).Op(">").Lit(0).Op("&&").Id("n").Op(">=").Len(jen.Id("s").Dot("alone")).Op("&&").Id("s").Dot("trace").Op("==").Nil()).Block(
				jen.List(jen.Id("s").Dot("call"), jen.Id("s").Dot("count")).Op("=").List(jen.Id("c"), jen.Id("n")),
				jen.Id("s").Dot("next").Dot("Store").Call(jen.Lit(0)),
				jen.Id("s").Dot("team").Dot("Do").Call(jen.Id("s").Dot("share")),
			).Else().Block(inTurn)
		} else {
			g.Add(inTurn)
		}
		g.Id("s").Dot("call").Op("=").Id("call").Values()
	})
	if e.splits() {
		f.Line().Comment("// take computes samples in memory of this goroutine's own, as long as there are any.")
		f.Func().Params(jen.Id("s").Op("*").Id("Session")).Id("take").Params(jen.Id("w").Op("*").Qual(e.rt, "Worker")).Block(
			jen.Id("one").Op(":=").Id("s").Dot("alone").Index(jen.Id("w").Dot("ID").Call()),
			jen.For(jen.Id("i").Op(":=").Int().Call(jen.Id("s").Dot("next").Dot("Add").Call(jen.Lit(1))).Op("-").Lit(1),
				jen.Id("i").Op("<").Id("s").Dot("count"),
				jen.Id("i").Op("=").Int().Call(jen.Id("s").Dot("next").Dot("Add").Call(jen.Lit(1))).Op("-").Lit(1)).Block(
				jen.Id("one").Dot("compute").Call(jen.Lit(1), jen.Id("sampleOf").Call(jen.Op("&").Id("s").Dot("call"), jen.Id("i")))),
		)
	}
	e.method(f, "Run", "in", "Inputs", false, "Run computes the outputs of every sample of the inputs. The error is an *ErrShape.")
	if e.anyCodes() {
		e.method(f, "RunQuantized", "in", "QuantizedInputs", true, "RunQuantized is Run for inputs that are codes already. The error is an *ErrShape.")
	}
	if e.single() {
		x, y := &e.in[0], &e.out[0]
		f.Line().Comment(fmt.Sprintf("// %s computes dst from src: n samples of %s numbers each from n samples of %s %s, for any n > 0.", e.singleName(), y.length, x.length, x.elements()))
		f.Comment("// The error is an *ErrShape.")
		f.Func().Params(jen.Id("s").Op("*").Id("Session")).Id(e.singleName()).Params(e.singleParams()...).Error().Block(
			jen.List(jen.Id("n"), jen.Err()).Op(":=").Id("samples").Call(jen.Len(jen.Id("dst")), jen.Len(jen.Id("src"))),
			jen.If(jen.Err().Op("!=").Nil()).Block(jen.Return(jen.Err())),
			e.callRun(func(p *port) *jen.Statement {
				if p.field == y.field && p.length == y.length {
					return jen.Id("dst")
				}
				return jen.Id("src")
			}, false),
			jen.Return(jen.Nil()),
		)
	}
	for i, k := range e.shown() {
		args := []jen.Code{jen.Id("value")}
		for j := range e.shown() {
			if j == i {
				args = append(args, jen.Id(k.param))
			} else {
				args = append(args, jen.Nil())
			}
		}
		f.Line().Comment("// " + k.name + " shows a value that is held as " + k.param + ".")
		f.Func().Params(jen.Id("s").Op("*").Id("Session")).Id(k.name).Params(jen.Id("w").Op("*").Qual(e.rt, "Worker"), jen.Id("value").Int(), jen.Id(k.param).Add(sliceOf(k.kind))).Block(
			jen.If(jen.Id("s").Dot("trace").Op("==").Nil()).Block(jen.Return()),
			jen.If(jen.Id("w").Dot("First").Call()).Block(
				jen.Id("s").Dot("trace").Call(args...)),
			jen.Id("w").Dot("Wait").Call(),
		)
	}
}

// A showing is a method by which a run shows a value of a kind, and its parameter.
type showing struct {
	name, param string
	kind        plan.Kind
}

// shown are those that the package has.
func (e *emitter) shown() []showing {
	list := []showing{{"showCodes", "codes", plan.U8}, {"showNumbers", "numbers", plan.F32}}
	if e.indexed() {
		list = append(list, showing{"showIndices", "indices", plan.I64})
	}
	return list
}

// shownParams are the slices that the trace function takes, all but one of them nil.
func (e *emitter) shownParams() (params []jen.Code) {
	for _, k := range e.shown() {
		params = append(params, jen.Id(k.param).Add(sliceOf(k.kind)))
	}
	return params
}

// singleParams are dst and src.
func (e *emitter) singleParams() []jen.Code {
	if e.in[0].Kind == plan.F32 {
		return []jen.Code{jen.List(jen.Id("dst"), jen.Id("src")).Index().Float32()}
	}
	return []jen.Code{jen.Id("dst").Index().Float32(), jen.Id("src").Add(e.in[0].goType())}
}

// method is Run or RunQuantized.
func (e *emitter) method(f *jen.File, name, param, typ string, codes bool, doc string) {
	// func (s *Session) Run(out *Outputs, in *Inputs) error {
	// 	if in == nil || out == nil {
	// 		in, out = &Inputs{}, &Outputs{}
	// 	}
	// 	n, err := samples(len(out.Y), len(in.X))
	// 	…
	// 	s.compute(n, call{y: out.Y, x: in.X})
	// 	return nil
	// }
	field := func(p *port) *jen.Statement {
		for i := range e.out {
			if p == &e.out[i] {
				return jen.Id("out").Dot(p.field)
			}
		}
		return jen.Id(param).Dot(p.field)
	}
	var lens []jen.Code
	for i := range e.out {
		lens = append(lens, jen.Len(field(&e.out[i])))
	}
	for i := range e.in {
		lens = append(lens, jen.Len(field(&e.in[i])))
	}
	f.Line().Comment("// " + doc)
	f.Func().Params(jen.Id("s").Op("*").Id("Session")).Id(name).Params(jen.Id("out").Op("*").Id("Outputs"), jen.Id(param).Op("*").Id(typ)).Error().Block(
		jen.If(jen.Id(param).Op("==").Nil().Op("||").Id("out").Op("==").Nil()).Block(
			jen.List(jen.Id("out"), jen.Id(param)).Op("=").List(jen.Op("&").Id("Outputs").Values(), jen.Op("&").Id(typ).Values())),
		jen.List(jen.Id("n"), jen.Err()).Op(":=").Id("samples").Call(lens...),
		jen.If(jen.Err().Op("!=").Nil()).Block(jen.Return(jen.Err())),
		e.callRun(field, codes),
		jen.Return(jen.Nil()),
	)
}

// callRun is the call of compute for n samples, its slices given by field.
func (e *emitter) callRun(field func(*port) *jen.Statement, codes bool) jen.Code {
	var fields []jen.Code
	set := func(name string, v jen.Code) {
		fields = append(fields, jen.Id(name).Op(":").Add(v))
	}
	for i := range e.out {
		set(e.out[i].param, field(&e.out[i]))
	}
	for i := range e.in {
		x := &e.in[i]
		if x.codes && codes {
			set(x.codesParam, field(x))
		} else {
			set(x.param, field(x))
		}
	}
	return jen.Id("s").Dot("compute").Call(jen.Id("n"), jen.Id("call").Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: len(fields) > 2}, fields...))
}

func (e *emitter) sampleOf(f *jen.File) {
	// func sampleOf(c *call, i int) call {
	// 	one := *c
	// 	one.y = c.y[i*YLen : (i+1)*YLen]
	// 	return one
	// }
	f.Line().Comment("// sampleOf is sample i of a call of several.")
	f.Func().Id("sampleOf").Params(jen.Id("c").Op("*").Id("call"), jen.Id("i").Int()).Id("call").BlockFunc(func(g *jen.Group) {
		g.Id("one").Op(":=").Op("*").Id("c")
		cut := func(x *port, name string) jen.Code {
			return jen.Id("one").Dot(name).Op("=").Add(x.of(jen.Id("c").Dot(name)))
		}
		for _, x := range e.ports() {
			switch {
			case x.shared:
			case x.codes:
				g.If(jen.Id("c").Dot(x.codesParam).Op("!=").Nil()).Block(cut(&x, x.codesParam)).Else().Block(cut(&x, x.param))
			default:
				g.Add(cut(&x, x.param))
			}
		}
		g.Return(jen.Id("one"))
	})
}

func (e *emitter) sampleCount(f *jen.File) {
	// func samples(y, x int) (int, error) {
	// 	n := max(x/XLen, 1)
	// 	switch {
	// 	case x != n*XLen:
	// 		return 0, &ErrShape{"x", n * XLen, x}
	// 	}
	// 	return n, nil
	// }
	var names []jen.Code
	for _, x := range append(append([]port{}, e.out...), e.in...) {
		names = append(names, jen.Id(x.param))
	}
	counted := e.counted()
	f.Line().Comment("// samples is the number of samples in slices of the given lengths.")
	f.Func().Id("samples").Params(jen.List(names...).Int()).Params(jen.Int(), jen.Error()).Block(
		jen.Id("n").Op(":=").Max(jen.Id(counted.param).Op("/").Id(counted.length), jen.Lit(1)),
		jen.Switch().BlockFunc(func(g *jen.Group) {
			for _, x := range e.ports() {
				want := jen.Id("n").Op("*").Id(x.length)
				if x.shared {
					want = jen.Id(x.length)
				}
				g.Case(jen.Id(x.param).Op("!=").Add(want)).Block(
					jen.Return(jen.Lit(0), jen.Op("&").Id("ErrShape").Values(jen.Lit(x.Name), want.Clone(), jen.Id(x.param))))
			}
		}),
		jen.Return(jen.Id("n"), jen.Nil()),
	)
}

// counted is the port whose length says how many samples there are.
func (e *emitter) counted() *port {
	for i := range e.in {
		if !e.in[i].shared {
			return &e.in[i]
		}
	}
	return &e.in[0]
}
