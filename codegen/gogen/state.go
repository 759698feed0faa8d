package gogen

import (
	"fmt"
	"strings"

	"github.com/amctc/amctc/codegen/plan"
)

// A network with state reads what it computed in the step before: some of its outputs are inputs of the next
// step. The emitted package keeps them for each stream.

// A StatePair is an input, by its place, and the output that is its value in the next step.
type StatePair struct{ In, Out int }

// checkState refuses pairs that are no state.
func checkState(p *plan.Plan, pairs []StatePair) error {
	in, out := make(map[int]bool), make(map[int]bool)
	for _, s := range pairs {
		if s.In < 0 || s.In >= len(p.Inputs) || s.Out < 0 || s.Out >= len(p.Outputs) || in[s.In] || out[s.Out] {
			return fmt.Errorf("input %d and output %d are no state, or twice", s.In, s.Out)
		}
		in[s.In], out[s.Out] = true, true
		if x, y := p.Inputs[s.In].Type, p.Outputs[s.Out].Type; !x.Equal(y) {
			return fmt.Errorf("the state %s is %s, and %s, which is its next value, %s", p.Inputs[s.In].Name, x, p.Outputs[s.Out].Name, y)
		}
	}
	return nil
}

// hasState says whether the package keeps states.
func (e *emitter) hasState() bool { return len(e.opt.State) > 0 }

// stateOf is the output that follows input i, or -1.
func (e *emitter) stateOf(input int) int {
	for _, s := range e.opt.State {
		if s.In == input {
			return s.Out
		}
	}
	return -1
}

// stepPorts are the inputs and outputs beside the state.
func (e *emitter) stepPorts() (in, out []*port) {
	for i := range e.in {
		if e.stateOf(i) < 0 {
			in = append(in, &e.in[i])
		}
	}
	fed := make(map[int]bool)
	for _, s := range e.opt.State {
		fed[s.Out] = true
	}
	for i := range e.out {
		if !fed[i] {
			out = append(out, &e.out[i])
		}
	}
	return in, out
}

// goElem is the type of a port's elements.
func (x *port) goElem() string {
	return map[plan.Kind]string{plan.U8: "uint8", plan.I8: "int8", plan.F32: "float32"}[x.Kind]
}

