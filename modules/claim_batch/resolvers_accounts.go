package claim_batch

import (
	"context"
	"iter"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

type accountInput struct {
	LocationID, ProductID, RunID, HealthFacilityID *int
	HealthFacilityLevel                            *string
	DateFrom, DateTo                               *time.Time
	MinRemunerated                                 *decimal.Decimal
}

func (in accountInput) question() AccountQuestion {
	return AccountQuestion{LocationID: in.LocationID, ProductID: in.ProductID, RunID: in.RunID, FacilityID: in.HealthFacilityID,
		Level: orEmpty(in.HealthFacilityLevel), From: in.DateFrom, To: in.DateTo, Least: orZero(in.MinRemunerated)}
}

type accountsInput struct {
	accountInput
	Group *string
}

// maxAccounts is how many rows an answer has at most; a download has all.
const maxAccounts = 10_000

// accounts answers what is owed.
func (m *Module) accounts(ctx context.Context, in accountsInput) ([]Account, error) {
	a := in.question()
	switch group := orEmpty(in.Group); group {
	case "", "H":
	case "P":
		a.ByProduct = true
	default:
		return nil, fault.Input("group", "group is %q; allowed are H and P.", group)
	}
	return collect(m.service.Accounts(ctx, auth.ScopeOf(ctx), a), 0, maxAccounts+1, func(r AccountRow) Account {
		return Account{r.Region, r.District, r.FacilityCode, r.FacilityName, r.FacilityAccount, r.ProductCode, r.ProductName, r.ProductAccount, r.Claims, r.Remunerated}
	})
}

type accountClaimsInput struct {
	accountInput
	Skip, First *int
}

// accountClaims answers the claims behind accounts, a page at a time.
func (m *Module) accountClaims(ctx context.Context, in accountClaimsInput) ([]ClaimAccount, error) {
	skip, first := 0, 100
	if in.Skip != nil {
		skip = *in.Skip
	}
	if in.First != nil {
		first = *in.First
	}
	switch {
	case skip < 0:
		return nil, fault.Input("skip", "skip is %d; allowed are 0 and more.", skip)
	case first < 1 || first > maxAccounts:
		return nil, fault.Input("first", "first is %d; allowed are 1 to %d.", first, maxAccounts)
	}
	return collect(m.service.AccountClaims(ctx, auth.ScopeOf(ctx), in.question()), skip, first, func(r AccountClaim) ClaimAccount {
		return ClaimAccount{r.Code, r.Claimed, r.From, r.To, r.AdminCode, r.AdminLast, r.AdminOther, r.CHFID, r.LastName, r.OtherNames, r.Region, r.District,
			r.FacilityCode, r.FacilityName, r.FacilityAccount, r.ProductCode, r.ProductName, r.ProductAccount, r.RunYear, r.RunMonth, r.Asked, r.Adjusted, r.Valuated, r.Remunerated}
	})
}

// collect reads a page of a stream. More rows than an answer may have are an error that says what to do.
func collect[T, Out any](values iter.Seq2[T, error], skip, first int, show func(T) Out) ([]Out, error) {
	out := []Out{}
	for v, err := range values {
		switch {
		case err != nil:
			return nil, err
		case skip > 0:
			skip--
			continue
		case len(out) == maxAccounts:
			return nil, fault.New(fault.Invalid, "There are more than %d rows; ask for less, or download them from claim_batch/report.", maxAccounts)
		}
		if out = append(out, show(v)); len(out) == first {
			break
		}
	}
	return out, nil
}

type capitationInput struct {
	RegionID, DistrictID   *int
	ProductID, Year, Month int
	HealthFacilityLevels   []string
}

// capitation answers how a contribution is shared.
func (m *Module) capitation(ctx context.Context, in capitationInput) (*CapitationAnswer, error) {
	c, err := m.service.Capitation(ctx, auth.ScopeOf(ctx), CapitationQuestion{RegionID: in.RegionID, DistrictID: in.DistrictID, ProductID: in.ProductID,
		Year: in.Year, Month: in.Month, Levels: in.HealthFacilityLevels})
	if err != nil {
		return nil, err
	}
	out := &CapitationAnswer{ProductCode: c.ProductCode, ProductName: c.ProductName, Contribution: c.Contribution, Facilities: []CapitationFacility{}}
	for _, r := range c.Rows {
		out.Facilities = append(out.Facilities, CapitationFacility{r.Region, r.District, r.FacilityCode, r.FacilityName, r.FacilityAccount, r.Level, r.Sublevel,
			r.Has[rules.Population], r.Has[rules.Families], r.Has[rules.InsuredPopulation], r.Has[rules.InsuredFamilies], r.Has[rules.Visits], r.Has[rules.AdjustedAmount],
			r.Gets[rules.Population], r.Gets[rules.Families], r.Gets[rules.InsuredPopulation], r.Gets[rules.InsuredFamilies], r.Gets[rules.Visits], r.Gets[rules.AdjustedAmount],
			r.Payment})
	}
	return out, nil
}

// Account is AccountGQLType.
type Account struct {
	Region, District                                              string
	HealthFacilityCode, HealthFacilityName, HealthFacilityAccount string
	ProductCode, ProductName, ProductAccount                      string
	Claims                                                        int
	Remunerated                                                   decimal.Decimal
}

// ClaimAccount is AccountClaimGQLType.
type ClaimAccount struct {
	ClaimCode                                                     string
	DateClaimed, DateFrom, DateTo                                 time.Time
	AdminCode, AdminLastName, AdminOtherNames                     string
	ChfID, LastName, OtherNames                                   string
	Region, District                                              string
	HealthFacilityCode, HealthFacilityName, HealthFacilityAccount string
	ProductCode, ProductName, ProductAccount                      string
	RunYear, RunMonth                                             *int
	Asked, Adjusted, Valuated, Remunerated                        decimal.Decimal
}

// CapitationAnswer is CapitationGQLType.
type CapitationAnswer struct {
	ProductCode, ProductName string
	Contribution             decimal.Decimal
	Facilities               []CapitationFacility
}

// CapitationFacility is CapitationFacilityGQLType.
type CapitationFacility struct {
	Region, District                                              string
	HealthFacilityCode, HealthFacilityName, HealthFacilityAccount string
	Level, Sublevel                                               string
	Population, Families, InsuredPopulation, InsuredFamilies      decimal.Decimal
	Claims, Valuated                                              decimal.Decimal
	PaymentPopulation, PaymentFamilies                            decimal.Decimal
	PaymentInsuredPopulation, PaymentInsuredFamilies              decimal.Decimal
	PaymentClaims, PaymentValuated, Payment                       decimal.Decimal
}
