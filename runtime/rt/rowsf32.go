// SPDX-License-Identifier: MIT-0

package rt

// rowF32 is a call of a function of rows of numbers of the same length: dst from x, and y where there
// are two. dst may be x or y.
type rowF32 struct {
	dst, x, y []float32
	lo, hi    float32
}

// reluGeneric keeps positive numbers and NaN; everything else becomes +0.
func (r *rowF32) reluGeneric() {
	x := r.x[:len(r.dst)]
	for i, v := range x {
		if v <= 0 {
			v = 0
		}
		r.dst[i] = v
	}
}

// clipGeneric clamps to lo and hi, of which lo is not the greater; NaN stays.
func (r *rowF32) clipGeneric() {
	x := r.x[:len(r.dst)]
	for i, v := range x {
		if v < r.lo {
			v = r.lo
		} else if v > r.hi {
			v = r.hi
		}
		r.dst[i] = v
	}
}

// addGeneric adds.
func (r *rowF32) addGeneric() {
	x, y := r.x[:len(r.dst)], r.y[:len(r.dst)]
	for i := range r.dst {
		r.dst[i] = float32(x[i] + y[i])
	}
}

// mulGeneric multiplies.
func (r *rowF32) mulGeneric() {
	x, y := r.x[:len(r.dst)], r.y[:len(r.dst)]
	for i := range r.dst {
		r.dst[i] = float32(x[i] * y[i])
	}
}

// maxGeneric takes the number of y where it is greater, or NaN when that of x is not.
func (r *rowF32) maxGeneric() {
	x, y := r.x[:len(r.dst)], r.y[:len(r.dst)]
	for i, v := range y {
		b := x[i]
		if v > b || v != v && b == b {
			b = v
		}
		r.dst[i] = b
	}
}
