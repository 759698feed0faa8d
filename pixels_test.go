package amctc_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/ir"
	"github.com/amctc/amctc/ir/interp"
	"github.com/amctc/amctc/ir/op"
	"github.com/amctc/amctc/ir/tensor"
	amir "github.com/amctc/amctc/parser"
)

// colourText has a convolution of an image, whose input is also returned in float: it is wanted as codes and as numbers.
const colourText = `amir 1

const @w : tensor<2x3x3x3xf32> = [0.25, -0.5, 0.125, 0.75, 1, -0.25, -0.125, 0.5, 0.0625, 0.5, 0.25, -0.125, -0.25, 0.75, 0.5, 0.125, -0.375, 0.25, 1, -0.5, 0.25, 0.5, -1, 0.75, 0.125, 0.5, -0.75, 0.25, -0.5, 0.125, 0.75, 1, -0.25, -0.125, 0.5, 0.0625, 0.5, 0.25, -0.125, -0.25, 0.75, 0.5, 0.125, -0.375, 0.25, 1, -0.5, 0.25, 0.5, -1, 0.75, 0.125, 0.5, -0.75]
const @b : tensor<2xf32> = [0.1, -0.05]

func @main(%x: tensor<?x3x5x4xf32>) -> (tensor<?x2x5x4xf32>, tensor<?x3x5x4xf32>) attributes {stage = float} {
  %y = nn.conv2d %x, @w, @b {pad = [1, 1, 1, 1]} : tensor<?x2x5x4xf32> loc("conv")
  %z = nn.relu %x : tensor<?x3x5x4xf32> loc("relu")
  return %y, %z
}
`

func colour(t *testing.T) *ir.Module {
	t.Helper()
	m, l := amir.Parse("colour.amir", []byte(colourText))
	if err := l.Err(); err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	colourMean = []float32{123.7, 116.3, 103.5}
	colourStd  = []float32{58.4, 57.1, 57.4}
)

// pixelsOf are n images of 5x4 as bytes, and the numbers that the network with float input reads of them.
func pixelsOf(n int, in amctc.PixelInput) (pixels, numbers samples) {
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		shape := []int{1, 3, 5, 4}
		if in.Layout == op.NHWC {
			shape = []int{1, 5, 4, 3}
		}
		p, x := tensor.New(tensor.U8, shape...), tensor.New(tensor.F32, 1, 3, 5, 4)
		for i := range p.I64 {
			p.I64[i] = int64(r.IntN(256))
		}
		for c := range 3 {
			from := c
			if in.Reverse {
				from = 2 - c
			}
			for i := range 20 {
				at := from*20 + i
				if in.Layout == op.NHWC {
					at = i*3 + from
				}
				v := float32(float32(p.I64[at]) - in.Mean[c])
				x.F32[c*20+i] = float32(v / in.Std[c])
			}
		}
		pixels, numbers = append(pixels, []*tensor.Tensor{p}), append(numbers, []*tensor.Tensor{x})
	}
	return pixels, numbers
}

// TestPixelsAreNumbers holds that a network of pixels gives the bits of the network of numbers, float and integer, in every
// layout and order of channels, with the same record; and that all engines agree on it.
func TestPixelsAreNumbers(t *testing.T) {
	for _, in := range []amctc.PixelInput{
		{colourMean, colourStd, op.NHWC, false}, {colourMean, colourStd, op.NHWC, true}, {colourMean, colourStd, op.NCHW, false}, {colourMean, colourStd, op.NCHW, true},
	} {
		pixels, numbers := pixelsOf(16, in)
		quantize := func(m *ir.Module, data samples) (*ir.Module, []byte) {
			t.Helper()
			c := amctc.NewContext(context.Background())
			float, err := amctc.Prepare(c, m)
			if err != nil {
				t.Fatal(err)
			}
			fitted, err := amctc.Calibrate(c, float, data)
			if err != nil {
				t.Fatal(err)
			}
			q, err := amctc.Quantize(c, fitted, amctc.DefaultTarget)
			if err != nil {
				t.Fatal(err)
			}
			return q, amctc.ToRecord(c.Factors).Format()
		}
		m := colour(t)
		if err := amctc.TakePixels(m, in); err != nil {
			t.Fatal(err)
		}
		q, record := quantize(m, pixels)
		plain, want := quantize(colour(t), numbers)
		if !bytes.Equal(record, want) {
			t.Errorf("%v: the record is\n%s\nnot\n%s", in, record, want)
		}
		for _, pair := range [][2]*ir.Module{{m, colour(t)}, {q, plain}} {
			for i := range pixels {
				a, err := interp.Run(context.Background(), pair[0].Main(), pixels[i], nil)
				if err != nil {
					t.Fatal(err)
				}
				b, err := interp.Run(context.Background(), pair[1].Main(), numbers[i], nil)
				if err != nil {
					t.Fatal(err)
				}
				for k := range a {
					if !a[k].Equal(b[k]) {
						t.Fatalf("%v: output %d of image %d differs", in, k, i)
					}
				}
			}
		}
		if text := ir.Print(q); strings.Contains(text, "q.quantize") || strings.Count(text, "nn.pixels") != 2 {
			t.Errorf("want one look-up of codes and one of numbers:\n%s", text)
		}
		r, _, err := amctc.Verify(context.Background(), q, pixels[:3], amctc.VerifyOptions{Targets: []string{"ascend910b3", "ascend310p3"}, NoGo: in.Reverse != (in.Layout == op.NHWC)})
		if err != nil {
			t.Fatal(err)
		}
		if !r.OK() || len(r.NotCompared) > 0 {
			t.Errorf("%v: %s; %v", in, r.Line(), r.First)
		}
	}
}

