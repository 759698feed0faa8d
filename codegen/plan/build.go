package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/runtime/rt"
)

// Options choose a plan.
type Options struct {
	// Batch is the size of a free leading dimension; 0 stands for 1.
	Batch int
	// Near is the size in bytes from which tensors between layers are kept out of memory, where a kernel
	// computes the layers together in strips; 0 stands for 128 KiB, what a core keeps near.
	Near int
	// Whole leaves every value of a layer in memory: no kernel computes several layers.
	Whole bool
}

// maxArena bounds the memory of a plan, so that offsets fit an int everywhere.
const maxArena = math.MaxInt32

// Build plans f, a verified function of m. It fails for an operator that has no kernel for its
// element types and for a function that needs more than 2 GiB of working memory.
func Build(m *ir.Module, f *ir.Func, opt Options) (*Plan, error) {
	b := &builder{
		Plan:   &Plan{Module: m, Func: f, Batch: max(opt.Batch, 1)},
		near:   cmp.Or(opt.Near, 128<<10),
		places: make(map[*ir.Value][]place),
		consts: make(map[*ir.Value]*tensor.Tensor),
	}
	for _, v := range f.Params {
		if err := b.param(v); err != nil {
			return nil, err
		}
	}
	if !opt.Whole {
		b.fused = residuals(f)
		b.chains = b.strips()
	}
	for _, n := range f.Nodes {
		if err := b.add(n); err != nil {
			return nil, err
		}
	}
	b.node = nil
	for _, v := range f.Results {
		if err := b.result(v); err != nil {
			return nil, err
		}
	}
	b.live()
	if b.arena = b.allocate(); b.arena > maxArena {
		return nil, fmt.Errorf("@%s needs %d bytes of working memory for a batch of %d, more than 2 GiB; use a smaller input", f.Name, b.arena, b.Batch)
	}
	return b.Plan, nil
}

type builder struct {
	*Plan
	near   int
	places map[*ir.Value][]place        // all the orders in which a value is there
	consts map[*ir.Value]*tensor.Tensor // values known now
	fused  map[*ir.Node]*ir.Node        // convolution to the node at whose place it is computed
	chains map[*ir.Node]*strip          // by the last node
	node   *ir.Node                     // being planned
}

// typ is a value's type at the plan's batch.
func (b *builder) typ(v *ir.Value) ir.Type { return v.Type.Bind(b.Batch) }

func storage(t ir.Type) (Kind, error) {
	switch {
	case t.DType == tensor.F32:
		return F32, nil
	case t.IsQuant() && (t.DType == tensor.I8 || t.DType == tensor.I16):
		return U8, nil
	case t.IsQuant():
	case t.DType.IsFloat():
		return F64, nil
	default:
		return I64, nil
	}
	return 0, fmt.Errorf("no kernel works on %s", t)
}

func (b *builder) port(v *ir.Value) (Port, error) {
	t := b.typ(v)
	k, err := storage(t)
	if err != nil {
		return Port{}, fmt.Errorf("%%%s: %w", v.Name, err)
	}
	if t.DType == tensor.I16 && t.IsQuant() {
		return Port{}, fmt.Errorf("%%%s is %s; int16 codes are neither inputs nor outputs of a network", v.Name, t)
	}
	if k == U8 {
		k = I8
	}
	return Port{Name: v.Name, Type: t, Kind: k, Len: elems(t)}, nil
}

func (b *builder) param(v *ir.Value) error {
	p, err := b.port(v)
	if err != nil {
		return err
	}
	if b.isPixels(v) {
		p.Kind = U8
	}
	b.Inputs = append(b.Inputs, p)
	slot := Slot{Input, len(b.Inputs) - 1}
	if p.Kind != I8 {
		b.put(v, slot, rows)
		return nil
	}
	to := best(len(p.Type.Shape))
	args := reorder(p.Type.Shape, rows, to)
	b.step("ImportCodes", &args, b.make(v, to), slot)
	return nil
}

func (b *builder) result(v *ir.Value) error {
	p, err := b.port(v)
	if err != nil {
		return err
	}
	p.Name = outputName(v)
	b.Outputs = append(b.Outputs, p)
	src, from := b.any(v)
	args := reorder(p.Type.Shape, from, rows)
	to := Slot{Output, len(b.Outputs) - 1}
	switch p.Kind {
	case I8:
		b.step("ExportCodes", &args, to, src)
	case F32:
		b.step("PermuteF32", &args, to, src)
	case I64:
		b.step("PermuteI64", &args, to, src)
	default:
		b.step(Evaluate, &Evaluation{In: []ir.Type{p.Type}, Out: []ir.Type{p.Type}}, to, src)
	}
	return nil
}

// outputName is what the caller knows a result by: codes that are dequantized for the caller alone keep the name of the
// numbers that they stand for.
func outputName(v *ir.Value) string {
	if d := v.Def; d != nil && d.Op.Name == "q.dequantize" {
		return strings.TrimSuffix(v.Name, "_dq")
	}
	return v.Name
}

