package insuree

import (
	"context"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules"
)

// Query resolves the module's root fields.
type Query struct{ app *modules.App }

// Insurees lists the insurees that the user may see.
func (q *Query) Insurees(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, Entity, nil)
}

// Insuree finds an insuree by his number; validity asks for the row as it was on a day.
func (q *Query) Insuree(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.First(ctx, Entity, func(c entity.Cond, args map[string]any) error {
		chfID, _ := args["chfId"].(string)
		c.And(`$eq(t."CHFID", ?)`, chfID)
		c.Newest()
		return asOf(c, args)
	})
}

// InsureeFamilyMembers lists the family of an insuree, its head first; validity as in Insuree. The
// insuree himself must be one that the user may see.
func (q *Query) InsureeFamilyMembers(ctx context.Context) (*entity.Result, error) {
	order := []string{`t."IsHead" DESC`, `t."InsureeID"`}
	list, err := q.app.Entities.Sorted(ctx, Entity, order, func(c entity.Cond, args map[string]any) error {
		chfID, _ := args["chfId"].(string)
		where, binds := familyOf(auth.ScopeOf(ctx), chfID)
		c.And(where, binds...)
		return asOf(c, args)
	})
	if err == nil && list.Empty() { // he would be in it himself
		return nil, fault.New(fault.NotFound, "Insuree matching query does not exist.") // the Python backend's text
	}
	return list, err
}

// asOf reads the argument validity, and leaves neither it nor chfId to be filtered by.
func asOf(c entity.Cond, args map[string]any) error {
	delete(args, "chfId")
	text, given := args["validity"].(string)
	delete(args, "validity")
	if !given || text == "" {
		return nil
	}
	day, err := time.Parse("2006-01-02", (text + "          ")[:10])
	if err != nil {
		return fault.Input("validity", "validity: %q is no date; 2026-12-31 is expected.", text)
	}
	c.AsOf(day)
	return nil
}
