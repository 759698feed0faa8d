package main

import (
	"errors"
	"fmt"
	"math/bits"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"
)

// A coreSet has a bit for each core of the machine.
type coreSet [16]uint64

// allowed are the cores that the calling thread may use.
func allowed() (coreSet, error) {
	var s coreSet
	_, _, e := syscall.RawSyscall(syscall.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(s), uintptr(unsafe.Pointer(&s)))
	if e != 0 {
		return s, fmt.Errorf("sched_getaffinity: %w", e)
	}
	return s, nil
}

// confine makes the calling thread use the given cores only.
func confine(s coreSet) error {
	_, _, e := syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(s), uintptr(unsafe.Pointer(&s)))
	if e != 0 {
		return fmt.Errorf("sched_setaffinity: %w", e)
	}
	return nil
}

// lastCore is the highest core that may be used: the lowest serves most interrupts.
func lastCore() (int, error) {
	s, err := allowed()
	if err != nil {
		return 0, err
	}
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != 0 {
			return 64*i + bits.Len64(s[i]) - 1, nil
		}
	}
	return 0, errors.New("no core may be used")
}

// startOn starts a command on one core: its process inherits the confinement of the thread that makes
// it.
func startOn(core int, c *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := allowed()
	if err != nil {
		return err
	}
	var one coreSet
	if core < 0 || core >= 64*len(one) {
		return fmt.Errorf("no core %d", core)
	}
	one[core/64] = 1 << (core % 64)
	if err := confine(one); err != nil {
		return fmt.Errorf("core %d: %w", core, err)
	}
	err = c.Start()
	return errors.Join(err, confine(before))
}
