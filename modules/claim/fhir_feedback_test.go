package claim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// selected enters and submits a claim and asks for feedback.
func (c *clinic) selected(code string) int {
	c.t.Helper()
	id := c.enter(code)
	err := c.write(c.boss(), func(tx *db.Tx, a Author) error {
		if _, err := (Service{}).Submit(c.t.Context(), tx, a, []rules.Ref{{ClaimID: id}}); err != nil {
			return err
		}
		_, err := Service{}.Select(c.t.Context(), tx, a, ForFeedback, []int{id})
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

// bodyFeedback is feedback as the app for policies sends it.
func bodyFeedback(claim string) object {
	payload := func(name, answer string) object {
		return object{"extension": []any{object{"url": "https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/communication-payload-type",
			"valueCodeableConcept": object{"coding": []any{object{"system": "https://openimis.github.io/openimis_fhir_r4_ig/CodeSystem/feedback-payload", "code": name}}}}}, "contentString": answer}
	}
	return object{"resourceType": "Communication", "id": strings.Repeat("x", 50), "status": "completed", "about": []any{object{"reference": "Claim/" + claim}}, "subject": logical("Patient", "Code", "123456789"),
		"payload": []any{payload("CareRendered", "yes"), payload("PaymentAsked", "no"), payload("DrugPrescribed", "yes"), payload("DrugReceived", "yes"), payload("Asessment", "3")}}
}

func TestFHIRFeedback(t *testing.T) {
	everywhere(t, func(t *testing.T, c *clinic) {
		claim := c.selected("C1")
		c.selected("C2")
		c.enter("C3") // nobody asks for feedback on this one
		h := c.asClient(c.doctor())
		requests := entries(h.get("r4/CommunicationRequest?_count=10"))
		if len(requests) != 2 || requests[0]["status"] != "active" || len(requests[0]["payload"].([]any)) != 5 || at(requests[0], "about", 0, "reference") == nil {
			t.Fatalf("the requests are %v", requests)
		}
		id := requests[0]["id"].(string)
		if r := h.get("r4/ClaimResponse/" + id); at(r, "communicationRequest", 0, "reference") != "CommunicationRequest/"+id {
			t.Errorf("the response names %v", r["communicationRequest"])
		}
		for _, test := range []struct {
			name, text string
			change     func(object)
		}{
			{"status", "status is required field", func(b object) { delete(b, "status") }},
			{"other status", "status value must be = completed", func(b object) { b["status"] = "in-progress" }},
			{"about", "about is required", func(b object) { delete(b, "about") }},
			{"subject", "subject is required", func(b object) { delete(b, "subject") }},
			{"payload", "payload is required", func(b object) { delete(b, "payload") }},
			{"four", "payload must have 5 elements", func(b object) { b["payload"] = b["payload"].([]any)[:4] }},
			{"twice", "payload must support all five elemets: CareRendered, PaymentAsked, DrugPrescribed, DrugReceived, Asessment", func(b object) { b["payload"].([]any)[0] = b["payload"].([]any)[1] }},
			{"perhaps", "Value for 'PaymentAsked' must be either 'yes' or 'no' but is 'perhaps'", func(b object) { b["payload"].([]any)[1].(object)["contentString"] = "perhaps" }},
			{"six", "Value for 'Asessment' must be between 0 and 5 but is '6'", func(b object) { b["payload"].([]any)[4].(object)["contentString"] = "6" }},
			{"no claim", "Claim does not exist", func(b object) {
				b["about"] = []any{object{"reference": "Claim/00000000-0000-4000-8000-000000000000"}}
			}},
			{"another patient", "subject is not the patient of the claim", func(b object) { b["subject"] = logical("Patient", "Code", "1") }},
			{"not selected", "claim C3 is entered; only checked claims can be given feedback", func(b object) { b["about"] = []any{object{"reference": "Claim/C3"}} }},
		} {
			body := bodyFeedback(id)
			test.change(body)
			if text, _, _ := said(h.send(http.MethodPost, "r4/Communication/", body, http.StatusInternalServerError)); text != test.text {
				t.Errorf("%s: %q", test.name, text)
			}
		}
		given := h.send(http.MethodPost, "r4/Communication/", bodyFeedback(id), http.StatusCreated)
		if given["id"] == nil || at(given, "payload", 4, "contentString") != "3" || at(given, "about", 0, "reference") != "Claim/"+id || at(given, "sent") != "2026-11-23" {
			t.Errorf("given: %v", given)
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblClaim" WHERE "ClaimID" = ? AND "FeedbackStatus" = 8 AND "FeedbackID" IS NOT NULL`, claim); n != 1 {
			t.Error("the claim does not have its feedback")
		}
		if text, _, _ := said(h.send(http.MethodPost, "r4/Communication/", bodyFeedback(id), http.StatusInternalServerError)); text != "Feedback exists for this claim" {
			t.Errorf("twice: %q", text)
		}
		better := bodyFeedback(id)
		better["payload"].([]any)[4].(object)["contentString"] = "5"
		if now := h.send(http.MethodPut, fmt.Sprintf("r4/Communication/%s", given["id"]), better, http.StatusOK); at(now, "payload", 4, "contentString") != "5" || now["id"] != given["id"] {
			t.Errorf("corrected: %v", now)
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblFeedback" WHERE "ClaimID" = ?`, claim); n != 2 {
			t.Errorf("%d rows of feedback, the old one among them", n)
		}
		if states := entries(h.get("r4/CommunicationRequest?status=completed")); len(states) != 1 || states[0]["id"] != id {
			t.Errorf("completed: %v", states)
		}
		old := entries(h.get("legacy/CommunicationRequest/"))
		if len(old) != 1 || at(old[0], "reasonCode", 0, "text") != "True" || at(old[0], "reasonCode", 4, "text") != "5" || old[0]["id"] != given["id"] {
			t.Errorf("in STU3: %v", old)
		}
		if r := h.get("legacy/ClaimResponse/C1"); at(r, "communicationRequest", 0, "reference") != fmt.Sprintf("CommunicationRequest/%s", given["id"]) {
			t.Errorf("the response names %v", r["communicationRequest"])
		}
		elsewhere := c.asClient(user(5, auth.Scope{Districts: c.districts[1:]}, RightFeedback))
		for _, list := range []string{"r4/CommunicationRequest", "r4/Communication", "legacy/CommunicationRequest"} {
			if found := entries(elsewhere.get(list)); len(found) != 0 {
				t.Errorf("%s shows %d to somebody elsewhere", list, len(found))
			}
		}
		elsewhere.send(http.MethodGet, fmt.Sprintf("r4/Communication/%s", given["id"]), nil, http.StatusNotFound)
		if text, _, _ := said(elsewhere.send(http.MethodPost, "r4/Communication", bodyFeedback(id), http.StatusInternalServerError)); text != "Claim does not exist" {
			t.Errorf("from elsewhere: %q", text)
		}
		c.asClient(c.clerk()).send(http.MethodGet, "r4/CommunicationRequest", nil, http.StatusForbidden)
	})
}
