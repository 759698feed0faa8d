package dataset

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // decoders
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxPixels bounds the size of an image, whose compressed file says little of it.
const maxPixels = 1 << 26

// imageTypes are the names of files that are taken for images.
var imageTypes = []string{".gif", ".jpeg", ".jpg", ".png"}

// imageFiles are PNG, JPEG and GIF files, each one sample of [channels, height, width] with elements from 0 to
// 255: one channel is the luminance, three are red, green and blue. What is transparent is over black.
type imageFiles struct {
	settings
	paths   []string
	labels  []int // by file; nil when the folder has no classes
	resize  string
	c, h, w int
	last    bool // channels last
	reverse bool // blue, green, red
	round   bool // to whole numbers
}

// The ways to bring an image to the size of a sample.
const (
	// Stretch scales both sides, bilinearly between the centres of pixels.
	Stretch = "stretch"
	// Crop scales both sides alike, so that the image covers the sample, and takes the middle.
	Crop = "crop"
)

// hasImages says whether a folder holds images, or folders with images, or cannot be read.
func hasImages(path string) bool {
	paths, _, err := imagePaths(path)
	return err != nil || len(paths) > 0
}

// imagePaths are the images of a folder in ascending order of name; or with folders in it, one for each
// class in ascending order of name, the first image of every class, then the second ones, so that the first
// samples are of all classes.
func imagePaths(path string) (paths []string, labels []int, err error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, nil, err
	}
	take := func(dir string, entries []fs.DirEntry) {
		for _, e := range entries {
			if !e.IsDir() && slices.Contains(imageTypes, strings.ToLower(filepath.Ext(e.Name()))) {
				paths = append(paths, filepath.Join(dir, e.Name()))
			}
		}
	}
	take(path, entries)
	flat := len(paths)
	var classes [][]string
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		dir := filepath.Join(path, e.Name())
		inner, err := os.ReadDir(dir)
		if err != nil {
			return nil, nil, err
		}
		take(dir, inner)
		if len(paths) == flat {
			continue
		}
		if flat > 0 {
			return nil, nil, fmt.Errorf("%s holds images, and so does its folder %s: want images, or one folder for each class", path, e.Name())
		}
		classes = append(classes, paths)
		paths = nil
	}
	for i, more := 0, true; more; i++ {
		more = false
		for c, of := range classes {
			if i < len(of) {
				paths, labels, more = append(paths, of[i]), append(labels, c), true
			}
		}
	}
	return paths, labels, nil
}

// FolderLabels are the classes of the images in a folder that has one folder for each class: the places of
// their folders in ascending order of name. They are in the order of the samples, which takes an image of
// every class in turn. A folder without classes has none.
func FolderLabels(path string) ([]int, error) {
	_, labels, err := imagePaths(path)
	return labels, err
}

