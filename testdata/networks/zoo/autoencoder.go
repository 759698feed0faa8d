package zoo

import "fmt"

// autoencoder is the network for the sounds of machines of Banbury et al., "MLPerf Tiny Benchmark",
// 2021: dense layers with ReLU from five frames of 128 numbers through 8 and back.
func autoencoder(b *builder) {
	widths := []int{640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640}
	x := "input"
	for i, out := range widths[1:] {
		name := fmt.Sprintf("dense%d", i+1)
		if i == len(widths)-2 {
			b.dense(name, x, widths[i], out)
			b.result()
			return
		}
		x = b.relu(b.dense(name, x, widths[i], out), name)
	}
}
