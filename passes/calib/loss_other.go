//go:build !amd64 || purego

package calib

// add adds the squared errors of x, which is not empty, to the group of ranges at index at.
func (c *ranges) add(at int, x []float32) { c.addGeneric(at, x) }
