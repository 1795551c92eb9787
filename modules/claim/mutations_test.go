package claim

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// The whole life of a claim, as a claim administrator and a medical officer lead it.
func TestLifeOfAClaim(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		clerk, doctor := c.clerk(), c.doctor()
		c.must(clerk, "createClaim", c.form("C1"))
		var row struct {
			ClaimID      int          `db:"ClaimID"`
			Claimed      rules.Amount `db:"Claimed"`
			AuditUserID  int          `db:"AuditUserID"`
			ClaimAdminID *int         `db:"ClaimAdminId"`
			Visit        string       `db:"VisitType"`
		}
		if err := d.Get(t.Context(), &row, `SELECT "ClaimID", "Claimed", "AuditUserID", "ClaimAdminId", "VisitType" FROM "tblClaim"`); err != nil {
			t.Fatal(err)
		}
		if row.Claimed.String() != "230" || row.AuditUserID != 2 || row.ClaimAdminID == nil || *row.ClaimAdminID != c.admin[0] || row.Visit != "O" {
			t.Errorf("created %+v, claimed %s", row, row.Claimed)
		}
		id := row.ClaimID

		// The item grows, a second one comes, the service goes.
		form := c.form("C1")
		form["id"] = id
		form["items"] = []any{
			object{"id": c.line(rules.Items, id), "item_id": c.item[0], "status": 1, "qty_provided": "3", "price_asked": "90"},
			object{"item_id": c.item[1], "status": 1, "qty_provided": 1, "price_asked": 90.5}}
		form["services"] = []any{}
		c.must(clerk, "updateClaim", form)
		for what, want := range map[string]int{
			`SELECT COUNT(*) FROM "tblClaim" WHERE "LegacyID" = ? AND "ValidityTo" IS NOT NULL AND "Claimed" = 230`:          1,
			`SELECT COUNT(*) FROM "tblClaim" WHERE "ClaimID" = ? AND "ValidityTo" IS NULL AND "Claimed" = 360.5`:             1,
			`SELECT COUNT(*) FROM "tblClaimItems" WHERE "ClaimID" = ? AND "ValidityTo" IS NULL`:                              2,
			`SELECT COUNT(*) FROM "tblClaimItems" WHERE "ClaimID" = ? AND "ValidityTo" IS NOT NULL AND "QtyProvided" = 2`:    1,
			`SELECT COUNT(*) FROM "tblClaimServices" WHERE "ClaimID" = ? AND "ValidityTo" IS NULL`:                           0,
			`SELECT COUNT(*) FROM "tblClaimServices" WHERE "ClaimID" = ? AND "ValidityTo" IS NOT NULL AND "PriceAsked" = 50`: 1,
		} {
			if n := c.number(what, id); n != want {
				t.Errorf("%s: %d, want %d", what, n, want)
			}
		}

		c.must(clerk, "submitClaims", object{"ids": []int{id}})
		if s := c.status(id); s != rules.StatusChecked {
			t.Fatalf("status %d after submission", s)
		}
		if _, err := c.call(clerk, "updateClaim", form); fault.Code(err) != fault.Forbidden {
			t.Errorf("a clerk updates a checked claim: %v", err)
		}

		c.must(doctor, "selectClaimsForReview", object{"ids": []int{id}})
		second := c.number(`SELECT "ClaimItemID" FROM "tblClaimItems" WHERE "ClaimID" = ? AND "ItemID" = ? AND "ValidityTo" IS NULL`, id, c.item[1])
		c.must(doctor, "deliverClaimReview", object{"claim_id": id, "items": []any{
			object{"id": c.line(rules.Items, id), "item_id": c.item[0], "status": 1, "qty_approved": "2", "price_approved": "80"},
			object{"id": second, "item_id": c.item[1], "status": 2, "rejection_reason": -1, "justification": "no"}}})
		if n := c.number(`SELECT COUNT(*) FROM "tblClaim" WHERE "ClaimID" = ? AND "Approved" = 160 AND "ReviewStatus" = 8 AND "AuditUserIDReview" = 3 AND "ClaimStatus" = 4`, id); n != 1 {
			t.Error("the review is not written")
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblClaimItems" WHERE "ClaimItemID" = ? AND "RejectionReason" = -1 AND "ClaimItemStatus" = 2`, second); n != 1 {
			t.Error("the line is not rejected by the officer")
		}

		c.must(doctor, "selectClaimsForFeedback", object{"ids": []int{id}})
		answers := object{"claim_id": id, "feedback": object{"care_rendered": true, "asessment": 4, "chf_officer_code": c.officer, "feedback_date": "2026-11-07T00:00:00"}}
		c.must(doctor, "deliverClaimFeedback", answers)
		answers["feedback"].(object)["asessment"] = 2
		c.must(doctor, "deliverClaimFeedback", answers)
		if n := c.number(`SELECT COUNT(*) FROM "tblClaim" c JOIN "tblFeedback" f ON f."FeedbackID" = c."FeedbackID"
			WHERE c."ClaimID" = ? AND c."FeedbackStatus" = 8 AND c."Feedback" = $true AND f."ClaimID" = c."ClaimID" AND f."Asessment" = 2 AND f."CareRendered" = $true`, id); n != 1 {
			t.Error("the feedback is not written")
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblFeedback" WHERE "Asessment" = 4 AND "ValidityTo" IS NOT NULL`); n != 1 {
			t.Error("the first answers are not kept")
		}

		c.must(doctor, "processClaims", object{"ids": []int{id}})
		if s := c.status(id); s != rules.StatusValuated {
			t.Errorf("status %d after processing", s)
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblClaimItems" WHERE "ClaimItemID" = ? AND "PriceValuated" = 160 AND "ValidityTo" IS NULL`, c.line(rules.Items, id)); n != 1 {
			t.Error("the line is not valuated as approved")
		}
		out, err := c.call(doctor, "selectClaimsForReview", object{"ids": []int{id}})
		if want := fmt.Sprintf(`{"%d": {"error": "claim C1 is valuated; only entered and checked claims can be selected for review"}}`, id); err != nil || out.Error != want {
			t.Errorf("%v %s", err, out.Error)
		}
	})
}

