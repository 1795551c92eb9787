package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// write makes a workbook whose sheets take so many rows.
func write(t testing.TB, most int, columns []string, rows ...[]any) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, "Accounts", columns)
	if err != nil {
		t.Fatal(err)
	}
	w.most = most
	for _, r := range rows {
		if err := w.Row(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// open reads a workbook as another program does.
func open(t testing.TB, raw []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	return book
}

func value(t testing.TB, book *excelize.File, sheet, at string, o ...excelize.Options) string {
	t.Helper()
	v, err := book.GetCellValue(sheet, at, o...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Every kind of cell arrives as what it is, and looks as it should.
func TestCells(t *testing.T) {
	raw := excelize.Options{RawCellValue: true}
	number, text := excelize.CellTypeUnset, excelize.CellTypeInlineString
	for name, c := range map[string]struct {
		in         any
		shown, has string
		kind       excelize.CellType
	}{
		"text":                      {"Traoré", "Traoré", "Traoré", text},
		"Khmer":                     {"ភ្នំពេញ", "ភ្នំពេញ", "ភ្នំពេញ", text},
		"beyond the basic plane":    {"𝒳😀", "𝒳😀", "𝒳😀", text},
		"markup":                    {`<b>"A" & 'B'</b>]]>`, `<b>"A" & 'B'</b>]]>`, `<b>"A" & 'B'</b>]]>`, text},
		"lines and tabs":            {"a\r\n\tb", "a\r\n\tb", "a\r\n\tb", text},
		"blanks around":             {"  a  ", "  a  ", "  a  ", text},
		"looks like an escape":      {"_x0041_ _x000d_", "_x0041_ _x000d_", "_x0041_ _x000d_", text},
		"escapes that overlap":      {"_x0041_x0042_", "_x0041_x0042_", "_x0041_x0042_", text},
		"nearly an escape":          {"_x004_ _xGGGG_ _x0041", "_x004_ _xGGGG_ _x0041", "_x004_ _xGGGG_ _x0041", text},
		"a control character":       {"a\x01b", "a\uFFFDb", "a\uFFFDb", text},
		"not UTF-8":                 {"a\xffb", "a\uFFFDb", "a\uFFFDb", text},
		"a formula":                 {`=HYPERLINK("http://x","y")`, `=HYPERLINK("http://x","y")`, `=HYPERLINK("http://x","y")`, text},
		"digits with zeroes":        {"000123", "000123", "000123", text},
		"whole number":              {-42, "-42", "-42", number},
		"amount":                    {decimal.New(-123450, -2), "-1,234.50", "-1234.5", number},
		"an amount beyond a float":  {decimal.RequireFromString("9007199254740993.07"), "9,007,199,254,740,990.00", "9007199254740993.07", number},
		"day":                       {date(2019, 3, 31), "2019-03-31", "43555", number},
		"a leap day":                {date(2020, 2, 29), "2020-02-29", "43890", number},
		"the hour does not count":   {time.Date(2019, 3, 31, 23, 59, 59, 0, time.FixedZone("", 7*60*60)), "2019-03-31", "43555", number},
		"the first day in no doubt": {date(1900, 3, 1), "1900-03-01", "61", number},
		"a day before":              {date(1900, 2, 28), "1900-02-28", "1900-02-28", text},
		"far away":                  {date(9999, 12, 31), "9999-12-31", "2958465", number},
		"nothing":                   {nil, "", "", number},
		"what has a text":           {time.March, "March", "March", text},
	} {
		t.Run(name, func(t *testing.T) {
			book := open(t, write(t, maxRows, []string{"A", "B"}, []any{"first", c.in}))
			if got := value(t, book, "Accounts", "B2", raw); got != c.has {
				t.Errorf("has %q, want %q", got, c.has)
			}
			if got := value(t, book, "Accounts", "B2"); got != c.shown {
				t.Errorf("shows %q, want %q", got, c.shown)
			}
			if kind, _ := book.GetCellType("Accounts", "B2"); kind != c.kind {
				t.Errorf("is of type %v, want %v", kind, c.kind)
			}
			if formula, _ := book.GetCellFormula("Accounts", "B2"); formula != "" {
				t.Errorf("has the formula %q", formula)
			}
		})
	}
}

// Any text comes back as it was, but for what XML has no letter for.
func TestTextsRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.SampledFrom([]rune("_x0041F&<>'\" \n\t")), rapid.Rune())).Draw(r, "text")
		want := strings.Map(func(c rune) rune {
			if c < ' ' && c != '\n' && c != '\t' && c != '\r' || c == 0xFFFE || c == 0xFFFF {
				return 0xFFFD
			}
			return c
		}, text)
		if got := value(t, open(t, write(t, maxRows, []string{"A"}, []any{text})), "Accounts", "A2"); got != want {
			r.Fatalf("%q came back as %q", text, got)
		}
	})
}

