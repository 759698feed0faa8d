// SPDX-License-Identifier: MIT-0

package rt

// TablesArgs hold what becomes of each of the 256 stored codes in every channel, one channel after another. Codes are runs of
// Inner of one channel.
type TablesArgs struct {
	Channels, Inner int
	Table           []uint8
}

// Tables looks codes up, each in the table of its channel.
func Tables(w *Worker, a *TablesArgs, dst, src []uint8) {
	defer w.wait()
	lo, hi := w.share(len(dst)/a.Inner, 64)
	c := lo % a.Channels
	for run := lo; run < hi; run++ {
		table := (*[256]uint8)(a.Table[256*c:])
		from, to := src[run*a.Inner:][:a.Inner], dst[run*a.Inner:][:a.Inner]
		for i, u := range from {
			to[i] = table[u]
		}
		if c++; c == a.Channels {
			c = 0
		}
	}
}
