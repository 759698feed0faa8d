package gogen

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
)

// A step is a kernel call as the emitted package shows it.
type step struct {
	*plan.Step
	name    string   // of its arguments
	layer   bool     // the arguments have weights, so they are a field of layers; otherwise a variable
	comment string   // what it computes
	literal jen.Code // the arguments
	codes   jen.Code // arguments of ImportCodes that take the place of this step; nil for most
	input   int      // the input that codes are for

	codesName string
}

// nameSteps finds a name for the arguments of every step, and for every buffer and constant, and puts
// the weights into the file in the order of the steps.
func (e *emitter) nameSteps() {
	steps := newScope(append(packageNames, localNames...)...)
	for _, x := range e.ports() {
		steps[x.param], steps[x.codesParam] = true, true
	}
	for i := range e.p.Steps {
		s := &e.p.Steps[i]
		at := step{Step: s, name: steps.pick(e.stepName(i)), layer: fromFile(s.Args), comment: e.comment(i)}
		at.literal = e.literal(reflect.ValueOf(s.Args).Elem(), at.layer)
		for j, x := range e.in {
			if x.codes && e.quantizer(j) == s {
				at.codes, at.codesName, at.input = e.importArgs(s), steps.pick(at.name+"Codes"), j
			}
		}
		e.steps = append(e.steps, at)
	}
	buffers := newScope(localNames...)
	e.buffers = make([]string, len(e.p.Buffers))
	for _, s := range e.steps {
		for j, slot := range s.Slots {
			if slot.In != plan.Arena || e.buffers[slot.Index] != "" {
				continue
			}
			name := s.name
			if j > 0 {
				name += map[plan.Kind]string{plan.U8: "Padded", plan.I32: "Sums", plan.I64: "Indices"}[e.p.Kind(slot)]
			}
			e.buffers[slot.Index] = buffers.pick(name)
		}
	}
	for i := range e.buffers {
		if e.buffers[i] == "" {
			e.buffers[i] = buffers.pick("unused")
		}
	}
	taps := newScope()
	for _, t := range e.p.Taps {
		e.taps = append(e.taps, taps.pick(layerIdent(t.Name)))
	}
	for i := range e.p.Consts {
		name := ""
		if e.p.Consts[i].Len() > 0 {
			name = steps.pick(ident(e.p.Consts[i].Name, "constant"))
		}
		e.consts = append(e.consts, name)
	}
}

// stepName is the wanted name of step i: that of its layer, or of the value that it serves.
func (e *emitter) stepName(i int) string {
	s := &e.p.Steps[i]
	if s.Node == nil {
		for _, slot := range s.Slots {
			switch slot.In {
			case plan.Input:
				return "load" + exported(e.in[slot.Index].param)
			case plan.Output:
				return "store" + exported(e.out[slot.Index].param)
			}
		}
		return ident(s.Kernel, "step")
	}
	name := s.Node.Name
	if name == "" {
		name = s.Node.Result().Name
	}
	n := layerIdent(name)
	if e.isMove(s) {
		n += "Order"
	}
	return n
}

// isMove says whether a step only brings an operand of its node into another order.
func (e *emitter) isMove(s *plan.Step) bool {
	return s.Node != nil && strings.HasPrefix(s.Kernel, "Permute") && s.Node.Op.Name != "nn.transpose"
}

// comment says what a step does: the operator, the layer's name in the network, and the shapes.
func (e *emitter) comment(i int) string {
	s := &e.p.Steps[i]
	switch {
	case s.Node == nil && s.Slots[0].In == plan.Output:
		p := e.out[s.Slots[0].Index]
		return fmt.Sprintf("output %s: %s", p.Name, describe(p.Type))
	case s.Node == nil:
		for _, slot := range s.Slots {
			if slot.In == plan.Input {
				p := e.in[slot.Index]
				return fmt.Sprintf("input %s: %s", p.Name, describe(p.Type))
			}
		}
		return s.Kernel
	case e.isMove(s):
		return fmt.Sprintf("an operand of %s in the order that its kernel reads", subject(s.Node))
	}
	var from []string
	for _, v := range s.Node.Operands {
		if !v.IsConst() {
			from = append(from, describe(e.bound(v)))
		}
	}
	return fmt.Sprintf("%s: %s -> %s", subject(s.Node), strings.Join(from, ", "), describe(e.bound(s.Node.Result())))
}

func (e *emitter) bound(v *ir.Value) ir.Type { return v.Type.Bind(e.p.Batch) }

// subject is a node's operator and layer.
func subject(n *ir.Node) string { return oneLine(n.Subject()) }

// lineComment is text as a comment; jennifer would take some texts for comment markers otherwise.
func lineComment(text string) jen.Code { return jen.Comment("// " + oneLine(text)) }

// slot is the expression for a slice inside run: b.conv1, x, l.scale.
func (e *emitter) slot(s plan.Slot) jen.Code {
	switch s.In {
	case plan.Input:
		return jen.Id("c").Dot(e.in[s.Index].param)
	case plan.Output:
		return jen.Id("c").Dot(e.out[s.Index].param)
	case plan.Constant:
		if e.consts[s.Index] == "" {
			return jen.Nil()
		}
		return jen.Id("l").Dot(e.consts[s.Index])
	case plan.Tapped:
		return jen.Id("s").Dot("taps").Dot(e.taps[s.Index])
	}
	return jen.Id("b").Dot(e.buffers[s.Index])
}

// title is the operator and the layer's name.
func (s *step) title() string {
	if s.Node == nil {
		return s.comment
	}
	return subject(s.Node)
}
