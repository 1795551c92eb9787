package subscription_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// counter numbers changes as SQL Server does, for a database that does not: what the tests change, they count.
type counter struct {
	mu       sync.Mutex
	last     int64
	versions map[int]int64 // of rows by key
	pending  int64         // given to a transaction that has not ended; 0: none
}

func (c *counter) changed(key int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	c.versions[key] = c.last
}

func (c *counter) horizon() int64 {
	if c.pending > 0 {
		return c.pending
	}
	return c.last + 1
}

func (c *counter) mark(context.Context, db.Query) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strconv.FormatInt(c.horizon()-1, 10), nil
}

func (c *counter) changes(ctx context.Context, q db.Query, query apifhir.Query) (found apifhir.Changes, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	from, err := strconv.ParseInt(query.After, 10, 64)
	if err != nil || from >= c.horizon() {
		return found, apifhir.ErrMark
	}
	var keys []int
	for key, version := range c.versions {
		if version > from && version < c.horizon() {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b int) int { return int(c.versions[a] - c.versions[b]) })
	found.All, found.End = len(keys) < query.Limit, strconv.FormatInt(c.horizon()-1, 10)
	for _, key := range keys[:min(len(keys), query.Limit)] {
		entry, err := accounts.Entry(ctx, q, key)
		if err != nil {
			return found, err
		}
		entry.Position = strconv.FormatInt(c.versions[key], 10)
		if found.Entries = append(found.Entries, entry); !found.All {
			found.End = entry.Position
		}
	}
	return found, nil
}

// eachNumbered runs a test where changes are found by row versions: on SQL Server, and with the counter.
func eachNumbered(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Run("counter", func(t *testing.T) {
		c := &counter{versions: map[int]int64{}}
		w := buildWith(t, dbtest.SQLite(t), func(r *apifhir.Resource) { r.Mark, r.Changes = c.mark, c.changes })
		w.noted = c.changed
		fn(t, w)
	})
	t.Run("sqlserver", func(t *testing.T) {
		dbtest.Need(t, db.SQLServer)
		fn(t, build(t, dbtest.Open(t, db.SQLServer)))
	})
}

// rename changes a payer as a program does that writes no stamps.
func (w *world) rename(key int, name string) {
	w.t.Helper()
	w.exec(`UPDATE "tblPayer" SET "PayerName" = ? WHERE "PayerID" = ?`, name, key)
	w.note(key)
}

func (w *world) exec(src string, args ...any) {
	w.t.Helper()
	if err := w.d.Write(w.t.Context(), "another program", func(tx *db.Tx) error { _, err := tx.Exec(w.t.Context(), src, args...); return err }); err != nil {
		w.t.Fatal(err)
	}
}

// settle feeds until all that is found now has been sent.
func (w *world) settle() {
	w.t.Helper()
	turns := 0
	last := ""
	w.run("a look without changes", func() bool {
		var places []string
		if err := w.d.Select(w.t.Context(), &places, `SELECT s."due" FROM "imis_subscription" AS s ORDER BY s."id"`); err != nil {
			w.t.Fatal(err)
		}
		if now := strings.Join(places, ","); now != last {
			last, turns = now, turns+1
		}
		return turns > 3
	})
}

func TestChangesWithoutStampsAreSentOnce(t *testing.T) {
	eachNumbered(t, func(t *testing.T, w *world) {
		one, two := w.change(0, "one"), w.change(0, "two")
		h := newHook(t)
		w.subscribe(ann, "Account", h.URL, "")
		w.rename(one, "one by SQL")
		w.rename(two, "two by SQL")
		w.run("both", func() bool { return h.got() == "one by SQL,two by SQL" })
		w.pass(time.Hour)
		w.rename(one, "much later")
		w.settle() // by another process
		w.change(two, "with a stamp")
		w.settle()
		if got := h.got(); got != "one by SQL,two by SQL,much later,with a stamp" {
			t.Errorf("sent: %s", got)
		}
	})
}

