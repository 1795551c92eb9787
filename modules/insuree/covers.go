package insuree

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	policy "github.com/openimis/openimis-be-go/modules/policy/rules"
	"github.com/openimis/openimis-be-go/modules/product"
)

// Rows of tblInsureePolicy say who is covered by which policy of the family (rules §3.3). They follow the members, so
// they are written here; the rules are those of policies.

// AddPolicies covers a member by the policies of the family; see [policy.Cover]. It answers the rows that it inserted.
// Whether the user may see the insuree is for the caller to ask. now is when the rows begin.
func AddPolicies(ctx context.Context, tx *db.Tx, insureeID int, activate bool, now time.Time) ([]policy.Coverage, error) {
	data, err := coverage(ctx, tx, insureeID)
	if data == nil || err != nil {
		return nil, err
	}
	return addPolicies(ctx, tx, *data, activate, now)
}

func addPolicies(ctx context.Context, tx *db.Tx, data policy.CoverageData, activate bool, now time.Time) ([]policy.Coverage, error) {
	rows, err := policy.Cover(data, activate, auth.Author{At: now}.Today())
	if err != nil {
		return nil, err
	}
	return rows, InsertCovers(ctx, tx, rows, now)
}

// join is AddPolicies for a new member of a family, without a second row for a policy that covers the insuree already.
func join(ctx context.Context, tx *db.Tx, author auth.Author, insureeID int) ([]policy.Coverage, error) {
	data, err := coverage(ctx, tx, insureeID)
	if data == nil || err != nil {
		return nil, err
	}
	covers, err := coversOf(ctx, tx, []int{insureeID})
	if err != nil {
		return nil, err
	}
	data.Policies = slices.DeleteFunc(data.Policies, func(p policy.Policy) bool {
		return slices.ContainsFunc(covers, func(c policy.InsureePolicy) bool { return c.PolicyID == p.ID })
	})
	return addPolicies(ctx, tx, *data, false, author.At)
}

var (
	selectPolicies = `SELECT ` + db.Columns[policy.Policy]("p") + ` FROM "tblPolicy" p WHERE `
	selectCovers   = `SELECT ` + db.Columns[policy.InsureePolicy]("ip") + ` FROM "tblInsureePolicy" ip WHERE `
)

// PoliciesOf reads the policies of a family, closed ones too, in the order of their ids.
func PoliciesOf(ctx context.Context, q db.Query, family int) ([]policy.Policy, error) {
	var rows []policy.Policy
	err := q.Select(ctx, &rows, selectPolicies+`p."FamilyID" = ? ORDER BY p."PolicyID"`, family)
	return rows, err
}

// coversOf reads the current covers of insurees.
func coversOf(ctx context.Context, q db.Query, insurees []int) ([]policy.InsureePolicy, error) {
	var rows []policy.InsureePolicy
	err := q.Select(ctx, &rows, selectCovers+`ip."InsureeId" IN $ints(?) AND ip."ValidityTo" IS NULL ORDER BY ip."InsureePolicyId"`, db.Ints(insurees))
	return rows, err
}

// coverage reads what the cover of a new member of a family depends on; nil when there is no such insuree, or none with
// a family.
func coverage(ctx context.Context, q db.Query, insureeID int) (*policy.CoverageData, error) {
	everything := auth.Scope{All: true}
	i, err := ByID(ctx, q, everything, insureeID)
	if i == nil || i.FamilyID == nil || err != nil {
		return nil, err
	}
	d := &policy.CoverageData{Insuree: *i}
	if d.Members, err = Members(ctx, q, everything, []int{*i.FamilyID}); err != nil {
		return nil, err
	}
	if d.Policies, err = PoliciesOf(ctx, q, *i.FamilyID); err != nil {
		return nil, err
	}
	if d.Offline, err = OfflineSite(ctx, q); err != nil {
		return nil, err
	}
	products := make([]int, 0, len(d.Policies))
	for _, p := range d.Policies {
		products = append(products, p.ProductID)
	}
	d.Products, err = product.Load(ctx, q, products)
	return d, err
}

// OfflineSite reads tblIMISDefaults.OfflineCHF: whether the database is that of a site that works offline; nil without
// defaults.
func OfflineSite(ctx context.Context, q db.Query) (*bool, error) {
	var chf int
	err := q.Get(ctx, &chf, `SELECT COALESCE(d."OfflineCHF", 0) FROM "tblIMISDefaults" d ORDER BY d."DefaultID" $page(1, 0)`)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return new(chf != 0), err
}

// InsertCovers adds rows to tblInsureePolicy and gives them their ids.
func InsertCovers(ctx context.Context, tx *db.Tx, rows []policy.Coverage, now time.Time) error {
	values := make([][]any, 0, len(rows))
	for _, r := range rows {
		values = append(values, []any{r.InsureeID, r.PolicyID, r.EnrollmentDate, r.StartDate, r.EffectiveDate, r.ExpiryDate, r.AuditUserID, r.Offline, now})
	}
	ids, err := tx.BulkInsert(ctx, "tblInsureePolicy", []string{"InsureeId", "PolicyId", "EnrollmentDate", "StartDate", "EffectiveDate",
		"ExpiryDate", "AuditUserId", "isOffline", "ValidityFrom"}, values)
	if err != nil {
		return err
	}
	for i, id := range ids {
		rows[i].ID = id
	}
	return nil
}

// CloseCovers ends covers and keeps them as they were.
func CloseCovers(ctx context.Context, tx *db.Tx, author auth.Author, covers []policy.InsureePolicy) error {
	ids := make([]int, 0, len(covers))
	for _, c := range covers {
		ids = append(ids, c.ID)
	}
	return table.End(ctx, tx, author, "tblInsureePolicy", ids...)
}

// leave ends the covers of insurees: who leaves a family is not covered by its policies any more.
func leave(ctx context.Context, tx *db.Tx, author auth.Author, insurees ...int) error {
	covers, err := coversOf(ctx, tx, insurees)
	if err != nil {
		return err
	}
	return CloseCovers(ctx, tx, author, covers)
}
