package dataset

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio"
)

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// npy builds a file by hand, independently of WriteNPY.
func npy(dict string, data any) []byte {
	var b bytes.Buffer
	b.WriteString("\x93NUMPY\x01\x00")
	binary.Write(&b, binary.LittleEndian, uint16(len(dict)+1))
	b.WriteString(dict + "\n")
	binary.Write(&b, binary.LittleEndian, data)
	return b.Bytes()
}

func dict(descr, shape string) string {
	return fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape)
}

func idx(typ byte, dims []uint32, data any) []byte {
	var b bytes.Buffer
	b.Write([]byte{0, 0, typ, byte(len(dims))})
	binary.Write(&b, binary.BigEndian, dims)
	binary.Write(&b, binary.BigEndian, data)
	return b.Bytes()
}

func zipped(t testing.TB, method uint16, files ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: files[i].(string), Method: method})
		if err != nil {
			t.Fatal(err)
		}
		w.Write(files[i+1].([]byte))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(data)
	z.Close()
	return b.Bytes()
}

func count(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i)
	}
	return x
}

func bytesUpTo(n int) []byte {
	x := make([]byte, n)
	for i := range x {
		x[i] = byte(i)
	}
	return x
}

// all passes over s and checks the sizes of its batches.
func all(t testing.TB, s Source, n int) []float32 {
	t.Helper()
	var out []float32
	per, _ := product(s.Shape())
	left := s.Len()
	for b, err := range s.Batches(n) {
		if err != nil {
			t.Fatal(err)
		}
		if want := min(n, left); b.N != want || len(b.Data) != want*per {
			t.Fatalf("batch of %d samples and %d values, want %d samples of %d", b.N, len(b.Data), want, per)
		}
		left -= b.N
		out = append(out, b.Data...)
	}
	if left != 0 {
		t.Fatalf("%d samples are missing", left)
	}
	return out
}

