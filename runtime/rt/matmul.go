// SPDX-License-Identifier: MIT-0

package rt

import "unsafe"

// MatMulArgs describe products of matrices of codes whose zero point is the code 0, stored as 128. M is
// the factor of every sum.
type MatMulArgs struct {
	Products
	M float32
	Codes
}

// PackedBytes is the size of the memory for one packed matrix of the second operand.
func (a *MatMulArgs) PackedBytes() int { return 4 * groups(a.K) * a.PackedLanes() }

// PackedLanes is the number of channels of the panels of a matrix: of sums that start at something.
func (a *MatMulArgs) PackedLanes() int {
	n := 0
	for n < a.Out {
		n += PanelLanes(a.Out - n)
	}
	return n
}

// matMulRows is the number of rows of a product that are computed at once.
const matMulRows = 20

// Local is the memory that every worker needs in bytes: rows filled up to whole groups of four.
func (a *MatMulArgs) Local() int {
	if a.K%4 == 0 {
		return 0
	}
	return matMulRows * 4 * groups(a.K)
}

// MatMul multiplies and requantizes. packed has PackedBytes bytes, starts PackedLanes numbers.
func MatMul(w *Worker, a *MatMulArgs, dst, x, y, packed []uint8, starts []int32) {
	var t tile
	var m [64]float32
	for i := range m {
		m[i] = a.M
	}
	t.m = &m[0]
	t.requantization(&a.Codes, &Packed{})
	t.ldd = a.Out
	a.each(w, &t, x, y, packed, starts, func(at, channel, lanes int) {
		t.dst = unsafe.Pointer(&dst[at*a.Out+channel])
		t.run(lanes)
	})
}

// MatMulToF32 multiplies and gives the sums' values.
func MatMulToF32(w *Worker, a *MatMulArgs, dst []float32, x, y, packed []uint8, starts []int32) {
	var t tile
	var sums [matMulRows][64]int32
	var m [64]float32
	for i := range m {
		m[i] = a.M
	}
	t.m = &m[0]
	t.sums, t.ldd = 1, int(unsafe.Sizeof(sums[0]))
	t.dst = unsafe.Pointer(&sums)
	a.each(w, &t, x, y, packed, starts, func(at, channel, lanes int) {
		t.run(lanes)
		n := min(lanes, a.Out-channel)
		for i := range t.n {
			scaleRow(dst[(at+i)*a.Out+channel:][:n], sums[i][:n], m[:n])
		}
	})
}

// each packs the second operand of every product and calls f for every panel of this worker's rows, with
// the first row of the results and the panel's first channel.
func (a *MatMulArgs) each(w *Worker, t *tile, x, y, packed []uint8, starts []int32, f func(at, channel, lanes int)) {
	t.by(w)
	taps := 4 * groups(a.K)
	t.segs, t.groups = 1, taps/4
	lo, hi := w.share(a.Rows, 2)
	for i := range product(a.Dims) {
		pa, pb := a.pair(i)
		if _, before := a.pair(max(i-1, 0)); i == 0 || before != pb {
			a.pack(w, y[pb*a.K*a.Out:][:a.K*a.Out], packed, starts)
			w.wait()
		}
		from := x[pa*a.Rows*a.K:][:a.Rows*a.K]
		for r := lo; r < hi; r += matMulRows {
			t.n = min(matMulRows, hi-r)
			a.rows(w, t, from[r*a.K:], taps)
			weights := 0
			for channel := 0; channel < a.Out; {
				lanes := PanelLanes(a.Out - channel)
				t.w, t.bias = (*int8)(unsafe.Pointer(&packed[weights])), &starts[channel]
				t.mask = ^uint64(0)
				if rest := a.Out - channel; rest < 64 {
					t.mask = 1<<rest - 1
				}
				f(i*a.Rows+r, channel, lanes)
				weights += lanes * taps
				channel += lanes
			}
		}
		w.wait() // before the memory is packed anew
	}
}

// rows sets the sources of t.n rows: where they are, or copies of whole groups of four.
func (a *MatMulArgs) rows(w *Worker, t *tile, x []uint8, taps int) {
	step := a.K
	if a.K%4 == 0 {
		t.src = unsafe.Pointer(unsafe.SliceData(x))
	} else {
		for i := range t.n {
			copy(w.local[i*taps:][:a.K], x[i*a.K:])
		}
		t.src, step = unsafe.Pointer(unsafe.SliceData(w.local)), taps
	}
	for i := range t.n {
		w.offs[i] = int32(i * step)
	}
}

// pack puts this worker's share of the panels of a matrix in the order that the matrix kernel reads, and
// finds what sums start at: -128 times the sum of a column.
func (a *MatMulArgs) pack(w *Worker, y, packed []uint8, starts []int32) {
	taps := 4 * groups(a.K)
	number, weights := 0, 0
	lo, hi := w.share((a.Out+63)/64+1, 1) // the last panels may be two
	for channel := 0; channel < a.Out; number++ {
		lanes := PanelLanes(a.Out - channel)
		if number >= lo && number < hi {
			n := min(lanes, a.Out-channel)
			panel := packed[weights:][:lanes*taps]
			clear(panel)
			start := starts[channel:][:lanes]
			clear(start)
			for k := range a.K {
				to := panel[k/4*4*lanes+k%4:]
				for c, u := range y[k*a.Out+channel:][:n] {
					to[4*c] = u ^ 0x80
					start[c] -= 128 * int32(int8(u^0x80))
				}
			}
		}
		weights += lanes * taps
		channel += lanes
	}
}