// What clients may not write, and the field that they are told.
func TestBadClaims(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	c.enter("TAKEN")
	c.exec(`UPDATE "tblItems" SET "ValidityTo" = ? WHERE "ItemID" = ?`, today, c.item[1])
	elsewhere := c.insert("tblInsuree", db.Values{"CHFID": "987654321", "LastName": "Far", "OtherNames": "Off", "DOB": date("1980-01-01"), "Gender": "F", "FamilyID": c.insert("tblFamilies", db.Values{"InsureeID": 0}), "IsHead": true})
	line := func(member string, v any) func(object) {
		return func(f object) { f["items"].([]any)[0].(object)[member] = v }
	}
	set := func(member string, v any) func(object) { return func(f object) { f[member] = v } }
	for _, tc := range []struct {
		name  string
		spoil func(object)
		field string
	}{
		{"no code", set("code", "  "), "code"},
		{"long code", set("code", "123456789"), "code"},
		{"code taken, in other case", set("code", "taken"), "code"},
		{"ends before it starts", set("date_to", "2026-11-04"), "dateTo"},
		{"claimed before it starts", set("date_claimed", "2026-11-01"), "dateClaimed"},
		{"in the future", set("date_claimed", "2026-11-26"), "dateClaimed"},
		{"out of range", set("date_from", "1800-01-01"), "dateFrom"},
		{"no date", set("date_from", "soon"), "date_from"},
		{"visit", set("visit_type", "X"), "visitType"},
		{"status", set("status", 4), "status"},
		{"feedback status", set("feedback_status", 8), "feedbackStatus"},
		{"review status", set("review_status", 16), "reviewStatus"},
		{"insuree", set("insuree_id", 9999), "insureeId"},
		{"insuree whom the user may not see", set("insuree_id", elsewhere), "insureeId"},
		{"facility", set("health_facility_id", 9999), "healthFacilityId"},
		{"facility out of scope", set("health_facility_id", c.hf[1]), "healthFacilityId"},
		{"diagnosis", set("icd_id", 9999), "icdId"},
		{"second diagnosis", set("icd_2_id", 9999), "icd2Id"},
		{"second diagnosis in the application's spelling", set("icd_id_2", 9999), "icd2Id"},
		{"administrator of another facility", set("admin_id", c.admin[1]), "adminId"},
		{"line of another claim", line("id", 1), "items[0].id"},
		{"closed item", line("item_id", c.item[1]), "items[0].itemId"},
		{"item missing", line("item_id", nil), "items[0].itemId"},
		{"line status", line("status", 3), "items[0].status"},
		{"negative quantity", line("qty_provided", "-1"), "items[0].qtyProvided"},
		{"no quantity", line("qty_provided", nil), "items[0].qtyProvided"},
		{"price too large", line("price_asked", "10000000000000000"), "items[0].priceAsked"},
		{"price beyond numbers", line("price_asked", "1e9999"), "items[0].priceAsked"},
		{"no number", line("price_asked", "dear"), "items[0].price_asked"},
		{"total too large", func(f object) { line("price_asked", "9000000000000000")(f); line("qty_provided", "9")(f) }, "services"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			form := c.form("NEW")
			tc.spoil(form)
			_, err := c.call(c.clerk(), "createClaim", form)
			if err == nil || fault.Field(err) != tc.field || fault.Code(err) == fault.Internal {
				t.Errorf("field %q, %v", fault.Field(err), err)
			}
		})
	}
	if n := c.number(`SELECT COUNT(*) FROM "tblClaim"`); n != 1 {
		t.Errorf("%d claims", n)
	}
	for name, p := range map[string]*auth.Principal{"without right": c.doctor(), "nobody": nil} {
		if _, err := c.call(p, "createClaim", c.form("NEW")); err == nil {
			t.Errorf("%s: created", name)
		}
	}
	// A code is taken at one facility only.
	form := c.form("TAKEN")
	form["health_facility_id"] = c.hf[1]
	c.must(c.boss(), "createClaim", form)
}

