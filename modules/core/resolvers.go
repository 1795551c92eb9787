package core

import (
	"context"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules"
)

// Query resolves the module's root fields.
type Query struct {
	app   *modules.App
	store *Store
}

// CoreModuleConfigurations gives the configurations that clients may read. validity asks for another
// moment than now: a configuration disabled until later than that is left out.
func (q *Query) CoreModuleConfigurations(ctx context.Context, validity, layer *string) ([]*ModuleConfiguration, error) {
	at := q.app.Clock()
	if validity != nil && *validity != "" {
		t, err := time.Parse("2006-01-02", (*validity + "          ")[:10])
		if err != nil {
			return nil, fault.Input("validity", "validity: %q is no date; 2026-12-31 is expected.", *validity)
		}
		at = t
	}
	want := ""
	if layer != nil {
		want = *layer
	}
	rows, err := q.store.Configurations(ctx, at, want)
	if err != nil {
		return nil, err
	}
	controls, err := q.store.AllControls(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*ModuleConfiguration, 0, len(rows))
	for _, r := range rows {
		c := &ModuleConfiguration{ID: string(r.ID), Module: r.Module, Layer: strings.ToUpper(r.Layer), Version: r.Version,
			Config: r.Config, IsExposed: r.Exposed, IsDisabledUntil: r.DisabledUntil, Controls: []*Control{}}
		for _, k := range controls {
			if strings.HasPrefix(strings.ToLower(k.FieldName), strings.ToLower(r.Module)+".") {
				c.Controls = append(c.Controls, k)
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// CoreControls gives the controls of a module.
func (q *Query) CoreControls(ctx context.Context, module string) ([]*Control, error) {
	rows, err := q.store.Controls(ctx, module)
	if rows == nil {
		rows = []*Control{}
	}
	return rows, err
}

// MutationLogs gives the log of the user's own mutations, all of them to a superuser.
func (q *Query) MutationLogs(ctx context.Context) (*entity.Result, error) {
	return q.app.Entities.List(ctx, MutationLog, func(c entity.Cond, _ map[string]any) error {
		own(c, auth.From(ctx))
		return nil
	})
}

// Debug is always null.
func (q *Query) Debug(context.Context) (*Debug, error) { return nil, nil }
