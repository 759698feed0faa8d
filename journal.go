package amctc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/amctc/amctc/passes/search"
)

// journalFormat is the first member of a journal's file.
const journalFormat = "amctc-auto-journal 2"

// A Journal remembers what a search measured, so that one that was stopped goes on where it was: every
// measurement is on disk before the next begins. The search itself is deterministic; a run that finds
// all its measurements in the journal ends as the one that made them.
type Journal struct {
	path  string // "" remembers in memory only
	file  journalFile
	last  time.Time // until when Seconds counts
	saved time.Time
}

type journalFile struct {
	Format  string                    `json:"format"`
	Task    string                    `json:"task"` // what is searched: hash of network, data and options
	Seconds float64                   `json:"seconds"`
	Numbers map[string]float64        `json:"numbers"`
	Trials  map[string]search.Outcome `json:"trials"`
}

// NewJournal is an empty journal in memory.
func NewJournal(task string) *Journal {
	return &Journal{last: time.Now(), file: journalFile{Format: journalFormat, Task: task, Numbers: map[string]float64{}, Trials: map[string]search.Outcome{}}}
}

// OpenJournal reads the journal at path, or starts one there. A journal of another task is refused:
// its measurements would be wrong ones.
func OpenJournal(path, task string) (*Journal, error) {
	j := NewJournal(task)
	j.path = path
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, err
	}
	var f journalFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case f.Format != journalFormat:
		return nil, fmt.Errorf("%s is of format %q; this amctc knows %q", path, f.Format, journalFormat)
	case f.Task != task:
		return nil, fmt.Errorf("%s is of another search (other network, data or options); choose another folder, or remove the file", path)
	}
	if f.Numbers != nil && f.Trials != nil {
		j.file = f
	}
	return j, nil
}

// Elapsed is the time that this and earlier runs took.
func (j *Journal) Elapsed() time.Duration {
	return time.Duration(j.file.Seconds*float64(time.Second)) + time.Since(j.last)
}

func (j *Journal) number(key string, measure func() (float64, error)) (float64, error) {
	if v, ok := j.file.Numbers[key]; ok {
		return v, nil
	}
	v, err := measure()
	if err != nil {
		return 0, err
	}
	j.file.Numbers[key] = v
	// Numbers are cheap to find again; they go to disk with the next trial, or once a second.
	if time.Since(j.saved) < time.Second {
		return v, nil
	}
	return v, j.Save()
}

func (j *Journal) trial(key string, measure func() (search.Outcome, error)) (search.Outcome, error) {
	if o, ok := j.file.Trials[key]; ok {
		return o, nil
	}
	o, err := measure()
	if err != nil {
		return o, err
	}
	j.file.Trials[key] = o
	return o, j.Save()
}

// Save puts everything measured so far on disk.
func (j *Journal) Save() error {
	now := time.Now()
	j.file.Seconds += now.Sub(j.last).Seconds()
	j.last, j.saved = now, now
	if j.path == "" {
		return nil
	}
	text, err := json.MarshalIndent(&j.file, "", " ")
	if err != nil {
		return err
	}
	return replaceFile(j.path, append(text, '\n'))
}

// replaceFile writes a file of ours aside and puts it in place.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".amctc-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// ReplaceAll writes files of ours into a folder, each whole or not at all.
func ReplaceAll(dir string, files map[string][]byte) error {
	for _, name := range sortedNames(files) {
		if err := replaceFile(filepath.Join(dir, name), files[name]); err != nil {
			return err
		}
	}
	return nil
}
