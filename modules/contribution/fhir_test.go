package contribution

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirsession"
	"github.com/openimis/openimis-be-go/modules"
	policyrules "github.com/openimis/openimis-be-go/modules/policy/rules"
)

// branch is an office that enrols: a family of two and a product of a year for 100.
type branch struct {
	household
	t           *testing.T
	family      int
	ann, bob    int
	product     int
	officer     int
	other, away int // family in another district, and that district
}

func branched(t *testing.T, d *db.DB) *branch {
	b := &branch{household: household{d: d}, t: t}
	at := func(kind string, parent any) int {
		return b.insert(t, "tblLocations", db.Values{"LocationName": kind, "LocationType": kind, "ParentLocationId": parent, "AuditUserId": 1, "ValidityFrom": now})
	}
	region := at("R", nil)
	b.district, b.away = at("D", region), at("D", region)
	family := func(district int, numbers ...string) (id int, members []int) {
		id = b.insert(t, "tblFamilies", db.Values{"InsureeID": 0, "LocationId": at("V", at("W", district)), "AuditUserID": 1, "ValidityFrom": now})
		for i, n := range numbers {
			members = append(members, b.insert(t, "tblInsuree", db.Values{"FamilyID": id, "CHFID": n, "LastName": "Doe", "OtherNames": n, "DOB": date("1990-01-01"), "IsHead": i == 0,
				"CardIssued": false, "isOffline": false, "AuditUserID": 1, "ValidityFrom": date("2026-01-01")}))
		}
		b.write(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Update(ctx, "tblFamilies", id, db.Values{"InsureeID": members[0]})
			return err
		})
		return id, members
	}
	var m []int
	b.family, m = family(b.district, "101", "102")
	b.ann, b.bob = m[0], m[1]
	b.other, _ = family(b.away, "201")
	b.product = b.insert(t, "tblProduct", db.Values{"ProductCode": "BASIC", "ProductName": "Basic cover", "InsurancePeriod": 12, "DateFrom": date("2025-01-01"), "DateTo": date("2027-01-01"),
		"LumpSum": 100, "MemberCount": 5, "GracePeriod": 0, "GracePeriodRenewal": 3, "AuditUserID": 1, "ValidityFrom": date("2025-01-01")})
	b.officer = b.insert(t, "tblOfficer", db.Values{"Code": "E7", "LastName": "Doe", "OtherNames": "Eve", "LocationId": b.district, "AuditUserID": 1, "ValidityFrom": now})
	return b
}

type form = map[string]any

// contract is a body as upstream's fixtures have it.
func (b *branch) contract(premiums ...form) form {
	refer := func(text string) form { return form{"reference": text} }
	return form{"resourceType": "Contract", "status": "Offered", "legalState": form{"text": "Offered"}, "subject": []form{refer("Group/101")}, "author": refer("Practitioner/E7"),
		"term": []form{{"offer": form{"party": []form{{"reference": []form{refer("Patient/101")}, "role": form{"text": "beneficiary"}}}},
			"asset": []form{{"extension": premiums, "typeReference": []form{refer("Patient/101"), refer(fmt.Sprint("Patient/", b.bob))},
				"valuedItem": []form{{"entityReference": refer("InsurancePlan/BASIC"), "net": form{"value": 100}}}, "period": []form{{"start": "2026-01-15", "end": "2027-01-14"}}}}}}}
}

func premium(amount, receipt string) form {
	code := func(url, code string) form {
		return form{"url": url, "valueCodeableConcept": form{"coding": []form{{"code": code}}}}
	}
	return form{"url": "https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/contract-premium", "extension": []form{code("payer", "beneficiary"), code("category", "C"),
		{"url": "amount", "valueMoney": form{"value": json.Number(amount), "currency": "USD"}}, {"url": "date", "valueDate": "2026-01-20"}, {"url": "receipt", "valueString": receipt}, code("type", "M")}}
}

