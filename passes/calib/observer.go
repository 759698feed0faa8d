package calib

// An Observer finds the factors of one tensor from sweeps over its data. Memory does not depend on
// how much data there is, and the factors do not depend on how the data are cut into calls of Add.
type Observer interface {
	// Begin starts a sweep, from 0.
	Begin(pass int)
	// Add sees the next elements of the sweep. It reports NaN and infinity.
	Add(x []float32) error
	// End finishes a sweep; more says that another over the same data is needed.
	End() (more bool, err error)
	// Result is valid once End has said that no more sweeps are needed.
	Result() (Params, error)
	// Bound says that the tensor lies behind a clamp: no reported range reaches beyond it.
	Bound(lo, hi float32)
	// Bytes bounds the memory that the observer holds.
	Bytes() int
}

type minMax struct {
	asym    bool
	bits    int
	lo, hi  float32
	n       uint64
	bounded bool
	blo     float32
	bhi     float32
}

// NewMinMax observes the extremes.
func NewMinMax(asym bool, bits int) Observer { return &minMax{asym: asym, bits: bits} }

func (o *minMax) Begin(int) { o.n = 0 }

func (o *minMax) Add(x []float32) error {
	if err := checkFinite(x, o.n); err != nil {
		return err
	}
	for _, v := range x {
		if o.n == 0 {
			o.lo, o.hi = v, v
		}
		o.n++
		o.lo, o.hi = min(o.lo, v), max(o.hi, v)
	}
	return nil
}

func (o *minMax) End() (bool, error) {
	if o.n == 0 {
		return false, ErrEmpty
	}
	return false, nil
}

func (o *minMax) Result() (Params, error) {
	lo, hi := o.lo, o.hi
	if o.bounded {
		lo, hi = max(lo, o.blo), min(hi, o.bhi)
	}
	return MinMax(lo, hi, o.asym, o.bits)
}

func (o *minMax) Bound(lo, hi float32) { o.bounded, o.blo, o.bhi = true, lo, hi }

func (o *minMax) Bytes() int { return 64 }