// TestPixelTables holds that entry p of a row is (p-mean)/std.
func TestPixelTables(t *testing.T) {
	m := colour(t)
	if err := amctc.TakePixels(m, amctc.PixelInput{Mean: colourMean, Std: []float32{58}, Layout: op.NCHW}); err != nil {
		t.Fatal(err)
	}
	table := m.Main().Nodes[0].Operands[1].Const.Data
	for c, mean := range colourMean {
		for p := range 256 {
			if got, want := table.F32[c*256+p], float32(float32(float32(p)-mean)/58); got != want {
				t.Fatalf("channel %d, pixel %d: %v, want %v", c, p, got, want)
			}
		}
	}
}

// TestPixelsRefused holds that means that do not fit, and inputs that are no images, are refused.
func TestPixelsRefused(t *testing.T) {
	for _, c := range []struct {
		in   amctc.PixelInput
		want string
	}{
		{amctc.PixelInput{Mean: []float32{1, 2}, Layout: op.NCHW}, "mean has 2 values for 3 channels"},
		{amctc.PixelInput{Std: []float32{0}, Layout: op.NCHW}, "std has the invalid value 0"},
	} {
		if err := amctc.TakePixels(colour(t), c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v", c.in, err)
		}
	}
	row, l := amir.Parse("row.amir", []byte("amir 1\n\nfunc @main(%x: tensor<?x6xf32>) -> (tensor<?x6xf32>) attributes {stage = float} {\n  %y = nn.relu %x : tensor<?x6xf32>\n  return %y\n}\n"))
	if err := l.Err(); err != nil {
		t.Fatal(err)
	}
	if err := amctc.TakePixels(row.Clone(), amctc.PixelInput{Layout: op.NHWC}); err == nil {
		t.Error("a row has its channels last")
	}
	if err := amctc.TakePixels(row, amctc.PixelInput{Layout: op.NCHW}); err != nil {
		t.Error(err)
	}
	if err := amctc.TakePixels(row, amctc.PixelInput{Layout: op.NCHW}); err == nil {
		t.Error("bytes become bytes")
	}
}

// TestImagesAreBytes reads an image file for a network of numbers and for networks of pixels.
func TestImagesAreBytes(t *testing.T) {
	dir := t.TempDir()
	img := image.NewNRGBA(image.Rect(0, 0, 4, 5))
	for i := range 20 {
		img.Set(i%4, i/4, color.NRGBA{uint8(7 * i), uint8(100 + 5*i), uint8(255 - 11*i), 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a.png"), b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	read := func(m *ir.Module, opt amctc.DataOptions) []*tensor.Tensor {
		t.Helper()
		d, err := amctc.OpenData(m.Main(), []string{dir}, opt)
		if err != nil {
			t.Fatal(err)
		}
		in, err := d.First(1)
		if err != nil {
			t.Fatal(err)
		}
		out, err := interp.Run(context.Background(), m.Main(), in[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	want := read(colour(t), amctc.DataOptions{Mean: colourMean, Std: colourStd})
	for _, in := range []amctc.PixelInput{{colourMean, colourStd, op.NHWC, false}, {colourMean, colourStd, op.NHWC, true}, {colourMean, colourStd, op.NCHW, true}} {
		m := colour(t)
		if err := amctc.TakePixels(m, in); err != nil {
			t.Fatal(err)
		}
		got := read(m, amctc.DataOptions{})
		for k := range want {
			if !got[k].Equal(want[k]) {
				t.Errorf("%v: output %d of the image differs", in, k)
			}
		}
	}
}
