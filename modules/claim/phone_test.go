package claim

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

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

// sent is a claim that passes all checks of Enter, with the rows that it needs.
func sent() (CodedClaim, *CodedRows) {
	c := CodedClaim{
		ClaimDate: date("2019-06-12"), StartDate: date("2019-06-10"), EndDate: to(date("2019-06-11")),
		HFCode: "HF1", AdminCode: "ADM", ClaimCode: "CLAIM0001", CHFID: "0123456789AB9", VisitType: "O",
		ICDCodes: [5]string{"A01", "", "B02"},
	}
	c.Lines[rules.Items] = []CodedLine{{"i1", nil, dec("2.9")}, {"I2", amount("0"), dec("1")}}
	c.Lines[rules.Services] = []CodedLine{{"S1", amount("12.345"), dec("3")}}
	r := &CodedRows{
		HFID: to(10), InsureeID: to(20), AdminID: to(30), AdminRequired: true,
		Diagnoses: []CodedRow{{ID: 41, Code: "a01"}, {ID: 42, Code: "B02 "}},
	}
	r.Entries[rules.Items] = []CodedRow{{51, "I1", amount("100"), amount("80.50")}, {52, "I2", amount("7.25"), nil}}
	r.Entries[rules.Services] = []CodedRow{{61, "S1", amount("1"), nil}}
	return c, r
}

func TestEnterMakesRows(t *testing.T) {
	c, r := sent()
	claim, code := r.Enter(c.Cut(claimCodeLength))
	if code != EnterOK {
		t.Fatalf("code %d (%s)", code, EnterText(code))
	}
	if claim.ClaimCode != "CLAIM000" || c.Cut(claimCodeLength).CHFID != "0123456789AB" {
		t.Errorf("codes are cut to 8 and 12: %q %q", claim.ClaimCode, c.Cut(claimCodeLength).CHFID)
	}
	if claim.ICDID != 41 || claim.ICDID1 != nil || *claim.ICDID2 != 42 || claim.ICDID3 != nil {
		t.Errorf("diagnoses %d %v %v", claim.ICDID, claim.ICDID1, claim.ICDID2)
	}
	want := [rules.KindCount][]struct{ quantity, price string }{
		rules.Items:    {{"2", "80.50"}, {"1", "7.25"}},
		rules.Services: {{"3", "12.35"}},
	}
	for k := range rules.KindCount {
		for i, w := range want[k] {
			l := claim.Lines[k][i]
			if !l.QtyProvided.Equal(dec(w.quantity)) || !l.PriceAsked.Equal(dec(w.price)) || l.Status != rules.LinePassed {
				t.Errorf("%s %d: %s x %s, want %s x %s", k, i, l.QtyProvided, l.PriceAsked, w.quantity, w.price)
			}
		}
	}
	if !claim.Claimed.Equal(dec("205.30")) || claim.ClaimStatus != rules.StatusEntered || claim.AuditUserID != -1 || *claim.VisitType != "O" {
		t.Errorf("claimed %s, status %d, author %d", claim.Claimed, claim.ClaimStatus, claim.AuditUserID)
	}
}

func TestEnterChecks(t *testing.T) {
	cases := []struct {
		name  string
		code  int
		spoil func(*CodedClaim, *CodedRows)
	}{
		{"facility unknown", EnterFacility, func(_ *CodedClaim, r *CodedRows) { r.HFID = nil }},
		{"code used", EnterCodeUsed, func(_ *CodedClaim, r *CodedRows) { r.CodeUsed = true }},
		{"insuree unknown", EnterInsuree, func(_ *CodedClaim, r *CodedRows) { r.InsureeID = nil }},
		{"end before start", EnterPeriod, func(c *CodedClaim, _ *CodedRows) { c.EndDate = to(date("2019-06-09")) }},
		{"main diagnosis missing", EnterDiagnosis, func(c *CodedClaim, _ *CodedRows) { c.ICDCodes[0] = "" }},
		{"additional diagnosis unknown", EnterDiagnosis, func(c *CodedClaim, _ *CodedRows) { c.ICDCodes[4] = "Z" }},
		{"item unknown", EnterItem, func(c *CodedClaim, _ *CodedRows) { c.Lines[rules.Items][1].Code = "I3" }},
		{"service unknown", EnterService, func(c *CodedClaim, _ *CodedRows) { c.Lines[rules.Services][0].Code = "" }},
		{"administrator missing", EnterAdmin, func(c *CodedClaim, _ *CodedRows) { c.AdminCode = " " }},
	}
	for i, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c, r := sent()
			// Everything that is tested later fails too: the first failure decides.
			for _, later := range cases[i:] {
				later.spoil(&c, r)
			}
			if claim, code := r.Enter(c); code != tc.code || claim != nil {
				t.Errorf("code %d (%s), want %d", code, EnterText(code), tc.code)
			}
		})
	}
	for name, spoil := range map[string]func(*CodedClaim, *CodedRows){
		"administrator wrong":        func(_ *CodedClaim, r *CodedRows) { r.AdminID = nil },
		"administrator not required": func(c *CodedClaim, r *CodedRows) { c.AdminCode, r.AdminRequired = "", false },
		"no end":                     func(c *CodedClaim, _ *CodedRows) { c.EndDate = nil },
		"no visit type":              func(c *CodedClaim, _ *CodedRows) { c.VisitType = "" },
	} {
		t.Run(name, func(t *testing.T) {
			c, r := sent()
			spoil(&c, r)
			if _, code := r.Enter(c); code != EnterOK {
				t.Errorf("code %d (%s)", code, EnterText(code))
			}
		})
	}
}
