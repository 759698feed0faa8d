package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/amctc/amctc"
)

// evaluation is what `amctc eval --json` prints for a float model and its int8 form.
type evaluation struct {
	amctc.Evaluation
	Float amctc.Evaluation `json:"float"`
	Fake  amctc.Evaluation `json:"fake"` // with --fake
}

// eval runs `amctc eval` on the whole test set.
func eval(ctx context.Context, b *bench, n network, more ...string) (*evaluation, error) {
	bin, err := b.amctc(ctx)
	if err != nil {
		return nil, err
	}
	model, err := n.model(b)
	if err != nil {
		return nil, err
	}
	train, err := n.file(b, "train", "images")
	if err != nil {
		return nil, err
	}
	test, err := n.file(b, "t10k", "images")
	if err != nil {
		return nil, err
	}
	labels, err := n.file(b, "t10k", "labels")
	if err != nil {
		return nil, err
	}
	args := []string{"--quiet", "--json", "eval", model, "--calib", train, "--data", test, "--labels", labels}
	if n.std != "" {
		args = append(args, "--std", n.std)
	}
	text, err := output(ctx, b.root, nil, bin, append(args, more...)...)
	if err != nil {
		return nil, err
	}
	e := &evaluation{}
	if err := json.Unmarshal(text, e); err != nil {
		return nil, fmt.Errorf("amctc eval --json: %w", err)
	}
	if e.Samples != 10000 || e.Float.Samples != 10000 {
		return nil, fmt.Errorf("amctc eval used %d and %d test images", e.Float.Samples, e.Samples)
	}
	return e, nil
}
