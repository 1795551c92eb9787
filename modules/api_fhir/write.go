package apifhir

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// create makes a resource; with If-None-Exist only when no resource meets its criteria.
func (q *call) create(res *Resource) (reply, error) {
	in, err := q.input(res)
	if err != nil {
		return reply{}, err
	}
	criteria := q.header.Get("If-None-Exist")
	var e Entry
	status := http.StatusCreated
	err = q.writing(func(tx *db.Tx) (err error) {
		status = http.StatusCreated
		if criteria != "" {
			found, err := q.existing(tx, res, criteria)
			if err != nil || found != nil {
				if found != nil {
					e, status = *found, http.StatusOK
				}
				return err
			}
		}
		in.Tx = tx
		e, err = res.Create(q.context(), in)
		return err
	})
	if err != nil {
		return reply{}, fmt.Errorf("FHIR create %s: %w", res.Type, err)
	}
	r, err := q.changed(res, status, e)
	if err == nil && e.ID != "" && status == http.StatusCreated {
		at := q.base + "/" + res.Type + "/" + url.PathEscape(e.ID)
		if version := e.Version(); version != "" && res.History != nil {
			at += "/_history/" + version
		}
		r.header.Set("Location", at)
	}
	return r, err
}

// existing finds the one resource that meets the criteria of If-None-Exist; nil when there is none.
func (q *call) existing(tx *db.Tx, res *Resource, criteria string) (*Entry, error) {
	_, after, ok := strings.Cut(criteria, "?")
	if ok {
		criteria = after
	}
	return q.only(tx, res, criteria, "If-None-Exist")
}

// only finds the one resource that meets criteria; nil when there is none. param is what the criteria stand in.
func (q *call) only(tx *db.Tx, res *Resource, criteria, param string) (*Entry, error) {
	refuse := func(status int, text string) error {
		return &refusal{status: status, issue: issueInvalid, param: param, text: param + ": " + text}
	}
	params, err := url.ParseQuery(criteria)
	if err != nil || res.Search == nil {
		return nil, refuse(http.StatusBadRequest, "search parameters of "+res.Type+" are expected, as in a query string.")
	}
	strict := *q
	strict.prefer.strict = true
	req, errs := strict.parse(res, params)
	if len(errs) > 0 {
		return nil, refuse(http.StatusBadRequest, fault.Message(errs[0]))
	}
	if len(req.Params) == 0 {
		return nil, refuse(http.StatusBadRequest, "it has no search parameter.")
	}
	search := req.Query
	search.Limit, search.Offset, search.After, search.WantTotal, search.CountOnly = 2, 0, "", false, false
	page, err := res.Search(q.context(), query(tx), search)
	switch {
	case err != nil:
		return nil, err
	case len(page.Entries) > 1:
		return nil, &refusal{status: http.StatusPreconditionFailed, issue: issueProcessing, param: param, text: "More than one resource meets the criteria of " + param + "."}
	case len(page.Entries) == 0:
		return nil, nil
	}
	return &page.Entries[0], nil
}

// update replaces a resource, with If-Match only the version that the client knows.
func (q *call) update(res *Resource, id string) (reply, error) {
	in, err := q.input(res)
	if err != nil {
		return reply{}, err
	}
	in.ID = id
	return q.replace(res, in, nil)
}

// replace runs an update. change makes the body of the resource as it is, for PATCH.
func (q *call) replace(res *Resource, in *Input, change func(current []byte) ([]byte, error)) (reply, error) {
	var e Entry
	err := q.writing(func(tx *db.Tx) (err error) {
		current, err := q.expected(tx, res, in.ID, change != nil)
		if err != nil {
			return err
		}
		in.Tx = tx
		if change != nil {
			raw, err := encodeEntry(res, *current, view{})
			if err != nil {
				return err
			}
			if in.JSON, err = change(raw); err != nil {
				return err
			}
		}
		e, err = res.Update(q.context(), in)
		return err
	})
	if err != nil {
		return reply{}, fmt.Errorf("FHIR %s %s: %w", q.event.Interaction, res.Type, err)
	}
	return q.changed(res, http.StatusOK, e)
}

// expected reads the resource when it is needed or when If-Match says which version is expected.
func (q *call) expected(tx *db.Tx, res *Resource, id string, needed bool) (*Entry, error) {
	match := q.header.Get("If-Match")
	if res.Read == nil || match == "" && !needed {
		return nil, nil
	}
	current, err := res.Read(q.context(), query(tx), id)
	if err != nil {
		return nil, err
	}
	if match != "" && match != "*" && untag(match) != current.Version() {
		return nil, &refusal{status: http.StatusPreconditionFailed, issue: issueConflict, param: "If-Match",
			text: fmt.Sprintf("%s %s has changed: its version is %s, not %s.", res.Type, current.ID, current.Version(), clip([]byte(untag(match))))}
	}
	return &current, nil
}

func (q *call) remove(res *Resource, id string) (reply, error) {
	err := q.writing(func(tx *db.Tx) error {
		if _, err := q.expected(tx, res, id, false); err != nil {
			return err
		}
		return res.Delete(q.context(), &Input{Tx: tx, By: auth.From(q.context()), Now: q.s.conf.Clock(), ID: id})
	})
	if err != nil {
		return reply{}, fmt.Errorf("FHIR delete %s: %w", res.Type, err)
	}
	q.event.Resources = []string{res.Type + "/" + id}
	return newReply(http.StatusNoContent, nil), nil
}

// input reads the body of a create or update and checks that it is a resource of the type.
func (q *call) input(res *Resource) (*Input, error) {
	body, _, err := q.body(typeFHIR, typeJSON, "text/json")
	if err != nil {
		return nil, err
	}
	if err := checkBody(res, body); err != nil {
		return nil, err
	}
	return &Input{By: auth.From(q.context()), Now: q.s.conf.Clock(), JSON: body}, nil
}

func checkBody(res *Resource, body []byte) error {
	got, err := TypeOf(body)
	if err != nil {
		return err
	}
	if got != res.Type {
		return fault.Input("resourceType", "resourceType must be %q here, not %q.", res.Type, got)
	}
	return nil
}

// changed answers a write as Prefer asks.
func (q *call) changed(res *Resource, status int, e Entry) (r reply, err error) {
	r = newReply(status, nil)
	r.private(res)
	r.versioned(e)
	q.event.Resources = []string{res.Type + "/" + e.ID}
	switch q.prefer.answer {
	case "minimal":
		return r, nil
	case "OperationOutcome":
		r.body, err = Encode(OperationOutcome{Issue: []Issue{newIssue("information", issueDone, "Done.")}})
		return r, err
	}
	r.body, err = encodeEntry(res, e, view{})
	return r, err
}
