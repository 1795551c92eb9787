package rules

import (
	"time"

	"github.com/shopspring/decimal"

	insuree "github.com/openimis/openimis-be-go/modules/insuree/rules"
	product "github.com/openimis/openimis-be-go/modules/product/rules"
)

// CoverageData is what the cover of a new family member depends on.
type CoverageData struct {
	Insuree  insuree.Insuree   // the new member; whether the row is live is not asked
	Members  []insuree.Insuree // of the family, with the new member
	Policies []Policy          // of the family, in the order of their ids
	Products product.Catalogue // of these policies, live rows and copies
	Offline  *bool             // tblIMISDefaults.OfflineCHF: this is the database of an offline site
}

// Coverage is a row to insert, and the value of its policy with the member in it.
type Coverage struct {
	InsureePolicy
	Value Valuation
}

// Cover puts a member under the policies of the family (uspAddInsureePolicy, rules §3.3). A policy whose product does
// not accept so many members is left out. The member is covered from the policy's effective date, unless joining
// changes what the policy costs; activate covers the member in any case.
//
// Kept as they are: the new value is compared without its decimals, so a value with decimals always looks changed and
// a stored value equal to the truncated one looks unchanged (rules §13 no. 13); policy status and expiry do not matter;
// an existing row is not looked for.
func Cover(d CoverageData, activate bool, today time.Time) ([]Coverage, error) {
	members := 0
	for _, m := range d.Members {
		if m.Current() {
			members++
		}
	}
	var rows []Coverage
	for _, p := range d.Policies {
		prod, ok := d.Products.Row(p.ProductID)
		if !ok || !p.Current() || prod.MemberCount < members {
			continue
		}
		v, err := Value(RequestFor(p), d.Products, d.Members, today)
		if err != nil {
			return nil, err
		}
		effective := p.EffectiveDate
		if !activate && (v.ErrorCode != ValueOK || differs(p.Value, v.Truncated())) {
			effective = nil
		}
		rows = append(rows, Coverage{Value: v, InsureePolicy: InsureePolicy{
			InsureeID: d.Insuree.ID, PolicyID: p.ID, EnrollmentDate: &p.EnrollDate, StartDate: &p.StartDate,
			EffectiveDate: effective, ExpiryDate: p.ExpiryDate,
			AuditUserID: &d.Insuree.AuditUserID, Offline: d.Offline}})
	}
	return rows, nil
}

// differs is <> on a nullable value: NULL differs from nothing.
func differs(stored *decimal.Decimal, v decimal.Decimal) bool {
	return stored != nil && !stored.Equal(v)
}
