// SPDX-License-Identifier: MIT-0

package rt_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/amctc/amctc/runtime/pack"
	"github.com/amctc/amctc/runtime/peak"
	"github.com/amctc/amctc/runtime/rt"
)

// A layer is a convolution as networks have it: of size by size positions, with a border of half the
// window. With out of 0 it has one filter for each channel.
type layer struct {
	network        string
	c, out, size   int
	window, stride int
}

var layers = []layer{
	{"resnet50", 3, 64, 224, 7, 2},
	{"resnet50", 64, 64, 56, 1, 1},
	{"resnet50", 64, 64, 56, 3, 1},
	{"resnet50", 64, 256, 56, 1, 1},
	{"resnet50", 128, 128, 56, 3, 2},
	{"resnet50", 128, 128, 28, 3, 1},
	{"resnet50", 256, 512, 56, 1, 2},
	{"resnet50", 256, 256, 14, 3, 1},
	{"resnet50", 1024, 256, 14, 1, 1},
	{"resnet50", 512, 512, 7, 3, 1},
	{"resnet50", 512, 2048, 7, 1, 1},
	{"resnet50", 2048, 1000, 1, 1, 1},
	{"mobilenetv2", 3, 32, 224, 3, 2},
	{"mobilenetv2", 32, 0, 112, 3, 1},
	{"mobilenetv2", 16, 96, 112, 1, 1},
	{"mobilenetv2", 96, 0, 112, 3, 2},
	{"mobilenetv2", 144, 24, 56, 1, 1},
	{"mobilenetv2", 144, 0, 56, 3, 1},
	{"mobilenetv2", 192, 0, 28, 3, 1},
	{"mobilenetv2", 64, 384, 14, 1, 1},
	{"mobilenetv2", 384, 0, 14, 3, 1},
	{"mobilenetv2", 576, 96, 14, 1, 1},
	{"mobilenetv2", 960, 0, 7, 3, 1},
	{"mobilenetv2", 960, 320, 7, 1, 1},
	{"mobilenetv2", 320, 1280, 7, 1, 1},
}

func (l *layer) String() string {
	kind := "Conv2D"
	channels := fmt.Sprintf("%d-%d", l.c, l.out)
	if l.out == 0 {
		kind, channels = "Depthwise", fmt.Sprint(l.c)
	}
	return fmt.Sprintf("%s/%s_%dx%d_s%d_%s_at_%d", l.network, kind, l.window, l.window, l.stride, channels, l.size)
}

// call gives a call of the layer's kernel on random codes, and its multiply-adds.
func (l *layer) call() (call func(), macs int) {
	r := rand.New(rand.NewPCG(1, 2))
	pad := l.window / 2
	out := (l.size+2*pad-l.window)/l.stride + 1
	win := rt.Window{H: l.size, W: l.size, KH: l.window, KW: l.window, SH: l.stride, SW: l.stride, DH: 1, DW: 1, Top: pad, Left: pad, OutH: out, OutW: out}
	codes := rt.Codes{Lo: -128, Hi: 127, Zero: 128}
	src := make([]uint8, l.size*l.size*l.c)
	for i := range src {
		src[i] = uint8(r.IntN(256))
	}
	const zero = 128
	operands := func(channels, taps int) (w []int8, bias []int32, m []float32) {
		w, bias, m = make([]int8, channels*taps), make([]int32, channels), make([]float32, channels)
		for i := range w {
			w[i] = int8(r.IntN(256) - 128)
		}
		for i := range m {
			m[i] = 1. / 4096
		}
		return w, bias, m
	}
	taps := l.window * l.window
	if l.out == 0 {
		a := &rt.DepthwiseArgs{N: 1, C: l.c, Window: win, Zero: zero, Codes: codes}
		w, bias, m := operands(l.c, taps)
		a.Packed = pack.Depthwise(w, bias, m, l.window, l.window, zero)
		worker, dst := rt.Alone(a.Local()), make([]uint8, out*out*l.c)
		return func() { rt.Depthwise(worker, a, dst, src) }, out * out * l.c * taps
	}
	a := &rt.Conv{N: 1, C: l.c, Out: l.out, Window: win, Zero: zero, Codes: codes, Padded: pad > 0 || l.window*l.c%4 != 0}
	w, bias, m := operands(l.out, taps*l.c)
	a.Packed = pack.Matrix(w, bias, m, l.window, l.window*l.c, zero)
	worker, dst, border := rt.Alone(0), make([]uint8, out*out*l.out), make([]uint8, a.PadBytes())
	return func() { rt.Conv2D(worker, a, dst, src, border) }, out * out * l.out * taps * l.c
}

// BenchmarkLayer measures layers of networks one by one, with the instruction set in use. It reports
// multiply-adds a second and what part that is of the core's peak, measured in turns.
func BenchmarkLayer(b *testing.B) {
	for i := range layers {
		b.Run(layers[i].String(), func(b *testing.B) {
			call, macs := layers[i].call()
			for b.Loop() {
				call()
			}
			b.ReportMetric(float64(macs)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gmac/s")
			if share := peak.Share(rt.Machine().String(), macs, call, 100*time.Millisecond); share > 0 {
				b.ReportMetric(100*share, "%peak")
			}
		})
	}
}