// A transaction that changed something first and ends after others is sent, before them, and they wait for it.
func TestWhatIsCommittedLateIsSentInTheOrderOfChanges(t *testing.T) {
	dbtest.Need(t, db.SQLServer)
	w := build(t, dbtest.Open(t, db.SQLServer))
	key := w.change(0, "one")
	h := newHook(t)
	w.subscribe(ann, "Account", h.URL, "")
	changed, end, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- w.d.Write(t.Context(), "a long transaction", func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), `UPDATE "tblPayer" SET "PayerName" = 'late' WHERE "PayerID" = ?`, key); err != nil {
				return err
			}
			close(changed)
			<-end
			return nil
		})
	}()
	<-changed
	w.change(0, "meanwhile")
	w.pass(time.Hour)
	w.held = true
	w.settle()
	w.held = false
	if got := h.got(); got != "" {
		t.Errorf("before the first change was committed: %s", got)
	}
	close(end)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	w.run("both", func() bool { return h.got() == "late,meanwhile" })
	w.change(0, "after")
	w.settle()
	if got := h.got(); got != "late,meanwhile,after" {
		t.Errorf("sent: %s", got)
	}
}

// A transaction may be larger than a page and than what an endpoint takes before it fails: all comes, and once.
func TestLargeTransactionsAreSentWhole(t *testing.T) {
	eachNumbered(t, func(t *testing.T, w *world) {
		h := newHook(t)
		const n = 250
		failed, tries := false, 0
		h.answer = func(string) int {
			if tries++; tries == 130 && !failed {
				failed = true
				return http.StatusServiceUnavailable
			}
			return http.StatusOK
		}
		w.subscribe(ann, "Account", h.URL, "")
		var keys []int
		err := w.d.Write(t.Context(), "many", func(tx *db.Tx) error {
			keys = nil
			for i := range n {
				key, err := tx.Insert(t.Context(), "tblPayer", db.Values{"PayerName": fmt.Sprintf("p%03d", i), "PayerType": "D", "AuditUserID": 1, "ValidityFrom": start})
				if err != nil {
					return err
				}
				keys = append(keys, key)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			w.note(key)
		}
		w.run("all", func() bool { return strings.Count(h.got(), ",") >= n-1 })
		w.settle()
		got := strings.Split(h.got(), ",")
		if sorted := slices.Sorted(slices.Values(got)); len(got) != n || len(slices.Compact(sorted)) != n || !failed {
			t.Errorf("%d were sent: %v", len(got), got)
		}
	})
}

// A subscription from before the upgrade goes on by stamps to what is settled, and then by row versions.
func TestSubscriptionsGoOverToRowVersions(t *testing.T) {
	eachNumbered(t, func(t *testing.T, w *world) {
		old := w.change(0, "old")
		w.pass(2 * time.Minute)
		h := newHook(t)
		w.subscribe(ann, "Account", h.URL, "")
		w.exec(`UPDATE "imis_subscription" SET "mark" = NULL`) // as an earlier release made it
		w.change(0, "before the upgrade")
		w.run("what had a stamp", func() bool { return h.got() == "before the upgrade" })
		w.settle()
		w.rename(old, "old by SQL")
		w.run("what has none", func() bool { return h.got() == "before the upgrade,old by SQL" })
	})
}

// A database that was restored has given its numbers once more.
func TestMarksOfAnotherDatabaseAreGivenUp(t *testing.T) {
	eachNumbered(t, func(t *testing.T, w *world) {
		one := w.change(0, "one")
		w.pass(2 * time.Minute)
		h := newHook(t)
		w.subscribe(ann, "Account", h.URL, "")
		w.exec(`UPDATE "imis_subscription" SET "mark" = '8000000000000000000'`)
		w.change(0, "with a stamp")
		w.run("what had a stamp", func() bool { return h.got() == "with a stamp" })
		w.settle()
		w.rename(one, "by SQL")
		w.run("what has none", func() bool { return h.got() == "with a stamp,by SQL" })
	})
}

// Making a subscription active again starts over from now.
func TestWhatIsChangedWhileASubscriptionIsOffIsNotSent(t *testing.T) {
	eachNumbered(t, func(t *testing.T, w *world) {
		one := w.change(0, "one")
		h := newHook(t)
		id := w.subscribe(ann, "Account", h.URL, "")
		put := func(status string) {
			text := strings.Replace(body("Account", h.URL, ""), "requested", status, 1)
			text = strings.Replace(text, `{"resourceType":"Subscription"`, `{"resourceType":"Subscription","id":"`+id+`"`, 1)
			if code, answer := w.send(ann, "PUT", "Subscription/"+id, text); code != http.StatusOK {
				t.Fatalf("%d %s", code, answer)
			}
		}
		put("off")
		w.rename(one, "meanwhile")
		put("active")
		w.rename(one, "afterwards")
		w.settle()
		if got := h.got(); got != "afterwards" {
			t.Errorf("sent: %s", got)
		}
	})
}
