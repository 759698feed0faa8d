package selftest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/amctc/amctc"
)

// TestIdentical compiles LeNet twice with the command, on one and on two processors, and compares
// every file.
func TestIdentical(t *testing.T) {
	if !amctc.Exists(train) {
		t.Fatalf("%s is missing; `go run ./testdata/fetch` brings it", train)
	}
	bin := filepath.Join(t.TempDir(), "amctc.exe")
	run(t, root, nil, "go", "build", "-o", bin, "./cmd/amctc")
	compile := func(procs string) map[string][sha256.Size]byte {
		dir := filepath.Join(t.TempDir(), "lenet")
		run(t, ".", []string{"GOMAXPROCS=" + procs}, bin, "--quiet", "compile", model, "--calib", train, "--limit", "128", "--std", "255", "--out", dir, "--no-verify")
		return sums(t, dir)
	}
	one, two := compile("1"), compile("2")
	if len(one) == 0 || !maps.Equal(one, two) {
		for _, name := range slices.Sorted(maps.Keys(one)) {
			if one[name] != two[name] {
				t.Errorf("%s differs", name)
			}
		}
		t.Fatalf("GOMAXPROCS=1 wrote %d files, GOMAXPROCS=2 %d", len(one), len(two))
	}
	all := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(one)) {
		fmt.Fprintf(all, "%x  %s\n", one[name], name)
	}
	t.Logf("compiles: %d files of LeNet byte-identical, GOMAXPROCS 1 and 2 (SHA-256 of all their sums %.4x…)", len(one), all.Sum(nil))
}

// sums are the digests of all files below a folder.
func sums(t *testing.T, dir string) map[string][sha256.Size]byte {
	t.Helper()
	out := make(map[string][sha256.Size]byte)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = sha256.Sum256(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
