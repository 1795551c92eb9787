package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
)

// A benchmark is a request through the whole HTTP side of the server, but for the network, over the
// database of a district (seed.District: 90,000 insurees, 100,000 claims). docs/performance.md has the
// figures to reach.

// request is one benchmark. In query (GraphQL) and path (GET), $v stands for a value that changes with
// every request, so that no request finds the parsed query of an earlier one.
type request struct {
	name, user  string
	query, path string
	values      []string
	has         string // every answer has it
}

const (
	administrator = "Admin"    // sees everything
	national      = "medical"  // a medical officer of all 20 districts
	local         = "A01EO1"   // an enrolment officer of one district
	facility      = "A01H1CA"  // a claim administrator
	machine       = "sysadmin" // a technical user
)

// The selections of the 2019 application, and one with relations four levels deep.
const (
	facilityFields = `healthFacility { id code name level servicePricelist { id } itemPricelist { id } location { id code name parent { id code name } } }`
	pageInfo       = `pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`
	insureePicker  = pageInfo + ` edges { node { id chfId lastName otherNames } }`
	insureeDeep    = pageInfo + ` edges { node { id chfId lastName otherNames dob gender { code gender } family { id address headInsuree { id chfId lastName photo { id folder filename } ` + facilityFields + ` } } ` + facilityFields + ` } }`
	claimSummary   = `totalCount ` + pageInfo + ` edges { node { id code dateClaimed feedbackStatus reviewStatus claimed approved status ` + facilityFields + ` insuree { id chfId lastName otherNames } } }`
	policyFields   = `items { productCode productName expiryDate status dedType ded1 ded2 ceiling1 ceiling2 }`
	eligibility    = `prodId totalAdmissionsLeft totalVisitsLeft totalConsultationsLeft totalSurgeriesLeft totalDeliveriesLeft totalAntenatalLeft consultationAmountLeft surgeryAmountLeft deliveryAmountLeft hospitalizationAmountLeft antenatalAmountLeft`
	picker         = `{ ` + pageInfo + ` edges { node { id code name } } }`
	pricedPicker   = `{ ` + pageInfo + ` edges { node { id code name price } } }`
)

