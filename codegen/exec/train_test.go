package exec_test

import (
	"context"
	"testing"

	"github.com/amctc/amctc/codegen/exec"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/irtest"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/passes"
)

// trainables are random networks with their gradients, batch 3.
func trainables(t *testing.T, seeds uint64, f func(seed uint64, tr *passes.Trainable)) {
	t.Helper()
	for seed := range seeds {
		m := irtest.Random(seed)
		c := passes.NewContext(context.Background(), op.All())
		m.Main().Results = m.Main().Results[:1]
		dead, _ := passes.Lookup("dead-nodes")
		if err := dead.Run(c, m, m.Main()); err != nil {
			t.Fatal(err)
		}
		tr, err := passes.NewTrainable(c, m, passes.TrainOptions{Batch: 3, Frozen: seed%3 == 0})
		if err != nil || len(tr.Parameters) == 0 {
			continue
		}
		loss := "t.mse"
		if seed%2 == 1 && len(tr.Outputs[0].Type.Shape) == 2 {
			loss = "t.cross_entropy"
		}
		if _, _, err := tr.Loss(c, loss); err != nil {
			t.Logf("seed %d: %v", seed, err)
			continue
		}
		f(seed, tr)
	}
}

// trainedFactors is a network whose weights and activations are quantized with trained factors, and
// the gradients of everything.
func trainedFactors(t *testing.T) *ir.Module {
	t.Helper()
	c := passes.NewContext(context.Background(), op.All())
	f := &ir.Func{Name: "main", Stage: ir.StageTrain}
	m := &ir.Module{Funcs: []*ir.Func{f}}
	b := ir.NewBuilder(c.Ops, f, &c.Remarks)
	x, hi, lo := b.Param("x", ir.Float(2, 3, 5, 4)), b.Param("hi", ir.Float(1)), b.Param("lo", ir.Float(1))
	w, scale, v := b.Param("w", ir.Float(4, 3, 3, 3)), b.Param("scale", ir.Float(4)), b.Param("v", ir.Float(6, 4*3*2))
	node := func(name string, attrs ir.Attrs, in ...*ir.Value) *ir.Value {
		return b.Node(ir.NodeSpec{Op: name, Name: name, Operands: in, Attrs: attrs})
	}
	y := node("t.ulq", ir.AttrsOf("bits", 4), x, hi, lo)
	bias := b.Param("bias", ir.Float(4))
	y = node("nn.conv2d", nil, y, node("t.lsq", ir.AttrsOf("bits", 4), w, scale), node("t.bias", ir.AttrsOf("bits", 4), bias, hi, lo, scale))
	y = node("nn.pad", ir.AttrsOf("pad", []int{0, 0, 1, 0, 0, 0, 0, 1}), node("nn.clip", ir.AttrsOf("min", float32(-1), "max", float32(2)), y))
	window := ir.AttrsOf("kernel", []int{2, 2})
	size, places := y.Type.Shape[2:], node("nn.max_pool2d_indices", window, y)
	y = node("nn.max_unpool2d", ir.AttrsOf("size", size), node("nn.max_pool2d", window, y), places)
	y = node("nn.max_pool2d", window, y)
	y = node("nn.avg_pool2d", ir.AttrsOf("kernel", []int{2, 1}, "pad", []int{1, 0, 0, 0}), y)
	y = node("nn.reshape", ir.AttrsOf("shape", []int{2, 4 * 3 * 2}), y)
	y = node("nn.dense", nil, y, node("t.arq", ir.AttrsOf("per_channel", true), v))
	y = node("nn.softmax", ir.AttrsOf("axis", 1), y)
	if y == nil {
		t.Fatal(c.Remarks.Err())
	}
	target := b.Param("target", y.Type)
	loss := node("t.cross_entropy", nil, y, target)
	grads, err := passes.Backward(c, m, f, loss, []*ir.Value{x, hi, lo, w, scale, v, bias})
	if err != nil {
		t.Fatal(err)
	}
	f.Results = append([]*ir.Value{loss}, grads...)
	if l := ir.Verify(m); l.HasErrors() {
		t.Fatal(l.Err())
	}
	return m
}

// TestTraining holds exec against the interpreter on networks with their gradients, with one thread and
// with two.
func TestTraining(t *testing.T) {
	ran := 0
	trainables(t, 150, func(seed uint64, tr *passes.Trainable) {
		ran++
		in := irtest.RandomInputs(tr.Func, seed, 3)
		if err := compare(tr.Func, in); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, ir.Print(tr.Module))
		}
		one, err := exec.Engine{}.Prepare(tr.Func)
		if err != nil {
			t.Fatal(err)
		}
		two, err := exec.Engine{Threads: 2}.Prepare(tr.Func)
		if err != nil {
			t.Fatal(err)
		}
		defer two.(*exec.Runner).Close()
		a, err := one.Run(context.Background(), in, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := two.Run(context.Background(), in, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if !a[i].Equal(b[i]) {
				t.Fatalf("seed %d: result %d depends on the number of threads", seed, i)
			}
		}
	})
	if ran < 50 {
		t.Errorf("only %d of 150 graphs were trained", ran)
	}
	m := trainedFactors(t)
	for seed := range uint64(5) {
		in := irtest.RandomInputs(m.Main(), seed, 1)
		in[1].F32[0], in[2].F32[0] = 1.5, -0.75
		for i := range in[4].F32 {
			in[4].F32[i] = 0.1 + float32(i)/8
		}
		if err := compare(m.Main(), in); err != nil {
			t.Fatal(err)
		}
	}
}
