package dataset

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// A file is a place that holds one array: a file, or an entry of an .npz archive.
type file struct {
	path  string
	entry string // within the archive; empty for a plain or gzipped file
	name  string // for messages
	gz    bool
	idx   bool  // IDX rather than npy
	size  int64 // unpacked; -1 when only reading tells
}

// errFormat is returned for content that is none of the formats.
var errFormat = errors.New("neither .npy, .npz nor IDX (.gz); raw arrays need the extension .bin")

// findFile tells the format of path by its content. name chooses the array of an .npz.
func findFile(path, name string) (*file, error) {
	f := &file{path: path, name: path, size: -1}
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file; samples are read more than once", path)
	}
	if info.Size() == 0 {
		return nil, fmt.Errorf("%s: the file is empty", path)
	}
	r := bufio.NewReader(in)
	magic, _ := r.Peek(6)
	if bytes.HasPrefix(magic, []byte("PK")) {
		return findEntry(path, name)
	}
	if bytes.HasPrefix(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		f.gz = true
		if magic, err = bufio.NewReader(z).Peek(6); err != nil && len(magic) == 0 {
			if ended(err) {
				err = errors.New("the unpacked file is empty or cut short")
			}
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	} else {
		f.size = info.Size()
	}
	switch {
	case bytes.HasPrefix(magic, []byte(npyMagic)):
	case isIDX(magic):
		f.idx = true
	default:
		return nil, fmt.Errorf("%s: %w", path, errFormat)
	}
	return f, nil
}

// findEntry chooses an array of an .npz: the one called name, else the only one, else, when no
// name is given, the first.
func findEntry(path, name string) (*file, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer z.Close()
	var entries []*zip.File
	var names []string
	for _, e := range z.File {
		n, ok := strings.CutSuffix(e.Name, ".npy")
		if !ok {
			continue
		}
		if name != "" && n == name {
			entries = []*zip.File{e}
			break
		}
		entries = append(entries, e)
		names = append(names, n)
	}
	switch {
	case len(entries) == 0:
		return nil, fmt.Errorf("%s: the archive holds no .npy arrays", path)
	case len(entries) > 1 && name != "":
		return nil, fmt.Errorf("%s: none of the arrays %s is called %q; rename one, or save it alone", path, list(names), name)
	}
	e := entries[0]
	f := &file{path: path, entry: e.Name, name: path + ":" + e.Name, size: -1}
	if e.UncompressedSize64 < 1<<62 {
		f.size = int64(e.UncompressedSize64)
	}
	return f, nil
}

// list quotes at most ten names.
func list(names []string) string {
	var b strings.Builder
	for i, n := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 10 {
			fmt.Fprintf(&b, "… (%d in all)", len(names))
			break
		}
		fmt.Fprintf(&b, "%q", n)
	}
	return b.String()
}

type readCloser struct {
	io.Reader
	close func() error
}

func (r readCloser) Close() error { return r.close() }

// open reads the unpacked file from offset on.
func (f *file) open(offset int64) (io.ReadCloser, error) {
	if f.entry != "" {
		return f.openEntry(offset)
	}
	in, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	if !f.gz {
		if _, err := in.Seek(offset, io.SeekStart); err != nil {
			in.Close()
			return nil, err
		}
		return in, nil
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(in, 1<<16))
	if err == nil {
		err = discard(z, offset)
	}
	if err != nil {
		in.Close()
		return nil, err
	}
	return readCloser{z, in.Close}, nil
}

func (f *file) openEntry(offset int64) (io.ReadCloser, error) {
	z, err := zip.OpenReader(f.path)
	if err != nil {
		return nil, err
	}
	for _, e := range z.File {
		if e.Name != f.entry {
			continue
		}
		r, err := e.Open()
		if err == nil {
			err = discard(r, offset)
		}
		if err != nil {
			z.Close()
			return nil, err
		}
		return readCloser{r, func() error { return errors.Join(r.Close(), z.Close()) }}, nil
	}
	z.Close()
	return nil, errors.New("the array is gone from the archive")
}

func discard(r io.Reader, n int64) error {
	_, err := io.CopyN(io.Discard, r, n)
	return err
}

// header reads what the file says about its array.
func (f *file) header() (*array, error) {
	in, err := f.open(0)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if f.idx {
		return readIDXHeader(in)
	}
	return readNPYHeader(in)
}

// checkSize compares a known size with what a header promises.
func (f *file) checkSize(a *array, samples int) error {
	want, err := a.bytes()
	if err != nil {
		return err
	}
	have := max(0, f.size-a.start)
	switch {
	case f.size < 0 || have == want:
		return nil
	case have < want:
		return fmt.Errorf("truncated: the header promises %d samples of %d bytes, the file ends in sample %d (counted from 0)",
			samples, want/int64(samples), have/(want/int64(samples)))
	}
	return fmt.Errorf("the file is %d bytes longer than its header says (shape %s of %s)", have-want, shapeString(a.shape), a.dtype.name)
}
