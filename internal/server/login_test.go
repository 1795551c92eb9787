package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// signIn serves a database where u0 has a password.
func signIn(t *testing.T) *running {
	d := dbtest.SQLite(t)
	fill(t, d, 1)
	err := d.Write(t.Context(), "a password", func(tx *db.Tx) error {
		stored, key := auth.HashLegacy("secret")
		_, err := tx.Exec(t.Context(), `UPDATE "tblUsers" SET "StoredPassword" = ?, "PrivateKey" = ? WHERE "LoginName" = ?`, stored, key, "u0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return start(t, d, nil)
}

// Whoever asks login by another method is told which one it takes, in the type that they ask for.
func TestLoginTakesPostOnly(t *testing.T) {
	r := signIn(t)
	for _, path := range []string{"/api/api_fhir_r4/login", "/api/api_fhir/login/"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE"} {
			status, header, body := r.send(method, path, "", "Accept", "application/fhir+json")
			if status != http.StatusMethodNotAllowed || header.Get("Allow") != "POST, OPTIONS" || header.Get("Content-Type") != "application/fhir+json" || method != "HEAD" && !strings.Contains(body, "OperationOutcome") {
				t.Errorf("%s %s: %d, Allow %q, %s %s", method, path, status, header.Get("Allow"), header.Get("Content-Type"), body)
			}
		}
		if status, header, _ := r.send("OPTIONS", path, ""); status != http.StatusNoContent || header.Get("Allow") != "POST, OPTIONS" {
			t.Errorf("OPTIONS %s: %d", path, status)
		}
	}
	for accept, want := range map[string]string{"application/fhir+json": "application/fhir+json", "application/json": "application/json", "": "application/json", "application/xml": "application/json"} {
		if status, header, _ := r.send("GET", "/api/api_fhir_r4/Patient", "", "Authorization", "Bearer x", "Accept", accept); status != http.StatusUnauthorized || header.Get("Content-Type") != want {
			t.Errorf("a wrong token with Accept %q: %d %s", accept, status, header.Get("Content-Type"))
		}
	}
}

// send makes a request and gives status, headers and body.
func (r *running) send(method, path, body string, headers ...string) (int, http.Header, string) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(raw)
}

// A token of either FHIR path opens FHIR and GraphQL, with what its user may see.
func TestTokenOpensFHIRAndGraphQL(t *testing.T) {
	r := signIn(t)
	for _, path := range []string{"/api/api_fhir_r4/login", "/api/api_fhir_r4/login/", "/api/api_fhir/login/", "/iapi/api_fhir_r4/login"} {
		status, _, body := r.send("POST", path, `{"username":"u0","password":"secret"}`, "Content-Type", "application/json")
		var answer struct {
			Token string
			Exp   int64
		}
		if err := json.Unmarshal([]byte(body), &answer); err != nil || status != 200 {
			t.Fatalf("%s: %d %s %v", path, status, body, err)
		}
		if left := time.Until(time.Unix(answer.Exp, 0)); left < 23*time.Hour || left > 24*time.Hour {
			t.Errorf("%s: the token lasts %v", path, left)
		}
		bearer := []string{"Authorization", "Bearer " + answer.Token, "Content-Type", "application/json"}
		if status, _, body := r.send("GET", "/api/api_fhir_r4/Location", "", bearer...); status != 200 {
			t.Errorf("FHIR: %d %s", status, body)
		}
		status, _, body = r.send("POST", "/api/graphql", `{"query":"{insurees{edges{node{chfId}}}}"}`, bearer...)
		if status != 200 || strings.Count(body, "chfId") != 3 {
			t.Errorf("GraphQL: %d %s", status, body)
		}
		if status, _, body := r.send("GET", "/api/api_fhir_r4/Location", "", "Cookie", "JWT="+answer.Token); status != 200 {
			t.Errorf("FHIR with a cookie: %d %s", status, body)
		}
	}
}

func TestLoginErrorsAreOutcomes(t *testing.T) {
	r := signIn(t)
	for body, want := range map[string]int{`{"username2":"u0","password":"secret"}`: 400, `{"username":"u0","password":"x"}`: 401} {
		status, header, answer := r.send("POST", "/api/api_fhir_r4/login/", body, "Content-Type", "application/json", "Authorization", "Bearer of another time")
		if status != want || header.Get("Content-Type") != "application/json" || !strings.Contains(answer, `"OperationOutcome"`) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
	if status, _, answer := r.send("GET", "/api/api_fhir_r4/Location", "", "Authorization", "Bearer nonsense"); status != 401 || !strings.Contains(answer, "sign in again") {
		t.Errorf("a malformed token: %d %s", status, answer)
	}
}

// The login requests of the recorded clients get what those read.
func TestLoginOfRecordedClients(t *testing.T) {
	shared := os.Getenv("IMIS_TEST_SHARED")
	if shared == "" {
		t.Skip("IMIS_TEST_SHARED names no folder of recorded clients")
	}
	files, err := filepath.Glob(filepath.Join(shared, "contract", "fhir-clients", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded clients: %v", err)
	}
	r := signIn(t)
	fillIn := strings.NewReplacer("${user}", "u0", "${password}", "secret")
	logins := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var client struct {
			Base     string
			Requests []struct {
				ID, Method, Path string
				Headers, Form    map[string]string
				Body             json.RawMessage
			}
		}
		if err := json.Unmarshal(raw, &client); err != nil {
			if strings.HasPrefix(filepath.Base(file), "upstream-fixtures") {
				continue
			}
			t.Fatalf("%s: %v", file, err)
		}
		for _, q := range client.Requests {
			if !strings.HasPrefix(q.ID, "login") {
				continue
			}
			logins++
			body := bytes.NewBufferString(fillIn.Replace(string(q.Body)))
			if q.Form != nil {
				form := url.Values{}
				for name, value := range q.Form {
					form.Set(name, fillIn.Replace(value))
				}
				body = bytes.NewBufferString(form.Encode())
			}
			var headers []string
			for name, value := range q.Headers {
				headers = append(headers, name, value)
			}
			path := strings.Replace(q.Path, "${base}", client.Base, 1)
			status, _, answer := r.send(q.Method, path, body.String(), headers...)
			var reads struct {
				Token string
				Exp   int64
			}
			if err := json.Unmarshal([]byte(answer), &reads); err != nil || status != 200 || strings.Count(reads.Token, ".") != 2 || reads.Exp == 0 {
				t.Errorf("%s %s: %d %s", filepath.Base(file), q.ID, status, answer)
			}
		}
	}
	if logins < 10 {
		t.Errorf("only %d logins are recorded", logins)
	}
}
