// Package seed fills an empty database with synthetic but realistic data: places, facilities, registers,
// products, families, policies, premiums and claims in every status, with the history that years of work
// leave behind. All of it is invented; the shapes are those of real installations. Start with [Seed];
// [Plan] has the sizes, [Logins] who can sign in.
//
// The same size and day give the same rows, except for the salts and hashes of passwords, which must not
// be foreseeable. Files are by subject, in the order in which they are generated: base.go and roles.go
// (what every installation has), places.go, people.go, medical.go, products.go, batch.go, families.go,
// policies.go, claims.go with valuation.go.
package seed

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/load"
	"github.com/openimis/openimis-be-go/internal/progress"
)

// Seed fills d, whose tables must exist and be empty, as of today. It is one transaction: after a failure
// the database is as empty as before. Create the indexes afterwards (migrate.CreateIndexes).
func Seed(ctx context.Context, d *db.DB, size Size, today time.Time, report progress.Func) error {
	plan, ok := plans[size]
	if !ok {
		return fmt.Errorf("seed: size %q is not known; allowed: %s, %s, %s", size, Demo, District, National)
	}
	return Generate(ctx, d, plan, today, report)
}

// Generate is Seed for a plan of one's own.
func Generate(ctx context.Context, d *db.DB, plan Plan, today time.Time, report progress.Func) error {
	err := d.Write(ctx, "seed", func(tx *db.Tx) error {
		if err := load.Empty(ctx, tx); err != nil {
			return err
		}
		g := newGenerator(ctx, tx, plan, today, report)
		g.all()
		return g.finish()
	})
	if err != nil {
		return fmt.Errorf("seed %s: %w", d.Name(), err)
	}
	return nil
}

// generator makes the rows. The fields after report are what later subjects need of earlier ones.
type generator struct {
	*writer
	random
	plan   Plan
	today  time.Time // midnight UTC
	report progress.Func

	regions, districts, wards, villages []place
	facilities                          []facility
	officers                            [][]officer // by district
	payers                              []int
	items, services                     []entry
	diagnoses                           []int
	lists                               map[listKey]priceList
	products                            []*product
	runs                                map[runKey]int // batch run of a location and month
	indexes                             map[indexKey]decimal.Decimal
	members                             int // insurees so far, for their numbers
	claims                              int // so far
	medicalOfficer                      int // UserID
}

func newGenerator(ctx context.Context, tx *db.Tx, plan Plan, today time.Time, report progress.Func) *generator {
	y, m, day := today.UTC().Date()
	g := &generator{plan: plan, today: time.Date(y, m, day, 0, 0, 0, 0, time.UTC), report: report, random: newRandom(seedNumber)}
	g.writer = newWriter(ctx, tx, g)
	return g
}

// all generates everything, subject by subject.
func (g *generator) all() {
	g.report("Registers", 0, 1)
	g.base()
	g.roles()
	g.places()
	g.people()
	g.medical()
	g.catalogue()
	g.batches()
	g.report("Registers", 1, 1)
	for i := range g.plan.Families {
		if i%200 == 0 {
			g.report("Families", i, g.plan.Families)
		}
		if g.err != nil {
			return
		}
		g.household(i)
	}
	g.report("Families", g.plan.Families, g.plan.Families)
}

// ago is midnight, days before today.
func (g *generator) ago(days int) time.Time { return g.today.AddDate(0, 0, -days) }

// stamp is a moment of working hours on a day.
func (g *generator) stamp(day time.Time) time.Time {
	return day.Add(time.Duration(g.between(7*3600, 17*3600)) * time.Second)
}
