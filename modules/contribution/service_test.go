package contribution

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
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

// cashier is who may do everything with premiums in the district; without says which right is missing.
func (h household) cashier(without ...int) auth.Author {
	p := &auth.Principal{Username: "cashier", Person: &auth.Person{ID: 7}, Rights: map[int]bool{}, Scope: auth.Scope{Districts: []int{h.district}}}
	for _, r := range []int{101302, 101303, 101304} {
		p.Rights[r] = !slices.Contains(without, r)
	}
	return auth.Author{Principal: p, At: now}
}

var receipts atomic.Int64

// cash is a payment for the policy with a receipt of its own.
func (h household) cash(amount string) Payment {
	return Payment{PolicyID: h.policy, Amount: decimal.RequireFromString(amount), Receipt: fmt.Sprint("C", receipts.Add(1)), PayDate: date("2026-02-01"), PayType: "c"}
}

// The second instalment completes the value: policy and covers become active, and what they were stays as history.
func TestInstalmentsActivateThePolicy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := settle(t, d)
		s := Service{DB: d}
		h.pay(t, "500", db.Values{"isPhotoFee": true})
		h.pay(t, "500", db.Values{"ValidityTo": now})
		for i, amount := range []string{"99.90", "0.10"} {
			var paid Paid
			h.write(t, func(ctx context.Context, tx *db.Tx) (err error) {
				paid, err = s.Pay(ctx, tx, h.cashier(), h.cash(amount))
				return err
			})
			if active := paid.Effect.Status != nil && *paid.Effect.Status == policyrules.StatusActive; active != (i == 1) {
				t.Errorf("after %s: %+v", amount, paid)
			}
			var n int
			err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "tblPremium" c WHERE c."PremiumId" = ? AND c."PolicyID" = ? AND c."Amount" = ? AND c."PayType" = 'C' AND c."PayDate" = ? `+
				`AND c."isPhotoFee" = $false AND c."AuditUserID" = 7 AND c."ValidityFrom" = ? AND c."ValidityTo" IS NULL`, paid.PremiumID, h.policy, decimal.RequireFromString(amount), db.Date(date("2026-02-01")), now)
			if err != nil || n != 1 {
				t.Errorf("premium %d is not what was paid: %v", paid.PremiumID, err)
			}
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

// Premiums take the same number of statements whatever the number of premiums and covers.
func TestPremiumsTakeAFixedNumberOfStatements(t *testing.T) {
	d := dbtest.SQLite(t)
	h := settle(t, d)
	s := Service{DB: d}
	var counts [][3]int
	for range 2 {
		var taken [3]int
		var id int
		for k, run := range []func(ctx context.Context, tx *db.Tx) error{
			func(ctx context.Context, tx *db.Tx) error {
				p := h.cash("100")
				p.Action = rules.ActionEnforce
				paid, err := s.Pay(ctx, tx, h.cashier(), p)
				id = paid.PremiumID
				return err
			},
			func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Update(ctx, tx, h.cashier(), id, h.cash("200"))
				return err
			},
			func(ctx context.Context, tx *db.Tx) error { return s.Delete(ctx, tx, h.cashier(), id) },
		} {
			h.write(t, func(ctx context.Context, tx *db.Tx) error {
				ctx, counter := db.WithCounter(ctx)
				err := run(ctx, tx)
				taken[k] = counter.Statements()
				return err
			})
		}
		counts = append(counts, taken)
		for i := range 20 {
			h.pay(t, "1")
			h.insert(t, "tblInsureePolicy", db.Values{"InsureeId": 10 + i, "PolicyId": h.policy, "AuditUserId": 1, "ValidityFrom": now})
		}
	}
	if counts[0] != counts[1] {
		t.Errorf("statements of pay, update, delete: %v", counts)
	}
	t.Log(counts)
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
			p := h.cash("1")
			p.Action = c.action
			h.write(t, func(ctx context.Context, tx *db.Tx) error {
				_, err := Service{DB: d, Option: c.option}.Pay(ctx, tx, h.cashier(), p)
				return err
			})
			if policies, _ := h.versions(t); !policies[0].HasStatus(c.status) {
				t.Errorf("%+v: %+v", c, policies[0])
			}
		}
	})
}

func TestPremiumsKeepHistory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := settle(t, d)
		s := Service{DB: d}
		id := h.pay(t, "10")
		h.write(t, func(ctx context.Context, tx *db.Tx) error {
			p := h.cash("20")
			p.PolicyID, p.Receipt, p.PayType, p.PhotoFee = 0, "New", "M", true
			_, err := s.Update(ctx, tx, h.cashier(), id, p)
			return err
		})
		h.write(t, func(ctx context.Context, tx *db.Tx) error { return s.Delete(ctx, tx, h.cashier(), id) })
		for _, where := range []string{
			`c."PremiumId" = ? AND c."Amount" = 20 AND c."Receipt" = 'New' AND c."PayType" = 'M' AND c."isPhotoFee" = $true AND c."ValidityTo" IS NOT NULL AND c."LegacyID" IS NULL AND c."AuditUserID" = 7`,
			`c."LegacyID" = ? AND c."Amount" = 10 AND c."Receipt" = 'R' AND c."PayType" = 'C' AND c."AuditUserID" = 1`,
			`c."LegacyID" = ? AND c."Amount" = 20 AND c."ValidityTo" IS NOT NULL`,
		} {
			var n int
			if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "tblPremium" c WHERE `+where, id); err != nil || n != 1 {
				t.Errorf("%d rows %s: %v", n, where, err)
			}
		}
	})
}