// post sends a contract as somebody of a district and wants a status.
func (b *branch) post(body form, district, status int, without ...int) string {
	b.t.Helper()
	app := &modules.App{DB: b.d, Clock: clock.Fixed(now), Config: func(string) modules.Config { return nil }}
	p := &auth.Principal{Username: "clerk", Person: &auth.Person{ID: 7}, Rights: map[int]bool{}, Scope: auth.Scope{Districts: []int{district}}}
	for _, r := range []int{101201, 101202, 101205, 101302} {
		p.Rights[r] = !slices.Contains(without, r)
	}
	c := fhirsession.New(b.t, b.d, clock.Fixed(now), p, New(app).Resources()...)
	c.Send(http.MethodPost, "r4/Contract/", body, status)
	return c.Last.Body.String()
}

// row is the policy that was entered last, with its premiums and covers.
func (b *branch) row() (p policyrules.Policy, premiums, covers int) {
	b.t.Helper()
	err := b.d.Get(b.t.Context(), &p, `SELECT `+db.Columns[policyrules.Policy]("p")+` FROM "tblPolicy" p WHERE p."LegacyID" IS NULL ORDER BY p."PolicyID" DESC $page(1, 0)`)
	if err == nil {
		err = b.d.Get(b.t.Context(), &premiums, `SELECT COUNT(*) FROM "tblPremium" c WHERE c."PolicyID" = ? AND c."PayType" = 'M' AND c."PayDate" = ?`, p.ID, db.Date(date("2026-01-20")))
	}
	if err == nil {
		err = b.d.Get(b.t.Context(), &covers, `SELECT COUNT(*) FROM "tblInsureePolicy" ip WHERE ip."PolicyId" = ? AND ip."ValidityTo" IS NULL`, p.ID)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return p, premiums, covers
}

func (b *branch) policies() (n int) {
	b.t.Helper()
	if err := b.d.Get(b.t.Context(), &n, `SELECT COUNT(*) FROM "tblPolicy" p`); err != nil {
		b.t.Fatal(err)
	}
	return n
}

func TestContractsAreEntered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := branched(t, d)
		got := b.post(b.contract(premium("60", "R-1")), b.district, http.StatusCreated)
		p, premiums, covers := b.row()
		if !strings.Contains(got, `"status":"offered"`) || !strings.Contains(got, `"valueString":"R-1"`) || p.FamilyID != b.family || *p.OfficerID != b.officer || premiums != 1 || covers != 2 ||
			p.EnrollDate.Format("2006-01-02") != "2026-01-15" || !p.HasStatus(policyrules.StatusIdle) {
			t.Errorf("%s\n%+v, %d premiums, %d covers", got, p, premiums, covers)
		}
		if got := b.post(b.contract(), b.district, http.StatusConflict); !strings.Contains(got, `"text":"Contract exists for this patient"`) {
			t.Error(got)
		}
	})
}

// Where ids are numbers, the officer is named by the id that Practitioner has; the number alone is that of an administrator.
func TestContractsNameOfficersByTheirIDs(t *testing.T) {
	d := dbtest.SQLite(t)
	dbtest.DropUUIDs(t, d)
	b := branched(t, d)
	c := b.contract()
	c["author"] = form{"reference": fmt.Sprint("Practitioner/", b.officer)}
	if got := b.post(c, b.district, http.StatusBadRequest); !strings.Contains(got, fmt.Sprintf("there is no Practitioner %d", b.officer)) {
		t.Error(got)
	}
	id := fmt.Sprintf("Practitioner/eo-%d", b.officer)
	c["author"] = form{"reference": id}
	got := b.post(c, b.district, http.StatusCreated)
	if p, _, _ := b.row(); *p.OfficerID != b.officer || !strings.Contains(got, `"reference":"`+id+`"`) {
		t.Errorf("%s\n%+v", got, p)
	}
}

