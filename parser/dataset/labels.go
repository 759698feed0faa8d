package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// Labels reads class indices: a one-dimensional IDX (.gz) or .npy array of integers, the only one
// of an .npz, or text with one integer a line. At most limit are read; 0 is all. Negative labels
// are an error.
func Labels(path string, limit int) ([]int, error) {
	if limit < 0 {
		return nil, fmt.Errorf("%s: the limit must not be negative", path)
	}
	f, err := findFile(path, "")
	if errors.Is(err, errFormat) {
		return textLabels(path, limit)
	}
	if err != nil {
		return nil, err
	}
	v, err := f.labels(limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return v, nil
}

func (f *file) labels(limit int) ([]int, error) {
	a, err := f.header()
	if err != nil {
		return nil, err
	}
	if len(a.shape) == 0 || len(wide(a.shape[1:])) > 0 {
		return nil, fmt.Errorf("labels are one-dimensional, the array has shape %s", shapeString(a.shape))
	}
	if a.dtype.integer == nil {
		return nil, fmt.Errorf("labels are integers, the array holds %s", a.dtype.name)
	}
	total := a.shape[0]
	if n, _ := product(a.shape); n == 0 {
		return nil, errors.New("no labels")
	}
	if err := f.checkSize(a, total); err != nil {
		return nil, err
	}
	if limit == 0 || limit > total {
		limit = total
	}
	in, err := f.open(a.start)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r := bufio.NewReaderSize(in, 1<<16)
	raw := make([]byte, a.dtype.size)
	var out []int // grows with what is there
	for i := range limit {
		if _, err := io.ReadFull(r, raw); err != nil {
			if ended(err) {
				return nil, fmt.Errorf("truncated: the file ends at label %d of %d (counted from 0)", i, total)
			}
			return nil, fmt.Errorf("label %d: %w", i, err)
		}
		v := a.dtype.integer(raw, a.order)
		if v < 0 || int64(int(v)) != v {
			return nil, fmt.Errorf("label %d has the invalid value %d", i, v)
		}
		out = append(out, int(v))
	}
	if limit == total {
		if _, err := r.ReadByte(); err != io.EOF {
			if err == nil {
				err = fmt.Errorf("the file goes on after its %d labels", total)
			}
			return nil, err
		}
	}
	return out, nil
}

func textLabels(path string, limit int) ([]int, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []int
	s := bufio.NewScanner(f)
	blank := 0
	for line := 1; s.Scan() && (limit == 0 || len(out) < limit); line++ {
		text := strings.TrimSpace(s.Text())
		if text == "" {
			blank++
			continue
		}
		if blank > 0 {
			return nil, fmt.Errorf("%s:%d: a blank line between labels", path, line-1)
		}
		v, err := strconv.Atoi(text)
		if err != nil || v < 0 {
			return nil, fmt.Errorf("%s:%d: %s is not a label; text files hold one class index a line", path, line, clip(text))
		}
		out = append(out, v)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no labels", path)
	}
	return out, nil
}

// clip quotes text for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 20 {
		s = string(r[:20]) + "…"
	}
	return strconv.Quote(s)
}
