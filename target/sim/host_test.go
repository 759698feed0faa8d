package sim_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/sim"
)

func floats(v ...float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// tensor is a small f32 operand.
type tensor struct {
	dims []int
	v    []float32
}

func randTensor(r *rand.Rand, dims ...int) tensor {
	n := 1
	for _, d := range dims {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.IntN(2001)-1000) / 256
	}
	return tensor{dims, v}
}

func (t tensor) at(index ...int) float32 {
	i := 0
	for d, n := range t.dims {
		i = i*n + index[d]
	}
	return t.v[i]
}

func dims(d []int) string {
	if len(d) == 0 {
		return "scalar"
	}
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(d), "[]"), " ", "x")
}

// hostStep runs one step and returns its output.
func hostStep(t *testing.T, step string, out []int, in ...tensor) []float32 {
	t.Helper()
	var text strings.Builder
	inputs := map[string][]byte{}
	var names []string
	for i, x := range in {
		name := fmt.Sprintf("x%d", i)
		fmt.Fprintf(&text, "sym %s input f32 nd dims=%s bytes=%d\n", name, dims(x.dims), 4*len(x.v))
		inputs[name] = floats(x.v...)
		names = append(names, "@"+name)
	}
	n := 4
	for _, d := range out {
		n *= d
	}
	fmt.Fprintf(&text, "sym y output f32 nd dims=%s bytes=%d\n", dims(out), n)
	op, attrs, _ := strings.Cut(step, " ")
	fmt.Fprintf(&text, "stream host {\nhost.%s @y <- %s %s\n}\n", op, strings.Join(names, ", "), attrs)
	b := execute(t, "ascend910b3", text.String(), inputs).Outputs["y"]
	y := make([]float32, len(b)/4)
	for i := range y {
		y[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return y
}

func wantFloats(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func TestHostConv(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for round := range 12 {
		g := 1 + round%2
		x, w, b := randTensor(r, 2, 4, 7, 6), randTensor(r, 6, 4/g, 3, 2), randTensor(r, 6)
		sh, sw, dh, dw := 1+r.IntN(2), 1+r.IntN(2), 1+r.IntN(2), 1+r.IntN(2)
		pt, pl, pb, pr := r.IntN(3), r.IntN(3), r.IntN(3), r.IntN(3)
		oh, ow := (7+pt+pb-(2*dh+1))/sh+1, (6+pl+pr-(dw+1))/sw+1
		var want []float32
		for n := range 2 {
			for f := range 6 {
				for oy := range oh {
					for ox := range ow {
						acc := b.v[f]
						for i := range 3 {
							for j := range 2 {
								for c := range 4 / g {
									y, xx := oy*sh-pt+i*dh, ox*sw-pl+j*dw
									if y >= 0 && y < 7 && xx >= 0 && xx < 6 {
										p := float32(x.at(n, f/(6/g)*(4/g)+c, y, xx) * w.at(f, c, i, j))
										acc = float32(acc + p)
									}
								}
							}
						}
						want = append(want, acc)
					}
				}
			}
		}
		step := fmt.Sprintf("conv2d pad=[%d,%d,%d,%d] stride=[%d,%d] dilation=[%d,%d] group=[%d]", pt, pl, pb, pr, sh, sw, dh, dw, g)
		wantFloats(t, step, hostStep(t, step, []int{2, 6, oh, ow}, x, w, b), want)
	}
}

func TestHostProducts(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	x, w, b := randTensor(r, 2, 3, 5), randTensor(r, 4, 5), randTensor(r, 4)
	var want []float32
	for i := range 6 {
		for o := range 4 {
			acc := b.v[o]
			for k := range 5 {
				acc = float32(acc + float32(x.v[5*i+k]*w.v[5*o+k]))
			}
			want = append(want, acc)
		}
	}
	wantFloats(t, "dense", hostStep(t, "dense", []int{2, 3, 4}, x, w, b), want)

	a, c := randTensor(r, 2, 1, 3, 4), randTensor(r, 5, 4, 2)
	want = nil
	for i := range 2 {
		for j := range 5 {
			for m := range 3 {
				for n := range 2 {
					var acc float32
					for k := range 4 {
						acc = float32(acc + float32(a.at(i, 0, m, k)*c.at(j, k, n)))
					}
					want = append(want, acc)
				}
			}
		}
	}
	wantFloats(t, "matmul", hostStep(t, "matmul", []int{2, 5, 3, 2}, a, c), want)
}

func TestHostElementwise(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	a, b := randTensor(r, 2, 3, 4), randTensor(r, 3, 1)
	var sum, mul, relu, clip []float32
	for i, v := range a.v {
		y := b.v[i/4%3]
		sum, mul = append(sum, v+y), append(mul, v*y)
		relu, clip = append(relu, max(v, 0)), append(clip, min(max(v, -1.5), 2))
	}
	out := []int{2, 3, 4}
	wantFloats(t, "add", hostStep(t, "add", out, a, b), sum)
	wantFloats(t, "mul", hostStep(t, "mul", out, a, b), mul)
	wantFloats(t, "relu", hostStep(t, "relu", out, a), relu)
	wantFloats(t, "clip", hostStep(t, "clip min=-1.5 max=2", out, a), clip)
	nan := float32(math.NaN())
	got := hostStep(t, "relu", []int{3}, tensor{[]int{3}, []float32{nan, -0.0, float32(math.Inf(-1))}})
	if got[0] == got[0] || got[1] != 0 || got[2] != 0 {
		t.Errorf("relu gives %v", got)
	}

	gamma, beta, mean, variance := randTensor(r, 3), randTensor(r, 3), randTensor(r, 3), tensor{[]int{3}, []float32{0.5, 1, 2}}
	var want []float32
	for i, v := range a.v {
		c := i / 4 % 3
		s := float32(gamma.v[c] / float32(math.Sqrt(float64(float32(variance.v[c]+1e-5)))))
		shift := float32(beta.v[c] - float32(mean.v[c]*s))
		want = append(want, float32(float32(v*s)+shift))
	}
	wantFloats(t, "batch_norm", hostStep(t, "batch_norm eps=1e-05", out, a, gamma, beta, mean, variance), want)

	m := hostStep(t, "softmax axis=[1]", out, a)
	for n := range 2 {
		for k := range 4 {
			top, total := math.Inf(-1), 0.0
			for c := range 3 {
				top = math.Max(top, float64(a.at(n, c, k)))
			}
			for c := range 3 {
				total += math.Exp(float64(a.at(n, c, k)) - top)
			}
			for c := range 3 {
				want := math.Exp(float64(a.at(n, c, k))-top) / total
				if got := float64(m[(n*3+c)*4+k]); math.Abs(got-want) > 1e-6 {
					t.Errorf("softmax: %v, want %v", got, want)
				}
			}
		}
	}
}

func TestHostPools(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 3))
	x := randTensor(r, 1, 2, 6, 5)
	pool := func(average, include bool) []float32 {
		var out []float32
		for c := range 2 {
			for oy := range 3 {
				for ox := range 3 {
					acc, n := float32(0), 0
					for i := range 3 {
						for j := range 2 {
							y, xx := oy*2-1+i, ox*2-1+j
							if y < 0 || y >= 6 || xx < 0 || xx >= 5 {
								continue
							}
							v := x.at(0, c, y, xx)
							if average {
								acc = float32(acc + v)
							} else if n == 0 || v > acc {
								acc = v
							}
							n++
						}
					}
					if include {
						n = 6
					}
					if average {
						acc = float32(acc / float32(n))
					}
					out = append(out, acc)
				}
			}
		}
		return out
	}
	geometry := " kernel=[3,2] pad=[1,1,0,0] stride=[2,2]"
	out := []int{1, 2, 3, 3}
	wantFloats(t, "max", hostStep(t, "max_pool2d"+geometry, out, x), pool(false, false))
	wantFloats(t, "average", hostStep(t, "avg_pool2d"+geometry, out, x), pool(true, false))
	wantFloats(t, "average with pads", hostStep(t, "avg_pool2d"+geometry+" include_pad=[1]", out, x), pool(true, true))
	var global []float32
	for c := range 2 {
		acc := float32(0)
		for i := range 30 {
			acc = float32(acc + x.v[30*c+i])
		}
		global = append(global, acc/30)
	}
	wantFloats(t, "global", hostStep(t, "global_avg_pool", []int{1, 2, 1, 1}, x), global)
}

func TestHostMoves(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 3))
	x, y := randTensor(r, 2, 3, 4), randTensor(r, 2, 2, 4)
	var perm, cat, pad []float32
	for k := range 4 {
		for i := range 2 {
			for j := range 3 {
				perm = append(perm, x.at(i, j, k))
			}
		}
	}
	for i := range 2 {
		cat = append(append(cat, x.v[12*i:12*i+12]...), y.v[8*i:8*i+8]...)
	}
	for i := range 2 {
		for j := -1; j < 5; j++ {
			for k := -2; k < 4; k++ {
				if j < 0 || j >= 3 || k < 0 {
					pad = append(pad, 0.5)
				} else {
					pad = append(pad, x.at(i, j, k))
				}
			}
		}
	}
	wantFloats(t, "reshape", hostStep(t, "reshape", []int{6, 4}, x), x.v)
	wantFloats(t, "transpose", hostStep(t, "transpose perm=[2,0,1]", []int{4, 2, 3}, x), perm)
	wantFloats(t, "concat", hostStep(t, "concat axis=[1]", []int{2, 5, 4}, x, y), cat)
	wantFloats(t, "pad", hostStep(t, "pad pad=[0,1,2,0,2,0] value=0.5", []int{2, 6, 6}, x), pad)
}

