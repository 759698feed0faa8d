package ascend_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
	"github.com/amctc/amctc/target/sim"
)

func TestZZMobileNet(t *testing.T) {
	if os.Getenv("MB") == "" {
		t.Skip()
	}
	n := newNetwork(t, 1)
	x := n.image(1, 3, 224, 224)
	layer := 0
	conv := func(outs, group, k, stride int, relu bool) {
		layer++
		o := int32(-10)
		typ := ir.Quantized(ir.PerTensor(.5, o))
		p := k / 2
		a := ir.AttrsOf("pad", []int{p, p, p, p}, "stride", []int{stride, stride}, "dilation", []int{1, 1}, "group", group)
		if relu {
			a = append(a, ir.AttrsOf("clip", []int{int(o), 127})...)
		}
		x = n.node("q.conv2d", typ, a, x, n.weights(outs, x.Type.Shape[1]/group, k, k), n.bias(outs))
	}
	conv(32, 1, 3, 2, true)
	for _, b := range [][4]int{{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}} {
		for i := range b[2] {
			c := x.Type.Shape[1] * b[0]
			s := b[3]
			if i > 0 {
				s = 1
			}
			if b[0] > 1 {
				conv(c, 1, 1, 1, true)
			}
			conv(c, c, 3, s, true)
			conv(b[1], 1, 1, 1, false)
		}
	}
	conv(1280, 1, 1, 1, true)
	n.b.Func.Results = append(n.b.Func.Results, x)
	d, _ := ascend.Describe(os.Getenv("MB"))
	t0 := time.Now()
	p, consts, err := ascend.Lower(n.m, n.m.Main(), d, ascend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t1 := time.Now()
	text := p.String()
	t2 := time.Now()
	p, err = target.ParseProgram([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	t3 := time.Now()
	last := int64(0)
	_ = last
	r, err := sim.Run(context.Background(), p, consts, d, nil, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("lower", t1.Sub(t0), "print", t2.Sub(t1), len(text), "parse", t3.Sub(t2), "sim", time.Since(t3), "layers", layer)
	fmt.Println(r.Report())
}
