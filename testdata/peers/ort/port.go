package ort

import (
	"fmt"
	"strconv"
	"strings"
)

// A Port is an input or output. Free dimensions are -1.
type Port struct {
	Name  string
	Shape []int
	// Int64 says that the elements are integers, as those of inputs that choose or count are.
	Int64 bool
	// Uint8 says that they are bytes.
	Uint8 bool
}

// String is NAME:1x3x224x224.
func (p Port) String() string {
	dims := make([]string, len(p.Shape))
	for i, d := range p.Shape {
		dims[i] = strconv.Itoa(d)
	}
	return p.Name + ":" + strings.Join(dims, "x")
}

// ParsePort reads what String gives. The name may hold colons.
func ParsePort(s string) (Port, error) {
	at := strings.LastIndexByte(s, ':')
	if at < 1 || at == len(s)-1 {
		return Port{}, fmt.Errorf("port %q: want NAME:1x3x224x224", s)
	}
	p := Port{Name: s[:at]}
	for _, d := range strings.Split(s[at+1:], "x") {
		n, err := strconv.Atoi(d)
		if err != nil {
			return Port{}, fmt.Errorf("port %q: %q is no dimension", s, d)
		}
		p.Shape = append(p.Shape, n)
	}
	return p, nil
}
