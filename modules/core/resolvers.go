package core

import (
	"context"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules"
)

// GraphQL implements modules.GraphQL. The module configurations are read before anybody signs in.
func (m *Module) GraphQL() []modules.Face {
	return []modules.Face{{Contract: contract2019.Name, SDL: sdl, Roots: []modules.Root{
		{Name: "coreModuleConfigurations", Access: auth.Anyone, Call: modules.Answer(m.configurations)},
		{Name: "coreControls", Access: auth.SignedIn, Call: modules.Answer(m.controls)},
		{Name: "mutationLogs", Access: auth.SignedIn, List: m.mutationLogs},
		{Name: "_debug", Access: auth.SignedIn, Call: modules.Answer(noDebug)},
	}}}
}

type configurationsInput struct{ Validity, Layer *string }

// configurations gives the configurations that clients may read. Validity asks for another moment than
// now: a configuration disabled until later than that is left out.
func (m *Module) configurations(ctx context.Context, in configurationsInput) ([]*ModuleConfiguration, error) {
	at := m.app.Clock()
	if in.Validity != nil && *in.Validity != "" {
		t, err := time.Parse("2006-01-02", (*in.Validity + "          ")[:10])
		if err != nil {
			return nil, fault.Input("validity", "validity: %q is not a date; 2026-12-31 is expected.", *in.Validity)
		}
		at = t
	}
	want := ""
	if in.Layer != nil {
		want = *in.Layer
	}
	rows, err := m.store.Configurations(ctx, at, want)
	if err != nil {
		return nil, err
	}
	controls, err := m.store.AllControls(ctx)
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

type controlsInput struct{ Module string }

// controls gives the controls of a module.
func (m *Module) controls(ctx context.Context, in controlsInput) ([]*Control, error) {
	rows, err := m.store.Controls(ctx, in.Module)
	if rows == nil {
		rows = []*Control{}
	}
	return rows, err
}

// mutationLogs lists the user's own mutations, all of them to a superuser.
func (m *Module) mutationLogs(ctx context.Context) (*entity.Result, error) {
	// A replica may not have the outcome yet, and what it is about.
	return m.app.Entities.List(db.Follow(ctx), MutationLog, func(c entity.Cond, _ map[string]any) error {
		own(c, auth.From(ctx))
		return nil
	})
}

// noDebug is always null.
func noDebug(context.Context, modules.None) (*Debug, error) { return nil, nil }
