package target

import (
	"fmt"
	"math"
	"strconv"
)

// codec writes one instruction's operands, or reads them: every instruction lists its fields once, in text order, and the
// same list serves both ways. Reading stops at the first error.
type codec struct {
	writing bool
	buf     []byte // writing: the line so far

	s     []byte // reading: the line
	pos   int
	err   string // first error
	errAt int
	names map[string]string // interned names
	types Type              // element type last read, for immediates
}

func (c *codec) fail(at int, format string, args ...any) {
	if c.err == "" {
		c.err, c.errAt = fmt.Sprintf(format, args...), at
	}
}

func (c *codec) intern(b []byte) string {
	if s, ok := c.names[string(b)]; ok {
		return s
	}
	s := string(b)
	c.names[s] = s
	return s
}

func (c *codec) skip() {
	for c.pos < len(c.s) && (c.s[c.pos] == ' ' || c.s[c.pos] == '\t') {
		c.pos++
	}
}

// peek is the next byte that isn't space, 0 at the end.
func (c *codec) peek() byte {
	c.skip()
	if c.pos < len(c.s) {
		return c.s[c.pos]
	}
	return 0
}

func (c *codec) eat(b byte) bool {
	if c.peek() == b {
		c.pos++
		return true
	}
	return false
}

func (c *codec) expect(b byte) {
	if c.err == "" && !c.eat(b) {
		c.fail(c.pos, "expected %q", string(b))
	}
}

func isNameByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_' || b == '.' || b == '$' || b == '/' || b == '-'
}

