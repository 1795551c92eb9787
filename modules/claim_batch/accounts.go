package claim_batch

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/claim"
)

// AccountQuestion narrows the account preview (uspSSRSProcessBatch, rules.md §9.7); nil and "" leave a column as it is.
type AccountQuestion struct {
	LocationID *int // of the product; -1: national products
	ProductID  *int
	RunID      *int
	FacilityID *int
	Level      string // of the facility
	From, To   *time.Time
	ByProduct  bool // the product comes before the facility
	Least      decimal.Decimal
}

// check refuses dates that do not make a period.
func (a AccountQuestion) check() error {
	if a.From != nil && a.To != nil && a.To.Before(*a.From) {
		return fault.Input("dateTo", "dateTo is before dateFrom.")
	}
	return nil
}

// AccountRow is what a product owes a facility for patients of a district. The places are those of the patients'
// families; they are empty where a family has none.
type AccountRow struct {
	Region, District           string
	FacilityCode, FacilityName string
	FacilityAccount            string // tblHF.AccCode
	ProductCode, ProductName   string
	ProductAccount             string // tblProduct.AccCodeRemuneration
	Claims                     int
	Remunerated                decimal.Decimal
}

// AccountClaim is a claim's part of an account: what a product owes for it.
type AccountClaim struct {
	ClaimID                          int
	Code                             string
	Claimed                          time.Time
	From, To                         time.Time
	AdminCode, AdminLast, AdminOther string
	CHFID, LastName, OtherNames      string
	Region, District                 string
	FacilityCode, FacilityName       string
	FacilityAccount                  string
	ProductCode, ProductName         string
	ProductAccount                   string
	RunYear, RunMonth                *int
	Asked, Adjusted, Valuated        decimal.Decimal
	Remunerated                      decimal.Decimal
}

// where is the condition on claims c, lines l, facilities h and products p. Claims of a run that is not open are not
// paid, and claims without an end of treatment are left out as the procedure does.
func (a AccountQuestion) where(scope auth.Scope) *table.Where {
	w := new(table.Where).And(`c."ValidityTo" IS NULL AND c."DateTo" IS NOT NULL AND (c."RunID" IS NULL OR EXISTS (SELECT 1 FROM "tblBatchRun" AS r WHERE r."RunID" = c."RunID" AND r."ValidityTo" IS NULL))`)
	switch {
	case a.LocationID == nil || *a.LocationID == 0:
	case *a.LocationID == national:
		w.And(`p."LocationId" IS NULL`)
	default:
		w.And(`p."LocationId" = ?`, *a.LocationID)
	}
	for _, c := range []struct {
		condition string
		value     *int
	}{{`l."ProdID" = ?`, a.ProductID}, {`c."RunID" = ?`, a.RunID}, {`c."HFID" = ?`, a.FacilityID}} {
		if c.value != nil && *c.value != 0 {
			w.And(c.condition, *c.value)
		}
	}
	if a.Level != "" {
		w.And(`h."HFLevel" = ?`, a.Level)
	}
	if a.From != nil {
		w.And(`c."DateTo" >= ?`, *a.From)
	}
	if a.To != nil {
		w.And(`c."DateTo" < ?`, a.To.AddDate(0, 0, 1))
	}
	in, more := claim.ScopeWhere(scope, "c")
	return w.And(in, more...)
}

// joins are the tables that an account names, from the lines x of claims c.
const accountJoins = ` JOIN "tblHF" AS h ON h."HfID" = c."HFID" JOIN "tblProduct" AS p ON p."ProdID" = l."ProdID"
	JOIN "tblInsuree" AS i ON i."InsureeID" = c."InsureeID" LEFT JOIN "tblFamilies" AS f ON f."FamilyID" = i."FamilyID"
	LEFT JOIN "tblLocations" AS v ON v."LocationId" = f."LocationId" LEFT JOIN "tblLocations" AS w ON w."LocationId" = v."ParentLocationId"
	LEFT JOIN "tblLocations" AS d ON d."LocationId" = w."ParentLocationId" LEFT JOIN "tblLocations" AS g ON g."LocationId" = d."ParentLocationId"`

// lines selects columns of the remunerated items and services l, of claims c, together.
func (a AccountQuestion) lines(scope auth.Scope, columns, joins string) (union string, args []any) {
	w := a.where(scope)
	for _, k := range kinds {
		if union != "" {
			union += " UNION ALL "
		}
		union += `SELECT ` + columns + ` FROM "tblClaim" AS c JOIN "` + k.table + `" AS l ON l."ClaimID" = c."ClaimID"` + joins + `
			WHERE l."ValidityTo" IS NULL AND l."` + k.status + `" = 1 AND l."RemuneratedAmount" IS NOT NULL AND ` + w.Condition()
		args = append(args, w.Args()...)
	}
	return union, args
}

