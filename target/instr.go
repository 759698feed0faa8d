package target

// DataCopy moves Count runs of Len units; both gaps are tail to head. Paths, pipes, and the unit of Len:
//
//	GM -> UB, GM -> L1   MTE2   32 B
//	UB -> GM             MTE3   32 B
//	L1 -> BT             MTE1   64 B
//	L1 -> FB             FIX    128 B
//	L0C -> UB            V      1024 B, a fractal of 16x16 s32 as it lies; only on fused cores without Fixpipe
//
// Gaps are in 32 B blocks on every side. GM addresses may have any alignment on the source side, 32 B on the destination side.
type DataCopy struct {
	Dst, Src       Addr
	Count, Len     int // 0..4095, 0..65535; a zero is a no-op
	SrcGap, DstGap int // 0..65535 blocks of 32 B
}

// PadCopy moves Count runs of Len bytes between GM and UB (either direction). GM side: runs are SrcGap (or DstGap)
// bytes apart, tail to head, any alignment. UB side: every run starts 32 B aligned and occupies
// ceil((Left*size+Len+Right*size)/32) blocks, then the gap in 32 B blocks. Into UB the run is preceded by Left and
// followed by Right elements of value Fill, and by Fill up to the end of its last block. From UB, Left and Right are 0 and
// exactly Len bytes of each run are written. MTE2 into UB, MTE3 from UB.
type PadCopy struct {
	Dst, Src       Addr
	Type           Type // width of fill elements; Len is a multiple of its size
	Count, Len     int  // 0..4095 runs, bytes 0..2097120
	SrcGap, DstGap int  // GM side: bytes; UB side: 32 B blocks
	Left, Right    int  // elements, at most 32 B each
	Fill           Imm
}

// Nd2Nz copies row-major matrices from GM into NZ blocks of L1 (MTE2). Element (row i < N, column j < D) of matrix b goes to
// byte Dst + size*(b*DstMatrix) + 32*((j/c0)*DstC0 + i*DstN) + size*(j mod c0); it comes from element b*SrcMatrix + i*SrcD + j.
// The last column block is filled with zeros up to c0. Rows of a plain NZ image: DstN=1, DstC0 = rows rounded up to 16.
type Nd2Nz struct {
	Dst, Src  Addr
	Type      Type
	Num       int // matrices, 0..4095
	N         int // rows, 0..16384
	D         int // columns, 0..65535
	SrcMatrix int // elements between source matrices, 0..65535
	SrcD      int // elements between source rows, 0..65535
	DstC0     int // 32 B units between column blocks, 0..16384
	DstN      int // 32 B units between rows, 0..16384
	DstMatrix int // elements between destination matrices, 0..65535
}

// Load2D moves 512 B fractals from L1 to L0A or L0B (MTE1).
//
// Plain: fractal i of Repeat is Src + 512*i*SrcStride -> Dst + 512*i*(1+DstGap).
//
// Transpose (the transposing load): the unit is a square. 8-bit types: a square is two consecutive fractals, 32 rows of
// 32 bytes, in Src at 1024*i*SrcStride; its transpose is written as two fractals, the second 512*(1+DstFracGap) bytes after the
// first; the next square's first fractal follows the second after DstGap fractals (so fractal f of square i is at
// 512*(i*(2+DstFracGap+DstGap) + f*(1+DstFracGap))). 16-bit types: a square is one fractal, 16 rows of 16 elements, strides
// in fractals, DstFracGap 0.
type Load2D struct {
	Dst, Src   Addr
	Type       Type
	Repeat     int // 0..255
	SrcStride  int // fractals (squares when transposing), 0..65535
	DstGap     int // fractals, 0..65535
	DstFracGap int // fractals, transposing only
	Transpose  bool
}

