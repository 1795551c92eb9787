package claim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// anyScope draws a user and says which of the two facilities that user sees.
func (c *clinic) anyScope(t *rapid.T) (s auth.Scope, sees [2]bool) {
	for i, d := range c.districts {
		if rapid.Bool().Draw(t, "district") {
			s.Districts = append(s.Districts, d)
			sees[i] = true
		}
	}
	switch rapid.IntRange(0, 3).Draw(t, "user") {
	case 0:
		return auth.Scope{All: true}, [2]bool{true, true}
	case 1:
		own := rapid.IntRange(0, 1).Draw(t, "facility")
		s.HealthFacility = &c.hf[own]
		return s, [2]bool{own == 0, own == 1}
	}
	return s, sees
}

// No list, however nested or filtered, shows a claim, a line, feedback or an administrator outside the
// scope, and no mutation touches one.
func TestClaimsStayWithinTheScope(t *testing.T) {
	for _, engine := range freshEngines() {
		t.Run(string(engine), func(t *testing.T) {
			d := dbtest.Open(t, engine)
			c := open(t, d)
			site := newSite(t, d)
			claims := map[string]int{}
			for i, code := range []string{"A0", "A1", "B0", "B1", "B2"} {
				id := c.enter(code)
				claims[code] = id
				c.exec(`UPDATE "tblClaim" SET "HFID" = ? WHERE "ClaimID" = ?`, c.hf[min(i/2, 1)], id)
				c.exec(`UPDATE "tblClaim" SET "ClaimAdminId" = ? WHERE "ClaimID" = ?`, c.admin[min(i/2, 1)], id)
				c.exec(`UPDATE "tblClaim" SET "FeedbackID" = ? WHERE "ClaimID" = ?`, c.insert("tblFeedback", db.Values{"ClaimID": id, "Asessment": i}), id)
			}
			rapid.Check(t, func(rt *rapid.T) {
				s, sees := c.anyScope(rt)
				p := user(9, s, 111001, 111002, 111007, 111008, 111009, 111010, 111011)
				var want []string
				for code := range claims {
					if sees[0] && code[0] == 'A' || sees[1] && code[0] == 'B' {
						want = append(want, code)
					}
				}
				slices.Sort(want)
				query := rapid.SampledFrom([]string{
					`{ claims { totalCount edges { node { code } } } }`,
					`{ claims(orderBy: ["-code"]) { edges { node { code items { claim { code } } feedback { claim { code } } } } } }`,
					`{ claims(insuree_ChfId: "123456789") { edges { node { insuree { claimSet { edges { node { code } } } } code } } } }`,
					`{ claims(status: 2) { edges { node { code icd { claimIcds { edges { node { code } } } } items { item { claimitemSet { claim { code } } } product { claimItems { claim { code } } } } services { service { claimserviceSet { claim { code } } } } } } } }`,
					`{ claims(orderBy: ["?"]) { edges { node { code healthFacility { claimSet { edges { node { code } } } claimadminSet { edges { node { claimSet { edges { node { code } } } } } } } } } } }`,
				}).Draw(rt, "query")
				answer, errs := site.ask(t.Context(), t, p, query)
				if len(errs) > 0 {
					rt.Fatal(errs)
				}
				got := codes(answer, "A0", "A1", "B0", "B1", "B2")
				if !slices.Equal(got, want) {
					rt.Fatalf("%+v sees %v, not %v: %s", s, got, want, answer)
				}
				answer, _ = site.ask(t.Context(), t, p, `{ claimAdmins { edges { node { code } } } }`)
				var admins []string
				for i, code := range []string{"ADM1", "ADM2"} {
					if sees[i] {
						admins = append(admins, code)
					}
				}
				if got := codes(answer, "ADM1", "ADM2"); !slices.Equal(got, admins) {
					rt.Fatalf("%+v sees the administrators %v, not %v", s, got, admins)
				}
				answer, _ = site.ask(t.Context(), t, p, `{ claimOfficers { edges { node { code } } } }`)
				if got := len(codes(answer, "OFF1")) == 1; got != sees[0] {
					rt.Fatalf("%+v sees the officer: %v", s, got)
				}

				code := rapid.SampledFrom([]string{"A0", "B2"}).Draw(rt, "claim")
				if slices.Contains(want, code) {
					return
				}
				id, before := claims[code], c.snapshot(claims[code])
				name := rapid.SampledFrom([]string{"submitClaims", "processClaims", "selectClaimsForReview", "bypassClaimsFeedback", "updateClaim", "deliverClaimReview", "deliverClaimFeedback"}).Draw(rt, "mutation")
				input := object{"ids": []int{id}, "claim_id": id, "feedback": object{}}
				if name == "updateClaim" {
					input = c.form(code)
					input["id"] = id
				}
				out, err := c.call(p, name, input)
				if !strings.Contains(fault.Message(err)+out.Error, fmt.Sprintf("id %d does not exist", id)) {
					rt.Fatalf("%s: %v %s", name, err, out.Error)
				}
				if c.snapshot(id) != before {
					rt.Fatalf("%s changed a claim outside of %+v", name, s)
				}
			})
		})
	}
}

