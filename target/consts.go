package target

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// The binary companion of a program: the magic, a version word, then blobs. Offsets count from the start of the file.
const (
	ConstsMagic   = "amascend"
	ConstsVersion = 1
	constsHeader  = 16
)

// ConstWriter collects the blobs of a companion file.
type ConstWriter struct{ buf []byte }

// Add appends a blob at the next multiple of 512 bytes and returns its offset.
func (w *ConstWriter) Add(blob []byte) int64 {
	w.start()
	w.buf = append(w.buf, make([]byte, -len(w.buf)&511)...)
	at := int64(len(w.buf))
	w.buf = append(w.buf, blob...)
	return at
}

func (w *ConstWriter) start() {
	if w.buf == nil {
		w.buf = binary.LittleEndian.AppendUint64(append(w.buf, ConstsMagic...), ConstsVersion)
	}
}

// Finish returns the file and what the program says of it; nil and zero when nothing was added.
func (w *ConstWriter) Finish() ([]byte, Consts) {
	if w.buf == nil {
		return nil, Consts{}
	}
	return w.buf, Consts{int64(len(w.buf)), sha256.Sum256(w.buf)}
}

// Check reports whether file is the companion that c names.
func (c Consts) Check(file []byte) error {
	switch {
	case c.Bytes != int64(len(file)):
		return fmt.Errorf("constants file has %d bytes, the program expects %d", len(file), c.Bytes)
	case c.Bytes == 0:
		return nil
	case len(file) < constsHeader || string(file[:8]) != ConstsMagic:
		return fmt.Errorf("constants file doesn't start with %q", ConstsMagic)
	case binary.LittleEndian.Uint64(file[8:]) != ConstsVersion:
		return fmt.Errorf("constants file has version %d, expected %d", binary.LittleEndian.Uint64(file[8:]), ConstsVersion)
	case sha256.Sum256(file) != c.SHA256:
		return fmt.Errorf("constants file has another SHA-256 than the program names")
	}
	return nil
}
