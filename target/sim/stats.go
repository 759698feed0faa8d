package sim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/amctc/amctc/target"
)

// stats fills in the figures of the result.
func (m *machine) stats() {
	order := []target.Pipe{target.PipeS, target.PipeMTE1, target.PipeMTE2, target.PipeMTE3, target.PipeM, target.PipeV, target.PipeFIX}
	for _, c := range m.cores {
		m.res.Cycles = max(m.res.Cycles, c.now)
		for _, k := range order {
			p := c.pipe[k]
			if p == nil || k == target.PipeS {
				continue
			}
			m.res.Cycles = max(m.res.Cycles, p.end)
			m.res.Pipes = append(m.res.Pipes, PipeStat{c.name, k, p.busy, p.runs})
		}
	}
	for id, n := range m.bytes {
		if n > 0 && id != pathCube {
			m.res.Paths = append(m.res.Paths, PathStat{pathNames[id], n})
		}
	}
	slices.SortFunc(m.res.Paths, func(a, b PathStat) int { return strings.Compare(a.Path, b.Path) })
	m.res.Steps = m.steps
}

// Busy is the busy cycles of a stream's pipe.
func (r *Result) Busy(stream string, p target.Pipe) int64 {
	for _, s := range r.Pipes {
		if s.Stream == stream && s.Pipe == p {
			return s.Busy
		}
	}
	return 0
}

// Moved is the bytes that a path moved.
func (r *Result) Moved(path string) int64 {
	for _, s := range r.Paths {
		if s.Path == path {
			return s.Bytes
		}
	}
	return 0
}

// GMBytes is the traffic of global memory.
func (r *Result) GMBytes() int64 {
	n := int64(0)
	for _, s := range r.Paths {
		if strings.HasPrefix(s.Path, "gm-") || strings.HasSuffix(s.Path, "-gm") || strings.HasPrefix(s.Path, "l0c-") {
			n += s.Bytes
		}
	}
	return n
}

// Microseconds is the time of the run at the SoC's clock.
func (r *Result) Microseconds() float64 { return float64(r.Cycles) / float64(r.desc.MHz) }

// Roofline says in one line how far the run is from one core's two roofs: the cube's rate and global memory's.
func (r *Result) Roofline() string {
	d := r.desc
	peak := int64(d.Cube.M * d.Cube.N * d.Cube.KS8)
	gm := r.GMBytes()
	compute, memory := int64(0), int64(0)
	if peak > 0 {
		compute = (r.MACs + peak - 1) / peak
	}
	memory = (gm + int64(d.GMRate) - 1) / int64(d.GMRate)
	bound, roof := "memory", memory
	if compute > memory {
		bound, roof = "cube", compute
	}
	intensity, ridge, reached := 0.0, 2*float64(peak)/float64(d.GMRate), 0.0
	if gm > 0 {
		intensity = 2 * float64(r.MACs) / float64(gm)
	}
	if r.Cycles > 0 {
		reached = 100 * float64(roof) / float64(r.Cycles)
	}
	return fmt.Sprintf("roofline %s, one core: %d int8 MAC, %d GM bytes, %.1f op/byte (ridge %.0f): %s-bound, at least %d cycles; took %d (%.1f %% of the roof)",
		d.Name, r.MACs, gm, intensity, ridge, bound, roof, r.Cycles, reached)
}

// Utilization is a pipe's busy share of the run, 0 to 1.
func (r *Result) Utilization(s PipeStat) float64 {
	if r.Cycles == 0 {
		return 0
	}
	return float64(s.Busy) / float64(r.Cycles)
}

// String is Report.
func (r *Result) String() string { return r.Report() }

// Report is the figures as text: cycles, pipes, paths, roofline, assumptions.
func (r *Result) Report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d cycles, %.1f us at %d MHz, %d instructions, %d host steps\n", r.desc.Name, r.Cycles, r.Microseconds(), r.desc.MHz, r.Steps, r.Host)
	for _, s := range r.Pipes {
		if s.Count > 0 {
			fmt.Fprintf(&b, "  %-8s %-4s busy %12d  %5.1f %%  %8d instructions\n", s.Stream, s.Pipe, s.Busy, 100*r.Utilization(s), s.Count)
		}
	}
	for _, s := range r.Paths {
		fmt.Fprintf(&b, "  %-12s %12d bytes\n", s.Path, s.Bytes)
	}
	fmt.Fprintf(&b, "%s\n", r.Roofline())
	var names []string
	total := int64(0)
	for n, k := range r.Assumed {
		names = append(names, n)
		total += k
	}
	slices.Sort(names)
	if total > 0 {
		fmt.Fprintf(&b, "%d instructions rely on a rule without a published source:", total)
		for _, n := range names {
			fmt.Fprintf(&b, " %s %d", n, r.Assumed[n])
		}
		b.WriteByte('\n')
	}
	return b.String()
}