// ValidName reports whether s can name a symbol, a stream or a program's target.
func ValidName(s string) bool {
	for i := range len(s) {
		if !isNameByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isVarByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '_'
}

func (c *codec) word() []byte {
	c.skip()
	i := c.pos
	for c.pos < len(c.s) && isNameByte(c.s[c.pos]) {
		c.pos++
	}
	return c.s[i:c.pos]
}

func (c *codec) varName() string {
	i := c.pos
	for c.pos < len(c.s) && isVarByte(c.s[c.pos]) {
		c.pos++
	}
	if i == c.pos {
		c.fail(i, "expected the name of a loop variable")
	}
	return c.intern(c.s[i:c.pos])
}

// uint reads decimal digits or 0x and hexadecimal digits.
func (c *codec) uint() uint64 {
	i, n := c.pos, uint64(0)
	if c.pos+1 < len(c.s) && c.s[c.pos] == '0' && c.s[c.pos+1] == 'x' {
		c.pos += 2
		for c.pos < len(c.s) {
			b, d := c.s[c.pos], uint64(0)
			switch {
			case b >= '0' && b <= '9':
				d = uint64(b - '0')
			case b >= 'a' && b <= 'f':
				d = uint64(b-'a') + 10
			case b >= 'A' && b <= 'F':
				d = uint64(b-'A') + 10
			default:
				d = 16
			}
			if d == 16 {
				break
			}
			if n >= 1<<60 {
				c.fail(i, "number too large")
				return 0
			}
			n = n<<4 | d
			c.pos++
		}
		if c.pos == i+2 {
			c.fail(i, "expected a number")
		}
		return n
	}
	for c.pos < len(c.s) && c.s[c.pos] >= '0' && c.s[c.pos] <= '9' {
		if n > (math.MaxUint64-9)/10 {
			c.fail(i, "number too large")
			return 0
		}
		n = n*10 + uint64(c.s[c.pos]-'0')
		c.pos++
	}
	if c.pos == i {
		c.fail(i, "expected a number")
	}
	return n
}

func (c *codec) int() int64 {
	c.skip()
	i, neg := c.pos, false
	if c.pos < len(c.s) && c.s[c.pos] == '-' {
		neg = true
		c.pos++
	}
	n := c.uint()
	if n > math.MaxInt64 {
		c.fail(i, "number too large")
		return 0
	}
	if neg {
		return -int64(n)
	}
	return int64(n)
}

// key starts the field `key=`; reading, it reports whether the field is there.
func (c *codec) key(key string) bool {
	if c.writing {
		c.buf = append(c.buf, ' ')
		c.buf = append(append(c.buf, key...), '=')
		return true
	}
	if c.err != "" {
		return false
	}
	c.skip()
	rest := c.s[c.pos:]
	if len(rest) > len(key) && rest[len(key)] == '=' && string(rest[:len(key)]) == key {
		c.pos += len(key) + 1
		return true
	}
	return false
}

// num is an integer field, left out when it equals def.
func (c *codec) num(key string, p *int, def int) {
	if c.writing {
		if *p != def {
			c.key(key)
			c.buf = strconv.AppendInt(c.buf, int64(*p), 10)
		}
		return
	}
	*p = def
	if c.key(key) {
		at := c.pos
		n := c.int()
		if int64(int(n)) != n {
			c.fail(at, "number too large")
		}
		*p = int(n)
	}
}

// hex is a 64-bit pattern, left out when 0.
func (c *codec) hex(key string, p *uint64) {
	if c.writing {
		if *p != 0 {
			c.key(key)
			c.buf = strconv.AppendUint(append(c.buf, "0x"...), *p, 16)
		}
		return
	}
	*p = 0
	if c.key(key) {
		c.skip()
		*p = c.uint()
	}
}

// flag is a bare word, there or not.
func (c *codec) flag(key string, p *bool) {
	if c.writing {
		if *p {
			c.buf = append(append(c.buf, ' '), key...)
		}
		return
	}
	*p = false
	if c.err != "" {
		return
	}
	c.skip()
	rest := c.s[c.pos:]
	if len(rest) >= len(key) && string(rest[:len(key)]) == key && (len(rest) == len(key) || !isNameByte(rest[len(key)]) && rest[len(key)] != '=') {
		c.pos += len(key)
		*p = true
	}
}

// pick reads a word that must be one of names and returns its index.
func (c *codec) pick(names []string, what string) int {
	if c.err != "" {
		return 0
	}
	c.skip()
	at := c.pos
	w := c.word()
	for i, n := range names {
		if n == string(w) {
			return i
		}
	}
	c.fail(at, "%q is no %s", w, what)
	return 0
}

func enum[E ~uint8](c *codec, key string, p *E, names []string, what string, def E) {
	if c.writing {
		if *p != def {
			c.key(key)
			c.buf = append(c.buf, nameOf(names, int(*p))...)
		}
		return
	}
	*p = def
	if c.key(key) {
		*p = E(c.pick(names, what))
	}
}

func (c *codec) typ(key string, p *Type) {
	enum(c, key, p, typeNames[:], "element type", NoType)
	c.types = *p
}

// pipe is a positional pipe name.
func (c *codec) pipe(p *Pipe) {
	if c.writing {
		c.buf = append(append(c.buf, ' '), p.String()...)
		return
	}
	*p = Pipe(c.pick(pipeNames[:], "pipe"))
}

// posInt is a positional integer.
func (c *codec) posInt(p *int) {
	if c.writing {
		c.buf = strconv.AppendInt(append(c.buf, ' '), int64(*p), 10)
		return
	}
	if c.err == "" {
		*p = int(c.int())
	}
}

// name is a positional name.
func (c *codec) name(p *string) {
	if c.writing {
		c.buf = append(append(c.buf, ' '), *p...)
		return
	}
	if c.err != "" {
		return
	}
	c.skip()
	at := c.pos
	w := c.word()
	if len(w) == 0 {
		c.fail(at, "expected a name")
	}
	*p = c.intern(w)
}

func (c *codec) affine(a *Affine) {
	if c.writing {
		c.buf = appendAffine(c.buf, *a)
		return
	}
	*a = Affine{}
	if c.err != "" {
		return
	}
	for first := true; ; first = false {
		b := c.peek()
		sign := int64(1)
		switch {
		case b == '+' && !first:
			c.pos++
			if c.peek() == '-' {
				c.pos++
				sign = -1
			}
		case b == '-':
			c.pos++
			sign = -1
		case !first:
			return
		}
		c.skip()
		if c.pos < len(c.s) && c.s[c.pos] == '%' {
			c.pos++
			*a = a.Step(c.varName(), int(sign))
		} else {
			n := c.int() * sign
			if c.eat('*') {
				if !c.eat('%') {
					c.fail(c.pos, "expected a loop variable")
					return
				}
				v := c.varName()
				if n < -1<<40 || n > 1<<40 {
					c.fail(c.pos, "coefficient too large")
					return
				}
				*a = a.Step(v, int(n))
			} else if n < -1<<40 || n > 1<<40 || a.Base < -1<<41 || a.Base > 1<<41 {
				c.fail(c.pos, "offset too large")
				return
			} else {
				a.Base += n
			}
		}
		if c.err != "" || len(a.Terms) > MaxNesting {
			c.fail(c.pos, "more than %d loop variables", MaxNesting)
			return
		}
	}
}

func appendAffine(b []byte, a Affine) []byte {
	if a.Base != 0 || len(a.Terms) == 0 {
		b = strconv.AppendInt(b, a.Base, 10)
		if len(a.Terms) > 0 {
			b = append(b, '+')
		}
	}
	for i, t := range a.Terms {
		if i > 0 {
			b = append(b, '+')
		}
		if t.Coef != 1 {
			b = append(strconv.AppendInt(b, t.Coef, 10), '*')
		}
		b = append(append(b, '%'), t.Var...)
	}
	return b
}

// aff is an affine field, left out when it is the constant 0.
func (c *codec) aff(key string, a *Affine) {
	if c.writing {
		if a.Base != 0 || len(a.Terms) > 0 {
			c.key(key)
			c.affine(a)
		}
		return
	}
	*a = Affine{}
	if c.key(key) {
		c.affine(a)
	}
}

func (c *codec) rawAddr(a *Addr) {
	if c.writing {
		if a.Space == GM {
			c.buf = append(append(c.buf, '@'), a.Sym...)
		} else {
			c.buf = append(c.buf, a.Space.String()...)
		}
		c.buf = append(c.buf, '[')
		c.buf = appendAffine(c.buf, a.Off)
		c.buf = append(c.buf, ']')
		return
	}
	if c.err != "" {
		return
	}
	*a = Addr{}
	at := c.pos
	if c.eat('@') {
		i := c.pos
		w := c.word()
		if len(w) == 0 {
			c.fail(i, "expected the name of a symbol")
			return
		}
		a.Space, a.Sym = GM, c.intern(w)
	} else {
		a.Space = Space(c.pick(spaceNames[:], "buffer"))
		if c.err == "" && a.Space <= GM {
			c.fail(at, "expected a buffer or @symbol")
		}
	}
	c.expect('[')
	c.affine(&a.Off)
	c.expect(']')
}

// addr is a positional address; all but the first are preceded by a comma.
func (c *codec) addr(first bool, a *Addr) {
	c.comma(first)
	c.rawAddr(a)
}

func (c *codec) comma(first bool) {
	if c.writing {
		if !first {
			c.buf = append(c.buf, ',')
		}
		c.buf = append(c.buf, ' ')
	} else if !first {
		c.expect(',')
	}
}

// addrField is an address after `key=`, left out when it has no space.
func (c *codec) addrField(key string, a *Addr) {
	if c.writing {
		if a.Space != NoSpace {
			c.key(key)
			c.rawAddr(a)
		}
		return
	}
	*a = Addr{}
	if c.key(key) {
		c.rawAddr(a)
	}
}

func (c *codec) vaddr(first bool, v *VAddr) {
	c.addr(first, &v.Addr)
	if c.writing {
		if v.Blk != 1 || v.Rep != 8 {
			c.buf = strconv.AppendInt(append(c.buf, ':'), int64(v.Blk), 10)
			c.buf = strconv.AppendInt(append(c.buf, ':'), int64(v.Rep), 10)
		}
		return
	}
	v.Blk, v.Rep = 1, 8
	if c.err == "" && c.eat(':') {
		v.Blk = int(c.int())
		c.expect(':')
		if c.err == "" {
			v.Rep = int(c.int())
		}
	}
}

func (c *codec) rep(r *Rep) {
	c.num("repeat", &r.Repeat, 1)
	c.num("lanes", &r.Lanes, 0)
	c.num("tail", &r.Tail, 0)
}

// imm is an immediate of the given type. Integers are decimal; floats are hexadecimal floats, inf, -inf, or bits:0x… for NaN.
func (c *codec) imm(key string, t Type, p *Imm) {
	if c.writing {
		c.key(key)
		v := uint32(*p)
		switch {
		case t == S8 && v <= 0xff:
			c.buf = strconv.AppendInt(c.buf, int64(int8(v)), 10)
		case t == S16 && v <= 0xffff:
			c.buf = strconv.AppendInt(c.buf, int64(int16(v)), 10)
		case t == S32:
			c.buf = strconv.AppendInt(c.buf, int64(int32(v)), 10)
		case t == F32 && v&0x7fffffff <= 0x7f800000:
			c.buf = appendFloat(c.buf, float64(math.Float32frombits(v)), 32)
		case t == F16 && v&0x7fff <= 0x7c00 && v <= 0xffff:
			c.buf = appendFloat(c.buf, halfValue(uint16(v)), 32)
		case t == F32 || t == F16 || t == S8 || t == S16:
			c.buf = strconv.AppendUint(append(c.buf, "bits:0x"...), uint64(v), 16)
		default:
			c.buf = strconv.AppendUint(c.buf, uint64(v), 10)
		}
		return
	}
	*p = 0
	if !c.key(key) {
		if c.err == "" {
			c.fail(c.pos, "expected %s=", key)
		}
		return
	}
	c.skip()
	at := c.pos
	if len(c.s)-c.pos > 7 && string(c.s[c.pos:c.pos+7]) == "bits:0x" {
		c.pos += 5
		v := c.uint()
		if v > math.MaxUint32 {
			c.fail(at, "immediate wider than 32 bits")
		}
		*p = Imm(v)
		return
	}
	if t == F32 || t == F16 {
		f, ok := c.float(at)
		if !ok {
			return
		}
		if t == F32 {
			*p = ImmF32(f)
		} else {
			*p = ImmF16(f)
			if !math.IsInf(float64(f), 0) && halfValue(uint16(*p)) != float64(f) {
				c.fail(at, "not a half: write its bits or a value that half holds")
			}
		}
		return
	}
	n := c.int()
	lo, hi := int64(0), int64(math.MaxUint32)
	switch t {
	case S8:
		lo, hi = math.MinInt8, math.MaxInt8
	case S16:
		lo, hi = math.MinInt16, math.MaxInt16
	case S32:
		lo, hi = math.MinInt32, math.MaxInt32
	}
	if n < lo || n > hi {
		c.fail(at, "immediate out of the range of %s", t)
		return
	}
	*p = ImmInt(t, int(n))
	if t.Size() == 0 || t.Size() > 4 || t == U8 || t == U16 {
		*p = Imm(n)
	}
}

func appendFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}

