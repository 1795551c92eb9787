// Command validate judges FHIR bodies with google/fhir, a validator that shares no code with the server:
//
//	validate DIR|FILE…      JSON files, folders with all their sub-folders
//	validate -              one {"name":…, "body":…} a line from standard input
//
// A body is read as R4, or as STU3 when it lies in a folder named stu3 (or -stu3 is given). Each finding is
// one line; the exit code is 1 when there is one, or when there was nothing to judge.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	stu3 := flag.Bool("stu3", false, "read every body as STU3")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: validate [-stu3] DIR|FILE|-…")
		os.Exit(2)
	}
	v, err := newValidator()
	if err != nil {
		fmt.Fprintln(os.Stderr, "validate:", err)
		os.Exit(2)
	}
	r := run{validator: v, out: os.Stdout, stu3: *stu3}
	for _, arg := range flag.Args() {
		if err := r.take(arg); err != nil {
			fmt.Fprintln(os.Stderr, "validate:", err)
			os.Exit(2)
		}
	}
	fmt.Printf("%d bodies, %d invalid\n", r.bodies, r.invalid)
	if r.invalid > 0 || r.bodies == 0 {
		os.Exit(1)
	}
}

// run counts over all arguments.
type run struct {
	*validator
	out             io.Writer
	stu3            bool
	bodies, invalid int
}

func (r *run) take(arg string) error {
	if arg == "-" {
		return r.lines(os.Stdin)
	}
	return filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r.judge(path, body, r.stu3 || filepath.Base(filepath.Dir(path)) == "stu3")
		return nil
	})
}

func (r *run) lines(in io.Reader) error {
	lines := bufio.NewReader(in)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if len(strings.TrimSpace(string(line))) > 0 {
			var l struct {
				Name string          `json:"name"`
				Body json.RawMessage `json:"body"`
			}
			if err := json.Unmarshal(line, &l); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
			r.judge(l.Name, l.Body, r.stu3)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *run) judge(name string, body []byte, stu3 bool) {
	r.bodies++
	findings := r.validate(body, stu3)
	if len(findings) > 0 {
		r.invalid++
	}
	for _, f := range findings {
		fmt.Fprintf(r.out, "%s: %s\n", name, f)
	}
}
