package claim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// byCode is a claim that is named by codes, as FHIR clients do.
func (c *clinic) byCode(code string) rules.Form {
	f := rules.Form{Code: code, Facility: rules.Named{Code: "hf1"}, Insuree: rules.Named{Code: "123456789"}, Admin: &rules.Named{Code: "ADM1"},
		Diagnoses: [rules.DiagnosisCount]rules.Named{{Code: "a01"}, {}, {Code: "B02"}}, From: date("2026-11-05"), To: to(date("2026-11-05")), Claimed: date("2026-11-06"), VisitType: to("o")}
	f.Lines[rules.Items] = []rules.FormLine{{Of: rules.Named{Code: "i1"}, Quantity: amount("2.5"), Price: amount("90")}, {Of: rules.Named{Code: "I2"}, Quantity: amount("1")}}
	f.Lines[rules.Services] = []rules.FormLine{{Of: rules.Named{Code: "S1"}, Quantity: amount("1")}}
	return f
}

// byID names the same by ids.
func (c *clinic) byID(code string) rules.Form {
	f := c.byCode(code)
	f.Facility, f.Insuree, f.Admin = rules.Named{ID: c.hf[0]}, rules.Named{ID: c.insuree}, &rules.Named{ID: c.admin[0]}
	f.Diagnoses = [rules.DiagnosisCount]rules.Named{{ID: c.icd}, {}, {ID: c.icd2}}
	for i := range c.item {
		f.Lines[rules.Items][i].Of = rules.Named{ID: c.item[i]}
	}
	f.Lines[rules.Services][0].Of = rules.Named{ID: c.service}
	return f
}

func (c *clinic) write(p *auth.Principal, do func(*db.Tx, Author) error) error {
	return c.d.Write(c.t.Context(), "test", func(tx *db.Tx) error { return do(tx, Author{p, today}) })
}

func (c *clinic) enterForm(p *auth.Principal, f rules.Form) (id int, err error) {
	err = c.write(p, func(tx *db.Tx, a Author) error { id, err = Service{}.Enter(c.t.Context(), tx, a, f); return err })
	return id, err
}

// The same claim by id and by code leaves the same rows.
func TestEnterByIDAndByCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		for code, f := range map[string]rules.Form{"ID": c.byID("ID"), "CODE": c.byCode("CODE")} {
			id, err := c.enterForm(c.clerk(), f)
			if err != nil {
				t.Fatal(code, err)
			}
			// 2.5 x 90 as said, 1 x 90 by the price list, 1 x 50 by the register.
			if n := c.number(`SELECT COUNT(*) FROM "tblClaim" WHERE "ClaimID" = ? AND "ClaimCode" = ? AND "HFID" = ? AND "InsureeID" = ? AND "ClaimAdminId" = ? AND "ICDID" = ?
				AND "ICDID1" IS NULL AND "ICDID2" = ? AND "VisitType" = 'O' AND "Claimed" = 365 AND "ClaimStatus" = 2 AND "AuditUserID" = 2 AND "FeedbackStatus" = 1 AND "ReviewStatus" = 1`,
				id, code, c.hf[0], c.insuree, c.admin[0], c.icd, c.icd2); n != 1 {
				t.Errorf("%s: the claim is not entered as said", code)
			}
			if n := c.number(`SELECT COUNT(*) FROM "tblClaimItems" WHERE "ClaimID" = ? AND "PriceAsked" = 90 AND "ClaimItemStatus" = 1 AND "RejectionReason" = 0 AND "ValidityTo" IS NULL`, id); n != 2 {
				t.Errorf("%s: %d items", code, n)
			}
			if n := c.number(`SELECT COUNT(*) FROM "tblClaimServices" WHERE "ClaimID" = ? AND "ServiceID" = ? AND "PriceAsked" = 50 AND "QtyProvided" = 1`, id, c.service); n != 1 {
				t.Errorf("%s: %d services", code, n)
			}
		}
	})
}

