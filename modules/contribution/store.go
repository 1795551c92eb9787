package contribution

import (
	"context"
	"database/sql"
	"errors"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/contribution/rules"
	"github.com/openimis/openimis-be-go/modules/policy"
)

// Store reads premiums and writes what they set off.
type Store struct{ db.Query }

var selectPremiums = `SELECT ` + db.Columns[rules.Premium]("c") + ` FROM "tblPremium" c WHERE c."ValidityTo" IS NULL AND `

// ScopeWhere is the condition on rows of tblPremium, as alias, that a scope may see: those of its policies. "" means
// all rows.
func ScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	where, args = policy.ScopeWhere(s, "scope_p")
	if where == "" {
		return "", nil
	}
	return alias + `."PolicyID" IN (SELECT scope_p."PolicyID" FROM "tblPolicy" scope_p WHERE ` + where + `)`, args
}

// OfPolicies reads the current premiums of policies, in the order of their ids.
func (st Store) OfPolicies(ctx context.Context, s auth.Scope, policies []int) ([]rules.Premium, error) {
	seen, args := ScopeWhere(s, "c")
	w := new(table.Where).And(`c."PolicyID" IN $ints(?)`, db.Ints(policies)).And(seen, args...)
	var rows []rules.Premium
	err := st.Select(ctx, &rows, selectPremiums+w.Condition()+` ORDER BY c."PremiumId"`, w.Args()...)
	return rows, err
}

// byID reads a current premium; nil when there is none.
func (st Store) byID(ctx context.Context, id int) (*rules.Premium, error) {
	var p rules.Premium
	err := st.Get(ctx, &p, selectPremiums+`c."PremiumId" = ?`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &p, err
}

// apply writes an effect to the policy and its covers, and keeps both as they were.
func apply(ctx context.Context, tx *db.Tx, policyID int, e rules.Effect, author auth.Author) error {
	if e.Status == nil {
		return nil
	}
	if err := tx.Archive(ctx, "tblPolicy", author.At, []int{policyID}); err != nil {
		return err
	}
	set := db.Values{"PolicyStatus": *e.Status, "AuditUserID": author.AuditUserID()}
	if e.EffectiveDate != nil {
		set["EffectiveDate"] = *e.EffectiveDate
	}
	if _, err := tx.Update(ctx, "tblPolicy", policyID, set); err != nil {
		return err
	}
	columns := []string{"InsureePolicyId", "EffectiveDate", "StartDate", "ExpiryDate", "AuditUserId"}
	var ids []int
	var rows [][]any
	for _, c := range e.Covers {
		ids = append(ids, c.ID)
		rows = append(rows, []any{c.ID, c.EffectiveDate, c.StartDate, c.ExpiryDate, author.AuditUserID()})
	}
	if err := tx.Archive(ctx, "tblInsureePolicy", author.At, ids); err != nil {
		return err
	}
	_, err := tx.BulkUpdate(ctx, "tblInsureePolicy", columns, rows)
	return err
}

// values are the columns of tblPremium that a payment fills.
func values(p Payment) db.Values {
	return db.Values{"PayerID": p.PayerID, "Amount": p.Amount, "Receipt": p.Receipt, "PayDate": p.PayDate, "PayType": p.PayType, "isPhotoFee": p.PhotoFee}
}

// payerKnown says whether there is a current payer.
func (st Store) payerKnown(ctx context.Context, id int) (bool, error) {
	var n int
	err := st.Get(ctx, &n, `SELECT COUNT(*) FROM "tblPayer" y WHERE y."PayerID" = ? AND y."ValidityTo" IS NULL`, id)
	return n > 0, err
}

// receiptTaken says whether another current premium for a product has a receipt. It locks the product, so that two at a
// time do not take the same number.
func receiptTaken(ctx context.Context, tx *db.Tx, productID int, receipt string, self int) (bool, error) {
	var locked []int
	if err := tx.Select(ctx, &locked, `SELECT p."ProdID" FROM "tblProduct" p $updlock WHERE p."ProdID" = ? $forupdate`, productID); err != nil {
		return false, err
	}
	var n int
	err := tx.Get(ctx, &n, `SELECT COUNT(*) FROM "tblPremium" c JOIN "tblPolicy" p ON p."PolicyID" = c."PolicyID" `+
		`WHERE p."ProdID" = ? AND $eq(c."Receipt", ?) AND c."ValidityTo" IS NULL AND c."PremiumId" <> ?`, productID, receipt, self)
	return n > 0, err
}
