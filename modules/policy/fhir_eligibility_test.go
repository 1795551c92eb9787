package policy

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirsession"
	"github.com/openimis/openimis-be-go/modules"
)

// ask posts a request for eligibility and wants a status.
func (c *country) ask(t *testing.T, p *auth.Principal, path, body string, status int) any {
	t.Helper()
	m := New(&modules.App{DB: c.d, Clock: clock.Fixed(now)})
	return fhirsession.New(t, c.d, clock.Fixed(now), p, m.eligibilityResources()...).Send(http.MethodPost, path, body, status).V
}

// at follows a path of members and numbers into a body.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o, _ := v.(map[string]any)
			v = o[p]
		case int:
			list, _ := v.([]any)
			if p >= len(list) {
				return nil
			}
			v = list[p]
		}
	}
	return v
}

// TestFHIREligibility asks as OpenMRS, Bahmni, Nepal, the mediators and the sandbox do, and reads what they read.
func TestFHIREligibility(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := found(t, d)
		family, members := c.family(t, &c.villages[0].id, "100000001")
		policies := c.policies(t, 1, family, members)
		c.family(t, &c.villages[0].id, "100000002")
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Update(ctx, "tblProduct", c.product, db.Values{"MaxPolicy": nil, "MaxInsuree": 750, "MaxNoVisits": 12, "MaxAmountSurgery": 300})
			return err
		})
		service := c.insert(t, "tblServices", "ServCode ServName ServType ServLevel ServPrice ServCareType ServPatCat ServCategory AuditUserID", []any{"S1", "Service", "C", "S", 10, "B", 15, "V", 1})[0]
		item := c.insert(t, "tblItems", "ItemCode ItemName ItemType ItemPrice ItemCareType ItemPatCat AuditUserID", []any{"I1", "Item", "D", 10, "B", 15, 1})[0]
		c.insert(t, "tblProductServices", "ProdID ServiceID LimitationType PriceOrigin LimitNoAdult LimitNoChild LimitationTypeE LimitationTypeR AuditUserID", []any{c.product, service, "C", "P", 7, 7, "C", "C", 1})
		c.insert(t, "tblProductItems", "ProdID ItemID LimitationType PriceOrigin LimitNoAdult LimitNoChild LimitationTypeE LimitationTypeR AuditUserID", []any{c.product, item, "C", "P", 3, 3, "C", "C", 1})
		clerk := &auth.Principal{ID: "2", Username: "clerk", Person: &auth.Person{ID: 2}, Rights: map[int]bool{101201: true}, Scope: auth.Scope{Districts: []int{c.villages[0].district}}}

		for name, body := range map[string]string{
			"OpenMRS": `{"resourceType": "EligibilityRequest", "patient": {"reference": "Patient/100000001"}}`,
			"Bahmni":  `{"resourceType": "EligibilityRequest", "identifier": [{"system": "SenderID", "value": "100000001"}], "status": "active", "patient": {"reference": "Patient/100000001"}, "organization": {"reference": "Organization/1"}, "insurer": {"reference": "Organization/2"}}`,
			"logical": `{"resourceType": "EligibilityRequest", "patient": {"identifier": {"type": {"coding": [{"code": "SB"}]}, "value": "100000001"}}}`,
			"by key":  fmt.Sprintf(`{"resourceType": "EligibilityRequest", "patient": {"reference": "Patient/%d"}}`, members[0]),
		} {
			answer := c.ask(t, clerk, "legacy/EligibilityRequest/", body, http.StatusCreated)
			balance := at(answer, "insurance", 0, "benefitBalance", 0)
			if at(answer, "id") == nil || at(answer, "status") != "active" || at(answer, "insurance", 0, "contract", "reference") != "Contract/BASIC/2026-12-31" ||
				at(balance, "category", "text") != "medical" || at(balance, "term", "coding", 0, "code") != "annual" || at(balance, "financial", 0, "type", "coding", 0, "code") != "benefit" ||
				at(balance, "financial", 0, "allowedMoney", "value") != 750.0 || at(balance, "financial", 0, "usedMoney", "value") != 0.0 {
				t.Errorf("%s: %v", name, answer)
			}
		}
		answer := c.ask(t, clerk, "legacy/EligibilityRequest", `{"resourceType": "EligibilityRequest", "patient": {"reference": "Patient/100000001"}, "benefitCategory": {"coding": [{"code": "service"}], "text": "S1"}, "benefitSubCategory": {"coding": [{"code": "item"}], "text": "I1"}}`, http.StatusCreated)
		got := map[string]any{}
		list, _ := at(answer, "insurance", 0, "benefitBalance").([]any)
		for _, b := range list {
			value := at(b, "financial", 0, "allowedUnsignedInt")
			if value == nil {
				value = at(b, "financial", 0, "allowedMoney", "value")
			}
			if value == nil {
				value = at(b, "excluded")
			}
			got[at(b, "category", "text").(string)] = value
		}
		for category, want := range map[string]any{"total_visits": 12.0, "surgery_amount": 300.0, "service_left": 7.0, "item_left": 3.0, "is_service_ok": false, "is_item_ok": false} {
			if got[category] != want {
				t.Errorf("%s is %v, want %v", category, got[category], want)
			}
		}
		if at(c.ask(t, clerk, "legacy/EligibilityRequest", `{"resourceType": "EligibilityRequest", "patient": {"reference": "Patient/100000002"}}`, http.StatusCreated), "inforce") != false {
			t.Error("a family without a policy is covered")
		}

		for name, body := range map[string]string{
			"SSF":      `{"resourceType": "CoverageEligibilityRequest", "patient": {"reference": "Patient/100000001"}, "extension": [{"url": "visitDate", "valueString": "2026-11-23"}]}`,
			"sandbox":  `{"resourceType": "CoverageEligibilityRequest", "status": "active", "purpose": ["benefits"], "patient": {"reference": "Patient/100000001"}, "created": "2026-11-23", "insurer": {"reference": "Organization/openIMIS-Implementation"}, "item": [{"category": {"coding": [{"code": "service"}]}, "productOrService": {"coding": [{"code": "S1"}]}}]}`,
			"upstream": `{"resourceType": "CoverageEligibilityRequest", "patient": {"reference": "Patient/100000001"}, "item": [{"category": {"coding": [{"code": "service"}]}, "productOrService": {"text": "S1"}}, {"category": {"coding": [{"code": "item"}]}, "productOrService": {"text": "I1"}}]}`,
		} {
			answer := c.ask(t, clerk, "r4/CoverageEligibilityRequest", body, http.StatusCreated)
			insurance := at(answer, "insurance", 0)
			if at(answer, "resourceType") != "CoverageEligibilityResponse" || at(answer, "outcome") != "complete" || at(insurance, "inforce") != true || at(insurance, "benefitPeriod", "end") != "2026-12-31" ||
				at(insurance, "coverage", "reference") == nil || at(insurance, "item", 0, "category", "text") != "benefit" || at(insurance, "item", 0, "name") != "BASIC" ||
				at(insurance, "item", 0, "benefit", 0, "allowedMoney", "value") != 750.0 || at(insurance, "item", 0, "benefit", 0, "usedMoney", "value") != 0.0 {
				t.Errorf("%s: %v", name, answer)
			}
			if name == "SSF" {
				continue
			}
			if s := at(insurance, "item", 1); at(s, "category", "text") != "service" || at(s, "productOrService", "text") != "S1" || at(s, "excluded") != false || at(s, "benefit", 1, "allowedUnsignedInt") != 7.0 && at(s, "benefit", 0, "allowedUnsignedInt") != 7.0 {
				t.Errorf("%s: the service is %v", name, s)
			}
			if i := at(insurance, "item", 2); name == "upstream" && (at(i, "category", "text") != "item" || at(i, "benefit", 1, "allowedUnsignedInt") != 3.0 && at(i, "benefit", 0, "allowedUnsignedInt") != 3.0) {
				t.Errorf("%s: the item is %v", name, i)
			}
		}
		if len(policies) != 1 {
			t.Fatal(policies)
		}
		elsewhere := *clerk
		elsewhere.Scope = auth.Scope{Districts: c.districts[2:]}
		body := `{"resourceType": "CoverageEligibilityRequest", "patient": {"reference": "Patient/100000001"}}`
		c.ask(t, &elsewhere, "r4/CoverageEligibilityRequest", body, http.StatusBadRequest)
		c.ask(t, clerk, "r4/CoverageEligibilityRequest", `{"resourceType": "CoverageEligibilityRequest"}`, http.StatusBadRequest)
		c.ask(t, clerk, "r4/CoverageEligibilityRequest", `{"resourceType": "CoverageEligibilityRequest", "patient": {"reference": "Patient/100000001"}, "item": [{"category": {"text": "thing"}}]}`, http.StatusBadRequest)
		c.ask(t, clerk, "legacy/EligibilityRequest", `{"resourceType": "EligibilityRequest"}`, http.StatusInternalServerError)
		c.ask(t, &auth.Principal{Username: "x", Scope: auth.Scope{All: true}}, "r4/CoverageEligibilityRequest", body, http.StatusForbidden)
		c.ask(t, nil, "r4/CoverageEligibilityRequest", body, http.StatusUnauthorized)
	})
}
