package diagnose

import (
	"fmt"
	"slices"

	"github.com/amctc/amctc/codegen/report"
)

// verdict is a measured unit with its part in the output's error.
type verdict struct {
	*measured
	noise   float64 // noise over signal at the network's result, the unit alone
	left    float64 // the same with the cause repaired
	suspect suspect
	guilty  bool
}

// conclude ranks layers, names causes, tries their repairs and fills the answer.
func (r *run) conclude(out *report.Diagnosis, list []*measured) error {
	var total float64
	var vs []*verdict
	for _, m := range list {
		v := &verdict{measured: m, noise: median(m.probe.network[present])}
		v.left = v.noise
		total += v.noise
		vs = append(vs, v)
		out.Layers = append(out.Layers, m.layer())
	}
	out.OutputSum = report.DB(db(total))
	if total == 0 {
		rank(out, vs, 1) // nothing is lost anywhere
		return nil
	}
	for _, v := range vs {
		v.suspect, v.guilty = v.worst()
		if left := v.noise / ratioGain(v.suspect.gain); v.guilty && (v.noise-left)/total >= minShare {
			v.left = left
		} else {
			v.guilty = false
		}
	}
	repairs, err := r.repair(vs, total)
	if err != nil {
		return err
	}
	for i, v := range vs {
		if v.guilty {
			out.Findings = append(out.Findings, report.Finding{Cause: v.suspect.cause, Layer: v.u.node.Name, Share: (v.noise - v.left) / total,
				Evidence: v.suspect.evidence, Repairs: repairs[i]})
		}
	}
	if f, ok := accumulated(vs, total, float64(out.Output)); ok {
		out.Findings = append(out.Findings, f)
	}
	slices.SortStableFunc(out.Findings, func(a, b report.Finding) int {
		switch {
		case a.Share > b.Share:
			return -1
		case a.Share < b.Share:
			return 1
		}
		return 0
	})
	rank(out, vs, total)
	return nil
}

// ratioGain is a gain in dB as a quotient of noises.
func ratioGain(g float64) float64 { return pow10(g / 10) }

// rank fills what layers are told about the network.
func rank(out *report.Diagnosis, vs []*verdict, total float64) {
	rows := make(map[string]*report.Row) // by original node, the last operator that holds it
	for i := range out.Graph {
		for _, n := range out.Graph[i].From {
			rows[n] = &out.Graph[i]
		}
	}
	order := make([]int, len(vs))
	for i, v := range vs {
		order[i] = i
		l := &out.Layers[i]
		l.Share = round(v.noise / total)
		l.Accumulated = report.DB(nan())
		if row := rows[v.u.node.Name]; row != nil && row.Compared {
			l.Accumulated, l.AccumulatedCosine = report.DB(row.SQNR), row.Cosine
		}
		for k, f := range out.Findings {
			if f.Layer == l.Name {
				l.Finding = k
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case vs[a].noise > vs[b].noise:
			return -1
		case vs[a].noise < vs[b].noise:
			return 1
		}
		return 0
	})
	for k, i := range order {
		out.Layers[i].Rank = k + 1
	}
	for i := range out.Findings {
		out.Findings[i].Share = round(out.Findings[i].Share)
	}
}

// accumulated is what no repair of a single layer takes away. Its repair is one of many: the fewest layers
// that carry half of it.
func accumulated(vs []*verdict, total, output float64) (report.Finding, bool) {
	f := report.Finding{Cause: report.Accumulated}
	var rest, worst float64
	for _, v := range vs {
		rest += v.left
		worst = max(worst, v.left)
	}
	f.Share = rest / total
	if output >= goodOutput || f.Share < minShare {
		return f, false
	}
	order := slices.Clone(vs)
	slices.SortStableFunc(order, func(a, b *verdict) int {
		switch {
		case a.left > b.left:
			return -1
		case a.left < b.left:
			return 1
		}
		return 0
	})
	var carry float64
	n := 0
	for ; n < len(order) && carry < rest/2; n++ {
		carry += order[n].left
	}
	f.Evidence = []string{
		fmt.Sprintf("%s of the error at the output, as the layers alone add up to it, has no cause in a single layer", percent(f.Share)),
		fmt.Sprintf("the layers alone add up to an output of %.1f dB; all together measure %.1f dB", db(total), output),
		fmt.Sprintf("no layer carries more than %s of it; the %d of %d that matter most carry half", percent(worst/rest), n, len(vs)),
	}
	f.Repairs = spread(order[:n], total)
	return f, true
}

func round(x float64) float64 { return float64(int64(float64(x*1e6)+0.5)) / 1e6 }
