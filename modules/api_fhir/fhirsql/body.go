package fhirsql

import (
	"context"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// Body is a resource that came in on its way to a service: what is wrong with it so far, so that its sender learns all of
// it at once.
type Body struct {
	apifhir.Problems
	in  *apifhir.Input
	ctx context.Context
	err error // of the database
}

// NewBody begins to read what came in.
func NewBody(ctx context.Context, in *apifhir.Input) Body { return Body{ctx: ctx, in: in} }

// AuthorOf is who writes what came in, and when.
func AuthorOf(in *apifhir.Input) auth.Author { return auth.Author{Principal: in.By, At: in.Now} }

// Keep notes an error about the body; another is the one that Done answers.
func (b *Body) Keep(err error) {
	if err = b.Note(err); err != nil && b.err == nil {
		b.err = err
	}
}

// Done is the error for what was found.
func (b *Body) Done() error {
	if b.err != nil {
		return b.err
	}
	return b.Err()
}

// Target gives the key of the row in the caller's scope that a reference leads to; not ok: the problem is noted. path is
// the FHIRPath of the reference.
func (b *Body) Target(r *fhir.Reference, path string, t *table.Table) (key int, ok bool) {
	target, err := apifhir.TargetOf(r, path)
	if err == nil {
		key, err = Resolve(b.ctx, b.in.Tx, t, target, path)
	}
	b.Keep(err)
	return key, err == nil
}

// Day reads a whole date; nil for none.
func (b *Body) Day(text *string, path string) *time.Time {
	s := Trim(text)
	if s == "" {
		return nil
	}
	day, err := time.Parse(time.DateOnly, (s + "          ")[:len(time.DateOnly)])
	if err != nil {
		b.Add(path, "%s is %s; a whole date such as 1990-12-31 is expected.", path, fault.Quote(s))
		return nil
	}
	return &day
}
