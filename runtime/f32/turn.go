// SPDX-License-Identifier: MIT-0

package f32

import "math"

// Turn are sine and cosine of the k-th of n equal parts of a turn, 2*pi*k/n: within a unit in the last place of float64 or
// so, exact at quarters of a turn, and the same on every machine. n is from 1 to 2^28, k any number.
func Turn(k, n int) (sin, cos float64) {
	k = (k%n + n) % n
	q := (8*k + n) / (2 * n) // the nearest quarter
	r := float64(float64(float64(4*k-q*n)/float64(n)) * (math.Pi / 2))
	s, c := sine64(r), cosine64(r)
	switch q & 3 {
	case 1:
		return c, -s
	case 2:
		return -s, -c
	case 3:
		return -c, s
	}
	return s, c
}