func passError(s Source) error {
	for _, err := range s.Batches(4) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestFormatsGiveTheSameSamples(t *testing.T) {
	shape := []int{1, 2, 3}
	f32 := npy(dict("<f4", "(5, 2, 3)"), count(30))
	images := idx(8, []uint32{5, 2, 3}, bytesUpTo(30))
	folder := t.TempDir()
	for i := range 5 {
		var b bytes.Buffer
		binary.Write(&b, binary.LittleEndian, count(30)[6*i:6*i+6])
		os.WriteFile(filepath.Join(folder, fmt.Sprintf("s%d.bin", i)), b.Bytes(), 0o644)
	}
	os.WriteFile(filepath.Join(folder, "README"), []byte("not data"), 0o644)

	paths := map[string]string{
		"npy":                 write(t, "a.npy", f32),
		"npy flat":            write(t, "a.npy", npy(dict("<f4", "(5, 6)"), count(30))),
		"npy 1x2x3":           write(t, "a.npy", npy(dict("<f4", "(5, 1, 2, 3)"), count(30))),
		"npy 2 version":       write(t, "a.npy", slices.Concat([]byte("\x93NUMPY\x02\x00"), binary.LittleEndian.AppendUint32(nil, uint32(len(dict("<f4", "(5, 6)")))), []byte(dict("<f4", "(5, 6)")), f32[len(f32)-120:])),
		"npy other key order": write(t, "a.npy", npy("{\"shape\":(5L,6L),'descr':'<f4','fortran_order':False}", count(30))),
		"npy.gz":              write(t, "a.npy.gz", gzipped(f32)),
		"npz stored":          write(t, "a.npz", zipped(t, zip.Store, "x.npy", f32)),
		"npz deflated":        write(t, "a.npz", zipped(t, zip.Deflate, "x.npy", f32)),
		"npz named":           write(t, "a.npz", zipped(t, zip.Deflate, "other.npy", npy(dict("<f4", "(1,)"), count(1)), "in.npy", f32)),
		"idx":                 write(t, "a.idx", images),
		"idx.gz":              write(t, "a-idx3-ubyte.gz", gzipped(images)),
		"bin":                 folder,
	}
	for _, d := range []struct {
		descr string
		data  any
	}{
		{"<f8", []float64{0, 1, 2, 3, 4, 5}}, {"|u1", []uint8{0, 1, 2, 3, 4, 5}}, {"|i1", []int8{0, 1, 2, 3, 4, 5}}, {"<i2", []int16{0, 1, 2, 3, 4, 5}},
		{"<u2", []uint16{0, 1, 2, 3, 4, 5}}, {"<i4", []int32{0, 1, 2, 3, 4, 5}}, {"<i8", []int64{0, 1, 2, 3, 4, 5}}, {"<u1", []uint8{0, 1, 2, 3, 4, 5}},
	} {
		p := write(t, "a.npy", npy(dict(d.descr, "(2, 3)"), d.data))
		s, err := Open(p, Options{Shape: shape})
		if err != nil {
			t.Fatalf("%s: %v", d.descr, err)
		}
		if got := all(t, s, 3); !slices.Equal(got, count(6)) {
			t.Errorf("%s: %v", d.descr, got)
		}
	}
	for name, p := range paths {
		t.Run(name, func(t *testing.T) {
			s, err := Open(p, Options{Shape: shape, Name: "in"})
			if err != nil {
				t.Fatal(err)
			}
			if s.Len() != 5 || !slices.Equal(s.Shape(), shape) {
				t.Fatalf("%d samples of %v", s.Len(), s.Shape())
			}
			for _, n := range []int{1, 2, 5, 64} {
				if got := all(t, s, n); !slices.Equal(got, count(30)) {
					t.Errorf("batches of %d: %v", n, got)
				}
			}
			for range s.Batches(2) { // a pass that is left early does not disturb the next
				break
			}
			part, err := Open(p, Options{Shape: shape, Name: "in", Skip: 2, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			if got := all(t, part, 1); !slices.Equal(got, count(30)[12:24]) {
				t.Errorf("skip 2, limit 2: %v", got)
			}
			if s, err := Open(p, Options{Shape: shape, Name: "in", Skip: 3, Limit: 100}); err != nil || s.Len() != 2 {
				t.Errorf("skip 3, limit 100: %v", err)
			}
			if _, err := Open(p, Options{Shape: shape, Name: "in", Skip: 5}); err == nil || !strings.Contains(err.Error(), "skipping 5 samples leaves none of 5") {
				t.Errorf("skip 5: %v", err)
			}
		})
	}
}

func TestValuesAreRoundedOnce(t *testing.T) {
	p := write(t, "a.npy", npy(dict("<f8", "(3, 1)"), []float64{1 + 0x1p-24 + 0x1p-50, math.Inf(1), 1e300}))
	s, err := Open(p, Options{Shape: []int{1}})
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, s, 3); got[0] != 1+0x1p-23 || !math.IsInf(float64(got[1]), 1) || !math.IsInf(float64(got[2]), 1) {
		t.Errorf("float64: %v", got)
	}
	p = write(t, "a.npy", npy(dict("<i8", "(2,)"), []int64{1<<24 + 1, math.MinInt64}))
	s, err = Open(p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, s, 3); got[0] != 1<<24 || got[1] != math.MinInt64 {
		t.Errorf("int64: %v", got)
	}
}

func TestNormalize(t *testing.T) {
	p := write(t, "a.idx", idx(8, []uint32{2, 3, 1, 2}, []byte{10, 20, 30, 40, 50, 255, 0, 1, 2, 3, 4, 5}))
	s, err := Open(p, Options{Shape: []int{3, 1, 2}, Mean: []float32{0.1, 3, 7}, Std: []float32{3, 0.7, 255}})
	if err != nil {
		t.Fatal(err)
	}
	mean, std := []float32{0.1, 3, 7}, []float32{3, 0.7, 255}
	var want []float32
	for i, v := range []float32{10, 20, 30, 40, 50, 255, 0, 1, 2, 3, 4, 5} {
		c := i / 2 % 3
		d := v - mean[c]
		want = append(want, d/std[c])
	}
	if got := all(t, s, 2); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	s, err = Open(p, Options{Shape: []int{6}, Std: []float32{255}})
	if err != nil {
		t.Fatal(err)
	}
	if got := all(t, s, 2); got[5] != 1 || got[0] != float32(10)/255 {
		t.Errorf("one std: %v", got)
	}
	for _, o := range []Options{
		{Shape: []int{6}, Mean: []float32{1, 2, 3}}, {Shape: []int{3, 1, 2}, Std: []float32{1, 2}}, {Shape: []int{6}, Std: []float32{0}},
		{Shape: []int{6}, Std: []float32{-1}}, {Shape: []int{6}, Mean: []float32{float32(math.NaN())}}, {Shape: []int{-1, 6}}, {Shape: []int{0}},
		{Shape: []int{6}, Limit: -1}, {Shape: []int{6}, Skip: -1}, {Shape: []int{1 << 30, 1 << 30, 1 << 30}},
	} {
		if _, err := Open(p, o); err == nil {
			t.Errorf("no error for %+v", o)
		}
	}
}

func TestCountSamples(t *testing.T) {
	for _, c := range []struct {
		file, sample []int
		n            int
		err          string
	}{
		{[]int{60000, 28, 28}, []int{1, 28, 28}, 60000, ""},
		{[]int{60000, 784}, []int{1, 28, 28}, 60000, ""},
		{[]int{60000, 28, 28}, []int{784}, 60000, ""},
		{[]int{60000, 1, 28, 28}, []int{28, 28}, 60000, ""},
		{[]int{1, 28, 28}, []int{1, 28, 28}, 1, ""},
		{[]int{28, 28}, []int{1, 28, 28}, 1, ""},
		{[]int{3, 32, 32}, []int{3, 32, 32}, 1, ""},
		{[]int{1, 1, 28, 28}, []int{1, 28, 28}, 1, ""},
		{[]int{5}, []int{}, 5, ""},
		{[]int{5}, []int{1}, 5, ""},
		{[]int{}, []int{}, 1, ""},
		{[]int{}, []int{1}, 1, ""},
		{[]int{28}, []int{1, 28}, 1, ""},
		{[]int{28, 28}, []int{28}, 28, ""},
		{[]int{0, 4}, []int{4}, 0, ""},
		{[]int{10, 32, 32, 3}, []int{3, 32, 32}, 0, "transpose"},
		{[]int{10, 4, 3}, []int{3, 4}, 0, "transpose"},
		{[]int{10, 28, 27}, []int{1, 28, 28}, 0, "shape (10, 28, 27), that is samples of shape (28, 27), but the input wants samples of shape (1, 28, 28)"},
		{[]int{784}, []int{1, 28, 28}, 0, "shape (784,), but the input wants samples of shape (1, 28, 28)"},
		{[]int{}, []int{3}, 0, "shape (), but the input wants samples of shape (3,)"},
	} {
		n, err := countSamples(c.file, c.sample)
		if c.err == "" && (err != nil || n != c.n) {
			t.Errorf("%v for %v: %d, %v; want %d", c.file, c.sample, n, err, c.n)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%v for %v: %d, %v; want %q", c.file, c.sample, n, err, c.err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	good := npy(dict("<f4", "(5, 6)"), count(30))
	header := len(good) - 120
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"a.npy", nil, "the file is empty"},
		{"a.npy", []byte("hello"), "neither .npy, .npz nor IDX"},
		{"a.npy", good[:header+24*3+1], "truncated: the header promises 5 samples of 24 bytes, the file ends in sample 3 (counted from 0)"},
		{"a.npy", good[:40], "the file ends in its header"},
		{"a.npy", append(slices.Clone(good), 1), "1 bytes longer"},
		{"a.npy", npy(dict(">f4", "(5, 6)"), count(30)), "big-endian float32 (>f4); save a.astype('<f4')"},
		{"a.npy", npy(strings.Replace(dict("<f4", "(5, 6)"), "False", "True", 1), count(30)), "Fortran order; save np.ascontiguousarray(a)"},
		{"a.npy", npy(dict("<f2", "(5, 6)"), count(15)), `"<f2" are not supported; save a.astype('float32')`},
		{"a.npy", npy("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (5,)}", count(5)), "structured dtype"},
		{"a.npy", npy(dict("<f4", "(2000000000, 2000000000, 2000000000)"), count(30)), "too large"},
		{"a.npy", npy(dict("<f4", "(99999999999999999999,)"), count(30)), "damaged"},
		{"a.npy", npy(dict("<f4", "(-5, 6)"), count(30)), "damaged"},
		{"a.npy", npy(dict("<f4", "(5, 7)"), count(35)), "but the input wants samples of shape (6,)"},
		{"a.npy", npy(dict("<f4", "(0, 6)"), count(0)), "no samples"},
		{"a.npy", npy("{'descr': '<f4', 'shape': (5, 6), }", count(30)), `"fortran_order" is missing`},
		{"a.npy", npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (5, 6), }", count(30)), "twice"},
		{"a.npy", []byte("\x93NUMPY\x04\x00\x10\x00"), "version 4.0"},
		{"a.npy", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), "claims 4294967295 bytes"},
		{"a.npz", zipped(t, zip.Deflate, "readme.txt", []byte("x")), "no .npy arrays"},
		{"a.npz", zipped(t, zip.Deflate, "a.npy", good, "b.npy", good), `none of the arrays "a", "b" is called "in"`},
		{"a.npz", zipped(t, zip.Deflate, "a.npy", good[:header+25]), "truncated: the header promises 5 samples"},
		{"a.npz", []byte("PK\x03\x04 and so on"), "zip"},
		{"a.idx", idx(8, []uint32{5, 6}, bytesUpTo(29)), "ends in sample 4"},
		{"a.idx", idx(8, []uint32{math.MaxUint32, math.MaxUint32, math.MaxUint32}, bytesUpTo(29)), "too large"},
		{"a.idx", []byte{0, 0, 8, 3, 0, 0}, "the file ends in its header"},
		{"a.gz", gzipped(nil), "empty"},
		{"a.gz", gzipped([]byte("something else")), "neither"},
		{"a.gz", []byte{0x1f, 0x8b, 8}, "a.gz"},
		{"a.bin", make([]byte, 6), "6 bytes, but a sample of shape (6,) in float32 has 24; it would fit uint8"},
	} {
		p := write(t, c.name, c.data)
		_, err := Open(p, Options{Shape: []int{6}, Name: "in"})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s %.40q: %v; want %q", c.name, c.data, err, c.want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.npy"), Options{}); err == nil {
		t.Error("no error for a missing file")
	}
	if _, err := Open(t.TempDir(), Options{Shape: []int{6}}); err == nil || !strings.Contains(err.Error(), "neither .bin files nor images") {
		t.Errorf("empty folder: %v", err)
	}
	if _, err := Open(write(t, "a.bin", make([]byte, 6)), Options{Shape: []int{6}, DType: "float16"}); err == nil || !strings.Contains(err.Error(), `"float16"`) {
		t.Errorf("float16: %v", err)
	}
	if s, err := Open(write(t, "a.bin", bytesUpTo(6)), Options{Shape: []int{6}, DType: "uint8"}); err != nil || !slices.Equal(all(t, s, 1), count(6)) {
		t.Errorf("uint8 .bin: %v", err)
	}
	if s, err := Open(write(t, "a.npz", zipped(t, zip.Deflate, "a.npy", good, "b.npy", npy(dict("<f4", "(6,)"), count(6)))), Options{Shape: []int{6}}); err != nil || s.Len() != 5 {
		t.Errorf("the first of several: %v", err)
	}
}

