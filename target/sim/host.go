package sim

import (
	"math"
	"slices"

	mathf "github.com/amctc/amctc/runtime/f32"
	"github.com/amctc/amctc/target"
)

// hostStep is a host step with its operands resolved.
type hostStep struct {
	r    *resolver
	o    *op
	x    *target.Host
	in   []hostTensor
	out  hostTensor   // the first result
	outs []hostTensor // all
	used map[string]bool
}

// hostTensor is a row-major operand; v is filled when the step runs, for float32 operators only.
type hostTensor struct {
	mem  *memory
	typ  target.Type
	dims []int
	n    int
	v    []float32
}

func (s *hostStep) bad(format string, args ...any) { fail(s.o, BadHost, format, args...) }

// alive ends the run when its context is done; the outer loops of long steps call it.
func (s *hostStep) alive() {
	if err := s.r.m.ctx.Err(); err != nil {
		panic(stopped{err})
	}
}

func (r *resolver) hostOperand(o *op, name string) hostTensor {
	i, ok := r.m.byName[name]
	if !ok {
		fail(o, UnknownSymbol, "no symbol @%s", name)
	}
	info := r.m.symInfo[i]
	t := hostTensor{mem: r.m.symbols[i], typ: info.Type, dims: info.Dims, n: 1}
	if info.Layout != target.ND {
		fail(o, BadHost, "@%s has layout %v, a host step wants nd", name, info.Layout)
	}
	for _, d := range t.dims {
		if d < 1 {
			fail(o, BadHost, "@%s has a dimension %d", name, d)
		}
		t.n *= d
	}
	if info.Bytes < int64(t.n*t.typ.Size()) || t.typ.Size() == 0 {
		fail(o, BadHost, "@%s has %d bytes for %d elements of %v", name, info.Bytes, t.n, t.typ)
	}
	return t
}

// attr returns an integer attribute; without def it must be there. n is the length wanted, -1 for any.
func (s *hostStep) ints(key string, n int, def ...int) []int {
	s.used[key] = true
	for _, a := range s.x.Attrs {
		if a.Key == key {
			if a.IsFloat || n >= 0 && len(a.Ints) != n {
				s.bad("%s wants %d integers", key, n)
			}
			out := make([]int, len(a.Ints))
			for i, v := range a.Ints {
				if v < -1<<31 || v > 1<<31 {
					s.bad("%s is out of range", key)
				}
				out[i] = int(v)
			}
			return out
		}
	}
	if len(def) != n {
		s.bad("%s is missing", key)
	}
	return def
}

func (s *hostStep) float(key string) float32 {
	s.used[key] = true
	for _, a := range s.x.Attrs {
		if a.Key == key && a.IsFloat {
			return a.Float
		}
	}
	s.bad("%s is missing or no float", key)
	return 0
}

// want checks the number of inputs.
func (s *hostStep) want(lo, hi int) {
	if len(s.in) < lo || len(s.in) > hi {
		s.bad("%d inputs, want %d to %d", len(s.in), lo, hi)
	}
}

func (s *hostStep) rank(t hostTensor, n int) {
	if len(t.dims) != n {
		s.bad("an operand of rank %d, want %d", len(t.dims), n)
	}
}

// result checks the output's dimensions.
func (s *hostStep) result(dims ...int) {
	if len(dims) != len(s.out.dims) {
		s.bad("the result has dimensions %v, @%s has %v", dims, s.x.Out[0], s.out.dims)
	}
	for i := range dims {
		if dims[i] != s.out.dims[i] {
			s.bad("the result has dimensions %v, @%s has %v", dims, s.x.Out[0], s.out.dims)
		}
	}
}

