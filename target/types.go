package target

import "fmt"

// Type is an element type of the machine.
type Type uint8

// The element types. B8, B16 and B32 are not types of their own: instructions that only move take any type of the width.
const (
	NoType Type = iota
	S8
	U8
	S16
	U16
	S32
	U32
	F16
	F32
	U64
	S64 // of indices, on the host
)

var typeNames = [...]string{NoType: "none", S8: "s8", U8: "u8", S16: "s16", U16: "u16", S32: "s32", U32: "u32", F16: "f16", F32: "f32", U64: "u64", S64: "s64"}
var typeSizes = [...]int{0, 1, 1, 2, 2, 4, 4, 2, 4, 8, 8}

// String is the name used in the text form.
func (t Type) String() string { return nameOf(typeNames[:], int(t)) }

// Size is the number of bytes of one element.
func (t Type) Size() int {
	if int(t) < len(typeSizes) {
		return typeSizes[t]
	}
	return 0
}

// C0 is the number of elements in one 32 byte block, the inner block of every blocked layout.
func (t Type) C0() int { return 32 / max(t.Size(), 1) }

// Space is a place an address can point into.
type Space uint8

// The address spaces. Every core has its own L1, L0A, L0B, L0C, BT and FB (cube side) or UB (vector side); GM is shared.
const (
	NoSpace Space = iota
	GM
	L1
	L0A
	L0B
	L0C
	BT // bias table
	FB // fixpipe buffer: the packed u64 words
	UB // unified buffer
)

var spaceNames = [...]string{"none", "GM", "L1", "L0A", "L0B", "L0C", "BT", "FB", "UB"}

// NumSpaces bounds arrays indexed by Space.
const NumSpaces = 9

// String is the name used in the text form.
func (s Space) String() string { return nameOf(spaceNames[:], int(s)) }

// Pipe is one in-order instruction queue of a core.
type Pipe uint8

// The pipes. PipeAll is meaningful only in PipeBarrier. PipeHost is the only pipe of the stream "host".
const (
	PipeS Pipe = iota
	PipeMTE1
	PipeMTE2
	PipeMTE3
	PipeM
	PipeV
	PipeFIX
	PipeHost
	PipeAll
)

var pipeNames = [...]string{"S", "MTE1", "MTE2", "MTE3", "M", "V", "FIX", "HOST", "ALL"}

// NumPipes bounds arrays indexed by Pipe (PipeAll excluded).
const NumPipes = 8

// String is the name used in the text form.
func (p Pipe) String() string { return nameOf(pipeNames[:], int(p)) }

// Layout says how a tensor's elements lie in a GM symbol. The dimensions that go with it are always the logical ones.
type Layout uint8

// The layouts; c0 is Type.C0. Dimensions are logical: ND any rank, NC1HWC0 (N,C,H,W), FracZ (Cout,Cin,kh,kw), NZ and ZN (R,C).
const (
	ND      Layout = iota // row-major; also NCHW
	NC1HWC0               // [N][C1][H][W][c0]
	FracZ                 // [C1*kh*kw][N1][16][c0]
	NZ                    // [C1][R1*16][c0]
	ZN                    // [K1][N1*16][k0] of a K x N matrix
)

var layoutNames = [...]string{"nd", "nc1hwc0", "fracz", "nz", "zn"}

// String is the name used in the text form.
func (l Layout) String() string { return nameOf(layoutNames[:], int(l)) }

// Kind says who fills a symbol.
type Kind uint8

// The kinds of symbol.
const (
	Input   Kind = iota // filled by the caller
	Output              // returned to the caller; every byte must be written
	Const               // filled from the binary companion
	Scratch             // undefined at start
)

var kindNames = [...]string{"input", "output", "const", "scratch"}

// String is the name used in the text form.
func (k Kind) String() string { return nameOf(kindNames[:], int(k)) }

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("?%d", i)
}

func cd(a, b int) int { return (a + b - 1) / b }

// Bytes is the size of a tensor of the given type, layout and logical dimensions; 0 when the rank doesn't fit the layout.
func (l Layout) Bytes(t Type, dims []int) int {
	c0 := t.C0()
	switch {
	case l == ND:
		n := t.Size()
		for _, d := range dims {
			n *= d
		}
		return n
	case l == NC1HWC0 && len(dims) == 4:
		return dims[0] * cd(dims[1], c0) * dims[2] * dims[3] * 32
	case l == FracZ && len(dims) == 4:
		return cd(dims[1], c0) * dims[2] * dims[3] * cd(dims[0], 16) * 512
	case l == NZ && len(dims) == 2:
		return cd(dims[1], c0) * cd(dims[0], 16) * 512
	case l == ZN && len(dims) == 2:
		return cd(dims[0], c0) * cd(dims[1], 16) * 512
	}
	return 0
}
