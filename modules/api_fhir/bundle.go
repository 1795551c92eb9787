package apifhir

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// page answers a page of results. The module was asked for one entry more than the page has, which tells
// whether there is a next one.
func (q *call) page(db db.Query, res *Resource, req *request, page Page) (reply, error) {
	entries, more, last := page.Entries, false, ""
	switch {
	case req.CountOnly:
		entries = nil
	case len(entries) > req.count:
		entries, more = entries[:req.count], true
		last = entries[req.count-1].Position
	case req.page > 1 && len(entries) == 0:
		return reply{}, fault.New(fault.NotFound, textInvalidPage)
	}
	if page.Uncounted {
		req.WantTotal = false
	}
	bundle := Bundle{Type: "searchset", Link: q.links(res.Type, req, page.Total, more, last)}
	if req.WantTotal {
		bundle.Total = &page.Total
	}
	w, err := newEntryWriter(bundle)
	if err != nil {
		return reply{}, err
	}
	q.event.Resources = make([]string, 0, len(entries))
	if len(entries) > 0 {
		w.out = append(newBody(), w.out...)
	}
	for i, e := range entries {
		if i == 1 { // the others will be about as long as the first
			w.out = slices.Grow(w.out, len(w.out)*len(entries))
		}
		if err := w.entry(q.base, res, e, req.view, "match"); err != nil {
			return reply{}, err
		}
		q.event.Resources = append(q.event.Resources, res.Type+"/"+e.ID)
	}
	if err := q.include(db, w, res, req, entries); err != nil {
		return reply{}, err
	}
	r := newReply(200, nil)
	if len(req.warnings) > 0 {
		if q.mount.Compat || req.CountOnly { // a count has no entries
			for _, text := range req.warnings {
				r.header.Add("Warning", "199 - "+strconv.QuoteToASCII(text))
			}
		} else {
			raw, err := Encode(warningsOf(req.warnings))
			if err != nil {
				return reply{}, err
			}
			w.outcome(raw)
		}
	}
	r.body, r.pooled = w.end(), len(entries) > 0
	return r, nil
}

// bodies are those of pages that were sent, for the next ones.
var bodies sync.Pool

// longestKept bounds the bodies that are kept.
const longestKept = 256 << 10

func newBody() []byte {
	if b, ok := bodies.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return nil
}

// keepBody takes a body that nobody reads any more.
func keepBody(b []byte) {
	if cap(b) <= longestKept {
		bodies.Put(&b)
	}
}

// entryWriter appends entries to a bundle without encoding the resources again.
type entryWriter struct {
	out []byte
	n   int
}

func newEntryWriter(b Bundle) (*entryWriter, error) {
	out, err := Encode(b)
	if err != nil {
		return nil, err
	}
	return &entryWriter{out: out[:len(out)-1]}, nil
}

func (w *entryWriter) open() {
	if w.n++; w.n == 1 {
		w.out = append(w.out, `,"entry":[{`...)
	} else {
		w.out = append(w.out, `,{`...)
	}
}

// entry adds a resource with its address.
func (w *entryWriter) entry(base string, res *Resource, e Entry, v view, mode string) (err error) {
	w.open()
	w.out = append(w.out, `"fullUrl":`...)
	w.out = appendText(w.out, base+"/"+res.Type+"/"+url.PathEscape(e.ID))
	w.out = append(w.out, `,"resource":`...)
	if w.out, err = appendEntry(w.out, res, e, v); err == nil {
		w.mode(mode)
	}
	return err
}

// outcome adds what is to be said about the search.
func (w *entryWriter) outcome(raw []byte) {
	w.open()
	w.out = append(append(w.out, `"resource":`...), raw...)
	w.mode("outcome")
}

func (w *entryWriter) mode(mode string) {
	w.out = append(append(append(w.out, `,"search":{"mode":"`...), mode...), `"}}`...)
}

