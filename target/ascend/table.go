package ascend

import "github.com/amctc/amctc/target"

// lowerTable looks codes up in a table of float16 in UB, where the part gathers; otherwise the host does, and where every channel has
// a table of its own.
func lowerTable(k *kernel) {
	x, y := k.in(0), k.out()
	codes := k.node.Operands[1].Const.Data.I8
	if table := k.node.Operands[1].Type.Shape; len(table) > 1 || k.desc.VecOp("vgather", target.F16) == nil || k.desc.Cast(target.F16, target.S32) == nil {
		sym := k.data("table", target.S8, target.ND, table, k.node.Operands[1].Const.Data.Bytes())
		from := k.rowMajor(x, "x")
		if x.Layout == target.ND {
			from = k.shaped(x)
		}
		k.fromRowMajor(func(to string) {
			k.host.emit(&target.Host{Op: "table", Out: []string{to}, In: []string{from, sym}})
		})
		return
	}
	var halves []byte
	for _, q := range codes {
		v := target.ImmF16(float32(q))
		halves = append(halves, byte(v), byte(v>>8))
	}
	sym := k.data("table", target.F16, target.ND, []int{len(codes)}, halves)
	at := k.take(target.UB, len(halves))
	k.before = func(c *code) {
		c.emit(&target.DataCopy{Dst: target.At(target.UB, at), Src: target.In(sym, 0), Count: 1, Len: len(halves) / 32})
		c.then(target.PipeMTE2, target.PipeV, 0)
	}
	k.elementwise(x.length(), []strip{x.strip()}, y.strip(), 8, func(c *code, n int, in []int, out, work int) {
		places, half, found := work, work+4*up(n, 64), work+6*up(n, 64)
		h, r := reps(n, 128), reps(n, 64)
		c.emit(
			&target.VCast{To: target.F16, From: target.S8, Dst: target.V(half), A: target.V(in[0]).Strides(1, 4), Rep: h},
			&target.VScalar{Op: target.VAdds, Type: target.F16, Dst: target.V(half), A: target.V(half), Imm: target.ImmF16(128), Rep: h},
			&target.VScalar{Op: target.VMuls, Type: target.F16, Dst: target.V(half), A: target.V(half), Imm: target.ImmF16(2), Rep: h}, // bytes: at most 510, exact
			&target.VCast{To: target.S32, From: target.F16, Round: target.RoundRint, Dst: target.V(places), A: target.V(half).Strides(1, 4), Rep: r},
			&target.VGather{Type: target.F16, Dst: target.At(target.UB, found), Src: target.At(target.UB, at), Offs: target.At(target.UB, places), Count: n},
			&target.VCast{To: target.S8, From: target.F16, Round: k.round(target.F16, target.S8), Dst: target.V(out).Strides(1, 4), A: target.V(found), Rep: h})
	})
}
