package claim

import (
	"fmt"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/claims"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// The two requests of the application's lists of claims (operations-2019: fetchClaimSummaries).
const claimsPage = `{ claims(%s) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { node { id code dateClaimed feedbackStatus reviewStatus claimed approved status
	healthFacility { id code name level servicePricelist { id } itemPricelist { id } location { id code name parent { id code name } } } insuree { id chfId lastName otherNames } } } } }`

const claimDetail = `{ claims(id: "%d") { edges { node { id code dateFrom dateTo dateClaimed claimed approved status feedbackStatus reviewStatus guaranteeId explanation adjustment
	healthFacility { id code name level servicePricelist { id } itemPricelist { id } location { id code name parent { id code name } } } insuree { id chfId lastName otherNames } visitType
	icd { id code name } icd1 { id code name } icd2 { id code name } icd3 { id code name } icd4 { id code name }
	feedback { id careRendered paymentAsked drugPrescribed drugReceived asessment feedbackDate chfOfficerCode }
	services { id qtyProvided priceAsked qtyApproved priceApproved priceValuated explanation justification rejectionReason status service { id code name price } }
	items { id qtyProvided priceAsked qtyApproved priceApproved priceValuated explanation justification rejectionReason status item { id code name price } } } } } }`

// A page takes as many statements whatever its size and that of the table; one that reaches the end of
// the list needs no count.
func TestStatementsOfAPage(t *testing.T) {
	counts, ends := map[int]int{}, map[int]int{}
	for _, total := range []int{20, 400} {
		d := dbtest.SQLite(t)
		persist(t, d, someWorld(claims.Size{Families: 10, Products: 1, Entries: 5, Claims: total, Lines: 3}))
		s := newSite(t, d)
		p := user(9, auth.Scope{Districts: []int{2, 3, 4}}, 111001)
		for _, first := range []int{2, 20} {
			ctx, counter := db.WithCounter(t.Context())
			answer, errs := s.ask(ctx, t, p, fmt.Sprintf(claimsPage, fmt.Sprintf(`status: 2, first: %d, orderBy: ["-dateClaimed"]`, first)))
			if n := strings.Count(answer, `"code":"C`); len(errs) > 0 || n != first {
				t.Fatalf("%d claims of %d: %v %s", n, first, errs, answer)
			}
			if first < total {
				counts[counter.Statements()]++
			} else {
				ends[counter.Statements()]++
			}
		}
	}
	if len(counts) != 1 || len(ends) != 1 {
		t.Errorf("statements and how often: %v, at the end of the list %v", counts, ends)
	}
}

// country spreads the claims of a world over 60 districts with a facility each; most are valuated, one in
// twenty each is rejected, entered and checked.
func country(rows rules.Rows) rules.Rows {
	for id := len(rows.Facilities) + 1; id <= 60; id++ {
		f := rows.Facilities[id%3]
		f.HfID = id
		rows.Facilities = append(rows.Facilities, f)
	}
	for i := range rows.Claims {
		c := &rows.Claims[i]
		c.HFID = 1 + i%len(rows.Facilities)
		switch i / len(rows.Facilities) % 20 {
		case 0:
			c.ClaimStatus = rules.StatusRejected
		case 1:
			c.ClaimStatus = rules.StatusEntered
		case 2:
			c.ClaimStatus = rules.StatusChecked
		default:
			c.ClaimStatus = rules.StatusValuated
		}
	}
	return rows
}

// BenchmarkClaimsPage is a page of 10 among 100,000 claims of a country as the application asks for it,
// for a user who sees everything and for one of three districts.
func BenchmarkClaimsPage(b *testing.B) {
	for _, engine := range freshEngines() {
		b.Run(string(engine), func(b *testing.B) {
			d := dbtest.Open(b, engine)
			persist(b, d, country(someWorld(claims.Size{Families: 10_000, Products: 5, Entries: 40, Claims: 100_000, Lines: 4})))
			if engine == db.Postgres { // as the autovacuum does
				if err := d.Write(b.Context(), "analyze", func(tx *db.Tx) error { return tx.DDL(b.Context(), "ANALYZE") }); err != nil {
					b.Fatal(err)
				}
			}
			s := newSite(b, d)
			everybody := user(9, auth.Scope{All: true}, 111001)
			officer := user(9, auth.Scope{Districts: []int{3, 4, 5}}, 111001)
			for _, run := range []struct {
				name  string
				who   *auth.Principal
				query string
			}{
				{"all", everybody, fmt.Sprintf(claimsPage, `first: 10, orderBy: ["-dateClaimed"]`)},
				{"district", officer, fmt.Sprintf(claimsPage, `first: 10, orderBy: ["-dateClaimed"]`)},
				{"filters", officer, fmt.Sprintf(claimsPage, `status: 2, healthFacility_Id: "2", claimed_Gte: 100, dateClaimed_Gte: "2019-06-01", dateClaimed_Lte: "2019-06-30", first: 10, orderBy: ["-dateClaimed"]`)},
				{"insuree", officer, fmt.Sprintf(claimsPage, `insuree_ChfId: "000004711", first: 10`)},
				{"reviews", officer, fmt.Sprintf(claimsPage, `status: 4, claimed_Gte: 100, first: 10, orderBy: ["dateClaimed", "?"]`)},
				{"code", officer, fmt.Sprintf(claimsPage, `code_Icontains: "C0471", first: 10`)},
				{"detail", officer, fmt.Sprintf(claimDetail, 4711)},
			} {
				b.Run(run.name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if _, errs := s.ask(b.Context(), b, run.who, run.query); len(errs) > 0 {
							b.Fatal(errs)
						}
					}
				})
			}
		})
	}
}
