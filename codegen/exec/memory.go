package exec

import (
	"github.com/amctc/amctc/codegen/plan"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// memory holds every slice that a plan's steps can name.
type memory struct {
	p       *plan.Plan
	arena   *rt.Mem
	worker  *rt.Worker
	in, out []port
	taps    [][]uint8
}

// A port is the canonical form of an input or output.
type port struct {
	f32 []float32
	i8  []int8
	u8  []uint8 // pixels
	i64 []int64
	f64 []float64
}

func newMemory(p *plan.Plan) memory {
	m := memory{p: p, arena: rt.NewMem(p.ArenaBytes()), worker: rt.Alone(p.LocalBytes())}
	for _, x := range p.Inputs {
		m.in = append(m.in, newPort(x))
	}
	for _, x := range p.Outputs {
		m.out = append(m.out, newPort(x))
	}
	for _, x := range p.Taps {
		m.taps = append(m.taps, make([]uint8, x.Len))
	}
	return m
}

func newPort(x plan.Port) port {
	switch x.Kind {
	case plan.I8:
		return port{i8: make([]int8, x.Len)}
	case plan.U8:
		return port{u8: make([]uint8, x.Len)}
	case plan.I64:
		return port{i64: make([]int64, x.Len)}
	case plan.F64:
		return port{f64: make([]float64, x.Len)}
	}
	return port{f32: make([]float32, x.Len)}
}

// load copies sample i of t into input j.
func (m *memory) load(j int, t *tensor.Tensor, i int) {
	n, p := m.p.Inputs[j].Len, &m.in[j]
	switch m.p.Inputs[j].Kind {
	case plan.I8:
		copy(p.i8, t.I8[i*n:(i+1)*n])
	case plan.U8:
		for k := range n {
			p.u8[k] = uint8(t.Int(i*n + k))
		}
	case plan.I64:
		for k := range n {
			p.i64[k] = t.Int(i*n + k)
		}
	case plan.F64:
		copy(p.f64, t.F64[i*n:(i+1)*n])
	default:
		copy(p.f32, t.F32[i*n:(i+1)*n])
	}
}

// store copies output j into sample i of t.
func (m *memory) store(j int, t *tensor.Tensor, i int) {
	n, p := m.p.Outputs[j].Len, &m.out[j]
	switch m.p.Outputs[j].Kind {
	case plan.I8:
		copy(t.I8[i*n:(i+1)*n], p.i8)
	case plan.I64:
		for k := range n {
			t.SetInt(i*n+k, p.i64[k])
		}
	case plan.F64:
		copy(t.F64[i*n:(i+1)*n], p.f64)
	default:
		copy(t.F32[i*n:(i+1)*n], p.f32)
	}
}

// slice is what a slot names, as the kernel's parameter wants it.
func (m *memory) slice(s plan.Slot) any {
	switch s.In {
	case plan.Input:
		return m.in[s.Index].slice(m.p.Inputs[s.Index].Kind)
	case plan.Output:
		return m.out[s.Index].slice(m.p.Outputs[s.Index].Kind)
	case plan.Constant:
		c := &m.p.Consts[s.Index]
		switch c.Kind {
		case plan.U8:
			return c.U8
		case plan.I64:
			return c.I64
		case plan.F64:
			return c.F64
		}
		return c.F32
	case plan.Tapped:
		return m.taps[s.Index]
	}
	b := &m.p.Buffers[s.Index]
	switch b.Kind {
	case plan.U8:
		return m.arena.U8(b.Offset, b.Len)
	case plan.I32:
		return m.arena.I32(b.Offset, b.Len)
	case plan.I64:
		return m.arena.I64(b.Offset, b.Len)
	case plan.F64:
		return m.arena.F64(b.Offset, b.Len)
	}
	return m.arena.F32(b.Offset, b.Len)
}

func (p port) slice(k plan.Kind) any {
	switch k {
	case plan.I8:
		return p.i8
	case plan.U8:
		return p.u8
	case plan.I64:
		return p.i64
	case plan.F64:
		return p.f64
	}
	return p.f32
}
