package zoo

import "math/rand/v2"

// pictures are n images of about unit variance, [n, channels, side, side]: coarse random spots, interpolated,
// with some noise.
func pictures(n, channels, side int) []float32 {
	const grid = 8
	r := rand.New(rand.NewPCG(224, 2018))
	out := make([]float32, 0, n*channels*side*side)
	for range n * channels {
		var spots [grid + 1][grid + 1]float32
		for i := range spots {
			for j := range spots[i] {
				spots[i][j] = 5*r.Float32() - 2.5
			}
		}
		for y := range side {
			for x := range side {
				i, j := y*grid/side, x*grid/side
				fy, fx := float32(y*grid%side)/float32(side), float32(x*grid%side)/float32(side)
				top := spots[i][j] + float32(fx*(spots[i][j+1]-spots[i][j]))
				bottom := spots[i+1][j] + float32(fx*(spots[i+1][j+1]-spots[i+1][j]))
				out = append(out, top+float32(fy*(bottom-top))+float32(0.4*r.Float32())-0.2)
			}
		}
	}
	return out
}

// frames are n lists of about unit variance, [n, length]: random spots on a line, interpolated, with
// some noise.
func frames(n, length int) []float32 {
	const grid = 40
	r := rand.New(rand.NewPCG(640, 2020))
	out := make([]float32, 0, n*length)
	for range n {
		var spots [grid + 1]float32
		for i := range spots {
			spots[i] = 5*r.Float32() - 2.5
		}
		for x := range length {
			i, f := x*grid/length, float32(x*grid%length)/float32(length)
			out = append(out, spots[i]+float32(f*(spots[i+1]-spots[i]))+float32(0.4*r.Float32())-0.2)
		}
	}
	return out
}
