package claim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/mutation"
	sdlpkg "github.com/openimis/openimis-be-go/internal/sdl"
	"github.com/openimis/openimis-be-go/internal/testing/entitytest"
	"github.com/openimis/openimis-be-go/internal/testing/golden/goldendb"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/core"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
	"github.com/openimis/openimis-be-go/modules/medical_pricelist"
	"github.com/openimis/openimis-be-go/modules/policy"
	productmodule "github.com/openimis/openimis-be-go/modules/product"
)

var today = time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC)

// clinic is what the tests of handlers share: two districts with a health facility each, an insured
// patient, two items and a service in the price list of the first facility.
type clinic struct {
	t         testing.TB
	d         *db.DB
	districts [2]int
	hf        [2]int
	admin     [2]int
	officer   int
	icd, icd2 int
	item      [2]int
	service   int
	insuree   int
	policy    int
	product   int
}

func open(t testing.TB, d *db.DB) *clinic {
	c := &clinic{t: t, d: d}
	region := c.insert("tblLocations", db.Values{"LocationName": "Region", "LocationCode": "R", "LocationType": "R"})
	c.icd = c.insert("tblICDCodes", db.Values{"ICDCode": "A01", "ICDName": "Typhoid"})
	c.icd2 = c.insert("tblICDCodes", db.Values{"ICDCode": "B02", "ICDName": "Zoster"})
	lists := [rules.KindCount]int{c.insert("tblPLItems", db.Values{"PLItemName": "Items"}), c.insert("tblPLServices", db.Values{"PLServName": "Services"})}
	for i := range c.item {
		c.item[i] = c.insert("tblItems", db.Values{"ItemCode": fmt.Sprintf("I%d", i+1), "ItemName": "Item", "ItemPrice": dec("100"), "ItemCareType": "B", "ItemPatCat": 15})
		c.insert("tblPLItemsDetail", db.Values{"PLItemID": lists[rules.Items], "ItemID": c.item[i], "PriceOverule": dec("90")})
	}
	c.service = c.insert("tblServices", db.Values{"ServCode": "S1", "ServName": "Service", "ServPrice": dec("50"), "ServCareType": "B", "ServPatCat": 15, "ServCategory": "C"})
	c.insert("tblPLServicesDetail", db.Values{"PLServiceID": lists[rules.Services], "ServiceID": c.service})
	for i := range c.hf {
		c.districts[i] = c.insert("tblLocations", db.Values{"LocationName": "District", "LocationCode": fmt.Sprintf("D%d", i+1), "LocationType": "D", "ParentLocationId": region})
		c.hf[i] = c.insert("tblHF", db.Values{"HFCode": fmt.Sprintf("HF%d", i+1), "HFName": "Facility", "HFLevel": "D", "HFCareType": "B", "LocationId": c.districts[i],
			"PLItemID": lists[rules.Items], "PLServiceID": lists[rules.Services]})
		c.admin[i] = c.insert("tblClaimAdmin", db.Values{"ClaimAdminCode": fmt.Sprintf("ADM%d", i+1), "LastName": "Admin", "OtherNames": "A", "HFId": c.hf[i], "ValidityFrom": date("2010-01-01")})
	}
	c.officer = c.insert("tblOfficer", db.Values{"Code": "OFF1", "LastName": "Officer", "OtherNames": "O", "LocationId": c.districts[0]})
	c.product = c.insert("tblProduct", db.Values{"ProductCode": "P1", "ProductName": "Product", "InsurancePeriod": 12})
	for _, item := range c.item {
		c.insert("tblProductItems", db.Values{"ProdID": c.product, "ItemID": item, "LimitationType": "C", "PriceOrigin": "P", "LimitAdult": dec("100"), "LimitChild": dec("100"),
			"LimitationTypeE": "C", "LimitationTypeR": "C"})
	}
	c.insert("tblProductServices", db.Values{"ProdID": c.product, "ServiceID": c.service, "LimitationType": "C", "PriceOrigin": "P", "LimitAdult": dec("100"), "LimitChild": dec("100"),
		"LimitationTypeE": "C", "LimitationTypeR": "C"})
	ward := c.insert("tblLocations", db.Values{"LocationName": "Ward", "LocationCode": "W", "LocationType": "W", "ParentLocationId": c.districts[0]})
	village := c.insert("tblLocations", db.Values{"LocationName": "Village", "LocationCode": "V", "LocationType": "V", "ParentLocationId": ward})
	family := c.insert("tblFamilies", db.Values{"InsureeID": 0, "LocationId": village})
	c.insuree = c.insert("tblInsuree", db.Values{"CHFID": "123456789", "LastName": "Doe", "OtherNames": "Joe", "DOB": date("1980-01-01"), "Gender": "M", "FamilyID": family, "IsHead": true})
	c.policy = c.insert("tblPolicy", db.Values{"FamilyID": family, "ProdID": c.product, "PolicyStatus": 2, "PolicyStage": "R", "EnrollDate": date("2026-01-01"), "StartDate": date("2026-01-01"),
		"EffectiveDate": date("2026-01-01"), "ExpiryDate": date("2026-12-31")})
	c.insert("tblInsureePolicy", db.Values{"InsureeId": c.insuree, "PolicyId": c.policy, "EffectiveDate": date("2026-01-01"), "ExpiryDate": date("2026-12-31")})
	return c
}

