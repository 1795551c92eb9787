package fhirsql_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
)

// counted sends a request and gives the number of its statements.
func (w *world) counted(path string) (reply, int) {
	ctx, counter := db.WithCounter(context.Background())
	a := reply{ResponseRecorder: httptest.NewRecorder()}
	w.e.ServeHTTP(a.ResponseRecorder, httptest.NewRequest("GET", "/r4/"+path, nil).WithContext(ctx))
	return a, counter.Statements()
}

// TestAWalkKeepsItsPlaceWhileRowsAreInserted: next gives each row that was there once, in the order of
// the keys, and in the end as many as total says, the new ones among them.
func TestAWalkKeepsItsPlaceWhileRowsAreInserted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		seen, total := map[string]int{}, ""
		next := "GET Location?_count=2"
		for n := 0; next != ""; n++ {
			a := w.do(next, "").want(t, 200)
			total = a.at("total")
			for _, code := range strings.Fields(a.codes("match")) {
				seen[code]++
			}
			if next = a.next(); next != "" {
				next = "GET " + next
			}
			if n < 3 {
				w.do("POST Location", located(fmt.Sprintf("N%d", n), "x", "")).want(t, 201)
				w.do("DELETE Location/D1W1", "")
			}
		}
		for code, n := range seen {
			if n != 1 {
				t.Errorf("%s is there %d times", code, n)
			}
		}
		if len(seen) != 12 { // nine and three, and D1W1, which was gone when its turn came or just before
			if _, there := seen["D1W1"]; !there && len(seen) == 11 {
				seen["D1W1"] = 0
			} else {
				t.Errorf("%d rows: %v", len(seen), seen)
			}
		}
		if total != "11" {
			t.Errorf("total is %s in the end", total)
		}
	})
}

// TestASortedWalkKeepsItsPlaceWhileRowsAreInserted: the rows that were there come once, in the order of the list as a
// whole, among them some of the same name and some without; next begins behind the last row.
func TestASortedWalkKeepsItsPlaceWhileRowsAreInserted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inserted := 0
		insert := func(code string, name any) {
			inserted++
			if err := w.d.Write(t.Context(), "insert", func(tx *db.Tx) error {
				_, err := tx.Insert(t.Context(), "tblLocations", db.Values{"LocationCode": code, "LocationName": name, "LocationType": "W", "ParentLocationId": w.ids["D1"],
					"ValidityFrom": w.now.Add(time.Duration(inserted%4)*time.Hour + time.Duration([]int{0, 3, 7}[inserted%3])*time.Millisecond)})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for i, name := range []any{nil, "same", "Same", "same", nil, "élan", "O'Neil", nil, "Name of D2W2"} {
			insert(fmt.Sprint("S", i), name)
		}
		for _, order := range []string{"name", "-name", "_lastUpdated", "-_lastUpdated", "_id", "-_id", "-_lastUpdated,name", "name,-_lastUpdated,_id"} {
			whole := strings.Fields(w.do("GET Location?kind=W&_count=500&_sort="+order, "").want(t, 200).codes("match"))
			var walked []string
			for next := "GET Location?kind=W&_count=2&_sort=" + order; next != "GET "; {
				page := w.do(next, "").want(t, 200)
				for _, code := range strings.Fields(page.codes("match")) {
					if slices.Contains(whole, code) {
						walked = append(walked, code)
					}
				}
				if next = "GET " + page.next(); next != "GET " && !strings.Contains(next, "page-after=") {
					t.Fatalf("%s: next is %s", order, next)
				}
				if len(walked) < 8 {
					insert(fmt.Sprint("N", inserted), []any{"Aa", "zz", nil}[inserted%3])
				}
			}
			if !slices.Equal(walked, whole) {
				t.Errorf("%s: a walk gives %v, the list is %v", order, walked, whole)
			}
		}
		w.do("GET Location?kind=W&_count=2&_sort=name&page-offset=2&page-after=2.WyJzIl0.x", "").want(t, 200) // of another search
	})
}

