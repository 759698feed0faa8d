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
	d := m.desc
	numbers := map[int]bool{}
	for _, c := range m.cores {
		if !c.host {
			numbers[c.number] = true
		}
	}
	m.res.cores = max(1, len(numbers))
	if m.shared != nil {
		m.res.held = m.shared.held
	}
	for _, c := range m.cores {
		read := c.bytes[pathGML1] + c.bytes[pathGMUB]
		m.res.MACs += c.macs
		m.res.gmRead += read
		m.res.gmWritten += c.bytes[pathUBGM] + c.gmOut
		if peak := int64(d.Cube.M * d.Cube.N * d.Cube.KS8); peak > 0 {
			m.res.cubeRoof = max(m.res.cubeRoof, (c.macs+peak-1)/peak)
		}
		m.res.gmRoof = max(m.res.gmRoof, (read+int64(d.GMRate)-1)/int64(d.GMRate))
	}
	for id := range numPaths {
		n := int64(0)
		for _, c := range m.cores {
			n += c.bytes[id]
		}
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

// Cores is the number of AI cores that the program has streams for.
func (r *Result) Cores() int { return r.cores }

// GMBytes is the traffic of global memory, both ways.
func (r *Result) GMBytes() int64 { return r.gmRead + r.gmWritten }

// Microseconds is the time of the run at the SoC's clock.
func (r *Result) Microseconds() float64 { return float64(r.Cycles) / float64(r.desc.MHz) }

// Roofline says in one line how far the run is from the two roofs of its busiest core: the cube's rate, and that of reads of global memory.
func (r *Result) Roofline() string {
	d := r.desc
	bound, roof := "memory", r.gmRoof
	if r.cubeRoof > r.gmRoof {
		bound, roof = "cube", r.cubeRoof
	}
	intensity, ridge, reached := 0.0, 2*float64(d.Cube.M*d.Cube.N*d.Cube.KS8)/float64(d.GMRate), 0.0
	if r.gmRead > 0 {
		intensity = 2 * float64(r.MACs) / float64(r.gmRead)
	}
	if r.Cycles > 0 {
		reached = 100 * float64(roof) / float64(r.Cycles)
	}
	return fmt.Sprintf("roofline: %d int8 MAC, %d bytes read from GM, %d written; %.1f op/byte read (ridge %.0f): %s-bound, at least %d cycles; took %d (%.1f %% of the roof)",
		r.MACs, r.gmRead, r.gmWritten, intensity, ridge, bound, roof, r.Cycles, reached)
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
	fmt.Fprintf(&b, "  %-8s %-6s %14s %8s %14s\n", "stream", "pipe", "busy cycles", "of all", "instructions")
	for _, s := range r.Pipes {
		if s.Count > 0 {
			fmt.Fprintf(&b, "  %-8s %-6s %14d %6.1f %% %14d\n", s.Stream, s.Pipe, s.Busy, float64(100*r.Utilization(s)), s.Count)
		}
	}
	fmt.Fprintf(&b, "  %-15s %14s\n", "path", "bytes")
	for _, s := range r.Paths {
		fmt.Fprintf(&b, "  %-15s %14d\n", s.Path, s.Bytes)
	}
	fmt.Fprintf(&b, "%s\n", r.Roofline())
	if r.cores > 1 {
		fmt.Fprintf(&b, "%d AI cores: %d bytes from and to GM at %d a cycle need at least %d cycles; transfers took %d cycles longer than alone, summed\n",
			r.cores, r.GMBytes(), r.desc.SharedRate(), (r.GMBytes()+int64(r.desc.SharedRate())-1)/int64(r.desc.SharedRate()), r.held)
	}
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
