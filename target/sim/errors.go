package sim

import (
	"fmt"

	"github.com/amctc/amctc/target"
)

// Code numbers the rules that a program can break.
type Code int

// The rules. Their numbers never change.
const (
	UnknownSymbol   Code = 1  // an address names no symbol
	UnknownVariable Code = 2  // an offset uses a variable of no enclosing loop, or can overflow
	WrongTarget     Code = 3  // the program was made for another description
	BadConsts       Code = 4  // the constants file isn't the one the program names
	BadStream       Code = 5  // a stream for a core the SoC doesn't have
	WrongPipe       Code = 6  // the instruction's pipe doesn't exist on the stream's core
	FieldRange      Code = 7  // a field is out of its range
	BadType         Code = 8  // the unit doesn't know the element type
	NotOnSoC        Code = 9  // a path, mode or instruction that the description doesn't list
	Misaligned      Code = 10 // an address isn't aligned as its memory wants
	Overrun         Code = 11 // an access ends outside its buffer or symbol
	Uninitialised   Code = 12 // a byte is read that nothing has written
	ReadOnly        Code = 13 // an input or constant is written
	Race            Code = 14 // two pipes touch a byte, one writes it, no flag orders them
	FlagSetTwice    Code = 15 // a flag is set that may still be set
	Deadlock        Code = 16 // a wait that nothing ends
	FlagLeft        Code = 17 // a flag or counter is set at the end
	CounterFull     Code = 18 // a cross-core counter passes its maximum
	MissingBarrier  Code = 19 // mmad accumulates onto a small block without pipe_barrier M
	Incomplete      Code = 20 // an output isn't wholly written
	BadWord         Code = 21 // a quantization word holds no finite scale
	Overlap         Code = 22 // operands of one instruction overlap in a way that leaves its result open
	BadProbe        Code = 23 // a probe's layout, type and dimensions don't fit
	BadHost         Code = 24 // a host step's operands or attributes don't fit
	TooLarge        Code = 25 // the program needs more memory or steps than the caller allows
	CoreRace        Code = 26 // two AI cores touch a byte of global memory, one writes it, no sync_all or counter orders them
)

// rules are the codes' numbers and names; "amctc explain" documents them.
var rules = [...]struct{ number, name string }{
	1: {"T001", "unknown symbol"},
	{"T002", "unknown variable"},
	{"T003", "wrong target"},
	{"T004", "bad constants"},
	{"T005", "bad stream"},
	{"T006", "wrong pipe"},
	{"T007", "field out of range"},
	{"T008", "type not supported"},
	{"T009", "not on this SoC"},
	{"T010", "misaligned"},
	{"T011", "overrun"},
	{"T012", "uninitialised read"},
	{"T013", "read-only"},
	{"T014", "race"},
	{"T015", "flag set twice"},
	{"T016", "deadlock"},
	{"T017", "flag left set"},
	{"T018", "counter full"},
	{"T019", "missing barrier"},
	{"T020", "output incomplete"},
	{"T021", "bad quantization word"},
	{"T022", "overlap"},
	{"T023", "bad probe"},
	{"T024", "bad host step"},
	{"T025", "too large"},
	{"T026", "race between cores"},
}

// String is the rule's number and name, T010 misaligned.
func (c Code) String() string {
	if c > 0 && int(c) < len(rules) {
		return rules[c].number + " " + rules[c].name
	}
	return fmt.Sprintf("T%03d", int(c))
}

// Error says which rule an instruction broke.
type Error struct {
	Code     Code
	Stream   string // empty when the fault belongs to no instruction
	Instr    int    // number within the stream, from 0, loops counted once
	Line     int    // of the program text
	Mnemonic string
	Msg      string
	Other    int // line of the instruction that the fault is with: the first of a race; 0: there is none, or it ran long before
}

// Error implements error.
func (e *Error) Error() string {
	if e.Stream == "" {
		return fmt.Sprintf("sim: %v: %s", e.Code, e.Msg)
	}
	return fmt.Sprintf("sim: %v: %s instr %d (line %d) %s: %s", e.Code, e.Stream, e.Instr, e.Line, e.Mnemonic, e.Msg)
}

// stopped ends the run when the caller wants it; Run recovers it.
type stopped struct{ err error }

// fail ends the run with an error of the program; Run recovers it. op may be nil.
func fail(op *op, code Code, format string, args ...any) { failAfter(op, nil, code, format, args...) }

// failAfter is fail of an instruction because of an earlier one, which may be nil.
func failAfter(o, first *op, code Code, format string, args ...any) {
	e := &Error{Code: code, Msg: fmt.Sprintf(format, args...)}
	if first != nil {
		e.Other = first.line
	}
	if o != nil {
		e.Stream, e.Instr, e.Line, e.Mnemonic = o.core.name, o.index, o.line, o.in.Mnemonic()
	}
	panic(e)
}

// limit checks a field against the description and 0.
func (o *op) limit(d *target.Description, field, name string, v int) {
	if m, ok := d.Limit(field); v < 0 || ok && v > m {
		fail(o, FieldRange, "%s is %d, must be 0..%d", name, v, m)
	}
}

// within checks a field against fixed bounds.
func (o *op) within(name string, v, lo, hi int) {
	if v < lo || v > hi {
		fail(o, FieldRange, "%s is %d, must be %d..%d", name, v, lo, hi)
	}
}
