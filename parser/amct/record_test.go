package amct

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"pgregory.net/rapid"

	"github.com/amctc/amctc/parser/amct/amctpb"
)

func golden(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../testdata/amct", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRecordGolden(t *testing.T) {
	r, err := ParseRecord("lenet.record.txt", golden(t, "lenet.record.txt"))
	if err != nil {
		t.Fatal(err)
	}
	conv1 := &Layer{Key: "conv1", ScaleD: 0.0117647061, HasScaleD: true, OffsetD: -43, ScaleW: []float32{0.00787401572, 0.00708661415}, OffsetW: []int32{0, 0}}
	if got := r.Layer("conv1"); !reflect.DeepEqual(got, conv1) {
		t.Errorf("conv1: %+v", got)
	}
	if got := r.Layer("add:1"); got == nil || !got.IsTensorQuantize || got.OffsetD != 0 || got.ScaleW != nil {
		t.Errorf("add:1: %+v", got)
	}
	if r.Layer("conv9") != nil {
		t.Error("a layer that is not there")
	}
	if got, want := string(r.Format()), string(golden(t, "lenet.record.txt")); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The weight and the activation phase write the same key; hand-written files use every spelling of
// text protobuf.
func TestRecordMerge(t *testing.T) {
	r, err := ParseRecord("r.txt", []byte(`
# weights first
record { key: 'a' value { scale_w: 0.5 scale_w: 0.25 offset_w: [0, 0] shift_bit: 0 } }
record: { key: "b" value: { scale_d: 1, offset_d: 3; scale_w: [1.0] offset_w: 0 channels: 3 height: 28 width: 28 act_type: 'INT8' fakequant_precision_mode: "DEFAULT" op_data_type: "float32" } }
record <
  key: "a"
  value < scale_d: 2 scale_d: 0.125 skip_fusion: True tensor_balance_factor: 1f >
  value < offset_d: -128 >
>
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []*Layer{
		{Key: "a", ScaleD: 0.125, HasScaleD: true, OffsetD: -128, ScaleW: []float32{0.5, 0.25}, OffsetW: []int32{0, 0}, ShiftBit: []uint32{0}, TensorBalanceFactor: []float32{1}, SkipFusion: true},
		{Key: "b", ScaleD: 1, HasScaleD: true, OffsetD: 3, ScaleW: []float32{1}, OffsetW: []int32{0}, ActType: "INT8", OpDataType: "float32"},
	}
	if !reflect.DeepEqual(r.Layers, want) {
		t.Errorf("%+v\n%+v", r.Layers[0], r.Layers[1])
	}
}

// TestRecordFields holds that every field of AMCT's ONNX variant is written as it was read.
func TestRecordFields(t *testing.T) {
	text := golden(t, "record.onnx.txt")
	r, err := ParseRecord("record.onnx.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(r.Format()); got != string(text) {
		t.Errorf("got\n%s\nwant\n%s", got, text)
	}
	for i, want := range [][2]int{{16, 8}, {8, 6}, {4, 4}} {
		if l := r.Layers[i]; l.ActBits() != want[0] || l.WtsBits() != want[1] {
			t.Errorf("%s has %d and %d bits, want %v", l.Key, l.ActBits(), l.WtsBits(), want)
		}
	}
}

func TestRecordErrors(t *testing.T) {
	const ok = `scale_d: 1 offset_d: 0 scale_w: 1 offset_w: 0 `
	for _, c := range []struct{ text, want string }{
		{``, "r.txt: error[R002]: record_file is empty, no layers to be quantized"},
		{"# only a comment\n", "record_file is empty"},
		{"record {\n  key: \"a\"\n  value { scale_x: 1 }\n}", "r.txt:3:11: error[R001]: not an AMCT record: unknown field: scale_x"},
		{"record {\n  key: \"a\"\n  value { scale_d: \"x\" }\n}", "r.txt:3:20: error[R001]: not an AMCT record: "},
		{"record {\n  key: \"a\"\n", "not an AMCT record: "},
		{"\xff", "not an AMCT record: "},
		{`record { value { ` + ok + `} }`, "record 0 (counted from 0) has no key"},
		{`record { key: "" value { ` + ok + `} }`, "has no key"},
		{`record { key: "a" }`, `cannot find scale_d of layer "a" in record_file r.txt`},
		{`record { key: "a" value { offset_d: 1 scale_w: 1 offset_w: 0 } }`, `cannot find scale_d of layer "a"`},
		{`record { key: "a" value { ` + ok + `offset_w: 0 } }`, "same length in layer \"a\", but have 1 and 2"},
		{`record { key: "a" value { scale_d: 1 scale_w: 1 } }`, "same length"},
		{`record { key: "a" value { scale_d: 1 scale_w: 1 offset_w: 3 } }`, `offset_w's value should be 0 in layer "a", but is 3`},
		{`record { key: "a" value { ` + ok + `scale_d: 0 } }`, `Param scale_d has invalid value inf, nan or zeros, in layer "a"`},
		{`record { key: "a" value { ` + ok + `scale_d: nan } }`, "Param scale_d has invalid value"},
		{`record { key: "a" value { ` + ok + `scale_d: 1e39 } }`, "scale_d"},
		{`record { key: "a" value { scale_w: [1, -inf] offset_w: [0, 0] } }`, "Param scale_w has invalid value"},
		{`record { key: "a" value { ` + ok + `scale_d: -1 } }`, "scale_d -1 of layer \"a\" is out of"},
		{`record { key: "a" value { ` + ok + `scale_d: 1e-20 } }`, "scale_d 1e-20 of layer \"a\" is out of"},
		{`record { key: "a" value { ` + ok + `offset_d: 128 } }`, "offset_d 128 of layer \"a\" is out of [-128, 127]"},
		{`record { key: "a" value { ` + ok + `shift_bit: 17 } }`, `r.txt:a: error[R004]: shift_bit of layer "a" should be 0 everywhere, or between 1 and 16 everywhere, but has 17`},
		{`record { key: "a" value { scale_d: 1 scale_w: [1, 1] offset_w: [0, 0] shift_bit: [0, 3] } }`, "but has 3 beside 0"},
		{`record { key: "a" value { ` + ok + `shift_bit: [0, 0] } }`, "shift_bit and scale_w should have the same length"},
		{`record { key: "a" value { ` + ok + `act_type: "INT6" } }`, `act_type "INT6" of layer "a" must be INT4 or INT8 or INT16`},
		{`record { key: "a" value { scale_d: 1 offset_d: 32768 act_type: "INT16" } }`, "offset_d 32768 of layer \"a\" is out of [-32768, 32767]"},
		{`record { key: "a" value { scale_d: 1 offset_d: 300 act_type: "INT16" dst_type: "INT8" } }`, "offset_d 300 of layer \"a\" is out of [-128, 127]"},
		{`record { key: "a" value { scale_d: 1 act_type: "INT-99999" } }`, "must be INT4"},
		{`record { key: "a" value { ` + ok + `dst_type: "INT16" } }`, "dst_type \"INT16\" of layer \"a\" must be INT4 or INT8"},
		{`record { key: "a" value { ` + ok + `wts_type: "int8" } }`, `wts_type "int8" of layer "a" must be INT4 or INT6 or INT7 or INT8`},
		{`record { key: "a" value { ` + ok + `tensor_balance_factor: 0 } }`, "tensor_balance_factor 0"},
		{`record { key: "a" value { ` + ok + `tensor_balance_factor: [1, 9000000] } }`, "tensor_balance_factor 9e+06"},
		{`record { key: "a" value { ` + ok + `is_tensor_quantize: true } }`, "has scale_w"},
		{`record { key: "a" value { ` + ok + `scale_h: 1 } }`, "scale_h and offset_h (recurrent layers) is not supported"},
		{`record { key: "a" value { ` + ok + `cluster: [1, 1] } }`, "ascending order, but has 1"},
		{`record { key: "a" value { ` + ok + `cluster: 200 } }`, "but has 200"},
		{`record { key: "a" value { ` + ok + `round_mode: "x" } }`, "round_mode"},
		{`record { key: "a" value { ` + ok + `fakequant_precision_mode: "FORCE_FP8" } }`, `"FORCE_FP8" is not supported`},
		{`record { key: "a" value { ` + ok + `op_data_type: "float16" } }`, `op_data_type "float16"`},
		{`record { key: "a" kv_cache_value { scale: 1 } value { ` + ok + ` } }`, "kv_cache_value is not supported"},
		{`prune_record { producer { name: "a" attr { name: "type" type: STRING s: "x" } } }`, "prune_record (channel pruning) is not supported"},
	} {
		r, err := ParseRecord("r.txt", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || r != nil {
			t.Errorf("%s:\n%v\nwant %s", c.text, err, c.want)
		}
	}
	_, err := ParseRecord("r.txt", []byte(`record { key: "a" value { scale_d: 0 } } record { key: "b" value { `+ok+` shift_bit: 20 } }`))
	if n := strings.Count(err.Error(), "\n"); n != 1 {
		t.Errorf("not all findings are reported:\n%v", err)
	}
}

func genLayer(t *rapid.T) *Layer {
	scale := rapid.Float32Range(1e-15, 1e15)
	l := &Layer{Key: rapid.StringN(1, 8, -1).Draw(t, "key"), SkipFusion: rapid.Bool().Draw(t, "skip"), OffsetD: rapid.Int32Range(-128, 127).Draw(t, "offset")}
	l.ScaleD, l.HasScaleD = scale.Draw(t, "scale"), true
	if l.IsTensorQuantize = rapid.Bool().Draw(t, "tensor"); !l.IsTensorQuantize {
		l.ScaleW = rapid.SliceOfN(scale, 1, 4).Draw(t, "weights")
		l.OffsetW = make([]int32, len(l.ScaleW))
		l.WtsType = rapid.SampledFrom([]string{"", "INT4", "INT6", "INT7"}).Draw(t, "wts_type")
		if rapid.Bool().Draw(t, "book") {
			l.Cluster = []int32{-128, -3, 0, 7}
		}
	}
	return l
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &Record{}
		for range rapid.IntRange(1, 4).Draw(t, "layers") {
			if l := genLayer(t); r.Layer(l.Key) == nil {
				r.Layers = append(r.Layers, l)
			}
		}
		text := r.Format()
		got, err := ParseRecord("r", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !reflect.DeepEqual(got, r) {
			t.Fatalf("changed:\n%s\n%s", text, got.Format())
		}
	})
}

// Keys are quoted so that any reader of text protobuf gives them back.
func TestRecordKeys(t *testing.T) {
	for _, key := range []string{`a"b\c'd`, "tab\t nl\n cr\r bell\a del\x7f", "层/卷积:0", "\u2028", "π"} {
		text := (&Record{Layers: []*Layer{{Key: key, ScaleD: 1, HasScaleD: true}}}).Format()
		var m amctpb.ScaleOffsetRecord
		if err := prototext.Unmarshal(text, &m); err != nil || m.Record[0].Key[0] != key {
			t.Errorf("%q: %v\n%s", key, err, text)
		}
	}
}

func TestRecordFloats(t *testing.T) {
	for _, x := range []float32{0.0117647061, 1, 1e-10, 3.4e10, 1 << 24, math.Nextafter32(1, 2), 0.1} {
		text := (&Record{Layers: []*Layer{{Key: "a", ScaleD: x, HasScaleD: true}}}).Format()
		r, err := ParseRecord("r", text)
		if err != nil || r.Layers[0].ScaleD != x {
			t.Errorf("%v: %v\n%s", x, err, text)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add(golden(f, "lenet.record.txt"))
	f.Add(golden(f, "record.onnx.txt"))
	f.Add([]byte(`record { key: "a" value { scale_d: 1 act_type: "INT8" shift_bit: 0 tensor_balance_factor: 1 } }`))
	f.Add([]byte("prune_record { producer { attr { s: '\\xff' } } }"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseRecord("r", text)
		if err != nil {
			return
		}
		first := r.Format()
		again, err := ParseRecord("r", first)
		if err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if second := again.Format(); string(second) != string(first) {
			t.Errorf("not stable:\n%s\n%s", first, second)
		}
	})
}
