package target

import (
	"bytes"
	"encoding/hex"
	"fmt"
)

// SyntaxError is a fault of a text form.
type SyntaxError struct {
	Line, Col int // from 1; Col counts bytes
	Msg       string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Col, e.Msg) }

// ParseProgram reads the text of a program. Blank lines and lines that start with # are skipped; fields of an instruction
// come in canonical order, those with default values may be left out. The error is a *SyntaxError. Memory is bounded by a
// multiple of the text's size. Names of symbols and targets are not resolved here.
func ParseProgram(text []byte) (*Program, error) {
	p := &progParser{rest: text}
	p.c.names = map[string]string{}
	prog, err := p.program()
	if err != nil {
		return nil, err
	}
	return prog, nil
}

type progParser struct {
	rest []byte
	line int
	c    codec
	vars []string // of the enclosing loops
}

// next sets c to the next line that isn't blank or a comment; false at the end of the text.
func (p *progParser) next() bool {
	for len(p.rest) > 0 {
		l := p.rest
		if i := bytes.IndexByte(l, '\n'); i >= 0 {
			l, p.rest = l[:i], l[i+1:]
		} else {
			p.rest = nil
		}
		p.line++
		if n := len(l); n > 0 && l[n-1] == '\r' {
			l = l[:n-1]
		}
		p.c.s, p.c.pos = l, 0
		if b := p.c.peek(); b != 0 && b != '#' {
			return true
		}
	}
	p.line++
	p.c.s, p.c.pos = nil, 0
	return false
}

func (p *progParser) errf(at int, format string, args ...any) error {
	return &SyntaxError{p.line, at + 1, fmt.Sprintf(format, args...)}
}

// end checks that the line was read to its end.
func (p *progParser) end() error {
	if p.c.err == "" && p.c.peek() != 0 {
		at := p.c.pos
		i := at
		for i < len(p.c.s) && p.c.s[i] != ' ' && p.c.s[i] != '=' {
			i++
		}
		p.c.fail(at, "unexpected %q here: no such field, or out of order", p.c.s[at:i])
	}
	if p.c.err != "" {
		return &SyntaxError{p.line, p.c.errAt + 1, p.c.err}
	}
	return nil
}

func (p *progParser) program() (*Program, error) {
	if !p.next() || string(bytes.TrimRight(p.c.s, " \t")) != ProgramVersion {
		return nil, p.errf(0, "the first line must be %q", ProgramVersion)
	}
	prog := &Program{}
	seen := map[string]bool{}
	names := map[string]bool{}
	c := &p.c
	for p.next() {
		c.skip()
		at := c.pos
		w := string(c.word())
		if w == "target" || w == "name" || w == "consts" {
			if seen[w] {
				return nil, p.errf(at, "second %q line", w)
			}
			seen[w] = true
		}
		switch w {
		case "target":
			c.name(&prog.Target)
		case "name":
			c.text(true, &prog.Name)
		case "consts":
			if c.key("bytes") {
				prog.Consts.Bytes = c.int()
			}
			if c.key("sha256") {
				i := c.pos
				if n, err := hex.Decode(prog.Consts.SHA256[:], c.word()[:min(64, c.pos-i)]); err != nil || n != 32 || c.pos-i != 64 {
					c.fail(i, "expected 64 hexadecimal digits")
				}
			} else {
				c.fail(c.pos, "expected sha256=")
			}
			if c.err == "" && prog.Consts.Bytes <= 0 {
				c.fail(at, "expected bytes= with a positive number")
			}
		case "sym":
			var s Symbol
			c.name(&s.Name)
			if c.err == "" && names[s.Name] {
				c.fail(at, "second symbol named %s", s.Name)
			}
			names[s.Name] = true
			s.Kind = Kind(c.pick(kindNames[:], "kind of symbol"))
			s.Type = Type(c.pick(typeNames[:], "element type"))
			s.Layout = Layout(c.pick(layoutNames[:], "layout"))
			c.dims("dims", &s.Dims)
			if c.key("bytes") {
				s.Bytes = c.int()
			} else {
				c.fail(c.pos, "expected bytes=")
			}
			if s.Kind == Const {
				if c.key("at") {
					s.At = c.int()
				} else {
					c.fail(c.pos, "expected at=")
				}
			}
			if c.err == "" && (s.Bytes < 0 || s.At < 0 || s.Bytes < int64(s.Layout.Bytes(s.Type, s.Dims))) {
				c.fail(at, "symbol %s needs at least %d bytes", s.Name, s.Layout.Bytes(s.Type, s.Dims))
			}
			prog.Symbols = append(prog.Symbols, s)
		case "stream":
			var st Stream
			c.name(&st.Name)
			if prog.Stream(st.Name) != nil {
				c.fail(at, "second stream named %s", st.Name)
			}
			c.expect('{')
			if err := p.end(); err != nil {
				return nil, err
			}
			var err error
			if st.Body, err = p.body(&st); err != nil {
				return nil, err
			}
			prog.Streams = append(prog.Streams, st)
			continue
		default:
			return nil, p.errf(at, "expected target, name, consts, sym or stream")
		}
		if err := p.end(); err != nil {
			return nil, err
		}
	}
	if !seen["target"] {
		return nil, p.errf(0, "no target line")
	}
	return prog, nil
}

