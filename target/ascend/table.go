package ascend

import "github.com/amctc/amctc/target"

// codesOfTable is how many codes a table has.
const codesOfTable = 256

// lowerTable looks codes up in tables of float16 in UB, where the part gathers; otherwise the host does.
func lowerTable(k *kernel) {
	x, y := k.in(0), k.out()
	table := k.node.Operands[1].Type.Shape
	switch {
	case !k.gathers():
		sym := k.data("table", target.S8, target.ND, table, k.node.Operands[1].Const.Data.Bytes())
		from := k.rowMajor(x, "x")
		if x.Layout == target.ND {
			from = k.shaped(x)
		}
		k.fromRowMajor(func(to string) {
			k.host.emit(&target.Host{Op: "table", Out: []string{to}, In: []string{from, sym}})
		})
	case len(table) > 1 && table[0] > 1:
		k.tables(x, y)
	default:
		k.oneTable(x, y)
	}
}

// gathers says whether the part gathers elements of 16 bits by offsets that it can find from codes.
func (k *kernel) gathers() bool {
	return k.desc.VecOp("vgather", target.F16) != nil && k.desc.Cast(target.F16, target.S32) != nil && k.desc.VecOp("vadd", target.S32) != nil
}

// oneTable looks all codes up in the same table.
func (k *kernel) oneTable(x, y tensorGM) {
	var halves []byte
	for _, q := range k.node.Operands[1].Const.Data.I8 {
		v := target.ImmF16(float32(q))
		halves = append(halves, byte(v), byte(v>>8))
	}
	sym := k.data("table", target.F16, target.ND, []int{codesOfTable}, halves)
	at := k.take(target.UB, len(halves))
	k.before = func(c *code) {
		c.emit(&target.DataCopy{Dst: target.At(target.UB, at), Src: target.In(sym, 0), Count: 1, Len: len(halves) / 32})
		c.then(target.PipeMTE2, target.PipeV, 0)
	}
	k.elementwise(x.length(), []strip{x.strip()}, y.strip(), lookUpRoom, func(c *code, n int, in []int, out, work int) {
		k.lookUp(c, n, in[0], out, work, at, nil)
	})
}

// lookUpRoom is the bytes of UB per element that lookUp works with.
const lookUpRoom = 8

// lookUp finds n codes in tables of float16 in UB, the first of which begins at byte at. lanes, if any, is the address of one repeat of
// int32: how many bytes after it the table of each of 64 elements begins.
func (k *kernel) lookUp(c *code, n, codes, out, work, at int, lanes *target.VAddr) {
	places, half, found := target.V(work), target.V(work+4*up(n, 64)), work+6*up(n, 64)
	h, r := reps(n, 128), reps(n, 64)
	c.emit(
		&target.VCast{To: target.F16, From: target.S8, Dst: half, A: target.V(codes).Strides(1, 4), Rep: h},
		&target.VScalar{Op: target.VAdds, Type: target.F16, Dst: half, A: half, Imm: target.ImmF16(128), Rep: h},
		&target.VScalar{Op: target.VMuls, Type: target.F16, Dst: half, A: half, Imm: target.ImmF16(2), Rep: h}, // bytes: at most 510, exact
		&target.VCast{To: target.S32, From: target.F16, Round: target.RoundRint, Dst: places, A: half.Strides(1, 4), Rep: r})
	if lanes != nil {
		c.emit(&target.VBin{Op: target.VAdd, Type: target.S32, Dst: places, A: places, B: lanes.Strides(1, 0), Rep: r})
	}
	c.emit(
		&target.VGather{Type: target.F16, Dst: target.At(target.UB, found), Src: target.At(target.UB, at), Offs: target.At(target.UB, work), Count: n},
		&target.VCast{To: target.S8, From: target.F16, Round: k.round(target.F16, target.S8), Dst: target.V(out).Strides(1, 4), A: target.V(found), Rep: h})
}
