package amctc

import (
	"crypto/sha256"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// FuzzCheckpoint: whatever stands in a checkpoint, under a digest that fits, is read or refused, and never read in part.
func FuzzCheckpoint(f *testing.F) {
	const task = "task"
	fresh := func() *trainState {
		return &trainState{Parameters: [][]float32{make([]float32, 3), make([]float32, 2)}, Slots: [][]float32{make([]float32, 1)}, Running: [][]float32{{}}}
	}
	whole := func(head, numbers []byte) []byte {
		b := binary.LittleEndian.AppendUint64([]byte(checkpointMagic), uint64(len(head)))
		return append(append(b, head...), numbers...)
	}
	good := whole([]byte(`{"task":"task","epoch":1,"step":2,"lengths":[[3,2],[1],[],[0]]}`), make([]byte, 24))
	f.Add(good)
	f.Add(whole([]byte(`{"task":"other"}`), nil))
	f.Add(whole([]byte(`{"task":"task","lengths":[[3,2],[1],[]]}`), make([]byte, 4)))
	f.Add(whole([]byte(`{"task":"task","lengths":[[3,-2],[1],[],[1]],"history":[{}],"step":-1}`), make([]byte, 400)))
	f.Add(binary.LittleEndian.AppendUint64([]byte(checkpointMagic), 1<<63))
	path := filepath.Join(f.TempDir(), "run.checkpoint")
	f.Fuzz(func(t *testing.T, data []byte) {
		sum := sha256.Sum256(data)
		if err := os.WriteFile(path, append(data[:len(data):len(data)], sum[:]...), 0o666); err != nil {
			t.Fatal(err)
		}
		s, want := fresh(), fresh()
		if err := s.load(path, task); err != nil {
			return
		}
		for k, list := range s.lists() {
			for i, v := range *list {
				if len(v) != len((*want.lists()[k])[i]) {
					t.Errorf("list %d, slice %d has %d numbers", k, i, len(v))
				}
			}
		}
	})
}
