package tensor

import (
	"math"
	"slices"
	"testing"
)

// samples are tensors of every storage with extreme values.
func samples() []*Tensor {
	return []*Tensor{
		FromF32([]float32{0, float32(math.Copysign(0, -1)), 1e-45, math.MaxFloat32, float32(math.Inf(-1)), float32(math.NaN())}, 2, 3),
		FromI8([]int8{-128, -1, 0, 127}, 4),
		FromI32([]int32{math.MinInt32, -1, 0, math.MaxInt32}, 2, 1, 2),
		FromI64([]int64{math.MinInt64, math.MaxInt64}, 1, 2),
		FromF32([]float32{3}),
		New(I8, 0, 5),
	}
}

func TestBytes(t *testing.T) {
	if got, want := FromF32([]float32{1, -2}, 2).Bytes(), []byte{0, 0, 128, 63, 0, 0, 0, 192}; !slices.Equal(got, want) {
		t.Errorf("float32: % x", got)
	}
	if got, want := FromI32([]int32{1, -2}, 2).Bytes(), []byte{1, 0, 0, 0, 254, 255, 255, 255}; !slices.Equal(got, want) {
		t.Errorf("int32: % x", got)
	}
	for _, x := range samples() {
		b := x.Bytes()
		if len(b) != x.Len()*x.DType.Size() {
			t.Errorf("%v of %v: %d bytes", x.Shape, x.DType, len(b))
		}
		y, err := FromBytes(x.DType, x.Shape, b)
		if err != nil || !x.Equal(y) {
			t.Errorf("%v of %v does not come back: %v", x.Shape, x.DType, err)
		}
		if _, err := FromBytes(x.DType, x.Shape, append(b, 0)); err == nil {
			t.Errorf("%v of %v takes a byte too many", x.Shape, x.DType)
		}
	}
	for _, shape := range [][]int{{-1}, {1 << 40, 1 << 40}, {2, -2}, {3}} {
		if _, err := FromBytes(F32, shape, make([]byte, 4)); err == nil {
			t.Errorf("4 bytes are %v", shape)
		}
	}
	if _, err := FromBytes(Invalid, []int{0}, nil); err == nil {
		t.Error("the invalid type has data")
	}
}

func TestEqual(t *testing.T) {
	all := samples()
	for i, x := range all {
		for j, y := range all {
			if x.Equal(y) != (i == j) {
				t.Errorf("samples %d and %d: equal is %v", i, j, x.Equal(y))
			}
		}
		if x.Len() > 0 && x.Equal(x.Reshape(1, x.Len(), 1)) {
			t.Errorf("sample %d equals itself in another shape", i)
		}
	}
	if FromF32([]float32{0}, 1).Equal(FromF32([]float32{float32(math.Copysign(0, -1))}, 1)) {
		t.Error("0 equals -0")
	}
}

func TestViews(t *testing.T) {
	for _, x := range []*Tensor{FromF32([]float32{1, 2, 3, 4, 5, 6}, 3, 2), FromI8([]int8{1, 2, 3, 4, 5, 6}, 3, 2), FromI32([]int32{1, 2, 3, 4, 5, 6}, 3, 2), FromI64([]int64{1, 2, 3, 4, 5, 6}, 3, 2)} {
		r := x.Rows(1, 3)
		if !slices.Equal(r.Shape, []int{2, 2}) || r.Len()*r.DType.Size() != len(r.Bytes()) {
			t.Errorf("%v: rows are %v", x.DType, r.Shape)
		}
		want, err := FromBytes(x.DType, []int{2, 2}, x.Bytes()[2*x.DType.Size():])
		if err != nil || !r.Equal(want) {
			t.Errorf("%v: rows hold other data", x.DType)
		}
		if !slices.Equal(x.Reshape(6).Shape, []int{6}) || !slices.Equal(x.Shape, []int{3, 2}) {
			t.Errorf("%v: Reshape", x.DType)
		}
	}
	x := FromF32([]float32{1, 2}, 2)
	x.Reshape(2, 1).F32[0] = 7
	x.Rows(1, 2).F32[0] = 8
	if x.F32[0] != 7 || x.F32[1] != 8 {
		t.Error("views do not share data")
	}
	mustPanic(t, "reshape to another size", func() { x.Reshape(3) })
	mustPanic(t, "data of another size", func() { FromI8([]int8{1}, 2) })
	mustPanic(t, "the invalid type", func() { New(Invalid, 1) })
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s does not panic", what)
		}
	}()
	f()
}

func TestShapes(t *testing.T) {
	if got := Strides([]int{2, 3, 4}); !slices.Equal(got, []int{12, 4, 1}) {
		t.Errorf("strides %v", got)
	}
	if Elems(nil) != 1 || Elems([]int{2, 0, 3}) != 0 || Elems([]int{2, 3}) != 6 {
		t.Error("Elems")
	}
	for _, c := range []struct {
		shape []int
		limit int
		n     int
		ok    bool
	}{
		{nil, 1, 1, true}, {[]int{2, 3}, 6, 6, true}, {[]int{2, 3}, 5, 6, false}, {[]int{-1}, 9, 0, false}, {[]int{0, math.MaxInt}, 9, 0, true},
		{[]int{math.MaxInt, math.MaxInt}, 9, 0, false}, {[]int{1 << 32, 1 << 32}, 1 << 40, 0, false}, {nil, 0, 1, false}, {[]int{0}, 0, 0, true},
	} {
		if n, ok := CheckedElems(c.shape, c.limit); ok != c.ok || ok && n != c.n {
			t.Errorf("%v under %d: %d, %v", c.shape, c.limit, n, ok)
		}
	}
}

func TestDTypes(t *testing.T) {
	for d := F32; d <= I64; d++ {
		if back, ok := ParseDType(d.String()); !ok || back != d {
			t.Errorf("%v reads as %v", d, back)
		}
		if d.Size() <= 0 {
			t.Errorf("%v has size %d", d, d.Size())
		}
	}
	for _, s := range []string{"", "invalid", "f8", "F32"} {
		if d, ok := ParseDType(s); ok {
			t.Errorf("%q reads as %v", s, d)
		}
	}
	if got := DType(99).String(); got != "dtype(99)" {
		t.Errorf("an unknown type is %s", got)
	}
}