// host compiles a host step: shapes and attributes are checked once.
func (r *resolver) host(o *op, x *target.Host) {
	s := &hostStep{r: r, o: o, x: x, used: map[string]bool{}}
	results := 1
	if x.Op == "topk" {
		results = 2
	}
	if len(x.Out) != results || len(x.In) == 0 {
		s.bad("%d outputs and %d inputs, want %d and at least 1", len(x.Out), len(x.In), results)
	}
	for _, name := range x.In {
		s.in = append(s.in, r.hostOperand(o, name))
	}
	for i, name := range x.Out {
		t := r.hostOperand(o, name)
		for _, other := range append(slices.Clone(s.in), s.outs...) {
			if t.mem == other.mem {
				s.bad("@%s is input and output", x.Out[i])
			}
		}
		s.outs = append(s.outs, t)
	}
	s.out = s.outs[0]
	var run func()
	moves := map[string]func(*hostStep) func(){"concat": hostConcat, "pad": hostPad, "reshape": hostReshape, "transpose": hostTranspose,
		"pixels": hostPixels, "table": hostTable, "argmax": hostArgMax, "topk": hostTopK, "max_pool2d_indices": hostPoolIndices,
		"max_unpool2d": hostUnpool}
	floats := map[string]func(*hostStep) func(){
		"conv2d": hostConv, "dense": hostDense, "matmul": hostMatmul, "batch_norm": hostBatchNorm, "add": hostBinary, "mul": hostBinary,
		"relu": hostRelu, "clip": hostClip, "max_pool2d": hostPool, "avg_pool2d": hostPool, "global_avg_pool": hostGlobal, "softmax": hostSoftmax, "log_softmax": hostSoftmax,
	}
	if floats[x.Op] == nil {
		floats[x.Op] = hostFamily(x.Op)
	}
	move := moves[x.Op]
	if move != nil {
		for _, t := range s.in {
			if t.typ != s.out.typ && !slices.Contains([]string{"pixels", "argmax", "max_pool2d_indices", "max_unpool2d"}, x.Op) {
				s.bad("element types %v and %v", t.typ, s.out.typ)
			}
		}
		run = move(s)
	} else if f := floats[x.Op]; f != nil {
		for _, t := range append([]hostTensor{s.out}, s.in...) {
			if t.typ != target.F32 {
				s.bad("an operand of %v, want f32", t.typ)
			}
		}
		run = f(s)
	} else {
		s.bad("no host operator %q", x.Op)
	}
	for _, a := range x.Attrs {
		if !s.used[a.Key] {
			s.bad("no attribute %q", a.Key)
		}
	}
	o.run = func(e *entry, p *pipe) cost {
		for i := range s.in {
			t := &s.in[i]
			size := t.n * t.typ.Size()
			t.mem.read(o, p, 0, size)
			if move == nil {
				t.v = make([]float32, t.n)
				for j := range t.v {
					t.v[j] = math.Float32frombits(u32(t.mem.data[4*j:]))
				}
			}
		}
		for _, t := range s.outs {
			t.mem.write(o, p, 0, t.n*t.typ.Size())
		}
		if move == nil {
			s.out.v = make([]float32, s.out.n)
		}
		run()
		if move == nil {
			for j, v := range s.out.v {
				put32(s.out.mem.data[4*j:], math.Float32bits(v))
			}
		}
		for i := range s.in {
			s.in[i].v = nil
		}
		s.out.v = nil
		r.m.res.Host++
		return cost{}
	}
}

// window is the geometry of a sliding window.
type window struct {
	kh, kw, sh, sw, dh, dw, top, left, h, w, oh, ow int
}

func (s *hostStep) window(kh, kw int) window {
	pad, stride, dil := s.ints("pad", 4, 0, 0, 0, 0), s.ints("stride", 2, 1, 1), s.ints("dilation", 2, 1, 1)
	s.rank(s.in[0], 4)
	w := window{kh, kw, stride[0], stride[1], dil[0], dil[1], pad[0], pad[1], s.in[0].dims[2], s.in[0].dims[3], 0, 0}
	for _, v := range append(append(append([]int{kh, kw}, stride...), dil...), pad...) {
		if v < 0 || v > 1<<20 {
			s.bad("pads, strides, kernels and dilations lie between 0 and 2^20")
		}
	}
	h, ww := w.h+pad[0]+pad[2]-((kh-1)*w.dh+1), w.w+pad[1]+pad[3]-((kw-1)*w.dw+1)
	if kh < 1 || kw < 1 || w.sh < 1 || w.sw < 1 || w.dh < 1 || w.dw < 1 || h < 0 || ww < 0 {
		s.bad("the window doesn't fit its input")
	}
	w.oh, w.ow = h/w.sh+1, ww/w.sw+1
	return w
}

// inside is the range of outputs o whose tap at input o*stride+shift lies in 0..size-1.
func inside(n, stride, shift, size int) (lo, hi int) {
	for lo < n && lo*stride+shift < 0 {
		lo++
	}
	hi = lo
	for hi < n && hi*stride+shift < size {
		hi++
	}
	return lo, hi
}

