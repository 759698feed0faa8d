// Package plan turns a function into a list of kernel calls on one block of memory. It decides the
// kernel of every node, the order of elements in memory and the place of every buffer; codegen/exec
// runs a plan, codegen/gogen prints it. A plan has a fixed batch.
package plan

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/runtime/rt"
)

// Kind is the Go element type of a slice that a kernel takes.
type Kind uint8

// The kinds. U8 holds stored codes, u = q+128, and as an input pixels; I8 occurs only in inputs and outputs, as codes q. I64 holds
// indices, integers of other types and memory of training kernels, F64 floats of other types, see evaluate.go.
const (
	U8 Kind = iota
	I8
	I32
	F32
	I64
	F64
)

var kindNames = [...]string{"u8", "i8", "i32", "f32", "i64", "f64"}
var kindSizes = [...]int{1, 1, 4, 4, 8, 8}

func (k Kind) String() string { return kindNames[k] }

// Size is the number of bytes of one element.
func (k Kind) Size() int { return kindSizes[k] }

// Memory says where a slice lives.
type Memory uint8

// The memories: the arena's buffers, the caller's inputs and outputs, constants, and taps: memory
// that is there only while the run is traced, an empty slice otherwise.
const (
	Arena Memory = iota
	Input
	Output
	Constant
	Tapped
)

// A Slot names a slice: entry Index of Plan.Buffers, Inputs, Outputs, Consts or Taps.
type Slot struct {
	In    Memory
	Index int
}

// A Buffer is a part of the arena: Len elements at byte Offset. It holds its content from step
// First to step Last, both included.
type Buffer struct {
	Kind        Kind
	Len         int
	Offset      int
	First, Last int
}

// Bytes is the buffer's size.
func (b *Buffer) Bytes() int { return b.Len * b.Kind.Size() }

// A Port is an input or output of the function in canonical row-major order: float32 numbers or
// codes.
type Port struct {
	Name string
	Type ir.Type // without free dimension
	Kind Kind
	Len  int
}

// A Const is data that a kernel reads like any buffer, in the slice of its kind.
type Const struct {
	Name string
	Kind Kind
	U8   []uint8
	F32  []float32
	I64  []int64
	F64  []float64
}

// Len is the number of elements.
func (c *Const) Len() int { return len(c.U8) + len(c.F32) + len(c.I64) + len(c.F64) }

// A Tap is a slice of codes that a fused kernel fills only while the run is traced: a value that
// otherwise is never in memory.
type Tap struct {
	Name string
	Len  int
}

// A Step is one kernel call: function Kernel of runtime/rt with a pointer to an argument struct of
// that package, and slices. Args has exported fields only set; one with a method Prepare wants it
// called once before.
type Step struct {
	Kernel string
	Args   any
	Slots  []Slot // destination, sources, scratch, in the order of the kernel's parameters
	Node   *ir.Node
}

// A Trace shows one value of the function: after the first After steps its elements are in From;
// element order is undone by Canonical.
type Trace struct {
	Value     *ir.Value
	Type      ir.Type // without free dimension
	After     int
	From      Slot
	Kind      Kind // not I8 or I32
	Canonical rt.Permute
}

// A Plan is a function ready to run at one batch size.
type Plan struct {
	Module  *ir.Module
	Func    *ir.Func
	Batch   int
	Inputs  []Port
	Outputs []Port
	Consts  []Const
	Taps    []Tap
	Buffers []Buffer
	Steps   []Step
	Traces  []Trace // every node result, in the order of After
	arena   int
}

// ArenaBytes is the size of the block that the buffers share.
func (p *Plan) ArenaBytes() int { return p.arena }

// LocalBytes is the size of the memory that every worker needs for itself.
func (p *Plan) LocalBytes() int {
	n := 0
	for _, s := range p.Steps {
		if a, ok := s.Args.(interface{ Local() int }); ok {
			n = max(n, a.Local())
		}
	}
	return n
}

// Kind is the element type of a slot.
func (p *Plan) Kind(s Slot) Kind {
	switch s.In {
	case Input:
		return p.Inputs[s.Index].Kind
	case Output:
		return p.Outputs[s.Index].Kind
	case Constant:
		return p.Consts[s.Index].Kind
	case Tapped:
		return U8
	}
	return p.Buffers[s.Index].Kind
}

// Len is the number of elements of a slot.
func (p *Plan) Len(s Slot) int {
	switch s.In {
	case Input:
		return p.Inputs[s.Index].Len
	case Output:
		return p.Outputs[s.Index].Len
	case Constant:
		return p.Consts[s.Index].Len()
	case Tapped:
		return p.Taps[s.Index].Len
	}
	return p.Buffers[s.Index].Len
}

// Kernels are the names of the kernels used, sorted, each once.
func (p *Plan) Kernels() []string {
	var names []string
	for _, s := range p.Steps {
		if s.Kernel != Evaluate {
			names = append(names, s.Kernel)
		}
	}
	return sorted(names)
}
