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
	long := func(context.Context, Call, Report) (Outcome, error) { return Outcome{}, nil }
	r := NewRegistry()
	if err := r.Add("good", Handler{Access: auth.Needs(1), Run: run}); err != nil {
		t.Fatal(err)
	}
	for name, h := range map[string]Handler{
		"good":      {Access: auth.Needs(1), Run: run},
		"":          {Access: auth.Needs(1), Run: run},
		"idle":      {Access: auth.Needs(1)},
		"both":      {Access: auth.Needs(1), Run: run, Long: long},
		"nobody":    {Run: run},
		"anonymous": {Access: auth.Anyone, Run: run},
	} {
		if err := r.Add(name, h); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
	if !slices.Equal(r.Names(), []string{"good"}) {
		t.Errorf("names %v", r.Names())
	}
}