// hostConv: for every output the taps come in ascending (row, column, channel) order; outputs are walked in the inner loops.
func hostConv(s *hostStep) func() {
	s.want(2, 3)
	s.rank(s.in[1], 4)
	x, w := s.in[0].dims, s.in[1].dims
	win := s.window(w[2], w[3])
	g := s.ints("group", 1, 1)[0]
	if g < 1 || x[1]%g != 0 || w[0]%g != 0 || x[1]/g != w[1] {
		s.bad("%d groups of %d channels and %d filters of %d", g, x[1], w[0], w[1])
	}
	if len(s.in) == 3 && s.in[2].n != w[0] {
		s.bad("%d biases for %d filters", s.in[2].n, w[0])
	}
	s.result(x[0], w[0], win.oh, win.ow)
	return func() {
		plane := win.oh * win.ow
		for n := range x[0] {
			for f := range w[0] {
				s.alive()
				acc := s.out.v[(n*w[0]+f)*plane:][:plane]
				if len(s.in) == 3 {
					for i := range acc {
						acc[i] = s.in[2].v[f]
					}
				}
				first := f / (w[0] / g) * w[1]
				for i := range win.kh {
					y0, y1 := inside(win.oh, win.sh, i*win.dh-win.top, win.h)
					for j := range win.kw {
						x0, x1 := inside(win.ow, win.sw, j*win.dw-win.left, win.w)
						for c := range w[1] {
							k := s.in[1].v[((f*w[1]+c)*win.kh+i)*win.kw+j]
							src := s.in[0].v[(n*x[1]+first+c)*win.h*win.w:][:win.h*win.w]
							for oy := y0; oy < y1; oy++ {
								row := src[(oy*win.sh+i*win.dh-win.top)*win.w:]
								out := acc[oy*win.ow : (oy+1)*win.ow]
								at := x0*win.sw + j*win.dw - win.left
								for ox := x0; ox < x1; ox++ {
									out[ox] += float32(row[at] * k)
									at += win.sw
								}
							}
						}
					}
				}
			}
		}
	}
}

func hostDense(s *hostStep) func() {
	s.want(2, 3)
	s.rank(s.in[1], 2)
	w, x := s.in[1].dims, s.in[0].dims
	if len(x) < 1 || x[len(x)-1] != w[1] {
		s.bad("weights take %d inputs, the operand has dimensions %v", w[1], x)
	}
	if len(s.in) == 3 && s.in[2].n != w[0] {
		s.bad("%d biases for %d outputs", s.in[2].n, w[0])
	}
	s.result(append(append([]int{}, x[:len(x)-1]...), w[0])...)
	return func() {
		for r := range s.in[0].n / w[1] {
			s.alive()
			for o := range w[0] {
				var acc float32
				if len(s.in) == 3 {
					acc = s.in[2].v[o]
				}
				a, b := s.in[0].v[r*w[1]:][:w[1]], s.in[1].v[o*w[1]:][:w[1]]
				for k := range a {
					acc += float32(a[k] * b[k])
				}
				s.out.v[r*w[0]+o] = acc
			}
		}
	}
}

// broadcast is the numpy broadcast of two shapes with, for each, the stride of every result dimension.
func (s *hostStep) broadcast(a, b []int) (dims, sa, sb []int) {
	n := max(len(a), len(b))
	dims, sa, sb = make([]int, n), make([]int, n), make([]int, n)
	fill := func(shape, stride []int) {
		step := 1
		for i := len(shape) - 1; i >= 0; i-- {
			d := n - len(shape) + i
			if shape[i] != 1 {
				if dims[d] > 1 && dims[d] != shape[i] {
					s.bad("shapes %v and %v don't broadcast", a, b)
				}
				stride[d] = step
			}
			dims[d] = max(dims[d], shape[i])
			step *= shape[i]
		}
	}
	fill(a, sa)
	fill(b, sb)
	return dims, sa, sb
}

// walk calls f with the index and both offsets of every element of dims.
func walk(dims, sa, sb []int, f func(i, a, b int)) {
	total := 1
	for _, d := range dims {
		total *= d
	}
	index := make([]int, len(dims))
	a, b := 0, 0
	for i := range total {
		f(i, a, b)
		for d := len(dims) - 1; d >= 0; d-- {
			index[d]++
			a, b = a+sa[d], b+sb[d]
			if index[d] < dims[d] {
				break
			}
			a, b = a-sa[d]*dims[d], b-sb[d]*dims[d]
			index[d] = 0
		}
	}
}

