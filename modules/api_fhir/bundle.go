package apifhir

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strconv"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// searchBundle is a page of results. base is the absolute URL of the server's mount.
func searchBundle(base string, res *Resource, req *request, page Page) ([]byte, error) {
	entries := page.Entries
	more := req.page*req.count < page.Total
	if !req.WantTotal {
		more = len(entries) > req.count
		entries = entries[:min(len(entries), req.count)]
	}
	if req.CountOnly {
		entries, more = nil, false
	} else if req.page > 1 && len(entries) == 0 {
		return nil, fault.New(fault.NotFound, textInvalidPage)
	}
	bundle := fhir.Bundle{Type: fhir.BundleTypeSearchset, Link: links(base, res, req, page.Total, more)}
	if req.WantTotal {
		bundle.Total = &page.Total
	}
	out, err := Encode(bundle)
	if err != nil {
		return nil, err
	}
	w := entryWriter{out: out[:len(out)-1]}
	for _, e := range entries {
		raw, err := encodeEntry(e, req.elements)
		if err != nil {
			return nil, err
		}
		w.add(base+"/"+res.Type+"/"+url.PathEscape(e.ID), raw, "match")
	}
	if len(req.warnings) > 0 && !req.CountOnly {
		raw, err := Encode(warningsOf(req.warnings))
		if err != nil {
			return nil, err
		}
		w.add("", raw, "outcome")
	}
	return w.end(), nil
}

// entryWriter appends entries to a bundle without encoding the resources again.
type entryWriter struct {
	out []byte
	n   int
}

func (w *entryWriter) add(fullURL string, resource []byte, mode string) {
	if w.n++; w.n == 1 {
		w.out = append(w.out, `,"entry":[{`...)
	} else {
		w.out = append(w.out, `,{`...)
	}
	if fullURL != "" {
		quoted, _ := json.Marshal(fullURL) // a string always encodes
		w.out = append(append(append(w.out, `"fullUrl":`...), quoted...), ',')
	}
	w.out = append(append(w.out, `"resource":`...), resource...)
	w.out = append(append(append(w.out, `,"search":{"mode":"`...), mode...), `"}}`...)
}

func (w *entryWriter) end() []byte {
	if w.n > 0 {
		w.out = append(w.out, ']')
	}
	return append(w.out, '}')
}

// links gives self and the ways to the other pages. They carry the parameters that were understood, so
// that self tells the client what the server searched for.
func links(base string, res *Resource, req *request, total int, more bool) []fhir.BundleLink {
	link := func(relation string, page int) fhir.BundleLink {
		params := url.Values{}
		for name, v := range req.used {
			params[name] = v
		}
		if params.Has("_count") {
			params.Set("_count", strconv.Itoa(req.count))
		}
		if page > 1 {
			params.Set("page-offset", strconv.Itoa(page))
		}
		u := base + "/" + res.Type
		if len(params) > 0 {
			u += "?" + params.Encode()
		}
		return fhir.BundleLink{Relation: relation, Url: u}
	}
	out := []fhir.BundleLink{link("self", req.page)}
	if req.CountOnly {
		return out
	}
	out = append(out, link("first", 1))
	if req.page > 1 {
		out = append(out, link("previous", req.page-1))
	}
	if more {
		out = append(out, link("next", req.page+1))
	}
	if req.WantTotal {
		out = append(out, link("last", max(1, (total+req.count-1)/req.count)))
	}
	return out
}

// subsetted marks a resource that _elements made incomplete.
var subsetted = fhir.Coding{System: Ptr("http://terminology.hl7.org/CodeSystem/v3-ObservationValue"), Code: Ptr("SUBSETTED")}

// encodeEntry writes an entry's resource with id and meta; elements limits its top members.
func encodeEntry(e Entry, elements []string) ([]byte, error) {
	resource := stamp(e, len(elements) > 0)
	if len(elements) == 0 {
		return encode(resource, e.Contained, nil)
	}
	keep := map[string]bool{"id": true, "meta": true}
	for _, name := range append(mandatoryMembers(resource), elements...) {
		keep[name] = true
	}
	contained := e.Contained
	if !keep["contained"] {
		contained = nil
	}
	return encode(resource, contained, keep)
}

// stamp returns a copy of the entry's resource with id, versionId and lastUpdated. A resource that is no
// struct with these members (JSON made before) stays as it is.
func stamp(e Entry, subset bool) any {
	v := reflect.ValueOf(e.Resource)
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct {
		return e.Resource
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	if id := c.FieldByName("Id"); id.IsValid() && id.Type() == reflect.TypeFor[*string]() && e.ID != "" {
		id.Set(reflect.ValueOf(&e.ID))
	}
	if m := c.FieldByName("Meta"); m.IsValid() && m.Type() == reflect.TypeFor[*fhir.Meta]() {
		var meta fhir.Meta
		if old, _ := m.Interface().(*fhir.Meta); old != nil {
			meta = *old
		}
		if !e.VersionTime.IsZero() {
			meta.VersionId, meta.LastUpdated = Ptr(e.Version()), Ptr(InstantText(e.VersionTime))
		}
		if subset {
			meta.Tag = append(meta.Tag[:len(meta.Tag):len(meta.Tag)], subsetted)
		}
		m.Set(reflect.ValueOf(&meta))
	}
	return c.Interface()
}
