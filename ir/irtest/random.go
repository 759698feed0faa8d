package irtest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// Random makes a valid float module of 5 to 30 operators over odd shapes, groups, strides and
// pads. The same seed gives the same module.
func Random(seed uint64) *ir.Module {
	return (&random{Rand: rand.New(rand.NewPCG(seed, 0x5eed))}).first()
}

// RandomFunctions is Random with operators of every family, some of which make small differences large.
func RandomFunctions(seed uint64) *ir.Module {
	return (&random{Rand: rand.New(rand.NewPCG(seed, 0xf0c5)), functions: true}).first()
}

// first is the first module that is valid.
func (r *random) first() *ir.Module {
	for {
		if m := r.module(); m != nil {
			return m
		}
	}
}

// RandomInputs draws one tensor for each parameter of f, batch samples long; some elements lie far
// out, some are exactly zero.
func RandomInputs(f *ir.Func, seed uint64, batch int) []*tensor.Tensor {
	r := rand.New(rand.NewPCG(seed, 0xda7a))
	var in []*tensor.Tensor
	for _, p := range f.Params {
		t := tensor.New(p.Type.DType, p.Type.Bind(batch).Shape...)
		for i := range t.I64 {
			t.I64[i] = int64(r.IntN(256))
		}
		for i := range t.F32 {
			switch r.IntN(20) {
			case 0:
				t.F32[i] = 0
			case 1:
				t.F32[i] = float32(r.NormFloat64() * 6)
			default:
				t.F32[i] = float32(r.NormFloat64())
			}
		}
		in = append(in, t)
	}
	return in
}

// maxElems bounds every tensor of a random graph, so that the interpreter stays fast.
const maxElems = 6000

type random struct {
	*rand.Rand
	functions bool // operators of families too
	m         *ir.Module
	b         *ir.Builder
	l         diag.List
	live      []*ir.Value
	n         int
}

func (r *random) module() *ir.Module {
	f := &ir.Func{Name: "main"}
	r.m = &ir.Module{File: "random", Funcs: []*ir.Func{f}}
	r.l, r.live, r.n = diag.List{}, nil, 0
	r.b = ir.NewBuilder(op.All(), f, &r.l)
	batch := ir.Free
	if r.IntN(4) == 0 {
		batch = 1
	}
	r.live = append(r.live, r.b.Param("x", ir.Float(batch, r.channels(), 1+r.IntN(12), 1+r.IntN(12))))
	if r.IntN(6) == 0 {
		r.live = append(r.live, r.b.Param("y", ir.Float(batch, 1+r.IntN(40))))
	}
	want := 5 + r.IntN(26)
	placed := !r.functions
	for tries := 0; len(f.Nodes) < want && tries < 20*want; tries++ {
		if !placed && len(f.Nodes) >= want/2 {
			r.places()
			placed = true
		}
		r.step()
	}
	if len(f.Nodes) < 5 {
		return nil
	}
	if r.functions {
		for range 2 {
			r.ranking()
		}
	}
	uses := f.Uses()
	for _, n := range f.Nodes {
		for _, v := range n.Results {
			if len(uses[v]) == 0 {
				f.Results = append(f.Results, v)
			}
		}
	}
	for _, p := range f.Params {
		if len(uses[p]) == 0 {
			return nil
		}
	}
	return r.m
}

// channels favours odd numbers and the neighbourhood of 32.
func (r *random) channels() int {
	switch r.IntN(5) {
	case 0:
		return 31 + r.IntN(4)
	case 1:
		return 1
	}
	return 1 + r.IntN(20)
}

func (r *random) pick(rank int) *ir.Value {
	// recent values are likelier, so that graphs grow deep
	for range 8 {
		i := len(r.live) - 1 - min(r.IntN(len(r.live)), r.IntN(len(r.live)))
		if v := r.live[i]; rank == 0 || len(v.Type.Shape) == rank {
			return v
		}
	}
	return nil
}

