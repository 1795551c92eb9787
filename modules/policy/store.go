package policy

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
	"github.com/openimis/openimis-be-go/modules/product"
)

// Store reads and writes policies and the covers of insurees. It takes a fixed number of statements for whatever
// number of policies and members. What lies within reach of a user is asked for with the user's scope; what a rule needs
// besides (all members of a family count for a ceiling) is read whoever asks.
type Store struct{ db.Query }

// everything is the scope of rules and jobs.
var everything = auth.Scope{All: true}

var (
	selectPolicies    = `SELECT ` + db.Columns[rules.Policy]("p") + ` FROM "tblPolicy" p WHERE `
	selectCovers      = `SELECT ` + db.Columns[rules.InsureePolicy]("ip") + ` FROM "tblInsureePolicy" ip WHERE `
	selectConsumption = `SELECT ` + db.Columns[rules.Consumption]("u") + ` FROM "tblClaimDedRem" u WHERE `
)

// ByID reads a policy, closed or not; nil when there is none that the scope sees.
func (st Store) ByID(ctx context.Context, s auth.Scope, id int) (*rules.Policy, error) {
	return st.byID(ctx, s, id, `FROM "tblPolicy" p WHERE `, ``)
}

// Lock is ByID; nobody else changes the policy until the transaction ends.
func (st Store) Lock(ctx context.Context, s auth.Scope, id int) (*rules.Policy, error) {
	return st.byID(ctx, s, id, `FROM "tblPolicy" p $updlock WHERE `, ` $forupdate`)
}

