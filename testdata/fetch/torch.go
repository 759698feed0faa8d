package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// torch is Debian's PyTorch with all that it needs, as packages that are not installed: the peer that the
// speed of training is compared with. It is large, so that only its own flag fetches it.
func torch() item {
	it := item{
		name:     "torch",
		title:    "Debian's PyTorch",
		optional: true,
		alone:    true,
		files:    []file{{path: "packages.tar"}},
	}
	it.obtain = func(ctx context.Context, scratch, into string) error {
		if _, err := aptTool.run(ctx, scratch, nil, "update", "-q"); err != nil {
			return err
		}
		plan, err := aptTool.run(ctx, scratch, nil, "install", "--no-install-recommends", "-s", "python3-torch", "libopenblas0-pthread")
		if err != nil {
			return err
		}
		args := []string{"download", "-q"}
		for _, m := range regexp.MustCompile(`(?m)^Inst (\S+)`).FindAllSubmatch(plan, -1) {
			args = append(args, string(m[1]))
		}
		if len(args) == 2 {
			return fmt.Errorf("PyTorch is installed on this machine; unpack it from its packages in a clean container, or run the comparison there")
		}
		if _, err := aptTool.run(ctx, scratch, nil, args...); err != nil {
			return err
		}
		debs, err := filepath.Glob(filepath.Join(scratch, "*.deb"))
		if err != nil {
			return err
		}
		slices.Sort(debs)
		return tarFiles(filepath.Join(into, "packages.tar"), debs)
	}
	return it
}

// tarFiles writes files into one archive, under their base names.
func tarFiles(path string, files []string) (err error) {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	w := tar.NewWriter(out)
	for _, name := range files {
		if err := tarFile(w, name); err != nil {
			return err
		}
	}
	return w.Close()
}

func tarFile(w *tar.Writer, name string) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: filepath.Base(name), Mode: 0o644, Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(w, in)
	return err
}
