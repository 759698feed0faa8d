package main

import "context"

// identical runs the test that compiles twice.
func identical(ctx context.Context, b *bench) (string, bool, error) {
	line, err := b.test(ctx, nil, "compiles: ", "./testdata/selftest", "-run", "^TestIdentical$")
	return line, err == nil, err
}
