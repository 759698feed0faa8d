package passes

import (
	"math"

	"github.com/amctc/amctc/ir"
)

// outputs is the number of output channels of a layer.
func outputs(n *ir.Node) int { return n.Operands[1].Type.Shape[n.Op.Quant.ChannelAxis] }

// readers calls see for every weight of a layer with its index and the input channel that it reads.
func readers(n *ir.Node, see func(i, channel int)) {
	shape := n.Operands[1].Type.Shape
	of, inner := shape[1], product(shape[2:])
	group := 1
	if n.Op.Name == "nn.conv2d" {
		group = n.Int("group")
	}
	each := shape[0] / group
	i := 0
	for o := range shape[0] {
		for ch := range of {
			for range inner {
				see(i, o/each*of+ch)
				i++
			}
		}
	}
}

// readRange is the greatest absolute weight that reads each of so many input channels.
func readRange(n *ir.Node, inputs int) []float32 {
	out := make([]float32, inputs)
	w := n.Operands[1].Const.Data.F32
	readers(n, func(i, ch int) { out[ch] = max(out[ch], magnitude(w[i])) })
	return out
}

func magnitude(v float32) float32 { return float32(math.Abs(float64(v))) }
