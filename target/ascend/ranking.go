package ascend

import (
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/target"
)

// rank lets the host find indices, and the elements that they are of: no instruction gives an index. Codes are ranked as codes.
func (k *kernel) rank(op string, attrs ...target.Attr) {
	x := k.in(0)
	from := k.rowMajor(x, "x")
	if x.Layout == target.ND {
		from = k.shaped(x)
	}
	out := []string{k.out().Sym}
	if len(k.node.Results) == 1 {
		k.host.emit(&target.Host{Op: op, Out: out, In: []string{from}, Attrs: attrs})
		return
	}
	out = append(out, k.values[k.node.Results[1]].Sym)
	k.fromRowMajor(func(to string) {
		out[0] = to
		k.host.emit(&target.Host{Op: op, Out: out, In: []string{from}, Attrs: attrs})
	})
}

// lowerUnpool lets the host put elements at computed places.
func lowerUnpool(k *kernel) {
	x, zero := k.in(0), 0
	from := k.rowMajor(x, "x")
	if x.Layout == target.ND {
		from = k.shaped(x)
	}
	if t := k.node.Operands[0].Type; t.IsQuant() {
		zero = int(op.PadCode(t, 0))
	}
	at := k.shaped(k.in(1))
	k.fromRowMajor(func(to string) {
		k.host.emit(&target.Host{Op: "max_unpool2d", Out: []string{to}, In: []string{from, at},
			Attrs: []target.Attr{k.ints("size"), k.bool("whole"), target.Ints("zero", zero)}})
	})
}
