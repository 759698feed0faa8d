package irtest

import "strings"

// DiffLines lists the lines that only want has, behind "-", and those that only got has, behind "+",
// in order, with up to two common lines around them. It is empty for equal texts.
func DiffLines(want, got string) string {
	if want == got {
		return ""
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	const limit = 4000 // lines; the table below has that many squared
	if len(a) > limit || len(b) > limit {
		return firstDifference(a, b)
	}
	// common[i][j] is the length of the longest common subsequence of a[i:] and b[j:].
	common := make([][]int32, len(a)+1)
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var lines []string
	var changed []bool
	add := func(mark, line string) {
		lines = append(lines, mark+line)
		changed = append(changed, mark != " ")
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			add(" ", a[i])
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			add("-", a[i])
			i++
		default:
			add("+", b[j])
			j++
		}
	}
	return excerpt(lines, changed)
}

// excerpt keeps the changed lines and two around them; gaps are marked.
func excerpt(lines []string, changed []bool) string {
	const around = 2
	var out strings.Builder
	gap := false
	for i, line := range lines {
		near := false
		for k := max(0, i-around); k <= min(len(lines)-1, i+around); k++ {
			near = near || changed[k]
		}
		if !near {
			gap = true
			continue
		}
		if gap {
			out.WriteString(" ...\n")
			gap = false
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

// firstDifference is for texts too long for the table.
func firstDifference(a, b []string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	var out strings.Builder
	if i < len(a) {
		out.WriteString("-" + a[i] + "\n")
	}
	if i < len(b) {
		out.WriteString("+" + b[i] + "\n")
	}
	out.WriteString(" ...\n")
	return out.String()
}