// lines writes a line of text for each of a list.
func lines[T any](list []T, line func(T) string) string {
	var b strings.Builder
	for _, x := range list {
		if s := line(x); s != "" {
			b.WriteString(s + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// stateFields are the fields of State, by input.
func (e *emitter) stateFields() map[int]string {
	scope, out := newScope("Reset"), make(map[int]string)
	for _, s := range e.opt.State {
		out[s.In] = scope.pick(e.in[s.In].field)
	}
	return out
}

// stateFile is state.go.
func (e *emitter) stateFile() ([]byte, error) {
	fields := e.stateFields()
	in, out := e.stepPorts()
	state := func(line func(field string, x, y *port) string) string {
		return lines(e.opt.State, func(s StatePair) string { return line(fields[s.In], &e.in[s.In], &e.out[s.Out]) })
	}
	ports := func(list []*port) string {
		return lines(list, func(x *port) string {
			text := oneLine(x.Name) + ", " + e.about(x)
			if x.shared {
				text += ", one for all steps"
			}
			return fmt.Sprintf("%s []%s // %s", x.field, x.goElem(), text)
		})
	}
	wrong := func(name, want, got string) string {
		return fmt.Sprintf("case %s != %s:\n\treturn 0, &ErrShape{%q, %s, %s}", got, want, name, want, got)
	}
	length := func(of string) func(*port) string {
		return func(x *port) string {
			want := "n*" + x.length
			if x.shared {
				want = x.length
			}
			return wrong(x.Name, want, fmt.Sprintf("len(%s.%s)", of, x.field))
		}
	}
	part := func(of string) func(*port) string {
		return func(x *port) string {
			v := fmt.Sprintf("%s.%s", of, x.field)
			if !x.shared {
				v += fmt.Sprintf("[i*%s:(i+1)*%s]", x.length, x.length)
			}
			return fmt.Sprintf("%s: %s,", x.param, v)
		}
	}
	count := "1"
	for _, list := range []struct {
		of    string
		ports []*port
	}{{"out", out}, {"in", in}} {
		for _, x := range list.ports {
			if !x.shared {
				count = fmt.Sprintf("max(len(%s.%s)/%s, 1)", list.of, x.field, x.length)
			}
		}
	}
	text := strings.NewReplacer(
		"STATE_FIELDS", state(func(f string, x, _ *port) string {
			return fmt.Sprintf("%s []%s // %s of the next step, %s", f, x.goElem(), oneLine(x.Name), e.about(x))
		}),
		"NEXT_FIELDS", state(func(f string, x, _ *port) string { return fmt.Sprintf("next%s []%s", f, x.goElem()) }),
		"MAKE_STATE", state(func(f string, x, _ *port) string { return fmt.Sprintf("%s: make([]%s, %s),", f, x.goElem(), x.length) }),
		"MAKE_NEXT", state(func(f string, x, _ *port) string {
			return fmt.Sprintf("next%s: make([]%s, %s),", f, x.goElem(), x.length)
		}),
		"CLEAR_STATE", state(func(f string, x, _ *port) string {
			if x.Type.IsQuant() {
				return fmt.Sprintf("for i := range st.%s {\n\tst.%s[i] = %d\n}", f, f, x.Type.Quant.Offset[0])
			}
			return fmt.Sprintf("clear(st.%s)", f)
		}),
		"IN_FIELDS", ports(in), "OUT_FIELDS", ports(out),
		"COUNT", count,
		"CHECK_STATE", state(func(f string, x, _ *port) string { return wrong(x.Name, x.length, "len(st."+f+")") }),
		"CHECK_IN", lines(in, length("in")), "CHECK_OUT", lines(out, length("out")),
		"ROOM", state(func(f string, x, _ *port) string {
			return fmt.Sprintf("if len(st.next%s) != %s {\n\tst.next%s = make([]%s, %s)\n}", f, x.length, f, x.goElem(), x.length)
		}),
		"CALL_OUT", lines(out, part("out")), "CALL_IN", lines(in, part("in")),
		"CALL_STATE", state(func(f string, x, y *port) string {
			return fmt.Sprintf("%s: st.%s,\n%s: st.next%s,", x.param, f, y.param, f)
		}),
		"KEEP", state(func(f string, _, _ *port) string { return fmt.Sprintf("copy(st.%s, st.next%s)", f, f) }),
	).Replace(stateText)
	return e.fill(text, "")
}

// stateText is state.go.
const stateText = `package PACKAGE

// A State is what one stream of samples hands from each step to the next. It serves one goroutine at a time; any
// number of states belong to one model. Between steps its fields may be read, stored and set.
type State struct {
	STATE_FIELDS

	// What the step in progress gives.
	NEXT_FIELDS
}

// NewState is the state of a stream before its first step: zeros.
func (m *Model) NewState() *State {
	st := &State{
		MAKE_STATE
		MAKE_NEXT
	}
	st.Reset()
	return st
}

// Reset takes a stream back to before its first step.
func (st *State) Reset() {
	CLEAR_STATE
}

// StepInputs are the inputs beside the state: those of any whole number of steps of one stream, one after another.
type StepInputs struct {
	IN_FIELDS
}

// StepOutputs receive as many steps as the inputs hold. They must not overlap the inputs.
type StepOutputs struct {
	OUT_FIELDS
}

// Step computes the steps that the inputs hold, each with the state that the one before it left, and leaves the
// state of the last one in st. It allocates nothing. The error is an *ErrShape, and then nothing has changed.
func (s *Session) Step(st *State, out *StepOutputs, in *StepInputs) error {
	if st == nil || out == nil || in == nil {
		st, out, in = &State{}, &StepOutputs{}, &StepInputs{}
	}
	n, err := steps(st, out, in)
	if err != nil {
		return err
	}
	for i := range n {
		s.compute(1, call{
			CALL_OUT
			CALL_IN
			CALL_STATE
		})
		KEEP
	}
	return nil
}

// Step is that of a session. It may be called by several goroutines at once, with a state for each.
func (m *Model) Step(st *State, out *StepOutputs, in *StepInputs) error {
	s := m.sessions.Get().(*Session)
	defer m.sessions.Put(s)
	return s.Step(st, out, in)
}

// steps is the number of steps that the slices hold.
func steps(st *State, out *StepOutputs, in *StepInputs) (int, error) {
	n := COUNT
	switch {
	CHECK_STATE
	CHECK_OUT
	CHECK_IN
	}
	ROOM
	return n, nil
}
`

// stateTestFile is state_test.go: the recorded samples are the steps of one stream.
func (e *emitter) stateTestFile() ([]byte, error) {
	fields := e.stateFields()
	in, out := e.stepPorts()
	text := strings.NewReplacer(
		"COPY_IN", lines(in, func(x *port) string { return fmt.Sprintf("%s: in.%s,", x.field, x.field) }),
		"ADD_IN", lines(in, func(x *port) string {
			if x.shared {
				return fmt.Sprintf("all.%s = one.%s", x.field, x.field)
			}
			return fmt.Sprintf("all.%s = append(all.%s, one.%s...)", x.field, x.field, x.field)
		}),
		"MAKE_OUT", lines(out, func(x *port) string {
			if x.shared {
				return fmt.Sprintf("%s: make([]%s, %s),", x.field, x.goElem(), x.length)
			}
			return fmt.Sprintf("%s: make([]%s, n*%s),", x.field, x.goElem(), x.length)
		}),
		"PART_OUT", lines(out, func(x *port) string {
			if x.shared {
				return fmt.Sprintf("%s: out.%s,", x.field, x.field)
			}
			return fmt.Sprintf("%s: out.%s[i*%s:(i+1)*%s],", x.field, x.field, x.length, x.length)
		}),
		"JOIN_STATE", lines(e.opt.State, func(s StatePair) string {
			return fmt.Sprintf("%s: st.%s,", e.out[s.Out].field, fields[s.In])
		}),
		"JOIN_OUT", lines(out, func(x *port) string { return fmt.Sprintf("%s: out.%s,", x.field, x.field) }),
		"EXAMPLE_IN", lines(in, func(x *port) string { return fmt.Sprintf("%s: make([]%s, %s),", x.field, x.goElem(), x.length) }),
		"EXAMPLE_OUT", lines(out, func(x *port) string { return fmt.Sprintf("%s: make([]%s, %s),", x.field, x.goElem(), x.length) }),
		"FIRST_STATE", fields[e.opt.State[0].In], "FIRST_LEN", fmt.Sprint(e.in[e.opt.State[0].In].Len),
	).Replace(stateTestText)
	return e.fill(text, "")
}

const stateTestText = `package PACKAGE

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// stepInputs are the inputs of recorded step i beside the state.
func stepInputs(i int) *StepInputs {
	in := decodeInputs(inputOf(i), 1)
	_ = in
	return &StepInputs{
		COPY_IN
	}
}

// newStepOutputs makes room for n steps.
func newStepOutputs(n int) *StepOutputs {
	return &StepOutputs{
		MAKE_OUT
	}
}

// stepOutput is the part of step i.
func stepOutput(out *StepOutputs, i int) *StepOutputs {
	return &StepOutputs{
		PART_OUT
	}
}

// given are the bytes of the outputs and the state of one step, as they are recorded.
func given(st *State, out *StepOutputs) []byte {
	return encodeOutputs(&Outputs{
		JOIN_STATE
		JOIN_OUT
	}, 0)
}

// TestState holds that a stream gives the recorded steps: one at a time, beside another stream, again after a
// reset, and all at once.
func TestState(t *testing.T) {
	m := model(t)
	s, st, other := m.NewSession(), m.NewState(), m.NewState()
	for round := range 2 {
		for i := range recordedSamples {
			out := newStepOutputs(1)
			if err := s.Step(st, out, stepInputs(i)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(given(st, out), outputOf(i)) {
				t.Errorf("round %d, step %d: outputs and state are not the recorded ones", round, i)
			}
			if err := m.Step(other, newStepOutputs(1), stepInputs(0)); err != nil {
				t.Fatal(err)
			}
		}
		st.Reset()
	}
	all, out := &StepInputs{}, newStepOutputs(recordedSamples)
	for i := range recordedSamples {
		one := stepInputs(i)
		_ = one
		ADD_IN
	}
	if err := s.Step(st, out, all); err != nil {
		t.Fatal(err)
	}
	last := recordedSamples - 1
	if !bytes.Equal(given(st, stepOutput(out, last)), outputOf(last)) {
		t.Error("all steps at once do not end as one at a time")
	}
}

// TestStateAllocs holds that a step allocates nothing.
func TestStateAllocs(t *testing.T) {
	m := model(t)
	s, st, in, out := m.NewSession(), m.NewState(), stepInputs(0), newStepOutputs(1)
	if n := testing.AllocsPerRun(2, func() {
		if err := s.Step(st, out, in); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations in a step", n)
	}
}

// TestStateShapes holds that a state of the wrong length is refused.
func TestStateShapes(t *testing.T) {
	s := model(t).NewSession()
	var shape *ErrShape
	for _, st := range []*State{nil, {}} {
		if err := s.Step(st, newStepOutputs(1), stepInputs(0)); !errors.As(err, &shape) {
			t.Errorf("error %v for a state of the wrong length", err)
		}
	}
}

// A service keeps a state for each of its streams.
func ExampleModel_Step() {
	m, err := New()
	if err != nil {
		panic(err)
	}
	st := m.NewState()
	in := &StepInputs{
		EXAMPLE_IN
	}
	out := &StepOutputs{
		EXAMPLE_OUT
	}
	for range 3 { // the stream's samples
		if err := m.Step(st, out, in); err != nil {
			panic(err)
		}
	}
	fmt.Println(len(st.FIRST_STATE))
	// Output: FIRST_LEN
}
`
