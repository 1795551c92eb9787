package claim

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirsession"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// everywhere runs fn over a clinic on every engine, and on a database without UUIDs.
func everywhere(t *testing.T, fn func(t *testing.T, c *clinic)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, open(t, d)) })
	t.Run("without UUIDs", func(t *testing.T) {
		d := dbtest.SQLite(t)
		dbtest.DropUUIDs(t, d)
		fn(t, open(t, d))
	})
}

// hospital is a client of the FHIR server.
type hospital struct{ *fhirsession.Session }

// asClient makes a client of the resources of the module.
func (c *clinic) asClient(user *auth.Principal) hospital {
	c.t.Helper()
	now := clock.Fixed(today)
	m := New(&modules.App{DB: c.d, Clock: now})
	return hospital{fhirsession.New(c.t, c.d, now, user, m.Resources()...)}
}

// send asks for a path and wants a status.
func (h hospital) send(method, path string, body any, status int) object {
	h.T.Helper()
	answer, _ := h.Send(method, path, body, status).V.(object)
	return answer
}

func (h hospital) get(path string) object {
	h.T.Helper()
	return h.send(http.MethodGet, path, nil, http.StatusOK)
}

// said is what an OperationOutcome says: details.text, diagnostics, expression.
func said(outcome object) (text, more, at string) {
	issue := outcome["issue"].([]any)[0].(object)
	text, _ = issue["details"].(object)["text"].(string)
	more, _ = issue["diagnostics"].(string)
	if list, ok := issue["expression"].([]any); ok {
		at, _ = list[0].(string)
	}
	return text, more, at
}

// at follows a path of members and numbers into a body; nil when there is nothing.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			o, _ := v.(object)
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

// entries are the resources of a Bundle.
func entries(bundle object) (list []object) {
	all, _ := bundle["entry"].([]any)
	for _, e := range all {
		list = append(list, e.(object)["resource"].(object))
	}
	return list
}

func logical(resourceType, kind, value string) object {
	return object{"type": resourceType, "identifier": object{"type": object{"coding": []any{object{"system": apifhir.IdentifierSystem, "code": kind}}}, "value": value}}
}

func coded(code string) object { return object{"coding": []any{object{"code": code}}} }

// bodyR4 is a claim as the app for claims sends it: two items and a service.
func bodyR4(code string) object {
	item := func(n int, kind, resource, code string, quantity, price float64) object {
		return object{"sequence": n, "category": object{"text": kind}, "productOrService": object{"text": code}, "quantity": object{"value": quantity},
			"unitPrice": object{"value": price, "currency": "$"}, "extension": []any{object{"url": resource, "valueReference": logical(resource, "Code", code)}}}
	}
	return object{"resourceType": "Claim", "status": "active", "use": "claim", "priority": coded("normal"),
		"identifier":     []any{logical("", "Code", code)["identifier"]},
		"type":           object{"coding": []any{object{"system": "https://openimis.github.io/openimis_fhir_r4_ig/CodeSystem-claim-visit-type.html", "code": "O"}}},
		"billablePeriod": object{"start": "2026-11-05", "end": "2026-11-05"}, "created": "2026-11-06",
		"patient": logical("Patient", "Code", "123456789"), "provider": logical("Organization", "Code", "HF1"), "enterer": logical("Practitioner", "Code", "ADM1"),
		"diagnosis":      []any{object{"sequence": 1, "diagnosisCodeableConcept": coded("A01")}, object{"sequence": 2, "diagnosisCodeableConcept": coded("B02")}},
		"item":           []any{item(1, "item", "Medication", "I1", 2, 90), item(2, "item", "Medication", "I2", 1, 80), item(3, "service", "ActivityDefinition", "S1", 1, 50)},
		"insurance":      []any{object{"sequence": 1, "focal": true, "coverage": logical("Coverage", "Code", "G-7")}},
		"supportingInfo": []any{object{"sequence": 1, "category": coded("explanation"), "valueString": "as told"}},
		"total":          object{"value": 220, "currency": "$"}}
}

// bodySTU3 is the same claim as OpenMRS sends it.
func bodySTU3(code string) object {
	item := func(n int, kind, code string, quantity, price float64) object {
		return object{"sequence": n, "category": object{"text": kind}, "service": object{"text": code}, "quantity": object{"value": quantity}, "unitPrice": object{"value": price}}
	}
	system := "https://hl7.org/fhir/valueset-identifier-type.html"
	return object{"resourceType": "Claim", "id": code, "careType": "O", "nmc": "1234",
		"identifier": []any{object{"use": "usual", "type": object{"coding": []any{object{"system": system, "code": "ACSN"}}}, "value": "0"},
			object{"use": "usual", "type": object{"coding": []any{object{"system": system, "code": "MR"}}}, "value": code}},
		"type": object{"text": "O"}, "billablePeriod": object{"start": "2026-11-05", "end": "2026-11-05"}, "created": "2026-11-06T08:15:00.123456",
		"patient": object{"reference": "Patient/123456789"}, "facility": object{"reference": "Location/HF1"},
		"enterer": object{"reference": "Practitioner/ADM1"}, "provider": object{"reference": "Practitioner/ADM1"},
		"diagnosis": []any{object{"sequence": 1, "type": []any{object{"text": "icd_0"}}, "diagnosisCodeableConcept": coded("A01")},
			object{"sequence": 2, "type": []any{object{"text": "icd_1"}}, "diagnosisCodeableConcept": coded("B02")}},
		"information": []any{object{"sequence": 1, "category": object{"text": "guarantee_id"}, "valueString": "G-7"}, object{"sequence": 2, "category": object{"text": "explanation"}, "valueString": "as told"}},
		"item":        []any{item(1, "item", "I1", 2, 90), item(2, "item", "I2", 1, 80), item(3, "service", "S1", 1, 50)},
		"total":       object{"value": 220}}
}

// rowsOf are a claim and its lines, all columns but those that differ between any two claims.
func (c *clinic) rowsOf(claim int) string {
	c.t.Helper()
	var b strings.Builder
	for _, from := range []struct{ table, order string }{{"tblClaim", "ClaimID"}, {"tblClaimItems", "ClaimItemID"}, {"tblClaimServices", "ClaimServiceID"}} {
		tab, _ := schema.Lookup(from.table)
		var columns []string
		for _, col := range tab.Columns {
			if n := col.Name; n == tab.Identity || n == tab.UUIDColumn || n == "ClaimID" || n == "ClaimCode" || n == "RowID" || !c.d.Offers(from.table, n) {
				continue
			}
			columns = append(columns, `"`+col.Name+`"`)
		}
		rows, err := c.d.Rows(c.t.Context(), `SELECT `+strings.Join(columns, ", ")+` FROM "`+from.table+`" WHERE "ClaimID" = ? ORDER BY "`+from.order+`"`, claim)
		if err != nil {
			c.t.Fatal(err)
		}
		for rows.Next() {
			values, err := rows.SliceScan()
			if err != nil {
				c.t.Fatal(err)
			}
			for i, v := range values {
				if raw, ok := v.([]byte); ok {
					v = string(raw)
				}
				fmt.Fprintf(&b, "%s.%s = %v\n", from.table, columns[i], v)
			}
		}
		if err := rows.Close(); err != nil {
			c.t.Fatal(err)
		}
	}
	return b.String()
}

func (c *clinic) claimID(code string) int {
	c.t.Helper()
	return c.number(`SELECT "ClaimID" FROM "tblClaim" WHERE "ClaimCode" = ? AND "ValidityTo" IS NULL`, code)
}