// Load3D writes rows MStart..MStart+MExt, columns KStart..KStart+KExt of the img2col matrix of a feature map
// [C1][H][W][c0] in L1 into L0A (MTE1), as 16 x c0 fractals: [MExt/16][KExt/c0] (ZZ) or, where the description says
// L0A is NZ, [KExt/c0][MExt/16]. Row m is output pixel (m/Wo, m mod Wo); column k is ((c1*KH+i)*KW+j)*c0 + c.
// Taps outside the map read PadValue (all pads of an int8 map: the zero point code). Channels is a multiple of c0, or 4, 8 or
// 16 for s8: then the map is [H][W][Channels], column k is (i*KW+j)*Channels + c, and columns from
// KH*KW*Channels up to the next multiple of c0 read zero.
type Load3D struct {
	Dst, Src               Addr
	Type                   Type
	H, W, Channels         int // 1..32767, 1..32767, 1..65535
	PadL, PadR, PadT, PadB int // 0..255
	KH, KW                 int // 1..255
	SH, SW                 int // strides 1..63
	DH, DW                 int // dilations 1..255
	MStart, KStart         Affine
	MExt, KExt             int // multiples of 16 and c0 except at the bottom and right edges; 0 is a no-op
	PadValue               int // code of one element
}

// Init says where Mmad's accumulator starts.
type Init uint8

// The initial values of Mmad.
const (
	InitZero Init = iota
	InitAcc       // L0C as it is
	InitBias      // the BT row, broadcast over m
)

var initNames = [...]string{"zero", "acc", "bias"}

// String is the name used in the text form.
func (i Init) String() string { return nameOf(initNames[:], int(i)) }

// Mmad is L0C[m,n] = init + sum over k of L0A[m,k]*L0B[k,n] (M), s8 x s8 -> s32, saturating. L0A is ZZ [M1][K1] (NZ [K1][M1] where the
// description says so), L0B is ZN [K1][N1], L0C is [N1][M1] fractals of 16x16 s32. The padding of partial fractals has no influence and
// L0C outside m < M, n < N isn't changed. Accumulating onto what the Mmad just before wrote needs PipeBarrier(M) when
// ceil(M/16)*ceil(N/16) < 10.
type Mmad struct {
	Dst, A, B Addr
	M, K, N   int // 0..4095; a zero is a no-op
	Init      Init
	Bias      Addr // BT, with InitBias
}

// Quant is the conversion Fixpipe does on the way out.
type Quant uint8

// The Fixpipe conversions from int32. Scalar forms take the word from Fixpipe.Word, vector forms one u64 per column from FB.
const (
	NoQuant Quant = iota // s32
	REQ8                 // s8 or u8 by bit 46 of Word
	VREQ8                // s8 or u8 by bit 46, per column
	DEQF16               // f16
	VDEQF16              // f16, per column
)

var quantNames = [...]string{"noquant", "req8", "vreq8", "deqf16", "vdeqf16"}

// String is the name used in the text form.
func (q Quant) String() string { return nameOf(quantNames[:], int(q)) }

// Out is the destination's element type and whether the conversion is per column.
func (q Quant) Out() (t Type, perColumn bool) {
	switch q {
	case NoQuant:
		return S32, false
	case REQ8, VREQ8:
		return S8, q == VREQ8
	}
	return F16, q == VDEQF16
}

// Fixpipe moves an M x N block of L0C to GM or L1 (FIX). Row j of column block k is at L0C byte Src + 64*(k*SrcStride + j), so
// SrcStride = the accumulator's rows rounded up to 16.
//
// ND: row j goes to byte Dst + size*j*DstStride, N elements; any N. DstStride in elements, at least N.
// With NdNum > 1, matrix d reads from Src + 64*d*SrcNd (units of 16 elements) and goes to Dst + size*d*DstNd elements.
//
// Otherwise NZ: N is a multiple of 16; destination column blocks are DstStride 32 B units apart, row j of a block lies 32 B (s8, f16) or
// 64 B (s32, 16 wide) after row j-1. For s8 two 16-wide blocks make one 32-wide block and N is a multiple of 32. So a block of an
// NC1HWC0 s8 image has DstStride = H*W and Dst advanced by 32*first pixel.
type Fixpipe struct {
	Dst, Src     Addr
	M, N         int // 1..65535 (8192 with ND), 1..4095
	SrcStride    int // units of 16 elements, 0..65535
	DstStride    int
	Quant        Quant
	Word         uint64 // REQ8, DEQF16
	Vec          Addr   // FB: u64 per column, VREQ8, VDEQF16
	ReLU         bool   // negative accumulators count as 0, before the offset
	ND           bool
	NdNum        int // ND only; 0 and 1 mean one matrix
	SrcNd, DstNd int // ND only
}

