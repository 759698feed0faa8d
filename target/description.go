package target

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// DescriptionVersion is the first line of a description's text.
const DescriptionVersion = "amdesc 1"

// Description says what a SoC is: buffers, pipes, rates, and which instructions exist for which types. One core's numbers, unless a field says otherwise.
type Description struct {
	Name       string // e.g. ascend910b3
	ISA        string // compiler name of the core, e.g. c220
	Split      bool   // cube and vector are separate cores
	AIC, AIV   int    // cores on the chip
	MHz        int
	Queue      int // depth of every pipe's queue
	Flags      int // flag ids per pipe pair
	CrossFlags int // counters per stream; 0: no cross-core flags
	Counter    int // largest value of a cross-core counter
	Cube       Cube
	GMRate     int    // B/cycle/core to device memory
	L2Read     int    // B/cycle/core
	L2Write    int    // B/cycle/core
	AICPipes   []Pipe // of a stream "aic…"
	AIVPipes   []Pipe // of a stream "aiv…"; empty: there are no vector cores
	Buffers    []Buffer
	Paths      []Path
	Load3D     Load3DRate
	Fixpipe    FixpipeSpec
	Limits     []Limit
	Vec        []VecSpec
	Casts      []CastSpec
	Assumed    []string // rules used here that have no published source
}

// Cube is the matrix unit.
type Cube struct {
	M, N           int    // rows and columns of one step
	KS8, KF16, KS4 int    // depth of one step; 0: the type doesn't exist
	L0A            string // zz or nz: the order of fractals in L0A
	Head           int    // cycles before the first step
}

// Buffer is an on-chip memory of a core.
type Buffer struct {
	Space Space
	Size  int    // bytes
	Align int    // of start addresses, bytes
	Core  string // aic or aiv (on a fused core: aic)
}

// Path is a way data take, with cycles = Latency + bytes/Rate.
// Names: gm-l1, gm-ub, ub-gm, l1-l0a, l1-l0b, l1-l0a.t, l1-l0b.t (transposing), l1-bt, l1-fb, l0c-out8, l0c-out16, l0c-out32, l0c-ub.
type Path struct {
	Name    string
	Rate    int // B/cycle
	Latency int
	Assumed bool
}

// Load3DRate parametrizes img2col to L0A: strideW 1 reads Full B/cycle for one kernel row and max(Floor, Base/(n+2)) for n;
// strideW 2, 4, 8 read Base/(2*strideW) for one and Base/(2*strideW+n) for n > 1; others Floor.
type Load3DRate struct {
	Latency, Full, Base, Floor int
}

// Rate is the bytes per cycle of an img2col load as a fraction num/den.
func (r Load3DRate) Rate(strideW, kernelRows int) (num, den int) {
	switch strideW {
	case 1:
		if kernelRows <= 1 {
			return r.Full, 1
		}
		if r.Base < r.Floor*(kernelRows+2) {
			return r.Floor, 1
		}
		return r.Base, kernelRows + 2
	case 2, 4, 8:
		if kernelRows <= 1 {
			return r.Base, 2 * strideW
		}
		return r.Base, 2*strideW + kernelRows
	}
	return r.Floor, 1
}

// FixpipeSpec is the unit that empties L0C.
type FixpipeSpec struct {
	Modes []Quant // empty: the core has none
	ReLU  bool
	ND    bool
	L1    bool // may write L1
}

// Limit bounds a field: 0..Max.
type Limit struct {
	Field string // mnemonic.field
	Max   int
}

// VecSpec says that a vector instruction exists for types, and costs Cycles per repeat (or 1 per Elems elements), after Head on an idle pipe.
type VecSpec struct {
	Op      string // mnemonic; vreduce.block and vreduce.whole are two
	Types   []Type
	Cycles  int
	Elems   int
	Head    int
	Assumed bool
}

// CastSpec says that a conversion exists with these modes, 1 cycle per repeat after Head.
type CastSpec struct {
	From, To Type
	Modes    []Round
	Head     int
	Assumed  bool
}

// Buffer returns the buffer of that space, nil if there is none.
func (d *Description) Buffer(s Space) *Buffer {
	for i := range d.Buffers {
		if d.Buffers[i].Space == s {
			return &d.Buffers[i]
		}
	}
	return nil
}

// Size is the size of a buffer in bytes, 0 if there is none.
func (d *Description) Size(s Space) int {
	if b := d.Buffer(s); b != nil {
		return b.Size
	}
	return 0
}

