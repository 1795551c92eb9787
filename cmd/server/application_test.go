package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
)

// operation is one that the application of 2019 sends, with names in the places of values.
type operation struct{ Operation, Root, Action, Sample string }

// reply is a GraphQL answer.
type reply struct {
	Status int
	Data   map[string]any
	Errors []struct{ Message string }
}

// asks sends a query as a user.
func asks(t *testing.T, url, user, query string) reply {
	t.Helper()
	res, raw := servertest.GraphQL(t, url, user, query)
	a := reply{Status: res.StatusCode}
	if err := json.Unmarshal(raw, &a); err != nil {
		t.Fatalf("%s: %v: %.300s", query, err, raw)
	}
	return a
}

// serveDemo serves the demo data.
func serveDemo(t *testing.T, d *db.DB) (url string) {
	t.Helper()
	today, _ := time.Parse(time.RFC3339, recordedNow)
	if err := seed.Seed(t.Context(), d, seed.Demo, today, progress.None); err != nil {
		t.Fatal(err)
	}
	return serveWhole(t, d)
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// recordedOperations reads them; without the recordings there is no test.
func recordedOperations(t *testing.T) (all []operation) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(shared(t), "contract", "operations-2019.json"))
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		Modules map[string]struct{ Operations []operation }
	}
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	for _, m := range recorded.Modules {
		all = append(all, m.Operations...)
	}
	if len(all) < 36 {
		t.Fatalf("only %d operations were read", len(all))
	}
	return all
}

// values are put in the places of a recorded operation.
type values struct{ text, number, global string }

var (
	globalIDs = regexp.MustCompile(`"X__(\w*id|claimId)"`)
	days      = regexp.MustCompile(`"X__\w*[dD]ate\w*"`)
	quoted    = regexp.MustCompile(`"X__\w+"`)
	numbers   = regexp.MustCompile(`INT__\w+`)
	answers01 = regexp.MustCompile(`X__claim_feedback_(careRendered|paymentAsked|drugPrescribed|drugReceived)`)
	plain     = regexp.MustCompile(`\bX__\w+`)
)

// with gives the operation as it would be sent.
func (o operation) with(v values) string {
	s := strings.ReplaceAll(o.Sample, "__dyn_filters: __dyn", "first: 10")
	s = strings.ReplaceAll(s, `"UUID"`, `"6c5f5b5e-7a9b-4d3e-9b1c-0f6f5a4f3c2d"`)
	s = strings.ReplaceAll(s, `"X__chfid"`, `"`+v.text+`"`)
	s = strings.ReplaceAll(s, `"X__afterCursor"`, `"YXJyYXljb25uZWN0aW9uOjQ="`)
	s = strings.ReplaceAll(s, `"NaN"`, `"1.00"`)
	s = answers01.ReplaceAllString(s, "true")
	if o.Root == "mutationLogs" && v.global != "" { // this one asks with the id of the log itself
		v.global = "6c5f5b5e-7a9b-4d3e-9b1c-0f6f5a4f3c2d"
	}
	s = globalIDs.ReplaceAllString(s, `"`+v.global+`"`)
	s = days.ReplaceAllString(s, `"2026-11-01"`)
	s = quoted.ReplaceAllString(s, `"`+v.text+`"`)
	return plain.ReplaceAllString(numbers.ReplaceAllString(s, v.number), "1")
}

// None of the operations that the application sends is beyond a limit.
func TestOperationsOfTheApplicationAreWithinLimits(t *testing.T) {
	operations := recordedOperations(t)
	url := serveDemo(t, dbtest.SQLite(t))
	most := 0
	for _, o := range operations {
		query := o.with(values{text: "1", number: "1", global: b64("X:1")})
		var made atomic.Int64
		stop := db.Listen(func(string) { made.Add(1) })
		a := asks(t, url, "Admin", query)
		stop()
		most = max(most, int(made.Load()))
		for _, e := range a.Errors {
			for _, limit := range []string{"Syntax Error", "more than", "are allowed", "not allowed", "at most"} {
				if strings.Contains(e.Message, limit) {
					t.Errorf("%s: %s", query, e.Message)
				}
			}
		}
	}
	t.Logf("%d operations, %d statements at most", len(operations), most)
}

// reads is what the application goes through in the answer of a root field, without looking whether it is there:
// from its reducers. A field that is not here may be null, for it looks first; [] stands for every element.
var reads = map[string][]string{
	"claimAdmins":         {"edges.[].node"},
	"claimOfficers":       {"edges.[].node"},
	"claims":              {"edges.[].node"},
	"insurees":            {"edges.[].node"},
	"healthFacilities":    {"edges.[].node.id"},
	"healthFacilitiesStr": {"edges.[].node"},
	"diagnosesStr":        {"edges.[].node"},
	"medicalItemsStr":     {"edges.[].node"},
	"medicalServicesStr":  {"edges.[].node"},
	"productsStr":         {"edges.[].node"},
	"mutationLogs":        {"edges.[].node.id"},

	"coreModuleConfigurations": {"[].config"},
	"userDistricts":            {"[].id"},
	"insureeFamilyMembers":     {"[]"},
	"batchRunsSummaries":       {"[]"},

	"pricelists":                        {"services.[]", "items.[]"},
	"policiesByInsuree":                 {"items.[]"},
	"policyItemEligibilityByInsuree":    {""},
	"policyServiceEligibilityByInsuree": {""},

	"createClaim": {""}, "updateClaim": {""}, "submitClaims": {""}, "processClaims": {""},
	"selectClaimsForFeedback": {""}, "bypassClaimsFeedback": {""}, "skipClaimsFeedback": {""}, "deliverClaimFeedback": {""},
	"selectClaimsForReview": {""}, "bypassClaimsReview": {""}, "skipClaimsReview": {""}, "deliverClaimReview": {""},
}