func (c *clinic) snapshot(id int) string {
	var row struct {
		Status, Feedback, Review, Copies int
	}
	if err := c.d.Get(c.t.Context(), &row, `SELECT c."ClaimStatus" AS status, c."FeedbackStatus" AS feedback, c."ReviewStatus" AS review,
		(SELECT COUNT(*) FROM "tblClaim" AS h WHERE h."LegacyID" = c."ClaimID") AS copies FROM "tblClaim" AS c WHERE c."ClaimID" = ?`, id); err != nil {
		c.t.Fatal(err)
	}
	return fmt.Sprint(row)
}

// codes lists those of the codes that occur in an answer.
func codes(answer string, all ...string) (found []string) {
	for _, code := range all {
		if strings.Contains(answer, `"`+code+`"`) {
			found = append(found, code)
		}
	}
	return found
}

// Without the right there is no claim, and the picker of administrators stays.
func TestClaimsNeedTheRight(t *testing.T) {
	d := dbtest.SQLite(t)
	c := open(t, d)
	c.enter("C1")
	s := newSite(t, d)
	p := user(9, auth.Scope{All: true})
	if _, errs := s.ask(t.Context(), t, p, `{ claims { edges { node { code } } } }`); len(errs) != 1 || fault.Code(errs[0]) != fault.Forbidden {
		t.Error(errs)
	}
	if _, errs := s.ask(t.Context(), t, nil, `{ claims { edges { node { code } } } }`); len(errs) != 1 || fault.Code(errs[0]) != fault.Unauthenticated {
		t.Error(errs)
	}
	if answer, errs := s.ask(t.Context(), t, p, `{ claimAdmins(code: "adm1") { edges { node { code healthFacility { code } } } } }`); len(errs) > 0 || !strings.Contains(answer, "HF1") {
		t.Error(answer, errs)
	}
	// Every mutation names rights, and nobody has one by signing in.
	for name, h := range (&Module{}).Mutations() {
		if h.Access.Check(p, name) == nil {
			t.Errorf("%s needs no right", name)
		}
	}
	if roots := (&Module{}).GraphQL()[0].Roots; len(roots) != 15 {
		t.Errorf("%d root fields", len(roots))
	}
}

// The filters that the 2019 application sends.
func TestApplicationFilters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		c.enter("C1")
		id := c.enter("C2")
		run := c.insert("tblBatchRun", db.Values{"RunYear": 2026, "RunMonth": 11, "RunDate": today})
		c.exec(`UPDATE "tblClaim" SET "RunID" = ?, "ClaimStatus" = 16, "Claimed" = 999 WHERE "ClaimID" = ?`, run, id)
		s := newSite(t, d)
		for args, want := range map[string][]string{
			`status: 16`: {"C2"}, fmt.Sprintf(`batchRun_Id: "%d"`, run): {"C2"}, fmt.Sprintf(`healthFacility_Location_Parent_Id: "%d"`, 99): nil,
			fmt.Sprintf(`healthFacility_Location_Id: "%d"`, c.districts[0]): {"C1", "C2"}, fmt.Sprintf(`healthFacility_Id: "%d"`, c.hf[1]): nil,
			`code_Icontains: "c1"`: {"C1"}, `insuree_ChfId: "123456789"`: {"C1", "C2"}, `claimed_Gte: 500`: {"C2"}, `claimed_Lte: 500`: {"C1"},
			`dateFrom: "2026-11-05"`: {"C1", "C2"}, `dateTo: "2026-11-06"`: nil, `dateClaimed_Gte: "2026-11-06", dateClaimed_Lte: "2026-11-06"`: {"C1", "C2"},
			fmt.Sprintf(`icd_Id: "%d"`, c.icd): {"C1", "C2"}, fmt.Sprintf(`icd_Id: "%d"`, c.icd2): nil, `visitType: "O"`: {"C1", "C2"}, `feedbackStatus: 1, reviewStatus: 1`: {"C1", "C2"},
			`orderBy: ["dateClaimed", "?"], first: 2`: {"C1", "C2"},
		} {
			answer, errs := s.ask(t.Context(), t, c.boss(), `{ claims(`+args+`) { totalCount edges { node { code claimed insuree { id chfId } healthFacility { id code location { code parent { code } } } } } } }`)
			if got := codes(answer, "C1", "C2"); len(errs) > 0 || !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v; %v %s", args, got, want, errs, answer)
			}
			if !json.Valid([]byte(answer)) {
				t.Errorf("no JSON: %s", answer)
			}
		}
	})
}
