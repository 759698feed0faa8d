package gogen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// A counter counts what leaves its range: numbers before a step quantizes them, or the codes that a step delivers.
type counter struct {
	step      int
	name      string // of what is counted, for people
	numbers   bool
	lo, hi    float32 // of numbers
	low, high int     // stored codes, -1 for an end that clips nothing that counts
}

// findCounters are the inputs of the network that it quantizes, and the layers and sums that deliver codes. Where a ReLU or
// a clip of the network is an end of the codes, values at that end are not counted: the network means them to be there.
func (e *emitter) findCounters() {
	for i := range e.p.Steps {
		s := &e.p.Steps[i]
		if s.Node == nil || len(s.Slots) == 0 {
			continue
		}
		t := s.Node.Result().Type
		switch {
		case s.Kernel == "Quantize" && s.Slots[1].In == plan.Input:
			q := t.Quant
			scale, half := q.Scale[0], float32(q.Scale[0]/2)
			e.counters = append(e.counters, counter{step: i, name: "input " + e.in[s.Slots[1].Index].Name, numbers: true,
				lo: float32(float32(float32(q.Min-q.Offset[0])*scale) - half), hi: float32(float32(float32(q.Max-q.Offset[0])*scale) + half)})
		case e.delivers(s, t):
			low, high := clippedEnds(s.Node)
			if low < 0 && high < 0 {
				continue
			}
			e.counters = append(e.counters, counter{step: i, name: subject(s.Node), low: low, high: high})
		}
	}
}

// delivers says whether a step leaves all codes of its node in memory, saturated.
func (e *emitter) delivers(s *plan.Step, t ir.Type) bool {
	if !t.IsQuant() || t.DType != tensor.I8 || s.Slots[0].In != plan.Arena || e.isMove(s) {
		return false
	}
	if !strings.HasPrefix(s.Node.Op.Name, "q.") || s.Node.Op.Name == "q.quantize" || s.Node.Op.Name == "q.clip" {
		return false
	}
	return e.p.Kind(s.Slots[0]) == plan.U8 && e.p.Len(s.Slots[0]) == tensor.Elems(e.bound(s.Node.Result()).Shape)
}

// clippedEnds are the stored codes at which a node's values are clipped for want of codes, -1 for none.
func clippedEnds(n *ir.Node) (low, high int) {
	q := n.Result().Type.Quant
	clip := []int{int(q.Min), int(q.Max)}
	if slices.ContainsFunc(n.Op.Attrs, func(a ir.AttrDef) bool { return a.Name == "clip" }) {
		c := n.Ints("clip")
		clip = []int{max(clip[0], c[0]), min(clip[1], c[1])}
	}
	low, high = -1, -1
	if clip[0] == int(q.Min) && clip[0] != int(q.Offset[0]) {
		low = clip[0] + 128
	}
	if clip[1] == int(q.Max) && clip[1] != int(q.Offset[0]) {
		high = clip[1] + 128
	}
	return low, high
}

// count emits the counting of step i.
func (e *emitter) count(g *jen.Group, i int) {
	for k, c := range e.counters {
		if c.step != i {
			continue
		}
		s := &e.p.Steps[i]
		at := jen.Id("s").Dot("model").Dot("counters").Index(jen.Lit(k))
		if c.numbers {
			call := at.Dot("Numbers").Call(jen.Id("w"), e.slot(s.Slots[1]))
			if x := e.steps[i]; x.codes != nil {
				g.If(jen.Id("c").Dot(e.in[x.input].codesParam).Op("==").Nil()).Block(call)
			} else {
				g.Add(call)
			}
			continue
		}
		g.Add(at.Dot("Codes").Call(jen.Id("w"), e.slot(s.Slots[0])))
	}
}

// countersFile is counters.go.
func (e *emitter) countersFile() ([]byte, error) {
	text := strings.NewReplacer(
		"NAMES", lines(e.counters, func(c counter) string { return fmt.Sprintf("%q,", oneLine(c.name)) }),
		"SET", lines(indices(len(e.counters)), func(i int) string {
			c := &e.counters[i]
			if c.numbers {
				return fmt.Sprintf("m.counters[%d].Lo, m.counters[%d].Hi = %s, %s", i, i, ir.FormatFloat(c.lo), ir.FormatFloat(c.hi))
			}
			return fmt.Sprintf("m.counters[%d].Low, m.counters[%d].High = %d, %d", i, i, c.low, c.high)
		}),
		"HOW_MANY", fmt.Sprint(len(e.counters)),
	).Replace(countersText)
	return e.fill(text, "")
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// countersText is counters.go.
const countersText = `package PACKAGE

import "RUNTIME"

// A Counter tells how data lie in the range that calibration found for one tensor: of an input that the network
// quantizes, Outside of the Values are clipped; of a layer, that many are at an end of their range.
type Counter struct {
	Name            string
	Values, Outside uint64
}

// counters count for all sessions of a model.
type counters [HOW_MANY]rt.Counter

// counterNames name what is counted.
var counterNames = [HOW_MANY]string{
	NAMES
}

// Counters are the counts since the model was made, or since ResetCounters: inputs and layers in the order in which they are
// computed. It may be called while sessions run.
func (m *Model) Counters() []Counter {
	list := make([]Counter, len(counterNames))
	for i := range list {
		list[i].Name = counterNames[i]
		list[i].Values, list[i].Outside = m.counters[i].Counts()
	}
	return list
}

// ResetCounters counts from zero again.
func (m *Model) ResetCounters() {
	for i := range m.counters {
		m.counters[i].Reset()
	}
}

// setCounters gives the counters their ranges.
func (m *Model) setCounters() {
	SET
}
`

// countersTestText is counters_test.go.
const countersTestText = `package PACKAGE

import "testing"

// TestCounters holds that every value of every sample is counted once, on several goroutines too, and that a reset ends it.
func TestCounters(t *testing.T) {
	m, err := New(WithThreads(2))
	if err != nil {
		t.Fatal(err)
	}
	s := m.NewSession()
	defer s.Close()
	var one []Counter
	for samples := 1; samples <= 3; samples++ {
		if err := s.Run(newOutputs(1), decodeInputs(inputOf(0), 1)); err != nil {
			t.Fatal(err)
		}
		list := m.Counters()
		if samples == 1 {
			one = list
		}
		for i, c := range list {
			if c.Name == "" || c.Values == 0 || c.Values != uint64(samples)*one[i].Values || c.Outside != uint64(samples)*one[i].Outside || c.Outside > c.Values {
				t.Errorf("after %d samples: %+v, after one: %+v", samples, c, one[i])
			}
		}
	}
	m.ResetCounters()
	for _, c := range m.Counters() {
		if c.Values != 0 || c.Outside != 0 {
			t.Errorf("after a reset: %+v", c)
		}
	}
}
`