func (c *clinic) insert(table string, row db.Values) (id int) {
	c.t.Helper()
	err := c.d.Write(c.t.Context(), table, func(tx *db.Tx) (err error) {
		id, err = tx.Insert(c.t.Context(), table, goldendb.Complete(tx, table, row))
		return err
	})
	if err != nil {
		c.t.Fatalf("%s: %v", table, err)
	}
	return id
}

func (c *clinic) exec(src string, args ...any) {
	c.t.Helper()
	err := c.d.Write(c.t.Context(), "test", func(tx *db.Tx) error { _, err := tx.Exec(c.t.Context(), src, args...); return err })
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *clinic) number(src string, args ...any) (n int) {
	c.t.Helper()
	if err := c.d.Get(c.t.Context(), &n, src, args...); err != nil {
		c.t.Fatalf("%s: %v", src, err)
	}
	return n
}

// Users of the clinic.
func user(id int, scope auth.Scope, rights ...int) *auth.Principal {
	p := &auth.Principal{ID: fmt.Sprint(id), Username: fmt.Sprintf("user%d", id), Person: &auth.Person{ID: id, HealthFacility: scope.HealthFacility}, Rights: map[int]bool{}, Scope: scope}
	for _, r := range rights {
		p.Rights[r] = true
	}
	return p
}

func (c *clinic) boss() *auth.Principal {
	return &auth.Principal{ID: "1", Username: "Admin", Person: &auth.Person{ID: 1}, Admin: true, Scope: auth.Scope{All: true}}
}

// clerk is the claim administrator of the first facility, officer the medical officer of its district.
func (c *clinic) clerk() *auth.Principal {
	p := user(2, auth.Scope{HealthFacility: &c.hf[0]}, 111001, 111002, 111004, 111005, 111006, 111007)
	p.Username = "adm1"
	return p
}

func (c *clinic) doctor() *auth.Principal {
	return user(3, auth.Scope{Districts: c.districts[:1]}, 111001, 111008, 111009, 111010, 111011)
}

// call runs a mutation as its queue does. The input may be a text or a value.
func (c *clinic) call(p *auth.Principal, name string, input any) (mutation.Outcome, error) {
	c.t.Helper()
	return c.callAt(c.t.Context(), p, name, input, today)
}

func (c *clinic) callAt(ctx context.Context, p *auth.Principal, name string, input any, now time.Time) (out mutation.Outcome, err error) {
	raw, ok := input.(string)
	if !ok {
		b, err := json.Marshal(input)
		if err != nil {
			return out, err
		}
		raw = string(b)
	}
	h := (&Module{}).Mutations()[name]
	if err := h.Access.Check(p, name); err != nil {
		return out, err
	}
	err = c.d.Write(auth.With(ctx, p), name, func(tx *db.Tx) (err error) {
		out, err = h.Run(auth.With(ctx, p), tx, mutation.Call{Name: name, Principal: p, Input: json.RawMessage(raw), Now: now})
		return err
	})
	return out, err
}