// Probes undo the layout.
func TestProbe(t *testing.T) {
	x := random(1, 2*2*3*5*32)
	text := "sym x input s8 nc1hwc0 dims=2x40x3x5 bytes=1920\nsym z input f16 nz dims=5x20 bytes=1024\nstream host {\n" +
		"probe \"a b\", @x[0] type=s8 layout=nc1hwc0 dims=2x40x3x5\nprobe \"z\", @z[0] type=f16 layout=nz dims=5x20\nprobe \"row\", @x[7] type=s8 dims=9\n}\n"
	got := map[string][]byte{}
	in := map[string][]byte{"x": x, "z": random(2, 1024)}
	_, err := sim.Run(context.Background(), parse(t, "ascend910b3", text), nil, describe(t, "ascend910b3"), in, sim.Options{
		Probe: func(name string, _ target.Type, _ []int, data []byte) { got[name] = data },
	})
	if err != nil {
		t.Fatal(err)
	}
	var a, z []byte
	for n := range 2 {
		for c := range 40 {
			for p := range 15 {
				a = append(a, x[((n*2+c/32)*15+p)*32+c%32])
			}
		}
	}
	for i := range 5 {
		for j := range 20 {
			at := ((j/16*16+i)*16 + j%16) * 2
			z = append(z, in["z"][at], in["z"][at+1])
		}
	}
	same(t, "nc1hwc0", got["a b"], a)
	same(t, "nz", got["z"], z)
	same(t, "nd", got["row"], x[7:16])
}

func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	text := "sym x input f32 nd dims=8 bytes=32\nsym y output f32 nd dims=8 bytes=32\nstream host {\nhost.relu @y <- @x\n}\nstream aiv0.0 {\nloop %i 0 2000000000 {\nvdup UB[0] type=s16 imm=0\n}\n}\n"
	_, err := sim.Run(ctx, parse(t, "ascend910b3", text), nil, describe(t, "ascend910b3"), map[string][]byte{"x": make([]byte, 32)}, sim.Options{})
	if err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("got %v", err)
	}
}