// A text is cut to what a cell takes, between letters.
func TestLongTexts(t *testing.T) {
	for in, want := range map[string]string{
		strings.Repeat("é", 32767): strings.Repeat("é", 32767),
		strings.Repeat("é", 32768): strings.Repeat("é", 32767),
		strings.Repeat("😀", 20000): strings.Repeat("😀", 16383),
	} {
		if got := cut(in); got != want {
			t.Errorf("%d letters of %.4q become %d", len([]rune(in)), in, len([]rune(got)))
		}
	}
}

// A full sheet goes on in another one under the same bold heading, which stays in sight; columns beyond Z have names.
func TestSheets(t *testing.T) {
	var columns []string
	for i := range 60 {
		columns = append(columns, fmt.Sprint("Column ", i))
	}
	var rows [][]any
	for i := range 7 {
		row := make([]any, len(columns))
		for j := range row {
			row[j] = 100*i + j
		}
		rows = append(rows, row)
	}
	book := open(t, write(t, 4, columns, rows...))
	if diff := cmp.Diff([]string{"Accounts", "Accounts (2)", "Accounts (3)"}, book.GetSheetList()); diff != "" {
		t.Fatal(diff)
	}
	n := 0
	for _, name := range book.GetSheetList() {
		got, err := book.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(columns, got[0]); diff != "" || len(got) > 4 {
			t.Errorf("%s has %d rows; heading %s", name, len(got), diff)
		}
		for _, row := range got[1:] {
			for j, c := range row {
				if c != fmt.Sprint(100*n+j) {
					t.Errorf("row %d, column %d of %s: %s", n, j, name, c)
				}
			}
			n++
		}
		id, _ := book.GetCellStyle(name, "BH1")
		if s, err := book.GetStyle(id); err != nil || s.Font == nil || !s.Font.Bold {
			t.Errorf("%s: the heading is not bold: %+v, %v", name, s, err)
		}
		if p, err := book.GetPanes(name); err != nil || !p.Freeze || p.YSplit != 1 {
			t.Errorf("%s: panes %+v, %v", name, p, err)
		}
	}
	if n != len(rows) {
		t.Errorf("%d of %d rows", n, len(rows))
	}
}

// Every part is well-formed and has a type, and the first one is that by which programs tell the format.
func TestParts(t *testing.T) {
	raw := write(t, 2, []string{"A"}, []any{"a"}, []any{"b"})
	file, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range file.File {
		names = append(names, f.Name)
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(r); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
	}
	want := []string{"[Content_Types].xml", "_rels/.rels", "xl/styles.xml", "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

// What the receiver does not take is told, from whatever part of the file.
func TestReceiverFails(t *testing.T) {
	whole := func(w io.Writer) error {
		x, err := NewWriter(w, "Accounts", []string{"A"})
		for i := 0; i < 20_000 && err == nil; i++ {
			err = x.Row([]any{fmt.Sprint(i * 7919)})
		}
		if err == nil {
			err = x.Close()
		}
		return err
	}
	var all bytes.Buffer
	if err := whole(&all); err != nil {
		t.Fatal(err)
	}
	for _, takes := range []int{0, 100, all.Len() / 2, all.Len() - 1} {
		if err := whole(&full{takes}); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", takes, err)
		}
	}
}

var errFull = errors.New("no more")

// full takes so many bytes.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.left {
		return 0, errFull
	}
	f.left -= len(p)
	return len(p), nil
}

// Rows arrive while the table is written, and nothing is kept of them.
func TestStreams(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, "Accounts", []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	row := func(i int) []any { return []any{fmt.Sprint(i * 7919 % 104729), i} }
	for i := range 100_000 {
		if err := w.Row(row(i)); err != nil {
			t.Fatal(err)
		}
	}
	if b.Len() < 100_000 {
		t.Errorf("of 100,000 rows %d bytes were sent", b.Len())
	}
	if n := testing.AllocsPerRun(1000, func() { _ = w.Row(row(1)) }); n > 20 {
		t.Errorf("a row costs %v allocations", n)
	}
}

func BenchmarkRow(b *testing.B) {
	w, err := NewWriter(io.Discard, "Accounts", []string{"Name", "Claims", "Amount", "Day"})
	if err != nil {
		b.Fatal(err)
	}
	row := []any{"Traoré & Fils", 3, decimal.New(123450, -2), date(2019, 3, 31)}
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Row(row); err != nil {
			b.Fatal(err)
		}
	}
}
