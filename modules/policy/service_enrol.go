package policy

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/calendar"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
	"github.com/openimis/openimis-be-go/modules/product"
)

// The rights of the operations (legacy right numbers).
var (
	MayAdd    = auth.Needs(101202)
	MayEdit   = auth.Needs(101203) // and suspend
	MayDelete = auth.Needs(101204)
	MayRenew  = auth.Needs(101205)
)

// Enrolment is what is entered about a policy. Period, value, stage and status follow from it.
type Enrolment struct {
	FamilyID  int
	ProductID int
	OfficerID *int
	Enrol     time.Time // day
	Members   []int     // who is covered; nil: the whole family
}

// Enrolled is a policy as it has become.
type Enrolled struct {
	PolicyID int
	Period   rules.Period
	Value    decimal.Decimal
	Stage    string
}

// Enter enrols a family (rules §6.8): an idle policy of stage new, with the period and the value that the legacy procedures give it
// ([rules.PeriodOf], [rules.Value]), and a row for each insuree, not effective before it is paid. Refused are enrolments
// in the future or outside of the dates between which the product is sold, more insurees than the product accepts, and a
// second policy of the product for the same time.
func (s Service) Enter(ctx context.Context, tx *db.Tx, author auth.Author, e Enrolment) (Enrolled, error) {
	if err := MayAdd.Check(author.Principal, "the enrolment of families"); err != nil {
		return Enrolled{}, err
	}
	return enrol(ctx, tx, author, e, rules.StageNew, nil)
}

// Renewing is the command of [Service.Renew].
type Renewing struct {
	PolicyID  int // the policy that is renewed
	ProductID int // 0: the one that the policy's product converts to
	OfficerID *int
	Enrol     time.Time // day
	Members   []int     // who is covered; nil: the whole family
}

// Renew enrols a family again after a policy that is active or has expired: a policy of stage renewal that starts on the
// day after, or on the enrolment when that is later, and in the next cycle where the product has cycles. The prompts for
// the renewal are closed. A renewal after the product's grace period for renewals is refused; then it is a new policy.
func (s Service) Renew(ctx context.Context, tx *db.Tx, author auth.Author, r Renewing) (Enrolled, error) {
	if err := MayRenew.Check(author.Principal, "the renewal of policies"); err != nil {
		return Enrolled{}, err
	}
	p, err := lockPolicy(ctx, tx, author, r.PolicyID)
	if err != nil {
		return Enrolled{}, err
	}
	if !p.HasStatus(rules.StatusActive, rules.StatusExpired) || p.ExpiryDate == nil {
		return Enrolled{}, fault.New(fault.Conflict, "Policy %d is neither active nor expired and cannot be renewed.", p.ID)
	}
	if r.ProductID == 0 {
		products, err := product.LoadAll(ctx, tx)
		if err != nil {
			return Enrolled{}, err
		}
		r.ProductID = rules.Successor(products, p.ProductID)
	}
	entered, err := enrol(ctx, tx, author, Enrolment{FamilyID: p.FamilyID, ProductID: r.ProductID, OfficerID: r.OfficerID, Enrol: r.Enrol, Members: r.Members}, rules.StageRenewal, p)
	if err != nil {
		return Enrolled{}, err
	}
	return entered, closeRenewals(ctx, tx, author, p.ID)
}

