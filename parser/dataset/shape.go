package dataset

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// product is the number of elements of a shape; false when it does not fit an int.
func product(shape []int) (int, bool) {
	n, ok := 1, true
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, false
		case d == 0:
			return 0, true
		case n > math.MaxInt/d:
			ok = false
		default:
			n *= d
		}
	}
	return n, ok
}

func shapeString(shape []int) string {
	if len(shape) == 1 {
		return fmt.Sprintf("(%d,)", shape[0])
	}
	var s []string
	for _, d := range shape {
		s = append(s, strconv.Itoa(d))
	}
	return "(" + strings.Join(s, ", ") + ")"
}

// wide is a shape without its dimensions of 1.
func wide(shape []int) []int {
	return slices.DeleteFunc(slices.Clone(shape), func(d int) bool { return d == 1 })
}

// countSamples is the number of samples of the given shape in an array of shape file. An array of
// the sample's own shape is one sample; otherwise the leading dimension counts samples, and the
// rest must have as many elements as a sample, in the same order as far as can be told: a
// transposed sample (channels last) is refused.
func countSamples(file, sample []int) (int, error) {
	count, _ := product(sample)
	if slices.Equal(wide(file), wide(sample)) {
		return 1, nil
	}
	if len(file) > 0 {
		rest := file[1:]
		if n, ok := product(rest); ok && n == count {
			a, b := wide(rest), wide(sample)
			if !slices.Equal(a, b) && isPermutation(a, b) {
				return 0, fmt.Errorf("samples have shape %s, the input wants %s: the dimensions are in another order; transpose the data", shapeString(rest), shapeString(sample))
			}
			return file[0], nil
		}
		if len(rest) > 0 {
			return 0, fmt.Errorf("the array has shape %s, that is samples of shape %s, but the input wants samples of shape %s", shapeString(file), shapeString(rest), shapeString(sample))
		}
	}
	return 0, fmt.Errorf("the array has shape %s, but the input wants samples of shape %s", shapeString(file), shapeString(sample))
}

func isPermutation(a, b []int) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