// must is call for what has to succeed completely.
func (c *clinic) must(p *auth.Principal, name string, input any) {
	c.t.Helper()
	if out, err := c.call(p, name, input); err != nil || out.Error != "" {
		c.t.Fatalf("%s %v: %v %s", name, input, err, out.Error)
	}
}

type object = map[string]any

// form is the input of a new claim of two items and a service: 2 x 90 + 1 x 50.
func (c *clinic) form(code string) object {
	return object{"code": code, "insuree_id": c.insuree, "date_from": "2026-11-05", "date_to": "2026-11-05", "icd_id": c.icd, "status": 2,
		"date_claimed": "2026-11-06", "health_facility_id": c.hf[0], "visit_type": "O", "feedback_status": 1, "review_status": 1, "client_mutation_id": "x",
		"items":    []any{object{"item_id": c.item[0], "status": 1, "qty_provided": "2", "price_asked": "90.00"}},
		"services": []any{object{"service_id": c.service, "status": 1, "qty_provided": "1", "price_asked": "50", "explanation": "needed"}}}
}

// enter enters a claim and gives its id.
func (c *clinic) enter(code string) int {
	c.t.Helper()
	c.must(c.boss(), "createClaim", c.form(code))
	return c.number(`SELECT "ClaimID" FROM "tblClaim" WHERE "ClaimCode" = ? AND "ValidityTo" IS NULL`, code)
}

func (c *clinic) status(id int) int {
	return c.number(`SELECT "ClaimStatus" FROM "tblClaim" WHERE "ClaimID" = ?`, id)
}

func (c *clinic) line(k rules.Kind, claim int) int {
	n := rules.Legacy[k]
	return c.number(`SELECT MIN("`+n.LineID+`") FROM "`+n.Lines+`" WHERE "ClaimID" = ? AND "ValidityTo" IS NULL`, claim)
}

// site answers GraphQL queries over the modules that claims refer to, without a server.
type site struct {
	schema *ast.Schema
	module *Module
}

func newSite(t testing.TB, d *db.DB) *site {
	t.Helper()
	app := &modules.App{DB: d, Clock: clock.Fixed(today)}
	sources := []sdlpkg.Source{{Module: "the contract", Text: contract2019.Contract.SDL}}
	var models []entity.Model
	for _, m := range []modules.Module{core.New(app), location.New(app), medical.New(app), medical_pricelist.New(app), productmodule.New(app), insuree.New(app), policy.New(app), New(app)} {
		if g, ok := m.(modules.GraphQL); ok {
			sources = append(sources, sdlpkg.Source{Module: m.Name(), Text: g.GraphQL()[0].SDL})
		}
		if e, ok := m.(modules.Entities); ok {
			models = append(models, e.Model())
		}
	}
	schema, err := sdlpkg.Assemble(sources)
	if err != nil {
		t.Fatal(err)
	}
	registry, err := entity.NewRegistry(schema, models...)
	if err != nil {
		t.Fatal(err)
	}
	app.Entities = &entity.Engine{Registry: registry, DB: d, Clock: clock.Fixed(today), ListCap: 10_000, Spelling: contract2019.Contract.Spelling}
	return &site{schema, New(app)}
}

// ask runs a query with one root field of claims and answers its value.
func (s *site) ask(ctx context.Context, t testing.TB, p *auth.Principal, query string) (string, []error) {
	t.Helper()
	return entitytest.Ask(ctx, t, s.schema, p, query, nil, func(ctx context.Context, field string) (*entity.Result, error) {
		roots := s.module.GraphQL()[0].Roots
		return roots[slices.IndexFunc(roots, func(r modules.Root) bool { return r.Name == field })].List(ctx)
	})
}
