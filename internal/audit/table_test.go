package audit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

func TestTable(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := Table{DB: d}
		var lines []Line
		for i := range 1200 {
			l := Line{At: now.Add(time.Duration(i/3) * time.Second), Process: "host/1/a", Seq: int64(i + 1), User: "Clerk1", Way: GraphQL, Operation: "insurees", Action: Read, Subject: Insuree, Outcome: OK}
			switch {
			case i%2 == 0:
				l.IDs = []string{fmt.Sprint(i)}
			default:
				l.IDs, l.Way, l.User = []string{fmt.Sprint(i), "code:1000_" + fmt.Sprint(i), "0cf5b4c3-9d2e-4b9c-8c53-3b8a1a8b3c11"}, FHIR, "Élodie"
			}
			l.Count = len(l.IDs)
			lines = append(lines, l)
		}
		lines = append(lines, Line{At: now, Process: "host/2/b", Seq: 1, Action: Start}, Line{At: now, Process: "host/2/b", Seq: 2, Action: Lost, Count: 3, Operation: strings.Repeat("é", 400)})
		if err := s.Write(t.Context(), lines); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), lines[:10]); err != nil { // as after a COMMIT without an answer
			t.Fatal(err)
		}
		count := func(what string, q Query, want int) []Line {
			t.Helper()
			q.Limit = 2000
			got, err := s.Search(t.Context(), q)
			if err != nil || len(got) != want {
				t.Errorf("%s: %d lines, want %d (%v)", what, len(got), want, err)
			}
			return got
		}
		count("all", Query{}, 1202)
		count("of a user", Query{User: "clerk1"}, 600)
		count("of a user", Query{User: "éLODIE", Way: "fhir"}, 600)
		count("of an action", Query{Action: Lost}, 1)
		count("from", Query{From: now.Add(399 * time.Second)}, 3)
		count("between", Query{From: now.Add(time.Second), To: now.Add(3 * time.Second)}, 6)
		count("by a key that others begin with", Query{Subject: Insuree, ID: "11"}, 1)
		count("by a UUID", Query{ID: "0cf5b4c3-9d2e-4b9c-8c53-3b8a1a8b3c11"}, 600)
		count("by a code with a wildcard in it", Query{ID: "code:1000_7"}, 1)
		count("by a code as a pattern", Query{ID: "code:1000%7"}, 0)
		one := count("one", Query{ID: "7"}, 1)[0]
		if want := lines[7]; fmt.Sprint(one) != fmt.Sprint(want) {
			t.Errorf("got  %+v\nwant %+v", one, want)
		}
		if _, err := s.Search(t.Context(), Query{ID: "1,2"}); fault.Field(err) != "id" {
			t.Errorf("two ids: %v", err)
		}
		seen := map[string]bool{}
		q := Query{Limit: 250}
		for range 6 {
			page, err := s.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range page {
				seen[fmt.Sprint(l.Process, l.Seq)] = true
			}
			if len(page) < q.Limit {
				break
			}
			if q.After, err = parseMark(mark(page[len(page)-1])); err != nil {
				t.Fatal(err)
			}
		}
		if len(seen) != 1202 {
			t.Errorf("%d lines on all pages", len(seen))
		}
	})
}

// TestTableTakesAnyText: what somebody asks for comes from outside, and a line that cannot be written would hold up all others.
func TestTableTakesAnyText(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := Table{DB: d}
		long := "code:" + strings.Repeat("é", 3000)
		if err := s.Write(t.Context(), []Line{
			{At: now, Process: "p", Seq: 1, User: "a\x00b", Operation: "\xff\x00", Action: Read, Subject: Insuree, IDs: []string{long}, Count: 1},
			{At: now, Process: "p", Seq: 2, Action: Read, Subject: Insuree, IDs: []string{"code:a\x00\xc3", "7"}, Count: 2},
			{At: now, Process: "p", Seq: 3, Action: Read, Subject: Insuree, IDs: []string{"code:\x00"}, Count: 1},
		}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Search(t.Context(), Query{})
		if err != nil || len(got) != 3 {
			t.Fatalf("%d lines, %v", len(got), err)
		}
		if l := got[2]; l.IDs[0] != long || l.User != "a\uFFFDb" {
			t.Errorf("a long code: user %q, %d characters of an id", l.User, len(l.IDs[0]))
		}
		if l := got[1]; strings.Join(l.IDs, " ") != "code:a\uFFFD\uFFFD 7" {
			t.Errorf("%q", l.IDs)
		}
	})
}
