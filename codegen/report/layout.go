package report

import (
	"cmp"
	"slices"
)

// The picture's measures, in pixels. All positions are integers, so that every machine draws the same.
const (
	boxWide, boxHigh = 216, 58
	laneWide         = 18 // what an edge that passes a rank takes
	gapWide, gapHigh = 22, 34
)

// A spot is one place of the picture: a box, or where an edge passes a rank.
type spot struct {
	row    int // index into the rows; -1 for an input, -2 for a lane
	name   string
	rank   int
	x      int // of the middle
	place  int // within its rank
	up     []*spot
	down   []*spot
	height int
}

func (s *spot) lane() bool { return s.row == -2 }

func (s *spot) wide() int {
	if s.lane() {
		return laneWide
	}
	return boxWide
}

// A path is an edge from a value's producer to a consumer, with the lanes between.
type path struct {
	value string
	via   []*spot // producer first, consumer last
}

// A drawing is a layered layout: every box lies below all that feed it.
type drawing struct {
	ranks [][]*spot
	paths []path
	wide  int
	high  int
}

// layout places rows, which are in an order in which every value is made before it is used.
func layout(rows []Row) *drawing {
	d := &drawing{}
	maker := make(map[string]*spot)
	var boxes []*spot
	box := func(s *spot) *spot {
		boxes = append(boxes, s)
		return s
	}
	for i, r := range rows {
		s := &spot{row: i, name: r.Value}
		for _, in := range r.Inputs {
			from := maker[in]
			if from == nil {
				from = box(&spot{row: -1, name: in})
				maker[in] = from
			}
			s.rank = max(s.rank, from.rank+1)
		}
		maker[r.Value] = box(s)
	}
	for _, s := range boxes {
		d.put(s)
	}
	for i, r := range rows {
		to := maker[r.Value]
		if to == nil || to.row != i {
			continue
		}
		for _, in := range r.Inputs {
			d.connect(in, maker[in], to)
		}
	}
	d.order()
	d.straighten()
	return d
}

func (d *drawing) put(s *spot) {
	for len(d.ranks) <= s.rank {
		d.ranks = append(d.ranks, nil)
	}
	s.place = len(d.ranks[s.rank])
	d.ranks[s.rank] = append(d.ranks[s.rank], s)
}

func (d *drawing) connect(value string, from, to *spot) {
	p := path{value: value, via: []*spot{from}}
	for at := from; at != to; {
		next := to
		if at.rank+1 < to.rank {
			next = &spot{row: -2, name: value, rank: at.rank + 1}
			d.put(next)
		}
		at.down = append(at.down, next)
		next.up = append(next.up, at)
		p.via = append(p.via, next)
		at = next
	}
	d.paths = append(d.paths, p)
}

// order lessens crossings: ranks are sorted by the mean place of their neighbours, downwards and upwards in
// turn.
func (d *drawing) order() {
	sort := func(rank []*spot, near func(*spot) []*spot) {
		key := make(map[*spot]int)
		for _, s := range rank {
			key[s] = 1024 * s.place
			if n := near(s); len(n) > 0 {
				sum := 0
				for _, o := range n {
					sum += 1024 * o.place
				}
				key[s] = sum / len(n)
			}
		}
		slices.SortStableFunc(rank, func(a, b *spot) int { return cmp.Compare(key[a], key[b]) })
		for i, s := range rank {
			s.place = i
		}
	}
	const turns = 8
	for range turns {
		for _, r := range d.ranks {
			sort(r, func(s *spot) []*spot { return s.up })
		}
		for i := len(d.ranks) - 1; i >= 0; i-- {
			sort(d.ranks[i], func(s *spot) []*spot { return s.down })
		}
	}
}

// straighten gives every spot its place from left to right: near the mean of its neighbours, and apart from
// those beside it.
func (d *drawing) straighten() {
	for _, r := range d.ranks {
		x := 0
		for _, s := range r {
			s.x = x + s.wide()/2
			x += s.wide() + gapWide
		}
	}
	const turns = 24
	for t := range turns {
		for k := range d.ranks {
			i := k
			if t%2 == 1 {
				i = len(d.ranks) - 1 - k
			}
			d.pull(d.ranks[i], t%2 == 1)
		}
	}
	least := 0
	for i, r := range d.ranks {
		if l := r[0].x - r[0].wide()/2; i == 0 || l < least {
			least = l
		}
	}
	for i, r := range d.ranks {
		for _, s := range r {
			s.x += gapWide - least
			s.height = gapHigh/2 + i*(boxHigh+gapHigh)
			d.wide = max(d.wide, s.x+s.wide()/2+gapWide)
		}
	}
	d.high = len(d.ranks)*(boxHigh+gapHigh) + gapHigh/2
}

// pull moves the spots of a rank towards their neighbours above, or below, without changing their order.
func (d *drawing) pull(rank []*spot, below bool) {
	want := make([]int, len(rank))
	for i, s := range rank {
		near := s.up
		if below {
			near = s.down
		}
		want[i] = s.x
		if len(near) > 0 {
			sum := 0
			for _, o := range near {
				sum += o.x
			}
			want[i] = sum / len(near)
		}
	}
	apart := func(i int) int { return (rank[i-1].wide()+rank[i].wide())/2 + gapWide }
	left, right := slices.Clone(want), slices.Clone(want)
	for i := 1; i < len(rank); i++ {
		left[i] = max(left[i], left[i-1]+apart(i))
	}
	for i := len(rank) - 2; i >= 0; i-- {
		right[i] = min(right[i], right[i+1]-apart(i+1))
	}
	for i, s := range rank {
		s.x = (left[i] + right[i]) / 2
	}
	for i := 1; i < len(rank); i++ { // halves may have been rounded
		rank[i].x = max(rank[i].x, rank[i-1].x+apart(i))
	}
}