func (c *codec) float(at int) (float32, bool) {
	i := c.pos
	for c.pos < len(c.s) && (isNameByte(c.s[c.pos]) || c.s[c.pos] == '+') {
		c.pos++
	}
	f, err := strconv.ParseFloat(string(c.s[i:c.pos]), 32)
	if err != nil || f != f {
		c.fail(at, "expected a float")
		return 0, false
	}
	return float32(f), true
}

func halfValue(h uint16) float64 {
	exp, man := int(h>>10&31), float64(h&0x3ff)
	v := math.Inf(1)
	switch {
	case exp == 0:
		v = math.Ldexp(man, -24)
	case exp < 31:
		v = math.Ldexp(man+1024, exp-25)
	case man != 0:
		return math.NaN()
	}
	if h&0x8000 != 0 {
		v = -v
	}
	return v
}

// text is a positional quoted string.
func (c *codec) text(first bool, p *string) {
	c.comma(first)
	if c.writing {
		c.buf = strconv.AppendQuote(c.buf, *p)
		return
	}
	if c.err != "" {
		return
	}
	c.skip()
	q, err := strconv.QuotedPrefix(string(c.s[c.pos:]))
	if err == nil && q[0] == '"' {
		if s, err := strconv.Unquote(q); err == nil {
			c.pos += len(q)
			*p = s
			return
		}
	}
	c.fail(c.pos, "expected a quoted string")
}