// Path returns the path of that name, nil if there is none.
func (d *Description) Path(name string) *Path {
	for i := range d.Paths {
		if d.Paths[i].Name == name {
			return &d.Paths[i]
		}
	}
	return nil
}

// Limit is the largest value of a field; ok is false when it isn't limited.
func (d *Description) Limit(field string) (limit int, ok bool) {
	for _, l := range d.Limits {
		if l.Field == field {
			return l.Max, true
		}
	}
	return 0, false
}

// VecOp returns how the description knows a vector instruction on a type, nil if it doesn't exist.
func (d *Description) VecOp(op string, t Type) *VecSpec {
	for i := range d.Vec {
		if d.Vec[i].Op == op && slices.Contains(d.Vec[i].Types, t) {
			return &d.Vec[i]
		}
	}
	return nil
}

// Cast returns how the description knows a conversion, nil if it doesn't exist.
func (d *Description) Cast(from, to Type) *CastSpec {
	for i := range d.Casts {
		if d.Casts[i].From == from && d.Casts[i].To == to {
			return &d.Casts[i]
		}
	}
	return nil
}

// VectorsPerCube is how many vector cores an AI core has beside its cube; 1 on a fused core, whose vector unit is its own.
func (d *Description) VectorsPerCube() int {
	if !d.Split {
		return 1
	}
	return max(1, d.AIV/max(1, d.AIC))
}

// SharedRate is the bytes a cycle, both ways together, that all AI cores of the chip move from and to device memory at most: what one core moves, times the cores.
func (d *Description) SharedRate() int { return d.AIC * d.GMRate }

// HasQuant reports whether Fixpipe knows the mode.
func (d *Description) HasQuant(q Quant) bool { return slices.Contains(d.Fixpipe.Modes, q) }

// String is the canonical text; ParseDescription reads it back to an equal value.
func (d *Description) String() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	yes := map[bool]string{false: "no", true: "yes"}
	mark := map[bool]string{true: " assumed"}
	p("%s\ntarget %s\nisa %s\nsplit %s\n", DescriptionVersion, d.Name, d.ISA, yes[d.Split])
	p("cores aic=%d aiv=%d\nclock mhz=%d\nqueue depth=%d\n", d.AIC, d.AIV, d.MHz, d.Queue)
	p("flags ids=%d cross=%d counter=%d\n", d.Flags, d.CrossFlags, d.Counter)
	p("cube m=%d n=%d k.s8=%d k.f16=%d k.s4=%d l0a=%s head=%d\n", d.Cube.M, d.Cube.N, d.Cube.KS8, d.Cube.KF16, d.Cube.KS4, d.Cube.L0A, d.Cube.Head)
	p("gm rate=%d l2read=%d l2write=%d\n", d.GMRate, d.L2Read, d.L2Write)
	p("pipes aic=%s aiv=%s\n", join(d.AICPipes), join(d.AIVPipes))
	for _, x := range d.Buffers {
		p("buffer %s size=%d align=%d core=%s\n", x.Space, x.Size, x.Align, x.Core)
	}
	for _, x := range d.Paths {
		p("path %s rate=%d latency=%d%s\n", x.Name, x.Rate, x.Latency, mark[x.Assumed])
	}
	p("load3d latency=%d full=%d base=%d floor=%d\n", d.Load3D.Latency, d.Load3D.Full, d.Load3D.Base, d.Load3D.Floor)
	p("fixpipe modes=%s relu=%s nd=%s l1=%s\n", join(d.Fixpipe.Modes), yes[d.Fixpipe.ReLU], yes[d.Fixpipe.ND], yes[d.Fixpipe.L1])
	for _, x := range d.Limits {
		p("limit %s max=%d\n", x.Field, x.Max)
	}
	for _, x := range d.Vec {
		p("vec %s types=%s cycles=%d elems=%d head=%d%s\n", x.Op, join(x.Types), x.Cycles, x.Elems, x.Head, mark[x.Assumed])
	}
	for _, x := range d.Casts {
		p("cast %s to=%s modes=%s head=%d%s\n", x.From, x.To, join(x.Modes), x.Head, mark[x.Assumed])
	}
	for _, x := range d.Assumed {
		p("assumed %s\n", strconv.Quote(x))
	}
	return b.String()
}

func join[E fmt.Stringer](list []E) string {
	if len(list) == 0 {
		return "-"
	}
	s := make([]string, len(list))
	for i, x := range list {
		s[i] = x.String()
	}
	return strings.Join(s, ",")
}
