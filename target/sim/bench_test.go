package sim_test

import (
	"context"
	"testing"

	"github.com/amctc/amctc/target/sim"
)

// bench runs a program with a loop over its body.
func bench(b *testing.B, text string, inputs map[string][]byte) *sim.Result {
	p, d := parse(b, "ascend910b3", text), describe(b, "ascend910b3")
	var r *sim.Result
	var err error
	for b.Loop() {
		if r, err = sim.Run(context.Background(), p, nil, d, inputs, sim.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	return r
}

const cubeFill = "datacopy L1[0], @x[0] len=2048\npipe_barrier ALL\nload2d L0A[0], L1[0] type=s8 repeat=64\nload2d L0B[0], L1[0] type=s8 repeat=64\npipe_barrier ALL\n"

func BenchmarkMmad(b *testing.B) {
	text := syms("x", "input", 65536) + "stream aic0 {\n" + cubeFill + "loop %i 0 64 {\nmmad L0C[0], L0A[0], L0B[0] m=128 k=256 n=128\n}\n}\n"
	r := bench(b, text, map[string][]byte{"x": random(1, 65536)})
	b.ReportMetric(float64(r.MACs)*float64(b.N)/b.Elapsed().Seconds()/1e6, "MMAC/s")
}

func BenchmarkLoad3D(b *testing.B) {
	text := syms("x", "input", 65536) + "stream aic0 {\ndatacopy L1[0], @x[0] len=2048\npipe_barrier ALL\nloop %i 0 64 {\n" +
		"load3d L0A[0], L1[0] type=s8 h=14 w=14 channels=32 padl=1 padr=1 padt=1 padb=1 kh=3 kw=3 mstart=32 mext=128 kext=288\n}\n}\n"
	bench(b, text, map[string][]byte{"x": random(1, 65536)})
	b.SetBytes(64 * 128 * 288)
}

func BenchmarkFixpipe(b *testing.B) {
	text := syms("x", "input", 65536, "y", "scratch", 65536) + "stream aic0 {\n" + cubeFill + "mmad L0C[0], L0A[0], L0B[0] m=128 k=256 n=128\npipe_barrier ALL\n" +
		"loop %i 0 64 {\nfixpipe @y[0], L0C[0] m=128 n=128 srcstride=128 dststride=196 quant=req8 word=0x40003c000000\n}\n}\n"
	bench(b, text, map[string][]byte{"x": random(1, 65536)})
	b.SetBytes(64 * 128 * 128)
}

func vectorBench(b *testing.B, lines string) {
	text := syms("x", "input", 65536) + "stream aiv0.0 {\ndatacopy UB[0], @x[0] len=2048\nvdup UB[65536] type=s16 imm=0 repeat=255\npipe_barrier ALL\nloop %i 0 64 {\n" + lines + "\n}\n}\n"
	bench(b, text, map[string][]byte{"x": make([]byte, 65536)})
	b.SetBytes(64 * 128 * 255)
}

func BenchmarkVmulF32(b *testing.B) {
	vectorBench(b, "vmul UB[65536], UB[0], UB[0] type=f32 repeat=255")
}
func BenchmarkVaddS16(b *testing.B) {
	vectorBench(b, "vadd UB[65536], UB[0], UB[0] type=s16 repeat=255")
}
func BenchmarkVmulF16(b *testing.B) {
	vectorBench(b, "vmul UB[65536], UB[0], UB[0] type=f16 repeat=255")
}
func BenchmarkCastF32S32(b *testing.B) {
	vectorBench(b, "vcast UB[65536], UB[0] to=s32 from=f32 round=rint repeat=255")
}
func BenchmarkCastS8F16(b *testing.B) {
	vectorBench(b, "vcast UB[65536], UB[0]:1:4 to=f16 from=s8 repeat=255")
}
func BenchmarkCastF16S8(b *testing.B) {
	vectorBench(b, "vcast UB[65536]:1:4, UB[0] to=s8 from=f16 round=rint repeat=255")
}
func BenchmarkSelect(b *testing.B) {
	vectorBench(b, "vcmps UB[131072], UB[0] cond=gt type=f16 imm=1 repeat=255\nvsel UB[65536], UB[131072], UB[0], UB[0] type=f16 repeat=255")
}
func BenchmarkStrided(b *testing.B) {
	vectorBench(b, "vmul UB[65536]:2:16, UB[0]:2:16, UB[0]:2:16 type=f16 repeat=100")
}
func BenchmarkSmallOps(b *testing.B) {
	vectorBench(b, "vadd UB[65536], UB[0], UB[0] type=f16\nvadd UB[66048], UB[0], UB[0] type=f16\npipe_barrier V")
}
func BenchmarkTranspose(b *testing.B) {
	vectorBench(b, "vtrans UB[65536]:1:32, UB[0]:1:32 type=s8 repeat=32")
}
