package dataset

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Open finds the samples of path: an .npy, .npz or IDX file (gzipped or not, told by content), a
// raw .bin file, a folder of .bin files in ascending order of name, each of which is one sample, or a folder
// of images, or of one folder of images for each class.
//
// A file whose samples have as many elements as Options.Shape is taken (28×28 for 1×28×28, or 784);
// a file of exactly that shape is one sample. Open reads the header only; what it can tell from the
// size of the file it checks, and a damaged packed file shows during a pass.
func Open(path string, opt Options) (Source, error) {
	if err := opt.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() && hasImages(path) {
		return openImages(path, opt)
	}
	if info.IsDir() || strings.EqualFold(filepath.Ext(path), ".bin") {
		return openRaw(path, info, opt)
	}
	f, err := findFile(path, opt.Name)
	if err != nil {
		return nil, err
	}
	a, err := f.header()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	total, err := countSamples(a.shape, opt.Shape)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	if total == 0 {
		return nil, fmt.Errorf("%s: no samples: the array has shape %s", f.name, shapeString(a.shape))
	}
	s := &stream{settings: opt.settings(), file: f, array: a, total: total}
	if err := f.checkSize(a, total); err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	if s.n, err = opt.take(total); err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return s, nil
}

func (o *Options) check() error {
	for _, d := range o.Shape {
		if d <= 0 {
			return fmt.Errorf("samples of shape %s: every dimension must be known", shapeString(o.Shape))
		}
	}
	if n, ok := product(o.Shape); !ok || n > math.MaxInt/8 {
		return fmt.Errorf("samples of shape %s are too large", shapeString(o.Shape))
	}
	if o.Skip < 0 || o.Limit < 0 {
		return errors.New("skip and limit must not be negative")
	}
	if err := checkNumbers(o.channels(), o.Mean, o.Std); err != nil {
		return fmt.Errorf("samples of shape %s: %w", shapeString(o.Shape), err)
	}
	return nil
}

func checkNumbers(channels int, mean, std []float32) error {
	for _, v := range []struct {
		name string
		v    []float32
	}{{"mean", mean}, {"std", std}} {
		if len(v.v) > 1 && len(v.v) != channels {
			return fmt.Errorf("%s has %d values for %d channels", v.name, len(v.v), channels)
		}
		for _, x := range v.v {
			if f := float64(x); math.IsNaN(f) || math.IsInf(f, 0) || v.name == "std" && x <= 0 {
				return fmt.Errorf("%s has the invalid value %v", v.name, x)
			}
		}
	}
	return nil
}

func (o *Options) channels() int {
	if len(o.Shape) == 3 {
		return o.Shape[0]
	}
	return 1
}

// take is how many of total samples Skip and Limit leave.
func (o *Options) take(total int) (int, error) {
	n := total - o.Skip
	if n <= 0 {
		return 0, fmt.Errorf("skipping %d samples leaves none of %d", o.Skip, total)
	}
	if o.Limit > 0 {
		n = min(n, o.Limit)
	}
	return n, nil
}

// settings is what every kind of source needs from Options.
type settings struct {
	shape     []int
	count     int // elements of a sample
	skip      int
	channels  int
	mean, std []float32
}

func (o *Options) settings() settings {
	n, _ := product(o.Shape)
	return settings{slices.Clone(o.Shape), n, o.Skip, o.channels(), slices.Clone(o.Mean), slices.Clone(o.Std)}
}

func (s *settings) Shape() []int { return slices.Clone(s.shape) }

// normalize applies (x-mean)/std to one sample.
func (s *settings) normalize(x []float32) { normalize(x, s.channels, s.mean, s.std) }

// Normalize applies (x-mean)/std, two float32 operations, to x, which has as many elements of each channel, one channel after
// another. mean and std hold a number for each channel, or one for all, or none, which leaves their operation out.
func Normalize(x []float32, channels int, mean, std []float32) error {
	if err := checkNumbers(channels, mean, std); err != nil {
		return err
	}
	normalize(x, channels, mean, std)
	return nil
}

func normalize(x []float32, channels int, mean, std []float32) {
	if len(mean) == 0 && len(std) == 0 {
		return
	}
	per := len(x) / channels
	for c := range channels {
		x := x[c*per : (c+1)*per]
		if m, ok := at(mean, c); ok {
			for i := range x {
				x[i] = float32(x[i] - m)
			}
		}
		if d, ok := at(std, c); ok {
			for i := range x {
				x[i] = float32(x[i] / d)
			}
		}
	}
}

func at(v []float32, c int) (float32, bool) {
	switch len(v) {
	case 0:
		return 0, false
	case 1:
		return v[0], true
	}
	return v[c], true
}

// ended says whether an error is the end of the file.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