// requests groups the benchmarks; w gives the values.
func requests(w *site) map[string][]request {
	insurees, names, numbers := w.texts(`t."CHFID"`), parts(w.texts(`t."LastName"`)), starts(w.texts(`t."CHFID"`))
	items, services := w.column("tblItems", "ItemCode"), w.column("tblServices", "ServCode")
	const after = `first: 10, after: "$v"`
	var onwards, jumps []string // the pages from 1,000 on; those before each other, where no page leads to the next
	for page := range 1000 {
		onwards, jumps = append(onwards, cursor((1000+page)*10-11)), append(jumps, cursor((2000-page)*10-11))
	}
	groups := map[string][]request{
		"InsureesPage": {
			{name: "first=10", user: national, query: `{ insurees(first: 10) { ` + insureeDeep + ` } }`, has: `"chfId"`},
			{name: "first=100", user: national, query: `{ insurees(first: 100) { ` + insureeDeep + ` } }`, has: `"chfId"`},
		},
		"Enquiry": {
			{name: "insuree", user: local, query: `{ insuree(chfId: "$v") { chfId lastName otherNames dob age family { id } photo { folder filename } gender { code gender altLanguage } ` + facilityFields + ` } }`, values: insurees, has: `"chfId"`},
			{name: "insureeFamilyMembers", user: local, query: `{ insureeFamilyMembers(chfId: "$v") { chfId otherNames lastName head phone } }`, values: insurees, has: `"chfId"`},
		},
		"PoliciesByInsuree": {
			{name: "district", user: local, query: `{ policiesByInsuree(chfId: "$v") { ` + policyFields + ` } }`, values: insurees, has: `"items":[`},
			{name: "administrator", user: administrator, query: `{ policiesByInsuree(chfId: "$v") { ` + policyFields + ` } }`, values: insurees, has: `"items":[`},
		},
		"Eligibility": {
			{name: "insuree", user: machine, query: `{ policyEligibilityByInsuree(chfId: "$v") { ` + eligibility + ` } }`, values: insurees, has: `prodId`},
			{name: "item", user: machine, query: `{ policyItemEligibilityByInsuree(chfId: "$v", itemCode: "` + items[0] + `") { minDateItem itemLeft isItemOk } }`, values: insurees, has: `isItemOk`},
			{name: "service", user: machine, query: `{ policyServiceEligibilityByInsuree(chfId: "$v", serviceCode: "` + services[0] + `") { minDateService serviceLeft isServiceOk } }`, values: insurees, has: `isServiceOk`},
		},
		"Pickers": {
			{name: "diagnosesStr", user: facility, query: `{ diagnosesStr(str: "$v") ` + picker + ` }`, values: parts(w.column("tblICDCodes", "ICDName")), has: `"node"`},
			{name: "medicalItemsStr", user: facility, query: `{ medicalItemsStr(str: "$v") ` + pricedPicker + ` }`, values: parts(w.column("tblItems", "ItemName")), has: `"node"`},
			{name: "medicalServicesStr", user: facility, query: `{ medicalServicesStr(str: "$v") ` + pricedPicker + ` }`, values: parts(w.column("tblServices", "ServName")), has: `"node"`},
			{name: "healthFacilitiesStr", user: national, query: `{ healthFacilitiesStr(str: "$v") { ` + pageInfo + ` edges { node { id code name level servicePricelist { id } itemPricelist { id } location { id code name parent { id code name } } } } } }`, values: parts(w.column("tblHF", "HFName")), has: `"node"`},
			{name: "productsStr", user: facility, query: `{ productsStr(str: "$v") ` + picker + ` }`, values: parts(w.column("tblProduct", "ProductName")), has: `"node"`},
		},
		"BootQueries": {
			{name: "moduleConfigurations", user: facility, query: `{ coreModuleConfigurations { module config controls { fieldName usage } } }`, has: `"coreModuleConfigurations"`},
			{name: "userDistricts", user: national, query: `{ userDistricts { id code name regionId regionCode regionName } }`, has: `"regionCode"`},
			{name: "healthFacility", user: facility, query: `{ healthFacilities(id: "1") { ` + pageInfo + ` edges { node { id code name level servicePricelist { id } itemPricelist { id } location { id code name parent { id code name } } } } } }`, has: `"node"`},
			{name: "currentUser", user: facility, path: `/api/core/users/current_user`, has: `"username"`},
		},
		"Claims": {
			{name: "page", user: national, query: `{ claims(first: 10, orderBy: ["-dateClaimed"]) { ` + claimSummary + ` } }`, has: `"node"`},
			{name: "page-of-a-facility", user: facility, query: `{ claims(first: 10, orderBy: ["-dateClaimed"]) { ` + claimSummary + ` } }`, has: `"node"`},
			{name: "filters", user: national, query: `{ claims(status: 16, healthFacility_Id: "$v", claimed_Gte: 100, dateClaimed_Gte: "2026-05-01", dateClaimed_Lte: "2026-10-31", first: 10, orderBy: ["-dateClaimed"]) { ` + claimSummary + ` } }`, values: w.column("tblHF", "HfID"), has: `"totalCount"`},
			{name: "insuree", user: national, query: `{ claims(insuree_ChfId: "$v", first: 10) { ` + claimSummary + ` } }`, values: insurees, has: `"totalCount"`},
		},
		// Lists of rows that have thousands of children each: half of all insurees are of a gender, 600 belong to a
		// facility.
		"NestedLists": {
			{name: "gender/administrator", user: administrator, query: `{ insurees(first: 1) { ` + ofGender("") + ` } }`, has: `"code"`},
			{name: "gender/districts=20", user: national, query: `{ insurees(first: 1) { ` + ofGender("") + ` } }`, has: `"code"`},
			{name: "gender/district", user: local, query: `{ insurees(first: 1) { ` + ofGender("") + ` } }`, has: `"code"`},
			{name: "gender/districts=20/total", user: national, query: `{ insurees(first: 1) { ` + ofGender("totalCount") + ` } }`, has: `"code"`},
			{name: "facilities=5/districts=20", user: national, query: `{ healthFacilities(first: 5) { ` + ofFacility + ` } }`, has: `"code"`},
			{name: "facilities=100/districts=20", user: national, query: `{ healthFacilities(first: 100) { ` + ofFacility + ` } }`, has: `"code"`},
			{name: "families=10/districts=20", user: national, query: `{ insurees(first: 10) { edges { node { family { insureeSet(first: 5) { edges { node { chfId } } } } } } } }`, has: `"chfId"`},
		},
		"DeepPage": {
			{name: "insurees/page=1", user: administrator, query: `{ insurees(first: 10) { ` + insureePicker + ` } }`, has: `"node"`},
			{name: "insurees/page=1000", user: administrator, query: `{ insurees(` + after + `) { ` + insureePicker + ` } }`, values: onwards, has: `"node"`},
			{name: "insurees-scope/page=1", user: national, query: `{ insurees(first: 10) { ` + insureePicker + ` } }`, has: `"node"`},
			{name: "insurees-scope/page=1000", user: national, query: `{ insurees(` + after + `) { ` + insureePicker + ` } }`, values: onwards, has: `"node"`},
			{name: "insurees-scope/jump", user: national, query: `{ insurees(` + after + `) { ` + insureePicker + ` } }`, values: jumps, has: `"node"`},
			{name: "claims/page=1", user: national, query: `{ claims(first: 10, orderBy: ["-dateClaimed"]) { ` + claimSummary + ` } }`, has: `"node"`},
			{name: "claims/page=1000", user: national, query: `{ claims(` + after + `, orderBy: ["-dateClaimed"]) { ` + claimSummary + ` } }`, values: onwards, has: `"node"`},
		},
		"FHIR": {
			{name: "Organization", user: administrator, path: `/api/api_fhir_r4/Organization?_count=10`, has: `"searchset"`},
			{name: "Organization/read", user: administrator, path: `/api/api_fhir_r4/Organization/$v`, values: w.column("tblHF", "HfID"), has: `"Organization"`},
			{name: "Location", user: administrator, path: `/api/api_fhir_r4/Location?_count=10`, has: `"searchset"`},
			{name: "Location/identifier", user: administrator, path: `/api/api_fhir_r4/Location?identifier=$v`, values: w.column("tblLocations", "LocationCode"), has: `"searchset"`},
			{name: "metadata", user: administrator, path: `/api/api_fhir_r4/metadata`, has: `"CapabilityStatement"`},
			{name: "Patient", user: administrator, path: "/api/api_fhir_r4/Patient/$v", values: insurees, has: `"resourceType":"Patient"`},
			{name: "patients", user: administrator, path: "/api/api_fhir_r4/Patient?_count=10", has: `"total":`},
			{name: "patients-of-a-district", user: local, path: "/api/api_fhir_r4/Patient?_count=10", has: `"total":`},
			{name: "patients/page=4000", user: administrator, path: "/api/api_fhir_r4/Patient?_count=10&page-offset=4000", has: `"total":`},
			{name: "patient-by-number", user: administrator, path: "/api/api_fhir_r4/Patient?identifier=$v", values: insurees, has: `"total":1`},
			{name: "claims", user: administrator, path: "/api/api_fhir_r4/Claim?_count=10", has: `"total":`},
			{name: "claims-since", user: administrator, path: "/api/api_fhir_r4/Claim?_count=10&refDate=2026-06-01", has: `"total":`},
			{name: "claims-of-a-facility", user: facility, path: "/api/api_fhir_r4/Claim?_count=10", has: `"total":`},
		},
	}
	for _, who := range []struct{ name, user string }{{"district", local}, {"districts=20", national}, {"administrator", administrator}} {
		for total, fields := range map[string]string{"": insureePicker, "/total": "totalCount " + insureePicker} {
			groups["InsureesByName"] = append(groups["InsureesByName"],
				request{name: "lastName_Icontains/" + who.name + total, user: who.user, query: `{ insurees(lastName_Icontains: "$v", first: 10) { ` + fields + ` } }`, values: names, has: `"node"`},
				request{name: "chfId_Istartswith/" + who.name + total, user: who.user, query: `{ insurees(chfId_Istartswith: "$v", first: 10) { ` + fields + ` } }`, values: numbers, has: `"node"`})
		}
		groups["InsureesByName"] = append(groups["InsureesByName"], request{name: "rare/" + who.name + "/total", user: who.user,
			query: `{ insurees(lastName_Icontains: "$v", first: 10) { totalCount ` + insureePicker + ` } }`, values: []string{"zzyzx"}, has: `"totalCount":0`})
	}
	for _, list := range groups {
		slices.SortStableFunc(list, func(a, b request) int { return strings.Compare(a.name, b.name) })
	}
	return groups
}