func TestDamagedPackedFiles(t *testing.T) {
	images := gzipped(idx(8, []uint32{50, 6}, bytesUpTo(300)))
	flipped := slices.Clone(images)
	flipped[len(flipped)-8] ^= 1 // the checksum
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"cut.gz", images[:len(images)-60], "truncated: the file ends in sample"},
		{"sum.gz", flipped, "checksum"},
		{"short.gz", gzipped(idx(8, []uint32{50, 6}, bytesUpTo(290))), "ends in sample 48 of 50"},
		{"long.gz", gzipped(idx(8, []uint32{50, 6}, bytesUpTo(301))), "goes on after its 50 samples"},
	} {
		s, err := Open(write(t, c.name, c.data), Options{Shape: []int{6}})
		if err == nil {
			err = passError(s)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
	}
	if s, err := Open(write(t, "short.gz", gzipped(idx(8, []uint32{50, 6}, bytesUpTo(290)))), Options{Shape: []int{6}, Skip: 49}); err != nil || passError(s) == nil {
		t.Errorf("skipping beyond the end: %v", err)
	}
}

func TestFilesThatChangeDuringUse(t *testing.T) {
	p := write(t, "a.bin", make([]byte, 24))
	s, err := Open(p, Options{Shape: []int{6}})
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(p, make([]byte, 25), 0o644)
	if err := passError(s); err == nil || !strings.Contains(err.Error(), "changed") {
		t.Error(err)
	}
	os.Remove(p)
	if passError(s) == nil {
		t.Error("no error for a file that is gone")
	}
	p = write(t, "a.npz", zipped(t, zip.Store, "a.npy", npy(dict("<f4", "(5, 6)"), count(30))))
	if s, err = Open(p, Options{Shape: []int{6}}); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(p, zipped(t, zip.Store, "b.npy", []byte{}), 0o644)
	if err := passError(s); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Error(err)
	}
}

