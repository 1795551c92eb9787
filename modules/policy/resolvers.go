package policy

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules"
)

// Query resolves the module's root fields.
type Query struct {
	app     *modules.App
	service Service
}

// PoliciesByInsuree answers what covers an insuree (rules §6.5); nothing for one who is not found.
func (q *Query) PoliciesByInsuree(ctx context.Context, chfID string, locationID *int) (*ByInsuree, error) {
	district := 0
	if locationID != nil {
		district = *locationID
	}
	out := &ByInsuree{Items: []*ByInsureeItem{}}
	found, err := q.service.Inquiry(ctx, auth.ScopeOf(ctx), chfID, district)
	if fault.Code(err) == fault.NotFound {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	for _, c := range found.Covers {
		status := string(c.Status)
		item := &ByInsureeItem{ExpiryDate: c.Expiry, Status: &status, Ded1: c.Ded1, Ded2: c.Ded2, Ceiling1: c.Ceiling1, Ceiling2: c.Ceiling2}
		if c.Product != nil {
			item.ProductCode, item.ProductName = &c.Product.Code, &c.Product.Name
		}
		if c.DedType != nil {
			text := float(*c.DedType)
			item.DedType = &text
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

// float writes a number as Python's str does: 1.0, 1.1.
func float(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// PolicyBalance answers what a family has paid of its policy of a product (rules §6.7); null when it has
// none that expired by the reference date.
func (q *Query) PolicyBalance(ctx context.Context, familyID int, productCode string, referenceDate time.Time) (*FamilyBalance, error) {
	b, err := q.service.Balance(ctx, auth.ScopeOf(ctx), familyID, productCode, referenceDate)
	if fault.Code(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &FamilyBalance{FamilyID: &b.FamilyID, ProductCode: &b.ProductCode, PolicyID: &b.PolicyID, PolicyValue: b.Value, PremiumsAmount: &b.Premiums, Balance: b.Balance}, nil
}

// PolicyEligibilityByInsuree answers what is left of an insuree's limits (rules §6.6).
func (q *Query) PolicyEligibilityByInsuree(ctx context.Context, chfID string) (*EligibilityAnswer, error) {
	return q.eligible(ctx, chfID, "", "")
}

// PolicyItemEligibilityByInsuree answers whether an insuree may have an item.
func (q *Query) PolicyItemEligibilityByInsuree(ctx context.Context, chfID, itemCode string) (*EligibilityAnswer, error) {
	return q.eligible(ctx, chfID, "", itemCode)
}

// PolicyServiceEligibilityByInsuree answers whether an insuree may have a service.
func (q *Query) PolicyServiceEligibilityByInsuree(ctx context.Context, chfID, serviceCode string) (*EligibilityAnswer, error) {
	return q.eligible(ctx, chfID, serviceCode, "")
}

// eligible answers technical users, and people only with a right that the configuration names: the 2019
// application crashes on any answer here (DESIGN.md §9).
func (q *Query) eligible(ctx context.Context, chfID, serviceCode, itemCode string) (*EligibilityAnswer, error) {
	if p := auth.From(ctx); p.Technical == nil {
		rights := q.app.Config("policy").Ints("eligibility_rights")
		if len(rights) == 0 || !p.Has(rights...) {
			return nil, fault.New(fault.Forbidden, "Eligibility is answered to applications only, unless the configuration eligibility_rights of the module policy names a right that you have.")
		}
	}
	e, err := q.service.Eligibility(ctx, auth.ScopeOf(ctx), chfID, serviceCode, itemCode)
	if fault.Code(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := &EligibilityAnswer{MinDateService: e.MinDateService, MinDateItem: e.MinDateItem, ServiceLeft: e.ServiceLeft, ItemLeft: e.ItemLeft, IsServiceOk: &e.ServiceOK, IsItemOk: &e.ItemOK}
	if t := e.Totals; t != nil {
		id := strconv.Itoa(t.ProductID)
		out.ProdID = &id
		out.TotalAdmissionsLeft, out.TotalVisitsLeft, out.TotalConsultationsLeft = t.Admissions, t.Visits, t.Consultations
		out.TotalSurgeriesLeft, out.TotalDeliveriesLeft, out.TotalAntenatalLeft = t.Surgeries, t.Deliveries, t.Antenatal
		out.ConsultationAmountLeft, out.SurgeryAmountLeft, out.DeliveryAmountLeft = t.ConsultationAmount, t.SurgeryAmount, t.DeliveryAmount
		out.HospitalizationAmountLeft, out.AntenatalAmountLeft = t.HospitalizationAmount, t.AntenatalAmount
	}
	return out, nil
}
