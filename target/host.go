package target

// Host is an operator that the host computes between kernels, on float32 GM symbols in plain row-major (NCHW/ND) order; it runs
// in the stream "host". Shapes are the symbols' Dims. Operators, their inputs and attributes (* has a default):
//
//	conv2d           x, w(O,C/group,kh,kw) [, b]       pad*=[t,l,b,r] stride*=[v,h] dilation*=[v,h] group*
//	dense            x(...,K), w(O,K) [, b(O)]
//	matmul           a(...,M,K), b(...,K,N)            leading dimensions broadcast as in numpy
//	batch_norm       x, gamma, beta, mean, var         eps (float); a = gamma/sqrt(var+eps), b = beta - mean*a, y = x*a + b, each step rounded
//	add, mul         a, b                              numpy broadcast
//	relu, clip       x                                 clip: min, max (floats)
//	max_pool2d       x                                 kernel=[kh,kw] pad* stride* dilation*
//	avg_pool2d       x                                 kernel pad* stride* dilation* include_pad*
//	global_avg_pool  x                                 over the last two dimensions
//	softmax          x                                 axis
//	log_softmax      x                                 axis
//	concat           x...                              axis       any one type
//	pad              x                                 pad=[befores..., afters...] value (float; for integers an integer)   any one type
//	reshape          x                                 a copy     any one type
//	transpose        x                                 perm       any one type
//	table            x, t(256) or t(C,256)             t[x+128], or t[c][x+128] at index c of axis 1, s8
//	argmax           x                                 axis keep last least; s64 of an f32 or s8 x, NaN above every number
//	topk             x, two results                    axis k least; elements of x, sorted, and their indices, s64
//	take             x                                 axis indices; -1 stands for zeros
//	resample         x, w(entries*taps)                axis taps indices; weighted sums of taps entries from +0, ascending
//	normalize        x                                 axis eps (float) centred*; over all axes from axis on: (x-m)/sqrt(v+eps), as nn.normalize rounds it
//	grid_sample      x, grid(N or 1,h,w,2)             mode border align: numbers of nearest, bilinear, bicubic and zeros, border, reflection; as nn.grid_sample
//	roi_align        x, rois(R,4)                      batch size=[h,w] samples scale (float) half_pixel greatest; as nn.roi_align
//	max_pool2d_indices  x                              as max_pool2d, and columns whole; s64 of an f32 or s8 x
//	max_unpool2d     x, indices (s64)                  size=[h,w] whole zero; x of f32 or s8, whose zero is that code
//	reduce_sum, _mean, _prod, _max, _min    x          axes keep; ascending
//	a function of runtime/f32               x          alpha* beta* (floats)
//	a pairing of runtime/f32                a, b       numpy broadcast
//
// Sums start at the bias (or +0) and add float32(x*w) in ascending (kh, kw, channel) order, each product and sum rounded; taps in the padding are
// skipped. relu is x where x > 0 or NaN, else +0; max_pool2d: a NaN inside a window is its result. softmax: m = maximum, e = f32.Exp(float32(x-m)), s = sum of e ascending, y = float32(e/s);
// log_softmax: y = float32(float32(x-m) - log(s)).
type Host struct {
	Op      string   // without "host."
	Out, In []string // symbol names
	Attrs   []Attr
}

// Attr is a named attribute of a Host step: integers, or one float.
type Attr struct {
	Key     string
	Ints    []int64
	Float   float32
	IsFloat bool
}

// Ints is an integer attribute.
func Ints(key string, v ...int) Attr {
	a := Attr{Key: key, Ints: make([]int64, len(v))}
	for i, x := range v {
		a.Ints[i] = int64(x)
	}
	return a
}

// Float is a float attribute.
func Float(key string, v float32) Attr { return Attr{Key: key, Float: v, IsFloat: true} }

// Mnemonic implements Instr.
func (x *Host) Mnemonic() string { return "host." + x.Op }

// Pipe implements Instr.
func (*Host) Pipe() Pipe { return PipeHost }