// Update replaces what was entered about a policy that is still idle, and computes period and value anew. The family
// stays (0 as FamilyID: not said). Covers of those who are in it before and after keep their rows.
func (s Service) Update(ctx context.Context, tx *db.Tx, author auth.Author, policyID int, e Enrolment) (Enrolled, error) {
	if err := MayEdit.Check(author.Principal, "the update of policies"); err != nil {
		return Enrolled{}, err
	}
	p, err := lockPolicy(ctx, tx, author, policyID)
	if err != nil {
		return Enrolled{}, err
	}
	switch {
	case e.FamilyID != 0 && e.FamilyID != p.FamilyID:
		return Enrolled{}, fault.Input("family", "family is %d; policy %d belongs to family %d and stays there.", e.FamilyID, p.ID, p.FamilyID)
	case !p.HasStatus(rules.StatusIdle):
		return Enrolled{}, fault.New(fault.Conflict, "Policy %d is not idle any more and cannot be changed.", p.ID)
	}
	e.FamilyID = p.FamilyID
	stage := rules.StageNew
	if p.Stage != nil {
		stage = *p.Stage
	}
	v, err := check(ctx, tx, author, e, stage, nil, p)
	if err != nil {
		return Enrolled{}, err
	}
	if err := table.Change(ctx, tx, author, "tblPolicy", p.ID, v.terms.values()); err != nil {
		return Enrolled{}, err
	}
	covers, err := Store{tx}.CoversOf(ctx, everything, p.ID)
	if err != nil {
		return Enrolled{}, err
	}
	insurees := slices.Clone(v.insurees)
	var stay []int
	var gone []rules.InsureePolicy
	for _, c := range covers {
		if slices.Contains(v.insurees, c.InsureeID) {
			stay = append(stay, c.ID)
			insurees = slices.DeleteFunc(insurees, func(i int) bool { return i == c.InsureeID })
		} else {
			gone = append(gone, c)
		}
	}
	if err := insuree.CloseCovers(ctx, tx, author, gone); err != nil {
		return Enrolled{}, err
	}
	if err := date(ctx, tx, author, stay, v.terms); err != nil {
		return Enrolled{}, err
	}
	return v.enrolled(p.ID), cover(ctx, tx, author, p.ID, v.terms, insurees)
}

// Suspend suspends policies that have not expired: they cover nobody until somebody activates them again.
func (s Service) Suspend(ctx context.Context, tx *db.Tx, author auth.Author, policyID int) error {
	if err := MayEdit.Check(author.Principal, "the suspension of policies"); err != nil {
		return err
	}
	p, err := lockPolicy(ctx, tx, author, policyID)
	if err != nil {
		return err
	}
	if p.HasStatus(rules.StatusSuspended, rules.StatusExpired) {
		return fault.New(fault.Conflict, "Policy %d is suspended or has expired.", p.ID)
	}
	return table.Change(ctx, tx, author, "tblPolicy", p.ID, db.Values{"PolicyStatus": rules.StatusSuspended})
}

// Delete closes a policy with its covers, premiums and prompts. One that paid for a claim is refused.
func (s Service) Delete(ctx context.Context, tx *db.Tx, author auth.Author, policyID int) error {
	if err := MayDelete.Check(author.Principal, "the removal of policies"); err != nil {
		return err
	}
	p, err := lockPolicy(ctx, tx, author, policyID)
	if err != nil {
		return err
	}
	st := Store{tx}
	if used, err := st.consumed(ctx, p.ID); err != nil {
		return err
	} else if used {
		return fault.New(fault.Conflict, "Policy %d has paid for claims and cannot be deleted.", p.ID)
	}
	covers, err := st.CoversOf(ctx, everything, p.ID)
	if err != nil {
		return err
	}
	if err := insuree.CloseCovers(ctx, tx, author, covers); err != nil {
		return err
	}
	premiums, err := st.premiumsOf(ctx, p.ID)
	if err != nil {
		return err
	}
	if err := table.End(ctx, tx, author, "tblPremium", premiums...); err != nil {
		return err
	}
	if err := closeRenewals(ctx, tx, author, p.ID); err != nil {
		return err
	}
	return table.End(ctx, tx, author, "tblPolicy", p.ID)
}

// valid is an enrolment that may be written.
type valid struct {
	terms
	insurees []int
}

func (v valid) enrolled(id int) Enrolled {
	return Enrolled{PolicyID: id, Period: v.Period, Value: v.Value, Stage: v.Stage}
}

func enrol(ctx context.Context, tx *db.Tx, author auth.Author, e Enrolment, stage string, previous *rules.Policy) (Enrolled, error) {
	v, err := check(ctx, tx, author, e, stage, previous, nil)
	if err != nil {
		return Enrolled{}, err
	}
	id, err := insertPolicy(ctx, tx, author, e.FamilyID, v.terms)
	if err != nil {
		return Enrolled{}, err
	}
	return v.enrolled(id), cover(ctx, tx, author, id, v.terms, v.insurees)
}

