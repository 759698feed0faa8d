package sim_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/amctc/amctc/target/sim"
)

func TestDataCopyGaps(t *testing.T) {
	x := random(1, 4096)
	// Three runs of two blocks, one block between them in GM, two in UB; back with one block between in GM.
	text := syms("x", "input", 4096, "y", "output", 256) + steps("aiv0.0",
		"datacopy UB[96], @x[5] count=3 len=2 srcgap=1 dstgap=2",
		"vdup UB[1024] type=s16 imm=0", "datacopy @y[0], UB[1024] len=8",
		"datacopy @y[0], UB[96] count=3 len=2 srcgap=2 dstgap=1")
	want := make([]byte, 256)
	for i := range 3 {
		copy(want[96*i:96*i+64], x[5+96*i:])
	}
	for _, soc := range []string{"ascend910b3", "ascend950pr"} {
		same(t, soc, execute(t, soc, text, map[string][]byte{"x": x}).Outputs["y"], want)
	}
}

func TestPadCopy(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	for range 20 {
		size := []int{1, 2, 4}[r.IntN(3)]
		typ := map[int]string{1: "s8", 2: "s16", 4: "s32"}[size]
		count, n := 1+r.IntN(4), size*(1+r.IntN(20))
		left, right := r.IntN(4), r.IntN(4)
		srcGap, dstGap := r.IntN(9), r.IntN(3)
		x := random(uint64(n), 3+count*(n+srcGap))
		block := roundUp((left+right)*size+n, 32)
		image := make([]byte, count*(block+32*dstGap))
		fill := func(b []byte) {
			for i := range b {
				b[i] = [4]byte{0x21, 0, 0, 0}[i%size]
			}
		}
		for i := range count {
			run := image[i*(block+32*dstGap):][:block]
			fill(run)
			copy(run[left*size:], x[3+i*(n+srcGap):][:n])
		}
		full := count*(block+32*dstGap) - 32*dstGap
		text := syms("x", "input", len(x), "y", "output", full, "z", "output", count*(n+3)-3) + steps("aiv0.0",
			"vdup UB[0] type=s16 imm=0 repeat=32", fmt.Sprintf("datacopy @y[0], UB[0] len=%d", full/32), fmt.Sprintf("padcopy @z[0], UB[0] type=s8 len=%d fill=0", count*(n+3)-3),
			fmt.Sprintf("padcopy UB[64], @x[3] type=%s count=%d len=%d srcgap=%d dstgap=%d left=%d right=%d fill=33", typ, count, n, srcGap, dstGap, left, right),
			fmt.Sprintf("datacopy @y[0], UB[64] len=%d", full/32),
			// The runs again, unaligned in GM: their first n bytes.
			fmt.Sprintf("padcopy @z[0], UB[64] type=s8 count=%d len=%d srcgap=%d dstgap=3 fill=0", count, n, (block-roundUp(n, 32))/32+dstGap))
		out := execute(t, "ascend910b3", text, map[string][]byte{"x": x}).Outputs
		same(t, text, out["y"], image[:full])
		want := make([]byte, count*(n+3)-3)
		for i := range count {
			copy(want[i*(n+3):], image[i*(block+32*dstGap):][:n])
		}
		same(t, text, out["z"], want)
	}
}

func TestNd2NzStrides(t *testing.T) {
	// Two matrices of 5 x 40 bytes out of rows of 50, rows two units apart; seen through L1 -> L0A fractals and a product with the identity.
	x := random(4, 2*600)
	one := make([]byte, 1024)
	for i := range 32 {
		one[(i/16*16+i%16)*32+i] = 1
	}
	for m := range 2 {
		for col := range 2 {
			// Column block col of matrix m: rows 0..4 at 64 B steps from 32*(col*20).
			lines := []string{
				"nd2nz L1[0], @x[0] type=s8 num=2 n=5 d=40 srcmatrix=600 srcd=50 dstc0=20 dstn=2 dstmatrix=2048",
				"datacopy L1[65536], @one[0] len=32", "load2d L0B[0], L1[65536] type=s8 repeat=2",
			}
			var want []int8
			for row := range 5 {
				at := m*2048 + 32*(20*col+2*row)
				lines = append(lines, fmt.Sprintf("load2d L0A[0], L1[%d] type=s8", at), "mmad L0C[0], L0A[0], L0B[0] m=1 k=32 n=32",
					fmt.Sprintf("fixpipe @y[%d], L0C[0] m=1 n=32 srcstride=16 dststride=32 nd", 128*row))
				for j := range 32 {
					v := int8(0)
					if 32*col+j < 40 {
						v = int8(x[600*m+50*row+32*col+j])
					}
					want = append(want, v)
				}
			}
			text := syms("x", "input", len(x), "one", "input", 1024, "y", "output", 5*128) + steps("aic0", lines...)
			y := execute(t, "ascend910b3", text, map[string][]byte{"x": x, "one": one}).Outputs["y"]
			for i, v := range want {
				if word(y, i) != int32(v) {
					t.Fatalf("matrix %d, block %d, element %d: %d, want %d", m, col, i, word(y, i), v)
				}
			}
		}
	}
}

