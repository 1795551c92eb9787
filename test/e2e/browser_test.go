package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browser is Chromium without a window.
func browser(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("Chromium is not installed (Debian's package chromium)")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.IgnoreCertErrors,
		chromedp.Flag("disable-dev-shm-usage", true))
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, closed := chromedp.NewContext(allocator)
	t.Cleanup(closed)
	ctx, over := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(over)
	return ctx
}

// fetched is what a script of the page got.
type fetched struct {
	Status int
	Type   string
	Text   string
}

// fetch sends a request from the page, as the React application does.
func fetch(t *testing.T, ctx context.Context, path string, options map[string]any) fetched {
	t.Helper()
	raw, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf(`fetch(%q, %s).then(async r => ({Status: r.status, Type: r.headers.get("Content-Type") || "", Text: await r.text()}))`, path, raw)
	got, err := chromedp.Run(ctx, chromedp.Evaluate[fetched](script, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("fetch %s: %v", path, err)
	}
	return got
}

func graphql(t *testing.T, ctx context.Context, query string) map[string]any {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	got := fetch(t, ctx, "/iapi/graphql", map[string]any{"method": "POST", "headers": map[string]string{"Content-Type": "application/json"}, "body": string(body)})
	var answer struct {
		Data   map[string]any
		Errors []any
	}
	if err := json.Unmarshal([]byte(got.Text), &answer); err != nil || got.Status != 200 || len(answer.Errors) > 0 {
		t.Fatalf("%s: %d %s", query, got.Status, got.Text)
	}
	return answer.Data
}

// A person signs in at the legacy application with a browser and works with all of the deployment, until the logout.
func TestAPersonWorksThroughTheWholeDeployment(t *testing.T) {
	ctx := browser(t)
	d := deploy(t, shape{ibackends: 1, backends: 1, workers: 2, gateways: 1})
	base := d.gateways[0]
	at := func() string {
		t.Helper()
		address, err := chromedp.Run(ctx, chromedp.Location())
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimPrefix(address, base)
	}

	// Without a login the application leads to the form of the legacy application, and scripts get 401 in JSON.
	if err := chromedp.Do(ctx, chromedp.Navigate(base+"/front/claim/claims"), chromedp.WaitVisible(chromedp.ID("txtUserName"))); err != nil {
		t.Fatal("the login form: ", err)
	}
	who := func() fetched { t.Helper(); return fetch(t, ctx, "/iapi/core/users/current_user/", nil) }
	if got := who(); got.Status != 401 || got.Type != "application/json" {
		t.Fatalf("before the login: %+v", got)
	}

	signIn := func(password string) {
		t.Helper()
		err := chromedp.Do(ctx, chromedp.SendKeys(chromedp.ID("txtUserName"), "Admin"),
			chromedp.SendKeys(chromedp.ID("txtPassword"), password))
		if err == nil {
			_, err = chromedp.RunResponse(ctx, chromedp.Click(chromedp.ID("btnLogin")))
		}
		if err != nil {
			t.Fatal("the login: ", err)
		}
	}
	signIn("wrong")
	if got := who(); got.Status != 401 {
		t.Fatalf("after a wrong password: %+v", got)
	}
	signIn("admin123")
	if err := chromedp.Do(ctx, chromedp.WaitVisible(chromedp.ID("front"))); err != nil || !strings.HasPrefix(at(), "/front") {
		t.Fatalf("the login leads to %s: %v", at(), err)
	}
	if got := who(); got.Status != 200 || !strings.Contains(got.Text, `"username":"Admin"`) {
		t.Fatalf("after the login: %+v", got)
	}

	// A query, and a mutation that a worker executes.
	data := graphql(t, ctx, `{ insurees(first: 2) { edges { node { chfId lastName } } } }`)
	if people := nodes(data, "insurees"); len(people) != 2 || people[0]["chfId"] == "" {
		t.Errorf("insurees: %v", data)
	}
	of := d.signIn(base, "Admin", "admin123").claimant()
	data = graphql(t, ctx, of.createClaim("BROWSER1"))
	if receipt, _ := data["createClaim"].(map[string]any); receipt["internalId"] == "" {
		t.Fatalf("createClaim: %v", data)
	}
	await(t, "the mutation", time.Minute, func() bool {
		log := nodes(graphql(t, ctx, `{ mutationLogs(clientMutationId: "BROWSER1") { edges { node { status error } } } }`), "mutationLogs")
		if len(log) != 1 || log[0]["status"] == 1.0 {
			t.Fatalf("the log of the mutation: %v", log)
		}
		return log[0]["status"] == 2.0
	})
	if list := graphql(t, ctx, `{ claims(code: "BROWSER1") { totalCount } }`)["claims"].(map[string]any); list["totalCount"] != 1.0 {
		t.Errorf("claims: %v", list)
	}

	// FHIR, which asks for a login of its own (the browser would ask for it, unless credentials are omitted).
	if got := fetch(t, ctx, "/api/api_fhir_r4/Patient?_count=1", map[string]any{"credentials": "omit"}); got.Status != 401 {
		t.Errorf("FHIR without a login: %+v", got)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("Admin:admin123"))
	if got := fetch(t, ctx, "/api/api_fhir_r4/Patient?_count=1", map[string]any{"headers": map[string]string{"Authorization": basic}}); got.Status != 200 || !strings.Contains(got.Text, `"resourceType":"Bundle"`) {
		t.Errorf("FHIR: %+v", got)
	}

	// The operator's page.
	if err := chromedp.Do(ctx, chromedp.Navigate(base+"/iapi/"), chromedp.WaitVisible(chromedp.CSS("h1"))); err != nil {
		t.Fatal("the operator's page: ", err)
	}
	page, err := chromedp.Run(ctx, chromedp.Evaluate[struct {
		Rows  [][]string
		Text  string
		Style string
	}](`({Rows: [...document.querySelectorAll("tr")].map(r => [...r.cells].map(c => c.innerText)), Text: document.body.innerText, Style: getComputedStyle(document.querySelector("table")).borderCollapse})`))
	if err != nil {
		t.Fatal("the operator's page: ", err)
	}
	roles := map[string]int{}
	for _, r := range page.Rows {
		if len(r) > 3 && r[0] == current {
			roles[r[1]+" "+r[2]]++
		}
	}
	if roles["serve iapi"] != 1 || roles["serve api"] != 1 || roles["worker iapi"] != 2 || !strings.Contains(page.Text, "0 queued, 0 given up") || !strings.Contains(page.Text, "claim_batch") || page.Style != "collapse" {
		t.Errorf("the operator's page shows %v, style %q:\n%s", roles, page.Style, page.Text)
	}

	// The logout ends both sessions.
	if err := chromedp.Do(ctx, chromedp.Navigate(base+"/logout"), chromedp.WaitVisible(chromedp.ID("txtUserName"))); err != nil {
		t.Fatal("the logout: ", err)
	}
	if got := who(); got.Status != 401 || got.Type != "application/json" {
		t.Errorf("after the logout: %+v", got)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(base+"/front"), chromedp.WaitVisible(chromedp.ID("txtUserName"))); err != nil {
		t.Errorf("after the logout the application is open: %s %v", at(), err)
	}

	// A gateway without a legacy application has a login page of its own.
	own := d.gateway("own-login", "FRONT_DIR="+filepath.Join(d.dir, "front"), "IBACKEND_URLS="+d.address["ibackend1"], "BACKEND_URLS="+d.address["backend1"])
	await(t, "the gateway", time.Minute, func() bool { return d.get(own+"/readyz") == 200 })
	enter := func(password, want string) {
		t.Helper()
		err := chromedp.Do(ctx, chromedp.Clear(chromedp.ID("user")), chromedp.SendKeys(chromedp.ID("user"), "medical"), chromedp.SendKeys(chromedp.ID("password"), password))
		if err == nil {
			_, err = chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS("button")))
		}
		if err == nil {
			err = chromedp.Do(ctx, chromedp.WaitVisible(chromedp.CSS(want)))
		}
		if err != nil {
			t.Fatalf("the login page, with the password %s: %v", password, err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.Navigate(own+"/front/claim/claims"), chromedp.WaitVisible(chromedp.ID("user"))); err != nil {
		t.Fatal("the login page: ", err)
	}
	enter("wrong", "[role=alert]")
	enter("medicalmedical", "#front")
	if base = own; at() != "/front/claim/claims" {
		t.Errorf("the login leads to %s", at())
	}
	if got := who(); got.Status != 200 || !strings.Contains(got.Text, `"username":"medical"`) {
		t.Errorf("after the login: %+v", got)
	}
	for _, path := range []string{"/logout", "/front/claim/claims"} { // out, and then the application is closed (the page itself may fetch nothing)
		if err := chromedp.Do(ctx, chromedp.Navigate(own+path), chromedp.WaitVisible(chromedp.ID("user"))); err != nil || !strings.HasPrefix(at(), "/gateway/login") {
			t.Errorf("after the logout %s leads to %s: %v", path, at(), err)
		}
	}
}
