package sim_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/target/sim"
)

func indices(b []byte) (out []int64) {
	for ; len(b) > 0; b = b[8:] {
		out = append(out, int64(binary.LittleEndian.Uint64(b)))
	}
	return out
}

// TestHostRanking holds indices of numbers and of codes against those found by hand: ties, NaN, every flag.
func TestHostRanking(t *testing.T) {
	nan := float32(math.NaN())
	numbers := floats(3, 7, 7, nan, -1, nan, 2, 5)
	codes := []byte{3, 7, 7, 0x80, 0xff, 0x80, 2, 5}
	for _, c := range []struct {
		typ    string
		in     []byte
		attrs  string
		dims   string
		n      int
		want   []int64
		kept   []byte // of topk
		ranked bool
	}{
		{typ: "f32", in: numbers, attrs: "axis=[1] keep=[0] last=[0] least=[0]", dims: "2", n: 2, want: []int64{3, 1}},
		{typ: "f32", in: numbers, attrs: "axis=[1] keep=[1] last=[1] least=[1]", dims: "2x1", n: 2, want: []int64{0, 0}},
		{typ: "f32", in: numbers, attrs: "axis=[0] keep=[0] last=[1] least=[0]", dims: "4", n: 4, want: []int64{0, 1, 0, 0}},
		{typ: "s8", in: codes, attrs: "axis=[1] keep=[1] last=[1] least=[0]", dims: "2x1", n: 2, want: []int64{2, 3}},
		{typ: "s8", in: codes, attrs: "axis=[1] keep=[0] last=[0] least=[1]", dims: "2", n: 2, want: []int64{3, 1}},
		{typ: "f32", in: numbers, attrs: "axis=[1] k=[3] least=[0]", dims: "2x3", n: 6, want: []int64{3, 1, 2, 1, 3, 2}, kept: floats(nan, 7, 7, nan, 5, 2), ranked: true},
		{typ: "s8", in: codes, attrs: "axis=[1] k=[2] least=[1]", dims: "2x2", n: 4, want: []int64{3, 0, 1, 0}, kept: []byte{0x80, 3, 0x80, 0xff}, ranked: true},
	} {
		var text strings.Builder
		size := len(c.in) / 8
		fmt.Fprintf(&text, "sym x input %s nd dims=2x4 bytes=%d\nsym i output s64 nd dims=%s bytes=%d\n", c.typ, len(c.in), c.dims, 8*c.n)
		if c.ranked {
			fmt.Fprintf(&text, "sym v output %s nd dims=%s bytes=%d\nstream host {\nhost.topk @v, @i <- @x %s\n}\n", c.typ, c.dims, size*c.n, c.attrs)
		} else {
			fmt.Fprintf(&text, "stream host {\nhost.argmax @i <- @x %s\n}\n", c.attrs)
		}
		in := map[string][]byte{"x": c.in}
		out := execute(t, "ascend910b3", text.String(), in).Outputs
		if got := indices(out["i"][:8*c.n]); !slices.Equal(got, c.want) {
			t.Errorf("%s of %s gives %v, want %v", c.attrs, c.typ, got, c.want)
		}
		if c.ranked && !slices.Equal(out["v"][:size*c.n], c.kept) {
			t.Errorf("%s of %s gives %v, want %v", c.attrs, c.typ, out["v"], c.kept)
		}
		for _, bad := range [][2]string{{"axis=[0]", "axis=[2]"}, {"axis=[1]", "axis=[2]"}, {"least=", "most="}, {"k=[3]", "k=[5]"}, {"k=[2]", "k=[0]"}, {"output s64", "output u64"}, {"dims=2x4", "dims=4x2"}} {
			if broken := strings.Replace(text.String(), bad[0], bad[1], 1); broken != text.String() {
				refused(t, "ascend910b3", broken, in, sim.BadHost)
			}
		}
	}
}