// ofGender selects one insuree of the same gender, with more fields of the list.
func ofGender(more string) string {
	return `edges { node { gender { code insureeSet(first: 1) { ` + more + ` edges { node { chfId } } } } } }`
}

const ofFacility = `edges { node { code insureeSet(first: 1) { edges { node { chfId } } } } }`

func BenchmarkInsureesPage(b *testing.B)      { group(b, "InsureesPage") }
func BenchmarkNestedLists(b *testing.B)       { group(b, "NestedLists") }
func BenchmarkInsureesByName(b *testing.B)    { group(b, "InsureesByName") }
func BenchmarkEnquiry(b *testing.B)           { group(b, "Enquiry") }
func BenchmarkPoliciesByInsuree(b *testing.B) { group(b, "PoliciesByInsuree") }
func BenchmarkEligibility(b *testing.B)       { group(b, "Eligibility") }
func BenchmarkPickers(b *testing.B)           { group(b, "Pickers") }
func BenchmarkBootQueries(b *testing.B)       { group(b, "BootQueries") }
func BenchmarkClaims(b *testing.B)            { group(b, "Claims") }
func BenchmarkDeepPage(b *testing.B)          { group(b, "DeepPage") }
func BenchmarkFHIR(b *testing.B)              { group(b, "FHIR") }

