package location_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// TestTwoKindsOfOneListHaveIDsOfTheirOwn on a database whose ids are numbers: places and health facilities are Locations,
// claim administrators and enrolment officers are Practitioners, and their keys are the same.
func TestTwoKindsOfOneListHaveIDsOfTheirOwn(t *testing.T) {
	w := build(t, dbtest.SQLite(t))
	dbtest.DropUUIDs(t, w.d)
	var officers, admins []int
	before := now.Add(-48 * time.Hour)
	if err := w.d.Write(t.Context(), "insert", func(tx *db.Tx) error {
		columns := []string{"Code", "LastName", "OtherNames", "LocationId", "ValidityFrom", "ValidityTo", "LegacyID", "AuditUserID"}
		var rows [][]any
		for i := range 12 {
			rows = append(rows, []any{fmt.Sprintf("E%02d", i), "Officer", "Eve", w.districts[0], now, nil, nil, 1})
		}
		rows[4][0], rows[5][0] = "1", "900" // codes that are numbers; one of them is the key of an administrator, too
		var err error
		if officers, err = tx.BulkInsert(t.Context(), "tblOfficer", columns, rows); err != nil {
			return err
		}
		if _, err = tx.BulkInsert(t.Context(), "tblOfficer", columns, [][]any{{"E00", "Earlier", "Eve", w.districts[0], before, now, officers[0], 1}}); err != nil {
			return err
		}
		if _, err = tx.Update(t.Context(), "tblOfficer", officers[1], db.Values{"OfficerIDSubst": officers[0]}); err != nil {
			return err
		}
		return tx.Select(t.Context(), &admins, `SELECT "ClaimAdminId" FROM "tblClaimAdmin" WHERE "ValidityTo" IS NULL ORDER BY "ClaimAdminId"`)
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(admins, officers[0]) || admins[0] != 1 {
		t.Fatalf("the keys %v and %v have nothing in common", admins, officers)
	}
	c := w.as(t, everything)
	ids := func(search string) string {
		t.Helper()
		var list []string
		for _, e := range c.get(search, http.StatusOK).Entry {
			list = append(list, e.Resource.ID)
		}
		return strings.Join(list, " ")
	}
	id := func(i int) string { return "eo-" + strconv.Itoa(officers[i]) }
	key := strconv.Itoa(officers[0])
	admin := c.get("Practitioner/"+key, http.StatusOK)
	if admin.ID != key || !strings.HasPrefix(admin.code(), "CA") {
		t.Errorf("Practitioner/%s is %s %s", key, admin.ID, admin.code())
	}
	sorted := make([]string, 0, len(admins)+len(officers))
	for _, k := range admins {
		sorted = append(sorted, strconv.Itoa(k))
	}
	for i := range officers {
		sorted = append(sorted, id(i))
	}
	everyone := strings.Join(sorted, " ")
	slices.Reverse(sorted)
	for _, kind := range []string{"Practitioner", "PractitionerRole"} {
		if got := c.get(kind+"/"+id(0), http.StatusOK); got.ID != id(0) || got.code() != "E00" {
			t.Errorf("%s/%s is %s %s", kind, id(0), got.ID, got.code())
		}
		for search, want := range map[string]string{
			"":                           everyone,
			"_sort=_id":                  everyone,
			"_sort=-_id":                 strings.Join(sorted, " "),
			"_sort=-_id&_count=3":        strings.Join(sorted[:3], " "),
			"resourceType=eo&_sort=-_id": strings.Join(sorted[:len(officers)], " "),
			"_id=" + key:                 key,
			"_id=" + id(0):               id(0),
			"_id=" + id(0) + "," + key:   key + " " + id(0),
			"_id=eo-0":                   "",
			"_id=eo-":                    "",
			"identifier=ACSN%7C" + id(0): id(0),
			"identifier=ACSN%7C" + key:   key,
			"identifier=" + id(0):        id(0),
			"identifier=E00":             id(0),
			"identifier=Code%7C900":      id(5),
			"resourceType=eo&code=1":     id(4),
			"_count=1&page-offset=" + strconv.Itoa(len(admins)+1): id(0),
		} {
			if !strings.Contains(search, "_count") {
				search += "&_count=50"
			}
			if got := ids(kind + "?" + search); got != want {
				t.Errorf("%s?%s = %q, want %q", kind, search, got, want)
			}
		}
		// A number is an id before it is a code, also that of another kind.
		for number, want := range map[string]string{"1": "1", "900": id(5), "E01": id(1)} {
			if got := c.get(kind+"/"+number, http.StatusOK).ID; got != want {
				t.Errorf("%s/%s is %s, want %s", kind, number, got, want)
			}
		}
		c.get(kind+"/eo-900", http.StatusNotFound)
		c.get(kind+"/"+strconv.Itoa(officers[11]), http.StatusNotFound)
		versions := c.get(kind+"/"+id(0)+"/_history", http.StatusOK)
		if *versions.Total != 2 || versions.Entry[1].Resource.ID != id(0) || versions.Entry[1].Resource.code() != "E00" {
			t.Fatalf("the history of %s %s: %s", kind, id(0), c.Last.Body)
		}
		if got := c.get(kind+"/"+id(0)+"/_history/"+versions.Entry[1].Resource.Meta.VersionID, http.StatusOK); got.ID != id(0) {
			t.Errorf("the earlier version of %s %s is that of %s", kind, id(0), got.ID)
		}
	}
	for search, want := range map[string]string{
		"practitioner=" + id(0):                           id(0),
		"practitioner=Practitioner/1":                     "1",
		"practitioner=900":                                id(5),
		"practitioner:Practitioner._id=" + id(2):          id(2),
		"practitioner.identifier=E03":                     id(3),
		"practitioner.resourceType=eo&_sort=_id&_count=2": id(0) + " " + id(1),
	} {
		if got := ids("PractitionerRole?" + search); got != want {
			t.Errorf("PractitionerRole?%s = %q, want %q", search, got, want)
		}
	}
	for search, want := range map[string][]string{
		"PractitionerRole?_id=" + id(1) + "&_include=PractitionerRole:practitioner": {"Practitioner/" + id(1), "PractitionerRole/" + id(1)},
		"Practitioner?_id=" + id(0) + "&_revinclude=PractitionerRole:practitioner":  {"Practitioner/" + id(0), "PractitionerRole/" + id(0)},
		"Practitioner?_id=" + key + "&_revinclude=PractitionerRole:practitioner":    {"Practitioner/" + key, "PractitionerRole/" + key},
	} {
		var got []string
		for _, e := range c.get(search, http.StatusOK).Entry {
			got = append(got, e.Resource.ResourceType+"/"+e.Resource.ID)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", search, got, want)
		}
	}
	c.get("PractitionerRole/"+id(1), http.StatusOK)
	if body := c.Last.Body.String(); !strings.Contains(body, `"reference":"Practitioner/`+id(1)+`"`) || !strings.Contains(body, `"reference":"Practitioner/`+id(0)+`","type":"Practitioner","identifier":{"type":{"coding":[{"system":"https://openimis.github.io/openimis_fhir_r4_ig/CodeSystem/openimis-identifiers","code":"ACSN"}]},"value":"`+id(0)+`"}`) {
		t.Errorf("the role with a substitute: %s", body)
	}

	facility := strconv.Itoa(w.live["Organization"][0])
	if got := c.get("Organization/"+facility, http.StatusOK); got.ID != facility {
		t.Errorf("Organization/%s has the id %s", facility, got.ID)
	}
	for path, want := range map[string]string{"Location/" + facility: facility, "Location/site-" + facility: "site-" + facility, "Location/" + firstFacility: "site-" + facility} {
		if got := c.get(path, http.StatusOK).ID; got != want {
			t.Errorf("%s has the id %s, want %s", path, got, want)
		}
	}
	if got, want := ids("Location?physicalType=si&_id=site-"+facility+","+facility), "site-"+facility; got != want {
		t.Errorf("sites with the id are %q, want %q", got, want)
	}
	if got := c.get("Location/site-"+facility+"/_history", http.StatusOK); got.Entry[0].Resource.ID != "site-"+facility {
		t.Errorf("the history of a site is %s", c.Last.Body)
	}
}

// TestReferencesOfSTU3AreCodes on a database without UUIDs, as they were then, and are followed as such: the code of a health
// facility may be the number of another one.
func TestReferencesOfSTU3AreCodes(t *testing.T) {
	w := build(t, dbtest.SQLite(t))
	dbtest.DropUUIDs(t, w.d)
	facility, other := w.live["Organization"][0], w.live["Organization"][5]
	if err := w.d.Write(t.Context(), "a code that is a number", func(tx *db.Tx) error {
		_, err := tx.Update(t.Context(), "tblHF", facility, db.Values{"HFCode": strconv.Itoa(other)})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	c := w.as(t, everything)
	for search, want := range map[string][]string{
		"PractitionerRole?identifier=CA1&_include=PractitionerRole:location&_include=PractitionerRole:practitioner": {
			fmt.Sprint("Location/", facility), "Practitioner/1", "PractitionerRole/1"},
		"PractitionerRole?_include=*&_include=PractitionerRole:*&_count=1":             {fmt.Sprint("Location/", facility), "Practitioner/1", "PractitionerRole/1"},
		"Practitioner?_id=1&_revinclude=PractitionerRole:practitioner":                 {"Practitioner/1", "PractitionerRole/1"},
		fmt.Sprintf("Location?_id=%d&_revinclude=PractitionerRole:location", facility): {fmt.Sprint("Location/", facility), "PractitionerRole/1", "PractitionerRole/3"},
		fmt.Sprintf("Location?_id=%d&_revinclude=PractitionerRole:location", other):    {fmt.Sprint("Location/", other)},
	} {
		var got []string
		for _, e := range c.get("strict/"+search, http.StatusOK).Entry {
			if e.Resource.ResourceType != "OperationOutcome" {
				got = append(got, e.Resource.ResourceType+"/"+e.Resource.ID)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", search, got, want)
		}
	}
	c.get("strict/PractitionerRole/1", http.StatusOK)
	if body := c.Last.Body.String(); !strings.Contains(body, fmt.Sprintf(`"reference":"Location/%d"`, other)) || !strings.Contains(body, `"reference":"Practitioner/CA1"`) {
		t.Errorf("the role refers otherwise: %s", body)
	}
}
