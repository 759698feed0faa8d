package dataset

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// picture writes an image whose pixel (x, y) is (10x, 20y, 5).
func picture(t *testing.T, path string, w, h int) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(10 * x), uint8(20 * y), 5, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

func samples(t *testing.T, s Source) (out [][]float32) {
	t.Helper()
	for b, err := range s.Batches(2) {
		if err != nil {
			t.Fatal(err)
		}
		n := len(b.Data) / b.N
		for i := range b.N {
			out = append(out, slices.Clone(b.Data[i*n:(i+1)*n]))
		}
	}
	return out
}

// TestImageFolder reads classes in turn, planes of colours, luminance, and skips what is no image.
func TestImageFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"cat/1.png", "cat/2.png", "cat/3.PNG", "dog/1.png", "empty/readme.txt"} {
		picture(t, filepath.Join(dir, name), 3, 2)
	}
	s, err := Open(dir, Options{Shape: []int{3, 2, 3}, Std: []float32{5}})
	if err != nil {
		t.Fatal(err)
	}
	labels, err := FolderLabels(dir)
	if err != nil || !slices.Equal(labels, []int{0, 1, 0, 0}) {
		t.Errorf("labels %v, %v", labels, err)
	}
	got := samples(t, s)
	want := []float32{0, 2, 4, 0, 2, 4, 0, 0, 0, 4, 4, 4, 1, 1, 1, 1, 1, 1}
	if len(got) != 4 || !slices.Equal(got[1], want) {
		t.Errorf("%v, want %v", got, want)
	}
	if s, err = Open(filepath.Join(dir, "cat"), Options{Shape: []int{1, 2, 3}, Skip: 1, Limit: 1}); err != nil || s.Len() != 1 {
		t.Fatal(err)
	}
	if got := samples(t, s)[0]; got[0] != 0 || got[5] != 18 { // 0.299 red + 0.587 green + 0.114 blue
		t.Errorf("luminance %v", got)
	}
}

// TestImageResize holds both ways of scaling against values found by hand.
func TestImageResize(t *testing.T) {
	dir := t.TempDir()
	picture(t, filepath.Join(dir, "a.png"), 4, 2)
	for _, c := range []struct {
		resize string
		want   []float32 // red
	}{{Stretch, []float32{5, 25, 5, 25}}, {Crop, []float32{10, 20, 10, 20}}} {
		s, err := Open(dir, Options{Shape: []int{3, 2, 2}, Resize: c.resize})
		if err != nil {
			t.Fatal(err)
		}
		if got := samples(t, s)[0][:4]; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.resize, got, c.want)
		}
	}
}

// TestBadImages holds what is refused.
func TestBadImages(t *testing.T) {
	bomb := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), 0, 1, 0, 0, 0, 1, 0, 0, 8, 2, 0, 0, 0, 0x98, 0x0a, 0x40, 0x5f)
	for _, c := range []struct {
		name  string
		file  []byte
		shape []int
		want  string
	}{
		{"size.png", nil, []int{3, 4, 4}, "choose a way to resize"},
		{"shape.png", nil, []int{2, 2, 3}, "1 or 3 channels"},
		{"flat.png", nil, []int{18}, "1 or 3 channels"},
		{"broken.png", []byte("\x89PNG\r\n\x1a\n"), []int{3, 2, 3}, "broken.png"},
		{"text.jpg", []byte("no image"), []int{3, 2, 3}, "text.jpg"},
		{"bomb.png", bomb, []int{3, 2, 3}, ""},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, c.name)
		picture(t, path, 3, 2)
		if c.file != nil {
			if err := os.WriteFile(path, c.file, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(dir, Options{Shape: c.shape}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	dir := t.TempDir()
	picture(t, filepath.Join(dir, "a.png"), 3, 2)
	picture(t, filepath.Join(dir, "class", "a.png"), 3, 2)
	if _, err := Open(dir, Options{Shape: []int{3, 2, 3}}); err == nil {
		t.Error("images beside classes are taken")
	}
}

func FuzzImages(f *testing.F) {
	var b bytes.Buffer
	img := image.NewGray(image.Rect(0, 0, 5, 4))
	if err := jpeg.Encode(&b, img, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	b.Reset()
	if err := png.Encode(&b, img); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.png"), data, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := Open(dir, Options{Shape: []int{3, 4, 5}, Resize: Crop})
		if err != nil {
			return
		}
		for b, err := range s.Batches(1) {
			if err == nil && len(b.Data) != 60 {
				t.Fatal("wrong length")
			}
		}
	})
}
