package ascend

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// Options of the lowering.
type Options struct {
	Batch int    // what a free leading dimension becomes; 0 means 1
	Name  string // of the program; empty: the function's
	Cores int    // AI cores that share the work, at most; 0 means 1, AllCores as many as the SoC has
}

// AllCores lets every AI core of the SoC work.
const AllCores = -1

// hostStream is the stream of the host; those of AI core n are aic<n>, on a fused core of its vector unit too, and aiv<n>.<m> of its vector cores.
const hostStream = "host"

// CanLower says why programs can't be made for a SoC; nil when they can.
func CanLower(d *target.Description) error {
	var l diag.List
	others := "\"amctc target\" lists the SoCs that programs are made for"
	switch {
	case d.Split && !d.HasQuant(target.VREQ8):
		l.Errorf(codeSoC, diag.Span{}, d.Name, "it has no Fixpipe that requantizes int32 to int8, and its vector core does not reach L0C; %s", others)
	case d.Split && len(d.AIVPipes) == 0, !d.Split && !slices.Contains(d.AICPipes, target.PipeV):
		l.Errorf(codeSoC, diag.Span{}, d.Name, "it has no vector unit; %s", others)
	case !d.Split && d.Path("l0c-ub") == nil:
		l.Errorf(codeSoC, diag.Span{}, d.Name, "its vector unit does not reach L0C; %s", others)
	}
	return l.Err()
}

// Lower makes the program of an integer function for a SoC, and the program's binary companion. Inputs and outputs have
// the names of parameters and results, as far as a symbol's alphabet allows. Every node result is shown by a probe of its name. The error
// is a *diag.List that names every node that can't be lowered.
func Lower(m *ir.Module, fn *ir.Func, d *target.Description, o Options) (*target.Program, []byte, error) {
	if err := CanLower(d); err != nil {
		return nil, nil, err
	}
	cores := max(1, o.Cores)
	if o.Cores == AllCores {
		cores = d.AIC
	}
	if cores > d.AIC {
		var l diag.List
		l.Errorf(codeSoC, diag.Span{}, d.Name, "it has %d AI cores, not %d; ask for at most that many, or for all", d.AIC, cores)
		return nil, nil, l.Err()
	}
	f := &frame{fn: fn, desc: d, batch: max(1, o.Batch), prog: &target.Program{Target: d.Name, Name: o.Name}, consts: &target.ConstWriter{},
		values: map[*ir.Value]tensorGM{}, taken: map[string]bool{}, host: newCode()}
	f.addCores(cores)
	if fn == nil || len(fn.Results) == 0 {
		f.diags.Errorf(codeMain, diag.Span{File: m.File}, "", "the module has no function with results to lower")
		return nil, nil, f.diags.Err()
	}
	if f.prog.Name == "" {
		f.prog.Name = fn.Name
	}
	f.params()
	if err := f.diags.Err(); err != nil {
		return nil, nil, err
	}
	f.sync() // the inputs are ordered before everything
	for _, n := range fn.Nodes {
		f.node(n)
	}
	f.results()
	if err := f.diags.Err(); err != nil {
		return nil, nil, err
	}
	var file []byte
	file, f.prog.Consts = f.consts.Finish()
	f.prog.Streams = f.streams()
	return f.prog, file, nil
}

// frame is a program under construction.
type frame struct {
	fn                 *ir.Func
	desc               *target.Description
	batch              int
	prog               *target.Program
	consts             *target.ConstWriter
	values             map[*ir.Value]tensorGM
	taken              map[string]bool // symbol names
	host, cube, vector *code           // of core 0; on a fused core, cube and vector are one stream
	cubes, vectors     []*code         // of all cores
	at                 *ir.Node        // being lowered
	diags              diag.List
}

// bail ends the lowering of a node whose diagnostic is in the list.
type bail struct{}

// fail reports that the node being lowered can't be, and ends its lowering.
func (f *frame) fail(code diag.Code, format string, args ...any) {
	var span diag.Span
	subject := f.fn.Name
	if f.at != nil {
		span, subject = f.at.Span, f.at.Subject()
	}
	f.diags.Errorf(code, span, subject, format, args...)
	panic(bail{})
}

// sync makes all streams meet: what comes after is ordered after all that came before.
func (f *frame) sync() {
	streams := append([]*code{f.host}, f.cubes...)
	if f.desc.Split {
		streams = append(streams, f.vectors...)
	}
	for _, c := range streams {
		c.emit(&target.SyncAll{})
	}
}

func (f *frame) params() {
	for _, p := range f.fn.Params {
		f.guard(func() {
			typ, ok := f.typeOf(p)
			if !ok {
				f.fail(codeType, "parameter %s is %s", p.Name, p.Type)
			}
			dims := p.Type.Bind(f.batch).Shape
			// The caller's bytes are row-major, whatever the type.
			t := tensorGM{Type: typ, Layout: target.ND, Dims: dims, Quant: p.Type.Quant}
			t.Sym = f.add(p.Name, target.Input, typ, target.ND, dims...)
			f.values[p] = t
		})
	}
	for _, p := range f.fn.Params {
		t := f.values[p]
		if layoutOf(t.Type, len(t.Dims)) == t.Layout {
			continue
		}
		f.guard(func() {
			image := t
			image.Layout = target.NC1HWC0
			image.Sym = f.add(p.Name+".image", target.Scratch, t.Type, image.Layout, t.Dims...)
			f.sync()
			k := f.kernel(nil)
			k.fromND(t.Sym, image)
			f.values[p] = image
		})
	}
}

