package main

import (
	"context"
	"fmt"
)

// autoencoderConfig gives the dense layers one weight scale for each output.
const autoencoderConfig = "testdata/amct/autoencoder.quant.json"

func autoencoder(ctx context.Context, b *bench) (string, bool, error) {
	each, err := eval(ctx, b, autoencode, "--metric", "mse", "--config", b.path(autoencoderConfig))
	if err != nil {
		return "", false, err
	}
	one, err := eval(ctx, b, autoencode, "--metric", "mse")
	if err != nil {
		return "", false, err
	}
	ratio := each.Value / each.Float.Value
	return fmt.Sprintf("× %.4f with a weight scale for each output (%s); × %.4f with the default, one for a layer; float %.6f", ratio,
		autoencoderConfig, one.Value/one.Float.Value, one.Float.Value), ratio <= 1.03, nil
}
