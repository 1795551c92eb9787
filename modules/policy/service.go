package policy

import (
	"context"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
	"github.com/openimis/openimis-be-go/modules/product"
)

// Service answers about policies and changes them. Each method is one transaction, or takes part in that of its
// caller; what lies outside the scope is not found, as if it were not there.
type Service struct {
	DB    *db.DB
	Clock clock.Clock
	in    db.Query // what reads read, beside DB; nil: DB
}

// within is the service whose reads see, and are part of, a transaction of the caller's.
func (s Service) within(q db.Query) Service {
	s.in = q
	return s
}

// Inquiry is an insuree with the covers by the family's policies.
type Inquiry struct {
	Insuree insuree.Insuree
	Covers  []rules.InquiryRow
}

// Inquiry answers the covers of an insuree by number, and what remains of their limits; see [Inquire]. district 0
// asks about all districts. An empty number is refused: the procedure would answer about everybody.
func (s Service) Inquiry(ctx context.Context, scope auth.Scope, number string, district int) (Inquiry, error) {
	if err := checkNumber(number); err != nil {
		return Inquiry{}, err
	}
	var data *rules.InquiryData
	err := s.read(ctx, func(st Store) (err error) {
		data, err = st.inquiry(ctx, scope, number)
		return err
	})
	switch {
	case err != nil:
		return Inquiry{}, err
	case data == nil:
		return Inquiry{}, noInsuree(number)
	}
	return Inquiry{Insuree: data.Insuree, Covers: rules.Inquire(*data, district, s.Clock.Today())}, nil
}

// Eligibility answers whether an insuree may have a service and an item ("": not asked), and what is left of the
// limits; see [Enquire]. An unknown insuree is not found; the procedure lets such a one have everything.
func (s Service) Eligibility(ctx context.Context, scope auth.Scope, number, serviceCode, itemCode string) (rules.Eligibility, error) {
	if err := checkNumber(number); err != nil {
		return rules.Eligibility{}, err
	}
	var data *rules.EligibilityData
	err := s.read(ctx, func(st Store) (err error) {
		data, err = st.eligibility(ctx, scope, number, serviceCode, itemCode)
		return err
	})
	switch {
	case err != nil:
		return rules.Eligibility{}, err
	case data == nil:
		return rules.Eligibility{}, noInsuree(number)
	}
	return rules.Enquire(*data, s.Clock.Today()), nil
}

func checkNumber(number string) error {
	if strings.TrimSpace(number) == "" {
		return fault.Input("chfId", "chfId is empty; give the number of an insuree.")
	}
	return nil
}

func noInsuree(number string) error {
	return fault.New(fault.NotFound, "There is no insuree with the number %s.", number)
}

func noPolicy(id int) error { return fault.New(fault.NotFound, "There is no policy %d.", id) }

// Balance is what a family has still to pay for a policy.
type Balance struct {
	FamilyID    int
	ProductCode string
	PolicyID    int
	Value       *decimal.Decimal
	Premiums    decimal.Decimal
	Balance     *decimal.Decimal // nil when the value is
}

// Balance answers what a family has still to pay for its policy of a product: of those that have expired by the
// reference date, the last one (rules §6.7). Unlike the Python backend it counts no closed premiums, and a policy
// without any is not an error.
func (s Service) Balance(ctx context.Context, scope auth.Scope, familyID int, productCode string, reference time.Time) (Balance, error) {
	var row *balanceRow
	var paid map[int]decimal.Decimal
	err := s.read(ctx, func(st Store) (err error) {
		if row, err = st.lastExpiring(ctx, scope, familyID, productCode, reference); row == nil || err != nil {
			return err
		}
		paid, err = st.Paid(ctx, scope, []int{row.PolicyID})
		return err
	})
	switch {
	case err != nil:
		return Balance{}, err
	case row == nil:
		return Balance{}, fault.New(fault.NotFound, "Family %d has no policy of product %s that expires by %s.", familyID, productCode, reference.Format(time.DateOnly))
	}
	b := Balance{FamilyID: familyID, ProductCode: row.ProductCode, PolicyID: row.PolicyID, Value: row.Value, Premiums: paid[row.PolicyID]}
	if row.Value != nil {
		b.Balance = new(row.Value.Sub(b.Premiums))
	}
	return b, nil
}