// historyEntry is an entry of a history without its resource.
type historyEntry struct {
	FullURL string `json:"fullUrl"`
	Request struct {
		Method string `json:"method"`
		URL    string `json:"url"`
	} `json:"request"`
	Response struct {
		Status       string `json:"status"`
		ETag         string `json:"etag,omitempty"`
		LastModified string `json:"lastModified,omitempty"`
	} `json:"response"`
}

func (w *entryWriter) addVersion(e historyEntry, resource []byte) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return err
	}
	w.open()
	w.out = append(w.out, raw[1:len(raw)-1]...)
	if resource != nil {
		w.out = append(append(w.out, `,"resource":`...), resource...)
	}
	w.out = append(w.out, '}')
	return nil
}

func (w *entryWriter) end() []byte {
	if w.n > 0 {
		w.out = append(w.out, ']')
	}
	return append(w.out, '}')
}

// The parameters of links that clients only hand back.
const (
	pageAfter = "page-after" // where the page before ended
	pageQuery = "page-query" // the whole query, where its text would not survive a client that decodes links
)

// links gives self and the ways to the other pages. They carry the parameters that were understood, so
// that self tells the client what the server searched for. next carries the place where this page ends, so
// that a page at the end of a long list costs no more than one at its start.
func (q *call) links(path string, req *request, total int, more bool, last string) []bundleLink {
	link := func(relation string, page int, after string) bundleLink {
		params := url.Values{}
		for name, v := range req.used {
			params[name] = v
		}
		if params.Has("_count") {
			params.Set("_count", strconv.Itoa(req.count))
		}
		if format := q.params.Get("_format"); format != "" {
			params.Set("_format", format)
		}
		if page > 1 {
			params.Set("page-offset", strconv.Itoa(page))
		}
		if after != "" {
			params.Set(pageAfter, after)
		}
		text := escape(params)
		if relation != "self" && fragile(params) {
			text = pageQuery + "=" + base64.RawURLEncoding.EncodeToString([]byte(text))
		}
		u := q.base + "/" + path
		if text != "" {
			u += "?" + text
		}
		return bundleLink{Relation: relation, URL: u}
	}
	out := []bundleLink{link("self", req.page, "")}
	if req.CountOnly {
		return out
	}
	if more { // the second link of all: older mediators take it by its place
		after := ""
		if last != "" {
			after = req.cursor(req.page+1, last)
		}
		out = append(out, link("next", req.page+1, after))
	}
	if req.page > 1 {
		out = append(out, link("previous", req.page-1, ""))
	}
	out = append(out, link("first", 1, ""))
	if req.WantTotal {
		out = append(out, link("last", max(1, (total+req.count-1)/max(1, req.count)), ""))
	}
	return out
}

// cursor names the place where a page begins, for one search only: page, position and a sum of the
// parameters, so that a client that changes a link gets the page that it asks for.
func (r *request) cursor(page int, position string) string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(strconv.Itoa(r.count) + "?" + r.used.Encode()))
	return strconv.Itoa(page) + "." + position + "." + strconv.FormatUint(uint64(sum.Sum32()), 36)
}

// position reads a cursor; "" when it does not belong to the search and the page.
func (r *request) position(cursor string) string {
	parts := strings.Split(cursor, ".")
	if len(parts) != 3 || r.cursor(r.page, parts[1]) != cursor {
		return ""
	}
	return parts[1]
}

// escape writes a query, sorted by name. What a query may hold as it is stays as it is: url.Values.Encode
// escapes more, and some clients decode a link once before they follow it.
func escape(params url.Values) string {
	return harmless.Replace(params.Encode())
}

var harmless = strings.NewReplacer("%3A", ":", "%2C", ",", "%2F", "/", "%40", "@", "%24", "$", "%21", "!", "%28", "(", "%29", ")", "%2A", "*", "%3F", "?")

// fragile says whether a query would mean something else, or nothing, after being decoded once.
func fragile(params url.Values) bool {
	for name, values := range params {
		if strings.ContainsAny(name, "+&=%#; ") {
			return true
		}
		for _, v := range values {
			if strings.ContainsAny(v, "+&=%#;\" ") {
				return true
			}
			for i := range len(v) {
				if v[i] < 0x20 || v[i] > 0x7e {
					return true
				}
			}
		}
	}
	return false
}

