package location_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

var everything = auth.Scope{All: true}

// TestFollowingNextGivesEveryCurrentRowOnce walks all pages, at several sizes and orders.
func TestFollowingNextGivesEveryCurrentRowOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.as(t, everything)
		for _, search := range []string{
			"Location?_count=50", "Location?_count=100&_sort=-name", "Location?_count=125&_sort=-_lastUpdated,_id,_id",
			"Organization", "Organization?_count=80&_sort=name", "Organization?_count=1000",
		} {
			kind, _, _ := strings.Cut(search, "?")
			want, ids := len(w.live[kind]), map[string]bool{}
			for next := search; next != ""; {
				page := c.get(next, http.StatusOK)
				if *page.Total != want {
					t.Fatalf("%s: total %d, want %d", next, *page.Total, want)
				}
				for _, e := range page.Entry {
					if e.Resource.ResourceType != kind || ids[e.Resource.ID] {
						t.Fatalf("%s: %s %s is wrong or twice", next, e.Resource.ResourceType, e.Resource.ID)
					}
					ids[e.Resource.ID] = true
				}
				next = page.link("next")
			}
			if len(ids) != want {
				t.Errorf("%s: %d resources over all pages, want %d", search, len(ids), want)
			}
		}
	})
}

// TestStatementsDoNotGrowWithThePage counts: the page (its keys in a statement of their own where it has arguments), the
// total, the contacts.
func TestStatementsDoNotGrowWithThePage(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.as(t, everything)
		for _, test := range []struct {
			path string
			want int
		}{
			{"Location?_count=1", 2}, {"Location?_count=300", 2}, {"Location?_count=1000", 1}, {"Location?_total=none&_count=300", 2},
			{"Location?_summary=count", 1}, {"Location?partof=D001&name=w&physicalType=W&_count=2", 3}, {"Location/D001", 1},
			{"Organization?_count=1", 3}, {"Organization?_count=200", 3}, {"Organization?_count=1000", 2}, {"Organization?_count=40&page-offset=3", 3}, {"Organization/" + firstFacility, 2},
		} {
			c.get(test.path, http.StatusOK)
			// the length of a list is remembered for a moment
			if n := c.Counter.Statements(); n != test.want && n != test.want-1 || n == 0 {
				t.Errorf("%s: %d statements, want %d", test.path, n, test.want)
			}
		}
	})
}

// TestSearches looks at codes, in the order of the answer.
func TestSearches(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.as(t, everything)
		uuid := c.get("Location/D001", http.StatusOK).ID
		key := fmt.Sprint(w.districts[1])
		absolute := "https://elsewhere.example/fhir/Location/" + uuid
		system := url.QueryEscape("https://openimis.github.io/openimis_fhir_r4_ig/CodeSystem/location-type|")
		for _, test := range []struct{ search, want string }{
			{"Location?_id=" + uuid, "D001"},
			{"Location?_id=" + key, "D001"},
			{"Location?_id=" + uuid + ",nothing,00000000-0000-0000-0000-000000000000", "D001"},
			{"Location?_id=nothing", ""},
			{"Location?identifier=d001", "D001"},
			{"Location?identifier=" + uuid, "D001"},
			{"Location?identifier=UUID|" + uuid, map[bool]string{true: "D001"}[len(uuid) == 36]},
			{"Location?identifier=LC|D001", "D001"},
			{"Location?identifier=ACSN|" + key, "D001"},
			{"Location?identifier=Code|D001,Code|D002", "D001 D002"},
			{"Location?identifier=Code|" + key, ""},
			{"Location?identifier=a%00b", ""},
			{"Location?name=region%20%3C", "R000 R001 R002"},
			{"Location?name=egion", ""},
			{"Location?name:contains=ION%20%3C2", "R002"},
			{"Location?name=region,district%20%3C1%3E", "R000 R001 R002 D001"},
			{"Location?name=%25", ""},
			{"Location?name:contains=" + strings.Repeat("%25", 50_001), ""},
			{"Location?physicalType=R", "R000 R001 R002"},
			{"Location?physicalType=" + system + "R", "R000 R001 R002"},
			{"Location?physicalType=other|R", ""},
			{"Location?partof=R000", "D000 D001 D002 D003"},
			{"Location?partof=" + absolute, "W005 W006 W007 W008 W009"},
			{"Location?partof:Location=" + key + "&_sort=-name", "W009 W008 W007 W006 W005"},
			{"Location?partof=R000&partof=R001", ""},
			{"Location?partof=R000,R002&_count=2&page-offset=3", "D008 D009"},
			{"Location?_lastUpdated=ge2026-11-23&physicalType=R,D", "R000 D000"},
			{"Location?_lastUpdated=lt2026-11-22&_lastUpdated=ge2026-11-21&physicalType=R,D", "R002 D002"},
			{"Location?_lastUpdated=ne2026-11-23&physicalType=R", "R001 R002"},
			{"Organization?code=HF010", "HF010"},
			{"Organization?type=prov&identifier=HF010", "HF010"},
			{"Organization?resourceType=prov&identifier=FI|HF010", "HF010"},
			{"Organization?type=ins", "openIMIS-Implementation"},
			{"Organization?resourceType=ins&_count=5", "openIMIS-Implementation"},
			{"Organization?identifier=" + "openIMIS-Implementation" + "&type=" + "http://terminology.hl7.org/CodeSystem/organization-type" + "|ins", "openIMIS-Implementation"},
			{"Organization?type=ins&name=openIMIS", ""},
			{"Organization?type=ins&_id=1", ""},
			{"Organization?type=other|ins", ""},
			{"Organization?type=bus,prov&name=facility%20000", "HF000"},
			{"Organization?name:contains=239", "HF137"},
			{"Location?physicalType=si&_count=2", "HF000 HF001"},
			{"Location?physicalType=si&name:contains=239", "HF137"},
			{"Location?physicalType=R,si&_count=5", "R000 R001 R002 HF000 HF001"},
			{"Location?name=Facility%20000", ""},
			{"Organization?_sort=-_lastUpdated&_count=3", "HF000 HF001 HF002"},
			{"Organization?_sort=_id&_id=" + c.get("Organization/"+lastFacility, http.StatusOK).ID, lastFacility},
		} {
			page := c.get(strings.ReplaceAll(test.search, "|", "%7C"), http.StatusOK)
			if got := strings.Join(page.codes(), " "); got != test.want {
				t.Errorf("%s = %q, want %q", test.search, got, test.want)
			}
			if !strings.Contains(test.search, "_count") && *page.Total != len(page.Entry) {
				t.Errorf("%s: total %d of %d", test.search, *page.Total, len(page.Entry))
			}
		}
		for _, bad := range []string{"Location?physicalType=X", "Location?partof=Patient/1", "Organization?_sort=fax",
			"Location?_id=" + strings.Repeat("1,", 600) + "1"} {
			c.get(bad, http.StatusBadRequest)
		}
	})
}