func TestBadUpdates(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	mine, other := c.enter("MINE"), c.enter("OTHER")
	c.exec(`UPDATE "tblClaim" SET "HFID" = ? WHERE "ClaimID" = ?`, c.hf[1], other)
	form := func(change object) object {
		f := c.form("MINE")
		f["id"] = mine
		maps.Copy(f, change)
		return f
	}
	c.must(c.clerk(), "updateClaim", form(nil))
	items := func(ids ...any) object {
		var lines []any
		for _, id := range ids {
			lines = append(lines, object{"id": id, "item_id": c.item[0], "status": 1, "qty_provided": 1, "price_asked": 1})
		}
		return object{"items": lines}
	}
	own := c.line(rules.Items, mine)
	for name, tc := range map[string]struct {
		form  object
		code  string
		field string
	}{
		"no id":                {form(object{"id": nil}), fault.Invalid, "id"},
		"unknown":              {form(object{"id": 9999}), fault.NotFound, "id"},
		"out of scope":         {form(object{"id": other}), fault.NotFound, "id"},
		"line of another":      {form(items(c.line(rules.Items, other))), fault.Invalid, "items[0].id"},
		"line twice":           {form(items(own, own)), fault.Invalid, "items[1].id"},
		"status":               {form(object{"status": 4}), fault.Invalid, "status"},
		"to another facility":  {form(object{"health_facility_id": c.hf[1]}), fault.Invalid, "healthFacilityId"},
		"to an unknown person": {form(object{"insuree_id": 9999}), fault.Invalid, "insureeId"},
	} {
		if _, err := c.call(c.clerk(), "updateClaim", tc.form); fault.Code(err) != tc.code || fault.Field(err) != tc.field {
			t.Errorf("%s: %s %q %v", name, fault.Code(err), fault.Field(err), err)
		}
	}
	// What the claim refers to already may have been closed meanwhile.
	c.exec(`UPDATE "tblItems" SET "ValidityTo" = ?`, today)
	c.exec(`UPDATE "tblInsuree" SET "ValidityTo" = ?`, today)
	c.must(c.clerk(), "updateClaim", form(items(own)))

	c.exec(`UPDATE "tblClaim" SET "ClaimStatus" = 16 WHERE "ClaimID" = ?`, mine)
	if _, err := c.call(c.boss(), "updateClaim", form(nil)); fault.Code(err) != fault.Conflict {
		t.Errorf("a valuated claim: %v", err)
	}
}

