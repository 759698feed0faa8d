// SPDX-License-Identifier: MIT-0

//go:build !purego

package rt

// cpuid executes CPUID.
func cpuid(leaf, subleaf uint32) (a, b, c, d uint32)

// xgetbv reads extended control register 0: the registers that the operating system saves.
func xgetbv() uint32

// features are the instruction sets of this machine, by ISA.
var features = detect()

func has(i ISA) bool { return features[i] }

// detect reads CPUID (Intel 64 Architectures Software Developer's Manual, volume 2A).
func detect() (f [6]bool) {
	f[Generic] = true
	if most, _, _, _ := cpuid(0, 0); most < 7 {
		return f
	}
	_, _, c1, _ := cpuid(1, 0)
	const osxsave, avx, fma = 1 << 27, 1 << 28, 1 << 12
	if c1&osxsave == 0 || c1&avx == 0 || c1&fma == 0 {
		return f
	}
	saved := xgetbv()
	_, b7, c7, _ := cpuid(7, 0)
	a71, _, _, _ := cpuid(7, 1)
	const ymm, zmm = 0x06, 0xe6
	f[AVX2] = saved&ymm == ymm && b7&(1<<5) != 0
	f[AVXVNNI] = f[AVX2] && a71&(1<<4) != 0
	const f512, dq, bw, vl, vnni = 1 << 16, 1 << 17, 1 << 30, 1 << 31, 1 << 11
	f[AVX512VNNI] = f[AVX2] && saved&zmm == zmm && b7&f512 != 0 && b7&dq != 0 && b7&bw != 0 && b7&vl != 0 && c7&vnni != 0
	return f
}