// guard runs a step and ends it where it fails.
func (f *frame) guard(step func()) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(bail); !ok {
				panic(r)
			}
		}
	}()
	step()
}

// node lowers one node, makes the streams meet and shows the results.
func (f *frame) node(n *ir.Node) {
	f.at = n
	defer func() { f.at = nil }()
	for _, v := range n.Results {
		f.declare(v)
	}
	f.guard(func() {
		lower := lowerings[n.Op.Name]
		if lower == nil {
			lower = hostFamilies[op.FamilyOf(n.Op.Name)]
		}
		if lower == nil {
			f.fail(codeOperator, "operator %s has no instructions", n.Op.Name)
		}
		k := f.kernel(n)
		lower(k)
		f.sync()
		for _, v := range n.Results {
			f.probe(v)
		}
	})
}

// declare makes the symbol of a result: an Output when the function returns it.
func (f *frame) declare(v *ir.Value) {
	typ, ok := f.typeOf(v)
	if !ok {
		f.guard(func() { f.fail(codeType, "%%%s is %s", v.Name, v.Type) })
		typ = target.F32
	}
	dims := v.Type.Bind(f.batch).Shape
	t := tensorGM{Type: typ, Layout: layoutOf(typ, len(dims)), Dims: dims, Quant: v.Type.Quant}
	kind := target.Scratch
	if slices.Contains(f.fn.Results, v) {
		kind, t.out = target.Output, true
	}
	t.Sym = f.add(v.Name, kind, t.Type, t.Layout, dims...)
	f.values[v] = t
}

func (f *frame) probe(v *ir.Value) {
	t := f.values[v]
	f.host.emit(&target.Probe{Name: v.Name, Src: target.In(t.Sym, 0), Type: t.Type, Layout: t.Layout, Dims: t.Dims})
}

// results copies what the function returns without computing it: parameters and constants.
func (f *frame) results() {
	done := map[*ir.Value]bool{}
	for _, v := range f.fn.Results {
		if v.Def != nil || done[v] {
			continue
		}
		done[v] = true
		f.guard(func() {
			t := f.of(v)
			if t.Layout != target.ND {
				f.fail(codeType, "%%%s is returned as it came in, which needs float32, not %s", v.Name, v.Type)
			}
			out := f.add(v.Name+".out", target.Output, t.Type, t.Layout, t.Dims...)
			f.host.emit(&target.Host{Op: "reshape", Out: []string{out}, In: []string{t.Sym}})
		})
	}
}

// kernel is the lowering of one node: where its operands and results are, and the room on the cores, which is all free at its beginning.
type kernel struct {
	*frame
	node      *ir.Node
	used      [target.NumSpaces]int
	patternAt int // see pattern; -1: not reserved
	// before, when set, is what every core does before its tiles of the next elementwise.
	before func(c *code)
}

func (f *frame) kernel(n *ir.Node) *kernel { return &kernel{frame: f, node: n, patternAt: -1} }

// in is operand i.
func (k *kernel) in(i int) tensorGM { return k.of(k.node.Operands[i]) }

// out is the result.
func (k *kernel) out() tensorGM { return k.values[k.node.Result()] }

// scratch makes a symbol that only this kernel uses.
func (k *kernel) scratch(name string, t target.Type, l target.Layout, dims ...int) string {
	if k.node != nil {
		name = k.node.Result().Name + "." + name
	}
	return k.add(name, target.Scratch, t, l, dims...)
}

// data makes a constant that belongs to this kernel.
func (k *kernel) data(name string, t target.Type, l target.Layout, dims []int, bytes []byte) string {
	return k.constant(k.node.Result().Name+"."+name, t, l, dims, bytes)
}

// take reserves n bytes of an on-chip buffer, aligned as it must be, and fails where they don't fit.
func (k *kernel) take(s target.Space, n int) int {
	b := k.desc.Buffer(s)
	if b == nil {
		k.fail(codeSoC, "%s has no buffer %v", k.desc.Name, s)
	}
	at := up(k.used[s], b.Align)
	if at+n > b.Size {
		k.fail(codeBuffer, "needs %d bytes of %v, which has %d", at+n, s, b.Size)
	}
	k.used[s] = at + n
	return at
}

// room is how many bytes of a buffer are left.
func (k *kernel) room(s target.Space) int {
	b := k.desc.Buffer(s)
	if b == nil {
		return 0
	}
	return b.Size - up(k.used[s], b.Align)
}

// free gives back everything this kernel has taken; a sync must lie between the users.
func (k *kernel) free() {
	clear(k.used[:])
	k.patternAt = -1
}

// phase orders the rest of the kernel after what it did so far, on every stream, and frees the buffers.
func (k *kernel) phase() {
	k.sync()
	k.free()
}

// shares makes the result be operand x's bytes, with the result's dims, without moving them; false when it must be a copy.
func (k *kernel) shares(x tensorGM) bool {
	y := k.out()
	if y.out || x.Layout != target.ND || y.Layout != target.ND {
		return false
	}
	k.prog.Symbols = slices.DeleteFunc(k.prog.Symbols, func(s target.Symbol) bool { return s.Name == y.Sym })
	y.Sym = x.Sym
	k.values[k.node.Result()] = y
	return true
}

// lowerings has every operator that has instructions.
var lowerings = func() map[string]func(*kernel) {
	all := map[string]func(*kernel){}
	for _, part := range []map[string]func(*kernel){hostOps, cubeOps, vectorOps} {
		for name, l := range part {
			if all[name] != nil {
				panic(fmt.Sprintf("ascend: two lowerings of %s", name))
			}
			all[name] = l
		}
	}
	return all
}()