// A checked claim that is sent back is entered again, its lines unjudged.
func TestUpdateSendsBack(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	id := c.enter("C1")
	c.exec(`UPDATE "tblClaim" SET "ClaimStatus" = 4, "Approved" = 1 WHERE "ClaimID" = ?`, id)
	c.exec(`UPDATE "tblClaimItems" SET "ClaimItemStatus" = 2, "RejectionReason" = 3, "QtyApproved" = 0 WHERE "ClaimID" = ?`, id)
	form := c.form("C1")
	form["id"], form["status"] = id, 4
	form["items"].([]any)[0].(object)["id"] = c.line(rules.Items, id)
	c.must(c.doctor(), "updateClaim", form)
	if s := c.status(id); s != rules.StatusChecked {
		t.Fatalf("status %d", s)
	}
	form["status"] = 2
	c.must(c.doctor(), "updateClaim", form)
	if n := c.number(`SELECT COUNT(*) FROM "tblClaim" c JOIN "tblClaimItems" i ON i."ClaimID" = c."ClaimID" WHERE c."ClaimID" = ? AND c."ClaimStatus" = 2
		AND c."Approved" IS NULL AND i."ClaimItemStatus" = 1 AND i."RejectionReason" = 0 AND i."QtyApproved" IS NULL AND i."ValidityTo" IS NULL`, id); n != 1 {
		t.Error("the claim is not entered again")
	}
}

// Of many claims the good ones are done, and the result names the others.
func TestSomeOfManyFail(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		good, done, foreign, uninsured := c.enter("GOOD"), c.enter("DONE"), c.enter("FOREIGN"), c.enter("BARE")
		c.exec(`UPDATE "tblClaim" SET "ClaimStatus" = 4 WHERE "ClaimID" = ?`, done)
		c.exec(`UPDATE "tblClaim" SET "HFID" = ? WHERE "ClaimID" = ?`, c.hf[1], foreign)
		c.exec(`UPDATE "tblClaim" SET "DateFrom" = ?, "DateTo" = ? WHERE "ClaimID" = ?`, db.Date(date("2020-01-01")), db.Date(date("2020-01-01")), uninsured)
		out, err := c.call(c.clerk(), "submitClaims", object{"ids": []any{good, 999999, done, foreign, uninsured, good, nil}})
		want := fmt.Sprintf(`{"%d": {"error": "claim DONE is checked; only entered claims can be submitted"}, "%d": {"error": "id %d does not exist"}, "999999": {"error": "id 999999 does not exist"}}`, done, foreign, foreign)
		if err != nil || out.Error != want {
			t.Errorf("%v\n%s\n%s", err, out.Error, want)
		}
		for id, status := range map[int]int{good: rules.StatusChecked, foreign: rules.StatusEntered, uninsured: rules.StatusRejected} {
			if s := c.status(id); s != status {
				t.Errorf("claim %d has status %d, want %d", id, s, status)
			}
		}
		if _, err := c.call(c.clerk(), "submitClaims", object{"ids": []int{}}); fault.Field(err) != "ids" {
			t.Error(err)
		}
	})
}

