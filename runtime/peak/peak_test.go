package peak

import (
	"testing"
	"time"

	"github.com/amctc/amctc/runtime/rt"
)

// TestRates only asks for an order that holds on every machine: a wider instruction does not do less.
func TestRates(t *testing.T) {
	rates := map[string]float64{}
	for _, isa := range rt.Available() {
		rates[isa.String()] = Int8(isa.String(), 20*time.Millisecond)
		t.Logf("%s: %.1f G int8, %.1f G float32 multiply-adds/s", isa, rates[isa.String()]/1e9, Float(isa.String(), 20*time.Millisecond)/1e9)
	}
	for isa := range int8Loops {
		if rate, ok := rates[isa]; ok && rate < 1e8 {
			t.Errorf("%s: %g multiply-adds a second", isa, rate)
		}
	}
	if rates["generic"] != 0 {
		t.Error("a rate for plain Go")
	}
}