func TestWhatIsRefusedOfAPayment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := settle(t, d)
		s := Service{DB: d}
		id := h.pay(t, "1", db.Values{"Receipt": "Taken"})
		closed := h.pay(t, "1", db.Values{"ValidityTo": now})
		orphan := h.pay(t, "1", db.Values{"PolicyID": h.policy + 99})
		type wrong struct {
			code, field string
			run         func(ctx context.Context, tx *db.Tx) error
		}
		cases := map[string]wrong{}
		for name, c := range map[string]struct {
			field  string
			change func(p *Payment)
		}{
			"nothing":           {"amount", func(p *Payment) { p.Amount = decimal.Zero }},
			"less than nothing": {"amount", func(p *Payment) { p.Amount = decimal.NewFromInt(-1) }},
			"fractions":         {"amount", func(p *Payment) { p.Amount = decimal.RequireFromString("1.005") }},
			"more than fits":    {"amount", func(p *Payment) { p.Amount = decimal.New(1, 16) }},
			"no receipt":        {"receipt", func(p *Payment) { p.Receipt = " " }},
			"a long receipt":    {"receipt", func(p *Payment) { p.Receipt = strings.Repeat("1", 51) }},
			"no day":            {"payDate", func(p *Payment) { p.PayDate = time.Time{} }},
			"tomorrow":          {"payDate", func(p *Payment) { p.PayDate = now.AddDate(0, 0, 1) }},
			"an unknown way":    {"payType", func(p *Payment) { p.PayType = "X" }},
			"an unknown action": {"action", func(p *Payment) { p.Action = "LATER" }},
			"an unknown payer":  {"payer", func(p *Payment) { p.PayerID = new(99) }},
		} {
			p := h.cash("1")
			c.change(&p)
			cases[name] = wrong{fault.Invalid, c.field, func(ctx context.Context, tx *db.Tx) error { _, err := s.Pay(ctx, tx, h.cashier(), p); return err }}
			cases[name+", updating"] = wrong{fault.Invalid, c.field, func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Update(ctx, tx, h.cashier(), id, p)
				return err
			}}
		}
		pay := func(a auth.Author, p Payment) func(ctx context.Context, tx *db.Tx) error {
			return func(ctx context.Context, tx *db.Tx) error { _, err := s.Pay(ctx, tx, a, p); return err }
		}
		update := func(a auth.Author, id int, p Payment) func(ctx context.Context, tx *db.Tx) error {
			return func(ctx context.Context, tx *db.Tx) error { _, err := s.Update(ctx, tx, a, id, p); return err }
		}
		remove := func(a auth.Author, id int) func(ctx context.Context, tx *db.Tx) error {
			return func(ctx context.Context, tx *db.Tx) error { return s.Delete(ctx, tx, a, id) }
		}
		taken, elsewhere, moved := h.cash("1"), h.cash("1"), h.cash("1")
		taken.Receipt = "taken"
		elsewhere.PolicyID = h.policy + 99
		moved.PolicyID = h.policy + 1
		stranger := h.cashier()
		stranger.Scope.Districts = []int{h.district + 99}
		for name, c := range map[string]wrong{
			"a taken receipt":        {fault.Invalid, "receipt", pay(h.cashier(), taken)},
			"no such policy":         {fault.NotFound, "", pay(h.cashier(), elsewhere)},
			"a policy out of reach":  {fault.NotFound, "", pay(stranger, h.cash("1"))},
			"paying as nobody":       {fault.Unauthenticated, "", pay(auth.Author{At: now}, h.cash("1"))},
			"paying without right":   {fault.Forbidden, "", pay(h.cashier(101302), h.cash("1"))},
			"to another policy":      {fault.Invalid, "policy", update(h.cashier(), id, moved)},
			"updating nothing":       {fault.NotFound, "", update(h.cashier(), -1, h.cash("1"))},
			"updating a closed one":  {fault.NotFound, "", update(h.cashier(), closed, h.cash("1"))},
			"updating an orphan":     {fault.NotFound, "", update(h.cashier(), orphan, h.cash("1"))},
			"updating out of reach":  {fault.NotFound, "", update(stranger, id, h.cash("1"))},
			"updating without right": {fault.Forbidden, "", update(h.cashier(101303), id, h.cash("1"))},
			"deleting nothing":       {fault.NotFound, "", remove(h.cashier(), -1)},
			"deleting out of reach":  {fault.NotFound, "", remove(stranger, id)},
			"deleting without right": {fault.Forbidden, "", remove(h.cashier(101304), id)},
		} {
			cases[name] = c
		}
		rows := func() (n int) {
			t.Helper()
			if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "tblPremium" c`); err != nil {
				t.Fatal(err)
			}
			return n
		}
		for name, c := range cases {
			before := rows()
			err := d.Write(t.Context(), "test", func(tx *db.Tx) error { return c.run(t.Context(), tx) })
			if fault.Code(err) != c.code || fault.Field(err) != c.field {
				t.Errorf("%s: %s of %q: %v; want %s of %q", name, fault.Code(err), fault.Field(err), err, c.code, c.field)
			}
			if after := rows(); after != before {
				t.Errorf("%s: %d rows were written", name, after-before)
			}
		}
		// A receipt that only a closed premium has is free, and a premium may keep its own.
		h.write(t, func(ctx context.Context, tx *db.Tx) error {
			p := h.cash("1")
			p.Receipt = "Taken"
			if _, err := s.Update(ctx, tx, h.cashier(), id, p); err != nil {
				return err
			}
			if _, err := tx.Update(ctx, "tblPolicy", h.policy, db.Values{"PolicyStatus": policyrules.StatusExpired}); err != nil {
				return err
			}
			if _, err := s.Pay(ctx, tx, h.cashier(), h.cash("1")); fault.Code(err) != fault.Conflict {
				t.Errorf("an expired policy was paid: %v", err)
			}
			return nil
		})
	})
}

func TestPremiumsStayWithinTheScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := settle(t, d)
		h.pay(t, "12.5")
		h.pay(t, "7.5", db.Values{"isPhotoFee": true})
		s := Service{DB: d}
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
