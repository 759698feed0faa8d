package sim

import (
	"testing"

	"github.com/amctc/amctc/target"
)

// Transfers take what the slots have left: alone bytes/rate, rounded up; together never more than the chip moves.
func TestSharedBandwidth(t *testing.T) {
	new := func() *sharedGM { return &sharedGM{rate: 64, used: map[int64]int64{}} }
	for _, n := range []int64{1, 31, 32, 33, 2048, 2049, 100000} {
		for _, at := range []int64{0, 1, 63, 64, 1000} {
			if g, want := new(), (n+31)/32; g.move(nil, at, n, 32) != want || g.held != 0 {
				t.Errorf("%d bytes from cycle %d alone: held %d, want %d cycles", n, at, g.held, want)
			}
		}
	}
	g := new()
	const each, cores = 64 * 640, 4 // alone 1280 cycles at 32 bytes; the chip needs 2560 for all
	last := int64(0)
	for range cores {
		last = max(last, g.move(nil, 0, each, 32))
	}
	if want := int64(cores * each / 64); last != want {
		t.Errorf("four cores end after %d cycles, want %d", last, want)
	}
	if g.held != 2*1280 {
		t.Errorf("held for %d cycles, want that two of four wait for the other two", g.held)
	}
	for slot, used := range g.used {
		if used > 64*slotCycles {
			t.Errorf("slot %d moves %d bytes", slot, used)
		}
	}
	if g.meet(); len(g.used) != 0 {
		t.Error("the slots are kept beyond a sync_all")
	}
}

// Only AI cores share; the streams of one have rates of their own.
func TestOneCoreSharesNothing(t *testing.T) {
	d := &target.Description{AIC: 2, GMRate: 8}
	one := []*core{{host: true}, {number: 1}, {number: 1}}
	if newSharedGM(d, one) != nil {
		t.Error("one core is held back")
	}
	if g := newSharedGM(d, append(one, &core{})); g == nil || g.rate != 16 {
		t.Errorf("two cores share %v", g)
	}
}
