package calib

import (
	"math"
	"slices"
	"testing"
)

// hfmgByBatches is AMCT 2.2 to the letter, with histograms merged batch by batch: the ranges tried, the range
// of the data, and the one chosen.
func hfmgByBatches(batches [][]float32, bins, bits int) (tried [][2]int, lo, hi, clipLo, clipHi float64) {
	fill := func(x []float32, lo, hi float64) []float64 {
		out := make([]float64, bins)
		for _, v := range x {
			out[min(int((float64(v)-lo)/((hi-lo)/float64(bins))), bins-1)]++
		}
		return out
	}
	lo, hi = float64(slices.Min(batches[0])), float64(slices.Max(batches[0]))
	count := fill(batches[0], lo, hi)
	total := float64(len(batches[0]))
	for _, x := range batches[1:] {
		l, h := min(lo, float64(slices.Min(x))), max(hi, float64(slices.Max(x)))
		now := fill(x, l, h)
		w, oldW := (h-l)/float64(bins), (hi-lo)/float64(bins)
		for i, c := range count {
			a, b := lo+float64(i)*oldW, lo+float64(i+1)*oldW
			p, q := int((a-l)/w), min(int((b-l)/w), bins-1)
			if p == q {
				now[p] += c
				continue
			}
			part := math.Trunc(c * (l + float64(p+1)*w - a) / (b - a))
			now[p] += part
			now[q] += c - part
		}
		count, lo, hi = now, l, h
		total += float64(len(x))
	}
	w := (hi - lo) / float64(bins)
	step := max(math.Ceil(total/100000), 1)
	left, right, best := 0, bins-1, math.Inf(1)
	for float64(right-left) > math.Ceil(float64(bins)/4) {
		tl, tr, sum := left, right, 0.
		for sum < step && tl != tr {
			sum += count[tl]
			tl++
		}
		for sum = 0; sum < step && tr != tl; tr-- {
			sum += count[tr]
		}
		if right-tr >= tl-left {
			right = tr
		} else {
			left = tl
		}
		tried = append(tried, [2]int{left, right})
		// The integral of squared errors within each bin, cell by cell of the codes.
		levels := 1 << bits
		dw := w * float64(right-left+1) / float64(levels)
		var loss float64
		for i, c := range count {
			if c == 0 {
				continue
			}
			a, b := float64(i-left)*w, float64(i-left+1)*w
			for a < b {
				cell := min(max(math.Floor(a/dw), 0), float64(levels-1))
				end := b
				if cell < float64(levels-1) {
					end = min(b, (cell+1)*dw)
				}
				if end <= a {
					end = b
				}
				m := cell*dw + dw/2
				loss += c / w * ((end-m)*(end-m)*(end-m) - (a-m)*(a-m)*(a-m)) / 3
				a = end
			}
		}
		if loss < best {
			best, clipLo, clipHi = loss, lo+float64(left)*w, lo+float64(right+1)*w
		}
	}
	return tried, lo, hi, clipLo, clipHi
}

// TestHFMGOracle: the oracle has the ranges and numbers of AMCT 9.2, and the observer's ends are those of the
// oracle fed with one batch, and lie within two bins of those with the histograms of seven merged.
func TestHFMGOracle(t *testing.T) {
	x := g(1024, 1)
	tried, _, _, _, _ := hfmgByBatches([][]float32{x}, 1024, 8)
	if want := [][2]int{{0, 1022}, {0, 1021}, {0, 1019}}; len(tried) != 440 || !slices.Equal(tried[:3], want) || tried[439] != [2]int{0, 254} {
		t.Errorf("%d ranges, %v to %v", len(tried), tried[:3], tried[len(tried)-1])
	}
	second := g(1024, 7)
	for i := range second {
		second[i] *= 1.5
	}
	_, lo, hi, cl, ch := hfmgByBatches([][]float32{x, second}, 1024, 8)
	near := func(a, b float64) bool { return math.Abs(a-b) <= 45.8/1024 }
	if float32(lo) != -22.8424301 || float32(hi) != 22.8881836 || !near(cl, -22.8653069) || !near(ch, 22.6866722) {
		t.Errorf("two batches: %v to %v in %v to %v", cl, ch, lo, hi)
	}
	for name, x := range distributions() {
		for _, bits := range []int{8, 16} {
			if bits == 16 && name != "skewed" {
				continue // the oracle looks at every code
			}
			got := observe(t, NewHFMG(true, bits, 1024), x, 3)
			bin := float64(slices.Max(x)-slices.Min(x)) / 1024
			for n, most := range map[int]float64{1: 1e-6, 7: 2} {
				var batches [][]float32
				for i := range n {
					batches = append(batches, x[i*len(x)/n:(i+1)*len(x)/n])
				}
				_, _, _, cl, ch := hfmgByBatches(batches, 1024, bits)
				want, err := MinMax(float32(cl), float32(ch), true, bits)
				if err != nil {
					t.Fatal(err)
				}
				width := math.Ldexp(1, bits) - 1
				if d := math.Abs(float64(got.Scale-want.Scale)) * width; d > 2*most*bin+1e-5 {
					t.Errorf("%s, %d bits, %d batches: range %v, by the book %v, a bin is %v", name, bits, n, float64(got.Scale)*width, float64(want.Scale)*width, bin)
				}
			}
		}
	}
	t.Logf("golden values of AMCT 9.2: %d", 1+4+2+2)
}

