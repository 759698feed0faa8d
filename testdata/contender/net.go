package contender

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"unsafe"
)

// A Net is a network ready to run.
type Net struct {
	In, Out []float32 // one sample and its result; Run reads and writes them
	Run     func() error
}

// An Open makes a network ready to run on so many threads. One that cannot says so.
type Open func(threads int) (*Net, error)

// InputPath is where a folder holds the sample that every contender runs the network on.
func InputPath(dir, name string) string { return filepath.Join(dir, name+".input") }

// OutputPath is where a contender leaves the result.
func OutputPath(dir, name, contender string) string {
	return filepath.Join(dir, name+"."+contender+".output")
}

// ReadFloats reads a file of little-endian float32 numbers.
func ReadFloats(path string) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(data)%4 != 0 {
		return nil, fmt.Errorf("%s: %d bytes are no float32 numbers", path, len(data))
	}
	v := make([]float32, len(data)/4)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return v, nil
}

// WriteFloats writes a file of little-endian float32 numbers.
func WriteFloats(path string, v []float32) error {
	data := make([]byte, 0, 4*len(v))
	for _, x := range v {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return os.WriteFile(path, data, 0o666)
}

// Load gives n the sample of the folder. It reads into the memory of n.In and allocates nothing of its
// size: a process whose start is measured shows the network, not the reading.
func (n *Net) Load(dir, name string) error {
	f, err := os.Open(InputPath(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	data := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(n.In))), 4*len(n.In))
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != int64(len(data)) {
		return fmt.Errorf("the sample has %d bytes, the network's input %d", info.Size(), len(data))
	}
	if _, err := io.ReadFull(f, data); err != nil {
		return err
	}
	for i := range n.In {
		n.In[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return nil
}
