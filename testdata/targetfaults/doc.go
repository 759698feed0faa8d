// Package targetfaults plants faults into the target programs of trained networks and holds that the simulator catches
// and names every one. It has only tests.
package targetfaults
