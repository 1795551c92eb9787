package insuree

import (
	"context"
	"time"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules"
)

// GraphQL implements modules.GraphQL.
func (m *Module) GraphQL() []modules.Face {
	return []modules.Face{{Contract: contract2019.Name, SDL: sdl, Roots: []modules.Root{
		{Name: "insurees", Access: Read, List: m.app.List(Entity, nil)},
		{Name: "insuree", Access: Read, List: m.app.First(Entity, numbered)},
		{Name: "insureeFamilyMembers", Access: Read, List: m.familyMembers},
	}}}
}

// numbered leaves the insuree with a number; validity asks for the row as it was on a day.
func numbered(c entity.Cond, args map[string]any) error {
	chfID, _ := args["chfId"].(string)
	c.And(`$eq(t."CHFID", ?)`, chfID)
	c.Newest()
	return asOf(c, args)
}

// familyMembers lists the family of an insuree, its head first; validity as in numbered. The user must
// be allowed to see the insuree who is named.
func (m *Module) familyMembers(ctx context.Context) (*entity.Result, error) {
	order := []string{`t."IsHead" DESC`, `t."InsureeID"`}
	list, err := m.app.Entities.Sorted(ctx, Entity, order, func(c entity.Cond, args map[string]any) error {
		chfID, _ := args["chfId"].(string)
		where, binds := familyOf(auth.ScopeOf(ctx), chfID)
		c.And(where, binds...)
		return asOf(c, args)
	})
	if err == nil && list.Empty() { // the family has its member
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
		return fault.Input("validity", "validity: %q is not a date; 2026-12-31 is expected.", text)
	}
	c.AsOf(day)
	return nil
}
