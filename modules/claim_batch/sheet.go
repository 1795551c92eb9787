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

	"github.com/openimis/openimis-be-go/internal/xlsx"
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

// writeXLSX writes a sheet as an XLSX file.
func writeXLSX(w io.Writer, s sheet) error {
	out, err := xlsx.NewWriter(w, s.name, s.columns)
	if err != nil {
		return err
	}
	for row, err := range s.rows {
		if err != nil {
			return err
		}
		if err := out.Row(row); err != nil {
			return err
		}
	}
	return out.Close()
}
