package core

import (
	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/modules"
)

// Earlier implements modules.Earlier: before 0.0.11 the module configurations had another name, which they
// have again since 1.0.2.
func (m *Module) Earlier(pinned modules.Pins) []modules.Face {
	if !pinned.Before("core", "0.0.11") {
		return nil
	}
	return []modules.Face{{
		Contract: contract2019.Name,
		SDL:      `extend type Query { moduleConfigurations(validity: String, layer: String): [ModuleConfigurationGQLType] }`,
		Roots:    []modules.Root{{Name: "moduleConfigurations", Access: auth.Anyone, Call: modules.Answer(m.configurations)}},
	}}
}

var _ modules.Earlier = (*Module)(nil)
