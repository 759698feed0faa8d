package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func sumOf(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// toy is an item of one fixed and one recorded file; *content is delivered
// as the fixed one, and *calls counts how often it was fetched.
func toy(content *string, calls *int) item {
	return item{
		name:  "toy",
		title: "a toy",
		files: []file{{path: "sub/fixed", sum: sumOf("good")}, {path: "free", mode: 0o755}},
		obtain: func(_ context.Context, scratch, into string) error {
			*calls++
			return errors.Join(
				os.WriteFile(filepath.Join(scratch, "archive"), []byte("x"), 0o644),
				os.Mkdir(filepath.Join(into, "sub"), 0o755),
				os.WriteFile(filepath.Join(into, "sub", "fixed"), []byte(*content), 0o644),
				os.WriteFile(filepath.Join(into, "free"), []byte("any"), 0o644),
			)
		},
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, e := range entries {
		s = append(s, e.Name())
	}
	return strings.Join(s, " ")
}

func TestEnsure(t *testing.T) {
	dir, content, calls := t.TempDir(), "good", 0
	it := toy(&content, &calls)
	steps := []struct {
		what  string
		spoil func() error
		fresh bool
	}{
		{"nothing there", func() error { return nil }, true},
		{"complete", func() error { return nil }, false},
		{"fixed file changed", func() error { return os.WriteFile(filepath.Join(dir, "sub/fixed"), []byte("bad"), 0o644) }, true},
		{"recorded file changed", func() error { return os.WriteFile(filepath.Join(dir, "free"), []byte("bad"), 0o644) }, true},
		{"record lost", func() error { return os.Remove(filepath.Join(dir, recorded)) }, true},
		{"file lost", func() error { return os.Remove(filepath.Join(dir, "free")) }, true},
	}
	for _, step := range steps {
		if err := step.spoil(); err != nil {
			t.Fatal(err)
		}
		before := calls
		fresh, err := it.ensure(t.Context(), dir)
		if err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		if fresh != step.fresh || (calls > before) != step.fresh {
			t.Errorf("%s: fetched = %t, want %t", step.what, fresh, step.fresh)
		}
		if !it.complete(dir) {
			t.Errorf("%s: not complete afterwards", step.what)
		}
		if got := names(t, dir); got != "SHA256SUMS free sub" {
			t.Errorf("%s: folder holds %q", step.what, got)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "free")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("mode of free: %v, %v", info, err)
	}
}

func TestWrongContentIsNotInstalled(t *testing.T) {
	dir, content, calls := t.TempDir(), "evil", 0
	_, err := toy(&content, &calls).ensure(t.Context(), dir)
	if err == nil || !strings.Contains(err.Error(), "sub/fixed has SHA-256") {
		t.Fatalf("error %v", err)
	}
	if got := names(t, dir); got != "" {
		t.Errorf("folder holds %q", got)
	}
}

func TestByteLiteral(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.go")
	source := "package a\nfunc F() []byte { return []byte(\"\\x00\\xff\\n\\\"A\") }\nfunc G() (string, string) { return \"a\", \"b\" }\n"
	if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := byteLiteral(path, "F")
	if err != nil || !bytes.Equal(got, []byte{0, 255, '\n', '"', 'A'}) {
		t.Errorf("F: %q, %v", got, err)
	}
	for _, name := range []string{"G", "H"} {
		if _, err := byteLiteral(path, name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestUntarFile(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range map[string]string{"package/a": "first", "package/b": "second"} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	archive, to := filepath.Join(dir, "x.tgz"), filepath.Join(dir, "b")
	if err := os.WriteFile(archive, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := untarFile(archive, "package/b", to); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(to); err != nil || string(got) != "second" {
		t.Errorf("%q, %v", got, err)
	}
	if err := untarFile(archive, "package/c", to); err == nil || !strings.Contains(err.Error(), "package/c") {
		t.Errorf("absent member: error %v", err)
	}
	if err := os.WriteFile(archive, b.Bytes()[:b.Len()/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := untarFile(archive, "package/c", to); err == nil {
		t.Error("cut archive: no error")
	}
}

func TestToolErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := tool{name: "no-such-tool", absent: "install it"}.run(t.Context(), dir, nil, "a", "b")
	if err == nil || !strings.Contains(err.Error(), `"no-such-tool a b"`) || !strings.Contains(err.Error(), "install it") || ranAndFailed(err) {
		t.Errorf("absent: %v", err)
	}
	_, err = tool{name: "go", failing: "look at the flags"}.run(t.Context(), dir, nil, "no-such-command")
	if err == nil || !strings.Contains(err.Error(), `"go no-such-command"`) || !strings.Contains(err.Error(), "unknown command") ||
		!strings.Contains(err.Error(), "look at the flags") || !ranAndFailed(err) {
		t.Errorf("failing: %v", err)
	}
}

func TestWithoutModFlags(t *testing.T) {
	got := withoutModFlags("-mod=vendor -modcacherw --modfile=x.mod -trimpath\n")
	if want := "-modcacherw -trimpath"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestUsage(t *testing.T) {
	cases := []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-h"}, 0, "-fashion"},
		{[]string{"-nonsense"}, 2, "nonsense"},
		{[]string{"fashion"}, 2, `unexpected argument "fashion"`},
	}
	for _, c := range cases {
		var out, diag bytes.Buffer
		if code := run(t.Context(), c.args, &out, &diag); code != c.code || !strings.Contains(diag.String(), c.says) {
			t.Errorf("%q: exit code %d, said %q", c.args, code, diag.String())
		}
	}
}
