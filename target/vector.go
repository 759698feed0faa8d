package target

// Rep is how often and how wide a vector instruction works. A repeat is 256 B of the widest operand: L = 256/size elements (128 of
// 16-bit, 64 of 32-bit). Every repeat works on its first Lanes elements (0: all L), the last one on its first Tail (0: as Lanes).
type Rep struct {
	Repeat int // 0..255; 0 is a no-op
	Lanes  int
	Tail   int
}

// BinOp is a two-operand vector operation.
type BinOp uint8

// The two-operand operations. add, sub, mul, max, min: f16 f32 s16 s32 (integers saturate); and, or: 16-bit types.
const (
	VAdd BinOp = iota
	VSub
	VMul
	VMax
	VMin
	VAnd
	VOr
)

var binNames = [...]string{"vadd", "vsub", "vmul", "vmax", "vmin", "vand", "vor"}

// VBin is Dst = A op B, element by element (V).
type VBin struct {
	Op        BinOp
	Type      Type
	Dst, A, B VAddr
	Rep
}

// ScalarOp is a vector operation with an immediate.
type ScalarOp uint8

// The operations with an immediate. adds, muls, maxs, mins: f16 f32 s16 s32; shl, shr: 16- and 32-bit integers, Imm = bits (shr of a signed type is arithmetic).
const (
	VAdds ScalarOp = iota
	VMuls
	VMaxs
	VMins
	VShl
	VShr
)

var scalarNames = [...]string{"vadds", "vmuls", "vmaxs", "vmins", "vshl", "vshr"}

// VScalar is Dst = A op Imm (V). Imm has type Type (for shifts, it is a count).
type VScalar struct {
	Op     ScalarOp
	Type   Type
	Dst, A VAddr
	Imm    Imm
	Rep
}

// UnOp is a one-operand vector operation.
type UnOp uint8

// The one-operand operations. abs: f16 f32; relu: f16 f32 s32; not: 16-bit; copy: 16- and 32-bit.
const (
	VAbs UnOp = iota
	VRelu
	VNot
	VCopy
)

var unNames = [...]string{"vabs", "vrelu", "vnot", "vcopy"}

// VUn is Dst = op A (V).
type VUn struct {
	Op     UnOp
	Type   Type
	Dst, A VAddr
	Rep
}

// Round is a rounding mode of VCast.
type Round uint8

// The rounding modes. RoundNone means rint where the cast loses bits.
const (
	RoundNone Round = iota
	RoundRint       // half to even
	RoundAway       // half away from zero
	RoundFloor
	RoundCeil
	RoundTrunc
)

var roundNames = [...]string{"none", "rint", "round", "floor", "ceil", "trunc"}

// String is the name used in the text form.
func (r Round) String() string { return nameOf(roundNames[:], int(r)) }

// VCast is Dst = A converted (V). A repeat is 256 B of the wider type; each operand's blocks hold 32/size elements of its own type, so for
// f32 -> f16 a contiguous destination has Rep 4. Pairs: s8,u8 <-> f16; s16 <-> f16; f16 <-> f32; f16 -> s32; f32 -> s16, s32;
// f32 -> f32 (to an integral value); s32 -> f32, s16; s16 -> f32; s32 -> f16 with the scale Deq. Out of range saturates, NaN becomes 0.
type VCast struct {
	To, From Type
	Dst, A   VAddr
	Round    Round
	Deq      Imm // s32 -> f16 only: f16 bits of the scale; result half(float32(float32(src)*scale)), the powers of two in src/2^17*scale*2^17 being exact
	Rep
}

// Cond is a comparison.
type Cond uint8

// The comparisons; with NaN only ne is true.
const (
	EQ Cond = iota
	NE
	LT
	LE
	GT
	GE
)

var condNames = [...]string{"eq", "ne", "lt", "le", "gt", "ge"}

// String is the name used in the text form.
func (c Cond) String() string { return nameOf(condNames[:], int(c)) }

// VCmp writes one bit per element, A cond B, bit i mod 8 of byte i/8, repeat r from byte r*L/8 of Dst on (V). Bits of inactive elements are 0. f16, f32; s32 only eq.
type VCmp struct {
	Cond Cond
	Type Type
	Dst  Addr // UB, 32 B aligned
	A, B VAddr
	Rep
}

// VCmps is VCmp against an immediate.
type VCmps struct {
	Cond Cond
	Type Type
	Dst  Addr
	A    VAddr
	Imm  Imm
	Rep
}

