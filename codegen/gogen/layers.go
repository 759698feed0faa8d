package gogen

import (
	"fmt"
	"reflect"

	"github.com/dave/jennifer/jen"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/runtime/rt"
)

// layersFile is layers.go: the constant arguments of every step, the working memory, and the steps.
func (e *emitter) layersFile() *jen.File {
	f := e.file()
	e.layerStruct(f)
	e.layerLoad(f)
	e.arguments(f)
	e.bufferStruct(f)
	e.tapStruct(f)
	e.callStruct(f)
	e.run(f)
	return f
}

// importArgs describes how codes given in row-major order come to where a quantize step puts them.
func (e *emitter) importArgs(s *plan.Step) jen.Code {
	q := s.Args.(*rt.QuantizeArgs)
	p := rt.Permute{Dims: []int{q.N, q.P, q.C}, From: []int{q.C * q.P, 1, q.P}}
	if q.C == 1 {
		p = rt.Permute{Dims: []int{q.N * q.P}, From: []int{1}}
	}
	return e.literal(reflect.ValueOf(p), false)
}

func (e *emitter) layerStruct(f *jen.File) {
	// type layers struct {
	// 	conv1 rt.Conv // q.conv2d "/conv1/Conv": 1x1x28x28 codes -> 1x8x24x24 codes
	// }
	var fields []jen.Code
	for _, s := range e.steps {
		if s.layer {
			fields = append(fields, jen.Id(s.name).Add(e.typeName(reflect.TypeOf(s.Args).Elem())).Add(lineComment(s.title())))
		}
	}
	for i, name := range e.consts {
		if name != "" {
			fields = append(fields, jen.Id(name).Add(sliceOf(e.p.Consts[i].Kind)).Add(lineComment("constant "+e.p.Consts[i].Name)))
		}
	}
	f.Comment("// layers are the layers that have weights. They are read-only once loaded.")
	f.Type().Id("layers").Struct(fields...)
}

func (e *emitter) layerLoad(f *jen.File) {
	// func (l *layers) load(w section) {
	// 	// q.conv2d "/conv1/Conv"
	// 	l.conv1 = rt.Conv{…, Packed: rt.Packed{Weights: w.i8(64, 448), …}}
	// }
	f.Line().Comment("// load takes the weights from their sections of the file.")
	f.Func().Params(jen.Id("l").Op("*").Id("layers")).Id("load").Params(jen.Id("w").Id("section")).BlockFunc(func(g *jen.Group) {
		for _, s := range e.steps {
			if !s.layer {
				continue
			}
			g.Add(lineComment(s.comment))
			g.Id("l").Dot(s.name).Op("=").Add(s.literal)
			if prepares(s.Args) {
				g.Id("l").Dot(s.name).Dot("Prepare").Call()
			}
		}
		for i, name := range e.consts {
			if name == "" {
				continue
			}
			var data any = e.p.Consts[i].F32
			if e.p.Consts[i].Kind == plan.U8 {
				data = e.p.Consts[i].U8
			}
			g.Id("l").Dot(name).Op("=").Add(e.section(data))
		}
	})
}

func (e *emitter) arguments(f *jen.File) {
	// var (
	// 	// nn.max_pool2d "/pool1/MaxPool": 1x8x24x24 codes -> 1x8x8x8 codes
	// 	pool1 = rt.Pool{…}
	// )
	var vars []jen.Code
	for _, s := range e.steps {
		if !s.layer {
			vars = append(vars, lineComment(s.comment), jen.Id(s.name).Op("=").Add(s.literal))
		}
		if s.codes != nil {
			vars = append(vars, lineComment("codes of input "+e.in[s.input].Name), jen.Id(s.codesName).Op("=").Add(s.codes))
		}
	}
	if len(vars) > 0 {
		f.Line().Comment("// The arguments of kernels without weights. They are read-only.")
		f.Var().Defs(vars...)
	}
}

func (e *emitter) bufferStruct(f *jen.File) {
	// type buffers struct {
	// 	conv1 []uint8 // 4608 bytes at 896, in use from step 1 to step 2
	// }
	var fields []jen.Code
	for i, name := range e.buffers {
		b := &e.p.Buffers[i]
		fields = append(fields, jen.Id(name).Add(sliceOf(b.Kind)).Add(lineComment(fmt.Sprintf("%d bytes at %d, in use from step %d to step %d", b.Bytes(), b.Offset, b.First, b.Last))))
	}
	f.Line().Comment("// buffers are the parts of a session's working memory. Parts that are in use at different times share bytes.")
	f.Type().Id("buffers").Struct(fields...)
	f.Line().Func().Params(jen.Id("b").Op("*").Id("buffers")).Id("place").Params(jen.Id("mem").Op("*").Qual(e.rt, "Mem")).BlockFunc(func(g *jen.Group) {
		for i, name := range e.buffers {
			b := &e.p.Buffers[i]
			view := [...]string{plan.U8: "U8", plan.I32: "I32", plan.F32: "F32", plan.I64: "I64"}[b.Kind]
			g.Id("b").Dot(name).Op("=").Id("mem").Dot(view).Call(jen.Lit(b.Offset), jen.Lit(b.Len))
		}
	})
}

