package contribution

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/dbtest"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/sqlcheck"
	"github.com/openimis/openimis-be-go/modules/contribution/rules"
	policyrules "github.com/openimis/openimis-be-go/modules/policy/rules"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

var (
	now        = time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	everything = auth.Scope{All: true}
)

// household is a family in a village with a policy of value 100 that runs from March and covers two members.
type household struct {
	d                *db.DB
	district, policy int
}

func settle(t *testing.T, d *db.DB) household {
	h := household{d: d}
	at := func(kind string, parent any) int {
		return h.insert(t, "tblLocations", db.Values{"LocationName": kind, "LocationType": kind, "ParentLocationId": parent, "AuditUserId": 1, "ValidityFrom": now})
	}
	h.district = at("D", at("R", nil))
	family := h.insert(t, "tblFamilies", db.Values{"InsureeID": 0, "LocationId": at("V", at("W", h.district)), "AuditUserID": 1, "ValidityFrom": now})
	h.policy = h.insert(t, "tblPolicy", db.Values{"FamilyID": family, "ProdID": 1, "EnrollDate": date("2026-01-01"), "StartDate": date("2026-03-01"),
		"ExpiryDate": date("2027-02-28"), "PolicyStatus": policyrules.StatusIdle, "PolicyValue": decimal.NewFromInt(100), "PolicyStage": "N", "AuditUserID": 1, "ValidityFrom": date("2026-01-01")})
	for i := range 2 {
		h.insert(t, "tblInsureePolicy", db.Values{"InsureeId": i + 1, "PolicyId": h.policy, "EnrollmentDate": date("2026-01-01"), "AuditUserId": 1, "ValidityFrom": date("2026-01-01")})
	}
	return h
}

func (h household) insert(t *testing.T, table string, v db.Values) (id int) {
	t.Helper()
	h.write(t, func(ctx context.Context, tx *db.Tx) (err error) {
		id, err = tx.Insert(ctx, table, v)
		return err
	})
	return id
}

