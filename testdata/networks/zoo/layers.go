package zoo

import "math"

// A layer is a convolution, padded so that a stride of 1 keeps the size.
type layer struct {
	in, out, kernel, stride int
	groups                  int     // 0 is 1
	linear                  bool    // the input was not rectified
	gain                    float32 // of the weights; 0 is 1
}

// conv adds a convolution without bias.
func (b *builder) conv(name, x string, l layer) string {
	return b.window(name, []string{x, b.kernel(name, l)}, l)
}

// biased adds a convolution with a small bias: one whose batch normalization is folded.
func (b *builder) biased(name, x string, l layer) string {
	return b.window(name, []string{x, b.kernel(name, l), b.floats(name+".bias", b.uniform(l.out, -0.1, 0.1), int64(l.out))}, l)
}

// kernel draws the weights of a convolution.
func (b *builder) kernel(name string, l layer) string {
	per, k := l.in/max(1, l.groups), int64(l.kernel)
	fan := per * l.kernel * l.kernel
	w := b.weights(l.out*fan, fan, l.linear)
	if l.gain != 0 {
		for i := range w {
			w[i] *= l.gain
		}
	}
	return b.floats(name+".weight", w, int64(l.out), int64(per), k, k)
}

func (b *builder) window(name string, in []string, l layer) string {
	k, s, pad := int64(l.kernel), int64(l.stride), int64(l.kernel/2)
	return b.node("Conv", name+".conv", in, ints("kernel_shape", k, k), ints("strides", s, s),
		ints("pads", pad, pad, pad, pad), integer("group", int64(max(1, l.groups))))
}

// norm adds a batch normalization near the identity.
func (b *builder) norm(x, name string, channels int) string {
	at, c := name+".norm", int64(channels)
	return b.node("BatchNormalization", at, []string{x,
		b.floats(at+".scale", b.uniform(channels, 0.8, 1.2), c),
		b.floats(at+".bias", b.uniform(channels, -0.2, 0.2), c),
		b.floats(at+".mean", b.uniform(channels, -0.2, 0.2), c),
		b.floats(at+".var", b.uniform(channels, 0.8, 1.2), c)})
}

func (b *builder) relu(x, name string) string {
	return b.node("Relu", name+".relu", []string{x})
}

// bounds adds the bounds of every relu6.
func (b *builder) bounds() {
	b.floats("zero", []float32{0})
	b.floats("six", []float32{6})
}

func (b *builder) relu6(x, name string) string {
	return b.node("Clip", name+".relu6", []string{x, "zero", "six"})
}

// dense adds a layer of out numbers from in rectified ones.
func (b *builder) dense(name, x string, in, out int) string {
	w := b.floats(name+".weight", b.weights(out*in, in, false), int64(out), int64(in))
	bias := b.floats(name+".bias", b.uniform(out, -0.1, 0.1), int64(out))
	return b.node("Gemm", name, []string{x, w, bias}, integer("transB", 1))
}

// classify gives the network's result: the mean of each channel through one layer.
func (b *builder) classify(x string, channels int) {
	x = b.node("GlobalAveragePool", "pool", []string{x})
	x = b.node("Flatten", "flatten", []string{x}, integer("axis", 1))
	b.dense("classifier", x, channels, b.out)
	b.result()
}

// result makes what the last node gives the network's result.
func (b *builder) result() {
	b.g.Node[len(b.g.Node)-1].Output[0] = "output"
}

// weights draws n weights that keep the mean square of what flows: of a rectified input (He et
// al., "Delving Deep into Rectifiers", 2015), or of a linear one.
func (b *builder) weights(n, fanIn int, linear bool) []float32 {
	variance := 2 / float64(fanIn)
	if linear {
		variance /= 2
	}
	a := float32(math.Sqrt(3 * variance))
	return b.uniform(n, -a, a)
}
