package claim

import (
	"context"
	"fmt"
	"slices"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/insuree"
)

// create enters a claim.
func create(ctx context.Context, tx *db.Tx, c mutation.Call, in claimInput) (out mutation.Outcome, err error) {
	if err := in.check(c.Now, codeLength(tx)); err != nil {
		return out, err
	}
	for _, s := range []struct {
		field       string
		given, want int
	}{
		{"status", in.Status, rules.StatusEntered},
		{"feedbackStatus", orFlag(in.FeedbackStatus), rules.FlagIdle},
		{"reviewStatus", orFlag(in.ReviewStatus), rules.FlagIdle},
	} {
		if s.given != s.want {
			return out, fault.Input(s.field, "%s: a new claim has %d; %d is not allowed.", s.field, s.want, s.given)
		}
	}
	for k, lines := range in.lines() {
		for i := range lines {
			if lines[i].ID != nil {
				at := fmt.Sprintf("%s[%d].id", inputName(rules.Kind(k)), i)
				return out, fault.Input(at, "%s: a new claim has no line %d.", at, *lines[i].ID)
			}
		}
	}
	if err := in.references(ctx, tx, c.Principal, nil); err != nil {
		return out, err
	}
	_, err = insertClaim(ctx, tx, in.entered(c.Principal.AuditUserID()), c.Now)
	return out, err
}

func orFlag(flag *int) int {
	if flag == nil {
		return rules.FlagIdle
	}
	return *flag
}

// entered makes the rows of a new claim.
func (in *claimInput) entered(user int) *EnteredClaim {
	icd := in.diagnoses()
	e := &EnteredClaim{
		InsureeID: in.InsureeID, HFID: in.HealthFacilityID, ClaimAdminID: in.AdminID, ClaimCode: in.Code,
		DateClaimed: in.DateClaimed.Time, DateFrom: in.DateFrom.Time, DateTo: in.DateTo.pointer(),
		ICDID: in.ICDID, ICDID1: icd[1].id, ICDID2: icd[2].id, ICDID3: icd[3].id, ICDID4: icd[4].id,
		VisitType: in.VisitType, Claimed: in.total(), ClaimStatus: rules.StatusEntered, AuditUserID: user,
	}
	for k, lines := range in.lines() {
		for i := range lines {
			e.Lines[k] = append(e.Lines[k], lines[i].entered(rules.Kind(k), user))
		}
	}
	return e
}

func (l *lineInput) entered(k rules.Kind, user int) EnteredLine {
	return EnteredLine{EntryID: *l.entry(k), QtyProvided: *l.QtyProvided, PriceAsked: *l.PriceAsked, Status: rules.LinePassed,
		AuditUserID: user, Explanation: l.Explanation, Justification: l.Justification}
}

// references checks that what the input refers to exists, is current and may be used by p. The facility
// is locked, so that two claims at a time cannot take the same code.
func (in *claimInput) references(ctx context.Context, tx *db.Tx, p *auth.Principal, old *kept) error {
	if old == nil {
		old = &kept{}
	}
	if err := in.facility(ctx, tx, p, old.claim); err != nil {
		return err
	}
	if in.InsureeID != old.insuree {
		// A claim shows its patient to whoever sees the claim, so that only somebody whom the user may see
		// can be named by an id. Patients from elsewhere come by their number (EnterCoded).
		patient, err := insuree.ByID(ctx, tx, p.Scope, in.InsureeID)
		if err != nil {
			return err
		}
		if patient == nil || !patient.Current() {
			return fault.Input("insureeId", "insureeId: there is no current insuree %d that you may see.", in.InsureeID)
		}
	}
	var icds []reference
	for _, d := range in.diagnoses() {
		if d.id != nil && !slices.Contains(old.icds, *d.id) {
			icds = append(icds, reference{d.field, *d.id, "diagnosis"})
		}
	}
	if err := known(ctx, tx, "tblICDCodes", "ICDID", icds...); err != nil {
		return err
	}
	for k, lines := range in.lines() {
		n := rules.Legacy[k]
		var used []reference
		for i := range lines {
			if id := *lines[i].entry(rules.Kind(k)); !slices.Contains(old.entries[k], id) {
				member := [rules.KindCount]string{"itemId", "serviceId"}[k]
				used = append(used, reference{fmt.Sprintf("%s[%d].%s", inputName(rules.Kind(k)), i, member), id, [rules.KindCount]string{"item", "service"}[k]})
			}
		}
		if err := known(ctx, tx, n.Entry, n.EntryID, used...); err != nil {
			return err
		}
	}
	return in.admin(ctx, tx, p, old.admin)
}

// facility checks the health facility, locks it, and checks that its code is free.
func (in *claimInput) facility(ctx context.Context, tx *db.Tx, p *auth.Principal, claim int) error {
	switch found, err := lockFacility(ctx, tx, p.Scope, in.HealthFacilityID); {
	case err != nil:
		return err
	case !found:
		return fault.Input("healthFacilityId", "healthFacilityId: there is no health facility %d that you may enter claims for.", in.HealthFacilityID)
	}
	used, err := codeUsed(ctx, tx, in.HealthFacilityID, in.Code, claim)
	if err == nil && used {
		err = &fault.Error{Code: fault.Conflict, Field: "code", Message: fmt.Sprintf("code: the health facility has a claim %s already.", in.Code)}
	}
	return err
}

// admin checks the claim administrator. Without one, a claim administrator who enters the claim himself
// is meant: the 2019 application does not send any.
func (in *claimInput) admin(ctx context.Context, tx *db.Tx, p *auth.Principal, old *int) error {
	if in.AdminID == nil {
		in.AdminID = old
		if old != nil || p.Person == nil || p.Person.HealthFacility == nil {
			return nil
		}
		id, err := adminOf(ctx, tx, in.HealthFacilityID, p.Username)
		in.AdminID = id
		return err
	}
	if old != nil && *old == *in.AdminID {
		return nil
	}
	ok, err := isAdminOf(ctx, tx, *in.AdminID, in.HealthFacilityID)
	if err == nil && !ok {
		err = fault.Input("adminId", "adminId: the health facility has no claim administrator %d.", *in.AdminID)
	}
	return err
}
