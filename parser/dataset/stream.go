package dataset

import (
	"bufio"
	"fmt"
	"io"
	"iter"
)

// A stream is samples that follow each other in one array of one file.
type stream struct {
	settings
	file  *file
	array *array
	total int // samples in the file
	n     int // samples taken, after settings.skip
}

func (s *stream) Len() int { return s.n }

func (s *stream) Batches(n int) iter.Seq2[Batch, error] {
	if n <= 0 {
		panic("dataset: batch size must be positive")
	}
	return func(yield func(Batch, error) bool) {
		size := s.count * s.array.dtype.size
		r, err := s.file.open(s.array.start + int64(s.skip)*int64(size))
		if err != nil {
			yield(Batch{}, s.failed(s.skip, err))
			return
		}
		defer r.Close()
		in := bufio.NewReaderSize(r, 1<<16)
		raw := make([]byte, size)
		data := make([]float32, min(n, s.n)*s.count)
		for done := 0; done < s.n; {
			k := min(n, s.n-done)
			for i := range k {
				if _, err := io.ReadFull(in, raw); err != nil {
					yield(Batch{}, s.failed(s.skip+done+i, err))
					return
				}
				x := data[i*s.count : (i+1)*s.count]
				s.array.dtype.put(x, raw, s.array.order)
				s.normalize(x)
			}
			done += k
			if done == s.n {
				if err := s.atEnd(in); err != nil {
					yield(Batch{}, err)
					return
				}
			}
			if !yield(Batch{data[:k*s.count], k}, nil) {
				return
			}
		}
	}
}

func (s *stream) failed(sample int, err error) error {
	if ended(err) {
		return fmt.Errorf("%s: truncated: the file ends in sample %d of %d (counted from 0)", s.file.name, sample, s.total)
	}
	return fmt.Errorf("%s: sample %d: %w", s.file.name, sample, err)
}

// atEnd checks that a pass which took the last sample has read the whole file; this also makes a
// packed file compare its checksum.
func (s *stream) atEnd(in *bufio.Reader) error {
	if s.skip+s.n < s.total {
		return nil
	}
	switch _, err := in.ReadByte(); {
	case err == io.EOF:
		return nil
	case err != nil:
		return fmt.Errorf("%s: after the last sample: %w", s.file.name, err)
	}
	return fmt.Errorf("%s: the file goes on after its %d samples", s.file.name, s.total)
}