func TestReviewThatLeavesNothingRejects(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	id := c.enter("C1")
	c.must(c.clerk(), "submitClaims", object{"ids": []int{id}})
	review := object{"claim_id": id,
		"items":    []any{object{"id": c.line(rules.Items, id), "item_id": c.item[0], "status": 2}},
		"services": []any{object{"id": c.line(rules.Services, id), "service_id": c.service, "status": 2}}}
	if _, err := c.call(c.doctor(), "deliverClaimReview", review); fault.Code(err) != fault.Conflict {
		t.Errorf("a claim that is not selected: %v", err)
	}
	c.must(c.doctor(), "selectClaimsForReview", object{"ids": []int{id}})
	for name, tc := range map[string]struct {
		change func(object)
		field  string
	}{
		"line of another claim": {func(l object) { l["id"] = 9999 }, "items[0].id"},
		"no line":               {func(l object) { delete(l, "id") }, "items[0].id"},
		"other item":            {func(l object) { l["item_id"] = c.item[1] }, "items[0].id"},
		"status":                {func(l object) { l["status"] = 0 }, "items[0].status"},
		"negative":              {func(l object) { l["qty_approved"] = "-1" }, "items[0].qtyApproved"},
		"too large":             {func(l object) { l["status"], l["price_approved"] = 1, "99999999999999999" }, "items[0].priceApproved"},
	} {
		line := object{"id": c.line(rules.Items, id), "item_id": c.item[0], "status": 2}
		tc.change(line)
		if _, err := c.call(c.doctor(), "deliverClaimReview", object{"claim_id": id, "items": []any{line}}); fault.Field(err) != tc.field {
			t.Errorf("%s: %q %v", name, fault.Field(err), err)
		}
	}
	c.must(c.doctor(), "deliverClaimReview", review)
	if s := c.status(id); s != rules.StatusRejected {
		t.Errorf("status %d", s)
	}
}

func TestReviewCannotAcceptWhatTheRulesRejected(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	c.exec(`UPDATE "tblServices" SET "ServPatCat" = 10`)
	id := c.enter("C1")
	c.must(c.clerk(), "submitClaims", object{"ids": []int{id}})
	c.must(c.doctor(), "selectClaimsForReview", object{"ids": []int{id}})
	line := object{"id": c.line(rules.Services, id), "service_id": c.service, "status": 1}
	if _, err := c.call(c.doctor(), "deliverClaimReview", object{"claim_id": id, "services": []any{line}}); fault.Field(err) != "services[0].status" || !strings.Contains(err.Error(), "category of patient") {
		t.Error(err)
	}
	line["status"], line["rejection_reason"] = 2, 4
	c.must(c.doctor(), "deliverClaimReview", object{"claim_id": id, "services": []any{line}})
	if n := c.number(`SELECT COUNT(*) FROM "tblClaimServices" WHERE "ClaimServiceID" = ? AND "RejectionReason" = 4`, line["id"]); n != 1 {
		t.Error("the reason of the rules is lost")
	}
}

func TestFlags(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	id := c.enter("C1")
	for name, want := range map[string]struct {
		column string
		flag   int
	}{
		"selectClaimsForFeedback": {"FeedbackStatus", 4}, "bypassClaimsFeedback": {"FeedbackStatus", 16}, "skipClaimsFeedback": {"FeedbackStatus", 2},
		"selectClaimsForReview": {"ReviewStatus", 4}, "bypassClaimsReview": {"ReviewStatus", 16}, "skipClaimsReview": {"ReviewStatus", 2},
	} {
		c.must(c.doctor(), name, object{"ids": []int{id}})
		if n := c.number(`SELECT "`+want.column+`" FROM "tblClaim" WHERE "ClaimID" = ?`, id); n != want.flag {
			t.Errorf("%s: %d", name, n)
		}
		if _, err := c.call(c.clerk(), name, object{"ids": []int{id}}); fault.Code(err) != fault.Forbidden {
			t.Errorf("%s as a clerk: %v", name, err)
		}
	}
	if n := c.number(`SELECT COUNT(*) FROM "tblClaim" WHERE "LegacyID" = ?`, id); n != 6 {
		t.Errorf("%d old rows", n)
	}
	c.must(c.doctor(), "skipClaimsFeedback", object{"ids": []int{id}})
	feedback := func(f object) error {
		_, err := c.call(c.boss(), "deliverClaimFeedback", object{"claim_id": id, "feedback": f})
		return err
	}
	c.exec(`UPDATE "tblClaim" SET "ClaimStatus" = 4 WHERE "ClaimID" = ?`, id)
	if err := feedback(object{}); fault.Code(err) != fault.Conflict {
		t.Errorf("not selected: %v", err)
	}
	c.must(c.doctor(), "selectClaimsForFeedback", object{"ids": []int{id}})
	for field, f := range map[string]object{"feedback.asessment": {"asessment": 6}, "feedback.chfOfficerCode": {"chf_officer_code": 9999}, "feedback.feedbackDate": {"feedback_date": "2027-01-01T00:00:00"}} {
		if err := feedback(f); fault.Field(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := feedback(nil); fault.Field(err) != "feedback" {
		t.Error(err)
	}
}

// What patients did not answer is not "no".
func TestFeedbackNotAnswered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		id := c.enter("C1")
		c.must(c.clerk(), "submitClaims", object{"ids": []int{id}})
		c.must(c.doctor(), "selectClaimsForFeedback", object{"ids": []int{id}})
		c.must(c.doctor(), "deliverClaimFeedback", object{"claim_id": id, "feedback": object{"care_rendered": nil, "drug_prescribed": false, "drug_received": true}})
		if n := c.number(`SELECT COUNT(*) FROM "tblFeedback" WHERE "ClaimID" = ? AND "CareRendered" IS NULL AND "PaymentAsked" IS NULL AND "DrugPrescribed" = $false AND "DrugReceived" = $true
			AND "Asessment" IS NULL AND "CHFOfficerCode" IS NULL`, id); n != 1 {
			t.Error("the answers are not kept as given")
		}
		answer, errs := newSite(t, d).ask(t.Context(), t, c.doctor(), `{ claims { edges { node { feedback { careRendered paymentAsked drugPrescribed drugReceived asessment } } } } }`)
		if want := `"feedback":{"careRendered":null,"paymentAsked":null,"drugPrescribed":false,"drugReceived":true,"asessment":null}`; len(errs) > 0 || !strings.Contains(answer, want) {
			t.Errorf("%s, want %s; %v", answer, want, errs)
		}
	})
}

