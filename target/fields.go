package target

import "strconv"

func (x *DataCopy) code(c *codec) {
	c.addr(true, &x.Dst)
	c.addr(false, &x.Src)
	c.num("count", &x.Count, 1)
	c.num("len", &x.Len, 0)
	c.num("srcgap", &x.SrcGap, 0)
	c.num("dstgap", &x.DstGap, 0)
}

func (x *PadCopy) code(c *codec) {
	c.addr(true, &x.Dst)
	c.addr(false, &x.Src)
	c.typ("type", &x.Type)
	c.num("count", &x.Count, 1)
	c.num("len", &x.Len, 0)
	c.num("srcgap", &x.SrcGap, 0)
	c.num("dstgap", &x.DstGap, 0)
	c.num("left", &x.Left, 0)
	c.num("right", &x.Right, 0)
	c.imm("fill", x.Type, &x.Fill)
}

func (x *Nd2Nz) code(c *codec) {
	c.addr(true, &x.Dst)
	c.addr(false, &x.Src)
	c.typ("type", &x.Type)
	c.num("num", &x.Num, 1)
	c.num("n", &x.N, 0)
	c.num("d", &x.D, 0)
	c.num("srcmatrix", &x.SrcMatrix, 0)
	c.num("srcd", &x.SrcD, 0)
	c.num("dstc0", &x.DstC0, 0)
	c.num("dstn", &x.DstN, 1)
	c.num("dstmatrix", &x.DstMatrix, 0)
}

func (x *Load2D) code(c *codec) {
	c.addr(true, &x.Dst)
	c.addr(false, &x.Src)
	c.typ("type", &x.Type)
	c.num("repeat", &x.Repeat, 1)
	c.num("stride", &x.SrcStride, 1)
	c.num("dstgap", &x.DstGap, 0)
	c.num("fracgap", &x.DstFracGap, 0)
	c.flag("transpose", &x.Transpose)
}

func (x *Load3D) code(c *codec) {
	c.addr(true, &x.Dst)
	c.addr(false, &x.Src)
	c.typ("type", &x.Type)
	c.num("h", &x.H, 0)
	c.num("w", &x.W, 0)
	c.num("channels", &x.Channels, 0)
	c.num("padl", &x.PadL, 0)
	c.num("padr", &x.PadR, 0)
	c.num("padt", &x.PadT, 0)
	c.num("padb", &x.PadB, 0)
	c.num("kh", &x.KH, 1)
	c.num("kw", &x.KW, 1)
	c.num("sh", &x.SH, 1)
	c.num("sw", &x.SW, 1)
	c.num("dh", &x.DH, 1)
	c.num("dw", &x.DW, 1)
	c.aff("mstart", &x.MStart)
	c.aff("kstart", &x.KStart)
	c.num("mext", &x.MExt, 0)
	c.num("kext", &x.KExt, 0)
	c.num("padvalue", &x.PadValue, 0)
}

func (x *Mmad) code(c *codec) {
	c.addr(true, &x.Dst)
	c.addr(false, &x.A)
	c.addr(false, &x.B)
	c.num("m", &x.M, 0)
	c.num("k", &x.K, 0)
	c.num("n", &x.N, 0)
	enum(c, "init", &x.Init, initNames[:], "initial value", InitZero)
	c.addrField("bias", &x.Bias)
}

func (x *Fixpipe) code(c *codec) {
	c.addr(true, &x.Dst)
	c.addr(false, &x.Src)
	c.num("m", &x.M, 0)
	c.num("n", &x.N, 0)
	c.num("srcstride", &x.SrcStride, 0)
	c.num("dststride", &x.DstStride, 0)
	enum(c, "quant", &x.Quant, quantNames[:], "Fixpipe mode", NoQuant)
	c.hex("word", &x.Word)
	c.addrField("vec", &x.Vec)
	c.flag("relu", &x.ReLU)
	c.flag("nd", &x.ND)
	c.num("ndnum", &x.NdNum, 0)
	c.num("srcnd", &x.SrcNd, 0)
	c.num("dstnd", &x.DstNd, 0)
}

