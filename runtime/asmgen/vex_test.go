package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestDotVEX holds the encoder against a disassembler, for every triple of registers.
func TestDotVEX(t *testing.T) {
	file := filepath.Join(t.TempDir(), "code")
	var code []byte
	for i := range 16 * 16 * 16 {
		b := encodeDotVEX(i>>8, i>>4&15, i&15)
		code = append(code, b[:]...)
	}
	if err := os.WriteFile(file, code, 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", file).Output()
	if err != nil {
		t.Fatal("objdump, of the Debian package binutils: ", err)
	}
	lines := regexp.MustCompile(`(?m)^ *([0-9a-f]+):\t[0-9a-f ]+\t(.*?) *$`).FindAllStringSubmatch(string(out), -1)
	if len(lines) != 16*16*16 {
		t.Fatalf("%d instructions, want %d", len(lines), 16*16*16)
	}
	for i, l := range lines {
		want := fmt.Sprintf("{vex} vpdpbusd ymm%d,ymm%d,ymm%d", i&15, i>>4&15, i>>8)
		if l[2] != want {
			t.Fatalf("instruction %d is %q, want %q", i, l[2], want)
		}
	}
}
