// SPDX-License-Identifier: MIT-0

package rt

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/amctc/amctc/runtime/peak"
)

// BenchmarkTile measures the matrix kernel with its way to codes: 60 pixels by a panel of 64 channels, K
// taps. It reports multiply-adds a second and what part that is of the core's peak, measured in turns.
func BenchmarkTile(b *testing.B) {
	was := machine
	defer func() { machine = was }()
	for i, name := range isaNames {
		if !has(ISA(i)) {
			continue
		}
		for _, k := range []int{64, 256, 512, 1152, 2304, 4608} {
			b.Run(fmt.Sprintf("%s/K=%d", name, k), func(b *testing.B) {
				machine = ISA(i)
				benchmarkTile(b, 60, k)
			})
		}
	}
}

func benchmarkTile(b *testing.B, n, k int) {
	const lanes = 64
	r := rand.New(rand.NewPCG(1, 2))
	src, dst := make([]uint8, n*k), make([]uint8, n*lanes)
	for i := range src {
		src[i] = uint8(r.IntN(256))
	}
	offs := make([]int32, n)
	for i := range offs {
		offs[i] = int32(i * k)
	}
	w, bias, m := weights8(r, k*lanes), make([]int32, lanes), make([]float32, lanes)
	for i := range m {
		m[i] = 1. / 1024
	}
	t := tile{dst: unsafe.Pointer(&dst[0]), src: unsafe.Pointer(&src[0]), offs: &offs[0], n: n, w: &w[0], bias: &bias[0], m: &m[0], segs: 1, groups: k / 4,
		ldd: lanes, mask: ^uint64(0), hi: 255, plain: 1}
	t.by(Alone(0))
	t.offs = &offs[0]
	b.ResetTimer()
	for range b.N {
		t.run(lanes)
	}
	b.StopTimer()
	b.ReportMetric(float64(n*k*lanes)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gmac/s")
	if share := peak.Share(machine.String(), n*k*lanes, func() { t.run(lanes) }, time.Second); share > 0 {
		b.ReportMetric(100*share, "%peak")
	}
}
