// Package migrate creates what the program needs in a database and says what a database offers.
//
//	Up            our own tables (core_*, claim_*, auth_*, imis_*) beside the legacy ones: `server migrate`
//	Pending       what Up would do
//	CreateTables  a whole openIMIS database, in an empty one; CreateIndexes after loading it
//	Check         the report of `server check`
//
// Legacy tables are never altered: Up touches no table that exists, whoever made it, and CreateTables
// refuses a database that has any.
package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/instance"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// versionTable is where goose notes the steps that were taken.
const versionTable = "imis_migration"

// step is one change of our own tables. Steps are only ever added, and every one of them must be
// harmless where its work is done already.
type step struct {
	version int64
	what    string
	effect  effect
	run     func(ctx context.Context, tx *sql.Tx, d schema.Dialect, v schema.Version) error
}

// effect is what a step means to instances of releases that do not know it.
type effect bool

const (
	expands  effect = true  // they work on as before: it only adds tables, or columns that may be NULL
	restrict effect = false // they may fail: it is refused while one of them lives
)

// Latest is the last step that this release knows.
func Latest() int { return int(steps[len(steps)-1].version) }

// bearable says which live instance, if any, could not bear a step that is pending.
func bearable(ctx context.Context, d *db.DB) error {
	taken, err := stepsTaken(ctx, d)
	if err != nil {
		return fmt.Errorf("migrate %s: read the steps taken: %w", d.Name(), err)
	}
	var live []instance.Process
	for _, s := range steps {
		if taken[s.version] || s.effect == expands {
			continue
		}
		if live == nil {
			if live, err = (instance.Registry{DB: d}).Live(ctx); err != nil {
				return fmt.Errorf("migrate %s: look for instances that run: %w", d.Name(), err)
			}
		}
		var who []string
		for _, p := range live {
			if int64(p.SchemaStep) < s.version {
				who = append(who, p.String())
			}
		}
		if len(who) > 0 {
			return fmt.Errorf("migrate %s: nothing was changed, for step %d (%s) is more than these instances can bear, which run on the database; upgrade or stop them first:\n  %s",
				d.Name(), s.version, s.what, strings.Join(who, "\n  "))
		}
	}
	return nil
}

var steps = []step{
	{1, "create own tables", expands, createOwnTables},
	{2, "create the tables of batch runs", expands, createOwnTables},
	{3, "ended sessions of gateways", expands, createOwnTables},
	{4, "the secret of tokens", expands, createOwnTables},
	{5, "the contract of queued mutations", expands, addColumn("imis_mutation_queue", "contract")},
	{6, "the audit log", expands, createOwnTables},
	{7, "documents of claims", expands, createOwnTables},
	{8, "mutations given up, and the processes that run", expands, createOwnTables},
	{9, "subscriptions", expands, createOwnTables},
	{10, "row versions of subscriptions", expands, addColumn("imis_subscription", "mark")},
}

// createOwnTables makes the tables of the catalogue that are missing. A release that adds a table adds
// a step that calls it again.
func createOwnTables(ctx context.Context, tx *sql.Tx, d schema.Dialect, v schema.Version) error {
	for _, statement := range schema.OwnDDL(d, v) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%w (statement: %s)", err, statement)
		}
	}
	return nil
}

// addColumn adds a column to a table of our own. It may be NULL: earlier releases write rows beside us.
func addColumn(table, column string) func(context.Context, *sql.Tx, schema.Dialect, schema.Version) error {
	return func(ctx context.Context, tx *sql.Tx, d schema.Dialect, v schema.Version) error {
		there, add, err := schema.AddColumn(d, v, table, column)
		if err != nil {
			return err
		}
		var n int
		if err := tx.QueryRowContext(ctx, there).Scan(&n); err != nil || n > 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, add); err != nil {
			return fmt.Errorf("%w (statement: %s)", err, add)
		}
		return nil
	}
}

