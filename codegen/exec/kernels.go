package exec

import (
	"reflect"
	"slices"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// kernels are the functions that plans name.
var kernels = map[string]any{
	"AddCodes":         rt.AddCodes,
	"AddF32":           rt.AddF32,
	"AvgPoolCodes":     rt.AvgPoolCodes,
	"AvgPoolF32":       rt.AvgPoolF32,
	"BatchNormF32":     rt.BatchNormF32,
	"ClipCodes":        rt.ClipCodes,
	"ClipF32":          rt.ClipF32,
	"ConcatF32":        rt.ConcatF32,
	"ConcatU8":         rt.ConcatU8,
	"Conv2D":           rt.Conv2D,
	"Conv2DAdd":        rt.Conv2DAdd,
	"Conv2DToF32":      rt.Conv2DToF32,
	"ConvGroups":       rt.ConvGroups,
	"ConvGroupsToF32":  rt.ConvGroupsToF32,
	"ConvComputedF32":  rt.ConvComputedF32,
	"ConvF32":          rt.ConvF32,
	"DenseComputedF32": rt.DenseComputedF32,
	"DenseF32":         rt.DenseF32,
	"Depthwise":        rt.Depthwise,
	"DepthwiseF32":     rt.DepthwiseF32,
	"DepthwiseToF32":   rt.DepthwiseToF32,
	"Dequantize":       rt.Dequantize,
	"ExportCodes":      rt.ExportCodes,
	"FakeQuantize":     rt.FakeQuantize,
	"ImportCodes":      rt.ImportCodes,
	"MaxPoolF32":       rt.MaxPoolF32,
	"MaxPoolU8":        rt.MaxPoolU8,
	"MulCodes":         rt.MulCodes,
	"MulF32":           rt.MulF32,
	"PadF32":           rt.PadF32,
	"PadU8":            rt.PadU8,
	"PermuteF32":       rt.PermuteF32,
	"PermuteU8":        rt.PermuteU8,
	"Quantize":         rt.Quantize,
	"ReluF32":          rt.ReluF32,
	"Rescale":          rt.Rescale,
	"SoftmaxF32":       rt.SoftmaxF32,
	"Strips":           rt.Strips,
}

// A call is a kernel with its arguments.
type call struct {
	f      reflect.Value
	args   []reflect.Value // with taps
	silent []reflect.Value // without
}

func (c *call) run(tapped bool) {
	if tapped {
		c.f.Call(c.args)
		return
	}
	c.f.Call(c.silent)
}

// bind prepares the step's arguments and finds its slices.
func bind(m *memory, s *plan.Step) call {
	args := reflect.New(reflect.TypeOf(s.Args).Elem())
	args.Elem().Set(reflect.ValueOf(s.Args).Elem())
	if p, ok := args.Interface().(interface{ Prepare() }); ok {
		p.Prepare()
	}
	first := []reflect.Value{reflect.ValueOf(m.worker), args}
	c := call{f: reflect.ValueOf(kernels[s.Kernel]), args: first, silent: slices.Clone(first)}
	for _, slot := range s.Slots {
		v := reflect.ValueOf(m.slice(slot))
		c.args = append(c.args, v)
		if slot.In == plan.Tapped {
			v = v.Slice(0, 0)
		}
		c.silent = append(c.silent, v)
	}
	return c
}

// A show puts a traced value into a canonical tensor.
type show struct {
	f      reflect.Value
	args   []reflect.Value
	tensor *tensor.Tensor
}

func newShow(m *memory, t *plan.Trace) show {
	out := tensor.New(t.Type.DType, t.Type.Shape...)
	s := show{tensor: out}
	worker, args := reflect.ValueOf(m.worker), reflect.ValueOf(&t.Canonical)
	src := reflect.ValueOf(m.slice(t.From))
	switch {
	case t.Kind == plan.F32:
		s.f, s.args = reflect.ValueOf(rt.PermuteF32), []reflect.Value{worker, args, reflect.ValueOf(out.F32), src}
	case m.p.Kind(t.From) == plan.I8: // a parameter seen through an alias
		s.f, s.args = reflect.ValueOf(func(dst, src []int8) { copy(dst, src) }), []reflect.Value{reflect.ValueOf(out.I8), src}
	default:
		s.f, s.args = reflect.ValueOf(rt.ExportCodes), []reflect.Value{worker, args, reflect.ValueOf(out.I8), src}
	}
	return s
}
