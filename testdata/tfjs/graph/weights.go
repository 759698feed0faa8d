package graph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
)

// A group of weights lies in its files one after another.
type group struct {
	Paths   []string  `json:"paths"`
	Weights []*weight `json:"weights"`
}

type weight struct {
	Name         string        `json:"name"`
	Shape        []int         `json:"shape"`
	DType        string        `json:"dtype"`
	Quantization *quantization `json:"quantization"`
}

// A quantization says how numbers are stored: as codes of 8 or 16 bits, code·Scale + Min, or as float16.
type quantization struct {
	DType string  `json:"dtype"`
	Scale float64 `json:"scale"`
	Min   float64 `json:"min"`
}

// An array is a constant: of float32, or of int32 when i is set.
type array struct {
	dims []int
	f    []float32
	i    []int
}

// size is the number of elements.
func (a *array) size() int { return product(a.dims) }

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

func readWeights(groups []*group, open func(name string, limit int) ([]byte, error)) (map[string]*array, error) {
	all := make(map[string]*array)
	left := maxWeights
	for i, g := range groups {
		if g == nil {
			return nil, fmt.Errorf("group %d of the weights is null", i)
		}
		var data []byte
		for _, p := range g.Paths {
			if p == "" || p == "." || p == ".." || filepath.Base(p) != p || filepath.ToSlash(p) != p {
				return nil, fmt.Errorf("the file of weights %q is not beside model.json", p)
			}
			b, err := open(p, left)
			if err != nil {
				return nil, err
			}
			left -= len(b)
			data = append(data, b...)
		}
		for _, w := range g.Weights {
			if w == nil {
				return nil, fmt.Errorf("a weight of group %d is null", i)
			}
			if all[w.Name] != nil {
				return nil, fmt.Errorf("there are two weights %s", w.Name)
			}
			a, rest, err := w.read(data)
			if err != nil {
				return nil, fmt.Errorf("weight %s: %w", w.Name, err)
			}
			all[w.Name], data = a, rest
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("the files %v have %d bytes more than their weights", g.Paths, len(data))
		}
	}
	return all, nil
}

// read takes the weight from the front of data.
func (w *weight) read(data []byte) (a *array, rest []byte, err error) {
	q := quantization{DType: w.DType, Scale: 1}
	if w.Quantization != nil {
		q = *w.Quantization
	}
	bytes := map[string]int{"float32": 4, "int32": 4, "float16": 2, "uint16": 2, "uint8": 1}[q.DType]
	switch {
	case w.DType != "float32" && w.DType != "int32", bytes == 0, w.Quantization == nil && q.DType != w.DType,
		q.DType == "float16" && w.DType != "float32", w.Quantization != nil && bytes == 4:
		return nil, nil, fmt.Errorf("numbers of %s stored as %s are not read", w.DType, q.DType)
	case len(w.Shape) > maxRank:
		return nil, nil, fmt.Errorf("it has %d axes", len(w.Shape))
	}
	n := 1
	for _, d := range w.Shape {
		if d < 0 || d > maxDim {
			return nil, nil, fmt.Errorf("its shape is %v", w.Shape)
		}
		if n *= d; n > len(data) {
			return nil, nil, errors.New("its file ends before it does")
		}
	}
	if n*bytes > len(data) {
		return nil, nil, errors.New("its file ends before it does")
	}
	a = &array{dims: w.Shape}
	if w.DType == "int32" {
		a.i = make([]int, n)
	} else {
		a.f = make([]float32, n)
	}
	for k := range n {
		at := data[k*bytes:]
		var code float64
		switch q.DType {
		case "float32":
			a.f[k] = math.Float32frombits(binary.LittleEndian.Uint32(at))
			continue
		case "float16":
			a.f[k] = half(binary.LittleEndian.Uint16(at))
			continue
		case "int32":
			a.i[k] = int(int32(binary.LittleEndian.Uint32(at)))
			continue
		case "uint16":
			code = float64(binary.LittleEndian.Uint16(at))
		case "uint8":
			code = float64(at[0])
		}
		v := float64(code*q.Scale) + q.Min
		if a.f != nil {
			a.f[k] = float32(v)
			continue
		}
		if v = math.Floor(v + 0.5); !(v >= math.MinInt32 && v <= math.MaxInt32) { // as JavaScript's Math.round
			return nil, nil, fmt.Errorf("element %d is %g, no int32", k, v)
		}
		a.i[k] = int(v)
	}
	return a, data[n*bytes:], nil
}

// half is the number that 16 bits stand for (IEEE 754 binary16).
func half(b uint16) float32 {
	sign, exponent, fraction := uint32(b>>15)<<31, int(b>>10&31), float64(b&1023)
	var v float64
	switch exponent {
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | uint32(b&1023)<<13)
	case 0:
		v = math.Ldexp(fraction, -24)
	default:
		v = math.Ldexp(1024+fraction, exponent-25)
	}
	return math.Float32frombits(sign | math.Float32bits(float32(v)))
}
