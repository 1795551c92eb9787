package db

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// kinds is a struct with a field for each way from a column to a field.
type kinds struct {
	Int      int                 `db:"int"`
	IntOr    *int                `db:"int_or"`
	Small    int                 `db:"small"`
	Big      int                 `db:"big"`
	Level    level               `db:"level"`
	Tiny     uint8               `db:"tiny"`
	Flag     bool                `db:"flag"`
	FlagOr   *bool               `db:"flag_or"`
	Text     string              `db:"text"`
	Named    word                `db:"named"`
	TextOr   *string             `db:"text_or"`
	Key      UUID                `db:"key"`
	KeyText  UUID                `db:"key_text"`
	NoKey    UUID                `db:"no_key"`
	At       time.Time           `db:"at"`
	AtOr     *time.Time          `db:"at_or"`
	Day      time.Time           `db:"day"`
	DayOr    *time.Time          `db:"day_or"`
	Amount   decimal.Decimal     `db:"amount"`
	AmountOr *decimal.Decimal    `db:"amount_or"`
	AmountIf decimal.NullDecimal `db:"amount_if"`
	Nested   struct {
		Name *string `db:"Name"`
	} `db:"nested"`
}

type (
	level int
	word  string
)

func openPostgresForTest(t *testing.T) *DB {
	t.Helper()
	url := os.Getenv("IMIS_TEST_POSTGRES")
	if url == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("CI is set, but IMIS_TEST_POSTGRES names no server")
		}
		t.Skip("IMIS_TEST_POSTGRES is not set")
	}
	d, err := Open(t.Context(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// TestRowsOfPostgreSQLAreReadAlike: from the wire as database/sql reads them, whatever the values; and together as alone.
func TestRowsOfPostgreSQLAreReadAlike(t *testing.T) {
	d := openPostgresForTest(t)
	for _, row := range []struct{ flag, number, amount, text, at, day, key string }{
		{"true", "1", "12.50", "'name'", "TIMESTAMPTZ '2026-11-30 14:15:16.123456+02'", "DATE '2026-11-30'", "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'"},
		{"false", "-32767", "-0.01", "''", "TIMESTAMPTZ '1969-12-31 23:59:59.999+00'", "DATE '1900-01-01'", "'1B4E28BA2FA111D2883F0016D3CCA427'"},
		{"true", "32767", "0", "'é ’ 中  '", "TIMESTAMPTZ '0001-01-01 00:00+00'", "DATE '0001-01-01'", "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'"},
		{"true", "0", "99999999999999.9999", "'x'", "TIMESTAMPTZ '9999-12-31 23:59:59+00'", "DATE '9999-12-31'", "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'"},
		{"true", "0", "10000.00", "'x'", "TIMESTAMPTZ '2026-07-01 00:00+00'", "DATE '2000-01-01'", "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'"},
		{"true", "0", "123456789012345678901234.5678", "'x'", "TIMESTAMPTZ '2026-07-01 00:00+00'", "DATE '2000-01-01'", "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'"},
		{"true", "0", "0.00000001", "'x'", "TIMESTAMPTZ '2026-07-01 00:00+00'", "DATE '2000-01-01'", "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'"},
		{"true", "0", "0.0001", "'x'", "TIMESTAMPTZ '2026-07-01 00:00+00'", "DATE '2000-01-01'", "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'"},
		{"true", "0", "70.05", "'x'", "TIMESTAMPTZ '2026-07-01 00:00+00'", "DATE '2000-01-01'", "'1b4e28ba-2fa1-11d2-883f-0016d3cca427'"},
	} {
		for _, null := range []bool{false, true} {
			or := func(v string) string {
				if null {
					return "CASE WHEN false THEN " + v + " END"
				}
				return v
			}
			text := fmt.Sprintf(`SELECT %[1]s::int AS "int", %[8]s AS int_or, %[1]s::smallint AS small, %[1]s::bigint AS big, %[1]s::int AS "level", abs(%[1]s::int) %% 256 AS tiny, %[2]s AS flag, %[9]s AS flag_or,
				%[3]s::text AS "text", %[3]s::varchar AS named, %[10]s AS text_or, %[7]s::uuid AS key, %[7]s::varchar || ' ' AS key_text, NULL::varchar AS no_key, %[4]s AS at, %[11]s AS at_or, %[5]s AS "day", %[12]s AS day_or,
				%[6]s::numeric AS amount, %[13]s AS amount_or, %[13]s AS amount_if, %[10]s AS "nested.Name" FROM generate_series(1, 3)`,
				row.number, row.flag, row.text, row.at, row.day, row.amount, row.key,
				or(row.number+"::int"), or(row.flag), or(row.text+"::varchar"), or(row.at), or(row.day), or(row.amount+"::numeric"))
			var straight, usual, one, two []kinds
			if err := selectAll(t.Context(), d.reader, &usual, text, nil); err != nil || len(usual) != 3 {
				t.Fatal(len(usual), err)
			}
			if err := d.selectStraight(t.Context(), d.reader, &straight, text, nil); err != nil || !reflect.DeepEqual(straight, usual) {
				t.Errorf("%s: %v\n%+v\nis not\n%+v", text, err, straight, usual)
			}
			if err := Together(t.Context(), d, Read{Dest: &one, Src: text}, Read{Dest: &two, Src: text + " ORDER BY 1"}); err != nil || !reflect.DeepEqual(one, usual) || !reflect.DeepEqual(two, usual) {
				t.Errorf("together %s: %v\n%+v\nand\n%+v", text, err, one, two)
			}
		}
	}
}

// TestRowsThatAreNotReadStraight are read by database/sql, also in the middle of others; and what is wrong stays wrong.
func TestRowsThatAreNotReadStraight(t *testing.T) {
	d := openPostgresForTest(t)
	var amounts []struct {
		Amount decimal.Decimal `db:"amount"`
	}
	var floats []struct {
		F float64 `db:"f"`
	}
	var names []struct {
		Name string `db:"name"`
	}
	err := Together(t.Context(), d, Read{Dest: &names, Src: `SELECT 'a' AS "name"`},
		Read{Dest: &amounts, Src: `SELECT n * 1234567890123456789012::numeric AS "amount" FROM generate_series(0, 2) AS n`},
		Read{Dest: &floats, Src: `SELECT 1.5::float8 AS "f"`})
	if err != nil || len(names) != 1 || len(amounts) != 3 || len(floats) != 1 || amounts[2].Amount.String() != "2469135780246913578024" || floats[0].F != 1.5 {
		t.Errorf("%v %v %v: %v", names, amounts, floats, err)
	}
	const binary = `SELECT 2.5::float8 AS "f"`
	for range 2 { // the second time it is known that database/sql has to read them
		if err := d.Select(t.Context(), &floats, binary); err != nil || floats[0].F != 2.5 {
			t.Errorf("%v: %v", floats, err)
		}
	}
	if text, _, err := d.prepare(t.Context(), binary, nil); err != nil || !knownOtherwise(&floats, text) || knownOtherwise(&names, text) {
		t.Errorf("what was read of %s is not known: %v", text, err)
	}
	if around := Roundabout(); !slices.ContainsFunc(around, func(why string) bool { return strings.Contains(why, "column f has the type 701, which float64") }) {
		t.Errorf("the column f is not among %q", around)
	}
	if err := d.Select(t.Context(), &names, `SELECT NULL::text AS "name"`); err == nil {
		t.Error("NULL became a text")
	}
	if err := d.Select(t.Context(), &names, `SELECT 'x' AS "other"`); err == nil || !strings.Contains(err.Error(), "has no field") {
		t.Errorf("a column without a field: %v", err)
	}
	var keys []struct {
		Key int `db:"relpages"`
	}
	if err := d.Select(t.Context(), &keys, `SELECT relpages FROM pg_class WHERE relpages = ?`, 1<<40); err != nil || len(keys) != 0 {
		t.Errorf("a number beyond the column: %v %v", keys, err)
	}
	err = Together(t.Context(), d, Read{Dest: &names, Src: `SELECT 'a' AS "name"`}, Read{Dest: &names, Src: `SELECT 1/(SELECT 0) AS "name"`}, Read{Dest: &names, Src: `SELECT 'b' AS "name"`})
	if err == nil || !strings.Contains(err.Error(), "division by zero") || errors.Is(err, errOtherwise) {
		t.Errorf("an error of the second: %v", err)
	}
	if err := d.Select(t.Context(), &names, `SELECT 'still there' AS "name"`); err != nil || names[0].Name != "still there" {
		t.Errorf("after an error: %v %v", names, err)
	}
}
