package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// An item is one thing to fetch: a folder with known files.
type item struct {
	name     string // folder below testdata/data, and flag
	title    string // for messages
	optional bool   // fetched only when its flag is given
	alone    bool   // … which -all is not
	files    []file
	// obtain makes every one of files in the folder "into", which is empty
	// and private; "scratch" is a second such folder for whatever it needs.
	obtain func(ctx context.Context, scratch, into string) error
}

// A file is one file of an item.
type file struct {
	// path is slash-separated, below the item's folder. One that ends in a slash is a folder of many files,
	// whose sum is that of the lines "sum  path" of all of them, sorted by path.
	path string
	// sum is the SHA-256 in lower-case hexadecimal. Empty: the content depends
	// on the distribution's release, whose signature vouches for it; the sum
	// is then recorded in SHA256SUMS beside the file at first and held to later.
	sum string
	// mode is the permission to set; 0 stands for 0644.
	mode fs.FileMode
}

// recorded names the file in an item's folder with the sums of those of its
// files that have no fixed one.
const recorded = "SHA256SUMS"

// ensure makes the item complete in the folder "into" and reports whether it
// had to fetch anything. On error, complete files already there are kept.
func (it item) ensure(ctx context.Context, into string) (fresh bool, err error) {
	if it.complete(into) {
		return false, nil
	}
	if err := os.MkdirAll(into, 0o755); err != nil {
		return false, err
	}
	work, err := os.MkdirTemp(into, ".fetch-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	scratch, got := filepath.Join(work, "scratch"), filepath.Join(work, "got")
	if err := errors.Join(os.Mkdir(scratch, 0o755), os.Mkdir(got, 0o755)); err != nil {
		return false, err
	}
	if err := it.obtain(ctx, scratch, got); err != nil {
		return false, err
	}
	return true, it.install(got, into)
}

// install checks every file in got and only then moves them into place.
func (it item) install(got, into string) error {
	var sums []byte
	for _, f := range it.files {
		sum, err := sumFile(filepath.Join(got, filepath.FromSlash(f.path)))
		if err != nil {
			return err
		}
		if f.sum == "" {
			sums = fmt.Appendf(sums, "%s  %s\n", sum, f.path)
		} else if sum != f.sum {
			return fmt.Errorf("%s has SHA-256 %s, expected %s: the source delivered something else; nothing was installed", f.path, sum, f.sum)
		}
	}
	for _, f := range it.files {
		from, to := filepath.Join(got, filepath.FromSlash(f.path)), filepath.Join(into, filepath.FromSlash(f.path))
		if strings.HasSuffix(f.path, "/") {
			if err := errors.Join(os.RemoveAll(to), os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(from, to)); err != nil {
				return err
			}
			continue
		}
		mode := f.mode
		if mode == 0 {
			mode = 0o644
		}
		if err := errors.Join(os.Chmod(from, mode), os.MkdirAll(filepath.Dir(to), 0o755)); err != nil {
			return err
		}
		if err := os.Rename(from, to); err != nil {
			return err
		}
	}
	if sums == nil {
		return nil
	}
	return writeFile(filepath.Join(into, recorded), sums, 0o644)
}

// complete reports whether every file is in place with the right content.
func (it item) complete(into string) bool {
	notes, _ := os.ReadFile(filepath.Join(into, recorded)) // absent: no sums recorded
	known := parseSums(notes)
	for _, f := range it.files {
		want := f.sum
		if want == "" {
			want = known[f.path]
		}
		sum, err := sumFile(filepath.Join(into, filepath.FromSlash(f.path)))
		if err != nil || sum != want {
			return false
		}
	}
	return true
}

// parseSums reads lines as sha256sum(1) writes them; other lines are ignored.
func parseSums(text []byte) map[string]string {
	sums := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 2 {
			sums[f[1]] = f[0]
		}
	}
	return sums
}

// sumFile returns the SHA-256 of a file, or of the list of a folder's files, in hexadecimal.
func sumFile(path string) (string, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return sumFolder(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func sumFolder(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		sum, err := sumFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		fmt.Fprintf(h, "%s  %s\n", sum, filepath.ToSlash(rel))
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// writeFile writes aside and renames, so that no reader sees half a file.
func writeFile(path string, content []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".part-")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// copyFile copies a file to a path whose folder it makes.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
