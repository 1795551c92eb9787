package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/openimis/openimis-be-go/internal/jsontext"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// list finds the dumps in a folder: table → path. Files of other kinds do not count.
func list(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, e := range entries {
		name, dump := strings.CutSuffix(strings.TrimSuffix(e.Name(), ".gz"), ".jsonl")
		if e.IsDir() || !dump {
			continue
		}
		tab, ok := schema.Lookup(name)
		if !ok {
			return nil, fmt.Errorf("%s: there is no table %q; files are named after the tables of openIMIS", e.Name(), name)
		}
		if other, twice := files[tab.Name]; twice {
			return nil, fmt.Errorf("%s and %s hold the same table", filepath.Base(other), e.Name())
		}
		files[tab.Name] = filepath.Join(dir, e.Name())
	}
	if len(files) == 0 {
		return nil, errors.New("no dump in the folder; allowed: TABLE.jsonl and TABLE.jsonl.gz")
	}
	return files, nil
}

// open gives the text of a dump.
func open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil || !strings.HasSuffix(path, ".gz") {
		return f, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}

// maxLine bounds a row; the longest that exist hold a photo.
const maxLine = 64 << 20

// lines calls fn with every row of a dump that is not blank, and its line number.
func lines(path string, fn func(line int, text []byte) error) error {
	in, err := open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 1<<20), maxLine)
	n := 0
	for s.Scan() {
		n++
		text := bytes.TrimSpace(s.Bytes())
		if n == 1 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		if len(text) == 0 {
			continue
		}
		if err := fn(n, text); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", filepath.Base(path), n+1, err)
	}
	return nil
}

// count says how many rows a dump has.
func count(path string) (int, error) {
	rows := 0
	err := lines(path, func(int, []byte) error { rows++; return nil })
	return rows, err
}

// fields calls fn with name and value of every field of a JSON object, in order. Numbers keep all
// their digits.
func fields(text []byte, fn func(name string, value any) error) error {
	if damage := jsontext.Check(text); damage != "" {
		return errors.New(damage)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errors.New("the line is not a JSON object"), err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return notJSON(err)
		}
		var value any
		if err := dec.Decode(&value); err != nil {
			return notJSON(err)
		}
		name, _ := key.(string) // keys are strings, or Token had failed
		if err := fn(name, value); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return notJSON(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("there is something after the JSON object")
	}
	return nil
}

func notJSON(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the JSON object is not complete")
	}
	return fmt.Errorf("the line is not valid JSON: %w", err)
}
