package claim_batch

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

// CapitationQuestion asks what facilities get of a product's contribution of a month by what they have: people,
// families, insured ones, visits, amounts (uspSSRSCapitationPayment, rules.md §9.6).
type CapitationQuestion struct {
	RegionID, DistrictID *int // nil: everywhere
	ProductID            int
	Year, Month          int
	Levels               []string // of facilities; none: all that the product pays so
}

// CapitationRow is a facility with what it has and what it gets for each.
type CapitationRow struct {
	FacilityID                 int
	Region, District           string
	FacilityCode, FacilityName string
	FacilityAccount            string
	Level, Sublevel            string
	Has                        rules.Figures
	Gets                       rules.Figures
	Payment                    decimal.Decimal
}

// Capitation is the answer: the contribution that the month earned, and the facilities. The shares are among all
// facilities asked for; those outside of the scope are left out of the rows.
type Capitation struct {
	ProductCode, ProductName string
	Contribution             decimal.Decimal
	Rows                     []CapitationRow
}

type capitationProduct struct {
	Code                      string           `db:"ProductCode"`
	Name                      string           `db:"ProductName"`
	Level1                    *string          `db:"Level1"`
	Sublevel1                 *string          `db:"Sublevel1"`
	Level2                    *string          `db:"Level2"`
	Sublevel2                 *string          `db:"Sublevel2"`
	Level3                    *string          `db:"Level3"`
	Sublevel3                 *string          `db:"Sublevel3"`
	Level4                    *string          `db:"Level4"`
	Sublevel4                 *string          `db:"Sublevel4"`
	ShareContribution         *decimal.Decimal `db:"ShareContribution"`
	WeightPopulation          *decimal.Decimal `db:"WeightPopulation"`
	WeightNumberFamilies      *decimal.Decimal `db:"WeightNumberFamilies"`
	WeightInsuredPopulation   *decimal.Decimal `db:"WeightInsuredPopulation"`
	WeightNumberInsuredFamily *decimal.Decimal `db:"WeightNumberInsuredFamilies"`
	WeightNumberVisits        *decimal.Decimal `db:"WeightNumberVisits"`
	WeightAdjustedAmount      *decimal.Decimal `db:"WeightAdjustedAmount"`
}

func (p capitationProduct) levels() [4]rules.Level {
	pair := func(level, sublevel *string) rules.Level {
		return rules.Level{Level: orEmpty(level), Sublevel: orEmpty(sublevel)}
	}
	return [4]rules.Level{pair(p.Level1, p.Sublevel1), pair(p.Level2, p.Sublevel2), pair(p.Level3, p.Sublevel3), pair(p.Level4, p.Sublevel4)}
}