// An update says nothing about a member that it does not have; null says that there is none.
func TestUpdateWithoutAMember(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	id := c.enter("C1")
	full := func() object {
		f := c.form("C1")
		f["id"], f["date_to"], f["visit_type"], f["admin_id"] = id, "2026-11-06", "E", c.admin[0]
		f["icd_1_id"], f["icd_id_2"], f["icd_3_id"], f["icd_id_4"] = c.icd2, c.icd2, c.icd2, c.icd2
		item := f["items"].([]any)[0].(object)
		item["id"], item["explanation"], item["justification"] = c.line(rules.Items, id), "why", "because"
		return f
	}
	line := func(f object) object { return f["items"].([]any)[0].(object) }
	for _, m := range []struct{ member, column string }{
		{"date_to", "DateTo"}, {"visit_type", "VisitType"}, {"admin_id", "ClaimAdminId"},
		{"icd_1_id", "ICDID1"}, {"icd_id_2", "ICDID2"}, {"icd_3_id", "ICDID3"}, {"icd_id_4", "ICDID4"},
		{"explanation", ""}, {"justification", ""},
	} {
		t.Run(m.member, func(t *testing.T) {
			c.must(c.boss(), "updateClaim", full())
			of := func(f object) object {
				if m.column == "" {
					return line(f)
				}
				return f
			}
			known := func() int {
				if m.column == "" {
					column := strings.ToUpper(m.member[:1]) + m.member[1:]
					return c.number(`SELECT COUNT(*) FROM "tblClaimItems" WHERE "ClaimID" = ? AND "ValidityTo" IS NULL AND "`+column+`" IS NOT NULL`, id)
				}
				return c.number(`SELECT COUNT(*) FROM "tblClaim" WHERE "ClaimID" = ? AND "`+m.column+`" IS NOT NULL`, id)
			}
			if known() != 1 {
				t.Fatal("it is not written")
			}
			f := full()
			delete(of(f), m.member)
			if c.must(c.boss(), "updateClaim", f); known() != 1 {
				t.Error("absent, it is not kept")
			}
			of(f)[m.member] = nil
			if c.must(c.boss(), "updateClaim", f); known() != 0 {
				t.Error("null, it is kept")
			}
		})
	}
	// Lines are all that the claim has: without them there are none.
	f := full()
	delete(f, "items")
	c.must(c.boss(), "updateClaim", f)
	if n := c.number(`SELECT COUNT(*) FROM "tblClaimItems" WHERE "ClaimID" = ? AND "ValidityTo" IS NULL`, id); n != 0 {
		t.Errorf("%d items", n)
	}
	// A visit type that nobody may write any more stays where nothing is said about it.
	c.exec(`UPDATE "tblClaim" SET "VisitType" = 'X' WHERE "ClaimID" = ?`, id)
	f = c.form("C1")
	f["id"] = id
	delete(f, "visit_type")
	if c.must(c.boss(), "updateClaim", f); c.number(`SELECT COUNT(*) FROM "tblClaim" WHERE "ClaimID" = ? AND "VisitType" = 'X'`, id) != 1 {
		t.Error("the visit type is not kept")
	}
}

