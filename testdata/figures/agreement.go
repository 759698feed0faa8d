package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/amctc/amctc"
	"github.com/amctc/amctc/codegen/agree"
)

// agreementInputs is how many test images each network runs on.
const agreementInputs = 200

// agreement quantizes every network for both SoCs and runs it on every engine.
func agreement(ctx context.Context, b *bench) (string, bool, error) {
	tensors, differ, pass := 0, 0, true
	var each, engines []string
	for _, n := range allNetworks {
		here := 0
		c, float, err := n.calibrated(ctx, b)
		if err != nil {
			return "", false, fmt.Errorf("%s: %w", n.name, err)
		}
		for _, soc := range []string{"ascend910b3", "ascend950pr"} {
			q, err := amctc.Quantize(c, float, soc)
			if err != nil {
				return "", false, fmt.Errorf("%s: %w", n.name, err)
			}
			d, err := n.images(b, q, "t10k", agreementInputs)
			if err != nil {
				return "", false, err
			}
			samples, err := d.First(agreementInputs)
			if err != nil {
				return "", false, err
			}
			r, goNotRun, err := amctc.Verify(ctx, q, samples, amctc.VerifyOptions{Targets: []string{soc}})
			if err != nil {
				return "", false, fmt.Errorf("%s on %s: %w", n.name, soc, err)
			}
			if goNotRun != "" {
				return "", false, fmt.Errorf("generated Go was not run: %s", goNotRun)
			}
			engines = r.Engines
			here += r.Tensors
			differ += r.DiffBytes
			pass = pass && complete(r, "exec", "go", "sim") && len(samples) >= agreementInputs
			if r.First != nil {
				each = append(each, r.First.String())
			}
			if len(r.NotCompared) > 0 {
				each = append(each, "not compared: "+strings.Join(r.NotCompared, ", "))
			}
		}
		tensors += here
		each = append(each, fmt.Sprintf("%s %d", n.name, here))
	}
	return fmt.Sprintf("interp = %s: %d tensors, %d bytes differ (%d inputs for each of 5 networks and 2 SoCs; tensors: %s)", strings.Join(engines, " = "),
		tensors, differ, agreementInputs, strings.Join(each, ", ")), pass, nil
}

// complete says whether exactly these engines took part, every tensor was compared and none differs.
func complete(r *agree.Report, engines ...string) bool {
	return r.OK() && r.Tensors > 0 && slices.Equal(r.Engines, engines)
}

// compared is the outcome with the engines that took part.
func compared(r *agree.Report) string {
	return fmt.Sprintf("interp = %s: %d tensors, %d bytes differ", strings.Join(r.Engines, " = "), r.Tensors, r.DiffBytes)
}