func (st Store) byID(ctx context.Context, s auth.Scope, id int, from, tail string) (*rules.Policy, error) {
	seen, args := ScopeWhere(s, "p")
	w := new(table.Where).And(`p."PolicyID" = ?`, id).And(seen, args...)
	var p rules.Policy
	err := st.Get(ctx, &p, `SELECT `+db.Columns[rules.Policy]("p")+` `+from+w.Condition()+tail, w.Args()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &p, err
}

// CoversOf reads the current covers of insurees by a policy.
func (st Store) CoversOf(ctx context.Context, s auth.Scope, policyID int) ([]rules.InsureePolicy, error) {
	seen, args := ScopeWhere(s, "p")
	w := new(table.Where).And(`p."PolicyID" = ?`, policyID).And(seen, args...)
	var rows []rules.InsureePolicy
	err := st.Select(ctx, &rows, selectCovers+`ip."ValidityTo" IS NULL AND ip."PolicyId" IN (SELECT p."PolicyID" FROM "tblPolicy" p WHERE `+
		w.Condition()+`) ORDER BY ip."InsureePolicyId"`, w.Args()...)
	return rows, err
}

func productsOf(policies []rules.Policy) []int {
	ids := make([]int, 0, len(policies))
	for _, p := range policies {
		ids = append(ids, p.ProductID)
	}
	return ids
}

// inquiry reads what the inquiry about an insuree depends on, in 7 statements; nil when the scope sees no such insuree.
func (st Store) inquiry(ctx context.Context, s auth.Scope, number string) (*rules.InquiryData, error) {
	i, err := insuree.ByNumber(ctx, st, s, number)
	if i == nil || err != nil {
		return nil, err
	}
	d := &rules.InquiryData{Insuree: *i}
	if i.FamilyID == nil {
		return d, nil
	}
	if d.Residence, err = insuree.ResidenceOf(ctx, st, everything, *i.FamilyID); err != nil {
		return nil, err
	}
	if d.Members, err = insuree.Members(ctx, st, everything, []int{*i.FamilyID}); err != nil {
		return nil, err
	}
	if d.Policies, err = insuree.PoliciesOf(ctx, st, *i.FamilyID); err != nil {
		return nil, err
	}
	if d.Products, err = product.Load(ctx, st, productsOf(d.Policies)); err != nil {
		return nil, err
	}
	err = st.Select(ctx, &d.Cover, selectCovers+`ip."InsureeId" = ? ORDER BY ip."InsureePolicyId"`, i.ID)
	if err != nil {
		return nil, err
	}
	d.Consumption, err = st.consumption(ctx, d.Policies, d.Members)
	return d, err
}

// consumption reads what was used up of a family's policies and, current rows only, by its members under other ones,
// which still tells the inquiry that they have used up something.
func (st Store) consumption(ctx context.Context, policies []rules.Policy, members []insuree.Insuree) ([]rules.Consumption, error) {
	var of, by db.Ints
	for _, p := range policies {
		of = append(of, p.ID)
	}
	for _, m := range members {
		by = append(by, m.ID)
	}
	var rows []rules.Consumption
	err := st.Select(ctx, &rows, selectConsumption+`u."PolicyID" IN $ints(?) UNION ALL `+selectConsumption+
		`u."InsureeID" IN $ints(?) AND u."ValidityTo" IS NULL AND u."PolicyID" NOT IN $ints(?)`, of, by, of)
	return rows, err
}

// valuation reads the members that the value of a family's policy depends on, and the product in all versions.
func (st Store) valuation(ctx context.Context, family, productID int) ([]insuree.Insuree, product.Catalogue, error) {
	members, err := insuree.Members(ctx, st, everything, []int{family})
	if err != nil {
		return nil, product.Catalogue{}, err
	}
	products, err := product.Load(ctx, st, []int{productID})
	return members, products, err
}

// expire is [Expire] as one statement; like the procedure it keeps no history of the old status.
func expire(ctx context.Context, tx *db.Tx, today time.Time) (int, error) {
	return tx.Exec(ctx, `UPDATE "tblPolicy" SET "PolicyStatus" = ? WHERE "ValidityTo" IS NULL AND "ExpiryDate" < ? `+
		`AND ("PolicyStatus" IS NULL OR "PolicyStatus" <> ?)`, rules.StatusExpired, db.Date(today), rules.StatusExpired)
}

// lastExpiring reads the policy of a family and product that expires last, no later than a day; nil when there is none
// that the scope sees.
func (st Store) lastExpiring(ctx context.Context, s auth.Scope, family int, productCode string, by time.Time) (*balanceRow, error) {
	seen, args := ScopeWhere(s, "p")
	w := new(table.Where).And(`p."FamilyID" = ? AND p."ValidityTo" IS NULL AND p."ExpiryDate" <= ? AND $eq(pr."ProductCode", ?) AND pr."ValidityTo" IS NULL`,
		family, db.Date(by), productCode).And(seen, args...)
	var row balanceRow
	err := st.Get(ctx, &row, `SELECT p."PolicyID", p."PolicyValue", pr."ProductCode" FROM "tblPolicy" p JOIN "tblProduct" pr ON pr."ProdID" = p."ProdID" WHERE `+
		w.Condition()+` ORDER BY p."ExpiryDate" DESC, p."PolicyID" DESC $page(1, 0)`, w.Args()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &row, err
}

type balanceRow struct {
	PolicyID    int              `db:"PolicyID"`
	Value       *decimal.Decimal `db:"PolicyValue"`
	ProductCode string           `db:"ProductCode"`
}

// Paid adds up the current premiums of policies that the scope sees, but for photo fees. A policy without any has no
// entry.
func (st Store) Paid(ctx context.Context, s auth.Scope, policies []int) (map[int]decimal.Decimal, error) {
	w := new(table.Where).And(`c."PolicyID" IN $ints(?) AND c."ValidityTo" IS NULL AND (c."isPhotoFee" IS NULL OR c."isPhotoFee" = $false)`, db.Ints(policies))
	if seen, args := ScopeWhere(s, "p"); seen != "" {
		w.And(`c."PolicyID" IN (SELECT p."PolicyID" FROM "tblPolicy" p WHERE `+seen+`)`, args...)
	}
	var rows []struct {
		PolicyID int             `db:"PolicyID"`
		Amount   decimal.Decimal `db:"Amount"`
	}
	// Added up here: the embedded database would do it in binary fractions.
	if err := st.Select(ctx, &rows, `SELECT c."PolicyID", c."Amount" FROM "tblPremium" c WHERE `+w.Condition(), w.Args()...); err != nil {
		return nil, err
	}
	sums := map[int]decimal.Decimal{}
	for _, r := range rows {
		sums[r.PolicyID] = sums[r.PolicyID].Add(r.Amount)
	}
	return sums, nil
}
