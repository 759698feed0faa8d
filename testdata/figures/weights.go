package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// fewBits compares weights of 3 bits, one scale for a layer, rounded to nearest by their range, with
// those rounded by data, three times with other samples.
func fewBits(ctx context.Context, b *bench) (string, bool, error) {
	pass := true
	var parts []string
	for _, n := range []network{residual, mobilenet} {
		nearest, err := eval(ctx, b, n, "--weights", "arq", "--weight-bits", "3", "--per-tensor", "--calib-limit", "1024")
		if err != nil {
			return "", false, err
		}
		lost := 100 * (nearest.Float.Value - nearest.Value)
		var sum float64
		var each []string
		for seed := range 3 {
			e, err := eval(ctx, b, n, "--weights", "gptq", "--weight-bits", "3", "--per-tensor", "--calib-limit", "1024", "--seed", fmt.Sprint(seed+1))
			if err != nil {
				return "", false, err
			}
			sum += e.Value / 3
			each = append(each, fmt.Sprintf("%.2f", 100*e.Value))
		}
		back := 100 * (sum - nearest.Value) / (nearest.Float.Value - nearest.Value)
		pass = pass && lost >= 3 && back >= 90
		parts = append(parts, fmt.Sprintf("%s %.2f %% float, %.2f %% by range, %.2f %% by data (%s): %.1f %% of the loss of %.2f points recovered", n.name,
			100*nearest.Float.Value, 100*nearest.Value, 100*sum, strings.Join(each, ", "), back, lost))
	}
	return strings.Join(parts, "; "), pass, nil
}

// codeBook compares weights of 16 levels with uniform ones of 4 bits, and the size of their package's
// weights with that of int8.
func codeBook(ctx context.Context, b *bench) (string, bool, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return "", false, err
	}
	pass := true
	var parts []string
	for _, n := range []network{residual, mobilenet} {
		book, err := eval(ctx, b, n, "--weights", "nuq", "--calib-limit", "1024")
		if err != nil {
			return "", false, err
		}
		uniform, err := eval(ctx, b, n, "--weights", "arq", "--weight-bits", "4", "--calib-limit", "1024")
		if err != nil {
			return "", false, err
		}
		size := func(weights string) (int64, error) {
			model, err := n.model(b)
			if err != nil {
				return 0, err
			}
			train, err := n.file(b, "train", "images")
			if err != nil {
				return 0, err
			}
			out := filepath.Join(b.temp, "book-"+n.name+"-"+weights)
			if _, err := output(ctx, b.root, nil, bin, "--quiet", "compile", model, "--calib", train, "--limit", "32", "--std", "255", "--weights", weights, "--no-verify", "--out", out); err != nil {
				return 0, err
			}
			info, err := os.Stat(filepath.Join(out, "weights.bin"))
			if err != nil {
				return 0, err
			}
			return info.Size(), nil
		}
		small, err := size("nuq")
		if err != nil {
			return "", false, err
		}
		whole, err := size("arq")
		if err != nil {
			return "", false, err
		}
		part := 100 * float64(small) / float64(whole)
		pass = pass && book.Value > uniform.Value && part <= 60
		parts = append(parts, fmt.Sprintf("%s 16 levels %.2f %%, uniform %.2f %%, float %.2f %%; weights.bin %d bytes, %.1f %% of int8", n.name,
			100*book.Value, 100*uniform.Value, 100*book.Float.Value, small, part))
	}
	return strings.Join(parts, "; "), pass, nil
}
