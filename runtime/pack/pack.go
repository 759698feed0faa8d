// Package pack puts weights into the order in which the kernels of runtime/rt read them. It is used
// when a network is planned; what it gives is written into generated packages.
package pack

import (
	"math"

	"github.com/amctc/amctc/runtime/rt"
)

// Matrix packs the weights of one group of output channels, [out][segs][seg]: the taps of every
// segment, a row of a window, are filled up to whole groups of four. zero is the stored code of the
// number 0, of which the folded bias takes out what it adds: codes u stand for u-zero.
func Matrix(weights []int8, bias []int32, m []float32, segs, seg int, zero int32) rt.Packed {
	return Groups(weights, bias, m, 1, segs, seg, zero)
}

// Groups packs the weights of several groups of equally many output channels, [group*out][segs][seg],
// one after another.
func Groups(weights []int8, bias []int32, m []float32, groups, segs, seg int, zero int32) rt.Packed {
	var p rt.Packed
	out, k := len(bias)/groups, segs*seg
	for g := range groups {
		for first := 0; first < out; {
			lanes := rt.PanelLanes(out - first)
			c := g*out + first
			n := min(lanes, out-first)
			p.Weights = append(p.Weights, panel(weights[c*k:(c+n)*k], lanes, segs, seg)...)
			p.Bias = append(p.Bias, folded(weights[c*k:(c+n)*k], bias[c:c+n], zero, lanes)...)
			p.M = append(append(p.M, m[c:c+n]...), make([]float32, lanes-n)...)
			first += lanes
		}
	}
	p.Bounded = bounded(weights, bias, m, zero)
	return p
}

// bounded says whether every sum times its factor stays below 2^31, with room for two roundings.
func bounded(weights []int8, bias []int32, m []float32, zero int32) bool {
	k := len(weights) / len(bias)
	for c, b := range bias {
		reach := math.Abs(float64(b))
		for _, v := range weights[c*k : (c+1)*k] {
			reach += float64(math.Abs(float64(v)) * float64(max(zero, 255-zero)))
		}
		if !(reach*math.Abs(float64(m[c])) < 1<<31-1<<10) {
			return false
		}
	}
	return true
}

// panel packs the weights of up to lanes channels.
func panel(w []int8, lanes, segs, seg int) []int8 {
	k := segs * seg
	quads := (seg + 3) / 4
	out := make([]int8, segs*quads*4*lanes)
	for c := range len(w) / k {
		for s := range segs {
			for t := range seg {
				out[((s*quads+t/4)*lanes+c)*4+t%4] = w[c*k+s*seg+t]
			}
		}
	}
	return out
}

// folded are the biases of a panel less what the zero point adds to every sum.
func folded(w []int8, bias []int32, zero int32, lanes int) []int32 {
	out := make([]int32, lanes)
	k := len(w) / len(bias)
	for c, b := range bias {
		sum := int32(0)
		for _, v := range w[c*k : (c+1)*k] {
			sum += int32(v)
		}
		out[c] = b - zero*sum
	}
	return out
}

// Depthwise packs one filter for each channel, [channel][kh][kw].
func Depthwise(weights []int8, bias []int32, m []float32, kh, kw int, zero int32) rt.Packed {
	var p rt.Packed
	k, quads := kh*kw, (kh+3)/4
	for first := 0; first < len(bias); {
		lanes := rt.PanelLanes(len(bias) - first)
		n := min(lanes, len(bias)-first)
		w := make([]int8, quads*kw*lanes*4)
		for c := range n {
			for y := range kh {
				for x := range kw {
					w[((y/4*kw+x)*lanes+c)*4+y%4] = weights[(first+c)*k+y*kw+x]
				}
			}
		}
		p.Weights = append(p.Weights, w...)
		p.Bias = append(p.Bias, folded(weights[first*k:(first+n)*k], bias[first:first+n], zero, lanes)...)
		p.M = append(append(p.M, m[first:first+n]...), make([]float32, lanes-n)...)
		first += lanes
	}
	p.Bounded = bounded(weights, bias, m, zero)
	return p
}