// dims is 1x3x224x224, or "scalar" for rank 0.
func (c *codec) dims(key string, p *[]int) {
	if c.writing {
		c.key(key)
		if len(*p) == 0 {
			c.buf = append(c.buf, "scalar"...)
		}
		for i, d := range *p {
			if i > 0 {
				c.buf = append(c.buf, 'x')
			}
			c.buf = strconv.AppendInt(c.buf, int64(d), 10)
		}
		return
	}
	*p = nil
	if !c.key(key) {
		if c.err == "" {
			c.fail(c.pos, "expected %s=", key)
		}
		return
	}
	if len(c.s)-c.pos >= 6 && string(c.s[c.pos:c.pos+6]) == "scalar" {
		c.pos += 6
		return
	}
	vol := int64(1)
	for {
		at := c.pos
		// The digits of 1x2 must not be taken for hexadecimal: 0x2 is the dimensions 0 and 2.
		n := int64(0)
		for c.pos < len(c.s) && c.s[c.pos] >= '0' && c.s[c.pos] <= '9' && n < 1<<40 {
			n = n*10 + int64(c.s[c.pos]-'0')
			c.pos++
		}
		if c.pos == at || n > 1<<31-1 || len(*p) == 16 {
			c.fail(at, "expected dimensions such as 1x3x28x28")
			return
		}
		if vol *= max(n, 1); vol > 1<<40 {
			c.fail(at, "more than 2^40 elements")
			return
		}
		*p = append(*p, int(n))
		if c.pos >= len(c.s) || c.s[c.pos] != 'x' {
			return
		}
		c.pos++
	}
}
