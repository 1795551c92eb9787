package contribution

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/contribution/rules"
	"github.com/openimis/openimis-be-go/modules/policy"
	policyrules "github.com/openimis/openimis-be-go/modules/policy/rules"
)

// The rights of the operations (legacy right numbers).
var (
	MayAdd    = auth.Needs(101302)
	MayEdit   = auth.Needs(101303)
	MayDelete = auth.Needs(101304)
)

// Payment is what is entered about a premium.
type Payment struct {
	PolicyID int
	PayerID  *int            // nil: the family itself
	Amount   decimal.Decimal // more than 0, with two decimals at most
	Receipt  string
	PayDate  time.Time
	PayType  string       // one of rules.PayTypes
	PhotoFee bool         // paid for photos and not for the policy
	Action   rules.Action // what becomes of the policy
}

// Paid is a premium that has been entered or changed, with what it did to its policy.
type Paid struct {
	PremiumID int
	Effect    rules.Effect
}

// Pay enters a premium for a policy and lets it take effect; see [rules.Activation]. A receipt has a number that no other
// current premium for the same product has. Expired policies cannot be paid any more.
func (s Service) Pay(ctx context.Context, tx *db.Tx, author auth.Author, p Payment) (Paid, error) {
	if err := MayAdd.Check(author.Principal, "the payment of premiums"); err != nil {
		return Paid{}, err
	}
	of, err := policy.Store{Query: tx}.Lock(ctx, author.Scope, p.PolicyID)
	switch {
	case err != nil:
		return Paid{}, err
	case of == nil || !of.Current():
		return Paid{}, fault.New(fault.NotFound, "There is no policy %d.", p.PolicyID)
	}
	if err := check(ctx, tx, author, &p, *of, 0); err != nil {
		return Paid{}, err
	}
	v := values(p)
	v["PolicyID"], v["isOffline"] = p.PolicyID, false
	v["AuditUserID"], v["ValidityFrom"], v["CreatedDate"] = author.AuditUserID(), author.At, author.At
	id, err := tx.Insert(ctx, "tblPremium", v)
	if err != nil {
		return Paid{}, err
	}
	e, err := s.takeEffect(ctx, tx, author, p.premium(id), *of, p.Action)
	return Paid{PremiumID: id, Effect: e}, err
}

// Update replaces what was entered about a premium, keeps what it was, and lets it take effect. Its policy stays (0 as
// PolicyID: not said). What the premium did before is not undone, as in the Python backend.
func (s Service) Update(ctx context.Context, tx *db.Tx, author auth.Author, premiumID int, p Payment) (Paid, error) {
	if err := MayEdit.Check(author.Principal, "the update of premiums"); err != nil {
		return Paid{}, err
	}
	was, of, err := find(ctx, tx, author, premiumID)
	if err != nil {
		return Paid{}, err
	}
	if p.PolicyID != 0 && p.PolicyID != was.PolicyID {
		return Paid{}, fault.Input("policy", "policy is %d; premium %d was paid for policy %d and stays there.", p.PolicyID, was.ID, was.PolicyID)
	}
	p.PolicyID = was.PolicyID
	if err := check(ctx, tx, author, &p, *of, was.ID); err != nil {
		return Paid{}, err
	}
	if err := tx.Archive(ctx, "tblPremium", author.At, []int{was.ID}); err != nil {
		return Paid{}, err
	}
	v := values(p)
	v["AuditUserID"] = author.AuditUserID()
	if _, err := tx.Update(ctx, "tblPremium", was.ID, v); err != nil {
		return Paid{}, err
	}
	e, err := s.takeEffect(ctx, tx, author, p.premium(was.ID), *of, p.Action)
	return Paid{PremiumID: was.ID, Effect: e}, err
}

// Delete closes a premium. Its policy stays as it is, as in the Python backend (rules §7).
func (s Service) Delete(ctx context.Context, tx *db.Tx, author auth.Author, premiumID int) error {
	if err := MayDelete.Check(author.Principal, "the removal of premiums"); err != nil {
		return err
	}
	was, _, err := find(ctx, tx, author, premiumID)
	if err != nil {
		return err
	}
	return table.End(ctx, tx, author, "tblPremium", was.ID)
}

// premium is the row of a payment.
func (p Payment) premium(id int) rules.Premium {
	return rules.Premium{ID: id, PolicyID: p.PolicyID, Amount: p.Amount, Receipt: p.Receipt, PayDate: p.PayDate, PayType: p.PayType, PhotoFee: &p.PhotoFee}
}

// find reads a current premium and locks its policy, and by that the premium; or says that there is no such premium.
func find(ctx context.Context, tx *db.Tx, author auth.Author, premiumID int) (*rules.Premium, *policyrules.Policy, error) {
	none := fault.New(fault.NotFound, "There is no premium %d.", premiumID)
	p, err := Store{tx}.byID(ctx, premiumID)
	if err != nil {
		return nil, nil, err
	}
	if p == nil {
		return nil, nil, none
	}
	of, err := policy.Store{Query: tx}.Lock(ctx, author.Scope, p.PolicyID)
	if err != nil {
		return nil, nil, err
	}
	if of == nil {
		return nil, nil, none
	}
	if !of.Current() {
		return nil, nil, fault.New(fault.Conflict, "The policy of premium %d has been deleted.", premiumID)
	}
	return p, of, nil
}

// most is what decimal(18,2) holds.
var most = decimal.New(1, 16)

// check finds what is wrong with a payment for a policy. self is the premium that is changed.
func check(ctx context.Context, tx *db.Tx, author auth.Author, p *Payment, of policyrules.Policy, self int) error {
	p.Receipt, p.PayType = strings.TrimSpace(p.Receipt), strings.ToUpper(strings.TrimSpace(p.PayType))
	switch {
	case !p.Amount.IsPositive():
		return fault.Input("amount", "amount is %s; it has to be more than 0.", p.Amount)
	case !p.Amount.Equal(p.Amount.Truncate(2)):
		return fault.Input("amount", "amount is %s; two decimals are allowed.", p.Amount)
	case !p.Amount.LessThan(most):
		return fault.Input("amount", "amount is %s; it has to be less than %s.", p.Amount, most)
	case p.Receipt == "":
		return fault.Input("receipt", "receipt is empty; give the number of the receipt.")
	case p.PayDate.IsZero():
		return fault.Input("payDate", "payDate is missing or 0001-01-01; give the day of the payment.")
	case p.PayDate.After(author.Today()):
		return fault.Input("payDate", "payDate is %s, which is in the future.", p.PayDate.Format(time.DateOnly))
	case !slices.Contains(rules.PayTypes, p.PayType):
		return fault.Input("payType", "payType is %s; allowed: %s.", p.PayType, strings.Join(rules.PayTypes, ", "))
	}
	if err := p.Action.Check(); err != nil {
		return err
	}
	if err := table.Fit(tx, "tblPremium", [][3]string{{"receipt", "Receipt", p.Receipt}}); err != nil {
		return err
	}
	if of.HasStatus(policyrules.StatusExpired) {
		return fault.New(fault.Conflict, "Policy %d has expired and cannot be paid any more.", of.ID)
	}
	if p.PayerID != nil {
		if known, err := (Store{tx}).payerKnown(ctx, *p.PayerID); err != nil {
			return err
		} else if !known {
			return fault.Input("payer", "payer is %d, which is not a payer.", *p.PayerID)
		}
	}
	taken, err := receiptTaken(ctx, tx, of.ProductID, p.Receipt, self)
	if err == nil && taken {
		return fault.Input("receipt", "There is another premium with the receipt %s for this product.", p.Receipt)
	}
	return err
}
