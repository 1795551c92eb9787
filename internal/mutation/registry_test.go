package mutation

import (
	"context"
	"slices"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
)

func TestRegistryRefusesBadHandlers(t *testing.T) {
	run := func(context.Context, *db.Tx, Call) (Outcome, error) { return Outcome{}, nil }
	r := NewRegistry()
	if err := r.Add("good", Handler{auth.Needs(1), run}); err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]Handler{
		"good":      {auth.Needs(1), run},
		"":          {auth.Needs(1), run},
		"idle":      {auth.Needs(1), nil},
		"nobody":    {auth.Access{}, run},
		"anonymous": {auth.Anyone, run},
	} {
		if err := r.Add(name, h); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
	if !slices.Equal(r.Names(), []string{"good"}) {
		t.Errorf("names %v", r.Names())
	}
}