func (r *random) data(scale float64, shape ...int) *ir.Value {
	t := tensor.New(tensor.F32, shape...)
	for i := range t.F32 {
		t.F32[i] = float32(r.NormFloat64() * scale)
	}
	return r.m.AddConst(fmt.Sprintf("c%d", len(r.m.Consts)), ir.Float(shape...), t)
}

// add builds a node; one that does not type-check or is too large is left out.
func (r *random) add(name string, attrs ir.Attrs, operands ...*ir.Value) {
	nodes := len(r.b.Func.Nodes)
	v := r.b.Node(ir.NodeSpec{Op: name, Name: fmt.Sprintf("%s%d", name[3:], r.n), Operands: operands, Attrs: attrs})
	if v == nil {
		r.l = diag.List{}
		return
	}
	if v.Type.Elems() > maxElems {
		r.b.Func.Nodes = r.b.Func.Nodes[:nodes]
		return
	}
	r.n++
	r.live = append(r.live, v)
}

func (r *random) window(x *ir.Value, maxK int) (k, pad, stride, dil []int) {
	h, w := x.Type.Shape[2], x.Type.Shape[3]
	k = []int{1 + r.IntN(min(maxK, h)), 1 + r.IntN(min(maxK, w))}
	dil = []int{1, 1}
	if r.IntN(5) == 0 {
		dil = []int{1 + r.IntN(2), 1 + r.IntN(2)}
	}
	stride = []int{1 + r.IntN(3), 1 + r.IntN(3)}
	if r.IntN(2) == 0 {
		stride = []int{1, 1}
	}
	pad = []int{0, 0, 0, 0}
	if r.IntN(2) == 0 {
		pad = []int{r.IntN(k[0]), r.IntN(k[1]), r.IntN(k[0]), r.IntN(k[1])}
	}
	return
}

func (r *random) step() {
	kinds := []func(){r.conv, r.conv, r.conv, r.depthwise, r.dense, r.dense, r.matMul, r.batchNorm, r.sum, r.sum, r.product, r.relu, r.relu, r.clip,
		r.maxPool, r.avgPool, r.concat, r.concat, r.pad, r.residual, r.reshape, r.transpose, r.softmax}
	if r.functions {
		kinds = append(kinds, r.residual, r.residual, r.residual, r.residual, r.residual, r.residual, r.relu, r.clip, r.function, r.function, r.function, r.pairing, r.pairing, r.reduction, r.take, r.resample, r.normalize, r.gate, r.channelwise, r.channelwise, r.softmax, r.softmax, r.clip, r.clip, r.clip, r.concat, r.concat)
	}
	kinds[r.IntN(len(kinds))]()
}

func (r *random) conv() {
	x := r.pick(4)
	if x == nil {
		return
	}
	c := x.Type.Shape[1]
	g := 1
	if r.IntN(3) == 0 {
		var divs []int
		for d := 1; d <= c; d++ {
			if c%d == 0 {
				divs = append(divs, d)
			}
		}
		g = divs[r.IntN(len(divs))]
	}
	k, pad, stride, dil := r.window(x, 5)
	out := g * (1 + r.IntN(max(1, 40/g)))
	w := r.data(1/math.Sqrt(float64(c/g*k[0]*k[1])), out, c/g, k[0], k[1])
	ops := []*ir.Value{x, w}
	if r.IntN(4) > 0 {
		ops = append(ops, r.data(.5, out))
	}
	r.add("nn.conv2d", ir.AttrsOf("pad", pad, "stride", stride, "dilation", dil, "group", g), ops...)
}

// residual is a convolution that keeps its input's shape, and their sum or difference.
func (r *random) residual() {
	x := r.pick(4)
	if x == nil {
		return
	}
	c, k := x.Type.Shape[1], 1+2*r.IntN(2)
	w := r.data(1/math.Sqrt(float64(c*k*k)), c, c, k, k)
	before := len(r.live)
	r.add("nn.conv2d", ir.AttrsOf("pad", []int{k / 2, k / 2, k / 2, k / 2}), x, w, r.data(.5, c))
	if len(r.live) > before {
		name := "nn.add"
		if r.functions && r.IntN(3) > 0 {
			name = "nn.sub"
		}
		r.add(name, nil, r.live[before], x)
	}
}

