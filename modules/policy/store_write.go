package policy

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
)

// terms are the columns of tblPolicy that an enrolment sets.
type terms struct {
	ProductID int
	OfficerID *int
	Stage     string
	Enrol     time.Time
	Period    rules.Period
	Value     decimal.Decimal
}

func (t terms) values() db.Values {
	return db.Values{"ProdID": t.ProductID, "OfficerID": t.OfficerID, "PolicyStage": t.Stage, "EnrollDate": t.Enrol, "StartDate": t.Period.Start,
		"ExpiryDate": t.Period.Expiry, "PolicyValue": t.Value}
}

// insertPolicy adds an idle policy and answers its id.
func insertPolicy(ctx context.Context, tx *db.Tx, author auth.Author, family int, t terms) (int, error) {
	v := t.values()
	v["FamilyID"], v["PolicyStatus"], v["EffectiveDate"], v["isOffline"] = family, rules.StatusIdle, nil, false
	v["AuditUserID"], v["ValidityFrom"] = author.AuditUserID(), author.At
	return tx.Insert(ctx, "tblPolicy", v)
}

// cover adds rows of insurees under a policy that is not effective yet.
func cover(ctx context.Context, tx *db.Tx, author auth.Author, id int, t terms, insurees []int) error {
	offline, err := insuree.OfflineSite(ctx, tx)
	if err != nil {
		return err
	}
	user := author.AuditUserID()
	rows := make([]rules.Coverage, 0, len(insurees))
	for _, i := range insurees {
		rows = append(rows, rules.Coverage{InsureePolicy: rules.InsureePolicy{InsureeID: i, PolicyID: id, EnrollmentDate: &t.Enrol, StartDate: &t.Period.Start,
			ExpiryDate: &t.Period.Expiry, AuditUserID: &user, Offline: offline}})
	}
	return insuree.InsertCovers(ctx, tx, rows, author.At)
}

// closeRenewals ends the prompts for the renewal of a policy. tblPolicyRenewals keeps no copies.
func closeRenewals(ctx context.Context, tx *db.Tx, author auth.Author, id int) error {
	_, err := tx.Exec(ctx, `UPDATE "tblPolicyRenewals" SET "ValidityTo" = ? WHERE "PolicyID" = ? AND "ValidityTo" IS NULL`, author.At, id)
	return err
}

// officerKnown says whether there is a current enrolment officer.
func (st Store) officerKnown(ctx context.Context, id int) (bool, error) {
	var n int
	err := st.Get(ctx, &n, `SELECT COUNT(*) FROM "tblOfficer" o WHERE o."OfficerID" = ? AND o."ValidityTo" IS NULL`, id)
	return n > 0, err
}

// consumed says whether claims have used up anything of a policy.
func (st Store) consumed(ctx context.Context, id int) (bool, error) {
	var n int
	err := st.Get(ctx, &n, `SELECT COUNT(*) FROM "tblClaimDedRem" u WHERE u."PolicyID" = ? AND u."ValidityTo" IS NULL`, id)
	return n > 0, err
}

// premiumsOf reads the ids of the current premiums of a policy, photo fees too.
func (st Store) premiumsOf(ctx context.Context, id int) ([]int, error) {
	var ids []int
	err := st.Select(ctx, &ids, `SELECT c."PremiumId" FROM "tblPremium" c WHERE c."PolicyID" = ? AND c."ValidityTo" IS NULL ORDER BY c."PremiumId"`, id)
	return ids, err
}

// date gives the covers of a policy its dates, and keeps them as they were.
func date(ctx context.Context, tx *db.Tx, author auth.Author, covers []int, t terms) error {
	if err := tx.Archive(ctx, "tblInsureePolicy", author.At, covers); err != nil {
		return err
	}
	rows := make([][]any, 0, len(covers))
	for _, id := range covers {
		rows = append(rows, []any{id, t.Enrol, t.Period.Start, t.Period.Expiry, author.AuditUserID()})
	}
	_, err := tx.BulkUpdate(ctx, "tblInsureePolicy", []string{"InsureePolicyId", "EnrollmentDate", "StartDate", "ExpiryDate", "AuditUserId"}, rows)
	return err
}