// TestASortedWalkOverSeveralKindsKeepsItsPlaceWhileRowsAreInserted: places and clinics in one order, many of them changed at
// the same moment.
func TestASortedWalkOverSeveralKindsKeepsItsPlaceWhileRowsAreInserted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		inserted := 0
		insert := func(code string) {
			inserted++
			if err := w.d.Write(t.Context(), "insert", func(tx *db.Tx) error {
				at := w.now.Add(time.Duration(inserted%3) * 3 * time.Millisecond)
				if inserted%2 == 0 {
					_, err := tx.Insert(t.Context(), "tblHF", db.Values{"HFCode": code, "HFName": "Clinic", "LegalForm": "G", "HFLevel": "H", "HFCareType": "B",
						"LocationId": w.ids["D1"], "OffLine": false, "AuditUserID": 1, "ValidityFrom": at})
					return err
				}
				_, err := tx.Insert(t.Context(), "tblLocations", db.Values{"LocationCode": code, "LocationName": code, "LocationType": "W", "ParentLocationId": w.ids["D1"], "ValidityFrom": at})
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 8 {
			insert(fmt.Sprint("S", i))
		}
		for _, order := range []string{"_lastUpdated", "-_lastUpdated", "_id", "-_id", "-_lastUpdated,_id", "_lastUpdated,-_id"} {
			all := w.do("GET Endpoint?_count=500&_sort="+order, "").want(t, 200)
			whole := strings.Fields(all.codes("match"))
			var walked []string
			for next := "GET Endpoint?_count=3&_sort=" + order; next != "GET "; {
				page := w.do(next, "").want(t, 200)
				for _, code := range strings.Fields(page.codes("match")) {
					if slices.Contains(whole, code) {
						walked = append(walked, code)
					}
				}
				if next = "GET " + page.next(); next != "GET " && !strings.Contains(next, "page-after=") {
					t.Fatalf("%s: next is %s", order, next)
				}
				if len(walked) < 9 {
					insert(fmt.Sprint("N", inserted))
				} else if next == "GET " {
					var there int
					if err := w.d.Get(t.Context(), &there, `SELECT (SELECT COUNT(*) FROM "tblHF" AS h WHERE h."ValidityTo" IS NULL) + COUNT(*) FROM "tblLocations" AS l WHERE l."ValidityTo" IS NULL`); err != nil {
						t.Fatal(err)
					}
					page.want(t, 200, fmt.Sprint("total=", there))
				}
			}
			if !slices.Equal(walked, whole) {
				t.Errorf("%s: a walk gives %v, the list is %v", order, walked, whole)
			}
			var numbered []string
			for page := 1; page <= 3; page++ {
				numbered = append(numbered, strings.Fields(w.do(fmt.Sprintf("GET Endpoint?_count=4&page-offset=%d&_sort=%s", page, order), "").want(t, 200).codes("match"))...)
			}
			if list := strings.Fields(w.do("GET Endpoint?_count=12&_sort="+order, "").codes("match")); !slices.Equal(numbered, list) {
				t.Errorf("%s: pages by number give %v, the list is %v", order, numbered, list)
			}
		}
	})
}

func TestACursorBelongsToItsSearch(t *testing.T) {
	w := newWorld(t, openOne(t))
	first := w.do("GET Location?_count=2", "")
	_, cursor, _ := strings.Cut(first.next(), "page-after=")
	cursor, _, _ = strings.Cut(cursor, "&")
	for query, want := range map[string]string{
		"_count=2&page-offset=2&page-after=" + cursor:        "D1W1 D1W2",
		"_count=2&page-offset=3&page-after=" + cursor:        "D1W3 D2",      // another page
		"_count=3&page-offset=2&page-after=" + cursor:        "D1W2 D1W3 D2", // another size
		"kind=W&_count=2&page-offset=2&page-after=" + cursor: "D1W3 D2W1",    // another search
		"_count=2&page-offset=2&page-after=nonsense":         "D1W1 D1W2",
		"_count=2&page-offset=2&page-after=2.9999999.x":      "D1W1 D1W2",
	} {
		if got := w.do("GET Location?"+query, "").want(t, 200).codes("match"); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestAPagePastTheEndIsCheap(t *testing.T) {
	w := newWorld(t, openOne(t))
	w.counted("Location?page-offset=5000")
	for _, page := range []string{"5000", "9999"} {
		if a, n := w.counted("Location?page-offset=" + page); a.Code != 404 || n > 1 {
			t.Errorf("page %s: %d with %d statements", page, a.Code, n)
		}
	}
}

// TestALinkSurvivesBeingDecodedOnce, whatever was searched for.
func TestALinkSurvivesBeingDecodedOnce(t *testing.T) {
	w := newWorld(t, openOne(t))
	w.do("POST Location", located("A", "50% & more + = #1", "")).want(t, 201)
	w.do("POST Location", located("B", "50% & more + = #2", "")).want(t, 201)
	w.do("POST Location", located("C", "Élodie’s 1", "")).want(t, 201)
	w.do("POST Location", located("D", "Élodie’s 2", "")).want(t, 201)
	for query, want := range map[string]string{
		"name=50%25%20%26%20more%20%2B%20%3D%20%23":                    "B",
		"name=%C3%89lodie%E2%80%99s":                                   "D",
		"_lastUpdated=ge2026-11-01T08%3A00%3A00%2B00%3A00&name=%C3%89": "D",
	} {
		a := w.do("GET Location?_count=1&"+query, "").want(t, 200, "total=2")
		next := a.next()
		if next == "" || strings.Contains(next, "%") {
			t.Errorf("%s: next is %s", query, next)
		}
		if got := w.do("GET "+next, "").want(t, 200, "total=2").codes("match"); got != want {
			t.Errorf("%s: the second page has %s, want %s", query, got, want)
		}
	}
}