// mayBeNull are the root fields at which the application looks before it reads. policyEligibilityByInsuree has to
// be null for people: its answer unmounts the page.
var mayBeNull = map[string]bool{"insuree": true, "policyEligibilityByInsuree": true}

// missing says where a path leads to null.
func missing(v any, path string) string {
	if path == "" {
		if v == nil {
			return "null"
		}
		return ""
	}
	step, rest, _ := strings.Cut(path, ".")
	if step == "[]" {
		list, ok := v.([]any)
		if !ok {
			return fmt.Sprintf("%v instead of a list", v)
		}
		for i, e := range list {
			if m := missing(e, rest); m != "" {
				return fmt.Sprintf("%d: %s", i, m)
			}
		}
		return ""
	}
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprintf("%v instead of an object with %s", v, step)
	}
	if m := missing(object[step], rest); m != "" {
		return step + ": " + m
	}
	return ""
}

// Whoever asks, and whatever is asked for: refusals, ids that do not exist, malformed ids, and what there is.
// The application survives each answer.
func TestTheApplicationSurvivesEveryAnswer(t *testing.T) {
	operations := recordedOperations(t)
	d := dbtest.SQLite(t)
	url := serveDemo(t, d)
	err := d.Write(t.Context(), "a user without roles", func(tx *db.Tx) error {
		_, err := tx.Insert(t.Context(), "tblUsers", db.Values{"LanguageID": "en", "LastName": "L", "OtherNames": "O", "LoginName": "nobody", "RoleID": 0, "ValidityFrom": time.Now().AddDate(-1, 0, 0), "AuditUserID": 1})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for _, l := range seed.Logins(seed.Demo) {
		if l.Name != "sysadmin" { // a program
			users = append(users, l.Name)
		}
	}
	users = append(users, "nobody")
	if len(users) < 8 {
		t.Fatalf("only %d users", len(users))
	}
	var number string
	if err := d.Get(t.Context(), &number, `SELECT MIN(i."CHFID") FROM "tblInsuree" AS i WHERE i."ValidityTo" IS NULL`); err != nil {
		t.Fatal(err)
	}
	refused, tried := 0, 0
	for _, user := range users {
		for what, v := range map[string]values{
			"known":         {text: number, number: "1", global: b64("ClaimGQLType:1")},
			"not there":     {text: "9999999", number: "999999", global: b64("ClaimGQLType:999999")},
			"no id":         {text: "x", number: "-1", global: "%%%"},
			"an empty text": {text: "", number: "0", global: ""},
		} {
			for _, o := range operations {
				tried++
				a := asks(t, url, user, o.with(v))
				if a.Status == http.StatusBadRequest && (what == "no id" || what == "an empty text") {
					continue // it takes a status for a failure, and shows the errors
				}
				if a.Status != http.StatusOK {
					t.Errorf("%s, %s: %s: status %d %v", user, what, o.Root, a.Status, a.Errors)
					continue
				}
				if len(a.Errors) > 0 {
					refused++
					if strings.Contains(fmt.Sprint(a.Errors), "internal error") {
						t.Errorf("%s, %s: %s: %v", user, what, o.Root, a.Errors)
					}
				}
				paths, known := reads[o.Root]
				if !known && !mayBeNull[o.Root] {
					t.Errorf("what does the application read of %s?", o.Root)
				}
				answer := a.Data[o.Root]
				for _, p := range paths {
					if m := missing(answer, p); m != "" {
						t.Errorf("%s, %s: %s: %s (%v)", user, what, o.Action, m, a.Errors)
					}
				}
				if list, ok := answer.(map[string]any); ok && len(a.Errors) > 0 { // the error stays, the rows stay away
					if edges, _ := list["edges"].([]any); len(edges) > 0 || list["totalCount"] != nil && list["totalCount"] != 0.0 {
						t.Errorf("%s, %s: %s has rows beside %v", user, what, o.Action, a.Errors)
					}
				}
			}
		}
	}
	if refused < 50 {
		t.Errorf("only %d of %d were refused", refused, tried)
	}
}

// Whoever may enquire is told whether an item or a service is covered. The whole of it stays with programs, for
// the application cannot take it.
func TestWhoIsToldAboutEligibility(t *testing.T) {
	d := dbtest.SQLite(t)
	url := serveDemo(t, d)
	reach := asks(t, url, "clerk", `{ insurees(first: 1) { edges { node { chfId } } } }`) // of somebody in reach of all of them
	number := reach.Data["insurees"].(map[string]any)["edges"].([]any)[0].(map[string]any)["node"].(map[string]any)["chfId"]
	var item string
	if err := d.Get(t.Context(), &item, `SELECT MIN(i."ItemCode") FROM "tblItems" AS i WHERE i."ValidityTo" IS NULL`); err != nil {
		t.Fatal(err)
	}
	query := fmt.Sprintf(`{ policyEligibilityByInsuree(chfId: "%s") { prodId } policyItemEligibilityByInsuree(chfId: "%s", itemCode: "%s") { isItemOk itemLeft minDateItem } }`, number, number, item)
	for user, told := range map[string]bool{"Admin": true, "reception": true, "clerk": true, "medical": false} {
		a := asks(t, url, user, query)
		one, _ := a.Data["policyItemEligibilityByInsuree"].(map[string]any)
		if one == nil || (one["isItemOk"] != nil) != told {
			t.Errorf("%s: %v %v", user, a.Data, a.Errors)
		}
		if errors := map[bool]int{true: 1, false: 2}[told]; a.Data["policyEligibilityByInsuree"] != nil || len(a.Errors) != errors {
			t.Errorf("%s: %v %v", user, a.Data, a.Errors)
		}
	}
}