// SetFlag sets one-bit flag ID of the pair when everything before it on pipe Src has finished.
type SetFlag struct {
	Src, Dst PipeID
	ID       int // 0..7
}

// WaitFlag blocks pipe Dst until flag ID of the pair is set, then clears it.
type WaitFlag struct {
	Src, Dst PipeID
	ID       int // 0..7
}

// PipeID is Pipe under a name that reads well as a field type.
type PipeID = Pipe

// PipeBarrier: everything before it on the pipe completes before anything after; PipeAll drains the whole core.
type PipeBarrier struct{ On PipeID }

// CrossSet adds one to the counter ID (0..10) of stream To when everything before it on pipe On of this core has finished. Counters hold at most 15.
type CrossSet struct {
	To string
	On PipeID
	ID int
}

// CrossWait blocks pipe On of this core until its counter ID is positive, then takes one.
type CrossWait struct {
	On PipeID
	ID int
}

// SyncAll waits until every pipe of this core is idle and every other stream has reached its SyncAll of the same count.
// All streams, "host" included, execute the same number of them.
type SyncAll struct{}

// Mnemonics and pipes.

// Mnemonic implements Instr.
func (*DataCopy) Mnemonic() string { return "datacopy" }

// Pipe implements Instr.
func (x *DataCopy) Pipe() Pipe {
	switch {
	case x.Dst.Space == GM:
		return PipeMTE3
	case x.Dst.Space == BT:
		return PipeMTE1
	case x.Dst.Space == FB:
		return PipeFIX
	case x.Src.Space == L0C:
		return PipeV
	}
	return PipeMTE2
}

// Mnemonic implements Instr.
func (*PadCopy) Mnemonic() string { return "padcopy" }

// Pipe implements Instr.
func (x *PadCopy) Pipe() Pipe {
	if x.Dst.Space == GM {
		return PipeMTE3
	}
	return PipeMTE2
}

// Mnemonic implements Instr.
func (*Nd2Nz) Mnemonic() string { return "nd2nz" }

// Pipe implements Instr.
func (*Nd2Nz) Pipe() Pipe { return PipeMTE2 }

// Mnemonic implements Instr.
func (*Load2D) Mnemonic() string { return "load2d" }

// Pipe implements Instr.
func (*Load2D) Pipe() Pipe { return PipeMTE1 }

// Mnemonic implements Instr.
func (*Load3D) Mnemonic() string { return "load3d" }

// Pipe implements Instr.
func (*Load3D) Pipe() Pipe { return PipeMTE1 }

// Mnemonic implements Instr.
func (*Mmad) Mnemonic() string { return "mmad" }

// Pipe implements Instr.
func (*Mmad) Pipe() Pipe { return PipeM }

// Mnemonic implements Instr.
func (*Fixpipe) Mnemonic() string { return "fixpipe" }

// Pipe implements Instr.
func (*Fixpipe) Pipe() Pipe { return PipeFIX }

// Mnemonic implements Instr.
func (*SetFlag) Mnemonic() string { return "set_flag" }

// Pipe implements Instr.
func (x *SetFlag) Pipe() Pipe { return x.Src }

// Mnemonic implements Instr.
func (*WaitFlag) Mnemonic() string { return "wait_flag" }

// Pipe implements Instr.
func (x *WaitFlag) Pipe() Pipe { return x.Dst }

// Mnemonic implements Instr.
func (*PipeBarrier) Mnemonic() string { return "pipe_barrier" }

// Pipe implements Instr.
func (x *PipeBarrier) Pipe() Pipe { return x.On }

// Mnemonic implements Instr.
func (*CrossSet) Mnemonic() string { return "cross_set" }

// Pipe implements Instr.
func (x *CrossSet) Pipe() Pipe { return x.On }

// Mnemonic implements Instr.
func (*CrossWait) Mnemonic() string { return "cross_wait" }

// Pipe implements Instr.
func (x *CrossWait) Pipe() Pipe { return x.On }

// Mnemonic implements Instr.
func (*SyncAll) Mnemonic() string { return "sync_all" }

// Pipe implements Instr.
func (*SyncAll) Pipe() Pipe { return PipeS }
