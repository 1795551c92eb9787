package db_test

import (
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// $starts finds what $like finds, and by an index where SQLite has one.
func TestStarts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), "genders", func(tx *db.Tx) error {
			for code, text := range map[string]string{"A": "Abba", "B": "abbé", "C": "ABB", "D": "ab ", "E": "Ab_c", "F": "abc%", "G": "Éclair", "H": `a\b`, "I": "zz", "J": "éa"} {
				if _, err := tx.Insert(t.Context(), "tblGender", db.Values{"Code": code, "Gender": text}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, start := range []string{"", "a", "AB", "abb", "ab_", "ab", "abc%", "é", "É", `a\`, "abbé", "zzz", "z", "ab  "} {
			var like, starts []string
			for macro, found := range map[string]*[]string{"$like": &like, "$starts": &starts} {
				if err := d.Select(t.Context(), found, `SELECT g."Code" FROM "tblGender" g WHERE `+macro+`(g."Gender", ?) ORDER BY g."Code"`, db.StartsWith(start)); err != nil {
					t.Fatal(err)
				}
			}
			if strings.Join(like, "") != strings.Join(starts, "") {
				t.Errorf("%q: $like finds %v, $starts %v", start, like, starts)
			}
		}
	})
}
