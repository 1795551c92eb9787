package migrate

import (
	"strings"
	"testing"
)

func TestCollationsThatMakeTrouble(t *testing.T) {
	for _, c := range []struct {
		collation string
		others    int
		want      string // parts of the notes
	}{
		{"SQL_Latin1_General_CP1_CI_AS", 0, ""},
		{"Latin1_General_CI_AS_KS_WS", 0, ""},
		{"SQL_Latin1_General_CP1_CS_AS", 0, "distinguishes case"},
		{"Latin1_General_BIN2", 0, "distinguishes case"},
		{"French_CI_AS", 3, "3 columns have another collation"},
	} {
		notes := strings.Join(collationNotes(c.collation, c.others), "\n")
		if (notes == "") != (c.want == "") || !strings.Contains(notes, c.want) {
			t.Errorf("%s, %d others: %q", c.collation, c.others, notes)
		}
	}
}
