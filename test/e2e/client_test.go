package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// client is somebody who came in through the login of the legacy application.
type client struct {
	t    *testing.T
	base string // of the gateway
	http *http.Client
}

// newClient is somebody who is not signed in yet.
func (d *deployment) newClient(gateway string) *client {
	d.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	transport := d.transport()
	d.t.Cleanup(transport.CloseIdleConnections)
	return &client{d.t, gateway, &http.Client{Jar: jar, Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// signIn signs in at the form of the legacy application.
func (d *deployment) signIn(gateway, user, password string) *client {
	d.t.Helper()
	c := d.newClient(gateway)
	if _, _, err := c.send(d.t.Context(), http.MethodGet, "/", "", nil); err != nil {
		d.t.Fatal(err)
	}
	form := url.Values{"txtUserName": {user}, "txtPassword": {password}}
	status, _, err := c.send(d.t.Context(), http.MethodPost, "/Default.aspx", form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	if err != nil || status != http.StatusFound {
		d.t.Fatalf("the login of %s: %d %v", user, status, err)
	}
	if status := c.whoAmI(); status != http.StatusOK {
		d.t.Fatalf("after the login of %s: %d", user, status)
	}
	return c
}

func (c *client) whoAmI() int {
	status, _, _ := c.send(c.t.Context(), http.MethodGet, "/iapi/core/users/current_user/", "", nil)
	return status
}

// send sends a request and reads the answer whole. The status is 0 when there was none.
func (c *client) send(ctx context.Context, method, path, body string, header http.Header) (int, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, nil, err
	}
	return answer.StatusCode, text, nil
}

// refused is an answer that is not a result.
type refused struct {
	status int
	text   string
}

func (r *refused) Error() string { return fmt.Sprintf("%d %s", r.status, r.text) }

// graphql sends an operation to /iapi and gives its data.
func (c *client) graphql(ctx context.Context, query string, variables map[string]any) (map[string]any, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	status, text, err := c.send(ctx, http.MethodPost, "/iapi/graphql", string(body), http.Header{"Content-Type": {"application/json"}})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data   map[string]any
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(text, &answer); err != nil || status != http.StatusOK || len(answer.Errors) > 0 || answer.Data == nil {
		return nil, &refused{status, string(bytes.TrimSpace(text[:min(len(text), 300)]))}
	}
	return answer.Data, nil
}

// nodes are those of a list in an answer.
func nodes(data map[string]any, field string) []map[string]any {
	list, _ := data[field].(map[string]any)
	edges, _ := list["edges"].([]any)
	var out []map[string]any
	for _, e := range edges {
		if node, ok := e.(map[string]any)["node"].(map[string]any); ok {
			out = append(out, node)
		}
	}
	return out
}

// claimant has what a claim needs.
type claimant struct{ insuree, facility, administrator, diagnosis int }

// claimant looks for what a claim needs.
func (c *client) claimant() claimant {
	c.t.Helper()
	data, err := c.graphql(c.t.Context(), `{ insurees(first: 1) { edges { node { id } } } claimAdmins(first: 1) { edges { node { id healthFacility { id } } } } diagnoses(first: 1) { edges { node { id } } } }`, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	number := func(relay any) (n int) {
		raw, err := base64.StdEncoding.DecodeString(fmt.Sprint(relay))
		if _, digits, ok := strings.Cut(string(raw), ":"); err == nil && ok {
			_, err = fmt.Sscan(digits, &n)
		}
		if err != nil || n == 0 {
			c.t.Fatalf("%v is no id of a row", relay)
		}
		return n
	}
	administrator := nodes(data, "claimAdmins")[0]
	return claimant{insuree: number(nodes(data, "insurees")[0]["id"]), diagnosis: number(nodes(data, "diagnoses")[0]["id"]),
		administrator: number(administrator["id"]), facility: number(administrator["healthFacility"].(map[string]any)["id"])}
}

// createClaim is the mutation that makes a claim of this code.
func (of claimant) createClaim(code string) string {
	day := time.Now().UTC().AddDate(0, 0, -3).Format("2006-01-02")
	return fmt.Sprintf(`mutation { createClaim(input: { clientMutationId: %[1]q clientMutationLabel: "e2e" code: %[1]q insureeId: %[2]d adminId: %[3]d dateFrom: %[4]q dateTo: %[4]q icdId: %[5]d dateClaimed: %[4]q healthFacilityId: %[6]d visitType: "O" status: 2 }) { internalId } }`,
		code, of.insuree, of.administrator, day, of.diagnosis, of.facility)
}

// logged gives the state of the mutations that a client sent under an id.
func (c *client) logged(ctx context.Context, clientMutationID string) ([]map[string]any, error) {
	data, err := c.graphql(ctx, `query ($id: String) { mutationLogs(clientMutationId: $id) { edges { node { status error } } } }`, map[string]any{"id": clientMutationID})
	return nodes(data, "mutationLogs"), err
}

// claims counts those of a code.
func (c *client) claims(ctx context.Context, code string) (int, error) {
	data, err := c.graphql(ctx, `query ($code: String) { claims(code: $code) { totalCount } }`, map[string]any{"code": code})
	if err != nil {
		return 0, err
	}
	n, ok := data["claims"].(map[string]any)["totalCount"].(float64)
	if !ok {
		return 0, errors.New("no count")
	}
	return int(n), nil
}

// fhir asks /api for a resource with HTTP Basic.
func (c *client) fhir(ctx context.Context, path string) (int, error) {
	status, text, err := c.send(ctx, http.MethodGet, "/api/api_fhir_r4/"+path, "", http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("Admin:admin123"))}})
	if err == nil && status != http.StatusOK {
		err = &refused{status, string(text[:min(len(text), 300)])}
	}
	return status, err
}
