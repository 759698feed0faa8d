package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

var (
	aptTool = tool{
		name:    "apt-get",
		absent:  "this item comes as a Debian package; run this on Debian or Ubuntu, or do without the item",
		failing: "check the network and /etc/apt/sources.list, then run this again",
	}
	dpkgTool = tool{
		name:    "dpkg-deb",
		absent:  "install the package dpkg",
		failing: "check that the disk is not full, then run this again",
	}
)

// debPackage downloads a Debian package, which apt-get verifies, unpacks it
// below scratch without installing it, and returns the folder that stands
// for its root. When apt-get does not know the package or its address is out of date,
// the package lists are brought up to date first, which only root may do.
func debPackage(ctx context.Context, scratch, name string) (string, error) {
	download := func() error {
		_, err := aptTool.run(ctx, scratch, nil, "download", "-q", name)
		return err
	}
	err := download()
	if ranAndFailed(err) {
		if os.Geteuid() != 0 {
			return "", fmt.Errorf("%w\n  if the package lists are empty or old, run `sudo apt-get update` first; the rest needs no root", err)
		}
		if _, err := aptTool.run(ctx, scratch, nil, "update", "-q"); err != nil {
			return "", err
		}
		err = download()
	}
	if err != nil {
		return "", err
	}
	archive, err := single(filepath.Join(scratch, "*.deb"))
	if err != nil {
		return "", fmt.Errorf("command %q: %w", "apt-get download "+name, err)
	}
	root := filepath.Join(scratch, "root")
	_, err = dpkgTool.run(ctx, scratch, nil, "-x", archive, root)
	return root, err
}

// single returns the only path that matches the pattern.
func single(pattern string) (string, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	if len(paths) != 1 {
		return "", fmt.Errorf("expected one %s, found %d", filepath.Base(pattern), len(paths))
	}
	return paths[0], nil
}
