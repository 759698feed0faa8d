package onnx

import (
	"slices"
	"strings"
	"unicode"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
)

// Einstein's sums become transpositions, matrix products, products of elements and sums. A label is a letter, or a rune
// beyond all letters for an axis of the ellipsis, counted from the right.

const ellipsisLabel = unicode.MaxRune + 1

// A labelled tensor has a label for each axis.
type labelled struct {
	v      *ir.Value
	labels []rune
	known  bool // it comes from a constant of the model
}

// einsum is one sum: its operands, and the labels of the result.
type einsum struct {
	c   *call
	in  []labelled
	out []rune
}

func buildEinsum(c *call) {
	s := &einsum{c: c}
	if !s.parse(strings.ReplaceAll(c.stringAttr("equation", ""), " ", "")) {
		return
	}
	for i := range s.in {
		s.alone(i)
	}
	for len(s.in) > 1 && !c.failed {
		s.in = append([]labelled{s.product(s.in[0], s.in[1], s.in[2:])}, s.in[2:]...)
	}
	if y := s.in[0]; !c.failed && y.v != nil {
		c.finish(0, c.turned(y.v, places(s.out, y.labels)...))
	}
}

// parse reads the equation.
func (s *einsum) parse(text string) bool {
	c := s.c
	left, right, explicit := strings.Cut(text, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(c.in) {
		c.errorf(codeAttr, "its equation %q has %d terms, the node %d inputs", text, len(terms), len(c.in))
		return false
	}
	size, most := make(map[rune]int), 0
	for i, term := range terms {
		x := c.x(i)
		if x == nil {
			return false
		}
		rank := len(x.Type.Shape)
		named := strings.Replace(term, "...", "", 1)
		dots := 0
		if named != term {
			dots = rank - len(named)
		}
		if !letters(named) || dots < 0 || len(named)+dots != rank {
			c.errorf(codeAttr, "term %q of its equation does not fit %s", term, x.Type)
			return false
		}
		most = max(most, dots)
		labels := spell(term, dots)
		for a, l := range labels {
			d := x.Type.Shape[a]
			if was, ok := size[l]; ok && was != d && was != 1 && d != 1 || ok && was != d && l < ellipsisLabel {
				c.errorf(codeShape, "its equation %q wants %d and %d to be one size", text, was, d)
				return false
			} else if !ok || was == 1 {
				size[l] = d
			}
		}
		s.in = append(s.in, labelled{x, labels, c.in[i].lit != nil})
	}
	if !explicit {
		s.out = s.implied(most)
		return true
	}
	if named := strings.Replace(right, "...", "", 1); !letters(named) {
		c.errorf(codeAttr, "the result %q of its equation has something else than letters", right)
		return false
	}
	s.out = spell(right, most)
	for i, l := range s.out {
		if _, ok := size[l]; !ok || slices.Contains(s.out[:i], l) {
			c.errorf(codeAttr, "the result %q of its equation has a label that no term has, or one twice", right)
			return false
		}
	}
	return true
}

// implied are the labels of a result that the equation does not give: the ellipsis, and the letters that occur once.
func (s *einsum) implied(dots int) []rune {
	count := make(map[rune]int)
	for _, x := range s.in {
		for _, l := range x.labels {
			count[l]++
		}
	}
	var once []rune
	for l, n := range count {
		if n == 1 && l < ellipsisLabel {
			once = append(once, l)
		}
	}
	slices.Sort(once)
	return append(spell("...", dots), once...)
}

func letters(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) })
}

// spell writes a term out; the ellipsis has so many axes.
func spell(term string, dots int) []rune {
	before, after, ok := strings.Cut(term, "...")
	out := []rune(before)
	for i := dots; ok && i > 0; i-- {
		out = append(out, ellipsisLabel+rune(i))
	}
	return append(out, []rune(after)...)
}

// places says where each label of to stands in from.
func places(to, from []rune) []int {
	out := make([]int, len(to))
	for i, l := range to {
		out[i] = slices.Index(from, l)
	}
	return out
}

