package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

var npmTool = tool{
	name:    "npm",
	absent:  "install Node.js, or do without the comparison with ONNX Runtime",
	failing: "check the network and `npm config get registry`, then run this again",
}

// npmPackage downloads NAME@VERSION, which npm verifies, and returns the path
// of its archive in scratch. Nothing of the package is run.
func npmPackage(ctx context.Context, scratch, name string) (string, error) {
	if _, err := npmTool.run(ctx, scratch, nil, "pack", "--ignore-scripts", "--no-update-notifier", name); err != nil {
		return "", err
	}
	archive, err := single(filepath.Join(scratch, "*.tgz"))
	if err != nil {
		return "", fmt.Errorf("command %q: %w", "npm pack "+name, err)
	}
	return archive, nil
}

// untarFile writes the member of a gzipped tar archive to a path.
func untarFile(archive, member, path string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", archive, err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return fmt.Errorf("%s: has no member %s", archive, member)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", archive, err)
		}
		if h.Name != member {
			continue
		}
		out, err := os.Create(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, r)
		return errors.Join(err, out.Close())
	}
}
