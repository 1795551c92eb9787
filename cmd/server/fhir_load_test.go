package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkFHIRLoad is eight clients that ask for FHIR over HTTP, each on a connection that it keeps, as fast as they
// are answered. To reach with two cores for clients, server and database: 2,000 requests per second. Each part is one
// run of some seconds, whatever -benchtime says.
func BenchmarkFHIRLoad(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent)) // as the program does
	onDistrict(b, func(b *testing.B, w *site) {
		s := httptest.NewServer(w.handler)
		defer s.Close()
		ids := w.some(`SELECT $uuid(t."InsureeUUID") FROM "tblInsuree" AS t WHERE t."ValidityTo" IS NULL ORDER BY t."InsureeID"`)
		for _, list := range []struct{ name, user, path string }{
			{"Patient-read", administrator, "/api/api_fhir_r4/Patient/$v"},
			{"Patient-page", administrator, "/api/api_fhir_r4/Patient?_count=10"},
			{"Claim-page", administrator, "/api/api_fhir_r4/Claim?_count=10"},
			{"Patient-page-of-a-district", local, "/api/api_fhir_r4/Patient?_count=10"},
			{"Claim-page-of-20-districts", national, "/api/api_fhir_r4/Claim?_count=10"},
		} {
			b.Run(list.name, func(b *testing.B) {
				once(b)
				keep(b, 8, s.Listener.Addr().String(), list.user, 500*time.Millisecond, func(n int) string { return strings.ReplaceAll(list.path, "$v", ids[n%len(ids)]) })
				keep(b, 8, s.Listener.Addr().String(), list.user, 4*time.Second, func(n int) string { return strings.ReplaceAll(list.path, "$v", ids[n%len(ids)]) }).report(b)
			})
		}
	})
}

// keep has clients that keep their connections ask for paths, and gives the requests answered in a second. The client
// is as plain as can be: it shares the processor with the server.
func keep(b *testing.B, clients int, address, user string, during time.Duration, path func(n int) string) rate {
	b.Helper()
	measured := meter()
	end := time.Now().Add(during)
	var number atomic.Int64
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			answers := bufio.NewReaderSize(conn, 64<<10)
			for time.Now().Before(end) {
				p := path(int(number.Add(1)))
				if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nRemote-User: %s\r\n\r\n", p, user); err != nil {
					b.Error(err)
					return
				}
				answer, err := http.ReadResponse(answers, nil)
				if err != nil {
					b.Error(err)
					return
				}
				if n, err := io.Copy(io.Discard, answer.Body); err != nil || answer.StatusCode != http.StatusOK || n < 1000 {
					b.Errorf("%s: status %d, %d bytes, %v", p, answer.StatusCode, n, err)
					return
				}
			}
		})
	}
	all.Wait()
	return measured(int(number.Load()))
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