// BenchmarkStart is from opening an existing database to a server that could listen.
func BenchmarkStart(b *testing.B) {
	onDistrict(b, func(b *testing.B, w *site) {
		for b.Loop() {
			d, err := db.Open(b.Context(), w.url, db.Options{Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			wholeServer(b, d).Handler()
			d.Close()
		}
	})
}

func group(b *testing.B, name string) {
	onDistrict(b, func(b *testing.B, w *site) {
		for _, r := range requests(w)[name] {
			b.Run(r.name, func(b *testing.B) { w.measure(b, r) })
		}
	})
}

// measure sends a request over and over. Besides time and allocations it reports the number of SQL
// statements and the time that 99 of 100 requests keep below.
func (w *site) measure(b *testing.B, r request) {
	statements := 0
	stop := db.Listen(func(string) { statements++ })
	w.send(b, r, 0) // the user is known from here on
	statements = 0
	w.send(b, r, 1)
	stop()
	var took []time.Duration
	n := 2
	b.ReportAllocs()
	for b.Loop() {
		from := time.Now()
		w.send(b, r, n)
		took = append(took, time.Since(from))
		n++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(statements), "statements/op")
}

// send makes the nth request and checks its answer.
func (w *site) send(b *testing.B, r request, n int) {
	method, path, body := http.MethodGet, r.path, ""
	value := ""
	if len(r.values) > 0 {
		value = r.values[n%len(r.values)]
	}
	if r.query != "" {
		method, path = http.MethodPost, "/api/graphql"
		body = strings.ReplaceAll(r.query, "$v", value)
		if value != "" {
			body += fmt.Sprint(" #", n)
		}
	} else {
		path = strings.ReplaceAll(path, "$v", url.QueryEscape(value))
	}
	q := httptest.NewRequest(method, path, strings.NewReader(body))
	q.Host, q.RemoteAddr = "localhost", "127.0.0.1:4711"
	q.Header.Set("Remote-User", r.user)
	q.Header.Set("Content-Type", "application/graphql")
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, q)
	if got := answer.Body.Bytes(); answer.Code != http.StatusOK || bytes.Contains(got, []byte(`"errors"`)) || !bytes.Contains(got, []byte(r.has)) {
		b.Fatalf("%s %s as %s: status %d, without %s: %.300s", path, body, r.user, answer.Code, r.has, got)
	}
}
