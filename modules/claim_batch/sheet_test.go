package claim_batch

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
)

// hostile are texts that a spreadsheet would run, and one that it must not change.
var hostile = []string{`=HYPERLINK("http://x","y")`, "+1", "-1+1", "@SUM(A1)", "\tx", "Traoré, \"Claude\"\nline"}

func sheetOf(rows ...[]any) sheet {
	return sheet{name: "Accounts", columns: []string{"Name", "Claims", "Amount", "Day"}, rows: func(yield func([]any, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}}
}

func example() (rows [][]any) {
	for _, h := range hostile {
		rows = append(rows, []any{h, 3, decimal.New(-123450, -2), time.Date(2019, 3, 31, 0, 0, 0, 0, time.UTC)})
	}
	return append(rows, []any{"", nil, decimal.Zero, nil})
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	if err := writeCSV(&b, sheetOf(example()...)); err != nil {
		t.Fatal(err)
	}
	got, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"Name", "Claims", "Amount", "Day"}}
	for i, h := range hostile {
		if i < 5 {
			h = "'" + h
		}
		want = append(want, []string{h, "3", "-1234.50", "2019-03-31"})
	}
	want = append(want, []string{"", "", "0.00", ""})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestXLSX(t *testing.T) {
	var b bytes.Buffer
	if err := writeWorkbook(&b, sheetOf(example()...), 4); err != nil {
		t.Fatal(err)
	}
	raw, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range raw.File {
		if !strings.HasPrefix(f.Name, "xl/worksheets/") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r)
		if bytes.Contains(text, []byte("<f>")) || bytes.Contains(text, []byte("<f ")) {
			t.Errorf("%s has a formula", f.Name)
		}
	}
	book, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	var names []string
	for _, name := range book.GetSheetList() { // four rows each, with the heading
		rows, err := book.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		if rows[0][0] != "Name" || len(rows) > 4 {
			t.Errorf("%s has %d rows, the first is %v", name, len(rows), rows[0])
		}
		for i := range rows[1:] {
			at, _ := excelize.CoordinatesToCellName(1, i+2)
			if text, _ := book.GetCellValue(name, at); text != "" {
				names = append(names, text)
			}
			if kind, _ := book.GetCellType(name, at); kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
				t.Errorf("%s %s is of type %v", name, at, kind)
			}
		}
	}
	if diff := cmp.Diff(hostile, names); diff != "" {
		t.Error(diff)
	}
	if v, _ := book.GetCellValue("Accounts", "C2"); v != "-1,234.50" {
		t.Errorf("amount %q", v)
	}
	if v, _ := book.GetCellValue("Accounts", "D2"); v != "2019-03-31" {
		t.Errorf("date %q", v)
	}
}

// What fails in the middle is told, so that the caller breaks the connection.
func TestSheetFails(t *testing.T) {
	broken := errors.New("the database is away")
	s := sheetOf()
	s.rows = func(yield func([]any, error) bool) {
		_ = yield([]any{"a", 1, decimal.Zero, nil}, nil) && yield(nil, broken)
	}
	for name, write := range map[string]func(io.Writer, sheet) error{"csv": writeCSV, "xlsx": writeXLSX} {
		if err := write(io.Discard, s); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