// ValueQuestion asks for the value of a policy: of a stored one, which sets all but Previous, or of a new one.
type ValueQuestion struct {
	PolicyID   int // 0: a new policy
	FamilyID   int
	ProductID  int
	Stage      string     // "": new
	Enrol      *time.Time // nil: today
	PreviousID int        // the policy that is renewed; 0: none
}

// Value answers the value of a policy; see [Value].
func (s Service) Value(ctx context.Context, scope auth.Scope, q ValueQuestion) (rules.Valuation, error) {
	today := s.Clock.Today()
	req := rules.ValueRequest{ProductID: q.ProductID, Stage: q.Stage, Enrol: today}
	if req.Stage == "" {
		req.Stage = rules.StageNew
	}
	if q.Enrol != nil {
		req.Enrol = *q.Enrol
	}
	var members []insuree.Insuree
	var products product.Catalogue
	err := s.read(ctx, func(st Store) error {
		family := q.FamilyID
		if q.PolicyID != 0 {
			p, err := st.find(ctx, scope, q.PolicyID)
			if err != nil {
				return err
			}
			req, family = rules.RequestFor(p), p.FamilyID
		} else if seen, err := insuree.FamilySeen(ctx, st, scope, family); err != nil {
			return err
		} else if !seen {
			return fault.New(fault.NotFound, "There is no family %d.", family)
		}
		if q.PreviousID != 0 {
			p, err := st.find(ctx, scope, q.PreviousID)
			if err != nil {
				return err
			}
			req.Previous = &p
		}
		var err error
		members, products, err = st.valuation(ctx, family, req.ProductID)
		return err
	})
	if err != nil {
		return rules.Valuation{}, err
	}
	return rules.Value(req, products, members, today)
}

// find reads a policy or says that there is none.
func (st Store) find(ctx context.Context, scope auth.Scope, id int) (rules.Policy, error) {
	p, err := st.ByID(ctx, scope, id)
	switch {
	case err != nil:
		return rules.Policy{}, err
	case p == nil:
		return rules.Policy{}, noPolicy(id)
	}
	return *p, nil
}

// Period answers when a policy of a product would run; see [PeriodOf].
func (s Service) Period(ctx context.Context, productID int, enrol time.Time, stage string) (rules.Period, error) {
	var products product.Catalogue
	err := s.read(ctx, func(st Store) (err error) {
		products, err = product.Load(ctx, st, []int{productID})
		return err
	})
	if err != nil {
		return rules.Period{}, err
	}
	p, ok := products.Row(productID)
	if !ok {
		return rules.Period{}, fault.New(fault.NotFound, "There is no product %d.", productID)
	}
	return rules.PeriodOf(p, enrol, stage)
}

// LastDateForPayment answers until when a policy has to be paid; nil when its product does not say.
func (s Service) LastDateForPayment(ctx context.Context, scope auth.Scope, policyID int) (*time.Time, error) {
	var p rules.Policy
	var products product.Catalogue
	err := s.read(ctx, func(st Store) (err error) {
		if p, err = st.find(ctx, scope, policyID); err != nil {
			return err
		}
		products, err = product.Load(ctx, st, []int{p.ProductID})
		return err
	})
	if err != nil {
		return nil, err
	}
	prod, ok := products.Row(p.ProductID)
	if !ok {
		return nil, nil
	}
	return rules.LastDateForPayment(p, prod), nil
}

// ExpirePolicies sets every current policy that has run out to [StatusExpired] and answers their number; see [Expire].
// For the daily job.
func (s Service) ExpirePolicies(ctx context.Context) (n int, err error) {
	err = s.DB.Write(ctx, "expire policies", func(tx *db.Tx) (err error) {
		n, err = expire(ctx, tx, s.Clock.Today())
		return err
	})
	return n, err
}

// InsertRenewals prompts for the renewal of policies and answers the prompts; see [Renewals]. For the daily job.
func (s Service) InsertRenewals(ctx context.Context, f rules.RenewalFilter) (renewals []rules.Renewal, err error) {
	err = s.DB.Write(ctx, "prompt for renewals", func(tx *db.Tx) error {
		data, err := Store{tx}.renewals(ctx, f, s.Clock.Today())
		if err != nil {
			return err
		}
		renewals = rules.Renewals(f, data, s.Clock.Today())
		return insertRenewals(ctx, tx, renewals, s.Clock())
	})
	return renewals, err
}

func (s Service) read(ctx context.Context, fn func(st Store) error) error {
	if s.in != nil {
		return fn(Store{s.in})
	}
	return s.DB.Read(ctx, func(q db.Query) error { return fn(Store{q}) })
}