func (r *random) depthwise() {
	x := r.pick(4)
	if x == nil {
		return
	}
	c := x.Type.Shape[1]
	k, pad, stride, dil := r.window(x, 5)
	w := r.data(.6, c, 1, k[0], k[1])
	r.add("nn.conv2d", ir.AttrsOf("pad", pad, "stride", stride, "dilation", dil, "group", c), x, w, r.data(.3, c))
}

func (r *random) dense() {
	x := r.pick(2 + r.IntN(2)*r.IntN(2))
	if x == nil {
		return
	}
	k := x.Type.Shape[len(x.Type.Shape)-1]
	if k > 2000 {
		return
	}
	out := 1 + r.IntN(70)
	ops := []*ir.Value{x, r.data(1/math.Sqrt(float64(k)), out, k)}
	if r.IntN(4) > 0 {
		ops = append(ops, r.data(.5, out))
	}
	r.add("nn.dense", nil, ops...)
}

// matMul multiplies with another computed value, turned where that makes it fit, or with itself.
func (r *random) matMul() {
	a := r.pick(3 + r.IntN(2))
	if a == nil {
		return
	}
	s := a.Type.Shape
	k := s[len(s)-1]
	for range 12 {
		b := r.pick(len(s))
		if b == nil {
			return
		}
		if r.IntN(3) == 0 {
			b = a
		}
		t := b.Type.Shape
		fits := true
		for i := range len(s) - 2 {
			fits = fits && (s[i] == t[i] || s[i] == 1 || t[i] == 1)
		}
		last := len(t) - 1
		switch {
		case fits && t[last-1] == k:
			r.add("nn.matmul", nil, a, b)
			return
		case fits && t[last] == k:
			perm := []int{0, 1, 2, 3}[:len(t)]
			perm[last], perm[last-1] = perm[last-1], perm[last]
			before := len(r.live)
			r.add("nn.transpose", ir.AttrsOf("perm", perm), b)
			if len(r.live) > before {
				r.add("nn.matmul", nil, a, r.live[before])
			}
			return
		}
	}
}

func (r *random) batchNorm() {
	x := r.pick(4)
	if x == nil {
		return
	}
	c := x.Type.Shape[1]
	v := r.data(1, c)
	for i, e := range v.Const.Data.F32 {
		v.Const.Data.F32[i] = float32(float32(e*e) + .1)
	}
	r.add("nn.batch_norm", nil, x, r.data(1, c), r.data(1, c), r.data(1, c), v)
}

// partner is another value of x's shape, or a constant that broadcasts against it.
func (r *random) partner(x *ir.Value) *ir.Value {
	for range 12 {
		if v := r.pick(len(x.Type.Shape)); v != nil && v.Type.Equal(x.Type) && (v != x || r.IntN(4) == 0) {
			return v
		}
	}
	shape := append([]int{}, x.Type.Bind(1).Shape...)
	for i := range shape {
		if r.IntN(2) == 0 {
			shape[i] = 1
		}
	}
	shape[0] = 1
	return r.data(1, shape...)
}

func (r *random) sum() {
	if x := r.pick(0); x != nil {
		r.add("nn.add", nil, x, r.partner(x))
	}
}

func (r *random) product() {
	if x := r.pick(0); x != nil {
		r.add("nn.mul", nil, x, r.partner(x))
	}
}

func (r *random) relu() {
	if x := r.pick(0); x != nil {
		r.add("nn.relu", nil, x)
	}
}

func (r *random) clip() {
	if x := r.pick(0); x != nil {
		lo := float32([]float64{0, 0, -1, -.3}[r.IntN(4)])
		r.add("nn.clip", ir.AttrsOf("min", lo, "max", lo+float32([]float64{6, 1, 2.5}[r.IntN(3)])), x)
	}
}