// TestReadTakesUUIDCodeAndKey also wants the same resource, whichever was used, and never a row of history.
func TestReadTakesUUIDCodeAndKey(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		c := w.as(t, everything)
		withUUIDs := w.d.Offers("tblHF", "HfUUID")
		for kind, code := range map[string]string{"Location": "V007", "Organization": "HF007"} {
			byCode := c.get(kind+"/"+code, http.StatusOK)
			key := map[string]int{"Location": w.villages[7], "Organization": w.live["Organization"][7]}[kind]
			if want := fmt.Sprint(key); !withUUIDs && byCode.ID != want || withUUIDs && len(byCode.ID) != 36 {
				t.Errorf("%s has the id %s", code, byCode.ID)
			}
			for _, id := range []string{byCode.ID, strings.ToUpper(byCode.ID), strings.ToLower(code), fmt.Sprint(key)} {
				if got := c.get(kind+"/"+id, http.StatusOK); got.ID != byCode.ID || got.code() != code {
					t.Errorf("%s/%s is %s %s, want %s", kind, id, got.ID, got.code(), byCode.ID)
				}
			}
			for _, id := range []string{"nothing", "0", "-1", "99999999999", "00000000-0000-0000-0000-000000000000", "a%00b", "%FF"} {
				c.get(kind+"/"+id, http.StatusNotFound)
			}
			if got := c.get(kind+"?identifier=ACSN%7C"+byCode.ID, http.StatusOK).codes(); len(got) != 1 || got[0] != code {
				t.Errorf("the identifier ACSN|%s is that of %v", byCode.ID, got)
			}
			if want := map[bool]int{true: 2, false: 1}[withUUIDs]; len(byCode.Identifier) != want {
				t.Errorf("%s has %d identifiers, want %d", code, len(byCode.Identifier), want)
			}
		}
		historic := slices.Max(w.live["Organization"]) + 1
		c.get(fmt.Sprint("Organization/", historic), http.StatusNotFound)
	})
}

// TestACodeMayLookLikeAKey: where ids are UUIDs, a number is a code before it is a key; where they are
// numbers, it is the id. As an identifier it is a code everywhere.
func TestACodeMayLookLikeAKey(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		key := w.live["Organization"][100]
		if err := w.d.Write(t.Context(), "rename", func(tx *db.Tx) error {
			_, err := tx.Update(t.Context(), "tblHF", w.live["Organization"][3], db.Values{"HFCode": fmt.Sprint(key)})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		c := w.as(t, everything)
		want := fmt.Sprint(key)
		if !w.d.Offers("tblHF", "HfUUID") {
			want = "HF100"
		}
		if got := c.get(fmt.Sprint("Organization/", key), http.StatusOK); got.code() != want {
			t.Errorf("Organization/%d is %s, want %s", key, got.code(), want)
		}
		if got := c.get(fmt.Sprint("Organization?identifier=", key), http.StatusOK).codes(); len(got) != 1 || got[0] != fmt.Sprint(key) {
			t.Errorf("the identifier %d is that of %v", key, got)
		}
	})
}

