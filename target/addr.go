package target

// Term is one loop variable's contribution to an Affine.
type Term struct {
	Var  string // name of an enclosing loop's variable, without '%'
	Coef int64
}

// Affine is Base + sum of Coef*Var over the enclosing loops.
type Affine struct {
	Base  int64
	Terms []Term
}

// Int is the constant n.
func Int(n int) Affine { return Affine{Base: int64(n)} }

// Plus is a + n.
func (a Affine) Plus(n int) Affine { return Affine{a.Base + int64(n), a.Terms} }

// Step is a + coef*variable.
func (a Affine) Step(variable string, coef int) Affine {
	if coef == 0 {
		return a
	}
	t := make([]Term, 0, len(a.Terms)+1)
	merged := false
	for _, x := range a.Terms {
		if x.Var == variable {
			x.Coef += int64(coef)
			merged = true
		}
		if x.Coef != 0 {
			t = append(t, x)
		}
	}
	if !merged {
		t = append(t, Term{variable, int64(coef)})
	}
	return Affine{a.Base, t}
}

// Addr is a byte address: an offset into one of the core's buffers or into a GM symbol.
// Text: L1[64+512*%i], @sym[0].
type Addr struct {
	Space Space
	Sym   string // symbol name when Space is GM
	Off   Affine // bytes
}

// At is the byte offset off of an on-chip buffer.
func At(s Space, off int) Addr { return Addr{Space: s, Off: Int(off)} }

// In is the byte offset off of a GM symbol.
func In(sym string, off int) Addr { return Addr{Space: GM, Sym: sym, Off: Int(off)} }

// Plus is the address n bytes further.
func (a Addr) Plus(n int) Addr { a.Off = a.Off.Plus(n); return a }

// Step is the address that moves by coef bytes per step of a loop variable.
func (a Addr) Step(variable string, coef int) Addr { a.Off = a.Off.Step(variable, coef); return a }

// VAddr is a vector operand: a UB address and how it moves. A repeat works on blocks of 32 B; block b of repeat r lies
// at Addr + 32*(b*Blk + r*Rep). Blk 0 reads one block for all, Rep 0 the same blocks in every repeat.
// Text: UB[64], or UB[64]:blk:rep where they are not 1 and 8.
type VAddr struct {
	Addr
	Blk, Rep int // strides in 32 B blocks, 0..65535 and 0..255
}

// V is a contiguous vector operand at byte off of UB: block stride 1, repeat stride 8.
func V(off int) VAddr { return VAddr{At(UB, off), 1, 8} }

// Strides is the operand with the given block and repeat strides (32 B units).
func (v VAddr) Strides(blk, rep int) VAddr { v.Blk, v.Rep = blk, rep; return v }

// Plus is the operand n bytes further.
func (v VAddr) Plus(n int) VAddr { v.Addr = v.Addr.Plus(n); return v }

// Step is the operand that moves by coef bytes per step of a loop variable.
func (v VAddr) Step(variable string, coef int) VAddr { v.Addr = v.Addr.Step(variable, coef); return v }
