package ascend

import (
	"github.com/amctc/amctc/target"
)

// A product is one pass of the cube over a node: rows of the operand (pixels or samples) times columns (output channels).
//
// Loops, outside in: sections and their column tiles; pieces of the operand, each as much as half of L1 holds; sub-tiles of rows, each as much as half of L0A and L0C
// hold; steps of depth. The weights of a column tile stay in L0B where they fit. L0A, L0C and the operand's room in L1 are two buffers each.
type product struct {
	*kernel
	acc      *accumulation
	sections []section
	total    int            // rows of a turn
	line     int            // the fewest rows that a piece may have: those of a line of pixels
	from, at int            // first elements of the operand and of the result
	batch    int            // turns of all pieces
	moving   *movingWeights // weights that are computed; nil for those of acc
	taps     int            // kernel positions: a plane contributes 32*taps to the depth
	channel  func(o int) int
	// cut divides the operand into pieces of at most so many bytes in every plane and so many rows; nil where not even the smallest fits.
	cut func(bytes, rows int) []piece
	// cutLines is cut of lines from..to-1; lines are output rows of pixels or samples, and cores divide them in multiples of unit.
	cutLines    func(from, to, bytes, rows int) []piece
	lines, unit int
	// tiles are the column tiles when none is wider than most channels; columns are those of one core.
	tiles   func(most int) []columns
	columns []columns
	size    int                   // bytes of an element of a row-major result; 0: planes
	turn    int                   // first of the batch
	once    map[constantOf]string // see shared
	// load brings planes first.. of a piece (of turn n) to L1; loadA brings rows m.. and depth d.. of it to L0A.
	load  func(c *code, p *piece, n, first index, planes, l1 int)
	loadA func(c *code, p *piece, planes int, l1 int, m index, rows, depth, extent, l0a int)
	// store takes rows m.. of a piece to the result: f has the source, M, N and quantization set.
	store func(p *piece, n, m, channel index, s section, f *target.Fixpipe)
}

// A piece is a part of the operand that is in L1 at once.
type piece struct {
	rows  int // of the product
	bytes int // of one plane in L1, a multiple of 32
	y     int // first output row, or first sample
	h     int // output rows
	in, n int // first input row, and how many
	top   int // rows of padding above and
	below int // below
}

// The flags of the cube core. Free flags are set while nobody works.
const (
	flagSlot    = 0 // and 1: MTE2-MTE1 an operand's room in L1 is full, MTE1-MTE2 it is free
	flagWeights = 2 // and 3: MTE2-MTE1 weights and bias are in L1, MTE1-MTE2 they may be replaced
	flagL0      = 0 // and 1: MTE1-M a buffer of L0A (and L0B) is full, M-MTE1 it is free
	flagTile    = 2 // and 3: MTE1-M bias table and stationary L0B are full, M-MTE1 they are free
	flagL0C     = 0 // and 1: M-FIX sums are complete, FIX-M the buffer is free
	flagWords   = 0 // and 1: MTE2-FIX the words are in L1, FIX-MTE2 they are copied
)

// drain is the pipe that empties L0C: the Fixpipe, or without one the vector unit.
func (p *product) drain() target.Pipe {
	if p.fixpipe() {
		return target.PipeFIX
	}
	return target.PipeV
}

// emit emits the product on a cube's stream.
func (p *product) emit(c *code) {
	const mte1, mte2, m, fix = target.PipeMTE1, target.PipeMTE2, target.PipeM, target.PipeFIX
	const v, mte3 = target.PipeV, target.PipeMTE3
	var free []target.SetFlag
	for b := range 2 {
		free = append(free, target.SetFlag{Src: mte1, Dst: mte2, ID: flagSlot + b}, target.SetFlag{Src: mte1, Dst: mte2, ID: flagWeights + b},
			target.SetFlag{Src: m, Dst: mte1, ID: flagL0 + b}, target.SetFlag{Src: m, Dst: mte1, ID: flagTile + b}, target.SetFlag{Src: p.drain(), Dst: m, ID: flagL0C + b})
		if !p.fixpipe() {
			free = append(free, target.SetFlag{Src: v, Dst: mte2, ID: flagColumns + b}, target.SetFlag{Src: mte3, Dst: v, ID: flagOut + b})
		}
		if p.perColumn() {
			free = append(free, target.SetFlag{Src: fix, Dst: mte2, ID: flagWords + b})
		}
	}
	for i, s := range p.sections {
		p.free()
		if i > 0 { // the next section lays out the buffers anew
			c.emit(&target.PipeBarrier{On: target.PipeAll})
		}
		for _, f := range free {
			c.set(f.Src, f.Dst, f.ID)
		}
		p.section(c, s)
		for _, f := range free {
			c.wait(f.Src, f.Dst, f.ID)
		}
	}
}

