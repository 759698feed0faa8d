package main

import "math/rand/v2"

// pictures are n images of about unit variance, [n, 3, 224, 224]: coarse random spots, interpolated,
// with some noise.
func pictures(n int) []float32 {
	const grid = 8
	r := rand.New(rand.NewPCG(224, 2018))
	out := make([]float32, 0, n*3*side*side)
	for range n * 3 {
		var spots [grid + 1][grid + 1]float32
		for i := range spots {
			for j := range spots[i] {
				spots[i][j] = 5*r.Float32() - 2.5
			}
		}
		for y := range side {
			for x := range side {
				i, j := y*grid/side, x*grid/side
				fy, fx := float32(y*grid%side)/side, float32(x*grid%side)/side
				top := spots[i][j] + float32(fx*(spots[i][j+1]-spots[i][j]))
				bottom := spots[i+1][j] + float32(fx*(spots[i+1][j+1]-spots[i+1][j]))
				out = append(out, top+float32(fy*(bottom-top))+float32(0.4*r.Float32())-0.2)
			}
		}
	}
	return out
}
