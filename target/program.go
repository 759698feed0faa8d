package target

// Program is what one chip executes: symbols in global memory and one stream of instructions per core.
// Text starts with the line "amprog 1".
type Program struct {
	Target  string // name of the Description it was made for
	Name    string // of the network; any text without control characters
	Consts  Consts // the binary companion; zero when there is none
	Symbols []Symbol
	Streams []Stream
}

// Consts identifies the binary companion file.
type Consts struct {
	Bytes  int64    // size of the whole file
	SHA256 [32]byte // of the whole file
}

// Symbol is a named range of global memory. Symbols don't overlap; each starts 512 B aligned.
type Symbol struct {
	Name   string // [A-Za-z0-9_.$/-]+
	Kind   Kind
	Type   Type
	Layout Layout
	Dims   []int // logical dimensions, see Layout
	Bytes  int64 // size; at least Layout.Bytes(Type, Dims)
	At     int64 // Const only: byte offset in the companion file
}

// Stream is the instruction sequence of one core: "aic0" (cube), "aiv0.0" (vector) or "host".
type Stream struct {
	Name string
	Body []Instr

	lines []int32 // source line of every instruction in pre-order; nil for a program made in memory
}

// Symbol returns the symbol of that name, nil if there is none.
func (p *Program) Symbol(name string) *Symbol {
	for i := range p.Symbols {
		if p.Symbols[i].Name == name {
			return &p.Symbols[i]
		}
	}
	return nil
}

// Stream returns the stream of that name, nil if there is none.
func (p *Program) Stream(name string) *Stream {
	for i := range p.Streams {
		if p.Streams[i].Name == name {
			return &p.Streams[i]
		}
	}
	return nil
}

// AddSymbol appends a symbol whose size is that of its layout, rounded up to 32 bytes, and returns it.
func (p *Program) AddSymbol(name string, k Kind, t Type, l Layout, dims ...int) *Symbol {
	n := l.Bytes(t, dims)
	if k == Scratch || k == Const {
		n = (n + 31) &^ 31
	}
	p.Symbols = append(p.Symbols, Symbol{Name: name, Kind: k, Type: t, Layout: l, Dims: dims, Bytes: int64(n)})
	return &p.Symbols[len(p.Symbols)-1]
}

// Instr is one instruction, or a Loop.
type Instr interface {
	// Mnemonic is the first word of the text form.
	Mnemonic() string
	// Pipe is the queue the instruction goes to, decided by its operands; PipeS for Loop and Probe.
	Pipe() Pipe

	code(*codec)
}

// Loop repeats Body with Var = From, From+1, ... To-1. Loops nest up to MaxNesting deep; variables of enclosing loops are distinct.
type Loop struct {
	Var      string
	From, To int64
	Body     []Instr
}

// MaxNesting is the deepest nesting of loops.
const MaxNesting = 12

// Mnemonic implements Instr.
func (*Loop) Mnemonic() string { return "loop" }

// Pipe implements Instr.
func (*Loop) Pipe() Pipe { return PipeS }

// Probe costs nothing and says: the symbol now holds IR value Name, with the given element type, layout and logical
// dimensions, packed from byte Off on. It must be ordered after all writers (by flags, barriers or sync_all), as a
// read by the scalar pipe would have to be.
type Probe struct {
	Name   string // of the IR value, any text
	Src    Addr   // GM
	Type   Type
	Layout Layout // ND, NC1HWC0 or NZ
	Dims   []int
}

// Mnemonic implements Instr.
func (*Probe) Mnemonic() string { return "probe" }

// Pipe implements Instr.
func (*Probe) Pipe() Pipe { return PipeS }