// perColumn says whether Fixpipe takes a word for each column.
func (p *product) perColumn() bool { return p.fixpipe() && p.acc.scale == nil && !p.acc.same }

// biasTable says whether the cube starts at a bias.
func (p *product) biasTable() bool { return p.fixpipe() && !p.acc.zero }

// reserve takes the room in L1 for biases and words of two column tiles.
func (p *product) reserve(s section) (biasAt, wordsAt [2]int) {
	if p.biasTable() {
		biasAt = [2]int{p.take(target.L1, 4*s.n), p.take(target.L1, 4*s.n)}
	}
	if p.perColumn() {
		wordsAt = [2]int{p.take(target.L1, 8*s.n), p.take(target.L1, 8*s.n)}
	}
	return biasAt, wordsAt
}

func (p *product) section(c *code, s section) {
	const mte1, mte2, m, fix = target.PipeMTE1, target.PipeMTE2, target.PipeM, target.PipeFIX
	total := s.count * s.n
	bias, words := make([]int32, total), make([]uint64, total)
	for i := range total {
		bias[i] = pick(p.acc.bias, s.from+i, 0)
		if p.acc.scale == nil {
			words[i] = pick(p.acc.word, s.from+i, p.acc.word[0])
		}
	}
	weights := ""
	if p.moving == nil {
		weights = p.shared("w", 0, s, func() string {
			image := p.acc.pack(s, p.taps, p.channel)
			return p.data("w", target.S8, target.FracZ, []int{s.n, len(image) / s.n / p.taps, 1, p.taps}, image)
		})
	}
	biases, quants := "", ""
	var weightsAt, slots [2]int
	if p.biasTable() {
		biases = p.shared("b", 0, s, func() string { return p.data("b", target.S32, target.ND, []int{total}, bytesS32(bias)) })
	}
	if p.perColumn() {
		quants = p.shared("q", 0, s, func() string { return p.data("q", target.U64, target.ND, []int{total}, bytesU64(words)) })
	}
	biasAt, wordsAt := p.reserve(s)
	pl, ok := p.plan(s)
	if !ok {
		p.fail(codeBuffer, "the smallest piece of the operand and its weights for %d channels do not fit %d bytes of L1", s.n, p.room(target.L1))
	}
	if pl.chunk == s.planes {
		weightsAt[0] = p.take(target.L1, pl.weights)
		weightsAt[1] = weightsAt[0]
		if pl.weights2 {
			weightsAt[1] = p.take(target.L1, pl.weights)
		}
	}
	for i := range pl.slots {
		slots[i] = p.take(target.L1, pl.slot)
	}
	if pl.slots == 1 {
		slots[1] = slots[0]
	}
	w := &worker{product: p, plan: pl, s: s, slots: slots, weights: weights}
	if !p.fixpipe() {
		w.vector = w.vectorDrain()
	}
	if pl.keepX {
		c.wait(mte1, mte2, flagSlot)
		p.load(c, &pl.pieces[0], number(p.turn), number(s.first), s.planes, slots[0])
		c.then(mte2, mte1, flagSlot)
	}
	tile := func(c *code, i index, turn int) {
		w.tile = i
		// Where this column tile's parameters are.
		l1, l0 := turn, turn
		if !pl.weights2 {
			l1 = 0
		}
		if !pl.tile2 {
			l0 = 0
		}
		w.weightsAt, w.bt, w.l0b = weightsAt[l1], l0*4*s.n, l0*p.desc.Size(target.L0B)/2
		c.wait(mte1, mte2, flagWeights+l1)
		if biases != "" {
			c.emit(&target.DataCopy{Dst: target.At(target.L1, biasAt[l1]), Src: i.at(target.In(biases, 0), 4*s.n), Count: 1, Len: s.n / 8})
		}
		if pl.chunk == s.planes {
			w.loadWeights(c, weightsAt[l1], 0, s.planes)
		}
		c.then(mte2, mte1, flagWeights+l1)
		if quants != "" {
			c.wait(fix, mte2, flagWords+l1)
			c.emit(&target.DataCopy{Dst: target.At(target.L1, wordsAt[l1]), Src: i.at(target.In(quants, 0), 8*s.n), Count: 1, Len: s.n / 4})
			c.then(mte2, fix, flagWords+l1)
			c.emit(&target.DataCopy{Dst: target.At(target.FB, 0), Src: target.At(target.L1, wordsAt[l1]), Count: 1, Len: s.n / 16})
			c.set(fix, mte2, flagWords+l1)
		}
		if w.vector != nil {
			w.vector.begin(c, i, turn)
		}
		c.wait(m, mte1, flagTile+l0)
		if biases != "" {
			c.emit(&target.DataCopy{Dst: target.At(target.BT, w.bt), Src: target.At(target.L1, biasAt[l1]), Count: 1, Len: s.n / 16})
		}
		if pl.stays {
			w.loadB(c, w.weightsAt, 0, pl.depth, w.l0b)
			c.set(mte1, mte2, flagWeights+l1)
		}
		c.then(mte1, m, flagTile+l0)
		c.loop(p.batch, func(c *code, n index) {
			n = n.plus(p.turn)
			for j := range pl.pieces {
				if pl.chunk < s.planes {
					w.chunked(c, &pl.pieces[j], n)
				} else {
					w.whole(c, &pl.pieces[j], n)
				}
			}
		})
		if !pl.stays {
			c.set(mte1, mte2, flagWeights+l1)
		}
		c.set(m, mte1, flagTile+l0)
		if w.vector != nil {
			c.set(target.PipeV, mte2, flagColumns+turn)
		}
	}
	c.loop(s.count/2, func(c *code, i index) {
		w.turnL0, w.turnL0C, w.turnSlot = 0, 0, 0
		tile(c, i.times(2), 0)
		tile(c, i.times(2).plus(1), 1)
	})
	if s.count%2 == 1 {
		tile(c, number(s.count-1), 0)
	}
	if pl.keepX {
		c.set(mte1, mte2, flagSlot)
	}
}