// add plans a node. One whose operands are all known is computed now.
func (b *builder) add(n *ir.Node) error {
	b.node = n
	if b.fused[n] != nil {
		return nil // computed with a later node
	}
	known := true
	for _, v := range n.Operands {
		known = known && b.known(v) != nil
	}
	switch chain := b.chains[n]; {
	case known:
		b.fold(n)
	case chain != nil:
		b.strip(chain)
	default:
		f := kernels[n.Op.Name]
		if f == nil {
			f = families[op.FamilyOf(n.Op.Name)]
		}
		if f == nil || b.otherNumbers(n) && !b.indexed(n) {
			b.evaluate(n)
			break
		}
		for _, v := range append(slices.Clone(n.Operands), n.Results...) {
			if _, err := storage(v.Type); err != nil && !v.IsConst() {
				return fmt.Errorf("%s: %w", n.Subject(), err)
			}
		}
		f(b, n)
	}
	for _, v := range n.Results {
		b.trace(v)
	}
	return nil
}

// known is the content of a value that doesn't depend on inputs, or nil.
func (b *builder) known(v *ir.Value) *tensor.Tensor {
	if v.Const != nil {
		return v.Const.Data
	}
	return b.consts[v]
}

func (b *builder) fold(n *ir.Node) {
	c := &ir.EvalCtx{Node: n, Out: make([]*tensor.Tensor, len(n.Results))}
	for _, v := range n.Operands {
		c.In, c.InType = append(c.In, b.known(v)), append(c.InType, b.typ(v))
	}
	for _, v := range n.Results {
		c.OutType = append(c.OutType, b.typ(v))
	}
	n.Op.Eval(c)
	for i, v := range n.Results {
		b.consts[v] = c.Out[i]
	}
}

// trace notes where a node's result can be seen.
func (b *builder) trace(v *ir.Value) {
	slot, from := b.any(v)
	t := b.typ(v)
	b.Traces = append(b.Traces, Trace{Value: v, Type: t, After: len(b.Steps), From: slot, Kind: b.Kind(slot), Canonical: reorder(t.Shape, from, rows)})
}

// any gives a value in whatever order it is.
func (b *builder) any(v *ir.Value) (Slot, order) {
	if p := b.places[v]; len(p) > 0 {
		return p[0].slot, p[0].order
	}
	if data := b.known(v); data != nil {
		b.put(v, b.constant(v, data), rows)
		return b.any(v)
	}
	panic("value %" + v.Name + " has no place")
}

// in gives a value in the wanted order, moving it when needed.
func (b *builder) in(v *ir.Value, want order) Slot {
	slot, from := b.any(v)
	t := b.typ(v)
	for _, p := range b.places[v] {
		if p.order == want || same(t.Shape) {
			return p.slot
		}
	}
	args := planes(t, reorder(t.Shape, from, want))
	to := b.make(v, want)
	b.step(typed(b.Kind(slot), "PermuteU8", "PermuteF32"), &args, to, slot)
	return to
}

// constant stores known data as a readable slice.
func (b *builder) constant(v *ir.Value, data *tensor.Tensor) Slot {
	c := Const{Name: v.Name, Kind: F32, F32: data.F32}
	if k, _ := storage(v.Type); k == I64 || k == F64 {
		c.Kind, c.I64, c.F64 = k, data.I64, data.F64
		if k == I64 && c.I64 == nil {
			for i := range data.Len() {
				c.I64 = append(c.I64, data.Int(i))
			}
		}
		b.Consts = append(b.Consts, c)
		return Slot{Constant, len(b.Consts) - 1}
	}
	if data.DType == tensor.I8 {
		c.Kind, c.F32, c.U8 = U8, nil, make([]uint8, len(data.I8))
		for i, q := range data.I8 {
			c.U8[i] = uint8(int(q) + 128)
		}
	}
	if data.DType == tensor.I16 {
		c.Kind, c.F32, c.U8 = U8, nil, make([]uint8, 2*len(data.I16))
		for i, q := range data.I16 {
			h, l := op.SplitCode(int32(q))
			c.U8[i], c.U8[len(data.I16)+i] = uint8(h+128), uint8(l)
		}
	}
	b.Consts = append(b.Consts, c)
	return Slot{Constant, len(b.Consts) - 1}
}

// make takes memory for a value in the given order.
func (b *builder) make(v *ir.Value, o order) Slot {
	t := b.typ(v)
	k, _ := storage(t)
	s := b.scratch(k, stored(t))
	b.put(v, s, o)
	return s
}

func (b *builder) scratch(k Kind, n int) Slot {
	b.Buffers = append(b.Buffers, Buffer{Kind: k, Len: n})
	return Slot{Arena, len(b.Buffers) - 1}
}

func (b *builder) put(v *ir.Value, s Slot, o order) {
	b.places[v] = append(b.places[v], place{s, o})
}

func (b *builder) step(kernel string, args any, slots ...Slot) {
	b.Steps = append(b.Steps, Step{Kernel: kernel, Args: args, Slots: slots, Node: b.node})
}

// typed picks the kernel for codes or for float32 numbers.
func typed(k Kind, u8, f32 string) string {
	if k == F32 {
		return f32
	}
	return u8
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// codes is the way from float32 to the codes of t, clamped to the node's clip.
func codes(t ir.Type, clip []int) rt.Codes {
	q := t.Quant
	lo, hi := max(q.Min, int32(clip[0])), min(q.Max, int32(clip[1]))
	o := q.Offset[0]
	return rt.Codes{Lo: float32(lo - o), Hi: float32(hi - o), Zero: o + 128, NaN: uint8(min(max(o, lo), hi) + 128)}
}

var anyCode = []int{-128, 127}

// zero is the stored code of the number 0 of a type.
func zero(t ir.Type) int32 { return t.Quant.Offset[0] + 128 }
