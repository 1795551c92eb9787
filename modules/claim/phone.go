package claim

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// PhoneClaim is a claim as phones send it: everything by code. It is the document of uspUpdateClaimFromPhone (§8.8).
type PhoneClaim struct {
	ClaimDate   time.Time
	StartDate   time.Time
	EndDate     *time.Time
	HFCode      string
	AdminCode   string
	ClaimCode   string
	GuaranteeID *string
	CHFID       string
	// ICDCodes are the main and up to four additional diagnoses; empty additional ones are none.
	ICDCodes  [rules.DiagnosisCount]string
	Comment   *string
	VisitType string
	Lines     [rules.KindCount][]PhoneLine
}

// PhoneLine is an item or service of a PhoneClaim.
type PhoneLine struct {
	Code     string
	Price    rules.Amount // nil and 0: the price list's
	Quantity decimal.Decimal
}

// Return values of uspUpdateClaimFromPhone. Value 6 (no total) is never returned; the procedure's -1 is an error here.
const (
	PhoneOK        = 0
	PhoneFacility  = 1
	PhoneCodeUsed  = 2
	PhoneInsuree   = 3
	PhonePeriod    = 4
	PhoneDiagnosis = 5
	PhoneItem      = 7
	PhoneService   = 8
	PhoneAdmin     = 9
)

var phoneCodes = map[rules.Code]int{
	rules.UnknownFacility: PhoneFacility, rules.CodeUsed: PhoneCodeUsed, rules.UnknownInsuree: PhoneInsuree, rules.BadPeriod: PhonePeriod,
	rules.UnknownDiagnosis: PhoneDiagnosis, rules.UnknownItem: PhoneItem, rules.UnknownService: PhoneService, rules.AdminMissing: PhoneAdmin,
}

// FromPhone enters a claim and submits it, as uspUpdateClaimFromPhone does (unless bypass, its @ByPassSubmit). The code is
// PhoneOK, or that of the first check of the procedure that failed, and then nothing is written. What becomes of the claim
// at submission is not an error: look at its status. A facility outside the scope is unknown.
//
// A wrong claim administrator passes, only a missing code does not; quantities lose their fraction, codes that are too
// long their end (all §13 #29). A claim that the procedure would answer with -1 is a *Refusal.
func FromPhone(ctx context.Context, tx *db.Tx, a Author, c PhoneClaim, bypass bool) (code, claimID int, err error) {
	var s Service
	claimID, err = s.Enter(ctx, tx, a, c.form(CodeLength(tx)))
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		for _, p := range refusal.Problems {
			if known, ok := phoneCodes[p.Code]; ok && (code == PhoneOK || known < code) {
				code = known
			}
		}
		if code != PhoneOK {
			return code, 0, nil
		}
	}
	if err != nil || bypass {
		return PhoneOK, claimID, err
	}
	_, err = s.Submit(ctx, tx, a, []rules.Ref{{ClaimID: claimID}})
	return PhoneOK, claimID, err
}

// phoneCHFID is the length of the procedure's variable; since database 1.7 it has that of the claim code.
const phoneCHFID = 12

func (c *PhoneClaim) form(codeLength int) rules.Form {
	f := rules.Form{Code: cut(c.ClaimCode, codeLength), Facility: rules.Named{Code: c.HFCode}, Insuree: rules.Named{Code: cut(c.CHFID, max(phoneCHFID, codeLength))},
		Admin: &rules.Named{Code: c.AdminCode}, From: c.StartDate, To: c.EndDate, Claimed: c.ClaimDate, GuaranteeID: c.GuaranteeID, Explanation: c.Comment, Lenient: true}
	for i, code := range c.ICDCodes {
		f.Diagnoses[i] = rules.Named{Code: code}
	}
	if visit := cut(strings.TrimSpace(c.VisitType), 1); visit != "" {
		f.VisitType = &visit
	}
	for k := range rules.KindCount {
		for _, l := range c.Lines[k] {
			quantity := l.Quantity.Truncate(0)
			line := rules.FormLine{Of: rules.Named{Code: l.Code}, Quantity: &quantity}
			if rules.Given(l.Price) {
				line.Price = l.Price
			}
			f.Lines[k] = append(f.Lines[k], line)
		}
	}
	return f
}

// cut shortens a text to a number of characters as SQL Server counts them.
func cut(s string, length int) string {
	n := 0
	for i, r := range s {
		if n += schema.Length(string(r)); n > length {
			return s[:i]
		}
	}
	return s
}
