package plan

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/runtime/rt"
)

func (b *builder) gridSample(n *ir.Node) {
	x, grid := b.typ(n.Operands[0]).Shape, b.typ(n.Operands[1]).Shape
	a := &rt.GridSampleArgs{N: x[0], C: x[1], H: x[2], W: x[3], Places: grid[1] * grid[2], Mode: op.SampleMode(n), Border: op.SampleBorder(n),
		Align: n.Bool("align"), Shared: grid[0] == 1}
	src, at := b.in(n.Operands[0], pixel), b.in(n.Operands[1], rows)
	b.step("GridSampleF32", a, b.make(n.Result(), pixel), src, at)
}

func (b *builder) roiAlign(n *ir.Node) {
	x, size := b.typ(n.Operands[0]).Shape, n.Ints("size")
	a := &rt.RoiAlignArgs{C: x[1], H: x[2], W: x[3], Rows: size[0], Cols: size[1], Samples: n.Int("samples"), Images: int32s(n.Ints("batch")),
		Scale: n.Float("scale"), Half: n.Bool("half_pixel"), Greatest: n.Bool("greatest")}
	src, regions := b.in(n.Operands[0], pixel), b.in(n.Operands[1], rows)
	b.step("RoiAlignF32", a, b.make(n.Result(), pixel), src, regions)
}