func openImages(path string, opt Options) (Source, error) {
	var dims [3]int // channels, height, width
	if len(opt.Shape) == 3 {
		dims = [3]int(opt.Shape)
		if opt.ChannelsLast {
			dims = [3]int{dims[2], dims[0], dims[1]}
		}
	}
	if dims[0] != 1 && dims[0] != 3 {
		return nil, fmt.Errorf("%s: images are samples of 1 or 3 channels, height and width; the network wants %s", path, shapeString(opt.Shape))
	}
	if opt.Resize != "" && opt.Resize != Stretch && opt.Resize != Crop {
		return nil, fmt.Errorf("there is no resizing %q: want %s or %s", opt.Resize, Stretch, Crop)
	}
	paths, labels, err := imagePaths(path)
	if err != nil {
		return nil, err
	}
	n, err := opt.take(len(paths))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := &imageFiles{settings: opt.settings(), paths: paths[opt.Skip : opt.Skip+n], labels: labels, resize: opt.Resize,
		c: dims[0], h: dims[1], w: dims[2], last: opt.ChannelsLast, reverse: opt.Reverse, round: opt.Bytes}
	for _, p := range s.paths {
		if err := s.check(p); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// check reads an image's header.
func (s *imageFiles) check(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	c, _, err := image.DecodeConfig(f)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height:
		return fmt.Errorf("%s: %d x %d pixels; an image has at most %d", path, c.Width, c.Height, maxPixels)
	case s.resize == "" && (c.Height != s.h || c.Width != s.w):
		return fmt.Errorf("%s: %d x %d pixels, but the network wants %d x %d; choose a way to resize, %s or %s", path, c.Width, c.Height, s.w, s.h, Stretch, Crop)
	}
	return nil
}

func (s *imageFiles) Len() int { return len(s.paths) }

func (s *imageFiles) Batches(n int) iter.Seq2[Batch, error] {
	if n <= 0 {
		panic("dataset: batch size must be positive")
	}
	return func(yield func(Batch, error) bool) {
		data := make([]float32, min(n, len(s.paths))*s.count)
		for done := 0; done < len(s.paths); {
			k := min(n, len(s.paths)-done)
			for i := range k {
				x := data[i*s.count : (i+1)*s.count]
				if err := s.read(s.paths[done+i], x); err != nil {
					yield(Batch{}, err)
					return
				}
				s.normalize(x)
			}
			done += k
			if !yield(Batch{data[:k*s.count], k}, nil) {
				return
			}
		}
	}
}

func (s *imageFiles) read(path string, to []float32) error {
	if err := s.check(path); err != nil { // it may have changed
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	b := img.Bounds()
	if b.Dx()*b.Dy() == 0 {
		return fmt.Errorf("%s: %w", path, errors.New("the image is empty"))
	}
	planes := channels(img, s.c)
	if b.Dx() != s.w || b.Dy() != s.h {
		sized := make([]float32, len(to))
		for p := range s.c {
			scale(sized[p*s.h*s.w:(p+1)*s.h*s.w], planes[p*b.Dx()*b.Dy():(p+1)*b.Dx()*b.Dy()], s.h, s.w, b.Dy(), b.Dx(), s.resize == Crop)
		}
		planes = sized
	}
	s.arrange(to, planes)
	return nil
}

// arrange puts planes of red, green and blue into the order of the sample.
func (s *imageFiles) arrange(to, planes []float32) {
	size := s.h * s.w
	for p := range s.c {
		from := planes[p*size : (p+1)*size]
		if s.round {
			for i, v := range from {
				from[i] = float32(math.RoundToEven(float64(v)))
			}
		}
		at := p
		if s.reverse {
			at = s.c - 1 - p
		}
		if !s.last {
			copy(to[at*size:], from)
			continue
		}
		for i, v := range from {
			to[i*s.c+at] = v
		}
	}
}

// channels are the c planes of an image.
func channels(img image.Image, c int) []float32 {
	b := img.Bounds()
	out := make([]float32, 0, c*b.Dx()*b.Dy())
	for p := range c {
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				at := img.At(x, y)
				if c == 1 {
					out = append(out, float32(color.GrayModel.Convert(at).(color.Gray).Y))
					continue
				}
				r, g, b, _ := at.RGBA()
				out = append(out, float32([3]uint32{r, g, b}[p]>>8))
			}
		}
	}
	return out
}

// scale fills dst [h][w] from src [sh][sw], bilinearly in float64; elements beyond an edge are those at it.
func scale(dst, src []float32, h, w, sh, sw int, crop bool) {
	fy, fx := float64(sh)/float64(h), float64(sw)/float64(w)
	oy, ox := 0.0, 0.0
	if crop {
		f := min(fy, fx)
		oy, ox = (float64(sh)-float64(f*float64(h)))/2, (float64(sw)-float64(f*float64(w)))/2
		fy, fx = f, f
	}
	for y := range h {
		y0, ty := between(oy+float64((float64(y)+0.5)*fy)-0.5, sh)
		y1 := min(y0+1, sh-1)
		for x := range w {
			x0, tx := between(ox+float64((float64(x)+0.5)*fx)-0.5, sw)
			x1 := min(x0+1, sw-1)
			top := float64((1-tx)*float64(src[y0*sw+x0])) + float64(tx*float64(src[y0*sw+x1]))
			bottom := float64((1-tx)*float64(src[y1*sw+x0])) + float64(tx*float64(src[y1*sw+x1]))
			dst[y*w+x] = float32(float64((1-ty)*top) + float64(ty*bottom))
		}
	}
}

// between is the element before a place, and how far behind it the place is.
func between(at float64, n int) (int, float64) {
	at = min(max(at, 0), float64(n-1))
	i := int(at)
	return i, at - float64(i)
}