func hostMatmul(s *hostStep) func() {
	s.want(2, 2)
	a, b := s.in[0].dims, s.in[1].dims
	if len(a) < 2 || len(b) < 2 || a[len(a)-1] != b[len(b)-2] {
		s.bad("operands %v and %v", a, b)
	}
	m, k, n := a[len(a)-2], a[len(a)-1], b[len(b)-1]
	dims, sa, sb := s.broadcast(a[:len(a)-2], b[:len(b)-2])
	s.result(append(append([]int{}, dims...), m, n)...)
	return func() {
		walk(dims, sa, sb, func(i, ia, ib int) {
			x, y, out := s.in[0].v[ia*m*k:], s.in[1].v[ib*k*n:], s.out.v[i*m*n:]
			for r := range m {
				s.alive()
				row := out[r*n : (r+1)*n]
				for kk := range k {
					v := x[r*k+kk]
					for c := range row {
						row[c] += float32(v * y[kk*n+c])
					}
				}
			}
		})
	}
}

func hostBatchNorm(s *hostStep) func() {
	s.want(5, 5)
	x := s.in[0].dims
	if len(x) < 2 {
		s.bad("an operand of rank %d", len(x))
	}
	for _, t := range s.in[1:] {
		if t.n != x[1] {
			s.bad("%d factors for %d channels", t.n, x[1])
		}
	}
	eps := s.float("eps")
	s.result(x...)
	inner := 1
	for _, d := range x[2:] {
		inner *= d
	}
	return func() {
		a, b := make([]float32, x[1]), make([]float32, x[1])
		for c := range a {
			gamma, beta, mean, variance := s.in[1].v[c], s.in[2].v[c], s.in[3].v[c], s.in[4].v[c]
			a[c] = gamma / float32(math.Sqrt(float64(float32(variance+eps))))
			b[c] = beta - float32(mean*a[c])
		}
		for i, v := range s.in[0].v {
			c := i / inner % x[1]
			s.out.v[i] = float32(v*a[c]) + b[c]
		}
	}
}

func hostBinary(s *hostStep) func() {
	s.want(2, 2)
	dims, sa, sb := s.broadcast(s.in[0].dims, s.in[1].dims)
	s.result(dims...)
	product := s.x.Op == "mul"
	return func() {
		a, b := s.in[0].v, s.in[1].v
		walk(dims, sa, sb, func(i, x, y int) {
			if product {
				s.out.v[i] = float32(a[x] * b[y])
			} else {
				s.out.v[i] = a[x] + b[y]
			}
		})
	}
}

func hostRelu(s *hostStep) func() {
	s.want(1, 1)
	s.result(s.in[0].dims...)
	return func() {
		for i, v := range s.in[0].v {
			if !(v <= 0) {
				s.out.v[i] = v
			}
		}
	}
}

func hostClip(s *hostStep) func() {
	s.want(1, 1)
	lo, hi := s.float("min"), s.float("max")
	s.result(s.in[0].dims...)
	return func() {
		for i, v := range s.in[0].v {
			if v < lo {
				v = lo
			} else if v > hi {
				v = hi
			}
			s.out.v[i] = v
		}
	}
}

func hostPool(s *hostStep) func() {
	s.want(1, 1)
	k := s.ints("kernel", 2)
	win := s.window(k[0], k[1])
	average, include := s.x.Op == "avg_pool2d", false
	if average {
		include = s.ints("include_pad", 1, 0)[0] != 0
	}
	x := s.in[0].dims
	s.result(x[0], x[1], win.oh, win.ow)
	return func() {
		for pl := range x[0] * x[1] {
			s.alive()
			src := s.in[0].v[pl*win.h*win.w:]
			for oy := range win.oh {
				for ox := range win.ow {
					acc, n := float32(0), 0
					for i := range win.kh {
						y := oy*win.sh + i*win.dh - win.top
						if y < 0 || y >= win.h {
							continue
						}
						for j := range win.kw {
							xx := ox*win.sw + j*win.dw - win.left
							if xx < 0 || xx >= win.w {
								continue
							}
							v := src[y*win.w+xx]
							switch {
							case average:
								acc += v
							case n == 0 || v > acc || v != v && acc == acc:
								acc = v
							}
							n++
						}
					}
					if n == 0 {
						s.bad("the window of output (%d, %d) lies wholly in the padding", oy, ox)
					}
					if average {
						if include {
							n = win.kh * win.kw
						}
						acc /= float32(n)
					}
					s.out.v[(pl*win.oh+oy)*win.ow+ox] = acc
				}
			}
		}
	}
}

func hostGlobal(s *hostStep) func() {
	s.want(1, 1)
	s.rank(s.in[0], 4)
	x := s.in[0].dims
	s.result(x[0], x[1], 1, 1)
	plane := x[2] * x[3]
	return func() {
		for i := range s.out.v {
			var acc float32
			for _, v := range s.in[0].v[i*plane:][:plane] {
				acc += v
			}
			s.out.v[i] = acc / float32(plane)
		}
	}
}

