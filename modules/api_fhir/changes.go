package apifhir

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// ErrMark says that a mark is no place among the changes of the database at hand.
var ErrMark = errors.New("the mark is no place among the changes of this database")

// Changes is what was changed behind a mark. Each entry has as its Position the mark behind it.
type Changes struct {
	Entries []Entry
	End     string // the mark behind all that was looked at
	All     bool   // there is nothing more
}

// Change is a resource that was changed, as it is now.
type Change struct {
	Entry
	JSON []byte
}

// Mark is the place among all changes to a type before which every one is settled: Changes from there on finds all that
// is committed from now on. "" where the database does not number them.
func (s *Server) Mark(ctx context.Context, q db.Query, release Release, kind string) (string, error) {
	res := s.releases[release].byType[kind]
	if res == nil || res.Mark == nil {
		return "", nil
	}
	return res.Mark(ctx, q)
}

// Changes answers at most limit resources that meet criteria ("Patient?identifier=1") and were changed behind mark, with
// the rights and rows of the caller in ctx. end is the mark behind all that was looked at; all says that nothing is left.
// What is wrong with the criteria or forbidden is a fault; ErrMark says that there is no such place.
func (s *Server) Changes(ctx context.Context, release Release, criteria, mark string, limit int) (list []Change, end string, all bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	kind, query, _ := strings.Cut(criteria, "?")
	res := s.releases[release].byType[kind]
	if res == nil || res.Changes == nil {
		return nil, "", false, fault.New(fault.NotFound, "Changes of %s are not told.", fault.Quote(kind))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "/"+kind, nil)
	if err != nil {
		return nil, "", false, err
	}
	q := &call{s: s, mount: Mount{Release: release}, release: release, request: request, method: request.Method, header: request.Header, path: []string{kind}, prefer: prefer{strict: true}}
	if err := res.Access.Get.Check(auth.From(ctx), "FHIR "+kind); err != nil {
		return nil, "", false, err
	}
	params, err := url.ParseQuery(query)
	if err != nil {
		return nil, "", false, fault.Wrap(err, fault.Invalid, "The criteria are not well formed.")
	}
	req, errs := q.parse(res, params)
	if len(errs) > 0 {
		if r := (*refusal)(nil); errors.As(errs[0], &r) { // a chained parameter leads to what the caller may not read
			return nil, "", false, fault.Wrap(r, fault.Forbidden, "%s", r.text)
		}
		return nil, "", false, errs[0]
	}
	var changes Changes
	err = q.reading(func(db db.Query) (err error) {
		changes, err = res.Changes(ctx, db, Query{Params: req.Params, After: mark, Limit: limit})
		return err
	})
	for _, e := range changes.Entries {
		c := Change{Entry: e}
		if err == nil {
			c.JSON, err = encodeEntry(res, e, view{})
		}
		list = append(list, c)
	}
	if err != nil {
		return nil, "", false, fmt.Errorf("FHIR changes of %s: %w", kind, err)
	}
	return list, changes.End, changes.All, nil
}
