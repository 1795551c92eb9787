package policy

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
)

func TestAnEmptyDatabaseHasNothingToAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ctx := Service{DB: d, Clock: clock.Fixed(now)}, t.Context()
		_, inquiry := s.Inquiry(ctx, everything, "070707070", 0)
		_, eligibility := s.Eligibility(ctx, everything, "070707070", "M1", "0004")
		_, balance := s.Balance(ctx, everything, 1, "BCUL0001", yearEnd)
		_, value := s.Value(ctx, everything, ValueQuestion{FamilyID: 1, ProductID: 1})
		_, stored := s.Value(ctx, everything, ValueQuestion{PolicyID: 1})
		_, period := s.Period(ctx, 1, newYear, rules.StageNew)
		_, last := s.LastDateForPayment(ctx, everything, 1)
		for what, err := range map[string]error{"inquiry": inquiry, "eligibility": eligibility, "balance": balance, "value": value,
			"stored value": stored, "period": period, "last date": last} {
			if fault.Code(err) != fault.NotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
		if n, err := s.ExpirePolicies(ctx); n != 0 || err != nil {
			t.Errorf("expired %d, %v", n, err)
		}
		if r, err := s.InsertRenewals(ctx, rules.RenewalFilter{}); len(r) != 0 || err != nil {
			t.Errorf("prompted %v, %v", r, err)
		}
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			if rows, err := insuree.AddPolicies(ctx, tx, 1, false, now); len(rows) != 0 || err != nil {
				t.Errorf("covered %v, %v", rows, err)
			}
			return nil
		})
	})
}

func TestAnEmptyNumberIsRefused(t *testing.T) {
	s := Service{DB: dbtest.SQLite(t), Clock: clock.Fixed(now)}
	for _, number := range []string{"", " ", "\t"} {
		_, inquiry := s.Inquiry(t.Context(), everything, number, 0)
		_, eligibility := s.Eligibility(t.Context(), everything, number, "", "")
		for _, err := range []error{inquiry, eligibility} {
			if fault.Code(err) != fault.Invalid || fault.Field(err) != "chfId" {
				t.Errorf("%q: %v", number, err)
			}
		}
	}
}

// A number is found in any letter case, in the district asked for only, and not among closed rows.
func TestInquiryFindsByNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		home := c.villages[0]
		family, members := c.family(t, &home.id, "Ab1")
		policy := c.policies(t, 1, family, members)[0]
		for _, x := range []struct {
			number   string
			district int
			rows     int
		}{{"Ab1", 0, 1}, {"aB1", home.district, 1}, {"Ab1", c.districts[2], 0}} {
			got, err := c.service().Inquiry(t.Context(), everything, x.number, x.district)
			if err != nil || len(got.Covers) != x.rows || got.Insuree.ID != members[0] {
				t.Errorf("%+v: %+v, %v", x, got, err)
			}
			if x.rows == 1 && (*got.Covers[0].PolicyID != policy || got.Covers[0].Status != rules.CoverActive || got.Covers[0].Product.Code != "BASIC") {
				t.Errorf("%+v", got.Covers[0])
			}
		}
		write(t, d, func(ctx context.Context, tx *db.Tx) error { return tx.Close(ctx, "tblInsuree", now, members) })
		if _, err := c.service().Inquiry(t.Context(), everything, "Ab1", 0); fault.Code(err) != fault.NotFound {
			t.Errorf("a closed row answers: %v", err)
		}
	})
}

// Only current premiums count, photo fees do not, and of several policies the one that expires last by the reference date.
func TestBalance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		family, members := c.family(t, nil, "1")
		policies := c.policies(t, 2, family, members)
		later := yearEnd.AddDate(1, 0, 0)
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Update(ctx, "tblPolicy", policies[1], db.Values{"ExpiryDate": later})
			return err
		})
		c.premium(t, policies[0], "30.10", false, nil)
		c.premium(t, policies[0], "0.20", false, nil)
		c.premium(t, policies[0], "500", true, nil)
		c.premium(t, policies[0], "500", false, &newYear)
		for _, x := range []struct {
			reference time.Time
			policy    int
			paid, due string
		}{{yearEnd, policies[0], "30.3", "69.7"}, {later, policies[1], "0", "100"}, {later.AddDate(0, 0, -1), policies[0], "30.3", "69.7"}} {
			b, err := c.service().Balance(t.Context(), everything, family, "basic", x.reference)
			if err != nil || b.PolicyID != x.policy || b.ProductCode != "BASIC" || b.Premiums.String() != x.paid || b.Balance.String() != x.due {
				t.Errorf("%v: %+v, %v", x.reference, b, err)
			}
		}
		if _, err := c.service().Balance(t.Context(), everything, family, "BASIC", newYear); fault.Code(err) != fault.NotFound {
			t.Errorf("no policy has expired by then: %v", err)
		}
	})
}

