package dataset

import (
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// rawFiles are .bin files of one sample each, as AMCT's command line reads them.
type rawFiles struct {
	settings
	dtype dtype
	paths []string
}

// openRaw takes the .bin file, or the .bin files of the folder path in ascending order of name.
// Other files of the folder are not looked at.
func openRaw(path string, info fs.FileInfo, opt Options) (Source, error) {
	if opt.DType == "" && opt.Bytes {
		opt.DType = "uint8"
	}
	d, err := rawDType(opt.DType)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &rawFiles{settings: opt.settings(), dtype: d, paths: []string{path}}
	if info.IsDir() {
		s.paths = nil
		entries, err := os.ReadDir(path) // sorted by name
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if strings.EqualFold(filepath.Ext(e.Name()), ".bin") && !e.IsDir() {
				s.paths = append(s.paths, filepath.Join(path, e.Name()))
			}
		}
		if len(s.paths) == 0 {
			return nil, fmt.Errorf("%s: the folder holds neither .bin files nor images (%s)", path, list(imageTypes))
		}
	}
	n, err := opt.take(len(s.paths))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.paths = s.paths[opt.Skip : opt.Skip+n]
	for _, p := range s.paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s: not a regular file", p)
		}
		if err := s.checkSize(p, info.Size()); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *rawFiles) checkSize(path string, size int64) error {
	want := int64(s.count) * int64(s.dtype.size)
	if size == want {
		return nil
	}
	hint := ""
	for _, d := range dtypes {
		if size == int64(s.count)*int64(d.size) {
			hint = fmt.Sprintf("; it would fit %s", d.name)
			break
		}
	}
	return fmt.Errorf("%s: %d bytes, but a sample of shape %s in %s has %d%s", path, size, shapeString(s.shape), s.dtype.name, want, hint)
}

func (s *rawFiles) Len() int { return len(s.paths) }

func (s *rawFiles) Batches(n int) iter.Seq2[Batch, error] {
	if n <= 0 {
		panic("dataset: batch size must be positive")
	}
	return func(yield func(Batch, error) bool) {
		raw := make([]byte, s.count*s.dtype.size+1)
		data := make([]float32, min(n, len(s.paths))*s.count)
		for done := 0; done < len(s.paths); {
			k := min(n, len(s.paths)-done)
			for i := range k {
				x := data[i*s.count : (i+1)*s.count]
				if err := s.read(s.paths[done+i], x, raw); err != nil {
					yield(Batch{}, err)
					return
				}
			}
			done += k
			if !yield(Batch{data[:k*s.count], k}, nil) {
				return
			}
		}
	}
}

// read converts one file. raw has room for a byte more than a sample, to see a file that grew.
func (s *rawFiles) read(path string, to []float32, raw []byte) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.ReadFull(f, raw)
	if err != nil && !ended(err) {
		return fmt.Errorf("%s: %w", path, err)
	}
	if n != len(raw)-1 {
		return fmt.Errorf("%s: the file changed its size while it was in use", path)
	}
	s.dtype.put(to, raw, binary.LittleEndian)
	s.normalize(to)
	return nil
}
