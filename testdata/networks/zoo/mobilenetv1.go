package zoo

import "fmt"

// mobileNetV1 is Howard et al., "MobileNets", 2017, table 1 at a width of 0.25 for 96 x 96 images, with
// ReLU6, as Banbury et al., "MLPerf Tiny Benchmark", 2021, use it for visual wake words.
func mobileNetV1(b *builder) {
	type block struct{ out, stride int }
	blocks := []block{{16, 1}, {32, 2}, {32, 1}, {64, 2}, {64, 1}, {128, 2}, {128, 1}, {128, 1}, {128, 1}, {128, 1}, {128, 1}, {256, 2}, {256, 1}}
	b.bounds()
	in := 8
	x := b.relu6(b.biased("stem", "input", layer{in: 3, out: in, kernel: 3, stride: 2, linear: true}), "stem")
	for i, l := range blocks {
		at := fmt.Sprintf("block%d.depthwise", i+1)
		x = b.relu6(b.biased(at, x, layer{in: in, out: in, kernel: 3, stride: l.stride, groups: in}), at)
		at = fmt.Sprintf("block%d.pointwise", i+1)
		x = b.relu6(b.biased(at, x, layer{in: in, out: l.out, kernel: 1, stride: 1}), at)
		in = l.out
	}
	b.classify(x, in)
}
