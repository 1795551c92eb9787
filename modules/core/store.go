package core

import (
	"context"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
)

// Store has the module's SQL.
type Store struct{ DB *db.DB }

// configurationRow is a row of core_ModuleConfiguration.
type configurationRow struct {
	ID            db.UUID    `db:"id"`
	Module        string     `db:"module"`
	Layer         string     `db:"layer"`
	Version       string     `db:"version"`
	Config        string     `db:"config"`
	Exposed       bool       `db:"is_exposed"`
	DisabledUntil *time.Time `db:"is_disabled_until"`
}

const selectConfigurations = `SELECT "id", "module", "layer", "version", "config", "is_exposed", "is_disabled_until" FROM "core_ModuleConfiguration" `

// Configurations reads the exposed configurations that are not disabled at the moment at; layer "" means both.
func (s *Store) Configurations(ctx context.Context, at time.Time, layer string) ([]configurationRow, error) {
	var rows []configurationRow
	where, args := `WHERE "is_exposed" = $true AND ("is_disabled_until" IS NULL OR "is_disabled_until" < ?)`, []any{at}
	if layer != "" {
		where += ` AND $eq("layer", ?)`
		args = append(args, layer)
	}
	err := s.DB.Select(ctx, &rows, selectConfigurations+where+` ORDER BY "module", "version"`, args...)
	return rows, err
}

// Backend reads the newest backend configuration of a module in force at the moment at; "" when there is none.
func (s *Store) Backend(ctx context.Context, module string, at time.Time) (string, error) {
	var rows []configurationRow
	err := s.DB.Select(ctx, &rows, selectConfigurations+`WHERE $eq("module", ?) AND $eq("layer", ?) AND ("is_disabled_until" IS NULL OR "is_disabled_until" < ?) ORDER BY "version" DESC`, module, "be", at)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].Config, nil
}

// Controls reads the controls of a module: those whose field name starts with "module.".
func (s *Store) Controls(ctx context.Context, module string) ([]*Control, error) {
	var rows []*Control
	err := s.DB.Select(ctx, &rows, `SELECT "FieldName", "Adjustibility", "Usage" FROM "tblControls" WHERE $like("FieldName", ?) ORDER BY "FieldName"`, db.StartsWith(module+"."))
	return rows, err
}

// AllControls reads all controls that belong to some module.
func (s *Store) AllControls(ctx context.Context) ([]*Control, error) {
	var rows []*Control
	err := s.DB.Select(ctx, &rows, `SELECT "FieldName", "Adjustibility", "Usage" FROM "tblControls" WHERE $like("FieldName", ?) ORDER BY "FieldName"`, "%.%")
	return rows, err
}

// own limits a list of logs to the rows of p, unless p is a superuser.
func own(c entity.Cond, p *auth.Principal) {
	if p.Technical != nil && p.Technical.Superuser {
		return
	}
	c.And(`t."user_id" = ?`, db.DjangoUUID(p.ID))
}
