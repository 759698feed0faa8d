// SPDX-License-Identifier: MIT-0

//go:build !amd64 || purego

package rt

func (r *rowF32) relu() { r.reluGeneric() }

func (r *rowF32) clip() { r.clipGeneric() }

func (r *rowF32) add() { r.addGeneric() }

func (r *rowF32) mul() { r.mulGeneric() }

func (r *rowF32) max() { r.maxGeneric() }
