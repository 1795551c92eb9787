package policy

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
)

// clerk is who may do everything with the policies of the first district; without says which right is missing.
func (c *country) clerk(without ...int) auth.Author {
	p := &auth.Principal{Username: "clerk", Person: &auth.Person{ID: 7}, Rights: map[int]bool{}, Scope: auth.Scope{Districts: c.districts[:1]}}
	for _, r := range []int{101202, 101203, 101204, 101205} {
		p.Rights[r] = !slices.Contains(without, r)
	}
	return auth.Author{Principal: p, At: now}
}

// sell makes a product of 12 months that takes three members for 100, sold for three years around today.
func (c *country) sell(t testing.TB, code string, more map[string]any) int {
	t.Helper()
	id := c.insert(t, "tblProduct", "ProductCode ProductName InsurancePeriod DateFrom DateTo LumpSum MemberCount GracePeriod GracePeriodRenewal AuditUserID",
		[]any{code, code, 12, day("2025-01-01"), day("2027-12-31"), 100, 3, 0, 2, 1})[0]
	write(t, c.d, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Update(ctx, "tblProduct", id, db.Values(more))
		return err
	})
	return id
}

func day(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

// do runs an operation in a transaction.
func do[T any](t testing.TB, c *country, run func(ctx context.Context, tx *db.Tx) (T, error)) (out T) {
	t.Helper()
	write(t, c.d, func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = run(ctx, tx)
		return err
	})
	return out
}

