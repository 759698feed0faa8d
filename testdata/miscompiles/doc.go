// Package miscompiles plants mistakes into what passes really do and holds that validation catches and names every
// one. It has only tests.
package miscompiles
