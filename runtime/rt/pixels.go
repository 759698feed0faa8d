// SPDX-License-Identifier: MIT-0

package rt

// PixelsArgs describe N images of C channels of P positions whose uint8 elements are looked up. Element (c, p) of an
// image comes from First+c*FromC+p*FromP of the source and goes to c*ToC+p*ToP. The table has 256 entries for each
// channel, or 256 for all.
type PixelsArgs struct {
	N, C, P             int
	First, FromC, FromP int
	ToC, ToP            int
}

// Pixels takes pixels to stored codes.
func Pixels(w *Worker, a *PixelsArgs, dst, src, table []uint8) { lookUp(w, a, dst, src, table) }

// PixelsF32 takes pixels to numbers.
func PixelsF32(w *Worker, a *PixelsArgs, dst []float32, src []uint8, table []float32) {
	lookUp(w, a, dst, src, table)
}

func lookUp[T uint8 | float32](w *Worker, a *PixelsArgs, dst []T, src []uint8, table []T) {
	lo, hi := w.share(a.P, 64)
	image := a.C * a.P
	for i := range a.N {
		to, from := dst[i*image:(i+1)*image], src[i*image:(i+1)*image]
		if a.C == 3 && a.ToC == 1 && a.FromP == 3 {
			// Element k of three side by side comes from channel k, or 2-k.
			lookUp3(to[3*lo:3*hi], from[3*lo:3*hi], row(table, 0), row(table, 1), row(table, 2), a.FromC < 0)
			continue
		}
		if a.C == 3 && a.ToC == 1 && a.FromP == 1 {
			plane := func(c int) []uint8 { return from[a.First+c*a.FromC:][lo:hi] }
			interleaveRows(to[3*lo:3*hi], plane(0), plane(1), plane(2), row(table, 0), row(table, 1), row(table, 2))
			continue
		}
		for c := range a.C {
			entries := row(table, c)
			at, put := a.First+c*a.FromC+lo*a.FromP, c*a.ToC+lo*a.ToP
			if a.FromP == 1 && a.ToP == 1 {
				line := to[put:][:hi-lo]
				for k, v := range from[at:][:hi-lo] {
					line[k] = entries[v]
				}
				continue
			}
			for range hi - lo {
				to[put] = entries[from[at]]
				at += a.FromP
				put += a.ToP
			}
		}
	}
	w.wait()
}

// row are the entries of a channel.
func row[T uint8 | float32](table []T, c int) *[256]T {
	if len(table) == 256 {
		return (*[256]T)(table)
	}
	return (*[256]T)(table[256*c:])
}

// lookUp3 looks up positions of three channels side by side.
func lookUp3[T uint8 | float32](to []T, from []uint8, a, b, c *[256]T, reverse bool) {
	for len(to) >= 3 && len(from) >= 3 {
		x, y := (*[3]uint8)(from), (*[3]T)(to)
		if reverse {
			y[0], y[1], y[2] = a[x[2]], b[x[1]], c[x[0]]
		} else {
			y[0], y[1], y[2] = a[x[0]], b[x[1]], c[x[2]]
		}
		to, from = to[3:], from[3:]
	}
}

// interleaveRows looks up three planes and puts them side by side.
func interleaveRows[T uint8 | float32](to []T, x, y, z []uint8, a, b, c *[256]T) {
	y, z = y[:len(x)], z[:len(x)]
	for i, v := range x {
		if len(to) < 3 {
			return
		}
		out := (*[3]T)(to)
		out[0], out[1], out[2] = a[v], b[y[i]], c[z[i]]
		to = to[3:]
	}
}
