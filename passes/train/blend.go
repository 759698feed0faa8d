package train

import (
	"slices"

	"github.com/amctc/amctc/runtime/f32"
)

// Blend moves a target, the probabilities of the classes of one sample, by part towards the softmax of a
// teacher's output, summed in float64 in order.
func Blend(target, logits []float32, part float64) {
	top := slices.Max(logits)
	sum := 0.0
	p := make([]float64, len(logits))
	for i, v := range logits {
		p[i] = float64(f32.Exp(v - top))
		sum += p[i]
	}
	for i := range target {
		target[i] = float32(float64((1-part)*float64(target[i])) + float64(part*(p[i]/sum)))
	}
}