func (h household) write(t *testing.T, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := h.d.Write(ctx, "test", func(tx *db.Tx) error { return fn(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

func (h household) pay(t *testing.T, amount string, more ...db.Values) int {
	v := db.Values{"PolicyID": h.policy, "Amount": decimal.RequireFromString(amount), "Receipt": "R", "PayDate": date("2026-02-01"), "PayType": "C",
		"isPhotoFee": false, "isOffline": false, "AuditUserID": 1, "ValidityFrom": now}
	for _, m := range more {
		for k, x := range m {
			v[k] = x
		}
	}
	return h.insert(t, "tblPremium", v)
}

// versions reads the statuses and effective dates of a policy and its covers: live rows first, then copies.
func (h household) versions(t *testing.T) (policies []policyrules.Policy, covers []policyrules.InsureePolicy) {
	t.Helper()
	ctx := t.Context()
	if err := h.d.Select(ctx, &policies, `SELECT `+db.Columns[policyrules.Policy]("p")+` FROM "tblPolicy" p ORDER BY p."PolicyID"`); err != nil {
		t.Fatal(err)
	}
	if err := h.d.Select(ctx, &covers, `SELECT `+db.Columns[policyrules.InsureePolicy]("ip")+` FROM "tblInsureePolicy" ip ORDER BY ip."InsureePolicyId"`); err != nil {
		t.Fatal(err)
	}
	return policies, covers
}

// The second instalment completes the value: policy and covers become active, and what they were stays as history.
func TestInstalmentsActivateThePolicy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := settle(t, d)
		s := Service{DB: d, Clock: clock.Fixed(now)}
		h.pay(t, "500", db.Values{"isPhotoFee": true})
		h.pay(t, "500", db.Values{"ValidityTo": now})
		for i, amount := range []string{"99.90", "0.10"} {
			id := h.pay(t, amount)
			h.write(t, func(ctx context.Context, tx *db.Tx) error {
				e, err := s.PremiumUpdated(ctx, tx, id, rules.ActionNone)
				if active := e.Status != nil && *e.Status == policyrules.StatusActive; active != (i == 1) {
					t.Errorf("after %s: %+v", amount, e)
				}
				return err
			})
		}
		policies, covers := h.versions(t)
		if len(policies) != 2 || len(covers) != 4 {
			t.Fatalf("%d policies and %d covers, want a copy of each", len(policies), len(covers))
		}
		start := date("2026-03-01")
		live, copied := policies[0], policies[1]
		if !live.HasStatus(policyrules.StatusActive) || !live.Current() || !live.EffectiveDate.Equal(start) {
			t.Errorf("policy %+v", live)
		}
		if !copied.HasStatus(policyrules.StatusIdle) || copied.Current() || copied.EffectiveDate != nil {
			t.Errorf("history of the policy %+v", copied)
		}
		for i, c := range covers {
			if i < 2 && (!c.Current() || !c.EffectiveDate.Equal(start) || !c.StartDate.Equal(start) || !c.ExpiryDate.Equal(date("2027-02-28"))) {
				t.Errorf("cover %+v", c)
			}
			if i >= 2 && (c.Current() || c.EffectiveDate != nil) {
				t.Errorf("history of a cover %+v", c)
			}
		}
		sums, err := s.Sums(t.Context(), everything, h.policy, -1)
		if err != nil || len(sums) != 1 || sums[h.policy].String() != "100" {
			t.Errorf("paid %v, %v", sums, err)
		}
	})
}

// A premium takes the same number of statements whatever the number of premiums and covers.
func TestPremiumsTakeAFixedNumberOfStatements(t *testing.T) {
	d := dbtest.SQLite(t)
	h := settle(t, d)
	s := Service{DB: d, Clock: clock.Fixed(now)}
	var counts []int
	for range 2 {
		id := h.pay(t, "100")
		h.write(t, func(ctx context.Context, tx *db.Tx) error {
			ctx, counter := db.WithCounter(ctx)
			_, err := s.PremiumUpdated(ctx, tx, id, rules.ActionEnforce)
			counts = append(counts, counter.Statements())
			return err
		})
		for i := range 20 {
			h.pay(t, "1")
			h.insert(t, "tblInsureePolicy", db.Values{"InsureeId": 10 + i, "PolicyId": h.policy, "AuditUserId": 1, "ValidityFrom": now})
		}
	}
	if counts[0] != counts[1] {
		t.Errorf("statements: %v", counts)
	}
}

func TestOptionsOfActivation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := settle(t, d)
		for _, c := range []struct {
			option rules.Option
			action rules.Action
			status int
		}{{0, rules.ActionWait, policyrules.StatusIdle}, {rules.OnPayment, rules.ActionEnforce, policyrules.StatusReady}, {rules.OnContribution, rules.ActionEnforce, policyrules.StatusActive},
			{rules.OnContribution, rules.ActionSuspend, policyrules.StatusSuspended}} {
			id := h.pay(t, "1")
			h.write(t, func(ctx context.Context, tx *db.Tx) error {
				_, err := Service{DB: d, Clock: clock.Fixed(now), Option: c.option}.PremiumUpdated(ctx, tx, id, c.action)
				return err
			})
			if policies, _ := h.versions(t); !policies[0].HasStatus(c.status) {
				t.Errorf("%+v: %+v", c, policies[0])
			}
		}
	})
}

func TestPremiumUpdatedRefuses(t *testing.T) {
	d := dbtest.SQLite(t)
	h := settle(t, d)
	s := Service{DB: d, Clock: clock.Fixed(now)}
	id := h.pay(t, "100")
	closed := h.pay(t, "100", db.Values{"ValidityTo": now})
	orphan := h.pay(t, "100", db.Values{"PolicyID": h.policy + 99})
	for _, c := range []struct {
		premium int
		action  rules.Action
		code    string
	}{{id, "LATER", fault.Invalid}, {-1, rules.ActionNone, fault.NotFound}, {closed, rules.ActionNone, fault.NotFound}, {orphan, rules.ActionNone, fault.Conflict}} {
		err := d.Write(t.Context(), "test", func(tx *db.Tx) error {
			_, err := s.PremiumUpdated(t.Context(), tx, c.premium, c.action)
			return err
		})
		if fault.Code(err) != c.code {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestPremiumsStayWithinTheScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := settle(t, d)
		h.pay(t, "12.5")
		h.pay(t, "7.5", db.Values{"isPhotoFee": true})
		s := Service{DB: d, Clock: clock.Fixed(now)}
		for _, c := range []struct {
			scope auth.Scope
			seen  int
		}{{everything, 2}, {auth.Scope{Districts: []int{h.district}}, 2}, {auth.Scope{Districts: []int{h.district + 99}}, 0}, {auth.Scope{}, 0}} {
			premiums, err := s.Premiums(t.Context(), c.scope, h.policy)
			if err != nil || len(premiums) != c.seen {
				t.Errorf("%+v: %v, %v", c.scope, premiums, err)
			}
			sums, err := s.Sums(t.Context(), c.scope, h.policy)
			if _, ok := sums[h.policy]; err != nil || ok != (c.seen > 0) {
				t.Errorf("%+v: %v, %v", c.scope, sums, err)
			}
		}
	})
}
