package apifhir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// mostEntries bounds a batch or transaction.
const mostEntries = 500

// bundleEntry is an entry of a batch or transaction as it comes in.
type bundleEntry struct {
	FullURL  string          `json:"fullUrl"`
	Resource json.RawMessage `json:"resource"`
	Request  struct {
		Method          string `json:"method"`
		URL             string `json:"url"`
		IfNoneMatch     string `json:"ifNoneMatch"`
		IfModifiedSince string `json:"ifModifiedSince"`
		IfMatch         string `json:"ifMatch"`
		IfNoneExist     string `json:"ifNoneExist"`
	} `json:"request"`
}

// entryFailed ends a transaction: the reply of the entry that was refused.
type entryFailed struct {
	index int
	reply reply
}

func (e *entryFailed) Error() string {
	return fmt.Sprintf("entry %d was refused: %v", e.index, e.reply.cause)
}

// Unwrap lets the database see what passes when it is tried again.
func (e *entryFailed) Unwrap() error { return e.reply.cause }

// bundle runs the entries of a Bundle: each for itself (batch), or all or nothing (transaction), where
// deletes come first, then creates, updates and reads, and where references to the fullUrl of another
// entry become references to what it made.
func (q *call) bundle() (reply, error) {
	body, _, err := q.body(typeFHIR, typeJSON, "text/json")
	if err != nil {
		return reply{}, err
	}
	var in struct {
		ResourceType string        `json:"resourceType"`
		Type         string        `json:"type"`
		Entry        []bundleEntry `json:"entry"`
	}
	if _, err := members(body); err != nil {
		return reply{}, err
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return reply{}, fault.Wrap(err, fault.Invalid, "The body cannot be read as a Bundle.")
	}
	switch {
	case in.ResourceType != "Bundle":
		return reply{}, fault.Input("resourceType", "resourceType must be \"Bundle\" here.")
	case in.Type != "batch" && in.Type != "transaction":
		return reply{}, fault.Input("Bundle.type", "Bundle.type must be batch or transaction, not %q.", clip([]byte(in.Type)))
	case len(in.Entry) > mostEntries:
		return reply{}, fault.Input("Bundle.entry", "A Bundle takes at most %d entries.", mostEntries)
	}
	q.event.Interaction = in.Type
	calls, replies := make([]*call, len(in.Entry)), make([]reply, len(in.Entry))
	for i := range in.Entry {
		if calls[i], err = q.entry(i, &in.Entry[i]); err == nil {
			continue
		}
		if in.Type == "transaction" {
			return reply{}, err
		}
		calls[i], replies[i] = new(call), q.failed(aboutBody, err) // the other entries have nothing to do with it
	}
	if in.Type == "batch" {
		for i, c := range calls {
			if c.s != nil {
				replies[i] = c.guarded()
			}
		}
		return q.replies("batch-response", calls, replies)
	}
	err = q.s.transaction(q, func(tx *db.Tx) error { return transact(tx, calls, in.Entry, replies) })
	var failed *entryFailed
	if errors.As(err, &failed) {
		r := failed.reply
		r.header.Set("X-Bundle-Entry", fmt.Sprint(failed.index))
		return r, nil
	}
	if err != nil {
		return reply{}, fmt.Errorf("FHIR transaction: %w", err)
	}
	return q.replies("transaction-response", calls, replies)
}

// transaction runs fn in one transaction of the database.
func (s *Server) transaction(q *call, fn func(*db.Tx) error) error {
	if s.conf.DB == nil {
		return fn(nil)
	}
	return s.conf.DB.Write(q.context(), "FHIR transaction", fn)
}

// entry makes the call of an entry.
func (q *call) entry(i int, e *bundleEntry) (*call, error) {
	at := fmt.Sprintf("Bundle.entry[%d]", i)
	method := strings.ToUpper(e.Request.Method)
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, method) {
		return nil, fault.Input(at+".request.method", "%s.request.method must be GET, HEAD, POST, PUT, PATCH or DELETE.", at)
	}
	target := strings.TrimPrefix(strings.TrimPrefix(e.Request.URL, q.base), "/")
	path, query, _ := strings.Cut(target, "?")
	if target == "" || strings.Contains(path, "://") {
		return nil, fault.Input(at+".request.url", "%s.request.url must be a path below %s, such as Patient or Patient/1.", at, q.base)
	}
	if len(e.Resource) == 0 && (method == "POST" || method == "PUT" || method == "PATCH") {
		return nil, fault.Input(at+".resource", "%s.resource is missing.", at)
	}
	c := *q
	c.inBundle, c.method, c.given, c.event = true, method, e.Resource, Event{}
	c.header = http.Header{}
	for name, v := range map[string]string{"If-None-Match": e.Request.IfNoneMatch, "If-Modified-Since": e.Request.IfModifiedSince,
		"If-Match": e.Request.IfMatch, "If-None-Exist": e.Request.IfNoneExist} {
		if v != "" {
			c.header.Set(name, v)
		}
	}
	c.path = nil
	for _, part := range strings.Split(strings.Trim(path, "/"), "/") {
		text, err := url.PathUnescape(part)
		if err != nil {
			return nil, fault.Input(at+".request.url", "%s.request.url is not well formed.", at)
		}
		c.path = append(c.path, text)
	}
	c.params, c.badQuery = url.ParseQuery(query)
	return &c, nil
}

// guarded is answer for an entry of a batch: a panic is the failure of this entry.
func (q *call) guarded() (r reply) {
	defer func() {
		if p := recover(); p != nil {
			r = q.failed(aboutBody, fmt.Errorf("panic: %v", p))
		}
	}()
	return q.answer()
}

