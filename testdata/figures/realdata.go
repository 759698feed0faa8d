package main

import (
	"encoding/binary"
	"fmt"
	"image"
	_ "image/jpeg" // photographs
	_ "image/png"
	"iter"
	"math"
	"os"

	"github.com/amctc/amctc/ir/tensor"
)

// samples are inputs in memory, one call each.
type samples [][]*tensor.Tensor

func (s samples) Samples() int { return len(s) }

func (s samples) Batches() iter.Seq2[[]*tensor.Tensor, error] {
	return func(yield func([]*tensor.Tensor, error) bool) {
		for _, in := range s {
			if !yield(in, nil) {
				return
			}
		}
	}
}

// The photographs, by what they are for.
var (
	calibrationPhotos = []string{"coffee.png", "eagle.jpg", "giraffe.jpg", "horses.jpg", "ihc.png", "kite.jpg", "motorcycle_left.png", "person.jpg", "rocket.jpg"}
	testPhotos        = []string{"astronaut.png", "chelsea.png", "dog.jpg", "retina.jpg", "scream.jpg"}
)

// A picture says how a network takes images: the size, the layout, gray or colours, and the numbers of black and
// white.
type picture struct {
	size         int
	channelsLast bool
	gray         bool
	black, white float32
}

// photos cuts eight squares out of every photograph, of the whole height or width and of three fifths of it.
func (p picture) photos(b *bench, names []string) (samples, error) {
	var out samples
	for _, name := range names {
		path, err := b.data("real/photos/"+name, "real")
		if err != nil {
			return nil, err
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		img, _, err := image.Decode(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		box := img.Bounds()
		side := min(box.Dx(), box.Dy())
		for _, cut := range [][3]int{{5, 0, 0}, {5, 1, 1}, {5, 2, 2}, {3, 0, 0}, {3, 0, 2}, {3, 1, 1}, {3, 2, 0}, {3, 2, 2}} {
			n := side * cut[0] / 5
			x, y := box.Min.X+(box.Dx()-n)*cut[1]/2, box.Min.Y+(box.Dy()-n)*cut[2]/2
			out = append(out, []*tensor.Tensor{p.cut(img, image.Rect(x, y, x+n, y+n))})
		}
	}
	return out, nil
}

// cut brings a square of an image to the network's size: every pixel is the mean of those that it covers.
func (p picture) cut(img image.Image, box image.Rectangle) *tensor.Tensor {
	c := 3
	if p.gray {
		c = 1
	}
	t := tensor.New(tensor.F32, 1, c, p.size, p.size)
	if p.channelsLast {
		t = tensor.New(tensor.F32, 1, p.size, p.size, c)
	}
	n := box.Dx()
	for y := range p.size {
		for x := range p.size {
			var sum [3]float64
			y0, x0 := y*n/p.size, x*n/p.size
			y1, x1 := max(y0+1, (y+1)*n/p.size), max(x0+1, (x+1)*n/p.size)
			for v := y0; v < y1; v++ {
				for u := x0; u < x1; u++ {
					r, g, b, _ := img.At(box.Min.X+u, box.Min.Y+v).RGBA()
					for k, s := range [3]uint32{r, g, b} {
						sum[k] += float64(s) / 65535
					}
				}
			}
			for k := range sum {
				sum[k] /= float64((y1 - y0) * (x1 - x0))
			}
			if p.gray {
				sum[0] = 0.2989*sum[0] + 0.587*sum[1] + 0.114*sum[2]
			}
			for k := range c {
				at := (k*p.size+y)*p.size + x
				if p.channelsLast {
					at = (y*p.size+x)*c + k
				}
				t.F32[at] = p.black + float32(float64(p.white-p.black)*sum[k])
			}
		}
	}
	return t
}

// speech is a sentence at 16 kHz, with half a second of silence before and after.
func speech(b *bench, name string) ([]float32, error) {
	path, err := b.data("real/speech/"+name, "real")
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rate, sound, err := readWAV(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	silence := make([]float32, 8000)
	return append(append(append([]float32{}, silence...), resample(sound, rate, 16000)...), silence...), nil
}

// readWAV reads one channel of 16-bit samples.
func readWAV(raw []byte) (rate int, sound []float32, err error) {
	le := binary.LittleEndian
	if len(raw) < 44 || string(raw[:4]) != "RIFF" || string(raw[8:16]) != "WAVEfmt " || le.Uint16(raw[20:]) != 1 || le.Uint16(raw[22:]) != 1 || le.Uint16(raw[34:]) != 16 {
		return 0, nil, fmt.Errorf("want a WAV file of one channel with 16 bits")
	}
	for i := 44; i+1 < len(raw); i += 2 {
		sound = append(sound, float32(int16(le.Uint16(raw[i:])))/32768)
	}
	return int(le.Uint32(raw[24:])), sound, nil
}

// resample changes the rate with a windowed sinc of sixteen zero crossings on each side, whose band is that of the
// lower rate.
func resample(in []float32, from, to int) []float32 {
	const zeros = 16
	ratio := float64(from) / float64(to)
	band := min(1, 1/ratio)
	half := zeros / band
	out := make([]float32, int(float64(len(in))/ratio))
	for i := range out {
		at, sum := float64(i)*ratio, 0.0
		for k := int(math.Ceil(at - half)); float64(k) <= at+half; k++ {
			if k < 0 || k >= len(in) {
				continue
			}
			d := at - float64(k)
			w := band
			if d != 0 {
				w = math.Sin(math.Pi*d*band) / (math.Pi * d)
			}
			sum += float64(in[k]) * w * (0.5 + 0.5*math.Cos(math.Pi*d/half))
		}
		out[i] = float32(sum)
	}
	return out
}
