package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A record is an argument struct of which every field has eight bytes, in the order of its names.
type record []string

// at is the memory of a field of the struct at p.
func (r record) at(p reg.Register, field string) operand.Mem {
	for i, name := range r {
		if name == field {
			return operand.Mem{Base: p, Disp: 8 * i}
		}
	}
	panic("no field " + field)
}

// function starts a function of one pointer to a struct, and loads it into args.
func function(c *build.Context, name, doc string) {
	c.Function(name)
	c.Doc(doc)
	c.SignatureExpr("func(p *uint8)")
	c.Attributes(attr.NOSPLIT)
	c.Load(c.Param("p"), args)
}
