package amctc

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// manifestPath is where an output folder lists what compile wrote there.
const manifestPath = "amctc/manifest.json"

// A Manifest lists the files that one compile wrote, with the hex SHA-256 of each.
type Manifest struct {
	Format  string            `json:"format"`
	Version string            `json:"amctc"`
	Files   map[string]string `json:"files"`
}

// ErrStale says that the files on disk are not what compile would write.
var ErrStale = errors.New("outputs are stale")

// ErrForeign says that a file that compile did not write stands in its way.
var ErrForeign = errors.New("not written by amctc")

func readManifest(dir string) (*Manifest, error) {
	m := &Manifest{Files: map[string]string{}}
	data, err := os.ReadFile(filepath.Join(dir, manifestPath))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, manifestPath), err)
	}
	if m.Format != "amctc-manifest 1" {
		return nil, fmt.Errorf("%s is of format %q; this amctc knows amctc-manifest 1", filepath.Join(dir, manifestPath), m.Format)
	}
	for name := range m.Files {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("%s names the path %q outside the folder", filepath.Join(dir, manifestPath), name)
		}
	}
	return m, nil
}

// withManifest adds the manifest to the files.
func withManifest(files map[string][]byte) (map[string][]byte, error) {
	m := Manifest{Format: "amctc-manifest 1", Version: Version, Files: map[string]string{}}
	out := map[string][]byte{}
	for name, data := range files {
		s := sha256.Sum256(data)
		m.Files[name] = hex.EncodeToString(s[:])
		out[name] = data
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	out[manifestPath] = append(text, '\n')
	return out, nil
}

func sortedNames[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// WriteAll puts files under dir, whole or not at all: everything is written aside first, nothing that
// an earlier WriteAll did not write is replaced, and what it wrote and is no longer wanted goes.
func WriteAll(dir string, files map[string][]byte) error {
	all, err := withManifest(files)
	if err != nil {
		return err
	}
	old, err := readManifest(dir)
	if err != nil {
		return err
	}
	_, hadManifest := os.Lstat(filepath.Join(dir, manifestPath))
	for _, name := range sortedNames(all) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(path); err == nil {
			if _, ours := old.Files[name]; !ours && !(name == manifestPath && hadManifest == nil) {
				return fmt.Errorf("%s exists and was %w; move it away or choose another --out", path, ErrForeign)
			}
		}
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	aside, err := os.MkdirTemp(parent, ".amctc-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	if err := os.Chmod(aside, 0o755); err != nil {
		return err
	}
	for _, name := range sortedNames(all) {
		path := filepath.Join(aside, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, all[name], 0o666); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return os.Rename(aside, dir)
	}
	names := sortedNames(all)
	names = append(slices.DeleteFunc(names, func(n string) bool { return n == manifestPath }), manifestPath)
	for _, name := range names {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(aside, filepath.FromSlash(name)), to); err != nil {
			return err
		}
	}
	for _, name := range sortedNames(old.Files) {
		if _, keep := all[name]; !keep {
			os.Remove(filepath.Join(dir, filepath.FromSlash(name)))
		}
	}
	return nil
}

// CheckAll compares files with what stands under dir. The error wraps ErrStale and lists every
// difference.
func CheckAll(dir string, files map[string][]byte) error {
	all, err := withManifest(files)
	if err != nil {
		return err
	}
	old, err := readManifest(dir)
	if err != nil {
		return err
	}
	var diffs []string
	for _, name := range sortedNames(all) {
		have, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			diffs = append(diffs, "- missing: "+name)
		case err != nil:
			return err
		case string(have) != string(all[name]):
			diffs = append(diffs, "~ differs: "+name+firstDifference(have, all[name]))
		}
	}
	for _, name := range sortedNames(old.Files) {
		if _, keep := all[name]; !keep {
			diffs = append(diffs, "+ no longer written: "+name)
		}
	}
	if len(diffs) > 0 {
		return fmt.Errorf("%w in %s:\n%s", ErrStale, dir, strings.Join(diffs, "\n"))
	}
	return nil
}

func firstDifference(have, want []byte) string {
	if slices.Contains(have, 0) || slices.Contains(want, 0) {
		return fmt.Sprintf(" (binary, %d bytes on disk, %d now)", len(have), len(want))
	}
	a, b := strings.Split(string(have), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf(" at line %d\n    on disk: %.120s\n    now:     %.120s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf(" in length: %d lines on disk, %d now", len(a), len(b))
}

// An Enclosing is the Go module that a folder belongs to.
type Enclosing struct {
	Import string // import path of the folder
	Own    bool   // no go.mod was found: the folder needs one of its own
}

// FindModule looks for the go.mod around dir. override, when not empty, is the module path of dir
// itself.
func FindModule(dir, pkg, override string) (Enclosing, error) {
	if override != "" {
		return Enclosing{Import: override, Own: false}, nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return Enclosing{}, err
	}
	old, err := readManifest(dir)
	if err != nil {
		return Enclosing{}, err
	}
	for at := abs; ; at = filepath.Dir(at) {
		data, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil {
			if _, ours := old.Files["go.mod"]; at == abs && ours {
				return Enclosing{Import: pkg, Own: true}, nil
			}
			path := modulePath(data)
			if path == "" {
				return Enclosing{}, fmt.Errorf("%s names no module", filepath.Join(at, "go.mod"))
			}
			rel, err := filepath.Rel(at, abs)
			if err != nil {
				return Enclosing{}, err
			}
			if rel != "." {
				path += "/" + filepath.ToSlash(rel)
			}
			return Enclosing{Import: path}, nil
		}
		if at == filepath.Dir(at) {
			return Enclosing{Import: pkg, Own: true}, nil
		}
	}
}

func modulePath(gomod []byte) string {
	for line := range strings.Lines(string(gomod)) {
		f := strings.Fields(line)
		if len(f) >= 2 && f[0] == "module" {
			return strings.Trim(f[1], `"`)
		}
	}
	return ""
}
