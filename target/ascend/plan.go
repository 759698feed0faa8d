package ascend

import "github.com/amctc/amctc/target"

// plan is how a section is cut.
type plan struct {
	depth           int  // of the whole sum
	weights         int  // bytes of the weights of a column tile
	rows            int  // of a sub-tile
	step            int  // depth of one load to L0A
	stays           bool // the weights of a column tile stay in L0B
	chunk           int  // planes in L1 at once; all of them unless L1 is too small
	pieces          []piece
	slots           int  // buffers of the operand in L1: 1 or 2
	slot            int  // bytes of each
	slotW           int  // where the weights of a chunk begin in it
	keepX           bool // the operand comes to L1 once for all column tiles
	weights2, tile2 bool // two buffers of weights in L1; of bias table and stationary L0B
}

// oneStep is the largest depth that is not divided for the sake of more rows.
const oneStep = 512

// plan finds the cut of a section with the room that is left in L1.
func (p *product) plan(s section) (plan, bool) {
	halfA, halfB := p.desc.Size(target.L0A)/2, p.desc.Size(target.L0B)/2
	pl := plan{depth: s.planes * p.taps * 32, chunk: s.planes, slots: 2}
	pl.weights = pl.depth * s.n
	pl.stays = pl.weights <= 2*halfB
	most := min(p.desc.Size(target.L0C)/8/s.n/16*16, halfA/32/16*16, up(p.total, 16))
	if most < 16 || halfB < 32*s.n {
		return pl, false
	}
	if pl.depth <= min(oneStep, halfA/16) && (pl.stays || pl.weights <= halfB) {
		pl.step, pl.rows = pl.depth, min(most, halfA/pl.depth/16*16)
	} else {
		pl.rows = min(most, 128)
		pl.step = min(pl.depth, halfA/pl.rows/32*32)
		if !pl.stays {
			pl.step = min(pl.step, halfB/s.n/32*32)
		}
	}
	room := p.room(target.L1) - 64
	pl.tile2 = s.count > 1 && p.twoBiases(s.n) && (!pl.stays || pl.weights <= halfB)
	pl.weights2 = s.count > 1 && 4*pl.weights <= room
	if pl.weights2 {
		room -= pl.weights
	}
	if left := room - pl.weights; left > 0 {
		if pl.pieces = p.cut(left/2/s.planes, 1<<30); pl.pieces == nil {
			pl.slots = 1
			pl.pieces = p.cut(left/s.planes, 1<<30)
		}
		if pl.pieces != nil {
			pl.slot = largest(pl.pieces) * s.planes
			pl.keepX = len(pl.pieces) == 1 && p.batch == 1 && s.planeStep == 0
			if pl.keepX {
				pl.slots = 1
			}
			return pl, true
		}
	}
	// One chunk of planes after another, anew for every sub-tile of rows: a piece has one, unless a line of pixels has more.
	pl.slots, pl.stays, pl.weights2 = 2, false, s.count > 1
	pl.tile2 = s.count > 1 && p.twoBiases(s.n)
	room = p.room(target.L1) - 64
	slot := room / 2 / 32 * 32
	w := p.taps * 32 * s.n
	pl.pieces = p.cut(slot-w, max(most, p.line))
	if pl.pieces == nil {
		return pl, false
	}
	rows := 0
	for _, x := range pl.pieces {
		rows = max(rows, x.rows)
	}
	pl.rows = min(most, up(rows, 16))
	pl.step = min(halfA/pl.rows, halfB/s.n) / 32 * 32
	bytes := largest(pl.pieces)
	pl.chunk = min(s.planes, slot/(bytes+w))
	pl.slotW = pl.chunk * bytes
	pl.slot = pl.chunk * (bytes + w)
	return pl, pl.chunk < s.planes
}

// twoBiases says whether the bias table holds those of two tiles of n columns; without Fixpipe the cube needs none.
func (p *product) twoBiases(n int) bool { return !p.fixpipe() || 8*n <= p.desc.Size(target.BT) }

func largest(pieces []piece) int {
	n := 0
	for _, x := range pieces {
		n = max(n, x.bytes)
	}
	return n
}

// columnTiles divides all output channels into tiles that see all planes, as wide as weights that stay in L0B allow, and no wider than most.
func (p *product) columnTiles(outs, planes, most int) []columns {
	wide := 256
	if p.fixpipe() {
		wide = min(wide, p.desc.Size(target.BT)/4, p.desc.Size(target.FB)/8)
	}
	n := min(wide, up(outs, 32), most)
	depth := planes * p.taps * 32
	if stay := p.desc.Size(target.L0B) / depth / 32 * 32; stay >= min(n, 128) {
		n = min(n, stay)
	} else {
		n = min(n, 128)
	}
	n = up(cd(outs, cd(outs, n)), 32)
	defer func(used int) { p.used[target.L1] = used }(p.used[target.L1])
	p.used[target.L1] += 24*wide + 64 // biases and words
	for n > 32 {
		if _, ok := p.plan(section{columns: columns{n: n, planes: planes}, count: cd(outs, n)}); ok {
			break
		}
		n = up(n/2, 32)
	}
	var out []columns
	for from := 0; from < outs; from += n {
		// The last tile is no wider than it must be.
		w := min(n, up(outs-from, 32))
		out = append(out, columns{from: from, n: w, valid: min(w, outs-from), planes: planes})
	}
	return out
}
