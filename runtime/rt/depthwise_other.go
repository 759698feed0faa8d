// SPDX-License-Identifier: MIT-0

//go:build (!amd64 && !arm64) || purego

package rt

func (c *columns) run() { c.runGeneric() }

func (s *spots) run(lanes int) { s.runGeneric(lanes) }
