package zoo

import "fmt"

// A stage is one line of table 2 of Sandler et al., "MobileNetV2: Inverted Residuals and Linear
// Bottlenecks", 2018: n blocks of c channels with expansion t, the first of them with stride s.
type stage struct{ t, c, n, s int }

var stages = []stage{{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}}

const (
	stem = 32
	head = 1280
)

// mobileNetV2 is the whole network.
func mobileNetV2(b *builder) {
	b.bounds()
	x := b.norm(b.conv("stem", "input", layer{in: 3, out: stem, kernel: 3, stride: 2}), "stem", stem)
	x = b.relu6(x, "stem")
	channels := stem
	for i, s := range stages {
		for j := range s.n {
			stride := 1
			if j == 0 {
				stride = s.s
			}
			x = b.inverted(fmt.Sprintf("stage%d.block%d", i+1, j+1), x, channels, s.c, s.t, stride)
			channels = s.c
		}
	}
	x = b.relu6(b.norm(b.conv("head", x, layer{in: channels, out: head, kernel: 1, stride: 1}), "head", head), "head")
	b.classify(x, head)
}

// inverted is one inverted residual.
func (b *builder) inverted(name, x string, in, out, t, stride int) string {
	y, wide, linear := x, in*t, true
	if t > 1 {
		at := name + ".expand"
		y = b.relu6(b.norm(b.conv(at, y, layer{in: in, out: wide, kernel: 1, stride: 1, linear: true}), at, wide), at)
		linear = false
	}
	at := name + ".depthwise"
	y = b.relu6(b.norm(b.conv(at, y, layer{in: wide, out: wide, kernel: 3, stride: stride, groups: wide, linear: linear && in != stem}), at, wide), at)
	at = name + ".project"
	y = b.norm(b.conv(at, y, layer{in: wide, out: out, kernel: 1, stride: 1}), at, out)
	if stride == 1 && in == out {
		y = b.node("Add", name+".add", []string{x, y})
	}
	return y
}
