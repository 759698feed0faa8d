package ascend

import (
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// lowerPixels looks bytes up on the host, where a decoder has put them.
func lowerPixels(k *kernel) {
	x, y := k.in(0), k.out()
	strides, first := op.PixelStrides(k.node, y.Dims)
	v := k.node.Operands[1]
	typ, ok := k.typeOf(v)
	if !ok {
		k.fail(codeType, "constant %s is %s", v.Name, v.Type)
	}
	table := k.data("table", typ, target.ND, v.Type.Shape, v.Const.Data.Bytes())
	k.fromRowMajor(func(sym string) {
		k.host.emit(&target.Host{Op: "pixels", Out: []string{sym}, In: []string{k.shaped(x), table},
			Attrs: []target.Attr{target.Ints("strides", strides...), target.Ints("first", first)}})
	})
}
