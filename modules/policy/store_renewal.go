package policy

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/openimis/openimis-be-go/internal/calendar"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
	"github.com/openimis/openimis-be-go/modules/product"
)

// A family whose head is not an insuree gets no prompt: the procedure joins the head, and tblPolicyRenewals refers to it.
var selectCandidates = `SELECT ` + db.Columns[rules.Policy]("p") + `, ` + insuree.ResidenceColumns + `, f."InsureeID" AS "HeadID" ` +
	`FROM "tblPolicy" p JOIN "tblFamilies" f ON f."FamilyID" = p."FamilyID" JOIN "tblInsuree" h ON h."InsureeID" = f."InsureeID" ` + insuree.ResidenceJoin + ` WHERE `

// renewalInterval reads tblIMISDefaults.PolicyRenewalInterval and locks the row, so that two jobs at a time do not
// prompt twice for a policy.
func (st Store) renewalInterval(ctx context.Context) (*int, error) {
	var days *int
	err := st.Get(ctx, &days, `SELECT d."PolicyRenewalInterval" FROM "tblIMISDefaults" d $updlock ORDER BY d."DefaultID" $page(1, 0) $forupdate`)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return days, err
}

// renewals reads what the prompts for renewal depend on, in 6 statements. It leaves out policies that the filter
// refuses or that were prompted for.
func (st Store) renewals(ctx context.Context, f rules.RenewalFilter, today time.Time) (rules.RenewalData, error) {
	var d rules.RenewalData
	var err error
	if d.Standard, err = st.renewalInterval(ctx); err != nil {
		return d, err
	}
	where, args := selecting(f, f.Due(today, d.Standard))
	if err := st.Select(ctx, &d.Candidates, selectCandidates+where+` ORDER BY p."PolicyID"`, args...); err != nil || len(d.Candidates) == 0 {
		return d, err
	}
	var families []int
	seen := map[int]bool{}
	first := *d.Candidates[0].ExpiryDate
	for _, c := range d.Candidates {
		if !seen[c.FamilyID] {
			seen[c.FamilyID] = true
			families = append(families, c.FamilyID)
		}
		if c.ExpiryDate.Before(first) {
			first = *c.ExpiryDate
		}
	}
	// Only what starts on or after a renewal date can be the next policy; a closed one counts too.
	err = st.Select(ctx, &d.Policies, selectPolicies+`p."FamilyID" IN $ints(?) AND p."StartDate" >= ?`,
		db.Ints(families), db.Date(calendar.AddDays(first, 1)))
	if err != nil {
		return d, err
	}
	if d.Products, err = product.LoadAll(ctx, st); err != nil {
		return d, err
	}
	if d.Officers, err = st.officers(ctx); err != nil {
		return d, err
	}
	members, err := insuree.Members(ctx, st, everything, families)
	d.Members = map[int][]insuree.Insuree{}
	for _, m := range members {
		d.Members[*m.FamilyID] = append(d.Members[*m.FamilyID], m)
	}
	return d, err
}

// selecting is a [rules.RenewalFilter] as a condition on the policy p and the residence of its family.
func selecting(f rules.RenewalFilter, due *time.Time) (where string, args []any) {
	where = `p."ValidityTo" IS NULL AND p."PolicyStatus" IN (2, 8) AND p."ExpiryDate" IS NOT NULL AND p."OfficerID" IS NOT NULL ` +
		`AND NOT EXISTS (SELECT 1 FROM "tblPolicyRenewals" r WHERE r."PolicyID" = p."PolicyID" AND r."ValidityTo" IS NULL)`
	for _, c := range []struct {
		sql string
		day *time.Time
	}{{`p."ExpiryDate" = ?`, due}, {`p."ExpiryDate" >= ?`, f.From}, {`p."ExpiryDate" <= ?`, f.To}} {
		if c.day != nil {
			where, args = where+` AND `+c.sql, append(args, db.Date(*c.day))
		}
	}
	for _, c := range []struct {
		sql string
		id  *int
	}{{`res_d."ParentLocationId" = ?`, f.Region}, {`res_d."LocationId" = ?`, f.District}, {`res_w."LocationId" = ?`, f.Ward},
		{`res_v."LocationId" = ?`, f.Village}, {`p."OfficerID" = ?`, f.Officer}} {
		if c.id != nil && *c.id != 0 {
			where, args = where+` AND `+c.sql, append(args, *c.id)
		}
	}
	return where, args
}

func (st Store) officers(ctx context.Context) (map[int]rules.Officer, error) {
	var rows []rules.Officer
	err := st.Select(ctx, &rows, `SELECT `+db.Columns[rules.Officer]("o")+` FROM "tblOfficer" o`)
	officers := make(map[int]rules.Officer, len(rows))
	for _, o := range rows {
		officers[o.ID] = o
	}
	return officers, err
}

// insertRenewals adds the prompts and their photos to renew, and gives the prompts their ids.
func insertRenewals(ctx context.Context, tx *db.Tx, renewals []rules.Renewal, now time.Time) error {
	const author = 0 // the procedure signs so
	values := make([][]any, 0, len(renewals))
	for _, r := range renewals {
		values = append(values, []any{r.PolicyID, r.InsureeID, r.ProductID, r.OfficerID, db.Date(r.PromptDate), db.Date(r.Date), r.Phone, r.Warnings, 0, author, now})
	}
	ids, err := tx.BulkInsert(ctx, "tblPolicyRenewals", []string{"PolicyID", "InsureeID", "NewProdID", "NewOfficerID", "RenewalPromptDate",
		"RenewalDate", "PhoneNumber", "RenewalWarnings", "SMSStatus", "AuditCreateUser", "ValidityFrom"}, values)
	if err != nil {
		return err
	}
	var photos [][]any
	for i, id := range ids {
		renewals[i].ID = id
		for _, insureeID := range renewals[i].Photos {
			photos = append(photos, []any{id, insureeID, author, now})
		}
	}
	_, err = tx.BulkInsert(ctx, "tblPolicyRenewalDetails", []string{"RenewalID", "InsureeID", "AuditCreateUser", "ValidityFrom"}, photos)
	return err
}
