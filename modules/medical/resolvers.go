package medical

import (
	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules"
)

// GraphQL implements modules.GraphQL: the registers behind the pickers are open to every signed-in user.
func (m *Module) GraphQL() []modules.Face {
	return []modules.Face{{Contract: contract2019.Name, SDL: sdl, Roots: []modules.Root{
		{Name: "diagnoses", Access: auth.SignedIn, List: m.app.List(Diagnosis, nil)},
		{Name: "diagnosesStr", Access: auth.SignedIn, List: m.app.List(Diagnosis, pick("ICDCode", "ICDName"))},
		{Name: "medicalItems", Access: auth.SignedIn, List: m.app.List(Item, nil)},
		{Name: "medicalItemsStr", Access: auth.SignedIn, List: m.app.List(Item, pick("ItemCode", "ItemName"))},
		{Name: "medicalServices", Access: auth.SignedIn, List: m.app.List(Service, nil)},
		{Name: "medicalServicesStr", Access: auth.SignedIn, List: m.app.List(Service, pick("ServCode", "ServName"))},
	}}}
}

// pick leaves the rows with a part of code or name, for the pickers.
func pick(columns ...string) modules.Conditions {
	return func(c entity.Cond, args map[string]any) error {
		c.Search(args, columns...)
		return nil
	}
}
