package claim

import (
	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/modules"
)

// GraphQL implements modules.GraphQL: claims for who may search them, administrators and officers for
// pickers, and the mutations (graphql_2019.go), which are logged before their handlers do the work.
func (m *Module) GraphQL() []modules.Face {
	return []modules.Face{{Contract: contract2019.Name, SDL: sdl, Roots: append([]modules.Root{
		{Name: "claims", Access: Search, List: m.app.List(Entity, nil)},
		{Name: "claimAdmins", Access: auth.SignedIn, List: m.app.List(AdminEntity, nil)},
		{Name: "claimOfficers", Access: auth.SignedIn, List: m.app.List(OfficerEntity, nil)},
	}, modules.MutationRoots(m.Mutations())...)}}
}
