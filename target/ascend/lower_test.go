package ascend_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
	"github.com/amctc/amctc/target/sim"
)

// socs are the parts every lowering is held against.
var socs = []string{"ascend910b3", "ascend950pr", "ascend310", "ascend310p3", "ascend910a"}

// parts are the SoCs for one of many random networks: those of the present, and one of the fused ones in turn.
func parts(seed uint64) []string {
	return []string{socs[0], socs[1], socs[2+seed%3]}
}

// network builds a module of one function.
type network struct {
	t *testing.T
	m *ir.Module
	b *ir.Builder
	l diag.List
	*rand.Rand
	parts []string // what agrees runs on
}

func newNetwork(t *testing.T, seed uint64) *network {
	f := &ir.Func{Name: "main", Stage: ir.StageInt}
	n := &network{t: t, m: &ir.Module{File: "test", Funcs: []*ir.Func{f}}, Rand: rand.New(rand.NewPCG(seed, 1)), parts: parts(seed)}
	n.b = ir.NewBuilder(op.All(), f, &n.l)
	return n
}

// codes is a parameter of codes.
func (n *network) codes(name string, scale float32, offset int32, shape ...int) *ir.Value {
	return n.b.Param(name, ir.Quantized(ir.PerTensor(scale, offset), shape...))
}

// node adds a node; typ is the written element type of its result.
func (n *network) node(name string, typ ir.Type, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
	n.t.Helper()
	v := n.try(name, typ, attrs, operands...)
	if v == nil {
		n.t.Fatalf("%s: %v", name, n.l.Err())
	}
	return v
}

// try is node, nil where the operator refuses the operands.
func (n *network) try(name string, typ ir.Type, attrs ir.Attrs, operands ...*ir.Value) *ir.Value {
	spec := ir.NodeSpec{Op: name, Name: fmt.Sprintf("n%d", len(n.b.Func.Nodes)), Operands: operands, Attrs: attrs}
	if typ.DType != 0 || typ.Quant != nil {
		spec.Elem = &typ
	}
	return n.b.Node(spec)
}

// constant is random codes of the given type.
func (n *network) constant(typ ir.Type, draw func() int) *ir.Value {
	d := tensor.New(typ.DType, typ.Shape...)
	for i := range d.Len() {
		if typ.DType == tensor.I8 {
			d.I8[i] = int8(draw())
		} else {
			d.I32[i] = int32(draw())
		}
	}
	return n.m.AddConst(fmt.Sprintf("c%d", len(n.m.Consts)), typ, d)
}

func (n *network) scale() float32 { return float32(n.Float64()*.2 + .001) }

func (n *network) offset() int32 { return int32(n.IntN(256) - 128) }

// inputs draws a tensor for every parameter; batch is what a free dimension becomes.
func (n *network) inputs(batch int) []*tensor.Tensor {
	var in []*tensor.Tensor
	for _, p := range n.b.Func.Params {
		d := tensor.New(p.Type.DType, p.Type.Bind(batch).Shape...)
		for i := range d.Len() {
			if d.DType == tensor.I8 {
				d.I8[i] = int8(n.IntN(256) - 128)
			} else {
				d.F32[i] = float32(n.NormFloat64() * 3)
			}
		}
		in = append(in, d)
	}
	return in
}

// agrees compares interpreter and simulator on every node result; last becomes the function's result.
func (n *network) agrees(last *ir.Value) {
	n.t.Helper()
	n.b.Func.Results = append(n.b.Func.Results, last)
	if l := ir.Verify(n.m); l.HasErrors() {
		n.t.Fatal(l)
	}
	in := n.inputs(1)
	for _, soc := range n.parts {
		if _, err := compare(n.m, soc, in); err != nil {
			n.t.Fatalf("%s: %v\n%s", soc, err, ir.Print(n.m))
		}
	}
}

// compare runs the module on both; a nil error means that every tensor is equal.
func compare(m *ir.Module, soc string, in []*tensor.Tensor) (*sim.Result, error) {
	d, err := ascend.Describe(soc)
	if err != nil {
		return nil, err
	}
	return compareOn(m, d, in)
}

func compareOn(m *ir.Module, d *target.Description, in []*tensor.Tensor) (*sim.Result, error) {
	return compareCores(m, d, in, 1)
}

func compareCores(m *ir.Module, d *target.Description, in []*tensor.Tensor, cores int) (*sim.Result, error) {
	batch := 1
	if len(in) > 0 {
		batch = in[0].Shape[0]
	}
	prog, consts, err := ascend.Lower(m, m.Main(), d, ascend.Options{Batch: batch, Cores: cores})
	if err != nil {
		return nil, err
	}
	text := prog.String()
	if prog, err = target.ParseProgram([]byte(text)); err != nil {
		return nil, err
	}
	if prog.String() != text {
		return nil, fmt.Errorf("the text does not round-trip")
	}
	want := map[string][]byte{}
	shapes := map[string][]int{}
	keep := func(v *ir.Value, t *tensor.Tensor) { want[v.Name], shapes[v.Name] = bytes.Clone(t.Bytes()), t.Shape }
	results, err := interp.Run(context.Background(), m.Main(), in, keep)
	if err != nil {
		return nil, err
	}
	inputs := map[string][]byte{}
	for i, p := range m.Main().Params {
		inputs[p.Name] = in[i].Bytes()
	}
	seen := 0
	var first error
	res, err := sim.Run(context.Background(), prog, consts, d, inputs, sim.Options{Probe: func(name string, _ target.Type, shape []int, data []byte) {
		seen++
		b := want[name]
		if first != nil {
			return
		}
		if b == nil {
			first = fmt.Errorf("%s is no node's result", name)
		}
		if !slices.Equal(shape, shapes[name]) {
			first = fmt.Errorf("%s has shape %v, want %v", name, shape, shapes[name])
			return
		}
		if !bytes.Equal(b, data) {
			for i := range b {
				if i >= len(data) || b[i] != data[i] {
					first = fmt.Errorf("%s differs in byte %d of %d: %d, want %d", name, i, len(b), data[i], b[i])
					break
				}
			}
		}
	}})
	if err != nil {
		return nil, err
	}
	if seen != len(want) {
		return nil, fmt.Errorf("%d probes for %d results of nodes", seen, len(want))
	}
	for i, v := range m.Main().Results {
		if (v.Type.IsFloat() || v.Type.DType == tensor.I64) && v.Def != nil && !bytes.Equal(res.Outputs[v.Name], results[i].Bytes()) {
			first = fmt.Errorf("output %s differs", v.Name)
		}
	}
	return res, first
}

func TestClip(t *testing.T) {
	for seed := range uint64(8) {
		n := newNetwork(t, seed)
		shape := []int{1, 1 + n.IntN(70), 1 + n.IntN(20), 1 + n.IntN(20)}[:2]
		x := n.codes("x", n.scale(), n.offset(), shape...)
		lo := n.IntN(256) - 128
		hi := lo + n.IntN(128-lo)
		n.agrees(n.node("q.clip", ir.Type{}, ir.AttrsOf("clip", []int{lo, hi}), x))
	}
}