// order is when a method has its turn in a transaction.
var order = map[string]int{"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}

// transact runs the calls in tx. Creates come in an order in which what they refer to is there before.
func transact(tx *db.Tx, calls []*call, entries []bundleEntry, replies []reply) error {
	turn := make([]int, len(calls))
	for i := range turn {
		turn[i] = i
	}
	slices.SortStableFunc(turn, func(a, b int) int {
		if d := order[calls[a].method] - order[calls[b].method]; d != 0 {
			return d
		}
		switch {
		case calls[a].method != "POST":
			return 0
		case refers(entries[a], entries[b].FullURL):
			return 1
		case refers(entries[b], entries[a].FullURL):
			return -1
		}
		return 0
	})
	made := map[string]string{}  // fullUrl → Type/id
	found := map[string]string{} // references by criteria, as they stand in bodies → Type/id
	for _, i := range turn {
		c := *calls[i]
		c.tx = tx
		var r reply
		if given, err := c.resolved(tx, calls[i].given, found); err != nil {
			r = c.failed(aboutBody, err)
		} else {
			c.given = renamed(given, made)
			r = c.answer()
		}
		if r.outcome && r.status >= http.StatusBadRequest {
			return &entryFailed{i, r}
		}
		calls[i].event, replies[i] = c.event, r
		if url := entries[i].FullURL; c.method == "POST" && url != "" && r.id != "" && len(c.path) == 1 {
			made[url] = c.path[0] + "/" + r.id
		}
	}
	return nil
}

// refers says whether an entry has a reference to a fullUrl.
func refers(e bundleEntry, url string) bool {
	return url != "" && bytes.Contains(e.Resource, []byte(`"`+url+`"`))
}

// byCriteria are references by what is searched for: "Patient?identifier=1".
var byCriteria = regexp.MustCompile(`"reference"\s*:\s*("[A-Z][A-Za-z]{0,32}\?(?:[^"\\]|\\.)*")`)

// resolved replaces references by criteria: each has to lead to one resource that the caller may read. found remembers
// them for the other entries.
func (q *call) resolved(tx *db.Tx, body []byte, found map[string]string) ([]byte, error) {
	for _, match := range byCriteria.FindAllSubmatch(body, -1) {
		raw := string(match[1])
		if found[raw] == "" {
			var text string
			if json.Unmarshal(match[1], &text) != nil {
				continue
			}
			e, kind, err := q.meant(tx, text)
			if err != nil {
				return nil, err
			}
			id, _ := json.Marshal(kind + "/" + e.ID) // a string always encodes
			found[raw] = string(id)
		}
		body = bytes.ReplaceAll(body, match[1], []byte(found[raw]))
	}
	return body, nil
}

// meant is the resource that a reference by criteria leads to.
func (q *call) meant(tx *db.Tx, reference string) (e *Entry, kind string, err error) {
	kind, criteria, _ := strings.Cut(reference, "?")
	res := q.registry().byType[kind]
	if res == nil {
		return nil, "", fault.Input("reference", "The reference %s: there is no resource type %s.", fault.Quote(reference), kind)
	}
	if err := q.permit(res.Access.Get, kind); err != nil {
		return nil, "", err
	}
	if e, err = q.only(tx, res, criteria, "reference"); err == nil && e == nil {
		err = &refusal{status: http.StatusPreconditionFailed, issue: issueProcessing, param: "reference", text: fmt.Sprintf("No resource meets the criteria of the reference %s.", fault.Quote(reference))}
	}
	return e, kind, err
}

// renamed replaces references to entries by references to what they made. A fullUrl is a URN or a URL, so
// that a text that equals it means it.
func renamed(body []byte, made map[string]string) []byte {
	for url, id := range made {
		from, _ := json.Marshal(url)
		to, _ := json.Marshal(id)
		body = bytes.ReplaceAll(body, from, to)
	}
	return body
}

// replies answers the Bundle with the reply to each entry.
func (q *call) replies(kind string, calls []*call, replies []reply) (reply, error) {
	w, err := newEntryWriter(Bundle{Type: kind})
	if err != nil {
		return reply{}, err
	}
	personal := false
	for i, r := range replies {
		response := struct {
			Status       string          `json:"status"`
			Location     string          `json:"location,omitempty"`
			ETag         string          `json:"etag,omitempty"`
			LastModified string          `json:"lastModified,omitempty"`
			Outcome      json.RawMessage `json:"outcome,omitempty"`
		}{Status: statusText(r.status), Location: r.header.Get("Location"), ETag: r.header.Get("ETag")}
		if !r.changed.IsZero() {
			response.LastModified = InstantText(r.changed)
		}
		body := r.body
		if r.outcome {
			response.Outcome, body = r.body, nil
		}
		raw, err := json.Marshal(response)
		if err != nil {
			return reply{}, err
		}
		w.open()
		w.out = append(append(w.out, `"response":`...), raw...)
		if len(body) > 0 && calls[i].method != http.MethodHead {
			w.out = append(append(w.out, `,"resource":`...), body...)
		}
		w.out = append(w.out, '}')
		personal = personal || r.header.Get("Cache-Control") == "no-store"
		q.observe(calls[i], r.status)
	}
	r := newReply(http.StatusOK, w.end())
	if personal || auth.From(q.context()) != nil {
		r.header.Set("Cache-Control", "no-store")
	}
	return r, nil
}

// observe reports an entry as an interaction of its own.
func (q *call) observe(c *call, status int) {
	if q.s.conf.Observe == nil || c.event.Interaction == "" {
		return
	}
	c.event.Release, c.event.Status = c.release, status
	q.s.conf.Observe(q.request, c.event)
}
