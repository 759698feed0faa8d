package onnx

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir/tensor"
)

// TestEinsum holds sums of every form against their definition: a loop over all labels.
func TestEinsum(t *testing.T) {
	for _, k := range []struct {
		equation string
		shapes   [][]int64
		known    int // operands from the last that are constants
		want     string
	}{
		{"ij->ji", [][]int64{{2, 3}}, 0, "transpose"},
		{"ij->", [][]int64{{2, 3}}, 0, "reduce_sum"},
		{"ba", [][]int64{{2, 3}}, 0, "transpose"},
		{"bii->bi", [][]int64{{2, 3, 3}}, 0, "take"},
		{"ii", [][]int64{{3, 3}}, 0, "take reduce_sum"},
		{"iii->i", [][]int64{{3, 3, 3}}, 0, "take"},
		{"ij,jk->ik", [][]int64{{2, 3}, {3, 4}}, 0, "matmul"},
		{"ij,jk->ik", [][]int64{{2, 3}, {3, 4}}, 1, "dense"},
		{"bij,jk->bik", [][]int64{{2, 3, 4}, {4, 5}}, 1, "dense"},
		{"btd,dhk->bthk", [][]int64{{2, 3, 4}, {4, 2, 3}}, 1, "dense"},
		{"abc,cd->abd", [][]int64{{2, 3, 4}, {4, 5}}, 0, "matmul"},
		{"bqhd,bkhd->bhqk", [][]int64{{2, 3, 2, 4}, {2, 5, 2, 4}}, 0, "matmul"},
		{"bhqk,bkhd->bqhd", [][]int64{{2, 2, 3, 5}, {2, 5, 2, 4}}, 0, "matmul"},
		{"...ij,...jk->...ik", [][]int64{{2, 1, 3, 4}, {5, 4, 2}}, 0, "matmul"},
		{"i,i", [][]int64{{4}, {4}}, 0, "matmul"},
		{"i,j->ij", [][]int64{{4}, {3}}, 0, "mul"},
		{"ij,ij->ij", [][]int64{{2, 3}, {2, 3}}, 0, "mul"},
		{"ij,jk,kl->il", [][]int64{{2, 3}, {3, 4}, {4, 2}}, 0, "matmul matmul"},
		{"ij,kj,ki->", [][]int64{{2, 3}, {4, 3}, {4, 2}}, 0, "matmul matmul"},
		{"...a,b->b...a", [][]int64{{2, 3}, {4}}, 0, "mul"},
	} {
		m := newModel(13)
		names := make([]string, len(k.shapes))
		var data []*tensor.Tensor
		var in []*tensor.Tensor
		for i, s := range k.shapes {
			names[i] = fmt.Sprintf("x%d", i)
			shape := make([]int, len(s))
			for a, d := range s {
				shape[a] = int(d)
			}
			x := tensor.New(tensor.F32, shape...)
			for j := range x.F32 {
				x.F32[j] = float32((j*7+i*3)%11) - 4
			}
			data = append(data, x)
			if i >= len(k.shapes)-k.known {
				m = m.f32(names[i], x.F32, s...)
				continue
			}
			m, in = m.in(names[i], s...), append(in, x)
		}
		m = m.node("Einsum "+strings.Join(names, " ")+" -> y", str("equation", k.equation)).out("y")
		mod, diags := Import("m.onnx", m.bytes(t), Options{})
		if diags.HasErrors() {
			t.Errorf("%s: %v", k.equation, diags)
			continue
		}
		out := run(t, mod, in...)
		want := definition(t, k.equation, data)
		if len(want) != out[0].Len() {
			t.Errorf("%s: the result is %v, want %d elements", k.equation, out[0].Shape, len(want))
			continue
		}
		for i, w := range want {
			if math.Abs(w-float64(out[0].F32[i])) > 1e-3 {
				t.Errorf("%s: element %d is %v, want %v", k.equation, i, out[0].F32[i], w)
				break
			}
		}
		var ops []string
		for _, n := range mod.Main().Nodes {
			ops = append(ops, strings.TrimPrefix(n.Op.Name, "nn."))
		}
		for _, w := range strings.Fields(k.want) {
			if !strings.Contains(strings.Join(ops, " "), w) {
				t.Errorf("%s is %v, which lacks %s", k.equation, ops, w)
			}
		}
	}
}

// definition is the sum over every label that the result does not have, of products of elements.
func definition(t *testing.T, equation string, in []*tensor.Tensor) []float64 {
	t.Helper()
	s := &einsum{}
	left, right, explicit := strings.Cut(equation, "->")
	size, most := make(map[rune]int), 0
	for i, term := range strings.Split(left, ",") {
		dots := len(in[i].Shape) - len(strings.ReplaceAll(term, ".", ""))
		if strings.Contains(term, ".") {
			most = max(most, dots)
		}
		labels := spell(term, dots)
		for a, l := range labels {
			size[l] = max(size[l], in[i].Shape[a])
		}
		s.in = append(s.in, labelled{labels: labels})
	}
	if s.out = spell(right, most); !explicit {
		s.out = s.implied(most)
	}
	labels := append([]rune{}, s.out...)
	outer := 1
	for _, l := range s.out {
		outer *= size[l]
	}
	for l := range size {
		if places([]rune{l}, labels)[0] < 0 {
			labels = append(labels, l)
		}
	}
	total := 1
	for _, l := range labels {
		total *= size[l]
	}
	out := make([]float64, outer)
	for i := range total {
		at, rest := make(map[rune]int), i
		for k := len(labels) - 1; k >= 0; k-- {
			at[labels[k]] = rest % size[labels[k]]
			rest /= size[labels[k]]
		}
		p := 1.0
		for k, x := range in {
			j := 0
			for a, l := range s.in[k].labels {
				j = j*x.Shape[a] + at[l]%x.Shape[a]
			}
			p *= float64(x.F32[j])
		}
		out[i/(total/outer)] += p
	}
	return out
}

// TestEinsumBatch holds that a free batch goes through attention and through layers.
func TestEinsumBatch(t *testing.T) {
	m := newModel(13).in("x", -1, 3, 4).floats("w", 4, 2, 2).node("Einsum x w -> q", str("equation", "btd,dhe->bthe")).
		node("Einsum q q -> s", str("equation", "bthe,buhe->bhtu")).node("Einsum s q -> y", str("equation", "bhtu,buhe->bthe")).out("y")
	mod := mustImport(t, "m.onnx", m.bytes(t), Options{})
	if got := mod.Main().Results[0].Type.String(); got != "tensor<?x3x2x2xf32>" {
		t.Errorf("the result is %s", got)
	}
}

// TestEinsumRefused holds that equations that fit no operands are refused.
func TestEinsumRefused(t *testing.T) {
	for equation, want := range map[string]string{
		"ij,jk->ik": "has 2 terms", "ijk->i": "does not fit", "i1->i": "does not fit", "ij->ik": "that no term has", "ij->ii": "or one twice", "ii->i": "to be one size", "ij->?": "else than letters",
	} {
		_, diags := Import("m.onnx", newModel(13).in("x", 2, 3).node("Einsum x -> y", str("equation", equation)).out("y").bytes(t), Options{})
		if !diags.HasErrors() || !strings.Contains(diags.Error(), want) {
			t.Errorf("%s: %v, want %q", equation, diags, want)
		}
	}
}
