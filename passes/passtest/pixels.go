package passtest

import (
	"math/rand/v2"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
)

// Pixels makes the images that a network reads bytes, of random meaning.
func Pixels(ops *ir.OpSet, m *ir.Module, seed uint64) {
	r, f := rand.New(rand.NewPCG(seed, 0x91e15)), m.Main()
	for i, v := range f.Params {
		if len(v.Type.Shape) != 4 {
			continue
		}
		n, c, h, w := v.Type.Shape[0], v.Type.Shape[1], v.Type.Shape[2], v.Type.Shape[3]
		attrs, shape := ir.AttrsOf("layout", op.NCHW), []int{n, c, h, w}
		if r.IntN(2) == 0 {
			attrs, shape = ir.AttrsOf("layout", op.NHWC), []int{n, h, w, c}
		}
		if r.IntN(2) == 0 {
			attrs = attrs.With("reverse", true)
		}
		rows := 1
		if r.IntN(2) == 0 {
			rows = c
		}
		table := tensor.New(tensor.F32, rows, 256)
		for k := range table.F32 {
			table.F32[k] = float32(k%256-100)/50 + float32(r.NormFloat64())/10
		}
		bytes := &ir.Value{Name: v.Name, Type: ir.TensorType(tensor.U8, shape...)}
		p := ir.NewPatch(ops, m, f, f.Nodes[0], "pixels")
		p.Replace(v, p.Node(ir.NodeSpec{Op: "nn.pixels", Name: v.Name + ".pixels", Value: v.Name + "_numbers", Attrs: attrs,
			Operands: []*ir.Value{bytes, m.AddConst(v.Name+"_table", ir.Float(rows, 256), table)}}))
		p.Apply()
		f.Params[i] = bytes
	}
}
