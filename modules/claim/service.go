package claim

import (
	"context"
	"fmt"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Service takes claims in that come by code instead of by id: from phones and as FHIR resources.
type Service struct{ DB *db.DB }

// SubmitFromPhone enters a claim and submits it in one transaction, as uspUpdateClaimFromPhone does. The
// code is EnterOK, or says which check failed (EnterText), and then nothing is written. What becomes of
// the claim at submission is no error: look at its status. A facility outside the scope is unknown.
// author writes the rows; the procedure's own is -1.
func (s *Service) SubmitFromPhone(ctx context.Context, scope auth.Scope, author rules.Author, sent CodedClaim) (code, claimID int, err error) {
	err = s.DB.Write(ctx, "claim "+sent.ClaimCode, func(tx *db.Tx) error {
		code, claimID, err = EnterCoded(ctx, tx, scope, author, sent, true)
		return err
	})
	return code, claimID, err
}

// EnterCoded is SubmitFromPhone within a transaction; submit is the opposite of @ByPassSubmit.
func EnterCoded(ctx context.Context, tx *db.Tx, scope auth.Scope, author rules.Author, sent CodedClaim, submit bool) (code, claimID int, err error) {
	sent = sent.Cut(codeLength(tx))
	rows, err := codedRows(ctx, tx, scope, sent)
	if err != nil {
		return 0, 0, fmt.Errorf("look up claim %s: %w", sent.ClaimCode, err)
	}
	claim, code := rows.Enter(sent)
	if code != EnterOK {
		return code, 0, nil
	}
	claim.AuditUserID = author.UserID
	for k := range claim.Lines {
		for i := range claim.Lines[k] {
			claim.Lines[k][i].AuditUserID = author.UserID
		}
	}
	if claimID, err = insertClaim(ctx, tx, claim, author.Now); err != nil || !submit {
		return code, claimID, err
	}
	_, _, err = Submit(ctx, tx, []rules.Ref{{ClaimID: claimID}}, author)
	return code, claimID, err
}
