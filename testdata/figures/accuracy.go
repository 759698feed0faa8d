package main

import (
	"context"
	"fmt"
	"math"
	"strings"
)

func accuracyMNIST(ctx context.Context, b *bench) (string, bool, error) {
	return accuracy(ctx, b, 10, cntk, lenet)
}

func accuracyFashion(ctx context.Context, b *bench) (string, bool, error) {
	return accuracy(ctx, b, 25, residual, mobilenet)
}

// accuracy compares top-1 of float and int8; they may differ by so many images of 10,000.
func accuracy(ctx context.Context, b *bench, images int, list ...network) (string, bool, error) {
	var text []string
	pass := true
	for _, n := range list {
		e, err := eval(ctx, b, n)
		if err != nil {
			return "", false, err
		}
		float, integer := int(math.Round(e.Float.Value*10000)), int(math.Round(e.Value*10000))
		pass = pass && max(float-integer, integer-float) <= images
		text = append(text, fmt.Sprintf("%s %.2f %% float, %.2f %% int8 (%+.2f points)", n.name, float64(float)/100, float64(integer)/100, float64(integer-float)/100))
	}
	return strings.Join(text, "; "), pass, nil
}
