package plan

import (
	"fmt"
	"strings"

	"github.com/amctc/amctc/runtime/rt"
)

// Layer is the name of the step's node; of a step that brings an input or output into another order,
// that of the input or output.
func (p *Plan) Layer(s *Step) string {
	if s.Node != nil {
		return s.Node.Name
	}
	for _, slot := range s.Slots {
		switch slot.In {
		case Input:
			return p.Inputs[slot.Index].Name
		case Output:
			return p.Outputs[slot.Index].Name
		}
	}
	return ""
}

// Describe is the step's kernel and the sizes that its speed depends on: window, stride when it is not
// 1, channels in and out, as in "Conv2D 3x3 /2 64->128".
func (s *Step) Describe() string {
	var w *rt.Window
	channels := ""
	through := func(n ...int) string {
		var t []string
		for _, c := range n {
			t = append(t, fmt.Sprint(c))
		}
		return strings.Join(t, "->")
	}
	switch a := s.Args.(type) {
	case *rt.Conv:
		w, channels = &a.Window, through(a.C, a.Out)
	case *rt.ConvAddArgs:
		w, channels = &a.Window, through(a.C, a.Out)
	case *rt.ConvWideArgs:
		w, channels = &a.Window, through(a.C, a.Out)
	case *rt.ConvGroupsWideArgs:
		w, channels = &a.Window, through(a.C, a.Out)+fmt.Sprintf(" in %d", a.Group)
	case *rt.DepthwiseWideArgs:
		w, channels = &a.Window, through(a.C)
	case *rt.ConvGroupsArgs:
		w, channels = &a.Window, through(a.C, a.Out)+fmt.Sprintf(" in %d", a.Group)
	case *rt.DepthwiseArgs:
		w, channels = &a.Window, through(a.C)
	case *rt.StripsArgs:
		w, channels = &a.Middle.Window, through(a.Middle.C, a.Project.Out)
		if a.Expand.Out > 0 {
			channels = through(a.Expand.C, a.Middle.C, a.Project.Out)
		}
	case *rt.ConvF32Args:
		w, channels = &a.Window, through(a.C, a.Out)
		if a.Group > 1 {
			channels += fmt.Sprintf(" in %d", a.Group)
		}
	case *rt.ConvComputedF32Args:
		w, channels = &a.Window, through(a.C, a.Out)
	case *rt.DepthwiseF32Args:
		w, channels = &a.Window, through(a.C)
	case *rt.DenseF32Args:
		channels = through(a.K, a.Out)
	case *rt.DenseComputedF32Args:
		channels = through(a.K, a.Out)
	case *rt.Products:
		channels = through(a.K, a.Out)
	case *rt.MatMulArgs:
		channels = through(a.K, a.Out)
	case *rt.Pool:
		w, channels = &a.Window, through(a.C)
	case *rt.AvgPoolF32Args:
		w, channels = &a.Window, through(a.C)
	case *rt.AvgPoolCodesArgs:
		w, channels = &a.Window, through(a.C)
	default:
		return s.Kernel
	}
	text := s.Kernel
	if w != nil {
		text += fmt.Sprintf(" %dx%d", w.KH, w.KW)
		switch {
		case w.SH != w.SW:
			text += fmt.Sprintf(" /%dx%d", w.SH, w.SW)
		case w.SH > 1:
			text += fmt.Sprintf(" /%d", w.SH)
		}
	}
	return text + " " + channels
}
