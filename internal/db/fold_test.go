package db_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// spellings are texts that SQL Server takes for one, whichever of them is stored and whichever is asked for.
var spellings = [][]string{
	{"B1", "b1", "B1 ", "b1   "},
	{"Élodie", "élodie", "ÉLODIE", "élodie  "},
	{"Жанна 1", "жанна 1", "ЖАННА 1 "},
	{"ÇIĞDEM", "çiğdem", "Çiğdem "},
}

func holdSpellings(t *testing.T, d *db.DB) {
	t.Helper()
	for _, same := range spellings {
		for _, stored := range same {
			err := d.Write(t.Context(), "a gender", func(tx *db.Tx) error {
				if _, err := tx.Exec(t.Context(), `DELETE FROM "tblGender"`); err != nil {
					return err
				}
				for code, text := range map[string]string{"A": stored, "B": " " + stored, "C": stored + "x"} {
					if _, err := tx.Insert(t.Context(), "tblGender", db.Values{"Code": code, "Gender": text}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, asked := range same {
				for where, arg := range map[string]any{
					`$eq(g."Gender", ?)`:           asked,
					`$ci(g."Gender") = $ci(?)`:     asked,
					`$ci(g."Gender") IN $texts(?)`: db.Texts{db.Folded(asked), "other"},
				} {
					var found []string
					if err := d.Select(t.Context(), &found, `SELECT g."Code" FROM "tblGender" g WHERE `+where, arg); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(found, []string{"A"}) {
						t.Errorf("%q stored, %q asked for by %s: %v", stored, asked, where, found)
					}
				}
				part := strings.TrimRight(asked, " ")
				for macro, want := range map[string]string{`$like`: "ABC", `$starts`: "AC"} {
					pattern := db.StartsWith(part)
					if macro == "$like" {
						pattern = db.Contains(part)
					}
					var found []string
					if err := d.Select(t.Context(), &found, `SELECT g."Code" FROM "tblGender" g WHERE `+macro+`(g."Gender", ?) ORDER BY g."Code"`, pattern); err != nil {
						t.Fatal(err)
					}
					if strings.Join(found, "") != want {
						t.Errorf("%q stored, %q asked for by %s: %v, want %s", stored, pattern, macro, found, want)
					}
				}
			}
		}
	}
}

// Case and trailing blanks count on no engine.
func TestSpellings(t *testing.T) {
	dbtest.Each(t, holdSpellings)
}

// Whatever the locale of a PostgreSQL database is, letters beyond ASCII fold, and by an index.
func TestSpellingsInAnyLocale(t *testing.T) {
	for _, locale := range []string{"C", "POSIX"} {
		t.Run(locale, func(t *testing.T) {
			d, err := db.Open(t.Context(), dbtest.PostgresURL(t, fmt.Sprintf("LC_COLLATE '%[1]s' LC_CTYPE '%[1]s' TEMPLATE template0", locale)), db.Options{Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			dbtest.Create(t, d)
			holdSpellings(t, d)
			if plan := explain(t, d, `SELECT u."UserID" FROM "tblUsers" u WHERE $eq(u."LoginName", ?) AND u."ValidityTo" IS NULL`, "élodie"); !strings.Contains(plan, "imis_tblUsers_LoginName_live") {
				t.Errorf("no index is used:\n%s", plan)
			}
		})
	}
}

// explain gives PostgreSQL's plan of a statement where reading all of a table is dear.
func explain(t *testing.T, d *db.DB, src string, args ...any) string {
	t.Helper()
	var plan []string
	err := d.Write(t.Context(), "explain", func(tx *db.Tx) error {
		if err := tx.DDL(t.Context(), `SET LOCAL enable_seqscan = off`); err != nil {
			return err
		}
		return tx.Select(t.Context(), &plan, "EXPLAIN "+src, args...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "\n")
}

// A database whose texts cannot be folded is refused when it is opened.
func TestDatabaseThatCannotFold(t *testing.T) {
	_, err := db.Open(t.Context(), dbtest.PostgresURL(t, "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"), db.Options{Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "SQL_ASCII") || !strings.Contains(err.Error(), "ENCODING 'UTF8'") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}
