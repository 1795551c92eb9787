package migrate

import (
	"strings"
	"testing"
)

func TestCollationsThatMakeTrouble(t *testing.T) {
	for _, c := range []struct {
		collation string
		others    []string
		want      string // parts of the notes
	}{
		{"SQL_Latin1_General_CP1_CI_AS", nil, ""},
		{"Latin1_General_CI_AS_KS_WS", nil, ""},
		{"SQL_Latin1_General_CP1_CS_AS", nil, "distinguishes case"},
		{"Latin1_General_BIN2", nil, "distinguishes case"},
		{"French_CI_AS", []string{"tblHF.HFCode"}, "another collation than the database (French_CI_AS), and statements that compare them with lists of texts fail (error 468): tblHF.HFCode."},
		{"French_CI_AS", []string{"a.1", "a.2", "a.3", "a.4", "a.5", "a.6", "a.7"}, ": a.1, a.2, a.3, a.4, a.5 and 2 more."},
	} {
		notes := strings.Join(collationNotes(c.collation, c.others), "\n")
		if (notes == "") != (c.want == "") || !strings.Contains(notes, c.want) {
			t.Errorf("%s, %v: %q", c.collation, c.others, notes)
		}
	}
}