func (c *country) count(t testing.TB, table, where string, args ...any) int {
	t.Helper()
	var n int
	if err := c.d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "`+table+`" x WHERE `+where, args...); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEnrolling(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		s := c.service()
		prod := c.sell(t, "A", map[string]any{"AdministrationPeriod": 1, "RegistrationFee": 5})
		officer := c.insert(t, "tblOfficer", "Code LastName OtherNames AuditUserID", []any{"E1", "Doe", "Eve", 1})[0]
		family, members := c.family(t, &c.villages[0].id, "1", "2")
		got := do(t, c, func(ctx context.Context, tx *db.Tx) (Enrolled, error) {
			return s.Enter(ctx, tx, c.clerk(), Enrolment{FamilyID: family, ProductID: prod, OfficerID: &officer, Enrol: day("2026-11-20")})
		})
		if got.Value.String() != "110" || !got.Period.Start.Equal(day("2026-12-20")) || !got.Period.Expiry.Equal(day("2027-12-19")) || got.Stage != "N" {
			t.Errorf("%+v", got)
		}
		if n := c.count(t, "tblPolicy", `x."PolicyID" = ? AND x."FamilyID" = ? AND x."ProdID" = ? AND x."OfficerID" = ? AND x."PolicyStatus" = 1 AND x."PolicyStage" = 'N' AND x."PolicyValue" = 110 `+
			`AND x."EnrollDate" = ? AND x."StartDate" = ? AND x."ExpiryDate" = ? AND x."EffectiveDate" IS NULL AND x."AuditUserID" = 7 AND x."ValidityFrom" = ?`,
			got.PolicyID, family, prod, officer, db.Date(day("2026-11-20")), db.Date(got.Period.Start), db.Date(got.Period.Expiry), now); n != 1 {
			t.Error("the policy is not what was answered")
		}
		for _, m := range members {
			if n := c.count(t, "tblInsureePolicy", `x."PolicyId" = ? AND x."InsureeId" = ? AND x."EffectiveDate" IS NULL AND x."StartDate" = ? AND x."ExpiryDate" = ? AND x."EnrollmentDate" = ? AND x."AuditUserId" = 7`,
				got.PolicyID, m, db.Date(got.Period.Start), db.Date(got.Period.Expiry), db.Date(day("2026-11-20"))); n != 1 {
				t.Errorf("member %d is not under the policy", m)
			}
		}
	})
}

func TestRenewing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		s := c.service()
		better := c.sell(t, "B", map[string]any{"LumpSum": 200, "RenewalDiscountPerc": 10, "RenewalDiscountPeriod": 1})
		prod := c.sell(t, "A", map[string]any{"ConversionProdID": better})
		family, members := c.family(t, &c.villages[0].id, "1")
		old := c.insert(t, "tblPolicy", "FamilyID ProdID EnrollDate StartDate EffectiveDate ExpiryDate PolicyStatus PolicyValue PolicyStage isOffline AuditUserID",
			[]any{family, prod, newYear, newYear, newYear, yearEnd, rules.StatusActive, 100, "N", false, 1})[0]
		prompt := c.insert(t, "tblPolicyRenewals", "RenewalPromptDate RenewalDate NewOfficerID PhoneNumber SMSStatus InsureeID PolicyID NewProdID RenewalWarnings AuditCreateUser",
			[]any{now, yearEnd, nil, nil, 0, members[0], old, better, 0, 1})[0]
		got := do(t, c, func(ctx context.Context, tx *db.Tx) (Enrolled, error) {
			return s.Renew(ctx, tx, c.clerk(), Renewing{PolicyID: old, Enrol: day("2026-11-23")})
		})
		if got.Stage != "R" || got.Value.String() != "180" || !got.Period.Start.Equal(day("2027-01-01")) || !got.Period.Expiry.Equal(day("2027-12-31")) {
			t.Errorf("%+v", got)
		}
		if n := c.count(t, "tblPolicy", `x."PolicyID" = ? AND x."ProdID" = ? AND x."PolicyStage" = 'R' AND x."PolicyStatus" = 1`, got.PolicyID, better); n != 1 {
			t.Error("the renewal is not of the product that the old one converts to")
		}
		if n := c.count(t, "tblPolicyRenewals", `x."RenewalID" = ? AND x."ValidityTo" = ?`, prompt, now); n != 1 {
			t.Error("the prompt is still open")
		}
		if n := c.count(t, "tblInsureePolicy", `x."PolicyId" = ? AND x."InsureeId" = ?`, got.PolicyID, members[0]); n != 1 {
			t.Error("the member is not under the renewal")
		}
		// Changed while idle, the renewal stays one, with the discount for coming early.
		again := do(t, c, func(ctx context.Context, tx *db.Tx) (Enrolled, error) {
			return s.Update(ctx, tx, c.clerk(), got.PolicyID, Enrolment{ProductID: better, Enrol: day("2026-11-22")})
		})
		if again.Stage != "R" || again.Value.String() != "180" || !again.Period.Start.Equal(day("2027-01-01")) {
			t.Errorf("updated: %+v", again)
		}
		deny(t, c, map[string]denial{
			"twice": {fault.Conflict, "", func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Renew(ctx, tx, c.clerk(), Renewing{PolicyID: old, Enrol: day("2026-11-23")})
				return err
			}},
			"an idle one": {fault.Conflict, "", func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Renew(ctx, tx, c.clerk(), Renewing{PolicyID: got.PolicyID, Enrol: day("2026-11-23")})
				return err
			}},
			"too late": {fault.Invalid, "enrollDate", func(ctx context.Context, tx *db.Tx) error {
				a := c.clerk()
				a.At = day("2027-03-02")
				_, err := s.Renew(ctx, tx, a, Renewing{PolicyID: old, Enrol: day("2027-03-02"), ProductID: prod})
				return err
			}},
		})
	})
}

func TestUpdatingAnIdlePolicy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		s := c.service()
		cheap, dear := c.sell(t, "A", nil), c.sell(t, "B", map[string]any{"LumpSum": 300})
		family, members := c.family(t, &c.villages[0].id, "1", "2", "3")
		p := do(t, c, func(ctx context.Context, tx *db.Tx) (Enrolled, error) {
			return s.Enter(ctx, tx, c.clerk(), Enrolment{FamilyID: family, ProductID: cheap, Enrol: day("2026-11-20"), Members: members[:2]})
		})
		got := do(t, c, func(ctx context.Context, tx *db.Tx) (Enrolled, error) {
			return s.Update(ctx, tx, c.clerk(), p.PolicyID, Enrolment{FamilyID: family, ProductID: dear, Enrol: day("2026-11-21"), Members: members[1:]})
		})
		if got.PolicyID != p.PolicyID || got.Value.String() != "300" || !got.Period.Start.Equal(day("2026-11-21")) {
			t.Errorf("%+v", got)
		}
		if n := c.count(t, "tblPolicy", `x."LegacyID" = ? AND x."PolicyValue" = 100 AND x."ValidityTo" = ?`, p.PolicyID, now); n != 1 {
			t.Error("there is no copy of the policy")
		}
		for i, want := range []int{0, 1, 1} {
			if n := c.count(t, "tblInsureePolicy", `x."PolicyId" = ? AND x."InsureeId" = ? AND x."ValidityTo" IS NULL AND x."StartDate" = ?`, p.PolicyID, members[i], db.Date(got.Period.Start)) +
				c.count(t, "tblInsureePolicy", `x."PolicyId" = ? AND x."InsureeId" = ? AND x."ValidityTo" IS NULL AND x."StartDate" <> ?`, p.PolicyID, members[i], db.Date(got.Period.Start)); n != want {
				t.Errorf("member %d has %d covers, want %d", i, n, want)
			}
		}
		if n := c.count(t, "tblInsureePolicy", `x."PolicyId" = ? AND x."LegacyId" IS NULL AND x."ValidityTo" = ?`, p.PolicyID, now); n != 1 {
			t.Errorf("%d covers were closed", n)
		}
		do(t, c, func(ctx context.Context, tx *db.Tx) (int, error) {
			return tx.Update(ctx, "tblPolicy", p.PolicyID, db.Values{"PolicyStatus": rules.StatusActive})
		})
		deny(t, c, map[string]denial{"active": {fault.Conflict, "", func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Update(ctx, tx, c.clerk(), p.PolicyID, Enrolment{ProductID: cheap, Enrol: day("2026-11-21")})
			return err
		}}})
	})
}

func TestSuspendingAndDeleting(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		s := c.service()
		family, members := c.family(t, &c.villages[0].id, "1", "2")
		ids := c.policies(t, 2, family, members)
		c.premium(t, ids[1], "100", false, nil)
		write(t, d, func(ctx context.Context, tx *db.Tx) error { return s.Suspend(ctx, tx, c.clerk(), ids[0]) })
		if n := c.count(t, "tblPolicy", `x."PolicyID" = ? AND x."PolicyStatus" = 4 AND x."AuditUserID" = 7`, ids[0]) +
			c.count(t, "tblPolicy", `x."LegacyID" = ? AND x."PolicyStatus" = 2`, ids[0]); n != 2 {
			t.Error("the policy is not suspended, with history")
		}
		suspend := func(ctx context.Context, tx *db.Tx) error { return s.Suspend(ctx, tx, c.clerk(), ids[0]) }
		deny(t, c, map[string]denial{"suspended already": {fault.Conflict, "", suspend}})
		c.insert(t, "tblClaimDedRem", "PolicyID InsureeID ClaimID DedG AuditUserID", []any{ids[0], members[0], 1, 1, 1})
		deny(t, c, map[string]denial{"paid for a claim": {fault.Conflict, "", func(ctx context.Context, tx *db.Tx) error {
			return s.Delete(ctx, tx, c.clerk(), ids[0])
		}}})
		write(t, d, func(ctx context.Context, tx *db.Tx) error { return s.Delete(ctx, tx, c.clerk(), ids[1]) })
		for table, column := range map[string]string{"tblPolicy": "PolicyID", "tblInsureePolicy": "PolicyId", "tblPremium": "PolicyID"} {
			if n := c.count(t, table, `x."`+column+`" = ? AND x."ValidityTo" IS NULL`, ids[1]); n != 0 {
				t.Errorf("%s has %d live rows of the policy", table, n)
			}
		}
		if n := c.count(t, "tblPolicy", `x."PolicyID" = ? AND x."LegacyID" IS NULL AND x."ValidityTo" = ?`, ids[1], now) + c.count(t, "tblPolicy", `x."LegacyID" = ?`, ids[1]) +
			c.count(t, "tblPremium", `x."LegacyID" IS NOT NULL`) + c.count(t, "tblInsureePolicy", `x."LegacyId" IS NOT NULL`); n != 5 {
			t.Errorf("%d rows, want the closed policy and copies of it, its premium and its two covers", n)
		}
	})
}

// denial is what an operation answers that must not write anything.
type denial struct {
	code, field string
	run         func(ctx context.Context, tx *db.Tx) error
}

func deny(t *testing.T, c *country, cases map[string]denial) {
	t.Helper()
	rows := func() int {
		return c.count(t, "tblPolicy", "1 = 1") + c.count(t, "tblInsureePolicy", "1 = 1") + c.count(t, "tblPremium", "1 = 1")
	}
	for name, x := range cases {
		before := rows()
		err := c.d.Write(t.Context(), "test", func(tx *db.Tx) error { return x.run(t.Context(), tx) })
		if fault.Code(err) != x.code || fault.Field(err) != x.field {
			t.Errorf("%s: %s of %q: %v; want %s of %q", name, fault.Code(err), fault.Field(err), err, x.code, x.field)
		}
		if after := rows(); after != before {
			t.Errorf("%s: %d rows were written", name, after-before)
		}
	}
}

func TestWhatIsRefusedOfAnEnrolment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		s := c.service()
		prod, old := c.sell(t, "A", nil), c.sell(t, "OLD", map[string]any{"ValidityTo": newYear})
		broken := c.sell(t, "X", map[string]any{"StartCycle1": "31-31"})
		family, members := c.family(t, &c.villages[0].id, "1", "2", "3", "4")
		_, others := c.family(t, &c.villages[0].id, "5")
		empty, _ := c.family(t, &c.villages[0].id)
		idle := do(t, c, func(ctx context.Context, tx *db.Tx) (Enrolled, error) {
			return s.Enter(ctx, tx, c.clerk(), Enrolment{FamilyID: family, ProductID: prod, Enrol: day("2025-11-20"), Members: members[:1]})
		})
		cases := map[string]denial{}
		for name, x := range map[string]struct {
			code, field string
			change      func(e *Enrolment)
		}{
			"no day":                    {fault.Invalid, "enrollDate", func(e *Enrolment) { e.Enrol = time.Time{} }},
			"tomorrow":                  {fault.Invalid, "enrollDate", func(e *Enrolment) { e.Enrol = day("2026-11-24") }},
			"before it was sold":        {fault.Invalid, "enrollDate", func(e *Enrolment) { e.Enrol = day("2024-12-31") }},
			"no such product":           {fault.Invalid, "product", func(e *Enrolment) { e.ProductID = 99 }},
			"a closed product":          {fault.Invalid, "product", func(e *Enrolment) { e.ProductID = old }},
			"a cycle that is not a day": {fault.Conflict, "", func(e *Enrolment) { e.ProductID = broken }},
			"no such officer":           {fault.Invalid, "officer", func(e *Enrolment) { e.OfficerID = new(99) }},
			"more than the product":     {fault.Invalid, "members", func(e *Enrolment) { e.Members = nil }},
			"a stranger":                {fault.Invalid, "members", func(e *Enrolment) { e.Members = others }},
			"nobody":                    {fault.Invalid, "members", func(e *Enrolment) { e.Members = []int{} }},
			"a family without members":  {fault.Invalid, "members", func(e *Enrolment) { e.FamilyID, e.Members = empty, nil }},
		} {
			e := Enrolment{FamilyID: family, ProductID: prod, Enrol: day("2026-11-21"), Members: members[:2]}
			x.change(&e)
			cases[name] = denial{x.code, x.field, func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Enter(ctx, tx, c.clerk(), e)
				return err
			}}
			if e.FamilyID == family {
				cases[name+", updating"] = denial{x.code, x.field, func(ctx context.Context, tx *db.Tx) error {
					_, err := s.Update(ctx, tx, c.clerk(), idle.PolicyID, e)
					return err
				}}
			}
		}
		cases["for the same time"] = denial{fault.Conflict, "", func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Enter(ctx, tx, c.clerk(), Enrolment{FamilyID: family, ProductID: prod, Enrol: day("2026-11-19"), Members: members[:1]})
			return err
		}}
		cases["to another family"] = denial{fault.Invalid, "family", func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Update(ctx, tx, c.clerk(), idle.PolicyID, Enrolment{FamilyID: empty, ProductID: prod, Enrol: day("2026-11-19")})
			return err
		}}
		deny(t, c, cases)
		// The day after the first one expires, the family may have another.
		do(t, c, func(ctx context.Context, tx *db.Tx) (Enrolled, error) {
			return s.Enter(ctx, tx, c.clerk(), Enrolment{FamilyID: family, ProductID: prod, Enrol: day("2026-11-20"), Members: members[:1]})
		})
	})
}

// Every operation asks for its right, and for families within the author's reach.
func TestRightsAndScopeOfEnrolment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		s := c.service()
		prod := c.sell(t, "A", nil)
		home, near := c.family(t, &c.villages[0].id, "1")
		away, far := c.family(t, &c.villages[5].id, "2")
		mine, theirs := c.policies(t, 1, home, near)[0], c.policies(t, 1, away, far)[0]
		cases := map[string]denial{}
		for name, op := range map[string]struct {
			right int
			run   func(ctx context.Context, tx *db.Tx, a auth.Author, family, policy int) error
		}{
			"enter": {101202, func(ctx context.Context, tx *db.Tx, a auth.Author, family, _ int) error {
				_, err := s.Enter(ctx, tx, a, Enrolment{FamilyID: family, ProductID: prod, Enrol: day("2026-11-23")})
				return err
			}},
			"update": {101203, func(ctx context.Context, tx *db.Tx, a auth.Author, _, policy int) error {
				_, err := s.Update(ctx, tx, a, policy, Enrolment{ProductID: prod, Enrol: day("2026-11-23")})
				return err
			}},
			"suspend": {101203, func(ctx context.Context, tx *db.Tx, a auth.Author, _, policy int) error {
				return s.Suspend(ctx, tx, a, policy)
			}},
			"renew": {101205, func(ctx context.Context, tx *db.Tx, a auth.Author, _, policy int) error {
				_, err := s.Renew(ctx, tx, a, Renewing{PolicyID: policy, Enrol: day("2026-11-23")})
				return err
			}},
			"delete": {101204, func(ctx context.Context, tx *db.Tx, a auth.Author, _, policy int) error {
				return s.Delete(ctx, tx, a, policy)
			}},
		} {
			cases[name+" as nobody"] = denial{fault.Unauthenticated, "", func(ctx context.Context, tx *db.Tx) error {
				return op.run(ctx, tx, auth.Author{At: now}, home, mine)
			}}
			cases[name+" without the right"] = denial{fault.Forbidden, "", func(ctx context.Context, tx *db.Tx) error {
				return op.run(ctx, tx, c.clerk(op.right), home, mine)
			}}
			cases[name+" out of reach"] = denial{fault.NotFound, "", func(ctx context.Context, tx *db.Tx) error {
				return op.run(ctx, tx, c.clerk(), away, theirs)
			}}
			cases[name+" of nothing"] = denial{fault.NotFound, "", func(ctx context.Context, tx *db.Tx) error {
				return op.run(ctx, tx, c.clerk(), -1, -1)
			}}
		}
		deny(t, c, cases)
	})
}

// Enrolling takes the same number of statements however many members and policies there are.
func TestEnrollingTakesAFixedNumberOfStatements(t *testing.T) {
	d := dbtest.SQLite(t)
	c := found(t, d)
	s := c.service()
	prod := c.sell(t, "A", map[string]any{"MemberCount": 50})
	var counts [][4]int
	for _, numbers := range [][]string{{"1"}, {"2", "3", "4", "5", "6", "7", "8", "9"}} {
		family, members := c.family(t, &c.villages[0].id, numbers...)
		c.policies(t, len(numbers), family, members)
		var taken [4]int
		var e Enrolled
		for k, run := range []func(ctx context.Context, tx *db.Tx) error{
			func(ctx context.Context, tx *db.Tx) (err error) {
				e, err = s.Enter(ctx, tx, c.clerk(), Enrolment{FamilyID: family, ProductID: prod, Enrol: day("2026-11-23")})
				return err
			},
			func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Update(ctx, tx, c.clerk(), e.PolicyID, Enrolment{ProductID: prod, Enrol: day("2026-11-22")})
				return err
			},
			func(ctx context.Context, tx *db.Tx) error { return s.Suspend(ctx, tx, c.clerk(), e.PolicyID) },
			func(ctx context.Context, tx *db.Tx) error { return s.Delete(ctx, tx, c.clerk(), e.PolicyID) },
		} {
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				ctx, counter := db.WithCounter(ctx)
				err := run(ctx, tx)
				taken[k] = counter.Statements()
				return err
			})
		}
		counts = append(counts, taken)
	}
	if counts[0] != counts[1] {
		t.Errorf("statements of enter, update, suspend, delete: %v", counts)
	}
	t.Log(counts)
}
