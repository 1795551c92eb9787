package subscription

import (
	"context"
	"fmt"
	"strings"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// mark is the place among all changes at which those of now begin; nil where the database does not number the changes
// of what the criteria are about.
func (s *Service) mark(ctx context.Context, q db.Query, criteria string) (*string, error) {
	kind, _, _ := strings.Cut(criteria, "?")
	mark, err := s.server.Mark(ctx, q, apifhir.R4, kind)
	if err != nil || mark == "" {
		return nil, err
	}
	return &mark, nil
}

// byVersions sends what was changed by the row versions of the database: every change that was committed, whatever
// times it has. apifhir.ErrMark says that the database does not know the place that the subscription has.
func (t *turn) byVersions(ctx context.Context) error {
	for r := t.r; ; {
		asked := t.Service.Clock()
		changes, end, all, err := t.Service.server.Changes(ctx, apifhir.R4, r.Criteria, *r.Mark, pageSize)
		switch fault.Code(err) {
		case fault.Forbidden, fault.Unauthenticated, fault.Invalid, fault.NotFound:
			return &notAllowed{fmt.Sprintf("the search is refused: %s", fault.Message(err))}
		}
		if err != nil {
			return err
		}
		for _, c := range changes {
			err := t.deliver(ctx, change{c.ID, c.Version(), c.VersionTime, c.JSON}, func() { r.Mark = &c.Position })
			if err != nil {
				return err
			}
		}
		r.Mark = &end
		if all {
			if asked.After(r.Position) { // whoever goes on by stamps begins here
				r.Position = asked
			}
			return nil
		}
		if t.over() {
			return nil
		}
	}
}
