package claim

import (
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/dbtest"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

func (c *clinic) sent(code string) CodedClaim {
	claim := CodedClaim{ClaimDate: date("2026-11-06"), StartDate: date("2026-11-05"), EndDate: to(date("2026-11-05")), HFCode: "hf1", AdminCode: "adm1",
		ClaimCode: code, CHFID: "123456789", ICDCodes: [5]string{"a01", "", "B02"}, Comment: to("sent by phone"), VisitType: "O"}
	claim.Lines[rules.Items] = []CodedLine{{"i1", nil, dec("2.9")}, {"I2", amount("10"), dec("1")}}
	claim.Lines[rules.Services] = []CodedLine{{"S1", amount("0"), dec("1")}}
	return claim
}

func TestSubmitFromPhone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		s := &Service{DB: d}
		ctx, everything, author := t.Context(), auth.Scope{All: true}, rules.Author{UserID: 7, Now: today}
		code, id, err := s.SubmitFromPhone(ctx, everything, author, c.sent("P1"))
		if err != nil || code != EnterOK {
			t.Fatal(code, err)
		}
		// 2 x 90 by the price list, 1 x 10 as sent, 1 x 50 by the register; checked already.
		if n := c.number(`SELECT COUNT(*) FROM "tblClaim" WHERE "ClaimID" = ? AND "Claimed" = 240 AND "ClaimStatus" = 4 AND "AuditUserID" = 7 AND "AuditUserIDSubmit" = 7
			AND "ICDID" = ? AND "ICDID1" IS NULL AND "ICDID2" = ? AND "ClaimAdminId" = ?`, id, c.icd, c.icd2, c.admin[0]); n != 1 {
			t.Error("the claim is not entered and checked as sent")
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblClaimItems" WHERE "ClaimID" = ? AND "ClaimItemStatus" = 1 AND "RejectionReason" = 0`, id); n != 2 {
			t.Errorf("%d items", n)
		}
		c.insert("tblControls", db.Values{"FieldName": "ClaimAdministrator", "Adjustibility": "M", "Usage": "Claim"})
		for name, tc := range map[string]struct {
			code  int
			scope auth.Scope
			spoil func(*CodedClaim)
		}{
			"facility":                 {EnterFacility, everything, func(c *CodedClaim) { c.HFCode = "HF9" }},
			"facility out of scope":    {EnterFacility, auth.Scope{HealthFacility: &c.hf[1]}, func(*CodedClaim) {}},
			"facility of another area": {EnterFacility, auth.Scope{Districts: c.districts[1:]}, func(*CodedClaim) {}},
			"code":                     {EnterCodeUsed, everything, func(c *CodedClaim) { c.ClaimCode = "p1" }},
			"insuree":                  {EnterInsuree, everything, func(c *CodedClaim) { c.CHFID = "000" }},
			"period":                   {EnterPeriod, everything, func(c *CodedClaim) { c.EndDate = to(date("2026-11-04")) }},
			"diagnosis":                {EnterDiagnosis, everything, func(c *CodedClaim) { c.ICDCodes[1] = "Z99" }},
			"item":                     {EnterItem, everything, func(c *CodedClaim) { c.Lines[rules.Items][0].Code = "I9" }},
			"service":                  {EnterService, everything, func(c *CodedClaim) { c.Lines[rules.Services][0].Code = "S9" }},
			"administrator":            {EnterAdmin, everything, func(c *CodedClaim) { c.AdminCode = "" }},
		} {
			sent := c.sent("P2")
			tc.spoil(&sent)
			if code, id, err := s.SubmitFromPhone(ctx, tc.scope, author, sent); code != tc.code || id != 0 || err != nil {
				t.Errorf("%s: code %d, claim %d, %v", name, code, id, err)
			}
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblClaim"`); n != 1 {
			t.Errorf("%d claims", n)
		}
		// A claim that the rules reject is entered all the same.
		late := c.sent("P3")
		late.StartDate, late.EndDate = date("2020-01-01"), nil
		if code, id, err := s.SubmitFromPhone(ctx, everything, author, late); code != EnterOK || err != nil || c.status(id) != rules.StatusRejected {
			t.Error(code, id, err)
		}
	})
}