// TestFacilitiesOutsideTheScopeDoNotExist, in a read and in a search; locations are open to everybody.
func TestFacilitiesOutsideTheScopeDoNotExist(t *testing.T) {
	everywhere(t, func(t *testing.T, w *world) {
		away := w.live["Organization"][239]
		for _, test := range []struct {
			name  string
			scope auth.Scope
			total int
			first int
			last  int
		}{
			{"two districts", auth.Scope{Districts: w.districts[:2]}, 40, http.StatusOK, http.StatusNotFound},
			{"a facility", auth.Scope{HealthFacility: &away}, 1, http.StatusNotFound, http.StatusOK},
			{"a district and a facility", auth.Scope{Districts: w.districts[:1], HealthFacility: &away}, 21, http.StatusOK, http.StatusOK},
			{"nothing", auth.Scope{}, 0, http.StatusNotFound, http.StatusNotFound},
		} {
			c := w.as(t, test.scope)
			page := c.get("Organization?_count=500", http.StatusOK)
			if *page.Total != test.total || len(page.Entry) != test.total {
				t.Errorf("%s: %d facilities, total %d, want %d", test.name, len(page.Entry), *page.Total, test.total)
			}
			c.get("Organization/"+firstFacility, test.first)
			c.get(fmt.Sprint("Organization/", w.live["Organization"][0]), test.first)
			c.get("Organization/"+lastFacility, test.last)
			hit := len(c.get("Organization?identifier="+lastFacility, http.StatusOK).Entry)
			if (hit == 1) != (test.last == http.StatusOK) {
				t.Errorf("%s: the search finds %d", test.name, hit)
			}
			if total := *c.get("Location?_summary=count", http.StatusOK).Total; total != len(w.live["Location"]) {
				t.Errorf("%s: %d locations", test.name, total)
			}
		}
	})
}

// TestTheWireForm compares whole bodies, on the database that every run has.
func TestTheWireForm(t *testing.T) {
	w := build(t, dbtest.SQLite(t))
	c := w.as(t, everything)
	region, district := c.get("Location/R000", http.StatusOK), c.get("Location/D000", http.StatusOK)
	hf := c.get("Organization/"+firstFacility, http.StatusOK)
	const base = "https://openimis.github.io/openimis_fhir_r4_ig/"
	identifiers := func(r resource) string {
		typed := `{"type":{"coding":[{"system":"` + base + `CodeSystem/openimis-identifiers","code":"%s"}]},"value":"%s"}`
		return `"identifier":[` + fmt.Sprintf(typed, "UUID", r.ID) + `,` + fmt.Sprintf(typed, "Code", r.code()) + `]`
	}
	meta := func(r resource) string {
		return `"id":"` + r.ID + `","meta":{"versionId":"` + r.Meta.VersionID + `","lastUpdated":"2026-11-23T10:00:00.000Z","profile":["` + base + `StructureDefinition/openimis-` + r.profile() + `"]}`
	}
	reference := func(r resource) string {
		return `{"reference":"Location/` + r.ID + `","type":"Location","identifier":{"type":{"coding":[{"system":"` + base +
			`CodeSystem/openimis-identifiers","code":"UUID"}]},"value":"` + r.ID + `"},"display":"` + r.code() + `"}`
	}
	extension := func(name, code, display string) string {
		return `{"url":"` + base + `StructureDefinition/` + name + `","valueCodeableConcept":{"coding":[{"system":"` + base +
			`CodeSystem/` + name + `","code":"` + code + `","display":"` + display + `"}]}}`
	}
	for path, want := range map[string]string{
		"Location/D000": `{"resourceType":"Location",` + meta(district) + `,` + identifiers(district) +
			`,"status":"active","name":"District \u003c0\u003e","mode":"instance","physicalType":{"coding":[{"system":"` + base +
			`CodeSystem/location-type","code":"D","display":"District"}]},"partOf":` + reference(region) + `}`,
		"Organization/HF000": `{"resourceType":"Organization",` + meta(hf) + `,"extension":[` +
			extension("organization-hf-legal-form", "C", "Charity") + `,` + extension("organization-hf-level", "D", "Dispensary") + `,` +
			extension("organization-hf-care-type", "I", "In-patient") + `],` + identifiers(hf) +
			`,"type":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/organization-type","code":"prov","display":"Healthcare Provider"}]}]` +
			`,"name":"Facility 000 \u0026 co","telecom":[{"system":"email","value":"hf@example.org"},{"system":"phone","value":"+1 555"}]` +
			`,"address":[{"extension":[{"url":"` + base + `StructureDefinition/address-location-reference","valueReference":` + reference(district) + `}]` +
			`,"type":"physical","line":["1 Main Road"],"district":"District \u003c0\u003e","state":"Region \u003c0\u003e"}]` +
			`,"contact":[{"purpose":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/contactentity-type","code":"PAYOR","display":"Payor"}]}` +
			`,"name":{"use":"usual","family":"Dani","given":["Rushila"]}}]}`,
	} {
		c.get(path, http.StatusOK)
		if got := c.Last.Body.String(); got != want {
			t.Errorf("%s\n got %s\nwant %s", path, got, want)
		}
	}
	if region.PartOf.Reference != "" {
		t.Errorf("a region is part of %s", region.PartOf.Reference)
	}
}
