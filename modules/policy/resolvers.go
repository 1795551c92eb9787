package policy

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules"
)

// GraphQL implements modules.GraphQL. The eligibility queries have a further rule, see eligible.
func (m *Module) GraphQL() []modules.Face {
	return []modules.Face{{Contract: contract2019.Name, SDL: sdl, Roots: []modules.Root{
		{Name: "policiesByInsuree", Access: auth.Needs(101201, 101105, 111001), Call: modules.Answer(m.policiesByInsuree)},
		{Name: "policyBalance", Access: auth.Needs(101201, 101301), Call: modules.Answer(m.policyBalance)},
		{Name: "policyEligibilityByInsuree", Access: auth.SignedIn, Call: modules.Answer(m.eligibility)},
		{Name: "policyItemEligibilityByInsuree", Access: auth.SignedIn, Call: modules.Answer(m.itemEligibility)},
		{Name: "policyServiceEligibilityByInsuree", Access: auth.SignedIn, Call: modules.Answer(m.serviceEligibility)},
	}}}
}

type inquiryInput struct {
	CHFID      string
	LocationID *int
}

// policiesByInsuree answers what covers an insuree (rules §6.5); nothing for one who is not found.
func (m *Module) policiesByInsuree(ctx context.Context, in inquiryInput) (*ByInsuree, error) {
	district := 0
	if in.LocationID != nil {
		district = *in.LocationID
	}
	out := &ByInsuree{Items: []*ByInsureeItem{}}
	found, err := m.service.Inquiry(ctx, auth.ScopeOf(ctx), in.CHFID, district)
	if fault.Code(err) == fault.NotFound {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	audit.From(ctx).Code(audit.Insuree, in.CHFID)
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

type balanceInput struct {
	FamilyID      int
	ProductCode   string
	ReferenceDate time.Time
}

// policyBalance answers what a family has paid of its policy of a product (rules §6.7); null when it has
// none that expired by the reference date.
func (m *Module) policyBalance(ctx context.Context, in balanceInput) (*FamilyBalance, error) {
	b, err := m.service.Balance(ctx, auth.ScopeOf(ctx), in.FamilyID, in.ProductCode, in.ReferenceDate)
	if fault.Code(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	audit.From(ctx).Rows("tblFamilies", 1, func(int) int64 { return int64(b.FamilyID) })
	return &FamilyBalance{FamilyID: &b.FamilyID, ProductCode: &b.ProductCode, PolicyID: &b.PolicyID, PolicyValue: b.Value, PremiumsAmount: &b.Premiums, Balance: b.Balance}, nil
}

type eligibilityInput struct{ CHFID string }

// eligibility answers what is left of an insuree's limits (rules §6.6).
func (m *Module) eligibility(ctx context.Context, in eligibilityInput) (*EligibilityAnswer, error) {
	return m.eligible(ctx, in.CHFID, "", "")
}

type itemEligibilityInput struct{ CHFID, ItemCode string }

// itemEligibility answers whether an insuree may have an item.
func (m *Module) itemEligibility(ctx context.Context, in itemEligibilityInput) (*EligibilityAnswer, error) {
	return m.eligible(ctx, in.CHFID, "", in.ItemCode, enquire...)
}

type serviceEligibilityInput struct{ CHFID, ServiceCode string }

// serviceEligibility answers whether an insuree may have a service.
func (m *Module) serviceEligibility(ctx context.Context, in serviceEligibilityInput) (*EligibilityAnswer, error) {
	return m.eligible(ctx, in.CHFID, in.ServiceCode, "", enquire...)
}

// enquire are the rights of whom the enquiry about an item or a service answers: enquiry, and search of policies.
var enquire = []int{101105, 101201}

// eligible answers technical users, and people with one of the rights or one that the configuration names. The
// application of 2019 unmounts its page on any answer to policyEligibilityByInsuree, so that no right is enough
// for that one unless an operator, who has another client, says so; into the answers of the other two it reads.
func (m *Module) eligible(ctx context.Context, chfID, serviceCode, itemCode string, rights ...int) (*EligibilityAnswer, error) {
	if p := auth.From(ctx); p.Technical == nil {
		enough := slices.Concat(m.app.Config("policy").Ints("eligibility_rights"), rights)
		switch {
		case len(enough) > 0 && p.Has(enough...):
		case len(rights) > 0:
			return nil, fault.New(fault.Forbidden, "You need the right to enquire about insurees (%d) or to search policies (%d) for this.", enquire[0], enquire[1])
		default:
			return nil, fault.New(fault.Forbidden, "Eligibility is answered to applications only, unless the configuration eligibility_rights of the module policy names a right that you have.")
		}
	}
	e, err := m.service.Eligibility(ctx, auth.ScopeOf(ctx), chfID, serviceCode, itemCode)
	if fault.Code(err) == fault.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	audit.From(ctx).Code(audit.Insuree, chfID)
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
