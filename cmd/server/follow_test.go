package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// replicated is a database that reads from a copy of itself, made before the test begins: a replica that
// never gets on.
func replicated(t *testing.T) *db.DB {
	t.Helper()
	dbtest.Need(t, db.Postgres)
	primary, replica := dbtest.URL(t, db.Postgres), dbtest.URL(t, db.Postgres)
	for _, dsn := range []string{primary, replica} {
		d, err := db.Open(t.Context(), dsn, db.Options{})
		if err == nil {
			err = seed.Seed(t.Context(), d, seed.Demo, time.Now().UTC(), progress.None)
			d.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := db.Open(t.Context(), primary, db.Options{ReadURL: replica})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// instance serves a database and gives its address.
func instance(t *testing.T, d *db.DB) string {
	t.Helper()
	s := servertest.New(t, d, compiled, map[string]string{"DATABASE_READ_LAG": "1m"})
	h := httptest.NewServer(s.Handler())
	t.Cleanup(h.Close)
	return h.URL
}

// post sends an operation as a user and gives the answer with the cookies that it sets.
func post(t *testing.T, url, user, operation string, cookies []*http.Cookie) (string, []*http.Cookie) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": operation})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for _, l := range seed.Logins(seed.Demo) {
		if l.Name == user {
			r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+l.Password)))
		}
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), answer.Cookies()
}

// Whoever has written sees it, on whatever instance, although the replica has not got it; others are served
// by the replica all along.
func TestUsersReadTheirOwnWrites(t *testing.T) {
	d := replicated(t)
	one, other := instance(t, d), instance(t, d)
	var code string
	if err := d.Get(t.Context(), &code, `SELECT c."ClaimCode" FROM "tblClaim" c WHERE c."ClaimStatus" = 2 AND c."ValidityTo" IS NULL ORDER BY c."ClaimID" $page(1, 0)`); err != nil {
		t.Fatal(err)
	}
	var uuid string
	if err := d.Get(t.Context(), &uuid, `SELECT $uuid(c."ClaimUUID") FROM "tblClaim" c WHERE $eq(c."ClaimCode", ?) AND c."ValidityTo" IS NULL`, code); err != nil {
		t.Fatal(err)
	}
	reads := `{ claims(code: "` + code + `") { edges { node { status } } } }`
	before, cookies := post(t, one, "Admin", reads, nil)
	if !strings.Contains(before, `"status":2`) || len(cookies) > 0 {
		t.Fatalf("%s %v", before, cookies)
	}
	id := 0
	if err := d.Get(t.Context(), &id, `SELECT c."ClaimID" FROM "tblClaim" c WHERE $eq(c."ClaimCode", ?) AND c."ValidityTo" IS NULL`, code); err != nil {
		t.Fatal(err)
	}
	changed, cookies := post(t, one, "Admin", `mutation { submitClaims(input: {ids: [`+strconv.Itoa(id)+`], clientMutationId: "m1"}) { internalId } }`, nil)
	if strings.Contains(changed, "errors") || len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].MaxAge != int(time.Minute/time.Second) {
		t.Fatalf("%s %v", changed, cookies)
	}
	if after, _ := post(t, one, "Admin", reads, nil); strings.Contains(after, `"status":2`) {
		t.Errorf("on this instance: %s", after)
	}
	if after, _ := post(t, other, "Admin", reads, cookies); strings.Contains(after, `"status":2`) {
		t.Errorf("on another instance, with the cookie: %s", after)
	}
	if after, _ := post(t, other, "Admin", reads, nil); !strings.Contains(after, `"status":2`) {
		t.Errorf("what nobody follows comes from the replica: %s", after)
	}
	// Whoever asks how a mutation ended sees that, and from then on what it did.
	log, _ := post(t, other, "Admin", `{ mutationLogs(clientMutationId: "m1") { edges { node { status } } } }`, nil)
	if !strings.Contains(log, `"status":2`) && !strings.Contains(log, `"status":1`) {
		t.Errorf("the log: %s", log)
	}
	if after, _ := post(t, other, "Admin", reads, nil); strings.Contains(after, `"status":2`) {
		t.Errorf("after the log: %s", after)
	}
}