// worker emits the inner loops of one section.
type worker struct {
	*product
	plan
	s         section
	weights   string
	slots     [2]int
	tile      index // number of the column tile
	weightsAt int   // where its weights are in L1,
	l0b       int   // in L0B where they stay,
	bt        int   // and its bias
	turnL0    int   // the buffers that are next
	turnL0C   int
	turnSlot  int
	vector    *vectorDrain // what empties L0C; nil: the Fixpipe does
}

// whole does a piece all of whose planes are in L1.
func (w *worker) whole(c *code, p *piece, n index) {
	slot := w.turnSlot
	if !w.keepX {
		w.turnSlot = (slot + 1) % w.plan.slots
		c.wait(target.PipeMTE1, target.PipeMTE2, flagSlot+slot)
		w.load(c, p, n, w.tile.times(w.s.planeStep).plus(w.s.first), w.s.planes, w.slots[slot])
		c.then(target.PipeMTE2, target.PipeMTE1, flagSlot+slot)
	}
	sub := func(c *code, m index, rows int) {
		b := w.begin(c)
		w.steps(c, p, w.slots[slot], w.weightsAt, m, rows, b, w.depth, true)
		w.end(c, p, n, m, rows, b)
	}
	full := p.rows / w.rows
	c.loop(full/2, func(c *code, i index) {
		sub(c, i.times(2*w.rows), w.rows)
		sub(c, i.times(2*w.rows).plus(w.rows), w.rows)
	})
	if full%2 == 1 {
		sub(c, number((full-1)*w.rows), w.rows)
	}
	if rest := p.rows % w.rows; rest > 0 {
		sub(c, number(full*w.rows), rest)
	}
	if !w.keepX {
		c.set(target.PipeMTE1, target.PipeMTE2, flagSlot+slot)
	}
}

// chunked does a piece whose planes come to L1 one chunk after another, each with its weights, for every sub-tile of rows anew.
func (w *worker) chunked(c *code, p *piece, n index) {
	sub := func(c *code, m index, rows int) {
		b := w.begin(c)
		first := w.tile.times(w.s.planeStep).plus(w.s.first)
		for at := 0; at < w.s.planes; at += w.chunk {
			planes := min(w.chunk, w.s.planes-at)
			slot := w.turnSlot
			w.turnSlot = (slot + 1) % w.plan.slots
			depth := planes * w.taps * 32
			c.wait(target.PipeMTE1, target.PipeMTE2, flagSlot+slot)
			w.load(c, p, n, first.plus(at), planes, w.slots[slot])
			w.loadWeights(c, w.slots[slot]+w.slotW, at, planes)
			c.then(target.PipeMTE2, target.PipeMTE1, flagSlot+slot)
			w.steps(c, p, w.slots[slot], w.slots[slot]+w.slotW, m, rows, b, depth, at == 0)
			c.set(target.PipeMTE1, target.PipeMTE2, flagSlot+slot)
		}
		w.end(c, p, n, m, rows, b)
	}
	full := p.rows / w.rows
	c.loop(full, func(c *code, i index) { sub(c, i.times(w.rows), w.rows) })
	if rest := p.rows % w.rows; rest > 0 {
		sub(c, number(full*w.rows), rest)
	}
}