// TestEntropyOracle holds the search against the divergence written out for each part of the range, over maps.
func TestEntropyOracle(t *testing.T) {
	for name, x := range distributions() {
		for _, asym := range []bool{true, false} {
			lo, hi := slices.Min(x), slices.Max(x)
			width := (float64(hi) - float64(lo)) / 8192
			count := make(map[int]float64)
			for _, v := range x {
				if v != 0 {
					count[min(int((float64(v)-float64(lo))/width), 8191)]++
				}
			}
			best, bestKL := 0, math.Inf(1)
			for part := 128; part >= 16; part-- {
				a := int(math.Floor((float64(min(lo, 0))*float64(part)/128 - float64(lo)) / width))
				b := min(int(math.Ceil((float64(max(hi, 0))*float64(part)/128-float64(lo))/width)), 8192)
				n := b - a
				if n <= 256 {
					break
				}
				p, q := make([]float64, n), make([]float64, n)
				for k, c := range count {
					p[min(max(k-a, 0), n-1)] += c
				}
				for code := range 256 { // the bins of a code share what it holds
					from, to := int(math.Ceil(float64(code)*float64(n)/256)), int(math.Ceil(float64(code+1)*float64(n)/256))
					held, full := 0., 0.
					for k := from; k < min(to, n); k++ {
						if c := count[a+k]; c > 0 {
							held += c
							full++
						}
					}
					for k := from; k < min(to, n); k++ {
						if count[a+k] > 0 {
							q[k] = held / full
						}
					}
				}
				if kl := smoothedKL(p, q); kl < bestKL {
					best, bestKL = part, kl
				}
			}
			want, err := MinMax(min(lo, 0)*float32(best)/128, max(hi, 0)*float32(best)/128, asym, 8)
			if err != nil {
				t.Fatal(err)
			}
			got := observe(t, NewEntropy(asym, 8), x, 4)
			if math.Abs(float64(got.Scale/want.Scale)-1) > 1e-6 || got.Offset != want.Offset {
				t.Errorf("%s, asymmetric %v: %+v, by the book %+v (part %d)", name, asym, got, want, best)
			}
		}
	}
}

// smoothedKL is the divergence after every empty bin got 1e-4, taken evenly from the others.
func smoothedKL(p, q []float64) float64 {
	even := func(x []float64) []float64 {
		out, empty, sum := slices.Clone(x), 0, 0.
		for _, v := range x {
			if v == 0 {
				empty++
			}
		}
		take := 1e-4 * float64(empty) / float64(len(x)-empty)
		for i, v := range x {
			switch {
			case take >= 1:
			case v == 0:
				out[i] = 1e-4
			default:
				out[i] -= take
			}
			sum += out[i]
		}
		for i := range out {
			out[i] /= sum
		}
		return out
	}
	p, q = even(p), even(q)
	var kl float64
	for i := range p {
		if p[i] > 0 && q[i] > 0 {
			kl += p[i] * math.Log(p[i]/q[i])
		}
	}
	return kl
}

// TestMSESymmetric holds the symmetric search, and 16 bits, against all ends on a grid of hundredths.
func TestMSESymmetric(t *testing.T) {
	for name, x := range distributions() {
		for _, bits := range []int{4, 8, 16} {
			got := observe(t, NewMSE(false, bits), x, 2)
			if got.Offset != 0 {
				t.Errorf("%s: offset %d", name, got.Offset)
			}
			best := math.Inf(1)
			for a := 5; a <= 100; a++ {
				p, err := MinMax(slices.Min(x)*float32(a)/100, slices.Max(x)*float32(a)/100, false, bits)
				if err != nil {
					t.Fatal(err)
				}
				best = min(best, squared(p, bits, x))
			}
			if e := squared(got, bits, x); e > 1.03*best {
				t.Errorf("%s, %d bits: error %v, a grid has %v", name, bits, e, best)
			}
		}
	}
}