// Two instalments pay in full, and one of them is enough where the contract says that it is in force.
func TestContractsTakeEffect(t *testing.T) {
	for name, x := range map[string]struct {
		status   string
		premiums []form
	}{
		"paid":     {"offered", []form{premium("60", "A"), premium("40", "B")}},
		"in force": {"Active", []form{premium("60", "C")}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				b := branched(t, d)
				body := b.contract(x.premiums...)
				body["status"] = x.status
				got := b.post(body, b.district, http.StatusCreated)
				if p, n, _ := b.row(); !p.HasStatus(policyrules.StatusActive) || n != len(x.premiums) || !strings.Contains(got, `"status":"policy"`) {
					t.Errorf("%+v, %d premiums: %s", p, n, got)
				}
			})
		})
	}
}

func TestContractsAreRenewed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := branched(t, d)
		body := b.contract()
		body["legalState"] = form{"text": "Renewed"}
		asset := body["term"].([]form)[0]["asset"].([]form)[0]
		delete(asset, "period")
		if got := b.post(body, b.district, http.StatusBadRequest); !strings.Contains(got, "no active or expired policy") {
			t.Error(got)
		}
		b.insert(t, "tblPolicy", db.Values{"FamilyID": b.family, "ProdID": b.product, "EnrollDate": date("2025-01-01"), "StartDate": date("2025-01-15"), "ExpiryDate": date("2026-01-14"),
			"EffectiveDate": date("2025-01-15"), "PolicyStatus": policyrules.StatusExpired, "PolicyValue": 100, "PolicyStage": "N", "AuditUserID": 1, "ValidityFrom": date("2025-01-01")})
		b.post(body, b.district, http.StatusForbidden, 101205)
		got := b.post(body, b.district, http.StatusCreated)
		if p, _, _ := b.row(); *p.Stage != policyrules.StageRenewal || !strings.Contains(got, `"text":"Renewed"`) {
			t.Errorf("%+v: %s", p, got)
		}
	})
}

// Nothing of a refused contract is kept, and the answer says where it is wrong.
func TestContractsThatAreRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := branched(t, d)
		asset := func(body form) form { return body["term"].([]form)[0]["asset"].([]form)[0] }
		for text, edit := range map[string]func(form){
			"Missing  `subject` attribute":         func(c form) { delete(c, "subject") },
			"Missing  `asset` attribute":           func(c form) { delete(c, "term") },
			"Missing  `entityReference` attribute": func(c form) { delete(asset(c), "valuedItem") },
			"there is no InsurancePlan NONE": func(c form) {
				asset(c)["valuedItem"] = []form{{"entityReference": form{"reference": "InsurancePlan/NONE"}}}
			},
			"there is no Group 201":                    func(c form) { c["subject"] = []form{{"reference": "Group/201"}} },
			"there is no Patient 201":                  func(c form) { asset(c)["typeReference"] = []form{{"reference": "Patient/201"}} },
			"runs from 2026-01-15 to 2027-01-14":       func(c form) { asset(c)["period"] = []form{{"start": "2026-01-15", "end": "2030-01-01"}} },
			"no contribution is given":                 func(c form) { c["status"] = "policy" },
			"a new contract is offered or policy":      func(c form) { c["status"] = "Expired" },
			"in the future":                            func(c form) { c["issued"] = "2026-02-02" },
			"is 0; it has to be more than 0":           func(c form) { asset(c)["extension"] = []form{premium("0", "A")} },
			"is empty; give the number of the receipt": func(c form) { asset(c)["extension"] = []form{premium("60", "A"), premium("40", " ")} },
			"another premium with the receipt":         func(c form) { asset(c)["extension"] = []form{premium("60", "A"), premium("40", "A")} },
		} {
			body := b.contract()
			edit(body)
			if got := b.post(body, b.district, http.StatusBadRequest); !strings.Contains(got, text) {
				t.Errorf("%s: %s", text, got)
			}
		}
		b.post(b.contract(premium("60", "R")), b.district, http.StatusForbidden, 101202)
		b.post(b.contract(premium("60", "R")), b.district, http.StatusForbidden, 101302)
		b.post(b.contract(), b.away, http.StatusBadRequest)
		if n := b.policies(); n != 0 {
			t.Errorf("%d policies were kept", n)
		}
	})
}
