package miscompiles

import (
	"slices"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/passes"
)

// A mistake spoils what a pass did and gives the name of the value in which it must show first.
type mistake struct {
	way, pass, what string
	spoil           func(c *passes.Context, m *ir.Module, f *ir.Func) string
}

// looked is the node that looks bytes up.
func looked(f *ir.Func) *ir.Node {
	for _, n := range f.Nodes {
		if n.Op.Name == "nn.pixels" {
			return n
		}
	}
	return nil
}

// mistakes are the planted ones.
var mistakes = []mistake{
	{"simplify", "fold-constants", "one folded element is wrong", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		change(m, node(f, "b1"), 1, func(d []float32) { d[2] += .25 })
		return "b1"
	}},
	{"simplify", "fold-constants", "folded along the wrong axis: channels turned", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		change(m, node(f, "b1"), 1, slices.Reverse[[]float32])
		return "b1"
	}},
	{"simplify", "fold-identities", "a clip is taken for an identity", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		return bypass(f, node(f, "r1"), "c2")
	}},
	{"simplify", "fold-identities", "two transpositions are composed the wrong way round", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "t2")
		n.Attrs = n.Attrs.With("perm", []int{0, 1, 2, 3})
		return "t2"
	}},
	{"simplify", "recognize", "the sigmoid is one of twice the argument", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "h")
		n.Attrs = n.Attrs.With("alpha", float32(2))
		return "h"
	}},
	{"simplify", "recognize", "the argument is another tensor", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		node(f, "h").Operands[0] = value(f, "s")
		return "h"
	}},
	{"simplify", "pool-means", "the window misses the last element", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := value(f, "means").Def.Operands[0].Def
		n.Attrs = n.Attrs.With("kernel", []int{4, 1})
		return "means"
	}},
	{"quantize", "fold-integers", "a table is moved by one code", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		codes(m, node(f, "h"), func(d []int8) { copy(d, slices.Clone(d[1:])) })
		return "h"
	}},
	{"quantize", "fold-integers", "a table lacks the zero point of its argument", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "h")
		o := int(n.Operands[0].Type.Quant.Offset[0])
		codes(m, n, func(d []int8) {
			was := slices.Clone(d)
			for i := range d {
				d[i] = was[min(max(i+o, 0), 255)]
			}
		})
		return "h"
	}},
	{"simplify", "fuse-bias", "the bias is dropped", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c1")
		n.Operands = n.Operands[:2]
		return "b1"
	}},
	{"simplify", "fuse-bias", "two channels of the bias are swapped", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		change(m, node(f, "c1"), 2, func(d []float32) { d[0], d[3] = d[3], d[0] })
		return "b1"
	}},
	{"simplify", "fold-batchnorm", "the mean is left out of the bias", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		change(m, node(f, "c1"), 2, func(d []float32) { d[1] += .7 })
		return "n1"
	}},
	{"simplify", "fold-batchnorm", "factors multiply input channels", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		change(m, node(f, "c1"), 1, func(d []float32) {
			for i := range 4 {
				for j := range i {
					for k := range 9 {
						d[(i*4+j)*9+k], d[(j*4+i)*9+k] = d[(j*4+i)*9+k], d[(i*4+j)*9+k]
					}
				}
			}
		})
		return "n1"
	}},
	{"simplify", "fold-batchnorm", "eps is left out", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		change(m, node(f, "c1"), 1, func(d []float32) {
			for i := range d {
				d[i] *= 1 + .0005
			}
		})
		return "n1"
	}},
	{"simplify", "fuse-pad", "the border is on the other side", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c1")
		p := n.Ints("pad")
		n.Attrs = n.Attrs.With("pad", []int{p[2], p[3], p[0], p[1]})
		return "n1"
	}},
	{"simplify", "fuse-pad", "the border is off by one", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c1")
		p := n.Ints("pad")
		n.Attrs = n.Attrs.With("pad", []int{p[0] - 1, p[1], p[2] + 1, p[3]})
		return "n1"
	}},
	{"simplify", "dead-nodes", "a live node is removed", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		return bypass(f, node(f, "r2"), "c3")
	}},
	{"simplify", "dead-nodes", "two results are exchanged", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		f.Results[0], f.Results[1] = f.Results[1], f.Results[0]
		return "d2"
	}},
	{"balance", "apply-balance", "two channels of the factors are swapped", func(c *passes.Context, m *ir.Module, f *ir.Func) string {
		b := c.Factors.Get("c2").Balance
		change(m, node(f, "c2"), 1, func(d []float32) {
			for o := range 4 {
				for k := range 9 {
					d[(o*4+0)*9+k] *= b[1] / b[0]
					d[(o*4+1)*9+k] *= b[0] / b[1]
				}
			}
		})
		return "r2" // what the next layer reads; between layers nothing is promised
	}},
	{"balance", "apply-balance", "a bias is not divided", func(c *passes.Context, m *ir.Module, f *ir.Func) string {
		b := c.Factors.Get("d2").Balance
		change(m, node(f, "d1"), 2, func(d []float32) {
			for i := range d {
				d[i] *= b[i]
			}
		})
		return "r3"
	}},
	{"quantize", "insert-observers", "an observer sees another tensor", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		node(f, "c3").Operands[0].Def.Operands[0] = value(f, "c2")
		return "c3"
	}},
	{"quantize", "apply-factors", "the offset is off by one", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c2").Operands[0].Def
		n.Attrs = n.Attrs.With("offset", []int{n.Ints("offset")[0] + 1})
		return "r1"
	}},
	{"quantize", "apply-factors", "an addition has the factors of its other operand", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "s")
		a, b := n.Operands[0].Def, n.Operands[1].Def
		a.Attrs, b.Attrs = b.Attrs, a.Attrs
		return "c3"
	}},
	{"quantize", "quantize-weights", "scales run along input channels", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c2").Operands[1].Def
		n.Attrs = n.Attrs.With("axis", 1)
		return "w2"
	}},
	{"quantize", "quantize-weights", "a scale is not the record's", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c3").Operands[1].Def
		s, _ := n.Attr("scale").([]float32)
		s = slices.Clone(s)
		s[2] *= 1.5
		n.Attrs = n.Attrs.With("scale", s)
		return "w3"
	}},
	{"quantize", "quantize-weights", "a scale is raised without need", func(c *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c3").Operands[1].Def
		s, _ := n.Attr("scale").([]float32)
		s = slices.Clone(s)
		s[2] *= 2
		n.Attrs = n.Attrs.With("scale", s)
		c.Factors.Get("c3").ScaleW = s
		return "w3"
	}},
	{"quantize", "fold-integers", "the bias is dropped", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		bias(m, node(f, "c3"), func(d []int32) { clear(d) })
		return "c3"
	}},
	{"quantize", "fold-integers", "the bias lacks its share of the zero point", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c2")
		o := n.Operands[0].Type.Quant.Offset[0]
		w := n.Operands[1].Const.Data.I8
		bias(m, n, func(d []int32) {
			for i := range d {
				for _, v := range w[i*36 : i*36+36] {
					d[i] += o * int32(v)
				}
			}
		})
		return "c2"
	}},
	{"quantize", "fold-integers", "two channels of the weights are swapped", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		codes(m, node(f, "c2"), func(d []int8) {
			for i := range 36 {
				d[i], d[36+i] = d[36+i], d[i]
			}
		})
		return "w2"
	}},
	{"quantize", "fold-integers", "the multiplier is wrong: a weight scale", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c2")
		c := n.Operands[1].Const
		q := *c.Type().Quant
		q.Scale = slices.Clone(q.Scale)
		q.Scale[1] *= 1.25
		set(m, n, 1, ir.Quantized(&q, c.Data.Shape...), c.Data)
		return "w2"
	}},
	{"quantize", "fold-integers", "the zero point of a result is off by one", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		v := value(f, "d1")
		q := *v.Type.Quant
		q.Offset = []int32{q.Offset[0] + 1}
		v.Type.Quant = &q
		retype(f, v)
		return "r3" // its zero is no code
	}},
	{"quantize", "fold-integers", "the operands of a concatenation are exchanged", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "j")
		n.Operands[0], n.Operands[2] = n.Operands[2], n.Operands[0]
		return "j"
	}},
	{"quantize", "fold-integers", "a window is moved by one", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c2")
		n.Attrs = n.Attrs.With("pad", []int{2, 1, 0, 1})
		return "c2"
	}},
	{"quantize", "fold-integers", "a relu is lost", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "r3")
		n.Attrs = n.Attrs.With("clip", []int{-100, 127})
		return "r3"
	}},
	{"shift", "narrow-accumulators", "a shift is one too many", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "d2")
		n.Attrs = n.Attrs.With("shift", []int{n.Ints("shift")[0] + 1})
		return "d2"
	}},
	{"shift", "narrow-accumulators", "the shifts of two channels are swapped", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "c2")
		s := slices.Clone(n.Ints("shift"))
		i := slices.IndexFunc(s, func(v int) bool { return v != s[0] })
		s[0], s[i] = s[i], s[0]
		n.Attrs = n.Attrs.With("shift", s)
		return "c2"
	}},
	{"shift", "narrow-accumulators", "a layer keeps 32 bits", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "d2")
		n.Attrs = n.Attrs.Without("shift")
		return "d2"
	}},
	{"shift", "narrow-accumulators", "a scale keeps 24 bits", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "d2")
		n.Attrs = n.Attrs.Without("deq19")
		return "d2"
	}},
	{"pixels", "fold-pixels", "a table begins with the second byte", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := looked(f)
		table := n.Operands[1].Const
		d := tensor.New(tensor.I8, table.Data.Shape...)
		copy(d.I8, table.Data.I8[1:])
		set(m, n, 1, table.Type(), d)
		return n.Result().Name
	}},
	{"pixels", "fold-pixels", "the codes are those of another layout", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := looked(f)
		n.Attrs = n.Attrs.With("reverse", !n.Bool("reverse"))
		return n.Result().Name
	}},
	{"symmetric", "fuse-activation", "the clip is lost", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := clipped(f)
		n.Attrs = n.Attrs.Without("clip")
		return n.Result().Name
	}},
	{"symmetric", "fuse-activation", "the clip is off by one", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := clipped(f)
		c := n.Ints("clip")
		n.Attrs = n.Attrs.With("clip", []int{c[0], c[1] - 1})
		return n.Result().Name
	}},
	{"symmetric", "drop-clips", "a clip that changes codes is dropped", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := clipped(f)
		n.Attrs = n.Attrs.Without("clip")
		return n.Result().Name
	}},
	{"quantize", "dead-integers", "a live pool reads the tensor before", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "j")
		n.Operands[2] = n.Operands[0]
		return "j"
	}},
	{"quantize", "legalize", "a constant is expanded along the wrong axis", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "k4")
		i := slices.IndexFunc(n.Operands, (*ir.Value).IsConst)
		c := n.Operands[i].Const
		d := tensor.New(tensor.I8, c.Data.Shape...)
		plane := len(d.I8) / 4
		for k := range d.I8 {
			d.I8[k] = c.Data.I8[k%4*plane]
		}
		set(m, n, i, c.Type(), d)
		return "k4"
	}},
	{"pair", "fold-pair", "the bias is dropped", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		bias(m, node(f, "d1"), func(d []int32) { clear(d) })
		return "d1"
	}},
	{"pair", "fold-pair", "an operand is not quantized", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		n := node(f, "s")
		n.Operands[0] = value(f, "c3")
		return "c3"
	}},
	{"split", "split-factors", "a stored scale is of another tensor", func(c *passes.Context, m *ir.Module, f *ir.Func) string {
		c.Factors.At("c3").ScaleD = c.Factors.Get("d2").ScaleD
		return "r2_fq"
	}},
	{"split", "split-factors", "a stored weight scale is wrong", func(c *passes.Context, m *ir.Module, f *ir.Func) string {
		k := c.Factors.At("c2")
		k.ScaleW = slices.Clone(k.ScaleW)
		k.ScaleW[3] *= .75
		return "w2_fq"
	}},
	{"split", "split-factors", "an activation goes with the fake quantization", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		return bypass(f, node(f, "r2"), "c3")
	}},
	{"fake", "round-biases", "a bias is one unit off", func(_ *passes.Context, m *ir.Module, f *ir.Func) string {
		change(m, node(f, "c1"), 2, func(d []float32) { d[1] += .01 })
		return "c1_b"
	}},
}

