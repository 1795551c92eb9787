package policy

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
	"github.com/openimis/openimis-be-go/modules/product"
)

// care is services or items, which the eligibility reads alike; the statements are those of the procedure's tables.
type care struct{ limits, lines string }

// An unknown code gives no limits. A code without limits gives one row with the product -1, which no product has.
var services, items = care{
	limits: `SELECT r."ServCategory", COALESCE(l."ProdID", -1) AS "ProdID", l."LimitNoAdult", l."LimitNoChild", l."WaitingPeriodAdult", l."WaitingPeriodChild" ` +
		`FROM "tblServices" r LEFT JOIN "tblProductServices" l ON l."ServiceID" = r."ServiceID" AND l."ValidityTo" IS NULL AND l."ProdID" IN $ints(?) ` +
		`WHERE $eq(r."ServCode", ?) AND r."ValidityTo" IS NULL ORDER BY l."ProdServiceID"`,
	lines: `SELECT l."ClaimID", l."ProdID", l."ClaimServiceStatus" AS "LineStatus", l."RejectionReason", l."ValidityTo" FROM "tblClaimServices" l ` + currentClaims,
}, care{
	limits: `SELECT NULL AS "ServCategory", COALESCE(l."ProdID", -1) AS "ProdID", l."LimitNoAdult", l."LimitNoChild", l."WaitingPeriodAdult", l."WaitingPeriodChild" ` +
		`FROM "tblItems" r LEFT JOIN "tblProductItems" l ON l."ItemID" = r."ItemID" AND l."ValidityTo" IS NULL AND l."ProdID" IN $ints(?) ` +
		`WHERE $eq(r."ItemCode", ?) AND r."ValidityTo" IS NULL ORDER BY l."ProdItemID"`,
	lines: `SELECT l."ClaimID", l."ProdID", l."ClaimItemStatus" AS "LineStatus", l."RejectionReason", l."ValidityTo" FROM "tblClaimItems" l ` + currentClaims,
}

const currentClaims = `JOIN "tblClaim" c ON c."ClaimID" = l."ClaimID" WHERE c."InsureeID" = ? AND c."ValidityTo" IS NULL`

var selectProductCovers = `SELECT ` + db.Columns[rules.InsureePolicy]("ip") + `, p."ProdID", p."PolicyStatus", p."ValidityTo" AS "PolicyClosed" FROM "tblInsureePolicy" ip ` +
	`JOIN "tblPolicy" p ON p."PolicyID" = ip."PolicyId" WHERE ip."InsureeId" = ? AND ip."ValidityTo" IS NULL ORDER BY ip."InsureePolicyId"`

// eligibility reads what the answer depends on whether an insuree may have a service and an item ("": not asked), in 5
// statements and 2 for an item and 1 for a service; nil when the scope sees no such insuree.
func (st Store) eligibility(ctx context.Context, s auth.Scope, number, serviceCode, itemCode string) (*rules.EligibilityData, error) {
	i, err := insuree.ByNumber(ctx, st, s, number)
	if i == nil || err != nil {
		return nil, err
	}
	d := &rules.EligibilityData{Insuree: i}
	if err := st.Select(ctx, &d.Covers, selectProductCovers, i.ID); err != nil {
		return nil, err
	}
	var products []int
	for _, c := range d.Covers {
		products = append(products, c.ProductID)
	}
	if d.Products, err = product.Load(ctx, st, products); err != nil {
		return nil, err
	}
	err = st.Select(ctx, &d.Claims, `SELECT `+db.Columns[rules.PastClaim]("c")+` FROM "tblClaim" c WHERE c."InsureeID" = ?`, i.ID)
	if err != nil {
		return nil, err
	}
	if err := st.Select(ctx, &d.Services, services.lines, i.ID); err != nil {
		return nil, err
	}
	if serviceCode != "" {
		if d.Service, err = st.wanted(ctx, services, serviceCode, products); err != nil {
			return nil, err
		}
	}
	if itemCode != "" {
		if err := st.Select(ctx, &d.Items, items.lines, i.ID); err != nil {
			return nil, err
		}
		if d.Item, err = st.wanted(ctx, items, itemCode, products); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (st Store) wanted(ctx context.Context, c care, code string, products []int) (*rules.Wanted, error) {
	var rows []struct {
		Category *string `db:"ServCategory"`
		product.Limit
	}
	if err := st.Select(ctx, &rows, c.limits, db.Ints(products), code); err != nil {
		return nil, err
	}
	w := &rules.Wanted{}
	for _, r := range rows {
		w.Category = r.Category
		if r.ProductID >= 0 {
			w.Limits = append(w.Limits, r.Limit)
		}
	}
	return w, nil
}
