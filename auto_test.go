package amctc_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/amctc/amctc"
)

// spiked is a convolution that reads every other row and column of its image, whose other pixels are now and then a thousand times as large: eight bits
// that cover them leave the others no steps, wherever the range is cut and whatever channels are divided by.
func spiked(t *testing.T) (model, images string) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	var w strings.Builder
	for i := range 256 * 16 * 9 {
		if i > 0 {
			w.WriteString(", ")
		}
		fmt.Fprintf(&w, "%d", r.IntN(255)-127)
	}
	dir := t.TempDir()
	model = filepath.Join(dir, "spiked.amir")
	text := fmt.Sprintf(`amir 1
const @w : tensor<256x16x3x3xf32> = [%s]
func @main(%%x: tensor<1x16x32x32xf32>) -> (tensor<1x256x14x14xf32>) attributes {stage = float} {
  %%y = nn.conv2d %%x, @w {stride = [2, 2], dilation = [2, 2]} : tensor<1x256x14x14xf32> loc("conv")
  return %%y
}
`, &w)
	if err := os.WriteFile(model, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	images = filepath.Join(dir, "images")
	if err := os.Mkdir(images, 0o777); err != nil {
		t.Fatal(err)
	}
	for s := range 4 {
		var b []byte
		for i := range 16 * 32 * 32 {
			v := r.NormFloat64()
			if i%2 == 1 && r.IntN(4) == 0 {
				v *= 1000
			}
			bits := math.Float32bits(float32(v))
			b = append(b, byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24))
		}
		if err := os.WriteFile(filepath.Join(images, fmt.Sprintf("%d.bin", s)), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return model, images
}

// TestAutoWide holds that the search gives a layer codes of 16 bits where 8 are too few and float arithmetic takes longer, and float where 16 are too few.
func TestAutoWide(t *testing.T) {
	model, images := spiked(t)
	for _, c := range []struct {
		drop float64
		want string
	}{{1e-3, "int16"}, {1e-9, "float"}} {
		ctx := context.Background()
		m, err := amctc.Load(model, amctc.LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p := amctc.NewContext(ctx)
		float, err := amctc.Prepare(p, m)
		if err != nil {
			t.Fatal(err)
		}
		data, err := amctc.OpenData(float.Main(), []string{images}, amctc.DataOptions{})
		if err != nil {
			t.Fatal(err)
		}
		metric, err := amctc.FindMetric("cosine")
		if err != nil {
			t.Fatal(err)
		}
		r, err := amctc.Auto(ctx, p, float, data, metric, &amctc.EvalSet{Metric: metric, Data: data, Float: float}, amctc.AutoOptions{Strategy: "greedy", MaxDrop: c.drop})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Met || len(r.Layers) != 1 || r.Layers[0].Variant != c.want {
			t.Errorf("drop of %v: %v, met %v, drop %v, want %s", c.drop, r.Layers, r.Met, r.Drop, c.want)
		}
		if wide := c.want == "int16"; wide && (r.WideMACs != r.MACs || r.IntMACs != r.MACs) || !wide && r.IntMACs != 0 {
			t.Errorf("drop of %v: %d multiply-adds of int16, %d of integers, of %d", c.drop, r.WideMACs, r.IntMACs, r.MACs)
		}
		if conf := amctc.AutoConfig(nil, r, float.Main()); c.want == "int16" {
			if a := conf.Layers["conv"].Activation; a == nil || a.NumBits == nil || *a.NumBits != 16 {
				t.Errorf("the configuration has %+v", a)
			}
			if _, err := amctc.ApplyConfig(amctc.NewContext(ctx), conf, m.Main()); err != nil {
				t.Errorf("the configuration is refused: %v", err)
			}
		}
	}
}

// TestAutoSize makes the same network small: its weights take 4 bits where the drop allows it, and the
// configuration says so.
func TestAutoSize(t *testing.T) {
	model, images := spiked(t)
	ctx := context.Background()
	m, err := amctc.Load(model, amctc.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := amctc.NewContext(ctx)
	float, err := amctc.Prepare(p, m)
	if err != nil {
		t.Fatal(err)
	}
	data, err := amctc.OpenData(float.Main(), []string{images}, amctc.DataOptions{})
	if err != nil {
		t.Fatal(err)
	}
	metric, err := amctc.FindMetric("cosine")
	if err != nil {
		t.Fatal(err)
	}
	find := func(objective string, drop float64) (*amctc.AutoResult, error) {
		return amctc.Auto(ctx, p, float, data, metric, &amctc.EvalSet{Metric: metric, Data: data, Float: float}, amctc.AutoOptions{Strategy: "greedy", Objective: objective, MaxDrop: drop})
	}
	time, err := find(amctc.ForTime, 3)
	if err != nil {
		t.Fatal(err)
	}
	size, err := find(amctc.ForSize, 3)
	if err != nil {
		t.Fatal(err)
	}
	strict, err := find(amctc.ForSize, 1e-9)
	if err != nil {
		t.Fatal(err)
	}
	if size.Layers[0].Variant != "int4" || time.Layers[0].Variant != "int8" || strict.Layers[0].Variant != "float" {
		t.Errorf("for size %v, for time %v, strictly %v", size.Layers, time.Layers, strict.Layers)
	}
	if size.Bytes >= time.Bytes || time.Bytes >= strict.Bytes {
		t.Errorf("%d bytes with int4, %d with int8, %d as float", size.Bytes, time.Bytes, strict.Bytes)
	}
	conf := amctc.AutoConfig(nil, size, float.Main())
	if w := conf.Layers["conv"].Weight; w == nil || w.NumBits == nil || *w.NumBits != 4 {
		t.Errorf("the configuration has %+v", w)
	}
	if _, err := amctc.ApplyConfig(amctc.NewContext(ctx), conf, m.Main()); err != nil {
		t.Errorf("the configuration is refused: %v", err)
	}
	if _, err := find("beauty", 1); err == nil {
		t.Error("an objective that is none is taken")
	}
}
