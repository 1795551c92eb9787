package claim

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/location"
)

// TestTheSameClaimByEveryPath: sent as R4 and as STU3, entered and submitted over GraphQL, and sent by phone, a claim ends
// in the same rows.
func TestFHIRSameClaimByEveryPath(t *testing.T) {
	everywhere(t, func(t *testing.T, c *clinic) {
		clerk := c.clerk()
		h := c.asClient(clerk)
		h.send(http.MethodPost, "r4/Claim/", bodyR4("R4"), http.StatusCreated)
		h.send(http.MethodPost, "legacy/Claim/", bodySTU3("STU3"), http.StatusCreated)

		form := c.form("GRAPHQL")
		form["icd_1_id"], form["admin_id"] = c.icd2, c.admin[0]
		form["items"] = []any{object{"item_id": c.item[0], "status": 1, "qty_provided": "2", "price_asked": "90"}, object{"item_id": c.item[1], "status": 1, "qty_provided": "1", "price_asked": "80"}}
		form["services"] = []any{object{"service_id": c.service, "status": 1, "qty_provided": "1", "price_asked": "50"}}
		c.must(clerk, "createClaim", form)
		err := c.write(clerk, func(tx *db.Tx, a Author) error {
			_, err := Service{}.Submit(t.Context(), tx, a, []rules.Ref{{ClaimID: c.claimID("GRAPHQL")}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}

		sent := c.sent("PHONE")
		sent.GuaranteeID, sent.Comment, sent.ICDCodes = to("G-7"), to("as told"), [5]string{"A01", "B02"}
		sent.Lines[rules.Items] = []PhoneLine{{"I1", amount("90"), dec("2")}, {"I2", amount("80"), dec("1")}}
		sent.Lines[rules.Services] = []PhoneLine{{"S1", amount("50"), dec("1")}}
		err = c.write(clerk, func(tx *db.Tx, a Author) error {
			code, _, err := FromPhone(t.Context(), tx, a, sent, false)
			if err == nil && code != PhoneOK {
				err = fmt.Errorf("the phone is told %d", code)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}

		want := c.rowsOf(c.claimID("PHONE"))
		if !strings.Contains(want, `"ClaimStatus" = 4`) || strings.Count(want, "QtyProvided") != 3 || !strings.Contains(want, "G-7") {
			t.Fatalf("the claim of the phone is odd:\n%s", want)
		}
		for _, code := range []string{"R4", "STU3", "GRAPHQL"} {
			want := want
			if code == "GRAPHQL" { // the contract of 2019 cannot write these
				want = strings.NewReplacer("G-7", "<nil>", "as told", "<nil>").Replace(want)
			}
			if diff := cmp.Diff(want, c.rowsOf(c.claimID(code))); diff != "" {
				t.Errorf("%s differs from the claim of the phone:\n%s", code, diff)
			}
		}
	})
}

// TestFHIRClaimIsReadAsItWasSent: what a client sends it gets back, by id, code and in lists.
func TestFHIRClaimIsReadAsItWasSent(t *testing.T) {
	everywhere(t, func(t *testing.T, c *clinic) {
		h := c.asClient(c.clerk())
		response := h.send(http.MethodPost, "r4/Claim", bodyR4("C1"), http.StatusCreated)
		id := response["id"].(string)
		if response["resourceType"] != "ClaimResponse" || response["outcome"] != "partial" || !strings.Contains(h.Last.Header().Get("Location"), "/Claim/"+id+"/_history/") {
			t.Errorf("the answer is %v at %s", response, h.Last.Header().Get("Location"))
		}
		if got := at(response, "total", 0, "amount", "value"); got != 310.0 { // 2 x 90 + 80 + 50
			t.Errorf("the claimed total is %v", got)
		}
		for _, p := range [][]any{{"item", 2, "adjudication", 1, "category", "coding", 0, "code"}, {"item", 0, "adjudication", 0, "amount", "value"}, {"item", 1, "extension", 0, "valueReference", "reference"},
			{"total", 1, "category", "coding", 0, "code"}, {"patient", "identifier", "value"}, {"requestor", "identifier", "value"}, {"insurer", "reference"}, {"request", "reference"}, {"created"}} {
			if at(response, p...) == nil {
				t.Errorf("the response has no %v", p)
			}
		}
		for _, path := range []string{"r4/Claim/" + id, "r4/Claim/C1", "r4/Claim/c1/"} {
			claim := h.get(path)
			sent := bodyR4("C1")
			for _, p := range [][]any{{"identifier"}, {"type", "coding", 0, "code"}, {"billablePeriod"}, {"created"}, {"diagnosis", 0, "diagnosisCodeableConcept", "coding", 0, "code"}, {"diagnosis", 1, "diagnosisCodeableConcept", "coding", 0, "code"},
				{"item", 0, "productOrService"}, {"item", 2, "productOrService"}, {"item", 2, "category"}, {"item", 1, "sequence"}} {
				want, got := fmt.Sprint(at(sent, p...)), fmt.Sprint(at(claim, p...))
				if p[0] == "identifier" {
					want, got = "C1", fmt.Sprint(at(claim, "identifier", len(claim["identifier"].([]any))-1, "value"))
				}
				if want != got {
					t.Errorf("%s: %v is %s, sent was %s", path, p, got, want)
				}
			}
			if g, e := at(claim, "supportingInfo", 0, "valueString"), at(claim, "supportingInfo", 1, "valueString"); g != "G-7" || e != "as told" {
				t.Errorf("guarantee %v, explanation %v", g, e)
			}
			if at(claim, "insurance", 0, "coverage", "reference") == nil {
				t.Errorf("%s: the policy is not named: %v", path, claim["insurance"])
			}
		}
		old := h.send(http.MethodPost, "legacy/Claim", bodySTU3("C2"), http.StatusCreated)
		if old["resourceType"] != "ClaimResponse" || at(old, "outcome", "text") != "checked" || at(old, "item", 0, "adjudication", 0, "reason", "text") != "passed" || at(old, "addItem", 2, "service", "coding", 0, "code") != "S1" ||
			at(old, "item", 0, "adjudication", 0, "value") != 2.0 || at(old, "totalBenefit", "value") == nil {
			t.Errorf("the answer is %v", old)
		}
		claim := h.get("legacy/Claim/C2")
		for _, p := range [][]any{{"type"}, {"diagnosis"}, {"item"}, {"information"}, {"billablePeriod"}} {
			if diff := cmp.Diff(fmt.Sprint(at(bodySTU3("C2"), p...)), fmt.Sprint(at(claim, p...))); diff != "" {
				t.Errorf("%v: %s", p, diff)
			}
		}
		if list := entries(h.get("legacy/ClaimResponse/?identifier=C2")); len(list) != 1 || list[0]["id"] != old["id"] {
			t.Errorf("found by code: %v", list)
		}
		for search, want := range map[string]int{"r4/Claim?patient=" + fmt.Sprint(c.insuree): 2, "r4/Claim?patient.identifier=1": 0, "r4/Claim?status=active": 2, "legacy/Claim/?status=checked&_count=50&_page=1": 2, "r4/Claim?status=2": 0,
			"r4/ClaimResponse?outcome=partial": 2, "r4/ClaimResponse?request=Claim/" + id: 1, "r4/Claim?provider=HF2": 0, "r4/Claim?created=2026-11-06": 2, "legacy/Claim?facility=HF1&enterer=ADM1": 2, "r4/Claim?_lastUpdated=ge2026-11-24": 0} {
			if search == "r4/Claim?patient.identifier=1" {
				continue // Patient is a resource of another module
			}
			if got := entries(h.get(search)); len(got) != want {
				t.Errorf("%s finds %d, want %d", search, len(got), want)
			}
		}
	})
}

// TestFHIRPagesOfClaimAndResponseArePairs, also when they are asked for what was changed, and the number of statements of a page
// does not depend on its length.
func TestFHIRPagesOfClaimAndResponseArePairs(t *testing.T) {
	everywhere(t, func(t *testing.T, c *clinic) {
		for i := range 25 {
			if _, err := c.enterForm(c.boss(), c.byID(fmt.Sprintf("C%02d", i))); err != nil {
				t.Fatal(err)
			}
		}
		h := c.asClient(c.clerk())
		for _, mount := range []string{"r4", "legacy"} {
			for _, search := range []string{"?_count=4&refDate=2026-11-20", "?_count=7"} {
				seen := map[any]bool{}
				for page := 1; len(seen) < 25; page++ {
					claims, responses := entries(h.get(fmt.Sprintf("%s/Claim%s&page-offset=%d", mount, search, page))), entries(h.get(fmt.Sprintf("%s/ClaimResponse%s&page-offset=%d", mount, search, page)))
					if len(claims) == 0 || len(claims) != len(responses) {
						t.Fatalf("%s page %d: %d claims, %d responses", search, page, len(claims), len(responses))
					}
					for i := range claims {
						if claims[i]["id"] != responses[i]["id"] || seen[claims[i]["id"]] {
							t.Errorf("%s page %d: claim %v beside response %v", search, page, claims[i]["id"], responses[i]["id"])
						}
						seen[claims[i]["id"]] = true
					}
				}
			}
			for _, kind := range []string{"Claim", "ClaimResponse"} {
				h.get(mount + "/" + kind + "?_count=1")
				one := h.Counter.Statements()
				h.get(mount + "/" + kind + "?_count=20")
				if h.Counter.Statements() > one || one > 8 {
					t.Errorf("%s/%s: %d statements for a page of one, %d for 20", mount, kind, one, h.Counter.Statements())
				}
			}
		}
	})
}

// TestFHIRClaimRefusals: each thing that is missing is said in upstream's words and by its place, and nothing is written.
func TestFHIRClaimRefusals(t *testing.T) {
	everywhere(t, func(t *testing.T, c *clinic) {
		h := c.asClient(c.clerk())
		h.send(http.MethodPost, "r4/Claim", bodyR4("TAKEN"), http.StatusCreated)
		without := func(member string) func(object) { return func(b object) { delete(b, member) } }
		set := func(member string, v any) func(object) { return func(b object) { b[member] = v } }
		item := func(i int, member string, v any) func(object) {
			return func(b object) { b["item"].([]any)[i].(object)[member] = v }
		}
		for _, test := range []struct {
			mount, name string
			change      func(object)
			text, at    string
		}{
			{"compat", "identifier", without("identifier"), "Missing or invalid `identifier` attribute", "Claim.identifier"},
			{"compat", "type", without("type"), "Missing or invalid `type` attribute", "Claim.type"},
			{"compat", "created", without("created"), "Missing `created` attribute", "Claim.created"},
			{"compat", "provider", without("provider"), "Missing or invalid `provider` reference", "Claim.provider"},
			{"compat", "patient", without("patient"), "Missing or invalid `patient` reference", "Claim.patient"},
			{"compat", "enterer", without("enterer"), "Missing or invalid `enterer` reference", "Claim.enterer"},
			{"compat", "period", without("billablePeriod"), "Missing or invalid 'billable_period' attribute", "Claim.billablePeriod.start"},
			{"compat", "diagnosis", without("diagnosis"), "Missing or invalid `diagnosis` attribute", "Claim.diagnosis"},
			{"compat", "total", set("total", object{"value": 0}), "Missing `total` attribute", "Claim.total"},
			{"compat", "information", set("supportingInfo", []any{object{"category": coded("weather")}}), "Unknown supporting info category: `weather`", "Claim.supportingInfo[0].category"},
			{"compat", "category", item(1, "category", object{"text": "thing"}), "Unknown item category: `thing`", "Claim.item[1].category"},
			{"compat", "quantity", item(2, "quantity", nil), "a number is expected", "Claim.item[2].quantity"},
			{"compat", "the other kind", item(0, "category", object{"text": "service"}), "Claim.item[0].extension: the category is service, but the reference is to a resource of type Medication.", "Claim.item[0].extension"},
			{"compat", "facility of others", set("provider", logical("Organization", "Code", "HF2")), "Missing or invalid `provider` reference", "Claim.provider"},
			{"compat", "unknown patient", set("patient", logical("Patient", "Code", "0")), "Missing or invalid `patient` reference", "Claim.patient"},
			{"compat", "patient nowhere", set("patient", object{"reference": "Patient/00000000-0000-4000-8000-000000000000"}), "Missing or invalid `patient` reference", "Claim.patient"},
			{"compat", "code and name", set("diagnosis", []any{object{"sequence": 1, "diagnosisCodeableConcept": coded("A01 Typhoid")}}), "Missing or invalid `diagnosis` attribute", "Claim.diagnosis[0]"},
			{"compat", "taken", set("identifier", []any{logical("", "MR", "taken")["identifier"]}), "the health facility has a claim taken already", "Claim.identifier"},
			{"compat", "a date", set("created", "6.11.2026"), "Claim.created: “6.11.2026” cannot be read as a date; 2026-12-31 or 2026-12-31T23:59:59 is expected.", "Claim.created"},
			{"compat", "ends early", set("billablePeriod", object{"start": "2026-11-05", "end": "2026-11-04"}), "the claim ends on 2026-11-04, before it starts on 2026-11-05", "Claim.billablePeriod.end"},
			{"compat", "no file", set("supportingInfo", []any{object{"category": coded("attachment"), "valueAttachment": object{"contentType": "application/x-sh", "data": "AAAA"}}}), "is not allowed; allowed are texts, ", "Claim.supportingInfo[0].valueAttachment.contentType"},
			{"compat", "no base64", set("supportingInfo", []any{object{"category": coded("attachment"), "valueAttachment": object{"contentType": "text/plain", "data": "???"}}}), "is not a base64", "Claim.supportingInfo[0].valueAttachment.data"},
			{"compat", "another hash", set("supportingInfo", []any{object{"category": coded("attachment"), "valueAttachment": object{"contentType": "text/plain", "data": "AAAA", "hash": "AAAA"}}}), "is not the SHA-1 of data", "Claim.supportingInfo[0].valueAttachment.hash"},
			{"compat", "long guarantee", set("insurance", []any{object{"sequence": 1, "coverage": logical("Coverage", "Code", strings.Repeat("x", 51))}}), "has 51 characters; at most 50 are allowed.", "Claim.insurance[0].coverage.identifier.value"},
			{"legacy", "identifier", without("identifier"), "Missing the claim code", "Claim.identifier"},
			{"legacy", "created", without("created"), "Missing the date of creation", "Claim.created"},
			{"legacy", "facility", without("facility"), "Missing the facility reference", "Claim.facility"},
			{"legacy", "patient", without("patient"), "Missing the patient reference", "Claim.patient"},
			{"legacy", "enterer", without("enterer"), "Missing the enterer reference", "Claim.enterer"},
			{"legacy", "period", without("billablePeriod"), "Missing the billable start date", "Claim.billablePeriod.start"},
			{"legacy", "diagnosis", without("diagnosis"), "Missing the main diagnosis for claim", "Claim.diagnosis"},
			{"legacy", "total", without("total"), "Missing the value for `total` attribute", "Claim.total"},
			{"legacy", "facility of others", set("facility", object{"reference": "Location/HF2"}), "Invalid HF Code", "Claim.facility"},
			{"legacy", "taken", set("identifier", bodySTU3("taken")["identifier"]), "Duplicate Claim Code", "Claim.identifier"},
			{"legacy", "unknown patient", set("patient", object{"reference": "Patient/0815"}), "Invalid Insuree CHFID", "Claim.patient"},
			{"legacy", "ends early", set("billablePeriod", object{"start": "2026-11-05", "end": "2026-11-04"}), "End date is smaller than start date", "Claim.billablePeriod.end"},
			{"legacy", "unknown diagnosis", set("diagnosis", []any{object{"sequence": 1, "diagnosisCodeableConcept": coded("Z99")}}), "Invalid ICDCode", "Claim.diagnosis[0]"},
			{"legacy", "unknown item", item(0, "service", object{"text": "I9"}), "Invalid ItemCode", "Claim.item[0]"},
			{"legacy", "unknown service", item(2, "service", object{"text": "I1"}), "Invalid ServiceCode", "Claim.item[2]"},
			{"legacy", "unknown administrator", set("enterer", object{"reference": "Practitioner/ADM2"}), "Invalid Claim Admin", "Claim.enterer"},
			{"legacy", "no reference", set("patient", object{"reference": "123456789"}), "Missing the patient reference", "Claim.patient"},
		} {
			body := bodyR4("NEW")
			if test.mount == "legacy" {
				body = bodySTU3("NEW")
			}
			test.change(body)
			text, more, place := said(h.send(http.MethodPost, test.mount+"/Claim/", body, http.StatusInternalServerError))
			if !strings.Contains(text, test.text) || place != test.at || !strings.HasPrefix(more, test.at) {
				t.Errorf("%s %s: %q, %q at %s", test.mount, test.name, text, more, place)
			}
		}
		text, more, _ := said(h.send(http.MethodPost, "r4/Claim", object{"resourceType": "Claim", "items": []any{}}, http.StatusBadRequest))
		if !strings.HasPrefix(text, "The request cannot be processed due to the following issues:\nMissing or invalid `identifier` attribute,\n") || !strings.Contains(more, "Claim.total: Missing `total` attribute") {
			t.Errorf("all at once: %q %q", text, more)
		}
		if n := c.number(`SELECT COUNT(*) FROM "tblClaim"`); n != 1 {
			t.Errorf("%d claims", n)
		}
		if n := c.number(`SELECT COUNT(*) FROM "` + attachmentTable + `"`); n != 0 {
			t.Errorf("%d attachments", n)
		}
	})
}

// TestFHIRClaimVariants of clients: references by UUID or number, types that all say icd_0, concepts as lists, contained resources.
func TestFHIRClaimVariants(t *testing.T) {
	everywhere(t, func(t *testing.T, c *clinic) {
		h := c.asClient(c.clerk())
		id := func(table string, key int) string {
			columns := map[string][2]string{"tblInsuree": {"InsureeUUID", "InsureeID"}, "tblHF": {"HfUUID", "HfID"}, "tblClaimAdmin": {"ClaimAdminUUID", "ClaimAdminId"}, "tblItems": {"ItemUUID", "ItemID"}}[table]
			if !c.d.Offers(table, columns[0]) {
				return fmt.Sprint(key)
			}
			var uuid db.UUID
			if err := c.d.Get(t.Context(), &uuid, `SELECT "`+columns[0]+`" FROM "`+table+`" WHERE "`+columns[1]+`" = ?`, key); err != nil {
				t.Fatal(err)
			}
			return strings.ToUpper(string(uuid))
		}
		patient, facility, admin, item := id("tblInsuree", c.insuree), id("tblHF", c.hf[0]), id("tblClaimAdmin", c.admin[0]), id("tblItems", c.item[0])
		nepal := bodySTU3("NEPAL")
		maps.Copy(nepal, object{"patient": object{"reference": "Patient/" + patient}, "facility": object{"reference": "Location/" + facility}, "enterer": object{"reference": "Practitioner/" + admin},
			"type": []any{object{"text": "O"}}, "diagnosis": []any{
				object{"sequence": 1, "type": []any{object{"coding": []any{object{"code": "icd_0"}}, "text": "icd_0"}}, "diagnosisCodeableConcept": coded("A01")},
				object{"sequence": 2, "type": []any{object{"coding": []any{object{"code": "icd_0"}}, "text": "icd_0"}}, "diagnosisCodeableConcept": coded("B02")}}})
		h.send(http.MethodPost, "legacy/Claim/", nepal, http.StatusCreated)
		reversed := bodySTU3("REVERSED")
		slices.Reverse(reversed["diagnosis"].([]any))
		h.send(http.MethodPost, "legacy/Claim/", reversed, http.StatusCreated)
		numbered := bodySTU3("NUMBERED")
		numbered["diagnosis"].([]any)[1].(object)["diagnosisCodeableConcept"] = coded(fmt.Sprint(c.icd2))
		h.send(http.MethodPost, "legacy/Claim/", numbered, http.StatusCreated)
		sandbox := bodyR4("SANDBOX")
		maps.Copy(sandbox, object{"patient": object{"reference": "Patient/" + patient, "type": "Patient"}, "provider": object{"reference": "Organization/" + facility}, "enterer": object{"reference": "https://imis.example/api/api_fhir_r4/Practitioner/" + admin}})
		sandbox["item"].([]any)[0].(object)["extension"] = []any{object{"url": "https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/claim-item-reference", "valueReference": object{"reference": "Medication/" + item}}}
		h.send(http.MethodPost, "r4/Claim", sandbox, http.StatusCreated)
		contained := bodyR4("INSIDE")
		contained["patient"] = object{"reference": "#p"}
		contained["contained"] = []any{object{"resourceType": "Patient", "id": "p", "identifier": []any{logical("", "Code", "123456789")["identifier"]}}}
		h.send(http.MethodPost, "r4/Claim", contained, http.StatusCreated)

		plain := bodySTU3("PLAIN")
		h.send(http.MethodPost, "legacy/Claim/", plain, http.StatusCreated)
		want := c.rowsOf(c.claimID("PLAIN"))
		for _, code := range []string{"NEPAL", "REVERSED", "NUMBERED", "SANDBOX", "INSIDE"} {
			if diff := cmp.Diff(want, c.rowsOf(c.claimID(code))); diff != "" {
				t.Errorf("%s:\n%s", code, diff)
			}
		}
		cheap := bodySTU3("CHEAP")
		cheap["item"].([]any)[1].(object)["unitPrice"] = object{"value": 0}
		h.send(http.MethodPost, "legacy/Claim/", cheap, http.StatusCreated)
		if n := c.number(`SELECT COUNT(*) FROM "tblClaimItems" WHERE "ClaimID" = ? AND "PriceAsked" = 90`, c.claimID("CHEAP")); n != 2 {
			t.Errorf("%d items have the price of the price list", n)
		}
	})
}

// TestFHIRAttachments: documents come back with the claim alone, and lists name them.
func TestFHIRAttachments(t *testing.T) {
	everywhere(t, func(t *testing.T, c *clinic) {
		h := c.asClient(c.clerk())
		data := base64.StdEncoding.EncodeToString([]byte("%PDF-1.7 a document"))
		body := bodyR4("DOC")
		body["supportingInfo"] = append(body["supportingInfo"].([]any),
			object{"sequence": 2, "category": object{"coding": []any{object{"code": "attachment"}}, "text": "attachment"}, "valueAttachment": object{"contentType": "application/pdf", "creation": "2026-11-05", "data": data, "hash": "", "title": "X-ray"}})
		h.send(http.MethodPost, "r4/Claim", body, http.StatusCreated)
		read := at(h.get("r4/Claim/DOC"), "supportingInfo", 2, "valueAttachment")
		if at(read, "data") != data || at(read, "title") != "X-ray" || at(read, "contentType") != "application/pdf" || at(read, "creation") != "2026-11-05" || at(read, "hash") == nil || at(read, "size") != 19.0 {
			t.Errorf("read: %v", read)
		}
		if g := at(h.get("r4/Claim/DOC"), "supportingInfo", 0, "valueString"); g != "G-7" {
			t.Errorf("the guarantee is %v", g)
		}
		listed := at(entries(h.get("r4/Claim"))[0], "supportingInfo", 2, "valueAttachment")
		if at(listed, "data") != nil || at(listed, "title") != "X-ray" {
			t.Errorf("listed: %v", listed)
		}
	})
}

// TestFHIRClaimAccess: who may read and write which claims.
func TestFHIRClaimAccess(t *testing.T) {
	everywhere(t, func(t *testing.T, c *clinic) {
		id := c.enter("C1")
		here, elsewhere := auth.Scope{HealthFacility: &c.hf[0]}, auth.Scope{Districts: c.districts[1:]}
		for name, test := range map[string]struct {
			user              *auth.Principal
			read, list, write int
		}{
			"nobody":              {nil, http.StatusUnauthorized, http.StatusUnauthorized, http.StatusUnauthorized},
			"without rights":      {user(5, here), http.StatusForbidden, http.StatusForbidden, http.StatusForbidden},
			"reader":              {user(5, here, 111001), http.StatusOK, http.StatusOK, http.StatusForbidden},
			"enters, submits not": {user(5, here, RightAdd), http.StatusForbidden, http.StatusForbidden, http.StatusForbidden},
			"enters and submits":  {user(5, here, RightAdd, RightSubmit), http.StatusForbidden, http.StatusForbidden, http.StatusCreated},
			"from elsewhere":      {user(5, elsewhere, 111001, RightAdd, RightSubmit), http.StatusNotFound, http.StatusOK, http.StatusBadRequest},
		} {
			h := c.asClient(test.user)
			for _, kind := range []string{"Claim", "ClaimResponse"} {
				h.send(http.MethodGet, fmt.Sprintf("r4/%s/%d", kind, id), nil, test.read)
				h.send(http.MethodGet, fmt.Sprintf("legacy/%s/C1", kind), nil, test.read)
				list := h.send(http.MethodGet, "r4/"+kind, nil, test.list)
				if found := len(entries(list)); test.list == http.StatusOK && (found > 0) != (test.read == http.StatusOK) {
					t.Errorf("%s sees %d of %s", name, found, kind)
				}
			}
			h.send(http.MethodPost, "r4/Claim", bodyR4(name[:4]), test.write)
			h.send(http.MethodPut, "r4/Claim/C1", bodyR4("C1"), http.StatusMethodNotAllowed)
			h.send(http.MethodPost, "r4/ClaimResponse", object{"resourceType": "ClaimResponse"}, http.StatusMethodNotAllowed)
		}
	})
}

// TestFHIRClaimHistoryHasTheLinesOfItsTime: a version shows the lines that the claim had then, whether the copies of lines are
// of the claim, as the procedures keep them, or of the row that keeps the version.
func TestFHIRClaimHistoryHasTheLinesOfItsTime(t *testing.T) {
	everywhere(t, func(t *testing.T, c *clinic) {
		id := c.enter("C1")
		h := c.asClient(c.doctor())
		after := func(hours int) time.Time { return today.Add(time.Duration(hours) * time.Hour) }
		keys := func(table, key string) (list []int) {
			if err := c.d.Select(t.Context(), &list, `SELECT l."`+key+`" FROM "`+table+`" AS l WHERE l."ClaimID" = ? AND l."ValidityTo" IS NULL ORDER BY l."`+key+`"`, id); err != nil {
				t.Fatal(err)
			}
			return list
		}
		change := func(what string, fn func(tx *db.Tx) error) {
			t.Helper()
			if err := c.d.Write(t.Context(), what, fn); err != nil {
				t.Fatal(err)
			}
		}
		items, services := keys("tblClaimItems", "ClaimItemID"), keys("tblClaimServices", "ClaimServiceID")
		show := func(r object) string {
			var list []string
			lines, _ := r["item"].([]any)
			for _, l := range lines {
				list = append(list, fmt.Sprintf("%v×%v", at(l, "productOrService", "coding", 0, "code"), at(l, "quantity", "value")))
			}
			return strings.Join(list, " ")
		}
		before := show(h.get("r4/Claim/C1"))
		change("one more of an item, an hour later, and the line moments before the claim", func(tx *db.Tx) error {
			if err := tx.Archive(t.Context(), "tblClaimItems", after(1).Add(-5*time.Millisecond), items[:1]); err != nil {
				return err
			}
			if err := tx.Archive(t.Context(), "tblClaim", after(1), []int{id}); err != nil {
				return err
			}
			_, err := tx.Update(t.Context(), "tblClaimItems", items[0], db.Values{"QtyProvided": 7})
			return err
		})
		second := show(h.get("r4/Claim/C1"))
		change("a service is taken out, another item comes in, and the copies of lines are of the version", func(tx *db.Tx) error {
			if err := tx.Archive(t.Context(), "tblClaim", after(2), []int{id}); err != nil {
				return err
			}
			if err := tx.Close(t.Context(), "tblClaimServices", after(2), services[:1]); err != nil {
				return err
			}
			if err := tx.Archive(t.Context(), "tblClaimItems", after(2), items); err != nil {
				return err
			}
			var copy int
			if err := tx.Get(t.Context(), &copy, `SELECT MAX(c."ClaimID") FROM "tblClaim" AS c WHERE c."LegacyID" = ?`, id); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), `UPDATE "tblClaimItems" SET "ClaimID" = ? WHERE "ClaimID" = ? AND "ValidityTo" = ?`, copy, id, after(2)); err != nil {
				return err
			}
			_, err := tx.Update(t.Context(), "tblClaimItems", items[0], db.Values{"QtyProvided": 9})
			return err
		})
		now := show(h.get("r4/Claim/C1"))
		if before == second || second == now || strings.Count(second, "×") != strings.Count(now, "×")+1 {
			t.Fatalf("the claim was changed from %q to %q to %q", before, second, now)
		}
		history := h.get("r4/Claim/C1/_history")
		statements := h.Counter.Statements()
		var got []string
		for _, e := range entries(history) {
			got = append(got, show(e))
		}
		if want := []string{now, second, before}; !slices.Equal(got, want) {
			t.Errorf("the versions have\n%q, want\n%q", got, want)
		}
		for i, e := range entries(history) {
			version := at(e, "meta", "versionId")
			if one := show(h.get(fmt.Sprintf("r4/Claim/C1/_history/%v", version))); one != got[i] {
				t.Errorf("version %v alone has %q", version, one)
			}
			if response := h.get(fmt.Sprintf("legacy/ClaimResponse/C1/_history/%v", version)); len(response["item"].([]any)) != strings.Count(got[i], "×") {
				t.Errorf("the response of version %v has %d lines", version, len(response["item"].([]any)))
			}
		}
		change("a version more", func(tx *db.Tx) error { return tx.Archive(t.Context(), "tblClaim", after(3), []int{id}) })
		if h.get("r4/Claim/C1/_history"); h.Counter.Statements() != statements {
			t.Errorf("%d statements for four versions, %d for three", h.Counter.Statements(), statements)
		}
	})
}

// TestFHIRNumbersInReferences: STU3 refers by code where there are no UUIDs, so that a number in a claim of STU3 is a code, and
// what is read can be sent again; in R4 it is the id there. Officers and administrators have the same numbers, and ids of their own.
func TestFHIRNumbersInReferences(t *testing.T) {
	everywhere(t, func(t *testing.T, c *clinic) {
		uuids := location.Facilities.HasUUID(c.d)
		other := strconv.Itoa(c.hf[1])
		if err := c.d.Write(t.Context(), "a code that is a number", func(tx *db.Tx) error {
			_, err := tx.Update(t.Context(), "tblHF", c.hf[0], db.Values{"HFCode": other})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		h := c.asClient(c.boss())
		old := bodySTU3("N1")
		old["facility"] = object{"reference": "Location/" + other}
		h.send(http.MethodPost, "strict/Claim", old, http.StatusCreated)
		if n := c.number(`SELECT "HFID" FROM "tblClaim" WHERE "ClaimCode" = 'N1'`); n != c.hf[0] {
			t.Errorf("the claim of STU3 is of facility %d, not %d", n, c.hf[0])
		}
		again := h.get("strict/Claim/N1")
		if ref := at(again, "facility", "reference"); !uuids && ref != "Location/"+other {
			t.Errorf("the claim of STU3 refers to %v", ref)
		}
		again["identifier"] = bodySTU3("N2")["identifier"]
		h.send(http.MethodPost, "strict/Claim", again, http.StatusCreated)
		if n := c.number(`SELECT "HFID" FROM "tblClaim" WHERE "ClaimCode" = 'N2'`); n != c.hf[0] {
			t.Errorf("the claim that was sent as it was read is of facility %d, not %d", n, c.hf[0])
		}
		// The enterer of a claim is an administrator: the id of an officer is not that of the administrator with its number.
		body := bodyR4("N3")
		body["provider"] = logical("Organization", "Code", other)
		body["enterer"] = object{"reference": fmt.Sprintf("Practitioner/eo-%d", c.number(`SELECT MIN("ClaimAdminId") FROM "tblClaimAdmin"`))}
		h.send(http.MethodPost, "r4/Claim", body, http.StatusBadRequest)

		id := c.selected("C9")
		read := h.get("r4/Claim/C9")
		given := h.send(http.MethodPost, "r4/Communication/", bodyFeedback(read["id"].(string)), http.StatusCreated)
		if err := c.d.Write(t.Context(), "who collected it", func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE "tblFeedback" SET "CHFOfficerCode" = ? WHERE "ClaimID" = ?`, c.officer, id)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		sender := at(h.get(fmt.Sprintf("r4/Communication/%s", given["id"])), "sender", "reference")
		if want := fmt.Sprintf("Practitioner/eo-%d", c.officer); !uuids && sender != want || uuids && strings.Contains(fmt.Sprint(sender), "eo-") {
			t.Errorf("the sender is %v, want %s", sender, want)
		}
	})
}
