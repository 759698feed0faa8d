//go:build unix

package main

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// maxRSS is the greatest resident set of a finished process, in MB.
func maxRSS(s *os.ProcessState) (float64, error) {
	u, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, errors.New("this system does not tell the memory of a process")
	}
	size := float64(u.Maxrss)
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return size / 1e6, nil
	}
	return size * 1024 / 1e6, nil
}
