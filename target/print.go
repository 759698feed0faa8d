package target

import (
	"bytes"
	"encoding/hex"
	"strconv"
)

// ProgramVersion is the first line of a program's text.
const ProgramVersion = "amprog 1"

// String is the canonical text of the program; ParseProgram reads it back to an equal program.
func (p *Program) String() string { return string(p.Append(nil)) }

// Append appends the canonical text to b.
func (p *Program) Append(b []byte) []byte {
	b = append(b, ProgramVersion...)
	b = append(append(b, "\ntarget "...), p.Target...)
	b = strconv.AppendQuote(append(b, "\nname "...), p.Name)
	if p.Consts.Bytes != 0 {
		b = strconv.AppendInt(append(b, "\nconsts bytes="...), p.Consts.Bytes, 10)
		b = hex.AppendEncode(append(b, " sha256="...), p.Consts.SHA256[:])
	}
	b = append(b, '\n')
	c := codec{writing: true}
	for i := range p.Symbols {
		s := &p.Symbols[i]
		c.buf = append(append(b, "sym "...), s.Name...)
		c.buf = append(append(c.buf, ' '), s.Kind.String()...)
		c.buf = append(append(c.buf, ' '), s.Type.String()...)
		c.buf = append(append(c.buf, ' '), s.Layout.String()...)
		c.dims("dims", &s.Dims)
		c.key("bytes")
		c.buf = strconv.AppendInt(c.buf, s.Bytes, 10)
		if s.Kind == Const {
			c.key("at")
			c.buf = strconv.AppendInt(c.buf, s.At, 10)
		}
		b = append(c.buf, '\n')
	}
	for i := range p.Streams {
		b = append(append(b, "stream "...), p.Streams[i].Name...)
		b = append(b, " {\n"...)
		c.buf = b
		c.body(p.Streams[i].Body, 1)
		b = append(c.buf, "}\n"...)
	}
	return b
}

const spaces = "                                "

func (c *codec) body(body []Instr, depth int) {
	indent := spaces[:min(2*depth, len(spaces))]
	for _, x := range body {
		c.buf = append(append(c.buf, indent...), x.Mnemonic()...)
		if l, ok := x.(*Loop); ok {
			c.buf = append(append(c.buf, " %"...), l.Var...)
			c.buf = strconv.AppendInt(append(c.buf, ' '), l.From, 10)
			c.buf = strconv.AppendInt(append(c.buf, ' '), l.To, 10)
			c.buf = append(c.buf, " {\n"...)
			c.body(l.Body, depth+1)
			c.buf = append(append(c.buf, indent...), "}\n"...)
			continue
		}
		x.code(c)
		c.buf = append(c.buf, '\n')
	}
}

// Equal reports whether two programs have the same text.
func (p *Program) Equal(q *Program) bool { return bytes.Equal(p.Append(nil), q.Append(nil)) }

// InstrString is the text of one instruction; of a loop, its first line.
func InstrString(x Instr) string {
	c := codec{writing: true, buf: []byte(x.Mnemonic())}
	if l, ok := x.(*Loop); ok {
		return "loop %" + l.Var + " " + strconv.FormatInt(l.From, 10) + " " + strconv.FormatInt(l.To, 10)
	}
	x.code(&c)
	return string(c.buf)
}