// A claim with everything wrong is told everything, with a code and a place each, and nothing is written.
func TestRefusalNamesAllProblems(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	c.insert("tblControls", db.Values{"FieldName": "ClaimAdministrator", "Adjustibility": "M", "Usage": "Claim"})
	c.enter("TAKEN")
	for name, tc := range map[string]struct {
		spoil func(*rules.Form)
		want  []rules.Code
	}{
		"unknown facility":                  {func(f *rules.Form) { f.Facility.Code = "HF9" }, []rules.Code{rules.UnknownFacility}},
		"no facility":                       {func(f *rules.Form) { f.Facility.Code = "" }, []rules.Code{rules.UnknownFacility}},
		"out of scope":                      {func(f *rules.Form) { f.Facility.Code = "HF2" }, []rules.Code{rules.UnknownFacility}},
		"no administrator":                  {func(f *rules.Form) { f.Admin.Code = "" }, []rules.Code{rules.AdminMissing}},
		"administrator of another facility": {func(f *rules.Form) { f.Admin.Code = "ADM2" }, []rules.Code{rules.UnknownAdmin}},
		"everything else": {func(f *rules.Form) {
			f.Code, f.To, f.Insuree.Code, f.Diagnoses[0].Code, f.Diagnoses[3].Code = "taken", to(date("2026-11-01")), "0", "", "Z99"
			f.Lines[rules.Items][1].Of.Code, f.Lines[rules.Services][0].Of.Code, f.Lines[rules.Services][0].Quantity = "I9", "", amount("-1")
			f.Admin.Code = "ADM9"
		}, []rules.Code{rules.BadPeriod, rules.UnknownService, rules.BadValue, rules.CodeUsed, rules.UnknownInsuree, rules.UnknownDiagnosis, rules.UnknownDiagnosis, rules.UnknownItem, rules.UnknownAdmin}},
	} {
		f := c.byCode("NEW")
		tc.spoil(&f)
		_, err := c.enterForm(c.clerk(), f)
		var refusal *Refusal
		if !errors.As(err, &refusal) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []rules.Code
		for _, p := range refusal.Problems {
			got = append(got, p.Code)
			if p.At.Part == 0 || p.Text == "" || fieldName(p.At) == "" {
				t.Errorf("%s: %+v has no place, text or field", name, p)
			}
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v: %v", name, got, tc.want, err)
		}
	}
	if n := c.number(`SELECT COUNT(*) FROM "tblClaim"`); n != 1 {
		t.Errorf("%d claims", n)
	}
}

