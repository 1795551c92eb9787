package policy

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirsession"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/insuree"
)

// scheme is a country with two families in different districts: the first, of three, has an active policy that covers two
// of them, with two contributions, and one that has expired; the second has an idle one.
type scheme struct {
	*country
	t              *testing.T
	family, other  int
	ann, bob, cy   int
	active, old    int
	idle, stranger int
	officer        int
}

func launched(t *testing.T, d *db.DB) *scheme {
	s := &scheme{country: found(t, d), t: t}
	var m []int
	s.family, m = s.country.family(t, &s.villages[0].id, "101", "102", "103")
	s.ann, s.bob, s.cy = m[0], m[1], m[2]
	ids := s.policies(t, 2, s.family, m[:2])
	s.active, s.old = ids[0], ids[1]
	s.premium(t, s.active, "60.5", false, nil)
	s.premium(t, s.active, "5", true, nil)
	s.premium(t, s.active, "77", false, &newYear)
	var strangers []int
	s.other, strangers = s.country.family(t, &s.villages[4].id, "201")
	s.stranger = strangers[0]
	s.idle = s.policies(t, 1, s.other, strangers)[0]
	s.officer = s.insert(t, "tblOfficer", "Code LastName OtherNames AuditUserID", []any{"E7", "Doe", "Eve", 1})[0]
	write(t, d, func(ctx context.Context, tx *db.Tx) error {
		for id, v := range map[int]db.Values{s.active: {"OfficerID": s.officer}, s.old: {"PolicyStatus": 8, "ExpiryDate": newYear.AddDate(0, 6, 0)}, s.idle: {"PolicyStatus": 1, "EffectiveDate": nil}} {
			if _, err := tx.Update(ctx, "tblPolicy", id, v); err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

func inSchemes(t *testing.T, fn func(t *testing.T, s *scheme)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, launched(t, d)) })
	t.Run("without UUIDs", func(t *testing.T) {
		s := launched(t, dbtest.SQLite(t))
		dbtest.DropUUIDs(t, s.d)
		fn(t, s)
	})
}

// as is a user with a scope and all rights but some.
func (s *scheme) as(scope auth.Scope, without ...int) *fhirsession.Session {
	s.t.Helper()
	app := &modules.App{DB: s.d, Clock: clock.Fixed(now), Config: func(string) modules.Config { return modules.Config{"currency": "npr"} }}
	p := &auth.Principal{Username: "clerk", Person: &auth.Person{ID: 7}, Rights: map[int]bool{}, Scope: scope}
	for _, r := range []int{101001, 101101, 101201, 101202, 101302} {
		p.Rights[r] = !slices.Contains(without, r)
	}
	return fhirsession.New(s.t, s.d, clock.Fixed(now), p, append(append(New(app).Resources(), NewContracts(app).Resource), insuree.New(app).Resources()...)...)
}

func (s *scheme) home() auth.Scope { return auth.Scope{Districts: []int{s.villages[0].district}} }

func TestPoliciesAreCoveragesAndContracts(t *testing.T) {
	inSchemes(t, func(t *testing.T, s *scheme) {
		c := s.as(auth.Scope{All: true})
		c.Get(fmt.Sprintf("r4/Coverage?identifier=ACSN|%d", s.active)).Want(map[string]string{
			"entry.0.resource.status": "active", "entry.0.resource.period.start": "2026-01-01", "entry.0.resource.period.end": "2026-12-31",
			"entry.0.resource.class.0.value": "BASIC", "entry.0.resource.class.0.name": "Basic cover", "entry.0.resource.beneficiary.display": "101",
			"entry.0.resource.policyHolder.display": "101", "entry.0.resource.payor.0.display": "101",
			"entry.0.resource.extension.0.valueDate": "2026-01-01", "entry.0.resource.extension.1.id": "EffectiveDate",
			"entry.0.resource.meta.profile.0": "https://openimis.github.io/openimis_fhir_r4_ig/StructureDefinition/openimis-coverage",
		})
		contract := c.Get(fmt.Sprintf("r4/Contract/%d", s.active))
		if !s.d.Offers("tblOfficer", "OfficerUUID") {
			contract.Want(map[string]string{"author.reference": fmt.Sprintf("Practitioner/eo-%d", s.officer)})
		}
		contract.Want(map[string]string{
			"status": "policy", "legalState.text": "Offered", "author.display": "E7", "subject.0.display": "101", "scope.coding.0.code": "informal",
			"term.0.offer.party.0.reference.0.display": "101", "term.0.asset.0.typeReference.1.display": "102", "term.0.asset.0.typeReference.2": "",
			"term.0.asset.0.period.0.end": "2026-12-31", "term.0.asset.0.usePeriod.0.start": "2026-01-01",
			"term.0.asset.0.valuedItem.0.entityReference.display": "BASIC", "term.0.asset.0.valuedItem.0.net.value": "100", "term.0.asset.0.valuedItem.0.net.currency": "NPR",
			"term.0.asset.0.extension.0.extension.~amount.valueMoney.value":                     "60.5",
			"term.0.asset.0.extension.0.extension.~receipt.valueString":                         "R",
			"term.0.asset.0.extension.0.extension.~category.valueCodeableConcept.coding.0.code": "C",
			"term.0.asset.0.extension.1.extension.~category.valueCodeableConcept.coding.0.code": "P",
			"term.0.asset.0.extension.0.extension.~type.valueCodeableConcept.coding.0.display":  "Cash",
			"term.0.asset.0.extension.0.extension.~payer.valueCodeableConcept.coding.0.code":    "beneficiary",
			"term.0.asset.0.extension.2": "",
		})
		c.Get(fmt.Sprintf("r4/Contract/%d", s.idle)).Want(map[string]string{"status": "offered", "term.0.asset.0.usePeriod": ""})
		c.Get(fmt.Sprintf("r4/Contract/%d", s.old)).Want(map[string]string{"status": "terminated"})
		c.Get("stu3/Coverage/?identifier=201").Want(map[string]string{
			"entry.0.resource.status": "draft", "entry.0.resource.beneficiary.reference": "Patient/201", "entry.0.resource.grouping.plan": "BASIC",
			"entry.0.resource.period.end": "2026-12-31", "entry.0.resource.identifier.0.type.coding.0.code": "ACSN",
		})
	})
}

func TestPoliciesAreFound(t *testing.T) {
	inSchemes(t, func(t *testing.T, s *scheme) {
		c := s.as(auth.Scope{All: true})
		first, all := fmt.Sprintf("%d %d", s.active, s.old), fmt.Sprintf("%d %d %d", s.active, s.old, s.idle)
		for search, want := range map[string]string{
			"r4/Coverage":                                   all,
			"r4/Coverage?beneficiary=Patient/101":           first,
			"r4/Coverage/?beneficiary=102":                  first,
			"r4/Coverage?beneficiary=103":                   "",
			"r4/Coverage?patient.identifier=102":            first,
			"r4/Coverage?policyHolder=101":                  first,
			"r4/Coverage?policy-holder=Patient/102":         "",
			"r4/Coverage?identifier=102":                    first,
			"r4/Coverage?identifier=Code|201":               fmt.Sprint(s.idle),
			"r4/Coverage?identifier=nothing":                "",
			"r4/Coverage?status=cancelled":                  fmt.Sprint(s.old),
			"r4/Coverage?status=active,draft":               fmt.Sprintf("%d %d", s.active, s.idle),
			"r4/Coverage?class-value=basic":                 all,
			"r4/Coverage?class-value=OTHER":                 "",
			"r4/Coverage?refDate=2020-01-02":                "",
			"r4/Coverage?refEndDate=2020-01-01":             all,
			"r4/Contract?status=terminated":                 fmt.Sprint(s.old),
			"r4/Contract?subject=Group/201":                 fmt.Sprint(s.idle),
			"r4/Contract?patient=102&status=policy":         fmt.Sprint(s.active),
			"r4/Contract?identifier=101":                    first,
			"r4/Contract/?refDate=2019-12-31&page-offset=1": all,
			"r4/Contract/?_count=1000&_sort=-_lastUpdated":  all,
		} {
			if got := c.Get(search).Codes(apifhir.KindID); got != want {
				t.Errorf("%s = %q, want %q", search, got, want)
			}
		}
		page := c.Get("r4/Coverage?identifier=201&_include=Coverage:beneficiary")
		page.Want(map[string]string{"entry.1.resource.resourceType": "Patient", "entry.1.resource.name.0.family": "Doe"})
	})
}

func TestStatementsOfPolicies(t *testing.T) {
	inSchemes(t, func(t *testing.T, s *scheme) {
		c := s.as(s.home())
		for path, want := range map[string]int{"r4/Coverage?_count=1&_total=none": 2, "r4/Coverage?_total=none": 2, "r4/Contract?_count=1&_total=none": 4, "r4/Contract?_total=none": 4,
			fmt.Sprintf("r4/Contract/%d", s.active): 3, "stu3/Coverage?_total=none&identifier=101": 2} {
			c.Get(path)
			if n := c.Counter.Statements(); n != want {
				t.Errorf("%s: %d statements, want %d", path, n, want)
			}
		}
	})
}

func TestPoliciesOfOtherDistrictsAreNotFound(t *testing.T) {
	inSchemes(t, func(t *testing.T, s *scheme) {
		c := s.as(s.home())
		for _, search := range []string{"r4/Coverage", "r4/Contract"} {
			if got, want := c.Get(search).Codes(apifhir.KindID), fmt.Sprintf("%d %d", s.active, s.old); got != want {
				t.Errorf("%s = %q, want %q", search, got, want)
			}
		}
		for _, search := range []string{"r4/Coverage?identifier=201", "r4/Contract?patient=201", "stu3/Coverage?identifier=201"} {
			if got := c.Get(search).Codes(apifhir.KindID); got != "" {
				t.Errorf("%s = %q", search, got)
			}
		}
		for _, path := range []string{"r4/Coverage/%d", "r4/Coverage/%d/_history", "r4/Contract/%d", "stu3/Coverage/%d"} {
			c.Send(http.MethodGet, fmt.Sprintf(path, s.idle), "", http.StatusNotFound)
		}
		for _, path := range []string{"r4/Coverage", "r4/Contract", "stu3/Coverage"} {
			s.as(s.home(), 101201).Send(http.MethodGet, path, "", http.StatusForbidden)
		}
	})
}
