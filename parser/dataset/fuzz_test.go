package dataset

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func FuzzNPYHeader(f *testing.F) {
	f.Add(npy(dict("<f4", "(5, 6)"), count(30)))
	f.Add(npy("{\"shape\":(5L,6L),'descr':'|i1','fortran_order':True}", bytesUpTo(30)))
	f.Add([]byte("\x93NUMPY\x03\x00\x02\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := readNPYHeader(bytes.NewReader(data))
		checkHeader(t, a, err, len(data))
	})
}

func FuzzIDXHeader(f *testing.F) {
	f.Add(idx(8, []uint32{5, 2, 3}, bytesUpTo(30)))
	f.Add(idx(14, []uint32{1 << 31, 1 << 31}, bytesUpTo(30)))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := readIDXHeader(bytes.NewReader(data))
		checkHeader(t, a, err, len(data))
	})
}

func checkHeader(t *testing.T, a *array, err error, size int) {
	if err != nil {
		return
	}
	n, err := a.bytes()
	if err != nil || n < 0 || a.start < 4 || a.start > int64(size) || a.dtype.put == nil || len(a.shape) > maxRank {
		t.Errorf("accepted a header that promises %d bytes from %d: %+v, %v", n, a.start, a, err)
	}
}

// FuzzOpen takes whole files of any format and passes over them.
func FuzzOpen(f *testing.F) {
	f.Add(npy(dict("<f4", "(5, 6)"), count(30)))
	f.Add(idx(8, []uint32{5, 2, 3}, bytesUpTo(30)))
	f.Add(gzipped(idx(8, []uint32{5, 2, 3}, bytesUpTo(30))))
	f.Add(zipped(f, zip.Deflate, "x.npy", npy(dict("<i4", "(5, 6)"), make([]int32, 30))))
	f.Add([]byte("1\n2\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		p := filepath.Join(dir, "data")
		if err := os.WriteFile(p, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(p, Options{Shape: []int{6}, Limit: 100}); err == nil {
			n := 0
			for b, err := range s.Batches(4) {
				if err != nil {
					n = s.Len()
					break
				}
				n += b.N
			}
			if n != s.Len() || n == 0 {
				t.Errorf("%d of %d samples", n, s.Len())
			}
		}
		ReadNPY(p)
		Labels(p, 100)
	})
}
