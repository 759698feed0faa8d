package sim_test

import (
	"strings"
	"testing"

	"github.com/amctc/amctc/target"
	"github.com/amctc/amctc/target/sim"
)

// sums are the steps that put m rows of codes into L0C as s32, 32 columns: a product with the identity.
func sums(m string) []string {
	return []string{
		"nd2nz L1[0], @x[0] type=s8 num=1 n=" + m + " d=32 srcd=32 dstc0=16 dstn=1",
		"datacopy L1[65536], @one[0] len=32", "load2d L0B[0], L1[65536] type=s8 repeat=2", "load2d L0A[0], L1[0] type=s8 repeat=1",
		"mmad L0C[0], L0A[0], L0B[0] m=" + m + " k=32 n=32",
	}
}

func identity() []byte {
	one := make([]byte, 1024)
	for i := range 32 {
		one[(i/16*16+i%16)*32+i] = 1
	}
	return one
}

// TestDrainToUB copies fractals of sums to UB on every fused core: as they lie, on pipe V, at the description's rate.
func TestDrainToUB(t *testing.T) {
	x := random(7, 16*32)
	in := map[string][]byte{"x": x, "one": identity()}
	table := syms("x", "input", 512, "one", "input", 1024, "y", "output", 2048)
	for _, soc := range []string{"ascend310", "ascend310p3", "ascend910a"} {
		// The two column blocks the other way round.
		r := execute(t, soc, table+steps("aic0", append(sums("16"), "datacopy UB[1056], L0C[0] len=1", "datacopy UB[32], L0C[1024] len=1", "datacopy @y[0], UB[32] len=64")...), in)
		want := make([]byte, 0, 2048)
		for _, block := range []int{1, 0} {
			for row := range 16 {
				for col := range 16 {
					want = append(want, words(int32(int8(x[32*row+16*block+col])))...)
				}
			}
		}
		same(t, soc, r.Outputs["y"], want)
		path := describe(t, soc).Path("l0c-ub")
		if got, want := r.Busy("aic0", target.PipeV), int64(2*(path.Latency+1024/path.Rate)); got != want {
			t.Errorf("%s: V is busy %d cycles, want %d", soc, got, want)
		}
		if r.Moved("l0c-ub") != 2048 || r.Assumed["datacopy"] == 0 {
			t.Errorf("%s: %d bytes, assumed %v", soc, r.Moved("l0c-ub"), r.Assumed)
		}

		refused(t, soc, table+steps("aic0", append(sums("16"), "datacopy UB[0], L0C[64] len=1")...), in, sim.Misaligned)
		refused(t, soc, table+steps("aic0", append(sums("16"), "datacopy L0C[0], UB[0] len=1")...), in, sim.NotOnSoC)
		// Rows that the product left out stay undefined.
		refused(t, soc, table+steps("aic0", append(sums("5"), "datacopy UB[0], L0C[0] len=1", "vadd UB[0], UB[0], UB[0] type=s32 repeat=2")...), in, sim.Uninitialised)
		execute(t, soc, strings.Replace(table, "output", "scratch", 1)+steps("aic0", append(sums("5"), "datacopy UB[0], L0C[0] len=1", "vadd UB[0], UB[0], UB[0] type=s32 repeat=2 tail=16")...), in)
		// The cube's sums are ordered before the vector unit by a flag of M and V only.
		body := steps("aic0", sums("16")...)
		race := strings.TrimSuffix(body, "}\n") + "datacopy UB[0], L0C[0] len=1\n}\n"
		refused(t, soc, strings.Replace(table, "output", "scratch", 1)+race, in, sim.Race)
		execute(t, soc, strings.Replace(table, "output", "scratch", 1)+strings.Replace(race, "datacopy UB", "set_flag M V 0\nwait_flag M V 0\ndatacopy UB", 1), in)
	}
	for _, soc := range []string{"ascend910b3", "ascend950pr"} {
		refused(t, soc, table+steps("aiv0.0", "datacopy UB[0], L0C[0] len=1"), in, sim.NotOnSoC)
	}
}