// node is the node of that name that is no quantization of an operand.
func node(f *ir.Func, name string) *ir.Node {
	for _, n := range f.Nodes {
		if n.Name == name && n.Op.Name != "q.fake" && n.Op.Name != "q.observe" {
			return n
		}
	}
	panic("no node " + name)
}

func value(f *ir.Func, name string) *ir.Value {
	for _, v := range f.Values() {
		if v.Name == name {
			return v
		}
	}
	panic("no value " + name)
}

// clipped is the first node with a code range of its own.
func clipped(f *ir.Func) *ir.Node {
	for _, n := range f.Nodes {
		if n.Op.Name[0] == 'q' && n.Attrs != nil {
			if c, ok := n.Attrs.Get("clip"); ok && c != nil {
				return n
			}
		}
	}
	panic("no node has a clip")
}

// bypass lets the readers of n read its operand; reader is where it shows.
func bypass(f *ir.Func, n *ir.Node, reader string) string {
	for _, m := range f.Nodes {
		for i, v := range m.Operands {
			if v == n.Result() {
				m.Operands[i] = n.Operands[0]
			}
		}
	}
	f.Nodes = slices.DeleteFunc(f.Nodes, func(m *ir.Node) bool { return m == n })
	return reader
}

// set gives operand i of n a constant of its own.
func set(m *ir.Module, n *ir.Node, i int, typ ir.Type, d *tensor.Tensor) {
	n.Operands[i] = m.AddConst(n.Operands[i].Name, typ, d)
}

