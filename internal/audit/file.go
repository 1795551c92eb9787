package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// File appends lines to a file, each a JSON object. It may be moved away (logrotate): the next lines go
// to a new one. Several processes may share it.
type File struct {
	path string
	f    *os.File
	torn bool // the last write stopped in the middle of a line
}

// NewFile makes a sink of the file at path, which need not exist; its folder must.
func NewFile(path string) *File { return &File{path: path} }

// Check says whether the file can be appended to, and makes it.
func (s *File) Check() error { return s.open() }

func (s *File) String() string { return "file:" + s.path }

func (s *File) open() error {
	if s.f != nil {
		at, err1 := os.Stat(s.path)
		mine, err2 := s.f.Stat()
		if err1 == nil && err2 == nil && os.SameFile(at, mine) {
			return nil
		}
		_ = s.f.Close()
		s.f = nil
	}
	f, err := os.OpenFile(filepath.Clean(s.path), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.f = f
	return nil
}

// Write implements Sink. Lines are on the disk when it returns.
func (s *File) Write(_ context.Context, lines []Line) error {
	if err := s.open(); err != nil {
		return err
	}
	var b bytes.Buffer
	if s.torn {
		b.WriteByte('\n')
	}
	for _, l := range lines {
		text, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("audit line %d: %w", l.Seq, err)
		}
		b.Write(text)
		b.WriteByte('\n')
	}
	n, err := s.f.Write(b.Bytes())
	if err != nil {
		s.torn = s.torn || n > 0
		return err
	}
	s.torn = false
	if err := s.f.Sync(); err != nil && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return nil
}
