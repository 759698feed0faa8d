package arm64

import "fmt"

// An instruction is one of vectors: base encoding and how it is written, with the registers d, n and
// m at bits 0, 5 and 16.
type instruction struct {
	base  uint32
	write string // in the manual's form, registers by number
}

// The instructions, by name of the manual and form.
var instructions = map[string]instruction{
	"add.4s":     {0x4ea08400, "add v%[1]d.4s, v%[2]d.4s, v%[3]d.4s"},
	"sub.4s":     {0x6ea08400, "sub v%[1]d.4s, v%[2]d.4s, v%[3]d.4s"},
	"addp.4s":    {0x4ea0bc00, "addp v%[1]d.4s, v%[2]d.4s, v%[3]d.4s"},
	"eor.16b":    {0x6e201c00, "eor v%[1]d.16b, v%[2]d.16b, v%[3]d.16b"},
	"sdot.4s":    {0x4e809400, "sdot v%[1]d.4s, v%[2]d.16b, v%[3]d.16b"},
	"smlal.4s":   {0x0e608000, "smlal v%[1]d.4s, v%[2]d.4h, v%[3]d.4h"},
	"smlal2.4s":  {0x4e608000, "smlal2 v%[1]d.4s, v%[2]d.8h, v%[3]d.8h"},
	"sxtl.8h":    {0x0f08a400, "sxtl v%[1]d.8h, v%[2]d.8b"},
	"sxtl2.8h":   {0x4f08a400, "sxtl2 v%[1]d.8h, v%[2]d.16b"},
	"uxtl.8h":    {0x2f08a400, "uxtl v%[1]d.8h, v%[2]d.8b"},
	"uxtl2.8h":   {0x6f08a400, "uxtl2 v%[1]d.8h, v%[2]d.16b"},
	"uxtl.4s":    {0x2f10a400, "uxtl v%[1]d.4s, v%[2]d.4h"},
	"uxtl2.4s":   {0x6f10a400, "uxtl2 v%[1]d.4s, v%[2]d.8h"},
	"scvtf.4s":   {0x4e21d800, "scvtf v%[1]d.4s, v%[2]d.4s"},
	"fcvtns.4s":  {0x4e21a800, "fcvtns v%[1]d.4s, v%[2]d.4s"},
	"fmul.4s":    {0x6e20dc00, "fmul v%[1]d.4s, v%[2]d.4s, v%[3]d.4s"},
	"fadd.4s":    {0x4e20d400, "fadd v%[1]d.4s, v%[2]d.4s, v%[3]d.4s"},
	"fmax.4s":    {0x4e20f400, "fmax v%[1]d.4s, v%[2]d.4s, v%[3]d.4s"},
	"fmin.4s":    {0x4ea0f400, "fmin v%[1]d.4s, v%[2]d.4s, v%[3]d.4s"},
	"sqxtn.4h":   {0x0e614800, "sqxtn v%[1]d.4h, v%[2]d.4s"},
	"sqxtn2.8h":  {0x4e614800, "sqxtn2 v%[1]d.8h, v%[2]d.4s"},
	"sqxtun.8b":  {0x2e212800, "sqxtun v%[1]d.8b, v%[2]d.8h"},
	"sqxtun2.8b": {0x6e212800, "sqxtun2 v%[1]d.16b, v%[2]d.8h"},
	"sqadd.8h":   {0x4e600c00, "sqadd v%[1]d.8h, v%[2]d.8h, v%[3]d.8h"},
	"umax.16b":   {0x6e206400, "umax v%[1]d.16b, v%[2]d.16b, v%[3]d.16b"},
	"umin.16b":   {0x6e206c00, "umin v%[1]d.16b, v%[2]d.16b, v%[3]d.16b"},
	"uzp1.16b":   {0x4e001800, "uzp1 v%[1]d.16b, v%[2]d.16b, v%[3]d.16b"},
	"uzp2.16b":   {0x4e005800, "uzp2 v%[1]d.16b, v%[2]d.16b, v%[3]d.16b"},
	"zip1.16b":   {0x4e003800, "zip1 v%[1]d.16b, v%[2]d.16b, v%[3]d.16b"},
	"zip2.16b":   {0x4e007800, "zip2 v%[1]d.16b, v%[2]d.16b, v%[3]d.16b"},
	"zip1.8h":    {0x4e403800, "zip1 v%[1]d.8h, v%[2]d.8h, v%[3]d.8h"},
	"zip2.8h":    {0x4e407800, "zip2 v%[1]d.8h, v%[2]d.8h, v%[3]d.8h"},
}

// encode gives an instruction's word and text. One with two operands has m = 0.
func encode(name string, d, n, m int) (uint32, string) {
	i, ok := instructions[name]
	if !ok {
		panic("no instruction " + name)
	}
	return i.base | uint32(m)<<16 | uint32(n)<<5 | uint32(d), fmt.Sprintf(i.write, d, n, m)
}

// v writes an instruction of vectors: destination and sources.
func (t *text) v(name string, d, n int, m ...int) {
	last := 0
	if len(m) > 0 {
		last = m[0]
	}
	w, s := encode(name, d, n, last)
	t.word(w, "%s", s)
}

// encodeSDOTElement adds the products of 4 groups of 4 bytes of n with group index of m.
func encodeSDOTElement(d, n, m, index int) (uint32, string) {
	return 0x4f80e000 | uint32(index&1)<<21 | uint32(index>>1)<<11 | uint32(m)<<16 | uint32(n)<<5 | uint32(d),
		fmt.Sprintf("sdot v%d.4s, v%d.16b, v%d.4b[%d]", d, n, m, index)
}

// encodeSMLALElement adds the products of 4 words of n, the upper ones when upper, with word index of
// m, which is below 16.
func encodeSMLALElement(d, n, m, index int, upper bool) (uint32, string) {
	w := 0x0f402000 | uint32(index>>2)<<11 | uint32(index>>1&1)<<21 | uint32(index&1)<<20 | uint32(m)<<16 | uint32(n)<<5 | uint32(d)
	if upper {
		return w | 1<<30, fmt.Sprintf("smlal2 v%d.4s, v%d.8h, v%d.h[%d]", d, n, m, index)
	}
	return w, fmt.Sprintf("smlal v%d.4s, v%d.4h, v%d.h[%d]", d, n, m, index)
}

// encodeFMULElement multiplies with number 0 of m.
func encodeFMULElement(d, n, m int) (uint32, string) {
	return 0x4f809000 | uint32(m)<<16 | uint32(n)<<5 | uint32(d), fmt.Sprintf("fmul v%d.4s, v%d.4s, v%d.s[0]", d, n, m)
}

// encoded writes what an encoder gave.
func (t *text) encoded(w uint32, s string) { t.word(w, "%s", s) }