func (x *SetFlag) code(c *codec)  { c.pipe(&x.Src); c.pipe(&x.Dst); c.posInt(&x.ID) }
func (x *WaitFlag) code(c *codec) { c.pipe(&x.Src); c.pipe(&x.Dst); c.posInt(&x.ID) }
func (x *PipeBarrier) code(c *codec) {
	c.pipe(&x.On)
}
func (x *CrossSet) code(c *codec)  { c.name(&x.To); c.pipe(&x.On); c.posInt(&x.ID) }
func (x *CrossWait) code(c *codec) { c.pipe(&x.On); c.posInt(&x.ID) }
func (x *SyncAll) code(*codec)     {}

func (x *VBin) code(c *codec) {
	c.vaddr(true, &x.Dst)
	c.vaddr(false, &x.A)
	c.vaddr(false, &x.B)
	c.typ("type", &x.Type)
	c.rep(&x.Rep)
}

func (x *VScalar) code(c *codec) {
	c.vaddr(true, &x.Dst)
	c.vaddr(false, &x.A)
	c.typ("type", &x.Type)
	t := x.Type
	if x.Op == VShl || x.Op == VShr {
		t = U32
	}
	c.imm("imm", t, &x.Imm)
	c.rep(&x.Rep)
}

func (x *VUn) code(c *codec) {
	c.vaddr(true, &x.Dst)
	c.vaddr(false, &x.A)
	c.typ("type", &x.Type)
	c.rep(&x.Rep)
}

func (x *VCast) code(c *codec) {
	c.vaddr(true, &x.Dst)
	c.vaddr(false, &x.A)
	c.typ("to", &x.To)
	c.typ("from", &x.From)
	enum(c, "round", &x.Round, roundNames[:], "rounding mode", RoundNone)
	if x.From == S32 && x.To == F16 {
		c.imm("deq", F16, &x.Deq)
	}
	c.rep(&x.Rep)
}

func (x *VCmp) code(c *codec) {
	c.addr(true, &x.Dst)
	c.vaddr(false, &x.A)
	c.vaddr(false, &x.B)
	enum(c, "cond", &x.Cond, condNames[:], "comparison", EQ)
	c.typ("type", &x.Type)
	c.rep(&x.Rep)
}

func (x *VCmps) code(c *codec) {
	c.addr(true, &x.Dst)
	c.vaddr(false, &x.A)
	enum(c, "cond", &x.Cond, condNames[:], "comparison", EQ)
	c.typ("type", &x.Type)
	c.imm("imm", x.Type, &x.Imm)
	c.rep(&x.Rep)
}

func (x *VSel) code(c *codec) {
	c.vaddr(true, &x.Dst)
	c.addr(false, &x.Mask)
	c.vaddr(false, &x.A)
	c.vaddr(false, &x.B)
	c.typ("type", &x.Type)
	c.rep(&x.Rep)
}

func (x *VSels) code(c *codec) {
	c.vaddr(true, &x.Dst)
	c.addr(false, &x.Mask)
	c.vaddr(false, &x.A)
	c.typ("type", &x.Type)
	c.imm("imm", x.Type, &x.Imm)
	c.rep(&x.Rep)
}

func (x *VDup) code(c *codec) {
	c.vaddr(true, &x.Dst)
	c.typ("type", &x.Type)
	c.imm("imm", x.Type, &x.Imm)
	c.rep(&x.Rep)
}

func (x *VBrcb) code(c *codec) {
	c.vaddr(true, &x.Dst)
	c.addr(false, &x.Src)
	c.typ("type", &x.Type)
	c.num("repeat", &x.Repeat, 1)
}

func (x *VGather) code(c *codec) {
	c.addr(true, &x.Dst)
	c.addr(false, &x.Src)
	c.addr(false, &x.Offs)
	c.typ("type", &x.Type)
	c.num("count", &x.Count, 0)
}

