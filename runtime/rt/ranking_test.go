// SPDX-License-Identifier: MIT-0

package rt

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRanking holds ArgMax and TopK against a stable sort, of lines in every order, with many equal elements and NaN, by
// one worker and by three.
func TestRanking(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	team := NewTeam(3, 0)
	defer team.Close()
	for round := range 400 {
		dims := []int{1 + r.IntN(4), 1 + r.IntN(40), 1 + r.IntN(5)}
		strides := []int{dims[1] * dims[2], dims[2], 1}
		axis := r.IntN(3)
		lines := Lines{N: dims[axis], Step: strides[axis]}
		for d := range 3 {
			if d != axis {
				lines.Dims, lines.From = append(lines.Dims, dims[d]), append(lines.From, strides[d])
			}
		}
		src := make([]float32, product(dims))
		codes := make([]uint8, len(src))
		for i := range src {
			codes[i] = uint8(r.IntN(1 + r.IntN(256)))
			if src[i] = float32(codes[i]) - 100; codes[i] == 7 {
				src[i] = float32(math.NaN())
			}
		}
		k, least, last := 1+r.IntN(lines.N), round%2 == 0, round%4 < 2
		inner := product(dims[axis+1:])
		count := len(src) / lines.N
		best, indices := make([]int64, count), make([]int64, count*k)
		values, kept := make([]float32, len(indices)), make([]uint8, len(indices))
		do := func(f func(*Worker)) {
			if round%3 == 0 {
				team.Do(f)
			} else {
				f(Alone(0))
			}
		}
		check := func(element func(i int) float64, value func(i int) float64) {
			for line := range count {
				at := line/inner*lines.N*inner + line%inner
				var list []int
				for i := range lines.N {
					list = append(list, i)
				}
				slices.SortStableFunc(list, func(a, b int) int {
					x, y := element(at+b*inner), element(at+a*inner)
					d := 0
					switch {
					case x == y || x != x && y != y:
					case x != x || x > y:
						d = 1
					default:
						d = -1
					}
					if least {
						return -d
					}
					return d
				})
				first := list[0]
				for _, i := range list[1:] {
					if x, y := element(at+first*inner), element(at+i*inner); last && (x == y || x != x && y != y) {
						first = i
					}
				}
				if best[line] != int64(first) {
					t.Fatalf("round %d, line %d: index %d, want %d", round, line, best[line], first)
				}
				for i := range k {
					to := line/inner*k*inner + line%inner + i*inner
					if x, y := value(to), element(at+list[i]*inner); indices[to] != int64(list[i]) || x != y && (x == x || y == y) {
						t.Fatalf("round %d, line %d, place %d: %v at %d, want %v at %d", round, line, i, x, indices[to], y, list[i])
					}
				}
			}
		}
		arg := ArgMaxArgs{Lines: lines, Least: least, Last: last}
		top := TopKArgs{Lines: lines, K: k, Inner: inner, Least: least}
		do(func(w *Worker) { ArgMaxF32(w, &arg, best, src) })
		do(func(w *Worker) { TopKF32(w, &top, values, indices, src) })
		check(func(i int) float64 { return float64(src[i]) }, func(i int) float64 { return float64(values[i]) })
		do(func(w *Worker) { ArgMaxU8(w, &arg, best, codes) })
		do(func(w *Worker) { TopKU8(w, &top, kept, indices, codes) })
		check(func(i int) float64 { return float64(codes[i]) }, func(i int) float64 { return float64(kept[i]) })
	}
}
