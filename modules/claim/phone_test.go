package claim

import (
	"errors"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func amount(s string) *decimal.Decimal { return rules.Pointer(dec(s)) }

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func to[T any](v T) *T { return &v }

func (c *clinic) sent(code string) PhoneClaim {
	claim := PhoneClaim{ClaimDate: date("2026-11-06"), StartDate: date("2026-11-05"), EndDate: to(date("2026-11-05")), HFCode: "hf1", AdminCode: "adm1",
		ClaimCode: code, CHFID: "123456789", ICDCodes: [5]string{"a01", "", "B02"}, Comment: to("sent by phone"), VisitType: "O"}
	claim.Lines[rules.Items] = []PhoneLine{{"i1", nil, dec("2.9")}, {"I2", amount("10"), dec("1")}}
	claim.Lines[rules.Services] = []PhoneLine{{"S1", amount("0"), dec("1")}}
	return claim
}

// phone enters and submits a claim as a user who sees a scope.
func (c *clinic) phone(scope auth.Scope, sent PhoneClaim, bypass bool) (code, id int, err error) {
	c.t.Helper()
	err = c.d.Write(c.t.Context(), "phone", func(tx *db.Tx) error {
		code, id, err = FromPhone(c.t.Context(), tx, Author{user(7, scope), today}, sent, bypass)
		return err
	})
	return code, id, err
}

func TestFromPhone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		everything := auth.Scope{All: true}
		code, id, err := c.phone(everything, c.sent("P1"), false)
		if err != nil || code != PhoneOK {
			t.Fatal(code, err)
		}
		// 2 x 90 by the price list, 1 x 10 as sent, 1 x 50 by the register; checked already.
		if n := c.number(`SELECT COUNT(*) FROM "tblClaim" WHERE "ClaimID" = ? AND "Claimed" = 240 AND "ClaimStatus" = 4 AND "AuditUserID" = 7 AND "AuditUserIDSubmit" = 7
			AND "ICDID" = ? AND "ICDID1" IS NULL AND "ICDID2" = ? AND "ClaimAdminId" = ?`, id, c.icd, c.icd2, c.admin[0]); n != 1 {
			t.Error("the claim is not entered and checked as sent")
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblClaimItems" WHERE "ClaimID" = ? AND "ClaimItemStatus" = 1 AND "RejectionReason" = 0 AND "AuditUserID" = 7`, id); n != 2 {
			t.Errorf("%d items", n)
		}
		c.insert("tblControls", db.Values{"FieldName": "ClaimAdministrator", "Adjustibility": "M", "Usage": "Claim"})
		checks := []struct {
			name  string
			code  int
			spoil func(*PhoneClaim)
		}{
			{"facility", PhoneFacility, func(c *PhoneClaim) { c.HFCode = "HF9" }},
			{"code", PhoneCodeUsed, func(c *PhoneClaim) { c.ClaimCode = "p1" }},
			{"insuree", PhoneInsuree, func(c *PhoneClaim) { c.CHFID = "000" }},
			{"period", PhonePeriod, func(c *PhoneClaim) { c.EndDate = to(date("2026-11-04")) }},
			{"main diagnosis", PhoneDiagnosis, func(c *PhoneClaim) { c.ICDCodes[0] = "" }},
			{"diagnosis", PhoneDiagnosis, func(c *PhoneClaim) { c.ICDCodes[1] = "Z99" }},
			{"item", PhoneItem, func(c *PhoneClaim) { c.Lines[rules.Items][0].Code = "I9" }},
			{"service", PhoneService, func(c *PhoneClaim) { c.Lines[rules.Services][0].Code = "" }},
			{"administrator", PhoneAdmin, func(c *PhoneClaim) { c.AdminCode = " " }},
		}
		for i, tc := range checks {
			sent := c.sent("P2")
			for _, later := range checks[i:] { // all that is tested later fails too: the first failure decides
				later.spoil(&sent)
			}
			if code, id, err := c.phone(everything, sent, false); code != tc.code || id != 0 || err != nil {
				t.Errorf("%s: code %d, claim %d, %v", tc.name, code, id, err)
			}
		}
		for name, scope := range map[string]auth.Scope{"another facility": {HealthFacility: &c.hf[1]}, "another district": {Districts: c.districts[1:]}, "nothing": {}} {
			if code, id, err := c.phone(scope, c.sent("P2"), false); code != PhoneFacility || id != 0 || err != nil {
				t.Errorf("a user of %s: code %d, claim %d, %v", name, code, id, err)
			}
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblClaim"`); n != 1 {
			t.Errorf("%d claims", n)
		}
		// A claim that the rules reject is entered all the same, and one that is not submitted waits.
		late := c.sent("P3")
		late.StartDate, late.EndDate = date("2020-01-01"), nil
		if code, id, err := c.phone(everything, late, false); code != PhoneOK || err != nil || c.status(id) != rules.StatusRejected {
			t.Error(code, id, err)
		}
		if code, id, err := c.phone(everything, c.sent("P4"), true); code != PhoneOK || err != nil || c.status(id) != rules.StatusEntered {
			t.Error(code, id, err)
		}
	})
}

// What the procedure lets pass, it does here: a wrong administrator, no end, no visit type, codes that are too long,
// dates ahead. What it would break on is refused.
func TestFromPhoneIsLenient(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	everything := auth.Scope{All: true}
	for code, spoil := range map[string]func(*PhoneClaim){
		"WRONGADM": func(c *PhoneClaim) { c.AdminCode = "ADM9" },
		"NOEND":    func(c *PhoneClaim) { c.EndDate = nil },
		"NOVISIT":  func(c *PhoneClaim) { c.VisitType = "" },
		"X":        func(c *PhoneClaim) { c.VisitType = "xyz" },
		"LONGCODE": func(c *PhoneClaim) {
			c.ClaimCode += "1234567890123456789012345678901234567890123456789"[:max(0, CodeLength(d)-8)] + "TOOLONG"
		},
		"AHEAD": func(c *PhoneClaim) { c.StartDate, c.EndDate = date("2027-01-01"), nil },
	} {
		sent := c.sent(code)
		spoil(&sent)
		got, id, err := c.phone(everything, sent, false)
		if got != PhoneOK || err != nil {
			t.Errorf("%s: %d, %v", code, got, err)
			continue
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblClaim" WHERE "ClaimID" = ? AND "ClaimCode" LIKE ?`, id, code+"%"); n != 1 {
			t.Errorf("%s is not there", code)
		}
	}
	if n := c.number(`SELECT COUNT(*) FROM "tblClaim" WHERE "ClaimCode" = 'WRONGADM' AND "ClaimAdminId" IS NULL`); n != 1 {
		t.Error("the wrong administrator is kept")
	}
	sent := c.sent("")
	if code, _, err := c.phone(everything, sent, false); code != PhoneOK || !errors.As(err, new(*Refusal)) {
		t.Errorf("no code: %d, %v", code, err)
	}
}
