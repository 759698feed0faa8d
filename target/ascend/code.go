package ascend

import (
	"strconv"

	"github.com/amctc/amctc/target"
)

// code is a piece of a stream under construction.
type code struct {
	body  *[]target.Instr
	depth int
}

func newCode() *code { return &code{body: new([]target.Instr)} }

// emit appends instructions.
func (c *code) emit(in ...target.Instr) { *c.body = append(*c.body, in...) }

// loop appends a loop of n turns; the body sees its variable as an index. Nothing is appended for n = 0.
func (c *code) loop(n int, body func(c *code, i index)) {
	if n < 1 {
		return
	}
	if n == 1 {
		body(c, index{})
		return
	}
	l := &target.Loop{Var: "i" + strconv.Itoa(c.depth), To: int64(n)}
	body(&code{body: &l.Body, depth: c.depth + 1}, index{terms: []target.Term{{Var: l.Var, Coef: 1}}})
	c.emit(l)
}

// set and wait are a flag between two pipes.
func (c *code) set(src, dst target.Pipe, id int) { c.emit(&target.SetFlag{Src: src, Dst: dst, ID: id}) }

func (c *code) wait(src, dst target.Pipe, id int) {
	c.emit(&target.WaitFlag{Src: src, Dst: dst, ID: id})
}

// then orders pipe dst after everything so far on pipe src.
func (c *code) then(src, dst target.Pipe, id int) {
	c.set(src, dst, id)
	c.wait(src, dst, id)
}

// index is a number that may depend on loop variables. The zero index is 0.
type index struct {
	base  int
	terms []target.Term
}

// number is the constant n.
func number(n int) index { return index{base: n} }

// times is k*i.
func (i index) times(k int) index {
	out := index{base: i.base * k}
	for _, t := range i.terms {
		if k != 0 {
			out.terms = append(out.terms, target.Term{Var: t.Var, Coef: t.Coef * int64(k)})
		}
	}
	return out
}

// plus is i+n.
func (i index) plus(n int) index { return index{i.base + n, i.terms} }

// add is i+j.
func (i index) add(j index) index {
	a := i.affine()
	for _, t := range j.terms {
		a = a.Step(t.Var, int(t.Coef))
	}
	return index{i.base + j.base, a.Terms}
}

// affine is the index as a field.
func (i index) affine() target.Affine { return target.Affine{Base: int64(i.base), Terms: i.terms} }

// at is the address k*i bytes after a.
func (i index) at(a target.Addr, k int) target.Addr {
	a.Off = i.times(k).add(index{int(a.Off.Base), a.Off.Terms}).affine()
	return a
}

// vat is the vector operand k*i bytes after v.
func (i index) vat(v target.VAddr, k int) target.VAddr {
	v.Addr = i.at(v.Addr, k)
	return v
}

// reps covers n consecutive elements with repeats of lanes elements; n is at most 255*lanes.
func reps(n, lanes int) target.Rep {
	if n > 255*lanes {
		panic("ascend: " + strconv.Itoa(n) + " elements in one vector instruction")
	}
	return target.Rep{Repeat: cd(n, lanes), Tail: n % lanes}
}
