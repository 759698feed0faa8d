package zoo

import "fmt"

// resNet18 is He et al., "Deep Residual Learning for Image Recognition", 2015, table 1, 18 layers.
func resNet18(b *builder) {
	x, in := b.resNetStem(), 64
	for i, out := range []int{64, 128, 256, 512} {
		for j := range 2 {
			x = b.basic(fmt.Sprintf("stage%d.block%d", i+1, j+1), x, in, out, first(i > 0 && j == 0))
			in = out
		}
	}
	b.classify(x, in)
}

// resNet50 is table 1, 50 layers, with the stride of a stage in the 3 x 3 convolution (v1.5).
func resNet50(b *builder) {
	x, in := b.resNetStem(), 64
	for i, n := range []int{3, 4, 6, 3} {
		for j := range n {
			x = b.bottleneck(fmt.Sprintf("stage%d.block%d", i+1, j+1), x, in, 64<<i, first(i > 0 && j == 0))
			in = 256 << i
		}
	}
	b.classify(x, in)
}

// resNet8 is the network for CIFAR-10 of Banbury et al., "MLPerf Tiny Benchmark", 2021, without its
// softmax.
func resNet8(b *builder) {
	in := 16
	x := b.relu(b.biased("stem", "input", layer{in: 3, out: in, kernel: 3, stride: 1, linear: true}), "stem")
	for i, out := range []int{16, 32, 64} {
		x = b.basic(fmt.Sprintf("stack%d", i+1), x, in, out, first(i > 0))
		in = out
	}
	b.classify(x, in)
}

// first is the stride of a block that may be the first of its stage.
func first(yes bool) int {
	if yes {
		return 2
	}
	return 1
}

// resNetStem brings images of 224 x 224 to 64 channels of 56 x 56.
func (b *builder) resNetStem() string {
	x := b.relu(b.biased("stem", "input", layer{in: 3, out: 64, kernel: 7, stride: 2, linear: true}), "stem")
	return b.node("MaxPool", "stem.pool", []string{x}, ints("kernel_shape", 3, 3), ints("strides", 2, 2), ints("pads", 1, 1, 1, 1))
}

// branch is how much smaller the weights of the last layer of a branch are than what keeps the mean
// square: sums of many blocks would grow. Trained networks have a scale there that begins at zero.
const branch = 0.5

// basic is a residual block of two 3 x 3 convolutions.
func (b *builder) basic(name, x string, in, out, stride int) string {
	y := b.relu(b.biased(name+".conv1", x, layer{in: in, out: out, kernel: 3, stride: stride}), name+".conv1")
	y = b.biased(name+".conv2", y, layer{in: out, out: out, kernel: 3, stride: 1, gain: branch})
	return b.merge(name, x, y, in, out, stride)
}

// bottleneck is a residual block around a 3 x 3 convolution of mid channels; it gives four times as many.
func (b *builder) bottleneck(name, x string, in, mid, stride int) string {
	y := b.relu(b.biased(name+".conv1", x, layer{in: in, out: mid, kernel: 1, stride: 1}), name+".conv1")
	y = b.relu(b.biased(name+".conv2", y, layer{in: mid, out: mid, kernel: 3, stride: stride}), name+".conv2")
	y = b.biased(name+".conv3", y, layer{in: mid, out: 4 * mid, kernel: 1, stride: 1, gain: branch})
	return b.merge(name, x, y, in, 4*mid, stride)
}

// merge adds a branch to its input, which a 1 x 1 convolution brings to the same shape where needed.
func (b *builder) merge(name, x, y string, in, out, stride int) string {
	if in != out || stride != 1 {
		x = b.biased(name+".shortcut", x, layer{in: in, out: out, kernel: 1, stride: stride, linear: true})
	}
	return b.relu(b.node("Add", name+".add", []string{y, x}), name)
}