func hostSoftmax(s *hostStep) func() {
	s.want(1, 1)
	d := s.in[0].dims
	axis := s.ints("axis", 1)[0]
	if axis < 0 || axis >= len(d) {
		s.bad("axis %d of %d", axis, len(d))
	}
	s.result(d...)
	inner := 1
	for _, v := range d[axis+1:] {
		inner *= v
	}
	n := d[axis]
	return func() {
		x, y := s.in[0].v, s.out.v
		for i := range s.in[0].n / n {
			at := i/inner*n*inner + i%inner
			top := x[at]
			for k := range n {
				if v := x[at+k*inner]; v > top || v != v {
					top = v
				}
			}
			var sum float32
			for k := range n {
				v := mathf.Exp(x[at+k*inner] - top)
				y[at+k*inner] = v
				sum += v
			}
			if s.x.Op == "log_softmax" {
				log := mathf.Unary("log")(sum, 0, 0)
				for k := range n {
					y[at+k*inner] = float32(x[at+k*inner]-top) - log
				}
				continue
			}
			for k := range n {
				y[at+k*inner] /= sum
			}
		}
	}
}

// Movement of any element type.

func strides(dims []int) []int {
	s, step := make([]int, len(dims)), 1
	for i := len(dims) - 1; i >= 0; i-- {
		s[i] = step
		step *= dims[i]
	}
	return s
}

// scatter copies every element of t to out at base + the sum of index*stride, in elements.
func (s *hostStep) scatter(t hostTensor, base int, stride []int) {
	n := t.typ.Size()
	walk(t.dims, stride, stride, func(i, at, _ int) {
		copy(s.out.mem.data[(base+at)*n:(base+at)*n+n], t.mem.data[i*n:])
	})
}

func hostReshape(s *hostStep) func() {
	s.want(1, 1)
	if s.in[0].n != s.out.n {
		s.bad("%v has %d elements, %v has %d", s.in[0].dims, s.in[0].n, s.out.dims, s.out.n)
	}
	return func() { copy(s.out.mem.data, s.in[0].mem.data[:s.in[0].n*s.in[0].typ.Size()]) }
}

func hostTranspose(s *hostStep) func() {
	s.want(1, 1)
	d := s.in[0].dims
	perm := s.ints("perm", len(d))
	dims, to, seen := make([]int, len(d)), make([]int, len(d)), make([]bool, len(d))
	for i, p := range perm {
		if p < 0 || p >= len(d) || seen[p] {
			s.bad("perm %v is no permutation", perm)
		}
		seen[p] = true
		dims[i] = d[p]
	}
	s.result(dims...)
	for i, st := range strides(dims) {
		to[perm[i]] = st
	}
	return func() { s.scatter(s.in[0], 0, to) }
}

func hostConcat(s *hostStep) func() {
	axis := s.ints("axis", 1)[0]
	d := append([]int{}, s.in[0].dims...)
	if axis < 0 || axis >= len(d) {
		s.bad("axis %d of %d", axis, len(d))
	}
	for _, t := range s.in[1:] {
		s.rank(t, len(d))
		for i, v := range t.dims {
			if i != axis && v != d[i] {
				s.bad("operands %v and %v", s.in[0].dims, t.dims)
			}
		}
		d[axis] += t.dims[axis]
	}
	s.result(d...)
	st := strides(d)
	return func() {
		base := 0
		for _, t := range s.in {
			s.scatter(t, base*st[axis], st)
			base += t.dims[axis]
		}
	}
}

func hostPad(s *hostStep) func() {
	s.want(1, 1)
	d := s.in[0].dims
	p := s.ints("pad", 2*len(d))
	dims := make([]int, len(d))
	for i := range d {
		if p[i] < 0 || p[i+len(d)] < 0 || p[i]|p[i+len(d)] > 1<<20 {
			s.bad("pads lie between 0 and 2^20")
		}
		dims[i] = d[i] + p[i] + p[i+len(d)]
	}
	s.result(dims...)
	var v target.Imm
	if s.in[0].typ == target.F32 {
		v = target.ImmF32(s.float("value"))
	} else {
		v = target.ImmInt(s.in[0].typ, s.ints("value", 1)[0])
	}
	n := s.in[0].typ.Size()
	if n > 4 {
		s.bad("no padding of %v", s.in[0].typ)
	}
	st := strides(dims)
	base := 0
	for i := range d {
		base += p[i] * st[i]
	}
	return func() {
		out := s.out.mem.data[:s.out.n*n]
		for i := range out {
			out[i] = byte(v >> (8 * (i % n)))
		}
		s.scatter(s.in[0], base, st)
	}
}
