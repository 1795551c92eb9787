package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// On a database that takes no writes people sign in for the first time and read; a mutation is refused
// with the reason, and /readyz tells it to the operator.
func TestReadOnlyDatabase(t *testing.T) {
	url := dbtest.URL(t, db.SQLite)
	filled, err := db.Open(t.Context(), url, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer filled.Close()
	fill(t, filled, 1)
	err = filled.Write(t.Context(), "a user who has been here", func(tx *db.Tx) error {
		id := db.NewUUID()
		if _, err := tx.Insert(t.Context(), "core_TechnicalUser", db.Values{"id": id, "username": "known", "password": "!", "is_staff": false, "is_superuser": true}); err != nil {
			return err
		}
		_, err := tx.Insert(t.Context(), "core_User", db.Values{"id": db.NewUUID(), "username": "known", "t_user_id": id})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), url+"&_pragma=query_only(1)", db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	r := start(t, d, nil)
	if n := len(r.good("admin", `{insurees{edges{node{chfId}}}}`)["insurees"].(map[string]any)["edges"].([]any)); n != 3 {
		t.Errorf("%d insurees", n)
	}
	for _, user := range []string{"admin", "known"} {
		res, body := servertest.GraphQL(t, r.URL, user, `mutation{submitClaims(input:{clientMutationId:"1",ids:[1]}){internalId}}`)
		if !strings.Contains(string(body), "The database takes no changes just now") {
			t.Errorf("mutation of %s: %d %s", user, res.StatusCode, body)
		}
	}
	get := func(path string) (int, map[string]any) {
		t.Helper()
		res, err := http.Get(r.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		return res.StatusCode, v
	}
	status, ready := get("/readyz")
	if status != 200 || ready["status"] != "ready" || ready["writes"] != "unavailable" || !strings.Contains(fmt.Sprint(ready["detail"]), "takes no changes") {
		t.Errorf("readyz: %d %v", status, ready)
	}
}
