package insuree_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirtest"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/insuree"
)

// fhirRights are those of a clerk who may do everything with people.
var fhirRights = []int{101001, 101002, 101003, 101004, 101101, 101102, 101103, 101104}

// fhirOffice is an office with people: a family of Ann, who is the head, and Bob, her child; and Cy, alone, abroad.
type fhirOffice struct {
	*office
	family, ann, bob int
	elsewhere, cy    int
}

func populated(t *testing.T, d *db.DB) *fhirOffice {
	o := &fhirOffice{office: opened(t, d)}
	for name, v := range map[string]db.Values{
		"tblGender": {"Code": "M", "Gender": "Male"},
	} {
		o.write(func(ctx context.Context, tx *db.Tx) error { _, err := tx.Insert(ctx, name, v); return err })
	}
	settle := func(village any) int {
		return insert(t, d, "tblFamilies", db.Values{"InsureeID": 0, "LocationId": village, "AuditUserID": 1, "FamilyType": "H", "FamilyAddress": "Main Road 1",
			"Poverty": true, "ConfirmationNo": "C-1", "ConfirmationType": "A", "Ethnicity": "x"})
	}
	person := func(family int, number, name string, head bool, more db.Values) int {
		v := db.Values{"FamilyID": family, "CHFID": number, "LastName": "Doe", "OtherNames": name, "DOB": someDay.AddDate(-30, 0, 0), "IsHead": head, "CardIssued": false,
			"isOffline": false, "AuditUserID": 1}
		for k, x := range more {
			v[k] = x
		}
		return insert(t, d, "tblInsuree", v)
	}
	o.family = settle(o.village)
	o.ann = person(o.family, "070707081", "Ann", true, db.Values{"Gender": "F", "Marital": "M", "Phone": "+41 1", "Email": "ann@example.org", "HFID": o.facility,
		"Education": 2, "Profession": 3, "passport": "X1", "TypeOfId": "P", "CardIssued": true})
	o.bob = person(o.family, "070707082", "Bob", false, db.Values{"Gender": "M", "Marital": "N", "Relationship": 4, "passport": "X2", "CurrentVillage": o.abroad,
		"CurrentAddress": "Back Street 2", "GeoLocation": "1.5 2.5", "DOB": someDay.AddDate(-8, 0, 0)})
	o.elsewhere = settle(o.abroad)
	o.cy = person(o.elsewhere, "070707083", "Cy", true, nil)
	photo := insert(t, d, "tblPhotos", db.Values{"InsureeID": o.ann, "CHFID": "070707081", "PhotoFolder": `Images\Updated\`, "PhotoFileName": "070707081 1.jpg",
		"OfficerID": o.officer, "PhotoDate": someDay, "AuditUserID": 1})
	o.write(func(ctx context.Context, tx *db.Tx) error {
		for _, u := range []struct {
			table string
			id    int
			v     db.Values
		}{{"tblFamilies", o.family, db.Values{"InsureeID": o.ann}}, {"tblFamilies", o.elsewhere, db.Values{"InsureeID": o.cy}}, {"tblInsuree", o.ann, db.Values{"PhotoID": photo}}} {
			if _, err := tx.Update(ctx, u.table, u.id, u.v); err != nil {
				return err
			}
		}
		return nil
	})
	policy := insert(t, d, "tblPolicy", db.Values{"FamilyID": o.family, "ProdID": o.product, "EnrollDate": someDay, "StartDate": someDay, "PolicyStatus": 2, "AuditUserID": 1})
	insert(t, d, "tblInsureePolicy", db.Values{"InsureeId": o.bob, "PolicyId": policy, "EffectiveDate": someDay, "ExpiryDate": later, "AuditUserId": 1})
	insert(t, d, "tblClaim", db.Values{"InsureeID": o.bob, "ClaimCode": "C1", "DateFrom": someDay, "DateClaimed": someDay, "HFID": o.facility, "ICDID": 1, "ClaimStatus": 2,
		"Feedback": false, "AuditUserID": 1})
	return o
}

// inOffices runs fn in the same office on every engine, and on a database without UUIDs.
func inOffices(t *testing.T, fn func(t *testing.T, o *fhirOffice)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, populated(t, d)) })
	t.Run("without UUIDs", func(t *testing.T) {
		o := populated(t, dbtest.SQLite(t))
		dbtest.DropUUIDs(t, o.d)
		fn(t, o)
	})
}

// fhirClient sends requests as somebody and keeps the bodies for the validator.
type fhirClient struct {
	t       *testing.T
	e       *echo.Echo
	last    *httptest.ResponseRecorder
	counter *db.Counter
}

// as is a clerk of the district; without says which rights are missing.
func (o *fhirOffice) as(scope auth.Scope, without ...int) *fhirClient {
	o.t.Helper()
	m := insuree.New(&modules.App{DB: o.d, Clock: clock.Fixed(later), Config: func(string) modules.Config { return nil }})
	s, err := apifhir.New(apifhir.Config{DB: o.d, Clock: clock.Fixed(later)}, m.Resources()...)
	if err != nil {
		o.t.Fatal(err)
	}
	clerk := o.clerk()
	for _, r := range fhirRights {
		clerk.Rights[r] = true
	}
	for _, r := range without {
		delete(clerk.Rights, r)
	}
	clerk.Principal.Scope = scope
	e := echo.New()
	signed := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.SetRequest(c.Request().WithContext(auth.With(c.Request().Context(), clerk.Principal)))
			return next(c)
		}
	}
	s.Mount(e.Group("/r4", signed), apifhir.Mount{Release: apifhir.R4})
	s.Mount(e.Group("/stu3", signed), apifhir.Mount{Release: apifhir.STU3, Compat: true})
	return &fhirClient{t: o.t, e: e}
}

func (o *fhirOffice) here() auth.Scope { return auth.Scope{Districts: []int{o.district}} }

// answer is a body as a tree; at finds what a path leads to.
type answer struct {
	t *testing.T
	v any
}

// send asks and wants a status; body is JSON, or nil.
func (c *fhirClient) send(method, path string, body any, status int) answer {
	c.t.Helper()
	var text string
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		text = string(raw)
	}
	r := httptest.NewRequest(method, "/"+strings.ReplaceAll(path, "|", "%7C"), strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	ctx, counter := db.WithCounter(r.Context())
	c.last, c.counter = httptest.NewRecorder(), counter
	c.e.ServeHTTP(c.last, r.WithContext(ctx))
	raw := c.last.Body.Bytes()
	if c.last.Code != status {
		c.t.Fatalf("%s %s = %d, want %d\n%s", method, path, c.last.Code, status, raw)
	}
	if len(raw) == 0 {
		return answer{c.t, nil}
	}
	if dump := fhirtest.Dump; strings.HasPrefix(path, "stu3") {
		dump = fhirtest.DumpSTU3
		dump(c.t, method+" "+path, raw)
	} else {
		dump(c.t, method+" "+path, raw)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		c.t.Fatal(err)
	}
	return answer{c.t, v}
}

func (c *fhirClient) get(path string) answer {
	c.t.Helper()
	return c.send(http.MethodGet, path, nil, http.StatusOK)
}

// at follows steps through members and lists: "name.0.family"; an extension is found by the end of its URL: "extension.~is-head".
func (a answer) at(path string) any {
	v := a.v
	for _, step := range strings.Split(path, ".") {
		switch o := v.(type) {
		case map[string]any:
			v = o[step]
		case []any:
			v = nil
			if end, ok := strings.CutPrefix(step, "~"); ok {
				for _, x := range o {
					if url, _ := x.(map[string]any)["url"].(string); strings.HasSuffix(url, end) {
						v = x
					}
				}
			} else {
				var i int
				if _, err := fmt.Sscan(step, &i); err == nil && i < len(o) {
					v = o[i]
				}
			}
		default:
			return nil
		}
	}
	return v
}

func (a answer) text(path string) string {
	if v := a.at(path); v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// want compares texts at paths.
func (a answer) want(texts map[string]string) {
	a.t.Helper()
	for path, want := range texts {
		if got := a.text(path); got != want {
			raw, _ := json.Marshal(a.v)
			a.t.Errorf("%s = %q, want %q in %s", path, got, want, raw)
		}
	}
}

// code is the business code among the identifiers.
func (a answer) code(kind string) string {
	list, _ := a.at("identifier").([]any)
	for _, x := range list {
		if i := (answer{a.t, x}); i.text("type.coding.0.code") == kind {
			return i.text("value")
		}
	}
	return ""
}

// codes are those of the entries of a page.
func (a answer) codes(kind string) string {
	var out []string
	list, _ := a.at("entry").([]any)
	for i := range list {
		out = append(out, answer{a.t, answer{a.t, list[i]}.at("resource")}.code(kind))
	}
	return strings.Join(out, " ")
}
