package auth

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// world fills a database with users of every kind.
type world struct {
	t  testing.TB
	d  *db.DB
	tx *db.Tx
}

func (w world) insert(table string, v db.Values) int {
	w.t.Helper()
	id, err := w.tx.Insert(w.t.Context(), table, v)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w world) location(code, kind string, parent *int, to *time.Time) int {
	return w.insert("tblLocations", db.Values{"LocationCode": code, "LocationName": code, "LocationType": kind,
		"ParentLocationId": parent, "ValidityFrom": now, "ValidityTo": to, "AuditUserId": 1})
}

func (w world) user(login, password string, extra db.Values) int {
	stored, key := HashLegacy(password)
	v := db.Values{"LoginName": login, "LanguageID": "en", "LastName": "Last " + login, "OtherNames": "Other", "RoleID": 0,
		"ValidityFrom": now.AddDate(-1, 0, 0), "AuditUserID": 1, "StoredPassword": stored, "PrivateKey": key}
	for k, x := range extra {
		v[k] = x
	}
	return w.insert("tblUsers", v)
}

func (w world) role(name string, system int, to *time.Time, rights ...int) int {
	id := w.insert("tblRole", db.Values{"RoleName": name, "IsSystem": system, "IsBlocked": false, "ValidityFrom": now, "ValidityTo": to})
	for _, r := range rights {
		w.insert("tblRoleRight", db.Values{"RoleID": id, "RightID": r, "ValidityFrom": now})
	}
	return id
}

func (w world) has(user, role int, to *time.Time) {
	w.insert("tblUserRole", db.Values{"UserID": user, "RoleID": role, "ValidityFrom": now, "ValidityTo": to})
}

func (w world) in(user, location int, to *time.Time) {
	w.insert("tblUsersDistricts", db.Values{"UserID": user, "LocationId": location, "ValidityFrom": now, "ValidityTo": to, "AuditUserID": 1})
}

func (w world) machine(name, encoded string, extra db.Values) string {
	id := db.NewUUID()
	v := db.Values{"id": id, "username": name, "password": encoded, "email": name + "@example.org", "is_staff": false, "is_superuser": false}
	for k, x := range extra {
		v[k] = x
	}
	w.insert("core_TechnicalUser", v)
	return string(id)
}

// districts of the world, by their codes.
type places struct{ d1, d2, d3 int }

// machinePassword is the Django hash of "machine", cheap to check.
const machinePassword = "pbkdf2_sha256$1$salt$wRuiiG/rmFUtwQOqmJhrrckdn3U2htqbn25nl/fX/i0="