// The insuree that stands for funding is nobody to claim for, by id or by number.
func TestNobodyClaimsForMoney(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		c.exec(`UPDATE "tblInsuree" SET "CHFID" = '999999999' WHERE "InsureeID" = ?`, c.insuree)
		byCode := c.byCode("CODE")
		byCode.Insuree.Code = "999999999"
		for name, f := range map[string]rules.Form{"by id": c.byID("ID"), "by number": byCode} {
			_, err := c.enterForm(c.boss(), f)
			var refusal *Refusal
			if !errors.As(err, &refusal) || len(refusal.Problems) != 1 || refusal.Problems[0].Code != rules.UnknownInsuree {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A patient from elsewhere is named by number only.
func TestPatientFromElsewhere(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	far := c.insert("tblInsuree", db.Values{"CHFID": "987654321", "LastName": "Far", "OtherNames": "Off", "DOB": date("1980-01-01"), "Gender": "F", "FamilyID": c.insert("tblFamilies", db.Values{"InsureeID": 0}), "IsHead": true})
	f := c.byCode("FAR")
	f.Insuree = rules.Named{Code: "987654321"}
	if _, err := c.enterForm(c.clerk(), f); err != nil {
		t.Error(err)
	}
	f.Code, f.Insuree = "FAR2", rules.Named{ID: far}
	if _, err := c.enterForm(c.clerk(), f); !errors.As(err, new(*Refusal)) {
		t.Error(err)
	}
}

// What became of each claim of many is told, in order, once each.
func TestOutcomes(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	good, done, bad, stale := c.enter("GOOD"), c.enter("DONE"), c.enter("BAD"), c.enter("STALE")
	c.must(c.boss(), "submitClaims", object{"ids": []int{done}})
	c.exec(`UPDATE "tblClaim" SET "DateFrom" = ?, "DateTo" = NULL WHERE "ClaimID" = ?`, db.Date(date("2020-01-01")), bad)
	var s Submission
	err := c.write(c.clerk(), func(tx *db.Tx, a Author) (err error) {
		s, err = Service{}.Submit(t.Context(), tx, a, []rules.Ref{{ClaimID: stale, RowID: 77}, {ClaimID: bad}, {ClaimID: 9999}, {ClaimID: good}, {ClaimID: done}, {ClaimID: good}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range s.Outcomes {
		why := Reason(0)
		if o.Obstacle != nil {
			why = o.Obstacle.Reason
		}
		got = append(got, fmt.Sprintf("%s %d %d", o.Code, o.Status, why))
	}
	if want := []string{"GOOD 4 0", "DONE 4 2", "BAD 1 0", "STALE 2 5", " 0 1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if s.Counts.Checked != 1 || s.Counts.Rejected != 1 || s.Counts.Changed != 1 {
		t.Errorf("%+v", s.Counts)
	}
}

// How many statements the operations on a claim of an item and a service take, whatever the contract: the rows that are
// locked are those that are read.
func TestStatementsOfOneClaim(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	s, id := Service{}, 0
	for _, step := range []struct {
		name string
		want int
		do   func(ctx context.Context, tx *db.Tx, a Author) error
	}{
		{"enter", 10, func(ctx context.Context, tx *db.Tx, a Author) (err error) {
			f := c.byCode("C1")
			f.Lines[rules.Items] = f.Lines[rules.Items][:1]
			id, err = s.Enter(ctx, tx, a, f)
			return err
		}},
		{"submit", 16, func(ctx context.Context, tx *db.Tx, a Author) error {
			_, err := s.Submit(ctx, tx, a, refs([]int{id}))
			return err
		}},
		{"submit again", 1, func(ctx context.Context, tx *db.Tx, a Author) error {
			_, err := s.Submit(ctx, tx, a, refs([]int{id}))
			return err
		}},
		{"select for review", 4, func(ctx context.Context, tx *db.Tx, a Author) error {
			_, err := s.Select(ctx, tx, a, ForReview, []int{id})
			return err
		}},
		{"select for feedback", 4, func(ctx context.Context, tx *db.Tx, a Author) error {
			_, err := s.Select(ctx, tx, a, ForFeedback, []int{id})
			return err
		}},
		{"review", 9, func(ctx context.Context, tx *db.Tx, a Author) error {
			r := rules.Review{ClaimID: id}
			r.Lines[rules.Items] = []rules.Decision{{LineID: c.line(rules.Items, id), PriceApproved: amount("80")}}
			return s.Review(ctx, tx, a, r)
		}},
		{"give feedback", 6, func(ctx context.Context, tx *db.Tx, a Author) error {
			return s.GiveFeedback(ctx, tx, a, Feedback{ClaimID: id, Assessment: to(3)})
		}},
		{"process", 21, func(ctx context.Context, tx *db.Tx, a Author) error {
			_, err := s.Process(ctx, tx, a, refs([]int{id}))
			return err
		}},
	} {
		ctx, counter := db.WithCounter(t.Context())
		if err := d.Write(ctx, step.name, func(tx *db.Tx) error { return step.do(ctx, tx, Author{c.boss(), today}) }); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if n := counter.Statements(); n != step.want {
			t.Errorf("%s takes %d statements, want %d", step.name, n, step.want)
		}
	}
	if status := c.status(id); status != rules.StatusValuated {
		t.Errorf("status %d", status)
	}
}