// unfold replaces page-query by the query that it holds.
func unfold(params url.Values) url.Values {
	folded := params.Get(pageQuery)
	if folded == "" {
		return params
	}
	raw, err := base64.RawURLEncoding.DecodeString(folded)
	if err != nil {
		return params
	}
	inner, err := url.ParseQuery(string(raw))
	if err != nil {
		return params
	}
	for name, values := range params {
		if name != pageQuery && !inner.Has(name) {
			inner[name] = values
		}
	}
	return inner
}

// view is which members of a resource are written.
type view struct {
	elements []string // these and the mandatory ones; nil: all
	without  string   // a member that is left out
}

func (v view) subset() bool { return len(v.elements) > 0 || v.without != "" }

// subsetted marks a resource of which members were left out.
var subsetted = fhir.Coding{System: Ptr("http://terminology.hl7.org/CodeSystem/v3-ObservationValue"), Code: Ptr("SUBSETTED")}

// encodeEntry writes an entry's resource with id and meta, limited to what the view asks for.
func encodeEntry(res *Resource, e Entry, v view) ([]byte, error) { return appendEntry(nil, res, e, v) }

// appendEntry appends what encodeEntry gives.
func appendEntry(out []byte, res *Resource, e Entry, v view) ([]byte, error) {
	resource := stamp(res, e, v.subset())
	if len(v.elements) == 0 {
		if v.without == "" {
			return appendResource(out, resource, e.Contained, nil)
		}
		return appendResource(out, resource, e.Contained, func(name string) bool { return name != v.without })
	}
	keep := map[string]bool{"id": true, "meta": true}
	for _, name := range append(mandatoryMembers(resource), v.elements...) {
		keep[name] = true
	}
	contained := e.Contained
	if !keep["contained"] {
		contained = nil
	}
	return appendResource(out, resource, contained, func(name string) bool { return keep[name] })
}

// stamp returns a copy of the entry's resource with id, versionId, lastUpdated and profile. A resource
// that is not a struct with these members (JSON made before) stays as it is.
func stamp(res *Resource, e Entry, subset bool) any {
	v := reflect.ValueOf(e.Resource)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return e.Resource
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	at := stampedOf(v.Type())
	if at.id >= 0 && e.ID != "" {
		id := c.Field(at.id)
		id.Set(reflect.ValueOf(&e.ID).Convert(id.Type()))
	}
	if at.meta >= 0 {
		m := c.Field(at.meta)
		var meta fhir.Meta
		if old, _ := m.Interface().(*fhir.Meta); old != nil {
			meta = *old
		}
		if !e.VersionTime.IsZero() {
			meta.VersionId, meta.LastUpdated = Ptr(e.Version()), Ptr(InstantText(e.VersionTime))
		}
		if res.Profile != "" && len(meta.Profile) == 0 && v.Type().Name() == res.Type {
			meta.Profile = []string{res.Profile}
		}
		if subset {
			meta.Tag = append(meta.Tag[:len(meta.Tag):len(meta.Tag)], subsetted)
		}
		m.Set(reflect.ValueOf(&meta))
	}
	return c.Addr().Interface()
}

// stamped are the fields of a model that stamp fills; -1: it has none.
type stamped struct{ id, meta int }

var stampedByType sync.Map // reflect.Type → stamped

func stampedOf(t reflect.Type) stamped {
	if known, ok := stampedByType.Load(t); ok {
		return known.(stamped)
	}
	at := stamped{-1, -1}
	if f, ok := t.FieldByName("Id"); ok && len(f.Index) == 1 && reflect.TypeFor[*string]().ConvertibleTo(f.Type) {
		at.id = f.Index[0]
	}
	if f, ok := t.FieldByName("Meta"); ok && len(f.Index) == 1 && f.Type == reflect.TypeFor[*fhir.Meta]() {
		at.meta = f.Index[0]
	}
	stampedByType.Store(t, at)
	return at
}
