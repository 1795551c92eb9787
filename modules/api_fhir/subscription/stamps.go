package subscription

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

const (
	window   = time.Minute // how long before the position is looked again, for transactions that ended late
	mostSent = 20_000      // versions remembered of the window
)

// byStamps sends what was changed by the times that the changes have. all says that nothing is left.
func (t *turn) byStamps(ctx context.Context) (all bool, err error) {
	r, sent := t.r, map[string]string{}
	if r.Sent != nil {
		_ = json.Unmarshal([]byte(*r.Sent), &sent) // what cannot be read is sent again
	}
	t.note = func() {
		if text, err := json.Marshal(sent); err == nil {
			r.Sent = apifhir.Ptr(string(text))
		}
	}
	defer t.note() // whatever ends the turn, what was sent is remembered
	since := r.Position.Add(-window)
	for page := 1; ; page++ {
		changes, err := t.changedSince(ctx, r.Criteria, since, page)
		if err != nil {
			return false, err
		}
		for _, c := range changes {
			if sent[c.id] == c.version {
				continue
			}
			err := t.deliver(ctx, c, func() {
				if len(sent) >= mostSent {
					clear(sent)
				}
				sent[c.id] = c.version
			})
			if err != nil {
				return false, err
			}
		}
		if len(changes) < pageSize {
			if page == 1 { // what is not seen in the window any more need not be remembered
				forget(sent, changes)
			}
			return true, nil
		}
		if t.over() {
			return false, nil
		}
	}
}

// forget drops the versions that are not among the changes.
func forget(sent map[string]string, changes []change) {
	seen := map[string]bool{}
	for _, c := range changes {
		seen[c.id] = true
	}
	for id := range sent {
		if !seen[id] {
			delete(sent, id)
		}
	}
}

// changedSince asks the FHIR server as any client does.
func (f *Feed) changedSince(ctx context.Context, criteria string, since time.Time, page int) ([]change, error) {
	kind, query, _ := strings.Cut(criteria, "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	params.Set("_lastUpdated", "ge"+since.UTC().Format("2006-01-02T15:04:05.000Z"))
	params.Set("_sort", "_lastUpdated")
	params.Set("_count", strconv.Itoa(pageSize))
	params.Set("page-offset", strconv.Itoa(page))
	params.Set("_total", "none")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/fhir/"+url.PathEscape(kind)+"?"+params.Encode(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Prefer", "handling=strict")
	answer := answer{header: http.Header{}, status: http.StatusOK}
	f.asks.ServeHTTP(&answer, request)
	switch answer.status {
	case http.StatusOK:
	case http.StatusForbidden, http.StatusUnauthorized, http.StatusBadRequest, http.StatusNotFound:
		if answer.status == http.StatusNotFound && page > 1 { // behind the last page
			return nil, nil
		}
		return nil, &notAllowed{fmt.Sprintf("the search is refused with status %d: %s", answer.status, clip(answer.body.String(), 300))}
	default:
		return nil, fmt.Errorf("the search fails with status %d", answer.status)
	}
	var bundle struct {
		Entry []struct {
			Resource json.RawMessage
			Search   struct{ Mode string }
		}
	}
	if err := json.Unmarshal(answer.body.Bytes(), &bundle); err != nil {
		return nil, fmt.Errorf("read the answer of the search: %w", err)
	}
	var list []change
	for _, e := range bundle.Entry {
		var head struct {
			ID   string
			Meta struct {
				VersionID   string
				LastUpdated time.Time
			}
		}
		if err := json.Unmarshal(e.Resource, &head); err != nil {
			return nil, fmt.Errorf("read a resource of the search: %w", err)
		}
		if e.Search.Mode == "" || e.Search.Mode == "match" {
			list = append(list, change{head.ID, head.Meta.VersionID, head.Meta.LastUpdated, e.Resource})
		}
	}
	return list, nil
}

// answer keeps what the FHIR server answers to a question of the feed.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