// Accounts streams what is owed, by region, district, facility and product, or the product first.
func (s *Service) Accounts(ctx context.Context, scope auth.Scope, a AccountQuestion) iter.Seq2[AccountRow, error] {
	return func(yield func(AccountRow, error) bool) {
		if err := a.check(); err != nil {
			yield(AccountRow{}, err)
			return
		}
		union, args := a.lines(scope, `g."LocationName" AS "region", d."LocationName" AS "district", h."HFCode" AS "facility_code", h."HFName" AS "facility_name", h."AccCode" AS "facility_account",
			p."ProductCode" AS "product_code", p."ProductName" AS "product_name", p."AccCodeRemuneration" AS "product_account", c."ClaimID" AS "claim_id", l."RemuneratedAmount" AS "amount"`, accountJoins)
		const columns = `x."region", x."district", x."facility_code", x."facility_name", x."facility_account", x."product_code", x."product_name", x."product_account"`
		order := `x."region", x."district", x."facility_code", x."facility_name", x."product_code", x."product_name"`
		if a.ByProduct {
			order = `x."product_code", x."product_name", x."region", x."district", x."facility_code", x."facility_name"`
		}
		rows, err := s.DB.Rows(ctx, `SELECT `+columns+`, COUNT(DISTINCT x."claim_id") AS "claims", SUM(x."amount") AS "amount" FROM (`+union+`) AS x
			GROUP BY `+columns+` HAVING SUM(x."amount") > ? ORDER BY `+order, append(args, a.Least)...)
		if err != nil {
			yield(AccountRow{}, fmt.Errorf("add up accounts: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var r AccountRow
			err := rows.Scan(text(&r.Region), text(&r.District), text(&r.FacilityCode), text(&r.FacilityName), text(&r.FacilityAccount),
				text(&r.ProductCode), text(&r.ProductName), text(&r.ProductAccount), &r.Claims, &r.Remunerated)
			r.Remunerated = r.Remunerated.Round(2)
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(AccountRow{}, db.Describe(err, "accounts"))
		}
	}
}

// AccountClaims streams the claims behind an account, in the order of their ids: one row for each product that owes
// something.
func (s *Service) AccountClaims(ctx context.Context, scope auth.Scope, a AccountQuestion) iter.Seq2[AccountClaim, error] {
	return func(yield func(AccountClaim, error) bool) {
		if err := a.check(); err != nil {
			yield(AccountClaim{}, err)
			return
		}
		union, args := a.lines(scope, `c."ClaimID" AS "claim_id", l."ProdID" AS "product_id", l."PriceAsked" * l."QtyProvided" AS "asked", l."PriceAdjusted" AS "adjusted", l."PriceValuated" AS "valuated", l."RemuneratedAmount" AS "amount"`,
			` JOIN "tblHF" AS h ON h."HfID" = c."HFID" JOIN "tblProduct" AS p ON p."ProdID" = l."ProdID"`)
		rows, err := s.DB.Rows(ctx, `SELECT c."ClaimID", c."ClaimCode", c."DateClaimed", c."DateFrom", c."DateTo", a."ClaimAdminCode", a."LastName", a."OtherNames",
			i."CHFID", i."LastName", i."OtherNames", g."LocationName", d."LocationName", h."HFCode", h."HFName", h."AccCode", p."ProductCode", p."ProductName", p."AccCodeRemuneration",
			r."RunYear", r."RunMonth", l."asked", l."adjusted", l."valuated", l."amount"
			FROM (SELECT x."claim_id" AS "ClaimID", x."product_id" AS "ProdID", SUM(x."asked") AS "asked", SUM(x."adjusted") AS "adjusted", SUM(x."valuated") AS "valuated", SUM(x."amount") AS "amount"
				FROM (`+union+`) AS x GROUP BY x."claim_id", x."product_id" HAVING SUM(x."amount") > ?) AS l
			JOIN "tblClaim" AS c ON c."ClaimID" = l."ClaimID"`+accountJoins+`
			LEFT JOIN "tblClaimAdmin" AS a ON a."ClaimAdminId" = c."ClaimAdminId" LEFT JOIN "tblBatchRun" AS r ON r."RunID" = c."RunID"
			ORDER BY c."ClaimID", p."ProdID"`, append(args, a.Least)...)
		if err != nil {
			yield(AccountClaim{}, fmt.Errorf("list accounts: %w", err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			var r AccountClaim
			err := rows.Scan(&r.ClaimID, &r.Code, &r.Claimed, &r.From, &r.To, text(&r.AdminCode), text(&r.AdminLast), text(&r.AdminOther),
				text(&r.CHFID), text(&r.LastName), text(&r.OtherNames), text(&r.Region), text(&r.District), text(&r.FacilityCode), text(&r.FacilityName), text(&r.FacilityAccount),
				text(&r.ProductCode), text(&r.ProductName), text(&r.ProductAccount), &r.RunYear, &r.RunMonth,
				money(&r.Asked), money(&r.Adjusted), money(&r.Valuated), money(&r.Remunerated))
			if !yield(r, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(AccountClaim{}, db.Describe(err, "accounts"))
		}
	}
}

// text scans a text that may be NULL, which is empty.
func text(s *string) *textOrEmpty { return (*textOrEmpty)(s) }

type textOrEmpty string

// Scan implements sql.Scanner.
func (t *textOrEmpty) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*t = ""
	case []byte:
		*t = textOrEmpty(v)
	case string:
		*t = textOrEmpty(v)
	default:
		return fmt.Errorf("a text is expected, %T found", v)
	}
	return nil
}

// money scans a sum that may be NULL, which is 0, rounded to two decimals: the embedded database adds up binary
// fractions.
func money(d *decimal.Decimal) *moneyOrZero { return (*moneyOrZero)(d) }

type moneyOrZero decimal.Decimal

// Scan implements sql.Scanner.
func (m *moneyOrZero) Scan(v any) error {
	if v == nil {
		*m = moneyOrZero(decimal.Zero)
		return nil
	}
	var d decimal.Decimal
	if err := d.Scan(v); err != nil {
		return err
	}
	*m = moneyOrZero(d.Round(2))
	return nil
}