// Loops: nested, affine offsets of several variables, none of zero rounds.
func TestLoops(t *testing.T) {
	x := random(2, 6*32)
	text := syms("x", "input", 192, "y", "output", 192) + `stream aiv0.0 {
  loop %i 0 2 {
    loop %j 1 4 {
      datacopy UB[-32+96*%i+32*%j], @x[-32+32*%j+96*%i]
      pipe_barrier ALL
      datacopy @y[192-96*%i+-32*%j], UB[-32+96*%i+32*%j]
    }
    loop %k 5 5 {
      datacopy UB[999999], @x[0]
    }
  }
}
`
	text = replaceOnce(text, "datacopy UB[-32+96*%i+32*%j], @x[-32+32*%j+96*%i]", "datacopy UB[-32+96*%i+32*%j], @x[-32+32*%j+96*%i] len=1")
	text = replaceOnce(text, "UB[-32+96*%i+32*%j]\n    }", "UB[-32+96*%i+32*%j] len=1\n    }")
	want := make([]byte, 192)
	for b := range 6 {
		copy(want[32*(5-b):32*(6-b)], x[32*b:])
	}
	same(t, "loops", execute(t, "ascend910b3", text, map[string][]byte{"x": x}).Outputs["y"], want)
}

// Double buffering with two flags each way, over two streams with counters, ends in the same bytes as the plain copy.
func TestFlagsAndCounters(t *testing.T) {
	x := random(3, 16*512)
	text := syms("x", "input", len(x), "mid", "scratch", len(x), "y", "output", len(x)) + `stream aiv0.0 {
  set_flag MTE3 MTE2 0
  set_flag MTE3 MTE2 1
  loop %i 0 8 {
    wait_flag MTE3 MTE2 0
    datacopy UB[0], @x[1024*%i] len=16
    set_flag MTE2 MTE3 0
    wait_flag MTE2 MTE3 0
    datacopy @mid[1024*%i], UB[0] len=16
    set_flag MTE3 MTE2 0
    wait_flag MTE3 MTE2 1
    datacopy UB[512], @x[512+1024*%i] len=16
    set_flag MTE2 MTE3 1
    wait_flag MTE2 MTE3 1
    datacopy @mid[512+1024*%i], UB[512] len=16
    set_flag MTE3 MTE2 1
    cross_set aiv0.1 MTE3 2
  }
  wait_flag MTE3 MTE2 0
  wait_flag MTE3 MTE2 1
}
stream aiv0.1 {
  loop %i 0 8 {
    cross_wait MTE2 2
    datacopy UB[1024*%i], @mid[1024*%i] len=32
    set_flag MTE2 MTE3 0
    wait_flag MTE2 MTE3 0
    datacopy @y[1024*%i], UB[1024*%i] len=32
    pipe_barrier ALL
  }
}
`
	for _, soc := range []string{"ascend910b3", "ascend950pr"} {
		same(t, soc, execute(t, soc, text, map[string][]byte{"x": x}).Outputs["y"], x)
	}
}

// sync_all orders all streams, the host too.
func TestSyncAll(t *testing.T) {
	text := "sym x input f32 nd dims=8 bytes=32\nsym m scratch f32 nd dims=8 bytes=32\nsym h scratch f32 nd dims=8 bytes=32\nsym y output f32 nd dims=8 bytes=32\n" + `stream host {
  sync_all
  host.relu @h <- @m
  probe "relu", @h[0] type=f32 dims=8
  sync_all
}
stream aiv0.0 {
  datacopy UB[0], @x[0] len=1
  set_flag MTE2 MTE3 3
  wait_flag MTE2 MTE3 3
  datacopy @m[0], UB[0] len=1
  sync_all
  sync_all
  datacopy UB[32], @h[0] len=1
  set_flag MTE2 MTE3 3
  wait_flag MTE2 MTE3 3
  datacopy @y[0], UB[32] len=1
}
`
	x := floats(-1, 2, -3, 4, 5, -6, 0, 8)
	same(t, "sync_all", execute(t, "ascend910b3", text, map[string][]byte{"x": x}).Outputs["y"], floats(0, 2, 0, 4, 5, 0, 0, 8))
}

// Counters go round their maximum many times, in bursts of 15.
func TestCounterBursts(t *testing.T) {
	text := syms("x", "input", 32) + `stream aiv0.0 {
  loop %i 0 9 {
    loop %j 0 15 {
      vdup UB[0] type=s16 imm=1
      cross_set aiv0.1 V 4
    }
    cross_wait V 5
  }
}
stream aiv0.1 {
  loop %i 0 9 {
    loop %j 0 15 {
      cross_wait MTE2 4
      datacopy UB[0], @x[0] len=1
    }
    cross_set aiv0.0 MTE2 5
  }
}
`
	r := execute(t, "ascend910b3", text, map[string][]byte{"x": make([]byte, 32)})
	if want := int64(9 * (15*2 + 1 + 15*2 + 1)); r.Steps != want {
		t.Errorf("%d instructions, want %d", r.Steps, want)
	}
	// Without the way back the sixteenth set may come too early.
	refused(t, "ascend910b3", replaceOnce(replaceOnce(text, "    cross_wait V 5\n", ""), "    cross_set aiv0.0 MTE2 5\n", ""), map[string][]byte{"x": make([]byte, 32)}, sim.CounterFull)
}