// check locks the family and finds what is wrong with an enrolment, or what becomes of it. previous is the policy that is
// renewed, self the one that is changed.
func check(ctx context.Context, tx *db.Tx, author auth.Author, e Enrolment, stage string, previous, self *rules.Policy) (v valid, err error) {
	today := author.Today()
	switch {
	case e.Enrol.IsZero():
		return v, fault.Input("enrollDate", "enrollDate is missing or 0001-01-01; give the day of the enrolment.")
	case e.Enrol.After(today):
		return v, fault.Input("enrollDate", "enrollDate is %s, which is in the future.", e.Enrol.Format(time.DateOnly))
	}
	family, err := insuree.LockFamily(ctx, tx, author.Scope, e.FamilyID)
	switch {
	case err != nil:
		return v, err
	case family == nil:
		return v, fault.New(fault.NotFound, "There is no family %d.", e.FamilyID)
	}
	st := Store{tx}
	members, products, err := st.valuation(ctx, family.ID, e.ProductID)
	if err != nil {
		return v, err
	}
	prod, ok := products.Row(e.ProductID)
	switch {
	case !ok || prod.ValidityTo != nil:
		return v, fault.Input("product", "product is %d, which is not a product.", e.ProductID)
	case e.Enrol.Before(calendar.Day(prod.DateFrom)) || e.Enrol.After(prod.DateTo):
		return v, fault.Input("enrollDate", "enrollDate is %s; product %s is sold from %s to %s.", e.Enrol.Format(time.DateOnly), prod.Code,
			prod.DateFrom.Format(time.DateOnly), prod.DateTo.Format(time.DateOnly))
	}
	if v.insurees, err = covered(e, members, prod); err != nil {
		return v, err
	}
	if e.OfficerID != nil {
		if known, err := st.officerKnown(ctx, *e.OfficerID); err != nil {
			return v, err
		} else if !known {
			return v, fault.Input("officer", "officer is %d, which is not an enrolment officer.", *e.OfficerID)
		}
	}
	policies, err := insuree.PoliciesOf(ctx, tx, family.ID)
	if err != nil {
		return v, err
	}
	if self != nil && stage == rules.StageRenewal {
		previous = rules.Predecessor(policies, *self)
	}
	v.terms = terms{ProductID: prod.ID, OfficerID: e.OfficerID, Stage: stage, Enrol: e.Enrol}
	if v.Period, err = rules.EnrolmentPeriod(prod, e.Enrol, stage, previous); err != nil {
		return v, err
	}
	for _, p := range policies {
		if p.Current() && p.ProductID == prod.ID && (self == nil || p.ID != self.ID) && v.Period.Meets(p) {
			return v, fault.New(fault.Conflict, "Family %d has policy %d of product %s for the same time.", family.ID, p.ID, prod.Code)
		}
	}
	worth, err := rules.Value(rules.ValueRequest{ProductID: prod.ID, Stage: stage, Enrol: e.Enrol, Previous: previous}, products, members, today)
	if err != nil {
		return v, err
	}
	if worth.ErrorCode != rules.ValueOK {
		return v, fault.Input("enrollDate", "enrollDate is %s; product %s was not in the register then.", e.Enrol.Format(time.DateOnly), prod.Code)
	}
	v.Value = worth.Value
	return v, nil
}

// covered answers who is covered by an enrolment.
func covered(e Enrolment, members []insuree.Insuree, prod product.Product) (ids []int, err error) {
	for _, m := range members {
		if e.Members == nil || slices.Contains(e.Members, m.ID) {
			ids = append(ids, m.ID)
		}
	}
	for _, id := range e.Members {
		if !slices.Contains(ids, id) {
			return nil, fault.Input("members", "members has %d, who is not in family %d.", id, e.FamilyID)
		}
	}
	switch {
	case len(ids) == 0:
		return nil, fault.Input("members", "members is empty; nobody of family %d would be covered.", e.FamilyID)
	case len(ids) > prod.MemberCount:
		return nil, fault.Input("members", "%d members of family %d are to be covered; product %s accepts %d.", len(ids), e.FamilyID, prod.Code, prod.MemberCount)
	}
	return ids, nil
}

// lockPolicy locks a current policy or says that there is none.
func lockPolicy(ctx context.Context, tx *db.Tx, author auth.Author, id int) (*rules.Policy, error) {
	p, err := Store{tx}.Lock(ctx, author.Scope, id)
	if err == nil && (p == nil || !p.Current()) {
		return nil, noPolicy(id)
	}
	return p, err
}