// What others decide is not dropped in silence.
func TestDecidedMembersAreRefused(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	id := c.enter("C1")
	claim := func(member string, v any) func(object) { return func(f object) { f[member] = v } }
	item := func(member string, v any) func(object) {
		return func(f object) { f["items"].([]any)[0].(object)[member] = v }
	}
	for field, spoil := range map[string]func(object){
		"category": claim("category", "S"), "batchRunId": claim("batch_run_id", 999), "dateProcessed": claim("date_processed", "2026-11-06"),
		"feedbackAvailable": claim("feedback_available", true), "feedback": claim("feedback", object{"care_rendered": true}),
		"feedbackStatus": claim("feedback_status", 8), "reviewStatus": claim("review_status", 4),
		"items[0].limitation": item("limitation", "CC"), "items[0].limitationValue": item("limitation_value", "10"), "items[0].qtyApproved": item("qty_approved", "1"),
		"items[0].priceApproved": item("price_approved", "1"), "items[0].priceValuated": item("price_valuated", "1"), "items[0].priceOrigin": item("price_origin", "P"),
		"items[0].exceedCeilingAmountCategory": item("exceed_ceiling_amount_category", "1"), "items[0].rejectionReason": item("rejection_reason", -1), "items[0].status": item("status", 2),
	} {
		form := c.form("NEW")
		spoil(form)
		if _, err := c.call(c.boss(), "createClaim", form); fault.Field(err) != field || fault.Code(err) != fault.Invalid {
			t.Errorf("createClaim with %s: %v", field, err)
		}
		form = c.form("C1")
		form["id"] = id
		spoil(form)
		if _, err := c.call(c.boss(), "updateClaim", form); fault.Field(err) != field || fault.Code(err) != fault.Invalid {
			t.Errorf("updateClaim with %s: %v", field, err)
		}
	}
	form := c.form("NEW")
	form["id"] = 7
	if _, err := c.call(c.boss(), "createClaim", form); fault.Field(err) != "id" {
		t.Errorf("createClaim with an id: %v", err)
	}
	// What says nothing is taken, and so is what the claim has.
	form = c.form("NEW")
	form["category"], form["batch_run_id"], form["feedback_available"] = nil, nil, false
	item("limitation", nil)(form)
	item("rejection_reason", 0)(form)
	c.must(c.boss(), "createClaim", form)
	c.must(c.boss(), "submitClaims", object{"ids": []int{id}})
	c.must(c.boss(), "selectClaimsForReview", object{"ids": []int{id}})
	form = c.form("C1")
	form["id"], form["status"], form["review_status"] = id, 4, 4
	c.must(c.boss(), "updateClaim", form)

	// A review does not change what the facility wrote.
	line := c.line(rules.Services, id)
	for member, v := range map[string]any{"explanation": "mine", "qty_provided": "7", "price_asked": "49.99", "limitation": "C"} {
		service := object{"id": line, "service_id": c.service, "status": 1, member: v}
		if _, err := c.call(c.boss(), "deliverClaimReview", object{"claim_id": id, "services": []any{service}}); fault.Field(err) != "services[0]."+camelCase(member) {
			t.Errorf("deliverClaimReview with %s: %v", member, err)
		}
	}
	same := object{"id": line, "service_id": c.service, "status": 1, "explanation": "needed", "qty_provided": 1, "price_asked": "50.00", "rejection_reason": 0}
	c.must(c.boss(), "deliverClaimReview", object{"claim_id": id, "services": []any{same}})
}