// Up takes the steps that this database has not taken, each in a transaction, unless one of them is more than a
// live instance of an older release can bear: then it takes none. Several instances may
// start it at once: one works, the others wait and find everything done. version is the release whose
// column types our tables get ([DefaultVersion] where nothing tells); PostgreSQL has only one.
func Up(ctx context.Context, d *db.DB, version schema.Version, report progress.Func) error {
	p, err := provider(d, version)
	if err != nil {
		return err
	}
	if err := bearable(ctx, d); err != nil {
		return err
	}
	for done := 0; ; done++ {
		report("Own tables", done, len(steps))
		_, err := p.UpByOne(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			break
		}
		if err != nil {
			return fmt.Errorf("migrate %s: %w", d.Name(), err)
		}
	}
	report("Own tables", len(steps), len(steps))
	if err := d.Probe(ctx); err != nil {
		return fmt.Errorf("migrate %s: read the schema: %w", d.Name(), err)
	}
	if missing := missingOwn(d); len(missing) > 0 {
		return fmt.Errorf("migrate %s: %s says that all steps were taken, but these tables are missing: %s; restore them, or delete the rows of %s to create them empty",
			d.Name(), versionTable, strings.Join(missing, ", "), versionTable)
	}
	return nil
}

// Pending lists what Up would do; empty: nothing. It changes nothing.
func Pending(ctx context.Context, d *db.DB) ([]string, error) {
	taken, err := stepsTaken(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("read the steps taken in %s: %w", d.Name(), err)
	}
	var pending []string
	for _, s := range steps {
		if !taken[s.version] {
			pending = append(pending, fmt.Sprintf("%d: %s", s.version, s.what))
		}
	}
	for _, t := range missingOwn(d) {
		pending = append(pending, "table "+t+" is missing")
	}
	return pending, nil
}

// stepsTaken reads goose's table, which is not a part of the catalogue.
func stepsTaken(ctx context.Context, d *db.DB) (map[int64]bool, error) {
	taken := map[int64]bool{}
	if !d.Offers(versionTable, "version_id") {
		return taken, nil
	}
	rows, err := d.Pool().QueryContext(ctx, `SELECT version_id FROM `+versionTable)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v int64
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		taken[v] = true
	}
	return taken, rows.Err()
}

// missingOwn lists our tables that the database does not have.
func missingOwn(d *db.DB) []string {
	var missing []string
	for _, t := range schema.OwnTables() {
		if !d.Offers(t.Name, "") {
			missing = append(missing, t.Name)
		}
	}
	return missing
}

// DefaultVersion is the release of databases that we create: the form of the embedded database, and
// PostgreSQL's only one.
func DefaultVersion(d db.Dialect) schema.Version {
	if d == db.Postgres {
		return schema.PG2410
	}
	return schema.V140
}

var gooseDialects = map[db.Dialect]goose.Dialect{
	db.SQLite:    goose.DialectSQLite3,
	db.Postgres:  goose.DialectPostgres,
	db.SQLServer: goose.DialectMSSQL,
}

func provider(d *db.DB, version schema.Version) (*goose.Provider, error) {
	if (version == schema.PG2410) != (d.Dialect() == db.Postgres) || !slices.Contains(schema.Versions, version) {
		return nil, fmt.Errorf("migrate %s: release %q is not one of this engine", d.Name(), version)
	}
	dialect := schema.Dialect(d.Dialect())
	var migrations []*goose.Migration
	for _, s := range steps {
		migrations = append(migrations, goose.NewGoMigration(s.version, &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
			return s.run(ctx, tx, dialect, version)
		}}, nil))
	}
	return goose.NewProvider(gooseDialects[d.Dialect()], d.Pool(), nil,
		goose.WithGoMigrations(migrations...),
		goose.WithDisableGlobalRegistry(true),
		goose.WithTableName(versionTable),
		goose.WithSessionLocker(locker{d.Dialect(), d.Pooled()}),
		goose.WithLogger(log.New(io.Discard, "", 0)))
}
