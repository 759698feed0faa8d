package onnx

import (
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/ir/tensor"
)

// castIndices converts the indices that ArgMax, ArgMin or TopK gives, in a network that is compiled, whose indices are
// int64 throughout. A type that holds every one of them leaves the numbers as they are, which a warning says.
func (c *call) castIndices(to tensor.DType) {
	v := c.in[0].node
	n := choices(v)
	if most, ok := exactUpTo(to); !ok || n == ir.Free || n-1 > most {
		c.errorf(codeElem, "it converts indices below %s to %v, which does not hold them all; remove it", dimText(n), to)
		return
	}
	d := diag.Errorf(codeIndices, c.span, c.title, "it converts indices to %v; the network gives them as int64, the same numbers", to)
	d.Severity = diag.Warning
	c.im.diags.Add(d)
	c.alias(0)
}

// choices is how many elements the indices v choose among, Free when the batch is.
func choices(v *ir.Value) int {
	n := v.Def
	for !n.Op.Has(ir.Ranks) {
		n = n.Operands[0].Def
	}
	x := n.Operands[0].Type
	switch _, along := n.Attrs.Get("axis"); {
	case along:
		return x.Shape[n.Int("axis")]
	case x.IsFree():
		return ir.Free
	}
	return x.Elems() // those of pooling count through the whole tensor
}

// exactUpTo is the greatest number up to which a type holds every one from 0 on; ok is false for types that are not
// converted to.
func exactUpTo(d tensor.DType) (most int, ok bool) {
	switch d {
	case tensor.I8:
		return 1<<7 - 1, true
	case tensor.U8:
		return 1<<8 - 1, true
	case tensor.I16:
		return 1<<15 - 1, true
	case tensor.U16:
		return 1<<16 - 1, true
	case tensor.F16:
		return 1 << 11, true
	case tensor.F32:
		return 1 << 24, true
	case tensor.I32, tensor.U32, tensor.U64, tensor.F64:
		return maxElems, true
	}
	return 0, false
}