// alone takes the diagonal of an operand whose labels repeat, and sums what nothing else has.
func (s *einsum) alone(i int) {
	c, x := s.c, &s.in[i]
	for a := 0; a < len(x.labels); a++ {
		b := a + 1 + slices.Index(x.labels[a+1:], x.labels[a])
		if b == a {
			continue
		}
		if !c.fixed(x.v) {
			return
		}
		rest := []rune{x.labels[a], x.labels[a]} // both axes first, as one
		order := []int{a, b}
		for k, l := range x.labels {
			if k != a && k != b {
				order, rest = append(order, k), append(rest, l)
			}
		}
		v := c.turned(x.v, order...)
		shape, n := slices.Clone(v.Type.Shape), v.Type.Shape[0]
		v = c.take(c.reshaped(v, append([]int{n * n}, shape[2:]...)...), 0, span(0, n, n+1))
		x.v, x.labels = v, rest[1:]
		a = -1
	}
	var axes []int
	for a, l := range x.labels {
		shared := slices.Contains(s.out, l)
		for k, o := range s.in {
			shared = shared || k != i && slices.Contains(o.labels, l)
		}
		if !shared {
			axes = append(axes, a)
		}
	}
	s.sum(x, axes)
}

// sum adds an operand up along axes.
func (s *einsum) sum(x *labelled, axes []int) {
	if len(axes) == 0 || x.v == nil {
		return
	}
	if axes[0] == 0 && !s.c.fixed(x.v) {
		return
	}
	x.v = s.c.reduced("sum", x.v, axes, false)
	for i := len(axes) - 1; i >= 0; i-- {
		x.labels = slices.Delete(slices.Clone(x.labels), axes[i], axes[i]+1)
	}
}

// product multiplies two operands and sums what neither the result nor the rest has.
func (s *einsum) product(a, b labelled, rest []labelled) labelled {
	c := s.c
	needed := func(l rune) bool {
		return slices.Contains(s.out, l) || slices.ContainsFunc(rest, func(o labelled) bool { return slices.Contains(o.labels, l) })
	}
	var both, inner, rows, columns []rune
	for _, l := range a.labels {
		switch shared := slices.Contains(b.labels, l); {
		case shared && needed(l):
			both = append(both, l)
		case shared:
			inner = append(inner, l)
		default:
			rows = append(rows, l)
		}
	}
	for _, l := range b.labels {
		if !slices.Contains(a.labels, l) {
			columns = append(columns, l)
		}
	}
	rank := func(l rune) int { return (slices.Index(s.out, l) + len(s.out) + 1) % (len(s.out) + 1) }
	slices.SortStableFunc(both, func(x, y rune) int { return rank(x) - rank(y) })
	labels := slices.Concat(both, rows, columns)
	a.v = c.turned(a.v, places(slices.Concat(both, rows, inner), a.labels)...)
	order := slices.Concat(both, columns, inner)
	layer := b.known && len(both) == 0 && len(rows) > 0
	matrix := len(inner) > 0 && a.v != nil && a.v.Type.DType == tensor.F32
	if matrix && !layer {
		order = slices.Concat(both, inner, columns)
	}
	b.v = c.turned(b.v, places(order, b.labels)...)
	if a.v == nil || b.v == nil {
		return labelled{}
	}
	x, y := a.v.Type.Shape, b.v.Type.Shape
	nb, nr, nc, ni := len(both), len(rows), len(columns), len(inner)
	if !matrix { // element by element; what one lacks is 1
		one := func(n int) []int { return slices.Repeat([]int{1}, n) }
		v := c.two("nn.mul", c.reshaped(a.v, slices.Concat(x[:nb+nr], one(nc), x[nb+nr:])...), c.reshaped(b.v, slices.Concat(y[:nb], one(nr), y[nb:])...))
		out := labelled{v: v, labels: append(labels, inner...)}
		s.sum(&out, span(nb+nr+nc, ni, 1))
		return out
	}
	merged := func(list []int) int {
		if len(list) > 1 && list[0] == ir.Free {
			c.errorf(codeBatch, "it merges the free batch with other axes; fix the batch with --input-shape")
		}
		if len(list) > 0 && list[0] == ir.Free {
			return ir.Free
		}
		return tensor.Elems(list)
	}
	k := merged(x[nb+nr:])
	lines := x[nb : nb+nr] // without a batch of both, those of the first stay as they are
	if nb > 0 || nr == 0 {
		lines = []int{merged(lines)}
	}
	if c.failed {
		return labelled{}
	}
	left := c.reshaped(a.v, slices.Concat(x[:nb], lines, []int{k})...)
	var v *ir.Value
	var tail []int
	if layer { // a matrix of weights
		tail = y[:nc]
		v = c.do("nn.dense", []*ir.Value{left, c.reshaped(b.v, tensor.Elems(tail), k)})
	} else {
		tail = y[nb+ni:]
		v = c.two("nn.matmul", left, c.reshaped(b.v, append(slices.Clone(y[:nb]), k, merged(tail))...))
	}
	if v == nil {
		return labelled{}
	}
	shape := slices.Concat(v.Type.Shape[:nb], x[nb:nb+nr], tail)
	return labelled{v: c.reshaped(v, shape...), labels: labels}
}
