// Package xlsx writes tables as Office Open XML workbooks (ECMA-376), row by row and straight to the receiver, so that
// a table of any length takes no more memory than a row.
//
// It exists because the libraries for the format cost more than they give here: excelize calls methods by name in its
// formula engine, which keeps the linker from leaving out any exported method of the whole program (some megabytes),
// and collects sheets in temporary files; the streaming writer of tealeg/xlsx wants all sheets named before the first
// row. A table needs five kinds of cells and four styles. The tests read the result with excelize.
package xlsx

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/shopspring/decimal"
)

// ContentType is the media type of a workbook.
const ContentType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// What a sheet and a cell take; spreadsheet programs go no further.
const (
	maxRows = 1 << 20
	maxText = 32767 // in units of UTF-16
)

// The styles of cells: positions in cellXfs of styles.xml.
const (
	plain = iota
	amount
	day
	heading
)

const (
	declaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	main        = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	office      = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	packaging   = `http://schemas.openxmlformats.org/package/2006/`
	media       = `application/vnd.openxmlformats-officedocument.spreadsheetml.`
)

// What comes before the sheets, in this order: programs that tell files by their beginning look for the first one.
// Sheets are what XML is unless said otherwise, for their number is known only at the end.
var head = []struct{ name, text string }{
	{"[Content_Types].xml", `<Types xmlns="` + packaging + `content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="` + media + `worksheet+xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="` + media + `sheet.main+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="` + media + `styles+xml"/></Types>`},
	{"_rels/.rels", `<Relationships xmlns="` + packaging + `relationships">` +
		`<Relationship Id="rId1" Type="` + office + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
	{"xl/styles.xml", `<styleSheet ` + main + `><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/></numFmts>` +
		`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">` +
		`<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="4" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` + // #,##0.00
		`<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`},
}

// Writer writes one table as a workbook. Where a sheet is full the table goes on in another one, under the same heading.
type Writer struct {
	name    string
	columns []string
	most    int // rows of a sheet, with the heading
	file    *zip.Writer
	sheet   *bufio.Writer
	sheets  []string
	row     int // the last one of the sheet, from 1
}

// NewWriter begins a workbook whose sheet has a name (at most 25 letters, none of []:*?/\) and a heading that stays in sight.
func NewWriter(w io.Writer, name string, columns []string) (*Writer, error) {
	x := &Writer{name: name, columns: columns, most: maxRows, file: zip.NewWriter(w)}
	for _, part := range head {
		if err := x.part(part.name, part.text); err != nil {
			return nil, err
		}
	}
	return x, x.begin()
}

// Row writes a row of texts, whole numbers, amounts (decimal.Decimal), dates (time.Time) and empty cells (nil). Texts
// are cells of the type text, which no spreadsheet takes for formulas.
func (x *Writer) Row(cells []any) error {
	if x.row == x.most {
		if err := x.end(); err != nil {
			return err
		}
		if err := x.begin(); err != nil {
			return err
		}
	}
	x.row++
	at := strconv.Itoa(x.row)
	x.put(`<row r="`, at, `">`)
	for i, c := range cells {
		x.cell(column(i)+at, c, plain)
	}
	x.put(`</row>`)
	_, err := x.sheet.Write(nil) // what went wrong in writing the row: the writer remembers it
	return err
}

// Close ends the workbook. Without it the file is not complete, and does not open.
func (x *Writer) Close() error {
	if err := x.end(); err != nil {
		return err
	}
	var list, links strings.Builder
	for i, name := range x.sheets {
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, escaped(name), i+1, i+1)
		fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, office, i+1)
	}
	fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/>`, len(x.sheets)+1, office)
	if err := x.part("xl/workbook.xml", `<workbook `+main+` xmlns:r="`+office+`"><bookViews><workbookView/></bookViews><sheets>`+list.String()+`</sheets></workbook>`); err != nil {
		return err
	}
	if err := x.part("xl/_rels/workbook.xml.rels", `<Relationships xmlns="`+packaging+`relationships">`+links.String()+`</Relationships>`); err != nil {
		return err
	}
	return x.file.Close()
}

func (x *Writer) part(name, text string) error {
	w, err := x.file.Create(name)
	if err == nil {
		_, err = io.WriteString(w, declaration+text)
	}
	return err
}

func (x *Writer) begin() error {
	name := x.name
	if n := len(x.sheets); n > 0 {
		name += fmt.Sprintf(" (%d)", n+1)
	}
	x.sheets, x.row = append(x.sheets, name), 1
	w, err := x.file.Create(fmt.Sprintf("xl/worksheets/sheet%d.xml", len(x.sheets)))
	if err != nil {
		return err
	}
	x.sheet = bufio.NewWriter(w)
	x.put(declaration, `<worksheet `, main, `><sheetViews><sheetView workbookViewId="0">`,
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/><selection pane="bottomLeft"/></sheetView></sheetViews>`,
		`<sheetFormatPr defaultColWidth="16" defaultRowHeight="15"/><sheetData><row r="1">`) // a date is wider than a column is by itself
	for i, c := range x.columns {
		x.cell(column(i)+"1", c, heading)
	}
	x.put(`</row>`)
	return nil
}

