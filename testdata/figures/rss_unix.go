//go:build unix

package main

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

// maxRSS is the greatest resident set of a finished process, in bytes.
func maxRSS(s *os.ProcessState) (int64, error) {
	u, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, errors.New("this system does not tell the memory of a process")
	}
	size := int64(u.Maxrss) // of type int32 on some
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return size, nil
	}
	return size * 1024, nil
}
