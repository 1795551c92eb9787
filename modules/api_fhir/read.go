package apifhir

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// metadata answers the capability statement of the release.
func (q *call) metadata() (reply, error) {
	body, err := Encode(q.s.capabilities(q.release, q.base))
	return newReply(http.StatusOK, body), err
}

// root answers with the addresses of the types, as the Python backend did at the mount's path. It is no
// resource of FHIR.
func (q *call) root() (reply, error) {
	addresses := map[string]string{}
	for _, name := range q.registry().types() {
		addresses[name] = q.base + "/" + name + "/"
	}
	body, err := json.Marshal(addresses)
	return newReply(http.StatusOK, body), err
}

// read answers one resource, or 304.
func (q *call) read(res *Resource, id string) (reply, error) {
	view, errs := q.view(res)
	if len(errs) > 0 {
		return q.failed(aboutParams, errs...), nil
	}
	var e Entry
	err := q.reading(func(db db.Query) (err error) {
		e, err = res.Read(q.context(), db, id)
		return err
	})
	if err != nil {
		return reply{}, fmt.Errorf("FHIR read %s: %w", res.Type, err)
	}
	return q.one(res, e, view)
}

// one answers an entry that was read.
func (q *call) one(res *Resource, e Entry, v view) (reply, error) {
	r := newReply(http.StatusOK, nil)
	r.private(res)
	r.versioned(e)
	q.event.Resources = []string{res.Type + "/" + e.ID}
	if notModified(q.header, e) {
		r.status = http.StatusNotModified
		return r, nil
	}
	var err error
	r.body, err = encodeEntry(res, e, v)
	return r, err
}

// view reads the parameters that a read takes: _elements and _summary. Others are ignored, as clients
// send _format and its like.
func (q *call) view(res *Resource) (view, []error) {
	params := url.Values{}
	for _, name := range []string{"_elements", "_summary"} {
		if v, ok := q.params[name]; ok {
			params[name] = v
		}
	}
	req, errs := q.parse(res, params)
	if req.CountOnly { // nothing to count
		req.view = view{}
	}
	return req.view, errs
}

// vread answers one version of a resource.
func (q *call) vread(res *Resource, id, version string) (reply, error) {
	versions, err := q.versions(res, id, version)
	if err != nil {
		return reply{}, err
	}
	if len(versions) == 0 {
		return q.nothing(fmt.Sprintf("%s %s has no version %s.", res.Type, clip([]byte(id)), clip([]byte(version))))
	}
	if versions[0].Deleted {
		return reply{}, &refusal{status: http.StatusGone, issue: "processing", text: fmt.Sprintf("%s %s was deleted in this version.", res.Type, clip([]byte(id)))}
	}
	return q.one(res, versions[0], view{})
}

func (q *call) versions(res *Resource, id, version string) (list []Entry, err error) {
	err = q.reading(func(db db.Query) (err error) {
		list, err = res.History(q.context(), db, id, version)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("FHIR history %s: %w", res.Type, err)
	}
	return list, nil
}

// history answers the versions of a resource as a Bundle, the newest first.
func (q *call) history(res *Resource, id string) (reply, error) {
	p := parser{res: res, conf: &q.s.conf, now: q.s.conf.Clock(), out: &request{count: q.s.conf.Count, page: 1, used: url.Values{}}}
	since := Range{}
	for name, steer := range map[string]func(string){
		"_count": p.count, "page-offset": p.page,
		"_since": func(v string) {
			from, _, err := parseDate(v)
			if err != nil {
				p.fail("_since", "Parameter _since: %q is not a date.", v)
			}
			since.Min = &from
		},
	} {
		for _, v := range q.params[name] {
			steer(v)
			if name != "page-offset" {
				p.out.used[name] = []string{v}
			}
		}
	}
	if q.badQuery != nil {
		p.errs = append(p.errs, fault.Wrap(q.badQuery, fault.Invalid, "The query string is not well formed."))
	}
	if len(p.errs) > 0 {
		return q.failed(aboutParams, p.errs...), nil
	}
	all, err := q.versions(res, id, "")
	if err != nil {
		return reply{}, err
	}
	var list []Entry
	for _, e := range all {
		if since.Contains(e.VersionTime) {
			list = append(list, e)
		}
	}
	from := min((p.out.page-1)*p.out.count, len(list))
	to := min(from+p.out.count, len(list))
	if p.out.page > 1 && from == to {
		return reply{}, fault.New(fault.NotFound, textInvalidPage)
	}
	path := res.Type + "/" + url.PathEscape(id) + "/_history"
	total := len(list)
	w, err := newEntryWriter(Bundle{Type: "history", Total: &total, Link: q.links(path, p.out, total, to < len(list), "")})
	if err != nil {
		return reply{}, err
	}
	for i, e := range list[from:to] {
		first := from+i == len(list)-1 && len(list) == len(all)
		if err := q.version(w, res, e, first); err != nil {
			return reply{}, err
		}
	}
	r := newReply(http.StatusOK, w.end())
	r.private(res)
	q.event.Resources = []string{res.Type + "/" + id}
	return r, nil
}

// version adds an entry to a history: the request that could have made it, and what it was answered.
func (q *call) version(w *entryWriter, res *Resource, e Entry, first bool) error {
	url := res.Type + "/" + url.PathEscape(e.ID)
	entry := historyEntry{FullURL: q.base + "/" + url}
	entry.Request.Method, entry.Request.URL = "PUT", url
	entry.Response.Status, entry.Response.LastModified = "200", InstantText(e.VersionTime)
	entry.Response.ETag = `W/"` + e.Version() + `"`
	switch {
	case e.Deleted:
		entry.Request.Method, entry.Response.Status = "DELETE", "204"
	case first:
		entry.Request.Method, entry.Request.URL, entry.Response.Status = "POST", res.Type, "201"
	}
	var raw []byte
	if !e.Deleted {
		var err error
		if raw, err = encodeEntry(res, e, view{}); err != nil {
			return err
		}
	}
	return w.addVersion(entry, raw)
}

// search answers a page of results.
func (q *call) search(res *Resource) (reply, error) {
	params, err := q.searchParams()
	if err != nil {
		return reply{}, err
	}
	req, errs := q.parse(res, params)
	if len(errs) > 0 {
		return q.failed(aboutParams, errs...), nil
	}
	var r reply
	err = q.reading(func(db db.Query) error {
		page, err := res.Search(q.context(), db, req.Query)
		if err != nil {
			return err
		}
		r, err = q.page(db, res, req, page)
		return err
	})
	if err != nil {
		return q.failed(aboutParams, fmt.Errorf("FHIR search %s: %w", res.Type, err)), nil
	}
	r.private(res)
	return r, nil
}

// searchParams joins the query string and, for POST _search, the form.
func (q *call) searchParams() (url.Values, error) {
	if q.badQuery != nil {
		return nil, fault.Wrap(q.badQuery, fault.Invalid, "The query string is not well formed.")
	}
	if q.method != http.MethodPost {
		return q.params, nil
	}
	params := url.Values{}
	for name, values := range q.params {
		params[name] = values
	}
	body, _, err := q.body("application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(strings.ReplaceAll(string(body), ";", "%3B")) // a ; is text
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "The form is not well formed.")
	}
	for name, values := range form {
		params[name] = append(params[name], values...)
	}
	return params, nil
}

// statusText is how a Bundle writes a status.
func statusText(status int) string { return strconv.Itoa(status) + " " + http.StatusText(status) }