// movingWeights are weights that the vector unit has put into planes of pitch columns of 32 bytes, at byte At of a symbol.
type movingWeights struct {
	sym       string
	at, pitch int
}

// loadWeights brings planes of the column tile's weights to L1.
func (w *worker) loadWeights(c *code, l1, first, planes int) {
	if m := w.moving; m != nil {
		from := w.tile.times(w.s.n).plus(w.s.from).at(target.In(m.sym, m.at+first*m.pitch*32), 32)
		if gap := m.pitch - w.s.n; gap >= 0 && gap <= 65535 {
			c.emit(&target.DataCopy{Dst: target.At(target.L1, l1), Src: from, Count: planes, Len: w.s.n, SrcGap: gap})
			return
		}
		c.loop(planes, func(c *code, i index) {
			c.emit(&target.DataCopy{Dst: i.at(target.At(target.L1, l1), 32*w.s.n), Src: i.at(from, 32*m.pitch), Count: 1, Len: w.s.n})
		})
		return
	}
	from := w.tile.at(target.In(w.weights, first*w.taps*32*w.s.n), w.plan.weights)
	c.emit(&target.DataCopy{Dst: target.At(target.L1, l1), Src: from, Count: 1, Len: planes * w.taps * w.s.n})
}

// begin takes a buffer of L0C.
func (w *worker) begin(c *code) int {
	b := w.turnL0C
	w.turnL0C = 1 - b
	c.wait(w.drain(), target.PipeM, flagL0C+b)
	return b
}

// steps accumulates depth elements of rows m.. into buffer b of L0C; first says that nothing is there yet.
func (w *worker) steps(c *code, p *piece, l1, l1w int, m index, rows, b, depth int, first bool) {
	const mte1, pm = target.PipeMTE1, target.PipeM
	halfA, halfB := w.desc.Size(target.L0A)/2, w.desc.Size(target.L0B)/2
	sums := target.At(target.L0C, b*w.desc.Size(target.L0C)/2)
	planes := depth / 32 / w.taps
	for d := 0; d < depth; d += w.step {
		n := min(w.step, depth-d)
		turn := w.turnL0
		w.turnL0 = 1 - turn
		atB := turn * halfB
		c.wait(pm, mte1, flagL0+turn)
		w.loadA(c, p, planes, l1, m, rows, d, n, turn*halfA)
		if w.stays {
			atB = w.l0b + d*w.s.n
		} else {
			w.loadB(c, l1w, d, n, atB)
		}
		c.then(mte1, pm, flagL0+turn)
		x := &target.Mmad{Dst: sums, A: target.At(target.L0A, turn*halfA), B: target.At(target.L0B, atB), M: rows, K: n, N: w.s.n}
		switch {
		case !first || d > 0:
			x.Init = target.InitAcc
			if cd(rows, 16)*cd(w.s.n, 16) < 10 {
				c.emit(&target.PipeBarrier{On: pm})
			}
		case w.biasTable():
			x.Init, x.Bias = target.InitBias, target.At(target.BT, w.bt)
		}
		c.emit(x)
		c.set(pm, mte1, flagL0+turn)
	}
}

// loadB brings depth d..d+n-1 of a column tile's weights to L0B.
func (w *worker) loadB(c *code, l1, d, n, l0b int) {
	frac := n / 32 * (w.s.n / 16)
	for f := 0; f < frac; f += 255 {
		c.emit(&target.Load2D{Dst: target.At(target.L0B, l0b+512*f), Src: target.At(target.L1, l1+d*w.s.n+512*f), Type: target.S8, Repeat: min(255, frac-f), SrcStride: 1})
	}
}

// end empties buffer b of L0C.
func (w *worker) end(c *code, p *piece, n, m index, rows, b int) {
	c.then(target.PipeM, w.drain(), flagL0C+b)
	f := &target.Fixpipe{Src: target.At(target.L0C, b*w.desc.Size(target.L0C)/2), M: rows, N: w.s.n, SrcStride: up(rows, 16), ReLU: w.acc.relu}
	switch {
	case w.acc.scale != nil:
		f.Quant = target.NoQuant
	case w.acc.same:
		f.Quant, f.Word = target.REQ8, w.acc.word[0]
	default:
		f.Quant, f.Vec = target.VREQ8, target.At(target.FB, 0)
	}
	w.store(p, n, m, w.tile.times(w.s.n).plus(w.s.from), w.s, f)
	if w.vector != nil {
		w.vector.empty(c, f)
	} else {
		c.emit(f)
	}
	c.set(w.drain(), target.PipeM, flagL0C+b)
}