func populate(t testing.TB, d *db.DB) (p places) {
	err := d.Write(t.Context(), "populate", func(tx *db.Tx) error {
		w := world{t, d, tx}
		past := now.AddDate(0, -1, 0)
		region := w.location("R1", "R", nil, nil)
		p.d1 = w.location("R1D1", "D", &region, nil)
		p.d2 = w.location("R1D2", "D", &region, nil)
		closed := w.location("R1D9", "D", &region, &past)
		w.location("R1D1W1", "W", &p.d1, nil)
		other := w.location("R2", "R", nil, nil)
		p.d3 = w.location("R2D1", "D", &other, nil)

		admin := w.role("IMIS Administrator", administrator, nil, 122001)
		clerk := w.role("Clerk", 8, nil, 101101, 111001)
		w.insert("tblRoleRight", db.Values{"RoleID": clerk, "RightID": 111002, "ValidityFrom": past, "ValidityTo": past})
		gone := w.role("Gone", administrator, &past, 999)
		bare := w.role("Bare", 0, nil)

		w.has(w.user("Admin", "admin123", nil), admin, nil)

		c := w.user("Clerk1", "clerkpass", db.Values{"LanguageID": "fr"})
		w.has(c, clerk, nil)
		w.has(c, clerk, nil) // twice: rights stay distinct
		w.has(c, gone, nil)
		w.has(c, bare, nil)
		w.has(c, admin, &past)
		w.in(c, p.d1, nil)
		w.in(c, p.d1, nil)
		w.in(c, closed, nil)
		w.in(c, p.d3, &past)

		r := w.user("Regional", "regionalpass", db.Values{"HFID": 0})
		w.in(r, region, nil)
		w.in(r, p.d2, nil)

		h := w.user("HFUser", "hfpass", db.Values{"HFID": 7})
		w.has(h, clerk, nil)
		w.in(h, p.d3, nil)

		w.user("Left", "leftpass", db.Values{"ValidityTo": past})
		w.user("Clerk1", "oldpass", db.Values{"ValidityTo": past, "LegacyID": c})
		w.user("NoPassword", "x", db.Values{"StoredPassword": nil, "PrivateKey": nil})

		w.machine("machine", machinePassword, nil)
		w.machine("super", machinePassword, db.Values{"is_superuser": true, "is_staff": true})
		w.machine("expired", machinePassword, db.Values{"validity_to": past})
		w.machine("future", machinePassword, db.Values{"validity_from": now.AddDate(0, 1, 0)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPrincipals(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := populate(t, d)
		for _, c := range []struct {
			login  string
			admin  bool
			rights []int
			scope  Scope
		}{
			{"Admin", true, []int{122001}, Scope{All: true}},
			{"Clerk1", false, []int{101101, 111001}, Scope{Districts: []int{p.d1}}},
			{"cLERK1", false, []int{101101, 111001}, Scope{Districts: []int{p.d1}}},
			{"Regional", false, nil, Scope{Districts: []int{p.d1, p.d2}}},
			{"HFUser", false, []int{101101, 111001}, Scope{Districts: []int{p.d3}, HealthFacility: ptr(7)}},
			{"NoPassword", false, nil, Scope{}},
			{"machine", false, nil, Scope{}},
			{"super", true, nil, Scope{All: true}},
		} {
			t.Run(c.login, func(t *testing.T) {
				s := NewStore(d, clock.Fixed(now), 0)
				got, err := s.Principal(t.Context(), c.login)
				if err != nil {
					t.Fatal(err)
				}
				var rights []int
				for r := range got.Rights {
					rights = append(rights, r)
				}
				slices.Sort(rights)
				if got.Admin != c.admin || !slices.Equal(rights, c.rights) || !reflect.DeepEqual(got.Scope, c.scope) {
					t.Errorf("got admin %v, rights %v, scope %+v", got.Admin, rights, got.Scope)
				}
				if (got.Person == nil) == (got.Technical == nil) {
					t.Errorf("neither person nor machine, or both: %+v", got)
				}
				again, err := NewStore(d, clock.Fixed(now), 0).Principal(t.Context(), c.login)
				if err != nil || again.ID != got.ID || got.ID == "" {
					t.Errorf("id %q, then %q (%v)", got.ID, again.ID, err)
				}
				ctx, n := db.WithCounter(t.Context())
				if _, err := NewStore(d, clock.Fixed(now), 0).Principal(ctx, c.login); err != nil || n.Statements() > 4 {
					t.Errorf("%d statements to load a known user, %v", n.Statements(), err)
				}
				ctx, n = db.WithCounter(t.Context())
				if _, err := s.Principal(ctx, c.login); err != nil || n.Statements() != 0 {
					t.Errorf("%d statements for a user in memory, %v", n.Statements(), err)
				}
			})
		}
		for _, login := range []string{"nobody", "Left", "expired", "future", "", " ", "%", "Clerk_"} {
			t.Run("refused "+login, func(t *testing.T) {
				if p, err := NewStore(d, clock.Fixed(now), 0).Principal(t.Context(), login); fault.Code(err) != fault.Unauthenticated || p != nil {
					t.Errorf("got %v, %v", p, err)
				}
			})
		}
	})
}

func TestPersonsDetails(t *testing.T) {
	d := dbtest.SQLite(t)
	populate(t, d)
	p, err := NewStore(d, clock.Fixed(now), 0).Principal(t.Context(), "CLERK1")
	if err != nil {
		t.Fatal(err)
	}
	if p.Username != "Clerk1" || p.Person.Language != "fr" || p.Person.LastName != "Last Clerk1" || p.AuditUserID() != p.Person.ID || p.Person.HealthFacility != nil {
		t.Errorf("got %+v %+v", p, p.Person)
	}
}

// Many requests that see a user first end with one row and one id.
func TestFirstSightIsAtomic(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		populate(t, d)
		const requests = 24
		ids := make([]string, requests)
		var all sync.WaitGroup
		for i := range requests {
			all.Go(func() {
				p, err := NewStore(d, clock.Fixed(now), 0).Principal(t.Context(), "Clerk1") // a store each: another process
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = p.ID
			})
		}
		all.Wait()
		slices.Sort(ids)
		if len(slices.Compact(ids)) != 1 {
			t.Errorf("several ids: %v", slices.Compact(ids))
		}
		var n int
		if err := d.Get(t.Context(), &n, `SELECT COUNT(*) FROM "core_User"`); err != nil || n != 1 {
			t.Errorf("%d rows (%v)", n, err)
		}
	})
}

// The Python backend leaves a core_User row without its user behind when the first sight fails.
func TestOrphanIsTied(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		populate(t, d)
		orphan := db.NewUUID()
		err := d.Write(t.Context(), "orphan", func(tx *db.Tx) error {
			world{t, d, tx}.insert("core_User", db.Values{"id": orphan, "username": "Clerk1", "ValidityFrom": now})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := NewStore(d, clock.Fixed(now), 0).Principal(t.Context(), "Clerk1")
		if err != nil || p.ID != string(orphan) {
			t.Fatalf("got %+v, %v", p, err)
		}
		var person int
		if err := d.Get(t.Context(), &person, `SELECT "i_user_id" FROM "core_User" WHERE "username" = ?`, "Clerk1"); err != nil || person != p.Person.ID {
			t.Errorf("tied to %d (%v)", person, err)
		}
	})
}

func TestCacheExpiresAndIsInvalidated(t *testing.T) {
	d := dbtest.SQLite(t)
	populate(t, d)
	at := now
	s := NewStore(d, func() time.Time { return at }, 10*time.Second)
	ctx := t.Context()
	if _, err := s.Principal(ctx, "Clerk1"); err != nil {
		t.Fatal(err)
	}
	setLanguage := func(l string) {
		err := d.Write(ctx, "language", func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE "tblUsers" SET "LanguageID" = ? WHERE "LoginName" = ?`, l, "Clerk1")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	is := func(when, want string) {
		t.Helper()
		if p, err := s.Principal(ctx, "Clerk1"); err != nil || p.Person.Language != want {
			t.Errorf("%s: %+v, %v", when, p, err)
		}
	}
	setLanguage("xx")
	is("within the ttl", "fr")
	at = at.Add(11 * time.Second)
	is("after the ttl", "xx")
	setLanguage("yy")
	s.Invalidate("CLERK1")
	is("after Invalidate of the user", "yy")
	setLanguage("zz")
	s.Invalidate()
	is("after Invalidate of all", "zz")
}

// A legacy database without tables of ours still knows its people, and nothing is written.
func TestWithoutOwnTables(t *testing.T) {
	d := dbtest.SQLite(t)
	populate(t, d)
	err := d.Write(t.Context(), "drop", func(tx *db.Tx) error {
		for _, s := range []string{`DROP TABLE "core_User"`, `DROP TABLE "core_TechnicalUser"`} {
			if err := tx.DDL(context.Background(), s); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = d.Probe(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	a, err1 := NewStore(d, clock.Fixed(now), 0).Principal(t.Context(), "Clerk1")
	b, err2 := NewStore(d, clock.Fixed(now), 0).Principal(t.Context(), "CLERK1")
	if err1 != nil || err2 != nil || a.ID != b.ID || a.ID == "" {
		t.Errorf("%+v %v, %+v %v", a, err1, b, err2)
	}
	if _, err := NewStore(d, clock.Fixed(now), 0).Principal(t.Context(), "machine"); fault.Code(err) != fault.Unauthenticated {
		t.Errorf("a machine without its table: %v", err)
	}
}

// A name that only looks like another one, or that only the database takes for another one, is not it.
func TestLookAlikesAreNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		populate(t, d)
		for name, login := range map[string]string{
			"I with a dot":        "ADM\u0130N",
			"i without a dot":     "adm\u0131n",
			"Kelvin sign":         "cler\u212a1",
			"long s":              "\u017fuper",
			"no-break space":      "Admin\u00a0",
			"em space":            "Admin\u2003",
			"wide letters":        "\uff21dmin",
			"zero width space":    "Admin\u200b",
			"blank in front":      " Admin",
			"Kelvin of a machine": "machine\u200d",
		} {
			t.Run(name, func(t *testing.T) {
				s := NewStore(d, clock.Fixed(now), 0)
				for _, warm := range []string{"Admin", "Clerk1", "super", "machine"} {
					if _, err := s.Principal(t.Context(), warm); err != nil {
						t.Fatal(err)
					}
				}
				if p, err := s.Principal(t.Context(), login); fault.Code(err) != fault.Unauthenticated || p != nil {
					t.Errorf("%q is %+v, %v", login, p, err)
				}
			})
		}
	})
}

// Users whose names a database takes for one are told apart, and get a core_User row each where it lets them.
func TestUsersWithAlikeNames(t *testing.T) {
	d := dbtest.SQLite(t)
	populate(t, d)
	ids := map[string]int{}
	err := d.Write(t.Context(), "more users", func(tx *db.Tx) error {
		w := world{t, d, tx}
		for _, name := range []string{"Ida", "\u0130da"} {
			ids[name] = w.user(name, "x", nil)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s := NewStore(d, clock.Fixed(now), 0)
	for _, name := range []string{"Ida", "\u0130da"} {
		if p, err := s.Principal(t.Context(), name); err != nil || p.Person.ID != ids[name] {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// Blanks behind a name and the case of letters with two cases do not count.
func TestSpellings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		populate(t, d)
		for _, login := range []string{"CLERK1", "clerk1", "Clerk1  "} {
			if p, err := NewStore(d, clock.Fixed(now), 0).Principal(t.Context(), login); err != nil || p.Username != "Clerk1" {
				t.Errorf("%q: %+v, %v", login, p, err)
			}
		}
	})
	for a, b := range map[string]string{"\u00c9lodie": "\u00e9LODIE", "\u03a3\u03a9": "\u03c3\u03c9", "\u0416\u0434": "\u0436\u0414", "x ": "X"} {
		if !sameName(a, b) {
			t.Errorf("%q is not %q", a, b)
		}
	}
}

// A user whose row begins in the future is not there yet, also when an earlier row of the name is.
func TestUsersBegin(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		populate(t, d)
		var current int
		err := d.Write(t.Context(), "future users", func(tx *db.Tx) error {
			w := world{t, d, tx}
			w.user("Tomorrow", "x", db.Values{"ValidityFrom": now.AddDate(0, 0, 1)})
			current = w.user("Twice", "x", nil)
			w.user("Twice", "x", db.Values{"ValidityFrom": now.AddDate(0, 1, 0)})
			w.user("Local", "x", db.Values{"ValidityFrom": now.Add(5*time.Hour + 45*time.Minute)})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s := NewStore(d, clock.Fixed(now), 0)
		if _, err := s.Principal(t.Context(), "Tomorrow"); fault.Code(err) != fault.Unauthenticated {
			t.Errorf("begins tomorrow: %v", err)
		}
		if p, err := s.Principal(t.Context(), "Twice"); err != nil || p.Person.ID != current {
			t.Errorf("current and future: %+v, %v", p, err)
		}
		if _, err := s.Principal(t.Context(), "Local"); err != nil {
			t.Errorf("changed just now, in the local time of the server: %v", err)
		}
		if _, err := NewStore(d, clock.Fixed(now.AddDate(0, 0, 1)), 0).Principal(t.Context(), "Tomorrow"); err != nil {
			t.Errorf("tomorrow: %v", err)
		}
	})
}

// Who comes for the first time while the database takes no writes signs in all the same, and gets the
// core_User row later.
func TestSignInWithoutWriting(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) (d *db.DB, mend func()){
		"read-only": readOnly, "full": full,
	} {
		t.Run(name, func(t *testing.T) {
			d, mend := make(t)
			at := now
			s := NewStore(d, func() time.Time { return at }, time.Second)
			for _, login := range []string{"Clerk1", "machine"} {
				p, err := s.Principal(t.Context(), login)
				if err != nil || !p.Provisional || p.ID == "" {
					t.Fatalf("%s: %+v, %v", login, p, err)
				}
				if err := p.Changes(); fault.Code(err) != fault.Unavailable {
					t.Errorf("changes of %s: %v", login, err)
				}
			}
			if d.Unwritable(t.Context()) == "" {
				t.Error("the database does not know that it takes no writes")
			}
			mend()
			at = at.Add(time.Minute)
			p, err := s.Principal(t.Context(), "Clerk1")
			if err != nil || p.Provisional || p.Changes() != nil {
				t.Errorf("afterwards: %+v, %v", p, err)
			}
		})
	}
}

// readOnly is a populated database that takes no writes; PostgreSQL where there is one.
func readOnly(t *testing.T) (*db.DB, func()) {
	if !slices.Contains(dbtest.Engines(), db.Postgres) {
		url := dbtest.URL(t, db.SQLite)
		d := openURL(t, url)
		populate(t, d)
		return openURL(t, url+"&_pragma=query_only(1)"), func() { t.Skip("the file stays read-only for this connection") }
	}
	d := dbtest.Open(t, db.Postgres)
	populate(t, d)
	set := func(value string) {
		var name string
		if err := d.Pool().QueryRowContext(t.Context(), `SELECT current_database()`).Scan(&name); err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{"SET default_transaction_read_only = off", `ALTER DATABASE "` + name + `" SET default_transaction_read_only = ` + value,
			"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()", "SET default_transaction_read_only = " + value} {
			if _, err := d.Pool().ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
	}
	set("on")
	return d, func() { set("off") }
}

// full is a populated database without room.
func full(t *testing.T) (*db.DB, func()) {
	url := dbtest.URL(t, db.SQLite)
	d := openURL(t, url)
	populate(t, d)
	limit := func(pages int) {
		if _, err := d.Pool().ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // the pages that there are stay
	// What room is left in them is used up.
	for {
		err := d.Write(t.Context(), "fill", func(tx *db.Tx) error {
			_, err := tx.Insert(t.Context(), "tblLogins", db.Values{"UserId": 1, "LogAction": 1})
			return err
		})
		if err != nil {
			break
		}
	}
	for {
		err := d.Write(t.Context(), "fill", func(tx *db.Tx) error {
			_, err := tx.Insert(t.Context(), "core_User", db.Values{"id": db.NewUUID(), "username": "fill " + string(db.NewUUID()), "ValidityFrom": now})
			return err
		})
		if err != nil {
			break
		}
	}
	return d, func() { limit(1 << 20) }
}

func openURL(t *testing.T, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