// tapStruct declares what fused kernels fill in a test.
func (e *emitter) tapStruct(f *jen.File) {
	// type taps struct {
	// 	conv2 []uint8 // 4704 codes
	// }
	var fields []jen.Code
	for i, name := range e.taps {
		fields = append(fields, jen.Id(name).Index().Uint8().Add(lineComment(fmt.Sprintf("%s, %d codes", e.p.Taps[i].Name, e.p.Taps[i].Len))))
	}
	f.Line().Comment("// taps are values inside fused kernels, which are in memory only in the package's test.")
	f.Type().Id("taps").Struct(fields...)
}

// openTaps is the function that makes a session fill its taps.
func (e *emitter) openTaps(f *jen.File) {
	f.Line().Comment("// openTaps lets fused kernels show what they compute on the way.")
	f.Func().Id("openTaps").Params(jen.Id("s").Op("*").Id("Session")).BlockFunc(func(g *jen.Group) {
		for i, name := range e.taps {
			g.Id("s").Dot("taps").Dot(name).Op("=").Make(jen.Index().Uint8(), jen.Lit(e.p.Taps[i].Len))
		}
	})
}

// callStruct declares what one run is about.
func (e *emitter) callStruct(f *jen.File) {
	// type call struct {
	// 	y, x   []float32
	// 	xCodes []int8
	// }
	var fields []jen.Code
	for i := range e.out {
		fields = append(fields, jen.Id(e.out[i].param).Add(e.out[i].goType()))
	}
	for i := range e.in {
		fields = append(fields, jen.Id(e.in[i].param).Add(e.in[i].goType()))
		if e.in[i].codes {
			fields = append(fields, jen.Id(e.in[i].codesParam).Index().Int8().Comment("in place of "+e.in[i].param))
		}
	}
	f.Line().Comment("// A call holds every input and output, of one sample or of several.")
	f.Type().Id("call").Struct(fields...)
}

func (e *emitter) run(f *jen.File) {
	// func (s *Session) run(w *rt.Worker) {
	// 	b, l, c := &s.buffers, &s.model.layers, &s.call
	// 	// q.conv2d "/conv1/Conv": 1x1x28x28 codes -> 1x8x24x24 codes
	// 	rt.Conv2D(w, &l.conv1, b.conv1, b.quantize, nil)
	// 	s.showCodes(w, 1, b.conv1)
	// }
	f.Line().Comment("// run computes one sample with all workers. The show calls do nothing outside the package's test.")
	if e.anyCodes() {
		f.Comment("// An input that is given as codes is not quantized.")
	}
	f.Func().Params(jen.Id("s").Op("*").Id("Session")).Id("run").Params(jen.Id("w").Op("*").Qual(e.rt, "Worker")).BlockFunc(func(g *jen.Group) {
		usesBuffers, usesLayers := e.uses()
		names, values := []jen.Code{jen.Id("c")}, []jen.Code{jen.Op("&").Id("s").Dot("call")}
		if usesLayers {
			names, values = append([]jen.Code{jen.Id("l")}, names...), append([]jen.Code{jen.Op("&").Id("s").Dot("model").Dot("layers")}, values...)
		}
		if usesBuffers {
			names, values = append([]jen.Code{jen.Id("b")}, names...), append([]jen.Code{jen.Op("&").Id("s").Dot("buffers")}, values...)
		}
		g.List(names...).Op(":=").List(values...)
		shown := e.show(g, 0, 0)
		for i, s := range e.steps {
			g.Line().Add(lineComment(s.comment))
			args := jen.Op("&").Id(s.name)
			if s.layer {
				args = jen.Op("&").Id("l").Dot(s.name)
			}
			call := []jen.Code{jen.Id("w"), args}
			for _, slot := range s.Slots {
				call = append(call, e.slot(slot))
			}
			kernel := jen.Qual(e.rt, s.Kernel).Call(call...)
			if s.codes == nil {
				g.Add(kernel)
			} else {
				codes := jen.Id("c").Dot(e.in[s.input].codesParam)
				g.If(codes.Clone().Op("==").Nil()).Block(kernel).Else().Block(
					jen.Qual(e.rt, "ImportCodes").Call(jen.Id("w"), jen.Op("&").Id(s.codesName), e.slot(s.Slots[0]), codes))
			}
			e.count(g, i)
			shown = e.show(g, shown, i+1)
		}
	})
}

// uses says whether run names buffers and layers.
func (e *emitter) uses() (buffers, layers bool) {
	slot := func(s plan.Slot) {
		buffers = buffers || s.In == plan.Arena
		layers = layers || s.In == plan.Constant && e.consts[s.Index] != ""
	}
	for _, s := range e.steps {
		layers = layers || s.layer
		for _, x := range s.Slots {
			slot(x)
		}
	}
	for _, t := range e.p.Traces {
		slot(t.From)
	}
	return buffers, layers
}

// show emits the trace calls of the values that are there after the given number of steps.
func (e *emitter) show(g *jen.Group, shown, after int) int {
	for ; shown < len(e.p.Traces) && e.p.Traces[shown].After == after; shown++ {
		t := &e.p.Traces[shown]
		name := map[plan.Kind]string{plan.U8: "showCodes", plan.F32: "showNumbers", plan.I64: "showIndices"}[t.Kind]
		g.Id("s").Dot(name).Call(jen.Id("w"), jen.Lit(shown), e.slot(t.From))
	}
	return shown
}
