// SPDX-License-Identifier: MIT-0

package rt

// TopKArgs describe the lines of which the K greatest elements are wanted, or the least ones. Entry i of a line
// comes to base + i*Inner of both results; base begins at 0 and goes up by 1 within Inner lines, then by K*Inner.
type TopKArgs struct {
	Lines
	K, Inner int
	Least    bool
}

// TopKU8 gives stored codes and their indices, sorted; of equal ones the lower index comes first.
func TopKU8(w *Worker, a *TopKArgs, dst []uint8, indices []int64, src []uint8) {
	topK(w, a, dst, indices, src)
}

// TopKF32 is TopKU8 for float32 numbers. NaN counts as the greatest number.
func TopKF32(w *Worker, a *TopKArgs, dst []float32, indices []int64, src []float32) {
	topK(w, a, dst, indices, src)
}

// topK keeps the best elements so far as a heap with the worst of them at its root, and sorts it at the end.
func topK[T uint8 | float32](w *Worker, a *TopKArgs, dst []T, indices []int64, src []T) {
	defer w.wait()
	lo, hi := w.share(product(a.Dims), 1)
	for line := lo; line < hi; line++ {
		at := a.start(line)
		base := line/a.Inner*a.K*a.Inner + line%a.Inner
		h := ranked[T]{v: dst[base:], i: indices[base:], step: a.Inner, least: a.Least}
		for i := range a.N {
			v := src[at+i*a.Step]
			switch {
			case i < a.K:
				h.v[i*h.step], h.i[i*h.step] = v, int64(i)
				h.up(i)
			case h.before(v, int64(i), h.v[0], h.i[0]):
				h.v[0], h.i[0] = v, int64(i)
				h.down(a.K)
			}
		}
		for n := a.K - 1; n > 0; n-- {
			h.swap(0, n)
			h.down(n)
		}
	}
}

// ranked are elements with their indices, step apart.
type ranked[T uint8 | float32] struct {
	v     []T
	i     []int64
	step  int
	least bool
}

// before says whether element v of index i comes before element u of index j.
func (h *ranked[T]) before(v T, i int64, u T, j int64) bool {
	switch {
	case above(v, u):
		return !h.least
	case above(u, v):
		return h.least
	}
	return i < j
}

// worse says whether entry a comes behind entry b.
func (h *ranked[T]) worse(a, b int) bool {
	a, b = a*h.step, b*h.step
	return h.before(h.v[b], h.i[b], h.v[a], h.i[a])
}

func (h *ranked[T]) swap(a, b int) {
	a, b = a*h.step, b*h.step
	h.v[a], h.v[b] = h.v[b], h.v[a]
	h.i[a], h.i[b] = h.i[b], h.i[a]
}

// up moves the last of n+1 entries to where it belongs.
func (h *ranked[T]) up(n int) {
	for n > 0 && h.worse(n, (n-1)/2) {
		h.swap(n, (n-1)/2)
		n = (n - 1) / 2
	}
}

// down moves the first of n entries to where it belongs.
func (h *ranked[T]) down(n int) {
	for k := 0; 2*k+1 < n; {
		c := 2*k + 1
		if c+1 < n && h.worse(c+1, c) {
			c++
		}
		if !h.worse(c, k) {
			return
		}
		h.swap(c, k)
		k = c
	}
}
