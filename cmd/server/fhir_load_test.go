//go:build !windows

package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// BenchmarkFHIRLoad is eight clients that ask the program for FHIR over HTTP, each on a connection that it keeps, as
// fast as they are answered. To reach with two cores for clients, server and database: 2,000 requests per second. Each
// part is one run of some seconds, whatever -benchtime says.
func BenchmarkFHIRLoad(b *testing.B) {
	onDistrict(b, func(b *testing.B, w *site) {
		server := launch(b, "DATABASE_URL="+w.url, "LOG_LEVEL=error", "AUDIT_LOG=off")
		server.ready()
		ids := w.some(`SELECT $uuid(t."InsureeUUID") FROM "tblInsuree" AS t WHERE t."ValidityTo" IS NULL ORDER BY t."InsureeID"`)
		for _, list := range []struct{ name, user, path string }{
			{"Patient-read", administrator, "Patient/$v"},
			{"Patient-page", administrator, "Patient?_count=10"},
			{"Claim-page", administrator, "Claim?_count=10"},
			{"Patient-page-of-a-district", local, "Patient?_count=10"},
			{"Claim-page-of-20-districts", national, "Claim?_count=10"},
		} {
			b.Run(list.name, func(b *testing.B) {
				once(b)
				l := &load{clients: newClients(b, server.url, []string{list.user}), pid: server.cmd.Process.Pid}
				ask := func(n int) int {
					status, _ := l.get(n, "/api/api_fhir_r4/"+strings.ReplaceAll(list.path, "$v", ids[n%len(ids)]))
					if status != http.StatusOK {
						b.Errorf("%s: status %d", list.path, status)
					}
					return status
				}
				l.asking(8, time.Second, ask)
				peak := l.memory()
				l.asking(8, 4*time.Second, ask).report(b)
				b.ReportMetric(peak(), "MB")
			})
		}
	})
}

// BenchmarkFHIRWalk follows next from the first page of all patients to the last, and tells what a page costs in the
// first tenth and in the last.
func BenchmarkFHIRWalk(b *testing.B) {
	onDistrict(b, func(b *testing.B, w *site) {
		for _, list := range []string{"Patient?_count=100", "Patient?_count=100&_sort=family"} {
			b.Run(list, func(b *testing.B) {
				once(b)
				var took []time.Duration
				rows := 0
				for path := "/api/api_fhir_r4/" + list; path != ""; {
					began := time.Now()
					page := w.page(b, path)
					took = append(took, time.Since(began))
					rows += len(page.Entry)
					path = strings.TrimPrefix(page.next(), "http://localhost")
				}
				tenth := max(1, len(took)/10)
				b.ReportMetric(mean(took[:tenth]), "first-ms/page")
				b.ReportMetric(mean(took[len(took)-tenth:]), "last-ms/page")
				b.ReportMetric(float64(len(took)), "pages")
				b.ReportMetric(float64(rows), "patients")
			})
		}
	})
}

// page asks the server, without a network, for a page.
func (w *site) page(b *testing.B, path string) (page bundle) {
	b.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host, r.RemoteAddr = "localhost", "127.0.0.1:4711"
	r.Header.Set("Remote-User", administrator)
	answer := httptest.NewRecorder()
	w.handler.ServeHTTP(answer, r)
	if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || answer.Code != http.StatusOK {
		b.Fatalf("%s: status %d, %v", path, answer.Code, err)
	}
	return page
}

func mean(list []time.Duration) float64 {
	var sum time.Duration
	for _, d := range list {
		sum += d
	}
	return float64(sum.Microseconds()) / 1000 / float64(len(list))
}