func (p capitationProduct) weights() rules.Weights {
	return rules.Weights{Share: orZero(p.ShareContribution), By: rules.Figures{orZero(p.WeightPopulation), orZero(p.WeightNumberFamilies),
		orZero(p.WeightInsuredPopulation), orZero(p.WeightNumberInsuredFamily), orZero(p.WeightNumberVisits), orZero(p.WeightAdjustedAmount)}}
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orZero(d *decimal.Decimal) decimal.Decimal {
	if d == nil {
		return decimal.Zero
	}
	return *d
}

// Capitation computes the payments of a month. It fails with invalid for a month that does not exist, and a product that is
// unknown or has no capitation columns (databases before 1.3).
func (s *Service) Capitation(ctx context.Context, scope auth.Scope, q CapitationQuestion) (*Capitation, error) {
	if err := (Request{Year: q.Year, Month: q.Month}).check(); err != nil {
		return nil, err
	}
	c := &Capitation{}
	err := s.DB.Read(ctx, func(r db.Query) error {
		*c = Capitation{}
		var p capitationProduct
		err := r.Get(ctx, &p, `SELECT p."ProductCode", p."ProductName", p."Level1", p."Sublevel1", p."Level2", p."Sublevel2", p."Level3", p."Sublevel3", p."Level4", p."Sublevel4",
			p."ShareContribution", p."WeightPopulation", p."WeightNumberFamilies", p."WeightInsuredPopulation", p."WeightNumberInsuredFamilies", p."WeightNumberVisits", p."WeightAdjustedAmount"
			FROM "tblProduct" AS p WHERE p."ProdID" = ? AND p."ValidityTo" IS NULL`, q.ProductID)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.Input("productId", "There is no product %d.", q.ProductID)
		}
		if err != nil {
			return err
		}
		c.ProductCode, c.ProductName = p.Code, p.Name
		month := rules.Period{Type: rules.Month, Year: q.Year, Number: q.Month}
		f := figures{products: []rules.Product{{ID: q.ProductID}}, due: []rules.Period{month}, earned: map[rules.Period]*rules.Earned{}}
		if err := f.premiums(ctx, r); err != nil {
			return err
		}
		c.Contribution, _ = f.earned[month].Of(q.ProductID)
		facilities, err := capitationFacilities(ctx, r, q, p.levels())
		if err != nil {
			return err
		}
		if err := catchments(ctx, r, q.ProductID, month, facilities); err != nil {
			return err
		}
		if err := visits(ctx, r, q.ProductID, month, facilities); err != nil {
			return err
		}
		has := make([]rules.Figures, len(facilities))
		for i, f := range facilities {
			has[i] = f.Has
		}
		for i, gets := range rules.Capitate(c.Contribution, p.weights(), has) {
			facilities[i].Gets, facilities[i].Payment = gets, gets.Sum()
			if f := facilities[i]; scope.All || slices.Contains(scope.Districts, f.district) && (scope.HealthFacility == nil || *scope.HealthFacility == f.FacilityID) {
				c.Rows = append(c.Rows, f.CapitationRow)
			}
		}
		return nil
	})
	return c, err
}

type capitationFacility struct {
	CapitationRow
	district int
}

// capitationFacilities are the facilities of the places and levels.
func capitationFacilities(ctx context.Context, q db.Query, ask CapitationQuestion, levels [4]rules.Level) (list []*capitationFacility, err error) {
	where, args := "", []any(nil)
	if ask.DistrictID != nil && *ask.DistrictID != 0 {
		where, args = ` AND d."LocationId" = ?`, []any{*ask.DistrictID}
	} else if ask.RegionID != nil && *ask.RegionID != 0 {
		where, args = ` AND d."ParentLocationId" = ?`, []any{*ask.RegionID}
	}
	rows, err := q.Rows(ctx, `SELECT h."HfID", h."HFCode", h."HFName", h."AccCode", h."HFLevel", h."HFSublevel", d."LocationId", d."LocationName", g."LocationName"
		FROM "tblHF" AS h JOIN "tblLocations" AS d ON d."LocationId" = h."LocationId" LEFT JOIN "tblLocations" AS g ON g."LocationId" = d."ParentLocationId"
		WHERE h."ValidityTo" IS NULL`+where+` ORDER BY h."HFCode", h."HfID"`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		f := &capitationFacility{}
		if err := rows.Scan(&f.FacilityID, text(&f.FacilityCode), text(&f.FacilityName), text(&f.FacilityAccount), text(&f.Level), text(&f.Sublevel),
			&f.district, text(&f.District), text(&f.Region)); err != nil {
			return nil, err
		}
		if rules.Catches(levels, f.Level, f.Sublevel) && (len(ask.Levels) == 0 || slices.Contains(ask.Levels, f.Level)) {
			list = append(list, f)
		}
	}
	return list, rows.Err()
}

