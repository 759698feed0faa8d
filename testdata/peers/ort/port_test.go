package ort

import (
	"reflect"
	"testing"
)

func TestPort(t *testing.T) {
	want := Port{Name: "x:0", Shape: []int{1, 3, 32, 32}}
	if got, err := ParsePort(want.String()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: %v, want %v", err, got, want)
	}
	for _, s := range []string{"", "x", "x:", ":1", "x:1xa"} {
		if _, err := ParsePort(s); err == nil {
			t.Errorf("%q is accepted", s)
		}
	}
}
