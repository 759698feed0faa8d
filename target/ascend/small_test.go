package ascend_test

import (
	"errors"
	"flag"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/diag"
	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/ascend"
)

var smallSeeds = flag.Int("small", 60, "number of networks on parts with small buffers")

// small is a part with less room, so that small networks need many tiles.
func small(t *testing.T, soc string, shift int) *target.Description {
	t.Helper()
	text, err := ascend.DescriptionText(soc)
	if err != nil {
		t.Fatal(err)
	}
	d, err := target.ParseDescription(text)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range d.Buffers {
		switch b.Space {
		case target.BT, target.FB:
		case target.L0A, target.L0B:
			d.Buffers[i].Size = max(b.Size>>shift, 2048)
		case target.L0C:
			d.Buffers[i].Size = max(b.Size>>shift, 8192)
		default:
			d.Buffers[i].Size = b.Size >> shift
		}
	}
	return d
}

// TestSmallBuffers lowers single operators for parts with a quarter to a thirty-second of the buffers. What doesn't fit is refused as such.
func TestSmallBuffers(t *testing.T) {
	refused := map[string]int{}
	done := map[string]int{}
	for seed := range uint64(*smallSeeds) {
		n := newNetwork(t, seed)
		x := n.image(1+n.IntN(2), 1+n.IntN(100), 1+n.IntN(16), 1+n.IntN(16))
		var y *ir.Value
		switch seed % 7 {
		case 0, 1:
			y = n.conv(x, 1, 1+n.IntN(100))
		case 2:
			y = n.conv(x, x.Type.Shape[1], x.Type.Shape[1])
		case 3:
			in, out := 1+n.IntN(900), 1+n.IntN(200)
			typ, attrs := n.result(in)
			y = n.node("q.dense", typ, attrs, n.codes("x", n.scale(), n.offset(), 1+n.IntN(90), in), n.weights(out, in), n.bias(out))
		case 4:
			kernel, attrs := n.geometry(x.Type.Shape[2], x.Type.Shape[3])
			y = n.try("nn.max_pool2d", ir.Type{}, append(attrs, ir.AttrsOf("kernel", kernel)...), x)
		case 5:
			kernel, attrs := n.geometry(x.Type.Shape[2], x.Type.Shape[3])
			y = n.try("q.avg_pool2d", n.quantized(), append(attrs, ir.AttrsOf("kernel", kernel)...), x)
		case 6: // the host's where UB is too small
			y = n.node("nn.argmax", ir.Type{}, ir.AttrsOf("axis", n.IntN(4)), x)
		}
		if y == nil {
			continue
		}
		n.b.Func.Results = append(n.b.Func.Results, y)
		in := n.inputs(1)
		for _, soc := range parts(seed) {
			for shift := 2; shift <= 5; shift++ {
				_, err := compareOn(n.m, small(t, soc, shift), in)
				var l *diag.List
				switch {
				case err == nil:
					done[y.Def.Op.Name]++
				case errors.As(err, &l) && strings.Contains(err.Error(), "T103"):
					refused[y.Def.Op.Name]++
				default:
					t.Fatalf("seed %d, %s, buffers >> %d: %v\n%s", seed, soc, shift, err, ir.Print(n.m))
				}
			}
		}
	}
	t.Logf("done %v, refused %v", done, refused)
	for name, n := range refused {
		if done[name] < 2*n {
			t.Errorf("%s: %d of %d networks are refused", name, n, n+done[name])
		}
	}
}
