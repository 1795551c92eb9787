package claim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// TestClaimsChangedSinceAreFoundByAnIndex: neither what was changed since yesterday, whichever stamp says so, nor the
// newest first reads all claims.
func TestClaimsChangedSinceAreFoundByAnIndex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		now := time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
		yesterday, at := now.AddDate(0, 0, -1).Format(time.DateOnly), func(hours time.Duration) string { return now.Add(-hours * time.Hour).Format(time.RFC3339) }
		columns := []string{"InsureeID", "ClaimCode", "DateFrom", "ICDID", "ClaimStatus", "DateClaimed", "HFID", "ClaimAdminId", "ReviewStatus", "FeedbackStatus", "Feedback", "AuditUserID", "Claimed", "ValidityFrom", "SubmitStamp", "ProcessStamp"}
		var rows [][]any
		for i := range 4000 {
			moment := now.AddDate(0, 0, -10-i%300).Add(time.Duration(i) * time.Second)
			row := []any{c.insuree, fmt.Sprintf("X%05d", i), db.Date(moment), c.icd, 4, db.Date(moment), c.hf[0], c.admin[0], 1, 1, false, 1, dec("90"), moment, (*time.Time)(nil), (*time.Time)(nil)}
			switch i {
			case 1000:
				row[13] = now.Add(-time.Hour)
			case 2000:
				row[14] = now.Add(-2 * time.Hour)
			case 3000:
				row[14], row[15] = moment.Add(time.Hour), now.Add(-3*time.Hour)
			}
			rows = append(rows, row)
		}
		err := d.Write(t.Context(), "claims", func(tx *db.Tx) error {
			if _, err := tx.BulkInsert(t.Context(), "tblClaim", columns, rows); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `INSERT INTO "tblClaimItems" ("ClaimID", "ItemID", "ProdID", "ClaimItemStatus", "Availability", "QtyProvided", "PriceAsked", "RejectionReason", "ValidityFrom", "AuditUserID")
				SELECT c."ClaimID", ?, ?, 1, ?, 1, 90, 0, c."ValidityFrom", 1 FROM "tblClaim" AS c`, c.item[0], c.product, true)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		explain := ""
		switch d.Dialect() {
		case db.SQLite:
			explain = "EXPLAIN QUERY PLAN "
		case db.Postgres:
			explain = "EXPLAIN "
			if _, err := d.Pool().ExecContext(t.Context(), `ANALYZE "tblClaim"`); err != nil {
				t.Fatal(err)
			}
		}
		h := c.asClient(c.boss())
		for search, want := range map[string]string{
			"refDate=" + yesterday:                                            "X01000 X02000 X03000",
			"_lastUpdated=ge" + yesterday:                                     "X01000 X02000 X03000",
			"_lastUpdated=ge" + at(2):                                         "X01000 X02000",
			"_sort=-_lastUpdated&_count=3":                                    "X01000 X02000 X03000",
			"_sort=-_lastUpdated&refDate=" + yesterday:                        "X01000 X02000 X03000",
			"_lastUpdated=ge" + yesterday + "&_total=none":                    "X01000 X02000 X03000",
			"_lastUpdated=ge" + yesterday + "&_lastUpdated=lt" + at(1):        "X02000 X03000",
			"refDate=" + yesterday + "&refEndDate=" + yesterday + "&_count=3": "",
		} {
			var asked []string
			stop := db.Listen(func(src string) { asked = append(asked, src) })
			var codes []string
			for _, e := range entries(h.get("r4/Claim?" + search)) {
				identifiers := e["identifier"].([]any)
				codes = append(codes, fmt.Sprint(identifiers[len(identifiers)-1].(object)["value"]))
			}
			stop()
			if got := strings.Join(codes, " "); got != want {
				t.Errorf("%s finds %s, want %s", search, got, want)
			}
			for _, src := range asked {
				if explain == "" || !strings.Contains(src, "CASE WHEN") {
					continue
				}
				text, err := d.Dialect().Render(literally(src, yesterday))
				if err != nil {
					t.Fatal(err)
				}
				var plan []string
				found, err := d.Pool().QueryContext(t.Context(), explain+text)
				if err != nil {
					t.Fatal(err)
				}
				for found.Next() {
					cells := make([]any, 1)
					if d.Dialect() == db.SQLite {
						cells = make([]any, 4)
					}
					for i := range cells {
						cells[i] = new(any)
					}
					if err := found.Scan(cells...); err != nil {
						t.Fatal(err)
					}
					plan = append(plan, fmt.Sprint(*cells[len(cells)-1].(*any)))
				}
				found.Close()
				if all := strings.Join(plan, "\n"); !strings.Contains(all, "imis_tblClaim_latest_ClaimID_live") {
					t.Errorf("%s does not use the index: %s\n%s", search, text, all)
				}
			}
		}
	})
}

// literally puts arguments of these searches into a statement: the moment, and numbers of rows where a page is cut.
func literally(src, day string) string {
	return strings.ReplaceAll(strings.ReplaceAll(src, "$page(?, ?)", "$page(11, 0)"), "?", "'"+day+" 00:00:00.000'")
}
