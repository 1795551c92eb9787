package claim_batch

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
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
