// SPDX-License-Identifier: MIT-0

package rt

// Lines are the runs of N elements, Step apart, that an operator looks along. Their beginnings, in row-major
// order, are i*From[0]+j*From[1]+… for dimensions Dims, of which there may be none.
type Lines struct {
	Dims, From []int
	N, Step    int
}

// start is the index of the first element of a line.
func (l *Lines) start(line int) int {
	at := 0
	for d := len(l.Dims) - 1; d >= 0; d-- {
		at += line % l.Dims[d] * l.From[d]
		line /= l.Dims[d]
	}
	return at
}

// above says whether a is greater than b; NaN is above every number.
func above[T uint8 | float32](a, b T) bool { return a > b || a != a && b == b }
