package rules

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	policy "github.com/openimis/openimis-be-go/modules/policy/rules"
)

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func payment(amount int64, paid string, change ...func(*Payment)) Payment {
	p := Payment{
		Premium: Premium{ID: 9, PolicyID: 1, Amount: decimal.NewFromInt(amount), PayDate: date(paid)},
		Policy: policy.Policy{ID: 1, Value: new(decimal.NewFromInt(100)), Status: new(policy.StatusIdle),
			StartDate: date("2026-03-01"), ExpiryDate: new(date("2027-02-28"))},
		Premiums: []Premium{
			{ID: 7, PolicyID: 1, Amount: decimal.NewFromInt(30)},
			{ID: 8, PolicyID: 1, Amount: decimal.NewFromInt(500), PhotoFee: new(true)},
			{ID: 6, PolicyID: 1, Amount: decimal.NewFromInt(500), ValidityTo: new(date("2026-01-01"))},
			{ID: 9, PolicyID: 1, Amount: decimal.NewFromInt(amount)},
		},
		Covers: []policy.InsureePolicy{
			{ID: 21, PolicyID: 1, InsureeID: 31},
			{ID: 22, PolicyID: 1, InsureeID: 32, ValidityTo: new(date("2026-01-01"))},
			{ID: 23, PolicyID: 2, InsureeID: 33},
		},
		Option: OnContribution,
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

func with(a Action) func(*Payment) { return func(p *Payment) { p.Action = a } }

func TestActivation(t *testing.T) {
	for name, c := range map[string]struct {
		payment   Payment
		status    int
		effective string
	}{
		"exact, before the start: effective on the start":     {payment(70, "2026-02-01"), policy.StatusActive, "2026-03-01"},
		"exact, after the start: effective on the payment":    {payment(70, "2026-04-01"), policy.StatusActive, "2026-04-01"},
		"too much: effective on the payment":                  {payment(71, "2026-02-01"), policy.StatusActive, "2026-02-01"},
		"too little":                                          {payment(69, "2026-02-01"), 0, ""},
		"too little, wait":                                    {payment(69, "2026-02-01", with(ActionWait)), 0, ""},
		"too little, enforced":                                {payment(69, "2026-02-01", with(ActionEnforce)), policy.StatusActive, "2026-02-01"},
		"suspended whatever was paid":                         {payment(70, "2026-02-01", with(ActionSuspend)), policy.StatusSuspended, ""},
		"photo fee":                                           {payment(70, "2026-02-01", func(p *Payment) { p.Premium.PhotoFee = new(true) }), 0, ""},
		"value unknown":                                       {payment(70, "2026-02-01", func(p *Payment) { p.Policy.Value = nil }), 0, ""},
		"too little, to be matched: neither active nor ready": {payment(69, "2026-02-01", func(p *Payment) { p.Option = OnPayment }), 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := Activation(c.payment)
			if got := status(e); got != c.status {
				t.Errorf("status %d, want %d", got, c.status)
			}
			if c.effective == "" {
				if e.EffectiveDate != nil || len(e.Covers) > 0 {
					t.Errorf("covered: %+v", e)
				}
				return
			}
			if e.EffectiveDate == nil || !e.EffectiveDate.Equal(date(c.effective)) {
				t.Errorf("effective %v, want %s", e.EffectiveDate, c.effective)
			}
			if len(e.Covers) != 1 || e.Covers[0].ID != 21 || !e.Covers[0].EffectiveDate.Equal(date(c.effective)) ||
				!e.Covers[0].StartDate.Equal(c.payment.Policy.StartDate) || e.Covers[0].ExpiryDate != c.payment.Policy.ExpiryDate {
				t.Errorf("covers %+v", e.Covers)
			}
		})
	}
}

func status(e Effect) int {
	if e.Status == nil {
		return 0
	}
	return *e.Status
}

// Options 2 and 3 make a policy ready and date its covers, but not the policy (rules §7).
func TestReady(t *testing.T) {
	for _, option := range []Option{OnPayment, OnReady} {
		for name, c := range map[string]struct {
			effective *time.Time // of the policy before
			want      string     // of the cover
			follows   bool       // the cover takes start and expiry of the policy too
		}{
			"never effective: covered from the payment":     {nil, "2026-02-01", false},
			"effective otherwise: covered from the payment": {new(date("2026-01-15")), "2026-02-01", false},
			"effective from the start: as the policy":       {new(date("2026-03-01")), "2026-03-01", true},
			"effective from the payment: as the policy":     {new(date("2026-02-01")), "2026-02-01", true},
		} {
			t.Run(name, func(t *testing.T) {
				p := payment(70, "2026-02-01", func(p *Payment) { p.Option, p.Policy.EffectiveDate = option, c.effective })
				e := Activation(p)
				if status(e) != policy.StatusReady || e.EffectiveDate != nil || len(e.Covers) != 1 {
					t.Fatalf("%+v", e)
				}
				got := e.Covers[0]
				if got.ID != 21 || !got.EffectiveDate.Equal(date(c.want)) || (got.StartDate != nil) != c.follows || (got.ExpiryDate != nil) != c.follows {
					t.Errorf("%+v", got)
				}
			})
		}
	}
}

// Paying in instalments activates a policy exactly when the sum reaches its value, whatever the order.
func TestInstalmentsActivateOnceTheValueIsReached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Int64Range(1, 1000).Draw(t, "value")
		var sum int64
		p := payment(0, "2026-02-01")
		p.Policy.Value, p.Premiums = new(decimal.NewFromInt(value)), nil
		for i := range rapid.IntRange(1, 8).Draw(t, "instalments") {
			amount := rapid.Int64Range(1, 400).Draw(t, "amount")
			p.Premium = Premium{ID: i + 1, PolicyID: 1, Amount: decimal.NewFromInt(amount), PayDate: date("2026-02-01")}
			sum += amount
			e := Activation(p)
			if active := status(e) == policy.StatusActive; active != (sum >= value) {
				t.Fatalf("paid %d of %d: active %v", sum, value, active)
			}
			if e.EffectiveDate != nil && e.EffectiveDate.Before(p.Premium.PayDate) {
				t.Fatalf("effective %v before it was paid", e.EffectiveDate)
			}
			p.Premiums = append(p.Premiums, p.Premium)
		}
	})
}