// catchments adds people, families and insured ones of the villages that facilities serve, by the percentage served.
func catchments(ctx context.Context, q db.Query, product int, month rules.Period, facilities []*capitationFacility) error {
	byID := map[int]*capitationFacility{}
	var ids db.Ints
	for _, f := range facilities {
		byID[f.FacilityID] = f
		ids = append(ids, f.FacilityID)
	}
	var villages []struct {
		Facility   int  `db:"HFID"`
		Village    int  `db:"LocationId"`
		Percentage *int `db:"Catchment"`
		People     int  `db:"people"`
		Families   *int `db:"Families"`
	}
	if err := q.Select(ctx, &villages, `SELECT k."HFID", k."LocationId", k."Catchment",
		COALESCE(v."MalePopulation", 0) + COALESCE(v."FemalePopulation", 0) + COALESCE(v."OtherPopulation", 0) AS "people", v."Families"
		FROM "tblHFCatchment" AS k JOIN "tblLocations" AS v ON v."LocationId" = k."LocationId"
		WHERE k."ValidityTo" IS NULL AND v."ValidityTo" IS NULL AND k."HFID" IN $ints(?)`, ids); err != nil {
		return err
	}
	var insured []struct {
		Village  int `db:"LocationId"`
		People   int `db:"people"`
		Families int `db:"families"`
	}
	last := month.Until().AddDate(0, 0, -1)
	if err := q.Select(ctx, &insured, `SELECT f."LocationId", COUNT(DISTINCT i."InsureeID") AS "people", COUNT(DISTINCT f."FamilyID") AS "families"
		FROM "tblPolicy" AS p JOIN "tblInsureePolicy" AS c ON c."PolicyId" = p."PolicyID" JOIN "tblInsuree" AS i ON i."InsureeID" = c."InsureeId" JOIN "tblFamilies" AS f ON f."FamilyID" = i."FamilyID"
		WHERE p."ProdID" = ? AND p."ValidityTo" IS NULL AND c."ValidityTo" IS NULL AND i."ValidityTo" IS NULL AND f."ValidityTo" IS NULL AND f."LocationId" IS NOT NULL
		AND c."EffectiveDate" <= ? AND c."ExpiryDate" >= ? GROUP BY f."LocationId"`, product, db.Date(last), db.Date(last)); err != nil {
		return err
	}
	people, families := map[int]int{}, map[int]int{}
	for _, v := range insured {
		people[v.Village], families[v.Village] = v.People, v.Families
	}
	for _, v := range villages {
		if v.Percentage == nil {
			continue
		}
		share := decimal.New(int64(*v.Percentage), -2)
		has := &byID[v.Facility].Has
		add := func(c rules.Criterion, n int) { has[c] = has[c].Add(share.Mul(decimal.New(int64(n), 0))) }
		add(rules.Population, v.People)
		if v.Families != nil {
			add(rules.Families, *v.Families)
		}
		add(rules.InsuredPopulation, people[v.Village])
		add(rules.InsuredFamilies, families[v.Village])
	}
	return nil
}

// visits adds the claims of the month that were processed, and their valuated prices.
func visits(ctx context.Context, q db.Query, product int, month rules.Period, facilities []*capitationFacility) error {
	var union string
	var args []any
	for _, k := range kinds {
		if union != "" {
			union += " UNION ALL "
		}
		union += `SELECT c."HFID" AS "facility", c."ClaimID" AS "claim", l."PriceValuated" AS "price" FROM "tblClaim" AS c JOIN "` + k.table + `" AS l ON l."ClaimID" = c."ClaimID"
			WHERE c."ValidityTo" IS NULL AND c."ClaimStatus" >= 8 AND c."DateProcessed" >= ? AND c."DateProcessed" < ? AND l."ValidityTo" IS NULL AND l."` + k.status + `" = 1 AND l."ProdID" = ?`
		args = append(args, db.Date(month.From()), db.Date(month.Until()), product)
	}
	var sums []struct {
		Facility int              `db:"facility"`
		Claims   int              `db:"claims"`
		Price    *decimal.Decimal `db:"price"`
	}
	if err := q.Select(ctx, &sums, `SELECT x."facility", COUNT(DISTINCT x."claim") AS "claims", SUM(x."price") AS "price" FROM (`+union+`) AS x GROUP BY x."facility"`, args...); err != nil {
		return err
	}
	for _, sum := range sums {
		for _, f := range facilities {
			if f.FacilityID == sum.Facility {
				f.Has[rules.Visits] = decimal.New(int64(sum.Claims), 0)
				f.Has[rules.AdjustedAmount] = orZero(sum.Price).Round(2)
			}
		}
	}
	return nil
}