func (x *Writer) end() error {
	x.put(`</sheetData></worksheet>`)
	return x.sheet.Flush()
}

func (x *Writer) put(parts ...string) {
	for _, p := range parts {
		_, _ = x.sheet.WriteString(p) // Row and end tell of errors
	}
}

func (x *Writer) cell(at string, content any, style int) {
	switch v := content.(type) {
	case nil:
	case int:
		x.value(at, strconv.Itoa(v), style)
	case decimal.Decimal:
		x.value(at, v.String(), amount)
	case time.Time:
		n, ok := serial(v)
		if !ok {
			x.cell(at, v.Format(time.DateOnly), style)
			return
		}
		x.value(at, strconv.Itoa(n), day)
	case string:
		x.put(`<c r="`, at, `" s="`, strconv.Itoa(style), `" t="inlineStr"><is><t xml:space="preserve">`, escaped(v), `</t></is></c>`)
	default:
		x.cell(at, fmt.Sprint(v), style)
	}
}

func (x *Writer) value(at, number string, style int) {
	x.put(`<c r="`, at, `" s="`, strconv.Itoa(style), `"><v>`, number, `</v></c>`)
}

// serial is a day as spreadsheets count them. They take 1900 for a leap year, so that days before its March are in doubt.
func serial(t time.Time) (n int, ok bool) {
	y, m, d := t.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	n = int((day.Unix() - time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Unix()) / (24 * 60 * 60))
	return n, n > 60 && y < 10000
}

// column is the letters of a column, from 0: A … Z, AA …
func column(i int) string {
	letters := ""
	for i++; i > 0; i = (i - 1) / 26 {
		letters = string(rune('A'+(i-1)%26)) + letters
	}
	return letters
}

// escaped is a text as a cell has it: cut to what fits, what reads as an escaped character (_x0041_) escaped itself,
// and what XML has no letter for replaced.
func escaped(text string) string {
	text = cut(text)
	var out strings.Builder
	from := 0
	for i := range len(text) {
		if isEscape(text[i:]) {
			_ = xml.EscapeText(&out, []byte(text[from:i])) // a strings.Builder takes everything
			out.WriteString("_x005F_")
			from = i + 1
		}
	}
	_ = xml.EscapeText(&out, []byte(text[from:]))
	return out.String()
}

func isEscape(text string) bool {
	if len(text) < 7 || text[:2] != "_x" || text[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(text[2:6], 16, 16)
	return err == nil
}

func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	units := 0
	for i, r := range text {
		if units += utf16.RuneLen(r); units > maxText {
			return text[:i]
		}
	}
	return text
}
