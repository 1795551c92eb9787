package server_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// Pages far into a list go on where the page before ended (entity.marks): the same rows as by offset, for
// every user their own, and none is skipped or repeated when one before them is removed meanwhile.
func TestPagesFarIntoAList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := fill(t, d, 2)
		ctx := context.Background()
		const more = 900
		columns := []string{"FamilyID", "CHFID", "LastName", "OtherNames", "DOB", "Gender", "IsHead", "CardIssued", "isOffline", "ValidityFrom", "AuditUserID"}
		var rows [][]any
		for i := range more { // two of three live in the first district
			rows = append(rows, []any{w.Families[i%3/2], fmt.Sprintf("9%05d", i), "L", "O", now.AddDate(-20, 0, 0), "F", false, false, false, now.AddDate(-2, 0, 0), 1})
		}
		var ids []int
		err := d.Write(ctx, "insurees", func(tx *db.Tx) (err error) {
			ids, err = tx.BulkInsert(ctx, "tblInsuree", columns, rows)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r := start(t, d, nil)
		page := func(user string, first, from int) (numbers []string, next bool, total int) {
			t.Helper()
			list := r.good(user, fmt.Sprintf(`{ insurees(first: %d, after: %q) { totalCount pageInfo { hasNextPage } edges { node { chfId } } } }`,
				first, b64(fmt.Sprintf("arrayconnection:%d", from-1))))["insurees"].(map[string]any)
			for _, e := range list["edges"].([]any) {
				numbers = append(numbers, e.(map[string]any)["node"].(map[string]any)["chfId"].(string))
			}
			return numbers, list["pageInfo"].(map[string]any)["hasNextPage"].(bool), int(list["totalCount"].(float64))
		}
		all := func(user string) (numbers []string) {
			t.Helper()
			for next, total := true, 0; next; {
				var got []string
				got, next, total = page(user, 70, len(numbers))
				if numbers = append(numbers, got...); len(numbers) > total || !next && len(numbers) != total {
					t.Fatalf("%s: %d insurees of %d", user, len(numbers), total)
				}
			}
			return numbers
		}
		first := all("admin")
		if len(first) != more+6 || !slices.Equal(first, all("admin")) {
			t.Errorf("%d insurees, or other ones the second time", len(first))
		}
		mine := all("u0")
		if len(mine) != more*2/3+3 || slices.Contains(mine, fmt.Sprintf("9%05d", 2)) {
			t.Errorf("%d insurees in the first district", len(mine))
		}
		for _, from := range []int{905, 899, 560, 700, 501} {
			if got, _, _ := page("admin", 7, from); !slices.Equal(got, first[from:min(from+7, len(first))]) {
				t.Errorf("from %d: %v", from, got)
			}
		}
		if got, next, total := page("admin", 10, 2000); len(got) > 0 || next || total != len(first) {
			t.Errorf("behind the end: %v %v %d", got, next, total)
		}
		// A row of an earlier page goes: by offset the next page would begin one row too late.
		err = d.Write(ctx, "remove", func(tx *db.Tx) error {
			return tx.Close(ctx, "tblInsuree", now, ids[:1])
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, _, total := page("admin", 5, 700); !slices.Equal(got, first[700:705]) || total != len(first)-1 {
			t.Errorf("after a row was removed: %v of %d, want %v", got, total, first[700:705])
		}
	})
}
