// Package golden reads the golden scenarios: inputs and results recorded from the legacy stored procedures, against
// which the business rules are tested. It is test support; no program imports it.
//
// Start with [Each], which runs one subtest per scenario of a family. It hands over a [World]: the scenario with
// symbolic row names bound to identities and relative dates bound to its day. In memory the World assigns the
// identities itself, and [Scan], [Store] and [World.Diff] move rows between it and structs with `db` tags. Before a
// database, [World.Insert] writes the input rows through a caller's function and binds the identities it returns.
//
// The scenarios lie in testdata/golden (JSON lines, gzipped or not); IMIS_TEST_GOLDEN may name a folder with more.
package golden

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
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// Scenario is one recorded run of one or more procedures.
type Scenario struct {
	ID, Family, Title string
	Rules             []string // sections of the rules the scenario is about
	Today             time.Time
	Clock             string // "today": the procedures read the date; "fixed": they only stamp with it
	Seed              int
	Risk              string // why SQL Server could give another figure; empty if it cannot
	Input             []Table
	Steps             []Step
	Expected          Expected
}

// Table is an ordered list of rows of one table.
type Table struct {
	Name string
	Rows []Row
}

// Row is one row with its columns in recorded order. Name is the symbolic name other rows refer to it by.
type Row struct {
	Name    string
	Columns []Column
}

// Column is a column, parameter or result of a scenario. Value is nil, bool, json.Number, string (text, date or
// decimal) or one of [Ref], [Day], [YearDay], [Stamp].
type Column struct {
	Name  string
	Value any
}

// Get answers the value under a column name; a column that was not given is (nil, false).
func (r Row) Get(name string) (any, bool) {
	for _, c := range r.Columns {
		if c.Name == name {
			return c.Value, true
		}
	}
	return nil, false
}

// Step is either a procedure call or an update between calls.
type Step struct {
	Proc   string
	Params Row
	Claims []Row // table parameter xClaimSubmit: ClaimID, RowID "current" or "stale"

	Update string // table; Row and Set say which row and what
	Row    Ref
	Set    Row
}

// Expected is what the procedures answered and left behind.
type Expected struct {
	Returns    []Row     // by step; RETURN value under "return", OUT parameters under their name
	ResultSets [][][]Row // by step: result sets of rows
	Tables     []Table   // after the last step, rows in the order of their identity
}

// Load answers the scenarios of the named families (all without a name) in file order. It panics with file and line
// on anything that it cannot read, since a test has nothing to run without it.
func Load(families ...string) []*Scenario {
	files := ownFiles()
	if dir := os.Getenv("IMIS_TEST_GOLDEN"); dir != "" {
		more := glob(dir, "*.jsonl")
		if len(more) == 0 {
			panic(fmt.Sprintf("golden: IMIS_TEST_GOLDEN=%s holds no .jsonl file", dir))
		}
		files = append(files, more...)
	}
	var all []*Scenario
	for _, file := range files {
		scenarios, err := loadFile(file, families)
		if err != nil {
			panic(err)
		}
		all = append(all, scenarios...)
	}
	return all
}

// Each runs one subtest, named by the scenario, for every scenario of the family.
func Each(t *testing.T, family string, run func(*testing.T, *World)) {
	t.Helper()
	scenarios := Load(family)
	if len(scenarios) == 0 {
		t.Fatalf("no golden scenario of family %s", family)
	}
	for _, s := range scenarios {
		t.Run(s.ID, func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("%s: %s %v %s", s.ID, s.Title, s.Rules, s.Risk)
				}
			}()
			run(t, NewWorld(s))
		})
	}
}

// ownFiles finds testdata/golden beside this source file, or, where -trimpath hides that, above the working directory.
func ownFiles() []string {
	_, self, _, _ := runtime.Caller(0)
	cwd, _ := os.Getwd()
	for _, start := range []string{filepath.Dir(self), cwd} {
		for dir := start; filepath.IsAbs(dir); dir = filepath.Dir(dir) {
			if files := glob(filepath.Join(dir, "testdata", "golden"), "*.jsonl", "*.jsonl.gz"); len(files) > 0 {
				return files
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	panic("golden: no scenarios in testdata/golden of the module")
}

func glob(dir string, patterns ...string) []string {
	var files []string
	for _, p := range patterns {
		found, err := filepath.Glob(filepath.Join(dir, p))
		if err != nil {
			panic(fmt.Sprintf("golden: %v", err))
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return files
}

func loadFile(name string, families []string) ([]*Scenario, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("golden: %w", err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("golden: %s: %w", name, err)
		}
	}
	var all []*Scenario
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 && wanted(line, families) {
			s := new(Scenario)
			if err := json.Unmarshal(line, s); err != nil {
				return nil, fmt.Errorf("golden: %s line %d: %w", name, n, err)
			}
			if len(families) == 0 || slices.Contains(families, s.Family) {
				all = append(all, s)
			}
		}
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("golden: %s: %w", name, err)
		}
	}
}

// wanted spares the parsing of lines that cannot be of the families asked for.
func wanted(line []byte, families []string) bool {
	if len(families) == 0 {
		return true
	}
	return slices.ContainsFunc(families, func(f string) bool { return bytes.Contains(line, []byte(`"`+f+`"`)) })
}