// body reads instructions up to the closing brace.
func (p *progParser) body(st *Stream) ([]Instr, error) {
	var body []Instr
	c := &p.c
	for p.next() {
		if c.eat('}') {
			return body, p.end()
		}
		c.skip()
		at := c.pos
		w := c.word()
		st.lines = append(st.lines, int32(p.line))
		if string(w) == "loop" {
			l, err := p.loop(at)
			if err != nil {
				return nil, err
			}
			body = append(body, l)
			if l.Body, err = p.body(st); err != nil {
				return nil, err
			}
			p.vars = p.vars[:len(p.vars)-1]
			continue
		}
		x := newInstr(w)
		if x == nil {
			return nil, p.errf(at, "no instruction %q", w)
		}
		if h, ok := x.(*Host); ok {
			h.Op = c.intern(w[len("host."):])
		}
		x.code(c)
		if err := p.end(); err != nil {
			return nil, err
		}
		body = append(body, x)
	}
	return nil, p.errf(0, "missing }")
}

func (p *progParser) loop(at int) (*Loop, error) {
	c := &p.c
	l := &Loop{}
	c.expect('%')
	if c.err == "" {
		l.Var = c.varName()
	}
	if c.err == "" {
		l.From = c.int()
	}
	if c.err == "" {
		l.To = c.int()
	}
	c.expect('{')
	for _, v := range p.vars {
		if v == l.Var {
			c.fail(at, "loop variable %%%s is already in use", v)
		}
	}
	if len(p.vars) == MaxNesting {
		c.fail(at, "loops nest deeper than %d", MaxNesting)
	}
	if c.err == "" && (l.From < -1<<31 || l.To > 1<<31 || l.To < l.From) {
		c.fail(at, "loop bounds must be From <= To within 32 bits")
	}
	p.vars = append(p.vars, l.Var)
	return l, p.end()
}

// newInstr returns an empty instruction with that mnemonic, nil if there is none.
func newInstr(w []byte) Instr {
	switch string(w) {
	case "datacopy":
		return &DataCopy{}
	case "padcopy":
		return &PadCopy{}
	case "nd2nz":
		return &Nd2Nz{}
	case "load2d":
		return &Load2D{}
	case "load3d":
		return &Load3D{}
	case "mmad":
		return &Mmad{}
	case "fixpipe":
		return &Fixpipe{}
	case "set_flag":
		return &SetFlag{}
	case "wait_flag":
		return &WaitFlag{}
	case "pipe_barrier":
		return &PipeBarrier{}
	case "cross_set":
		return &CrossSet{}
	case "cross_wait":
		return &CrossWait{}
	case "sync_all":
		return &SyncAll{}
	case "vcast":
		return &VCast{}
	case "vcmp":
		return &VCmp{}
	case "vcmps":
		return &VCmps{}
	case "vsel":
		return &VSel{}
	case "vsels":
		return &VSels{}
	case "vdup":
		return &VDup{}
	case "vbrcb":
		return &VBrcb{}
	case "vgather":
		return &VGather{}
	case "vtrans":
		return &VTrans{}
	case "vreduce":
		return &VRed{}
	case "probe":
		return &Probe{}
	}
	if bytes.HasPrefix(w, []byte("host.")) && len(w) > 5 {
		return &Host{}
	}
	for i, n := range binNames {
		if n == string(w) {
			return &VBin{Op: BinOp(i)}
		}
	}
	for i, n := range scalarNames {
		if n == string(w) {
			return &VScalar{Op: ScalarOp(i)}
		}
	}
	for i, n := range unNames {
		if n == string(w) {
			return &VUn{Op: UnOp(i)}
		}
	}
	return nil
}

// Lines gives the source line of every instruction of the program, per stream in pre-order (a loop, then its body): where it was
// read, or where its canonical text has it.
func (p *Program) Lines() [][]int32 {
	out := make([][]int32, len(p.Streams))
	line := int32(3 + len(p.Symbols))
	if p.Consts.Bytes != 0 {
		line++
	}
	for i := range p.Streams {
		line++
		var l []int32
		var walk func([]Instr)
		walk = func(body []Instr) {
			for _, x := range body {
				line++
				l = append(l, line)
				if x, ok := x.(*Loop); ok {
					walk(x.Body)
					line++
				}
			}
		}
		walk(p.Streams[i].Body)
		line++
		if out[i] = l; p.Streams[i].lines != nil && len(p.Streams[i].lines) == len(l) {
			out[i] = p.Streams[i].lines
		}
	}
	return out
}
