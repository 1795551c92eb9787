package migrate_test

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/migrate"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// as opens a PostgreSQL database as a login that the statements, with the login for LOGIN_NAME, give rights to.
func as(t *testing.T, dsn string, statements ...string) *db.DB {
	t.Helper()
	owner := opened(t, dsn)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	login := "imis_" + strings.TrimPrefix(u.Path, "/imis_test_")
	run := func(s string) error {
		_, err := owner.Pool().ExecContext(t.Context(), s)
		return err
	}
	for _, s := range append([]string{`CREATE ROLE LOGIN_NAME LOGIN PASSWORD 'open-sesame'`}, statements...) {
		if err := run(strings.ReplaceAll(s, "LOGIN_NAME", login)); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	t.Cleanup(func() {
		owner, err := db.Open(context.Background(), dsn, db.Options{}) // the context of the test is over
		if err != nil {
			t.Error(err)
			return
		}
		defer owner.Close()
		_, _ = owner.Pool().Exec(`DROP OWNED BY ` + login + ` CASCADE`)
		_, _ = owner.Pool().Exec(`DROP ROLE ` + login)
	})
	owner.Close()
	u.User = url.UserPassword(login, "open-sesame")
	return opened(t, u.String())
}

func opened(t *testing.T, dsn string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), dsn, db.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

var claims = []schema.Need{{Table: "tblClaim", Columns: []string{"ClaimID", "ClaimCode"}, Why: "claims"}, {Table: "tblGender", Columns: []string{"Code"}, Why: "genders"}}

// What a login may not do is told, and not taken for a database without openIMIS.
func TestCheckTellsAboutRights(t *testing.T) {
	dbtest.Need(t, db.Postgres)
	for _, c := range []struct {
		name   string
		grants []string
		ok     bool
		want   []string // parts of the printed report
		why    string   // part of what is said of a table that is not seen
	}{
		{"no right at all", nil, false, []string{"tblClaim\n", "The login may not read these"}, "GRANT SELECT, INSERT, UPDATE, DELETE"},
		{"no right to the schema", []string{`REVOKE ALL ON SCHEMA public FROM PUBLIC`}, false, []string{"It may be one all the same: its tables are in the schema public"}, "GRANT USAGE ON SCHEMA"},
		{"reading only", []string{`GRANT SELECT ON ALL TABLES IN SCHEMA public TO LOGIN_NAME`}, true,
			[]string{"The login lacks these rights", "tblClaim: INSERT, UPDATE\n", "tblProduct: UPDATE of its key\n", "imis_audit: INSERT\n", "imis_mutation_queue: INSERT, UPDATE, DELETE"}, ""},
		{"one table is left out", []string{`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO LOGIN_NAME`, `REVOKE SELECT ON "tblGender" FROM LOGIN_NAME`}, false,
			[]string{"The login may not read these, so that the server cannot start:\n  tblGender\n"}, ""},
		{"a sequence is left out", []string{`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO LOGIN_NAME`, `CREATE SEQUENCE numbers OWNED BY "tblClaim"."ClaimID"`}, true,
			[]string{"tblClaim: USAGE of its sequence\n"}, ""},
		{"everything", []string{`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO LOGIN_NAME`}, true, []string{"The server can start"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := as(t, dbtest.URL(t, db.Postgres), c.grants...)
			r, err := migrate.Check(t.Context(), d, claims)
			if err != nil {
				t.Fatal(err)
			}
			r.Pending = nil // steps of goose, which the test databases have not
			var out strings.Builder
			if err := r.Print(&out); err != nil {
				t.Fatal(err)
			}
			for _, part := range append(c.want, d.Name()) {
				if !strings.Contains(out.String(), part) {
					t.Errorf("%q is not in\n%s", part, &out)
				}
			}
			if r.OK() != c.ok {
				t.Errorf("OK is %v:\n%s", r.OK(), &out)
			}
			why, err := d.Unseen(t.Context(), "tblClaim")
			if err != nil || (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
				t.Errorf("why it is not seen: %q, %v", why, err)
			}
		})
	}
}

// The tables may be in another schema than the first of the path; names that only differ in case are not names of
// openIMIS to PostgreSQL.
func TestSchemasAndSpellings(t *testing.T) {
	dbtest.Need(t, db.Postgres)
	dsn := dbtest.URL(t, db.Postgres)
	d := opened(t, dsn)
	for _, s := range []string{
		`CREATE SCHEMA django`, `CREATE TABLE django."core_User" (id uuid, username varchar(7))`,
		`ALTER TABLE "tblInsureePolicy" RENAME COLUMN "InsureeID" TO "InsureeId"`, `ALTER TABLE "tblGender" RENAME TO "tblgender"`,
	} {
		if _, err := d.Pool().ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	both := opened(t, dsn+"?options=-c%20search_path%3Ddjango%2Cpublic")
	if !both.Offers("tblClaim", "ClaimCode") || both.Offers("core_User", "i_user_id") || !both.Offers("core_User", "username") {
		t.Error("a table is not that of the first schema that has it")
	}
	if both.Offers("tblInsureePolicy", "InsureeId") || both.Offers("tblGender", "") {
		t.Error("what statements do not find is offered")
	}
	want := []string{"column tblInsureePolicy.InsureeID is spelled InsureeId", "table tblGender is spelled tblgender"}
	if got := both.Misspelt(); !slices.Equal(got, want) {
		t.Errorf("misspelt: %q", got)
	}
	r, err := migrate.Check(t.Context(), both, claims)
	if err != nil || !slices.Equal(r.Misspelt, want) || !slices.ContainsFunc(r.Missing, func(s string) bool { return strings.HasPrefix(s, "table tblGender is missing") }) {
		t.Errorf("%+v %v", r, err)
	}
}

// Whoever owns a database lacks nothing, and its tables are seen, on every engine.
func TestCheckOfTheOwner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r, err := migrate.Check(t.Context(), d, claims)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Unreadable)+len(r.Unwritable)+len(r.Misspelt)+len(r.Missing) > 0 || r.Zone == "" || (r.Login == "") != (d.Dialect() == db.SQLite) {
			t.Errorf("%+v", r)
		}
		if may, err := d.MayCreate(t.Context()); err != nil || !may {
			t.Errorf("may create: %v, %v", may, err)
		}
		if why, err := d.Unseen(t.Context(), "tblNothing"); err != nil || why != "" {
			t.Errorf("a table that is nowhere: %q, %v", why, err)
		}
	})
}
