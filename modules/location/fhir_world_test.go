package location_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirsession"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/location"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// world is a country: 3 regions of 4 districts of 5 wards of 5 villages, 240 health facilities, and for
// everything a few rows that are history.
type world struct {
	d         *db.DB
	regions   []int
	districts []int
	villages  []int
	live      map[string][]int // current keys by resource type
	facility  map[int]int      // district by health facility
}

const (
	firstFacility = "HF000" // in the first district
	lastFacility  = "HF239" // in the last
)

func build(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{d: d, live: map[string][]int{}, facility: map[int]int{}}
	err := d.Write(t.Context(), "build", func(tx *db.Tx) error {
		insert := func(table string, cols []string, rows [][]any) []int {
			ids, err := tx.BulkInsert(t.Context(), table, cols, rows)
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		locations := func(kind, prefix string, parents []int, each int) []int {
			var rows [][]any
			for i := range max(len(parents), 1) * each {
				var parent *int
				if len(parents) > 0 {
					parent = &parents[i/each]
				}
				rows = append(rows, []any{fmt.Sprintf("%s%03d", prefix, i), fmt.Sprintf("%s <%d>", name(kind), i), kind, parent, now.AddDate(0, 0, -i), nil, 1})
			}
			cols := []string{"LocationCode", "LocationName", "LocationType", "ParentLocationId", "ValidityFrom", "ValidityTo", "AuditUserId"}
			ids := insert("tblLocations", cols, rows)
			old := slices.Clone(rows[0])
			old[5] = now
			insert("tblLocations", cols, [][]any{old, {"F" + kind, "Funding", kind, nil, now, nil, 1}}) // neither is a live place
			w.live["Location"] = append(w.live["Location"], ids...)
			return ids
		}
		w.regions = locations("R", "R", nil, 3)
		w.districts = locations("D", "D", w.regions, 4)
		wards := locations("W", "W", w.districts, 5)
		w.villages = locations("V", "V", wards, 5)
		for _, f := range [][2]string{{"C", "Charity"}, {"G", "Government"}} {
			if _, err := tx.Insert(t.Context(), "tblLegalForms", db.Values{"LegalFormCode": f[0], "LegalForms": f[1]}); err != nil {
				return err
			}
		}
		var rows [][]any
		for i := range 240 {
			rows = append(rows, []any{fmt.Sprintf("HF%03d", i), fmt.Sprintf("Facility %03d & co", (i*7)%240), "CG"[i%2 : i%2+1], "DCH"[i%3 : i%3+1], "IOB"[i%3 : i%3+1],
				w.districts[i/20], "1 Main Road", "+1 555", "", "hf@example.org", now.Add(-time.Duration(i) * time.Hour), nil, false, 1})
		}
		cols := []string{"HFCode", "HFName", "LegalForm", "HFLevel", "HFCareType", "LocationId", "HFAddress", "Phone", "Fax", "eMail", "ValidityFrom", "ValidityTo", "OffLine", "AuditUserID"}
		w.live["Organization"] = insert("tblHF", cols, rows)
		for i, id := range w.live["Organization"] {
			w.facility[id] = w.districts[i/20]
		}
		old := slices.Clone(rows[0])
		old[11] = now
		insert("tblHF", cols, [][]any{old})
		first := w.live["Organization"][0]
		insert("tblClaimAdmin", []string{"ClaimAdminCode", "LastName", "OtherNames", "HFId", "ValidityFrom", "ValidityTo", "AuditUserId"}, [][]any{
			{"CA1", "Dani", "Rushila", first, now, nil, 1}, {"CA2", "Gone", "Long", first, now, now, 1}, {"CA3", "", nil, first, now, nil, 1}})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func name(kind string) string {
	return map[string]string{"R": "Region", "D": "District", "W": "Ward", "V": "Village"}[kind]
}

// everywhere runs fn over the same world on every engine and on a database without UUIDs.
func everywhere(t *testing.T, fn func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, build(t, d)) })
	t.Run("without UUIDs", func(t *testing.T) {
		w := build(t, dbtest.SQLite(t))
		dbtest.DropUUIDs(t, w.d)
		fn(t, w)
	})
}

// client sends requests as somebody.
type client struct{ *fhirsession.Session }

// as makes a client with a scope.
func (w *world) as(t testing.TB, scope auth.Scope) *client {
	t.Helper()
	m := location.New(&modules.App{DB: w.d, Clock: clock.Fixed(now)})
	return &client{fhirsession.New(t, w.d, clock.Fixed(now), &auth.Principal{Username: "clerk", Scope: scope}, m.Resources()...)}
}

// resource is what the tests read of a body.
type resource struct {
	ResourceType string
	ID           string
	Meta         struct{ LastUpdated, VersionID string }
	Total        *int
	Link         []struct{ Relation, URL string }
	Entry        []struct {
		Resource resource
	}
	Identifier []struct {
		Value string
		Type  struct {
			Coding []struct{ System, Code string }
		}
	}
	PartOf struct{ Reference string }
}

// get asks for a path below the mount of R4, one that begins with strict/, or an absolute URL, and wants a status.
func (c *client) get(path string, status int) (r resource) {
	c.T.Helper()
	if !strings.HasPrefix(path, "strict/") && !strings.HasPrefix(path, "http") {
		path = "r4/" + path
	}
	c.Send(http.MethodGet, path, nil, status)
	if err := json.Unmarshal(c.Last.Body.Bytes(), &r); err != nil {
		c.T.Fatal(err)
	}
	return r
}

// codes are the business codes of the entries of a page.
func (r resource) codes() []string {
	var out []string
	for _, e := range r.Entry {
		out = append(out, e.Resource.code())
	}
	return out
}

func (r resource) profile() string {
	if r.ResourceType == "Organization" {
		return "health-facility-organization"
	}
	return strings.ToLower(r.ResourceType)
}

func (r resource) code() string {
	for _, i := range r.Identifier {
		if i.Type.Coding[0].Code == apifhir.KindCode {
			return i.Value
		}
	}
	return ""
}

func (r resource) link(relation string) string {
	for _, l := range r.Link {
		if l.Relation == relation {
			return l.URL
		}
	}
	return ""
}
