// Package irtest holds helpers for tests: golden files, the difference of modules, random graphs, and
// a shrinker that makes a failing graph small.
package irtest