func (x *VTrans) code(c *codec) {
	c.vaddr(true, &x.Dst)
	c.vaddr(false, &x.A)
	c.typ("type", &x.Type)
	c.num("repeat", &x.Repeat, 1)
}

func (x *VRed) code(c *codec) {
	c.addr(true, &x.Dst)
	c.vaddr(false, &x.A)
	enum(c, "op", &x.Op, redNames[:], "reduction", RedSum)
	c.flag("whole", &x.Whole)
	c.typ("type", &x.Type)
	c.rep(&x.Rep)
}

func (x *Probe) code(c *codec) {
	c.text(true, &x.Name)
	c.addr(false, &x.Src)
	c.typ("type", &x.Type)
	enum(c, "layout", &x.Layout, layoutNames[:], "layout", ND)
	c.dims("dims", &x.Dims)
}

func (x *Loop) code(*codec) {}

// code of a host step: outputs <- inputs, then the attributes.
func (x *Host) code(c *codec) {
	if c.writing {
		for i, s := range x.Out {
			c.comma(i == 0)
			c.buf = append(append(c.buf, '@'), s...)
		}
		c.buf = append(c.buf, " <-"...)
		for i, s := range x.In {
			c.comma(i == 0)
			c.buf = append(append(c.buf, '@'), s...)
		}
		for _, a := range x.Attrs {
			c.key(a.Key)
			if a.IsFloat {
				c.imm0(ImmF32(a.Float))
				continue
			}
			c.buf = append(c.buf, '[')
			for i, v := range a.Ints {
				if i > 0 {
					c.buf = append(c.buf, ',')
				}
				c.buf = strconv.AppendInt(c.buf, v, 10)
			}
			c.buf = append(c.buf, ']')
		}
		return
	}
	x.Out = c.symbols()
	c.expect('<')
	c.expect('-')
	x.In = c.symbols()
	for c.err == "" && c.peek() != 0 {
		i := c.pos
		for c.pos < len(c.s) && isVarByte(c.s[c.pos]) {
			c.pos++
		}
		a := Attr{Key: c.intern(c.s[i:c.pos])}
		if a.Key == "" {
			c.fail(i, "expected the name of an attribute")
			return
		}
		c.expect('=')
		if c.err == "" && c.eat('[') {
			for c.err == "" && !c.eat(']') {
				if len(a.Ints) > 0 {
					c.expect(',')
				}
				if c.err == "" {
					a.Ints = append(a.Ints, c.int())
				}
			}
		} else if c.err == "" {
			a.IsFloat = true
			var f Imm
			c.pos0(&f)
			a.Float = f.Float32()
		}
		x.Attrs = append(x.Attrs, a)
	}
}

func (c *codec) symbols() (s []string) {
	for c.err == "" {
		if c.peek() != '@' {
			if len(s) == 0 {
				c.fail(c.pos, "expected @symbol")
			}
			return s
		}
		c.pos++
		at := c.pos
		w := c.word()
		if len(w) == 0 {
			c.fail(at, "expected the name of a symbol")
		}
		s = append(s, c.intern(w))
		if !c.eat(',') {
			return s
		}
	}
	return s
}

// imm0 and pos0 write and read the value part of a float attribute.
func (c *codec) imm0(v Imm) {
	if v&0x7fffffff > 0x7f800000 {
		c.buf = strconv.AppendUint(append(c.buf, "bits:0x"...), uint64(v), 16)
	} else {
		c.buf = appendFloat(c.buf, float64(v.Float32()), 32)
	}
}

func (c *codec) pos0(p *Imm) {
	at := c.pos
	if len(c.s)-c.pos > 7 && string(c.s[c.pos:c.pos+7]) == "bits:0x" {
		c.pos += 5
		v := c.uint()
		if v > 1<<32-1 {
			c.fail(at, "immediate wider than 32 bits")
		}
		*p = Imm(v)
	} else if f, ok := c.float(at); ok {
		*p = ImmF32(f)
	}
}