func (r *random) maxPool() {
	if x := r.pick(4); x != nil {
		k, pad, stride, dil := r.window(x, 4)
		r.add("nn.max_pool2d", ir.AttrsOf("kernel", k, "pad", pad, "stride", stride, "dilation", dil), x)
	}
}

func (r *random) avgPool() {
	x := r.pick(4)
	if x == nil {
		return
	}
	k, pad, stride, dil := r.window(x, 4)
	if r.IntN(4) == 0 {
		k, pad, stride, dil = x.Type.Shape[2:], []int{0, 0, 0, 0}, []int{1, 1}, []int{1, 1}
	}
	r.add("nn.avg_pool2d", ir.AttrsOf("kernel", k, "pad", pad, "stride", stride, "dilation", dil, "include_pad", r.IntN(2) == 0), x)
}

func (r *random) concat() {
	x := r.pick(0)
	if x == nil {
		return
	}
	rank := len(x.Type.Shape)
	axis := 1 + r.IntN(rank-1)
	if rank == 4 && r.IntN(2) == 0 {
		axis = 1
	}
	ops := []*ir.Value{x}
	for range 20 {
		v := r.pick(rank)
		if v == nil || len(ops) > 3 {
			continue
		}
		same := true
		for d := range rank {
			same = same && (d == axis || v.Type.Shape[d] == x.Type.Shape[d])
		}
		if same && (v != x || r.IntN(5) == 0) {
			ops = append(ops, v)
		}
	}
	if len(ops) == 1 {
		ops = append(ops, x)
	}
	r.add("nn.concat", ir.AttrsOf("axis", axis), ops...)
}

func (r *random) pad() {
	x := r.pick(0)
	if x == nil {
		return
	}
	n := len(x.Type.Shape)
	p := make([]int, 2*n)
	for i := range p {
		if i%n != 0 && r.IntN(2) == 0 {
			p[i] = r.IntN(3)
		}
	}
	p[2*n-1] = max(p[2*n-1], 1) // a pad that changes nothing would be no pad
	r.add("nn.pad", ir.AttrsOf("pad", p, "value", float32([]float64{0, 0, .7}[r.IntN(3)])), x)
}

func (r *random) reshape() {
	x := r.pick(0)
	if x == nil {
		return
	}
	s := x.Type.Shape
	n := x.Type.Elems()
	lead := -1
	if !x.Type.IsFree() {
		lead = 1
		n = tensor.Elems(s)
	}
	var shape []int
	switch r.IntN(4) {
	case 0, 1:
		shape = []int{lead, n}
	case 2:
		a := r.divisor(n)
		shape = []int{lead, a, n / a}
	default:
		a := r.divisor(n)
		b := r.divisor(n / a)
		shape = []int{lead, a, b, n / a / b}
	}
	r.add("nn.reshape", ir.AttrsOf("shape", shape), x)
}

func (r *random) divisor(n int) int {
	var d []int
	for i := 1; i <= n && i <= 64; i++ {
		if n%i == 0 {
			d = append(d, i)
		}
	}
	return d[r.IntN(len(d))]
}

func (r *random) transpose() {
	x := r.pick(0)
	if x == nil || len(x.Type.Shape) < 3 {
		return
	}
	perm := []int{0}
	for _, p := range r.Perm(len(x.Type.Shape) - 1) {
		perm = append(perm, p+1)
	}
	r.add("nn.transpose", ir.AttrsOf("perm", perm), x)
}

func (r *random) softmax() {
	x := r.pick(0)
	if x == nil || r.IntN(2) == 0 {
		return
	}
	name := "nn.softmax"
	if r.functions && r.IntN(2) == 0 {
		name = "nn.log_softmax"
	}
	r.add(name, ir.AttrsOf("axis", 1+r.IntN(len(x.Type.Shape)-1)), x)
}