// What is read and written in one statement for one, is so for many.
func TestStatementsDoNotGrow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		officer := c.insert(t, "tblOfficer", "Code LastName OtherNames AuditUserID", []any{"O1", "O", "O", 1})[0]
		counts := map[string][]int{}
		for i, size := range []int{1, 9} {
			c.empty(t)
			var numbers []string
			for n := range size {
				numbers = append(numbers, fmt.Sprint(n))
			}
			family, members := c.family(t, &c.villages[0].id, numbers...)
			policies := c.policies(t, size, family, members)
			newcomer := c.insurees(t, family, nil, "new")[0]
			for _, p := range policies {
				c.premium(t, p, "10", false, nil)
				c.insert(t, "tblClaimDedRem", "PolicyID InsureeID ClaimID DedG AuditUserID", []any{p, members[0], 1, 5, 1})
			}
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE "tblPolicy" SET "OfficerID" = ?`, officer)
				return err
			})
			s := c.service()
			scope := auth.Scope{Districts: []int{c.villages[0].district}}
			for what, do := range map[string]func(ctx context.Context) error{
				"inquiry": func(ctx context.Context) error {
					got, err := s.Inquiry(ctx, scope, "0", 0)
					if len(got.Covers) != size {
						t.Errorf("%d covers of %d", len(got.Covers), size)
					}
					return err
				},
				"eligibility": func(ctx context.Context) error { _, err := s.Eligibility(ctx, scope, "0", "S", "I"); return err },
				"balance":     func(ctx context.Context) error { _, err := s.Balance(ctx, scope, family, "BASIC", yearEnd); return err },
				"value": func(ctx context.Context) error {
					_, err := s.Value(ctx, scope, ValueQuestion{PolicyID: policies[0]})
					return err
				},
				"cover": func(ctx context.Context) error {
					return d.Write(ctx, "cover", func(tx *db.Tx) error {
						rows, err := insuree.AddPolicies(ctx, tx, newcomer, true, now)
						if len(rows) != size {
							t.Errorf("%d covers of %d", len(rows), size)
						}
						return err
					})
				},
				"renewals": func(ctx context.Context) error {
					zero := 0
					got, err := s.InsertRenewals(ctx, rules.RenewalFilter{Interval: &zero})
					if len(got) != size {
						t.Errorf("%d prompts for %d policies", len(got), size)
					}
					again, err2 := s.InsertRenewals(context.Background(), rules.RenewalFilter{Interval: &zero})
					if len(again) != 0 || err2 != nil {
						t.Errorf("prompted again: %v, %v", again, err2)
					}
					return err
				},
			} {
				ctx, counter := db.WithCounter(t.Context())
				if err := do(ctx); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				counts[what] = append(counts[what], counter.Statements())
				if counts[what][i] != counts[what][0] {
					t.Errorf("%s takes %v statements for 1 and for 9", what, counts[what])
				}
			}
		}
		t.Log(counts)
	})
}

// A family that lost its head neither gets a prompt nor keeps others from theirs.
func TestAFamilyWithoutHeadIsNotPrompted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		officer := c.insert(t, "tblOfficer", "Code LastName OtherNames AuditUserID", []any{"O1", "O", "O", 1})[0]
		var policies []int
		for _, number := range []string{"1", "2"} {
			family, members := c.family(t, &c.villages[0].id, number)
			policies = append(policies, c.policies(t, 1, family, members)...)
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				_, err := tx.Exec(ctx, `UPDATE "tblPolicy" SET "OfficerID" = ?`, officer)
				if err == nil && number == "2" {
					_, err = tx.Update(ctx, "tblFamilies", family, db.Values{"InsureeID": 0})
				}
				return err
			})
		}
		zero := 0
		got, err := c.service().InsertRenewals(t.Context(), rules.RenewalFilter{Interval: &zero})
		if err != nil || len(got) != 1 || got[0].PolicyID != policies[0] {
			t.Errorf("want a prompt for %d, got %+v, %v", policies[0], got, err)
		}
	})
}

// around draws a day at most n days from today.
func around(n int) *rapid.Generator[time.Time] {
	return rapid.Map(rapid.IntRange(-n, n), func(n int) time.Time { return clock.Day(now).AddDate(0, 0, n) })
}

// The statement that expires policies does what the rule says.
func TestExpirePoliciesIsTheRule(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		s := c.service()
		rapid.Check(t, func(rt *rapid.T) {
			c.empty(t)
			var rows [][]any
			for range rapid.IntRange(1, 6).Draw(rt, "policies") {
				rows = append(rows, []any{1, c.product, newYear, newYear, rapid.Ptr(around(2), true).Draw(rt, "expiry"),
					rapid.SampledFrom([]int{rules.StatusIdle, rules.StatusActive, rules.StatusSuspended, rules.StatusExpired, rules.StatusReady}).Draw(rt, "status"),
					rapid.Ptr(rapid.Just(s.Clock()), true).Draw(rt, "closed"), 1})
			}
			c.insert(t, "tblPolicy", "FamilyID ProdID EnrollDate StartDate ExpiryDate PolicyStatus ValidityTo AuditUserID", rows...)
			before := allPolicies(rt, d)
			want := rules.Expire(before, s.Clock.Today())
			n, err := s.ExpirePolicies(t.Context())
			if err != nil || n != len(want) {
				rt.Fatalf("expired %d of %v: %v", n, want, err)
			}
			for i, p := range allPolicies(rt, d) {
				expected := *before[i].Status
				for _, id := range want {
					if id == p.ID {
						expected = rules.StatusExpired
					}
				}
				if !p.HasStatus(expected) {
					rt.Fatalf("policy %+v has become %+v, want status %d", before[i], p, expected)
				}
			}
		})
	})
}

func allPolicies(t *rapid.T, d *db.DB) []rules.Policy {
	var rows []rules.Policy
	if err := d.Select(context.Background(), &rows, selectPolicies+`1 = 1 ORDER BY p."PolicyID"`); err != nil {
		t.Fatal(err)
	}
	return rows
}

// What the statement leaves out for a filter is what the rule would leave out.
func TestRenewalCandidatesAreTheRules(t *testing.T) {
	d := dbtest.SQLite(t)
	c := found(t, d)
	officers := c.insert(t, "tblOfficer", "Code LastName OtherNames AuditUserID", []any{"O1", "O", "O", 1}, []any{"O2", "O", "O", 1})
	rapid.Check(t, func(rt *rapid.T) {
		c.empty(t)
		var rows [][]any
		for range 3 {
			home := rapid.SampledFrom(c.villages).Draw(rt, "home")
			family, _ := c.family(t, &home.id)
			for range 3 {
				rows = append(rows, []any{family, c.product, newYear, newYear, rapid.Ptr(around(2), true).Draw(rt, "expiry"),
					rapid.SampledFrom([]int{rules.StatusIdle, rules.StatusActive, rules.StatusSuspended, rules.StatusExpired}).Draw(rt, "status"),
					rapid.SampledFrom(officers).Draw(rt, "officer"), 1})
			}
		}
		c.insert(t, "tblPolicy", "FamilyID ProdID EnrollDate StartDate ExpiryDate PolicyStatus OfficerID AuditUserID", rows...)
		home := rapid.SampledFrom(c.villages).Draw(rt, "home asked for")
		f := rules.RenewalFilter{
			Interval: rapid.Ptr(rapid.IntRange(0, 2), true).Draw(rt, "interval"),
			From:     rapid.Ptr(around(2), true).Draw(rt, "from"), To: rapid.Ptr(around(2), true).Draw(rt, "to"),
			Region:   rapid.Ptr(rapid.SampledFrom([]int{0, c.region, c.region + 1}), true).Draw(rt, "region"),
			District: rapid.Ptr(rapid.SampledFrom([]int{0, home.district}), true).Draw(rt, "district"),
			Village:  rapid.Ptr(rapid.SampledFrom([]int{0, home.id}), true).Draw(rt, "village"),
			Officer:  rapid.Ptr(rapid.SampledFrom(officers), true).Draw(rt, "officer"),
		}
		read := func(f rules.RenewalFilter) []rules.RenewalCandidate {
			data, err := Store{d}.renewals(t.Context(), f, clock.Day(now))
			if err != nil {
				rt.Fatal(err)
			}
			return data.Candidates
		}
		zero := 0
		due := f.Due(clock.Day(now), nil)
		want := slices.DeleteFunc(read(rules.RenewalFilter{Interval: &zero}), func(r rules.RenewalCandidate) bool { return !f.Selects(r, due) })
		got := read(f)
		if len(want) != len(got) {
			rt.Fatalf("%+v: %d candidates, want %d", f, len(got), len(want))
		}
		for i := range got {
			if got[i].ID != want[i].ID {
				rt.Fatalf("%+v: candidate %d is %d, want %d", f, i, got[i].ID, want[i].ID)
			}
		}
	})
}
