package claim_batch

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/xuri/excelize/v2"
)

// sheet is a table to be downloaded, row by row. Cells are texts, whole numbers, amounts, dates, or nil.
type sheet struct {
	name    string // of the file, and of the sheet in it
	columns []string
	rows    iter.Seq2[[]any, error]
}

// writeCSV writes a sheet as RFC 4180 has it. A text that a spreadsheet would take for a formula gets an apostrophe
// in front: names come from whoever registers people and facilities.
func writeCSV(w io.Writer, s sheet) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(s.columns); err != nil {
		return err
	}
	line := make([]string, len(s.columns))
	for cells, err := range s.rows {
		if err != nil {
			return err
		}
		for i, c := range cells {
			line[i] = plain(c)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func plain(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		return harmless(v)
	case int:
		return strconv.Itoa(v)
	case decimal.Decimal:
		return v.StringFixed(2)
	case time.Time:
		return v.Format(time.DateOnly)
	}
	return harmless(fmt.Sprint(cell))
}

// harmless puts an apostrophe before a text that begins as a formula does.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

// sheetRows is how many rows a sheet of an XLSX file takes, with its heading; the format ends there.
const sheetRows = excelize.TotalRows

// writeXLSX writes a sheet as an XLSX file, going on in another one where it is full. Texts are cells of the type
// text, which no spreadsheet takes for formulas. What does not fit in memory waits in a temporary file.
func writeXLSX(w io.Writer, s sheet) (err error) { return writeWorkbook(w, s, sheetRows) }

func writeWorkbook(w io.Writer, s sheet, most int) (err error) {
	f := excelize.NewFile()
	defer f.Close()
	amount, err := f.NewStyle(&excelize.Style{NumFmt: 4}) // #,##0.00
	if err != nil {
		return err
	}
	iso := "yyyy-mm-dd"
	day, err := f.NewStyle(&excelize.Style{CustomNumFmt: &iso})
	if err != nil {
		return err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	book := workbook{file: f, sheet: s, bold: bold}
	if err := f.SetSheetName("Sheet1", s.name); err != nil {
		return err
	}
	if err := book.begin(s.name); err != nil {
		return err
	}
	cells := make([]any, len(s.columns))
	for row, err := range s.rows {
		if err != nil {
			return err
		}
		if book.line > most {
			if err := book.next(); err != nil {
				return err
			}
		}
		for i, c := range row {
			switch v := c.(type) {
			case decimal.Decimal:
				n, _ := v.Float64()
				cells[i] = excelize.Cell{StyleID: amount, Value: n}
			case time.Time:
				cells[i] = excelize.Cell{StyleID: day, Value: v}
			case string:
				cells[i] = cut(v)
			default:
				cells[i] = c
			}
		}
		if err := book.write(cells); err != nil {
			return err
		}
	}
	if err := book.out.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

// workbook is an XLSX file while it is written.
type workbook struct {
	file  *excelize.File
	sheet sheet
	bold  int
	out   *excelize.StreamWriter
	line  int // the next one, from 1
	parts int
}

func (b *workbook) begin(name string) (err error) {
	if b.out, err = b.file.NewStreamWriter(name); err != nil {
		return err
	}
	if err := b.out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	b.parts, b.line = b.parts+1, 1
	heading := make([]any, len(b.sheet.columns))
	for i, c := range b.sheet.columns {
		heading[i] = excelize.Cell{StyleID: b.bold, Value: c}
	}
	return b.write(heading)
}

func (b *workbook) next() error {
	if err := b.out.Flush(); err != nil {
		return err
	}
	name := fmt.Sprintf("%s (%d)", b.sheet.name, b.parts+1)
	if _, err := b.file.NewSheet(name); err != nil {
		return err
	}
	return b.begin(name)
}

func (b *workbook) write(cells []any) error {
	at, err := excelize.CoordinatesToCellName(1, b.line)
	if err != nil {
		return err
	}
	b.line++
	return b.out.SetRow(at, cells)
}

// cut shortens a text to what a cell takes.
func cut(text string) string {
	if len(text) <= excelize.TotalCellChars {
		return text
	}
	runes := []rune(text)
	return string(runes[:min(len(runes), excelize.TotalCellChars)])
}
