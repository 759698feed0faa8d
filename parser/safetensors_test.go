package parser_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/amctc/amctc/ir/tensor"
	"github.com/amctc/amctc/parser"
)

// file is a safetensors file of a header and data.
func file(header string, data ...byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), data...)
}

func safetensorsSeeds(t testing.TB) [][]byte {
	t.Helper()
	good, err := parser.WriteSafetensors([]*parser.SideTensor{
		{Name: "b", DType: tensor.F32, Shape: []int{2}, Data: make([]byte, 8)},
		{Name: "a/é\"", DType: tensor.I8, Shape: nil, Data: []byte{3}},
		{Name: "empty", DType: tensor.I64, Shape: []int{0, 5}, Data: nil},
	})
	if err != nil {
		t.Fatal(err)
	}
	out := [][]byte{good}
	for _, c := range badFiles {
		out = append(out, c.data)
	}
	return out
}

var badFiles = []struct {
	data []byte
	want string
}{
	{nil, "shorter than 8 bytes"},
	{[]byte{1, 0, 0, 0, 0, 0, 0}, "shorter than 8 bytes"},
	{[]byte{255, 255, 255, 255, 255, 255, 255, 255, '{', '}'}, "a header of 18446744073709551615 bytes"},
	{file("[]"), "does not begin with {"},
	{file(`{"a"`), "EOF"},
	{file(`{}x`), "something follows"},
	{file(`{}`, 1), "tensors end at byte 0 of 1"},
	{file(`{"__metadata__":{"a":1}}`), "__metadata__"},
	{file(`{"a":{"dtype":"F8x","shape":[1],"data_offsets":[0,2]}}`, 0, 0), `element type "F8x"`},
	{file(`{"a":{"dtype":"I8","shape":[1]}}`, 0), "data_offsets"},
	{file(`{"a":{"dtype":"I8","data_offsets":[0,1]}}`, 0), "shape is missing"},
	{file(`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1,2]}}`, 0), "data_offsets"},
	{file(`{"a":{"dtype":"I8","shape":[1],"data_offsets":[1,0]}}`, 0), "lie outside"},
	{file(`{"a":{"dtype":"I8","shape":[1],"data_offsets":[-1,0]}}`, 0), "lie outside"},
	{file(`{"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}}`, 0), "lie outside"},
	{file(`{"a":{"dtype":"I8","shape":[3],"data_offsets":[0,2]}}`, 0, 0), "do not hold [3]"},
	{file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}}`, 0, 0, 0), "do not hold [1]"},
	{file(`{"a":{"dtype":"F32","shape":[1000000000,1000000000],"data_offsets":[0,4]}}`, 0, 0, 0, 0), "do not hold"},
	{file(`{"a":{"dtype":"I8","shape":[-1,-1],"data_offsets":[0,1]}}`, 0), "do not hold"},
	{file(`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}`, 0), "a stands twice"},
	{file(`{"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"I8","shape":[2],"data_offsets":[1,3]}}`, 0, 0, 0), "must not overlap"},
	{file(`{"a":{"dtype":"I8","shape":[1],"data_offsets":[1,2]}}`, 0, 0), "must not overlap or leave gaps"},
	{file(`{"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1],"extra":1}}`, 0), "unknown field"},
	{file(`{"a":{"dtype":"I8","shape":"x","data_offsets":[0,1]}}`, 0), "cannot unmarshal"},
}

func TestReadSafetensorsErrors(t *testing.T) {
	for _, c := range badFiles {
		if s, err := parser.ReadSafetensors(c.data); s != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.data, err, c.want)
		}
	}
}

// TestReadSafetensors reads a file written out by hand from the format's description.
func TestReadSafetensors(t *testing.T) {
	s, err := parser.ReadSafetensors(file(`{"__metadata__":{"format":"pt"},"z":{"dtype":"I32","shape":[1,2],"data_offsets":[4,12]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   `,
		0, 0, 0x20, 0xc0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Names(); !slices.Equal(got, []string{"a", "z"}) {
		t.Errorf("names %v", got)
	}
	a, err := s.Lookup("a").Tensor()
	if err != nil || !a.Equal(tensor.FromF32([]float32{-2.5})) {
		t.Errorf("a = %v, %v", a, err)
	}
	z, err := s.Lookup("z").Tensor()
	if err != nil || !z.Equal(tensor.FromI32([]int32{1, -1}, 1, 2)) {
		t.Errorf("z = %v, %v", z, err)
	}
	if s.Lookup("b") != nil {
		t.Error("b is there")
	}
}

func TestWriteSafetensors(t *testing.T) {
	b := &parser.SideTensor{Name: "b", DType: tensor.I8, Shape: []int{2}, Data: []byte{1, 2}}
	a := &parser.SideTensor{Name: "a", DType: tensor.F32, Data: []byte{0, 0, 128, 63}}
	got, err := parser.WriteSafetensors([]*parser.SideTensor{b, a})
	want := `{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"I8","shape":[2],"data_offsets":[4,6]}}`
	for len(want)%8 != 0 {
		want += " "
	}
	if err != nil || string(got) != string(file(want, 0, 0, 128, 63, 1, 2)) {
		t.Errorf("got %q, %v", got, err)
	}
	for name, list := range map[string][]*parser.SideTensor{
		"two tensors are named":      {a, a},
		"can't be named":             {{Name: "__metadata__", DType: tensor.I8, Data: []byte{1}}},
		"is not valid UTF-8: rename": {{Name: "\xff", DType: tensor.I8, Data: []byte{1}}},
	} {
		if out, err := parser.WriteSafetensors(list); out != nil || err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want error %q, got %v", name, err)
		}
	}
}
