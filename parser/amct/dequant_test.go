package amct_test

import (
	"slices"
	"testing"

	"github.com/amctc/amctc/parser/amct"
)

// TestPackDequant holds AMCT's own words (AMCT 9.9), and that every word comes back.
func TestPackDequant(t *testing.T) {
	for _, c := range []struct {
		p    amct.DequantParam
		want uint64
	}{
		{amct.DequantParam{Scale: 0.000126601823}, 0x3904C06B},
		{amct.DequantParam{Scale: 0.000126601823, Shift: 5}, 0x53904C06B},
		{amct.DequantParam{Scale: 0.0078125, Shift: 3}, 0x33C000000},
		{amct.DequantParam{Scale: 0.0078125, OffsetW: -1}, 0xFF003C000000},
	} {
		if got := c.p.Pack(); got != c.want {
			t.Errorf("%+v is %#x, want %#x", c.p, got, c.want)
		}
	}
	for o := -128; o <= 127; o++ {
		for n := range 17 {
			p := amct.DequantParam{Scale: 1e-3, Shift: uint8(n), OffsetW: int8(o)}
			if q, ok := amct.UnpackDequant(p.Pack()); !ok || q != p {
				t.Fatalf("%+v comes back as %+v", p, q)
			}
		}
	}
	if _, ok := amct.UnpackDequant(1 << 50); ok {
		t.Error("a word with foreign bits is taken")
	}
	t.Logf("golden values of AMCT 9.9: %d", 3)
}

func TestPackInt4(t *testing.T) {
	if got := amct.PackInt4([]int8{1, -1, -8, 7}); !slices.Equal(got, []byte{0xf1, 0x78}) {
		t.Errorf("got %x", got)
	}
	var all []int8
	for a := int8(-8); a < 8; a++ {
		for b := int8(-8); b < 8; b++ {
			all = append(all, a, b)
		}
	}
	if got := amct.UnpackInt4(amct.PackInt4(all)); !slices.Equal(got, all) {
		t.Errorf("pairs come back as %v", got)
	}
}