// VSel is Dst = A where the bit of Mask is 1, else B; the mask lies as VCmp writes it (V). f16, f32 and the integers of their width.
type VSel struct {
	Type Type
	Dst  VAddr
	Mask Addr // UB, 32 B aligned
	A, B VAddr
	Rep
}

// VSels is VSel with an immediate in place of B.
type VSels struct {
	Type Type
	Dst  VAddr
	Mask Addr
	A    VAddr
	Imm  Imm
	Rep
}

// VDup is Dst = Imm (V). 16- and 32-bit types.
type VDup struct {
	Type Type
	Dst  VAddr
	Imm  Imm
	Rep
}

// VBrcb broadcasts elements to blocks (V): repeat r reads elements 8r..8r+7 of Src and fills block b of Dst's repeat r with element 8r+b. 16- and 32-bit types.
type VBrcb struct {
	Type   Type
	Dst    VAddr
	Src    Addr // UB, 32 B aligned (16 B for 16-bit types)
	Repeat int  // 0..255
}

// VGather is Dst[i] = the element at byte Src + Offs[i] for i < Count (V); Offs are u32 byte offsets, multiples of the element size. All contiguous. 16- and 32-bit types.
type VGather struct {
	Type           Type
	Dst, Src, Offs Addr
	Count          int // 0..32640
}

// VTrans transposes squares of UB (V). A square has S = 32 (8-bit), 16 (16-bit) or 8 (32-bit) rows of 32 B; row r of square t of A is at
// 32*(t*A.Rep + r*A.Blk), and Dst likewise: Dst[r][c] = A[c][r]. It is the square form of the NCHW <-> NC1HWC0 transposition: with A's rows = 32 channels
// (Blk = H*W/32) and Dst's rows = 32 pixels it turns NCHW into NC1HWC0 and back. Source and destination don't overlap.
type VTrans struct {
	Type   Type
	Dst, A VAddr
	Repeat int // squares, 0..255
}

// RedOp is a reduction.
type RedOp uint8

// The reductions, f16 and f32.
const (
	RedSum RedOp = iota
	RedMax
	RedMin
)

var redNames = [...]string{"sum", "max", "min"}

// String is the name used in the text form.
func (r RedOp) String() string { return nameOf(redNames[:], int(r)) }

// VRed reduces (V). Per block (Whole false): every 32 B block to one element, 8 per repeat; Whole: every repeat to one
// element. Results are contiguous in Dst, 8 or 1 elements per repeat (inactive blocks of a repeat write nothing). Sums are taken as a binary tree of neighbours ((x0+x1)+(x2+x3))...,
// each addition rounded (inactive elements are left out: an odd one moves up unchanged). Maximum and minimum of NaN are NaN.
type VRed struct {
	Op    RedOp
	Whole bool
	Type  Type
	Dst   Addr // UB, aligned to the element
	A     VAddr
	Rep
}

// Mnemonic implements Instr.
func (x *VBin) Mnemonic() string { return nameOf(binNames[:], int(x.Op)) }

// Mnemonic implements Instr.
func (x *VScalar) Mnemonic() string { return nameOf(scalarNames[:], int(x.Op)) }

// Mnemonic implements Instr.
func (x *VUn) Mnemonic() string { return nameOf(unNames[:], int(x.Op)) }

// Mnemonic implements Instr.
func (*VCast) Mnemonic() string { return "vcast" }

// Mnemonic implements Instr.
func (*VCmp) Mnemonic() string { return "vcmp" }

// Mnemonic implements Instr.
func (*VCmps) Mnemonic() string { return "vcmps" }

// Mnemonic implements Instr.
func (*VSel) Mnemonic() string { return "vsel" }

// Mnemonic implements Instr.
func (*VSels) Mnemonic() string { return "vsels" }

// Mnemonic implements Instr.
func (*VDup) Mnemonic() string { return "vdup" }

// Mnemonic implements Instr.
func (*VBrcb) Mnemonic() string { return "vbrcb" }

// Mnemonic implements Instr.
func (*VGather) Mnemonic() string { return "vgather" }

// Mnemonic implements Instr.
func (*VTrans) Mnemonic() string { return "vtrans" }

// Mnemonic implements Instr.
func (*VRed) Mnemonic() string { return "vreduce" }

// Pipe implements Instr.
func (*VBin) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VScalar) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VUn) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VCast) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VCmp) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VCmps) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VSel) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VSels) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VDup) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VBrcb) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VGather) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VTrans) Pipe() Pipe { return PipeV }

// Pipe implements Instr.
func (*VRed) Pipe() Pipe { return PipeV }