func change(m *ir.Module, n *ir.Node, i int, f func([]float32)) {
	c := n.Operands[i].Const
	d := slices.Clone(c.Data.F32)
	f(d)
	set(m, n, i, c.Type(), tensor.FromF32(d, c.Data.Shape...))
}

func codes(m *ir.Module, n *ir.Node, f func([]int8)) {
	c := n.Operands[1].Const
	d := slices.Clone(c.Data.I8)
	f(d)
	set(m, n, 1, c.Type(), tensor.FromI8(d, c.Data.Shape...))
}

func bias(m *ir.Module, n *ir.Node, f func([]int32)) {
	c := n.Operands[2].Const
	d := slices.Clone(c.Data.I32)
	f(d)
	set(m, n, 2, c.Type(), tensor.FromI32(d, c.Data.Shape...))
}

// retype gives the map of v to what moves its codes, so that the module verifies.
func retype(f *ir.Func, v *ir.Value) {
	for _, n := range f.Nodes {
		if slices.Contains(n.Operands, v) && n.Op.Name != "q.conv2d" && n.Op.Name != "q.dense" && n.Op.Name != "q.rescale" && n.Op.Name != "q.dequantize" && n.Result().Type.IsQuant() {
			n.Result().Type.Quant = v.Type.Quant
			retype(f, n.Result())
		}
	}
}