// The memory of a pass must not grow with the file.
func TestPassIsStreaming(t *testing.T) {
	pass := func(samples int) float64 {
		p := write(t, "a.idx.gz", gzipped(idx(8, []uint32{uint32(samples), 100}, make([]byte, samples*100))))
		s, err := Open(p, Options{Shape: []int{100}})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := passError(s); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return float64(after.TotalAlloc - before.TotalAlloc)
	}
	small, large := pass(100), pass(20000)
	if large > small*1.2+1<<14 {
		t.Errorf("a pass over 100 samples allocates %.0f bytes, over 20000 %.0f", small, large)
	}
}

func TestNPYAgainstNpyio(t *testing.T) {
	for _, shape := range [][]int{{}, {7}, {2, 3}, {4, 1, 2, 3}, {0, 3}} {
		n, _ := product(shape)
		var b bytes.Buffer
		if err := WriteNPY(&b, shape, count(n)); err != nil {
			t.Fatal(err)
		}
		if at := bytes.IndexByte(b.Bytes(), '\n') + 1; at%64 != 0 {
			t.Errorf("%v: the data start at %d", shape, at)
		}
		r, err := npyio.NewReader(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float32, n)
		if n > 0 {
			if err := r.Read(&got); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(r.Header.Descr.Shape, shape) || !slices.Equal(got, count(n)) {
			t.Errorf("%v: npyio reads %v %v", shape, r.Header.Descr.Shape, got)
		}
		s, data, err := ReadNPY(write(t, "a.npy", b.Bytes()))
		if err != nil || !slices.Equal(s, shape) || !slices.Equal(data, count(n)) {
			t.Errorf("%v: ReadNPY gives %v %v %v", shape, s, data, err)
		}
	}
	var b bytes.Buffer
	if err := npyio.Write(&b, []float64{1, 2, 0.5}); err != nil {
		t.Fatal(err)
	}
	if s, data, err := ReadNPY(write(t, "a.npy", b.Bytes())); err != nil || !slices.Equal(s, []int{3}) || !slices.Equal(data, []float32{1, 2, 0.5}) {
		t.Errorf("npyio's file: %v %v %v", s, data, err)
	}
	if err := WriteNPY(&b, []int{2}, count(3)); err == nil {
		t.Error("no error for a wrong shape")
	}
	if err := WriteNPY(&b, []int{-1, -3}, count(3)); err == nil {
		t.Error("no error for a negative shape")
	}
	for _, data := range [][]byte{npy(dict("<f4", "(1000000000,)"), count(3)), npy(dict("<f4", "(2,)"), count(3)), idx(8, []uint32{2}, bytesUpTo(2)), gzipped(npy(dict("<f4", "(400000000,)"), count(3)))} {
		if _, _, err := ReadNPY(write(t, "a.npy", data)); err == nil {
			t.Errorf("no error for %.60q", data)
		}
	}
}

func TestLabels(t *testing.T) {
	want := []int{7, 2, 1, 0, 4}
	for name, data := range map[string][]byte{
		"idx":       idx(8, []uint32{5}, []byte{7, 2, 1, 0, 4}),
		"idx.gz":    gzipped(idx(8, []uint32{5}, []byte{7, 2, 1, 0, 4})),
		"i64.npy":   npy(dict("<i8", "(5,)"), []int64{7, 2, 1, 0, 4}),
		"i32.npy":   npy(dict("<i4", "(5, 1)"), []int32{7, 2, 1, 0, 4}),
		"one.npz":   zipped(t, zip.Deflate, "y.npy", npy(dict("|u1", "(5,)"), []byte{7, 2, 1, 0, 4})),
		"lines.txt": []byte("7\n2\r\n 1\n0\n4\n\n"),
	} {
		p := write(t, name, data)
		for limit, n := range map[int]int{0: 5, 3: 3, 9: 5} {
			if got, err := Labels(p, limit); err != nil || !slices.Equal(got, want[:n]) {
				t.Errorf("%s, limit %d: %v %v", name, limit, got, err)
			}
		}
	}
	for _, c := range []struct {
		data []byte
		want string
	}{
		{nil, "empty"},
		{[]byte("\n\n"), "no labels"},
		{[]byte("1\nx\n"), `y:2: "x" is not a label`},
		{[]byte("1\n-1\n"), "y:2:"},
		{[]byte("1\n\n2\n"), "y:2: a blank line"},
		{[]byte(strings.Repeat("9", 70000)), "y"},
		{npy(dict("<f4", "(5,)"), count(5)), "labels are integers, the array holds float32"},
		{npy(dict("<i4", "(1, 5)"), make([]int32, 5)), "one-dimensional"},
		{npy(dict("<i4", "()"), make([]int32, 1)), "one-dimensional"},
		{npy(dict("<i4", "(0,)"), []int32{}), "no labels"},
		{npy(dict("<i4", "(2,)"), []int32{1, -1}), "label 1 has the invalid value -1"},
		{idx(8, []uint32{5}, bytesUpTo(4)), "truncated"},
		{gzipped(idx(8, []uint32{5}, bytesUpTo(4))), "ends at label 4 of 5"},
		{gzipped(idx(8, []uint32{5}, bytesUpTo(6))), "goes on"},
		{gzipped(idx(8, []uint32{1 << 30}, bytesUpTo(6))), "ends at label 6"},
	} {
		if v, err := Labels(write(t, "y", c.data), 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.30q: %v, %v; want %q", c.data, v, err, c.want)
		}
	}
	if _, err := Labels("y", -1); err == nil {
		t.Error("no error for a negative limit")
	}
}
