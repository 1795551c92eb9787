// Package core is the module that all others stand on: module configurations and controls, the log of
// mutations, and who is signed in. Start reading at Module.
package core

import (
	_ "embed"

	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
)

//go:embed core.graphql
var sdl string

// Module is the core module of one instance.
type Module struct {
	app   *modules.App
	store *Store
}

// New makes the module.
func New(app *modules.App) *Module {
	return &Module{app: app, store: &Store{DB: app.DB}}
}

// Name implements modules.Module.
func (*Module) Name() string { return "core" }

// Requires implements modules.Module.
func (*Module) Requires() []string { return nil }

// Model implements modules.Entities.
func (*Module) Model() entity.Model { return entity.Model{Types: []*entity.Type{MutationLog}} }

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need {
	return append(table.Needs(MutationLogs), []schema.Need{
		{Table: "tblUsers", Columns: []string{"UserID", "LoginName", "LastName", "OtherNames", "LanguageID", "StoredPassword", "PrivateKey", "PasswordValidity", "HFID", "ValidityFrom", "ValidityTo"}, Why: "people sign in with it"},
		{Table: "tblUserRole", Columns: []string{"UserID", "RoleID", "ValidityTo"}, Why: "rights come from it"},
		{Table: "tblRole", Columns: []string{"RoleID", "IsSystem", "ValidityTo"}, Why: "rights come from it"},
		{Table: "tblRoleRight", Columns: []string{"RoleID", "RightID", "ValidityTo"}, Why: "rights come from it"},
		{Table: "tblUsersDistricts", Columns: []string{"UserID", "LocationId", "ValidityTo"}, Why: "row security comes from it"},
		{Table: "tblControls", Columns: []string{"FieldName", "Adjustibility", "Usage"}, Why: "coreControls"},
		{Table: "core_User", Columns: []string{"id", "username", "i_user_id", "t_user_id"}, Why: "principals (created by server migrate)"},
		{Table: "core_ModuleConfiguration", Columns: []string{"module", "layer", "version", "config", "is_exposed", "is_disabled_until"}, Why: "module configurations (created by server migrate)"},
		{Table: "imis_mutation_queue", Columns: []string{"contract"}, Why: "the queue of mutations (created by server migrate)"},
	}...)
}

// DefaultConfig implements modules.Defaults.
func (*Module) DefaultConfig() map[string]any {
	return map[string]any{"auto_provisioning_user_group": "user", "calendar_package": "core.calendars.ad_calendar", "age_of_majority": 18}
}

var (
	_ modules.GraphQL  = (*Module)(nil)
	_ modules.Entities = (*Module)(nil)
	_ modules.Database = (*Module)(nil)
	_ modules.Routes   = (*Module)(nil)
	_ modules.Defaults = (*Module)(nil)
)
