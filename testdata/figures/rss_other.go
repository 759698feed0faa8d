//go:build !unix

package main

import (
	"errors"
	"os"
)

func maxRSS(*os.ProcessState) (int64, error) {
	return 0, errors.New("the memory of a process is measured on Unix systems only")
}
