package migrate

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
)

// Report is what `server check` says of a database. It is usable when OK.
type Report struct {
	Database      string
	Engine        string
	Version       schema.Version // a guess by its columns; empty: no openIMIS database
	Missing       []string       // required, a line each: the server does not start
	Misspelt      []string       // there, but spelled so that statements do not find it
	Zone          string         // of stamps and of today, unless TIME_ZONE says otherwise
	Login         string         // by which the database knows the program
	Unreadable    []string       // tables that it may not read: the server does not start
	Unwritable    []string       // rights to write that it lacks, a line a table: what writes there fails
	Optional      []string       // missing too, with what works differently
	Pending       []string       // what `server migrate` would do
	Unknown       []string       // columns that the catalogue does not know: local extensions
	Compatibility int            // SQL Server only: compatibility level; 0 where the engine has none
	NoJSON        bool           // SQL Server only: no OPENJSON, by which lists of parameters travel
	Notes         []string       // what else an operator should know
	Rows          []TableRows    // of the main tables
}

// TableRows is about how many rows a table has. On PostgreSQL and SQL Server it is what the engine's own
// statistics say, so that a check of a national database takes no minutes.
type TableRows struct {
	Table string
	Rows  int
}

// OK says whether the server can start on the database.
func (r Report) OK() bool {
	return r.Version != "" && len(r.Missing) == 0 && len(r.Pending) == 0 && len(r.Unreadable) == 0 && !r.NoJSON
}

// mainTables are those whose size tells how big an installation is.
var mainTables = []string{"tblLocations", "tblHF", "tblUsers", "tblItems", "tblServices", "tblProduct", "tblFamilies", "tblInsuree",
	"tblPolicy", "tblPremium", "tblClaim", "tblClaimItems", "tblClaimServices", "core_Mutation_Log"}

// Check looks at a database without changing it. needs are those of the enabled modules.
func Check(ctx context.Context, d *db.DB, needs []schema.Need) (Report, error) {
	have := d.Columns()
	offer := schema.Offered(have)
	r := Report{
		Database: d.Name(),
		Engine:   map[db.Dialect]string{db.SQLite: "SQLite", db.Postgres: "PostgreSQL", db.SQLServer: "SQL Server"}[d.Dialect()],
		Version:  offer.Version(),
		Missing:  schema.Missing(have, needs),
		Optional: schema.MissingOptional(have, needs),
		Unknown:  offer.Unknown(),
		Misspelt: d.Misspelt(),
		Zone:     d.Zone(),
	}
	var err error
	if err = r.rights(ctx, d, needs); err != nil {
		return r, fmt.Errorf("check %s: %w", d.Name(), err)
	}
	if r.Pending, err = Pending(ctx, d); err != nil {
		return r, fmt.Errorf("check %s: %w", d.Name(), err)
	}
	if len(r.Pending) > 0 {
		may, err := d.MayCreate(ctx)
		if err != nil {
			return r, fmt.Errorf("check %s: right to create tables: %w", d.Name(), err)
		}
		if !may {
			r.Notes = append(r.Notes, "The login may not create tables: let `server migrate` run once with one that may.")
		}
	}
	if d.Dialect() == db.SQLServer {
		if err := r.compatibility(ctx, d); err != nil {
			return r, fmt.Errorf("check %s: compatibility level: %w", d.Name(), err)
		}
		if err := r.collations(ctx, d); err != nil {
			return r, fmt.Errorf("check %s: collations: %w", d.Name(), err)
		}
		if err := r.triggers(ctx, d); err != nil {
			return r, fmt.Errorf("check %s: triggers: %w", d.Name(), err)
		}
	}
	if len(r.Unknown) > 0 {
		r.Notes = append(r.Notes, "Inserts fail if an unknown column is NOT NULL without a default.")
	}
	for _, t := range mainTables {
		if !offer.HasTable(t) {
			continue
		}
		n, err := rowsOf(ctx, d, t)
		if err != nil {
			return r, fmt.Errorf("check %s: count the rows of %s: %w", d.Name(), t, err)
		}
		r.Rows = append(r.Rows, TableRows{t, n})
	}
	return r, nil
}

// rights looks at what the login may do with the tables that are needed and with those that are written.
func (r *Report) rights(ctx context.Context, d *db.DB, needs []schema.Need) (err error) {
	if r.Login, err = d.Login(ctx); err != nil {
		return fmt.Errorf("login: %w", err)
	}
	needed := map[string]bool{}
	for _, n := range needs {
		needed[n.Table] = true
	}
	for _, t := range schema.Tables() {
		if _, written := least[t.Name]; !needed[t.Name] && !t.Own && !written {
			continue
		}
		if slices.Contains(d.Denied(), t.Name) {
			r.Unreadable = append(r.Unreadable, t.Name)
			continue
		}
		if !d.Offers(t.Name, "") {
			continue
		}
		rights, err := d.RightsTo(ctx, t.Name)
		if err != nil {
			return err
		}
		if !rights.Select {
			r.Unreadable = append(r.Unreadable, t.Name)
			continue
		}
		if lacks := lacking(t.Name, rights); len(lacks) > 0 {
			r.Unwritable = append(r.Unwritable, t.Name+": "+strings.Join(lacks, ", "))
		}
	}
	if r.Version == "" {
		why, err := d.Unseen(ctx, "tblClaim")
		if err != nil {
			return err
		}
		if why != "" {
			r.Notes = append(r.Notes, "It may be one all the same: "+why+".")
		}
	}
	return nil
}

// triggers notes triggers of the installation's own that take the place of an insert (INSTEAD OF): the keys
// of new rows are not told then. The legacy schema has no triggers; those that run after it do no harm.
func (r *Report) triggers(ctx context.Context, d *db.DB) error {
	names, err := texts(ctx, d, `SELECT name FROM sys.triggers WHERE parent_class = 1 AND is_disabled = 0 AND is_instead_of_trigger = 1 ORDER BY name`)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		r.Notes = append(r.Notes, "Triggers of your own run INSTEAD OF a statement: "+few(names)+". Inserts into their tables fail, because SQL Server does not tell the keys of the new rows.")
	}
	return nil
}

// compatibility notes the compatibility level and whether it allows OPENJSON, which SQL Server 2016 has
// at levels from 130 on.
func (r *Report) compatibility(ctx context.Context, d *db.DB) error {
	err := d.Pool().QueryRowContext(ctx, `SELECT compatibility_level FROM sys.databases WHERE name = DB_NAME()`).Scan(&r.Compatibility)
	if why := d.NoJSON(); err == nil && why != "" {
		r.NoJSON = true
		r.Notes = append(r.Notes, why)
	}
	return err
}

// collations notes a collation that distinguishes case, and columns that have another than the database:
// both come from servers that were set up differently, and no statement can make up for them.
func (r *Report) collations(ctx context.Context, d *db.DB) error {
	var collation string
	if err := d.Pool().QueryRowContext(ctx, `SELECT CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128))`).Scan(&collation); err != nil {
		return err
	}
	all, err := texts(ctx, d, `SELECT TABLE_NAME + '.' + COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS WHERE (TABLE_SCHEMA = SCHEMA_NAME() OR TABLE_SCHEMA = 'dbo') AND COLLATION_NAME IS NOT NULL AND LOWER(COLLATION_NAME) <> LOWER(@p1) ORDER BY 1`, collation)
	if err != nil {
		return err
	}
	var others []string
	for _, name := range all { // those of views and of tables that are not openIMIS' own do no harm
		table, column, _ := strings.Cut(name, ".")
		if t, ok := schema.Lookup(table); ok {
			if c, ok := t.Column(column); ok {
				others = append(others, t.Name+"."+c.Name)
			}
		}
	}
	r.Notes = append(r.Notes, collationNotes(collation, others)...)
	return nil
}

func collationNotes(collation string, others []string) (notes []string) {
	if c := strings.ToUpper(collation) + "_"; strings.Contains(c, "_CS_") || strings.Contains(c, "_BIN") {
		notes = append(notes, fmt.Sprintf("The collation %s distinguishes case: user names, codes and parts of names are found in their exact spelling only.", collation))
	}
	if len(others) > 0 {
		notes = append(notes, fmt.Sprintf("Columns have another collation than the database (%s), and statements that compare them with lists of texts fail (error 468): %s.", collation, few(others)))
	}
	return notes
}

// few joins names, of many only the first.
func few(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// texts reads the one column of a query in the words of SQL Server's own catalogue.
func texts(ctx context.Context, d *db.DB, query string, args ...any) (list []string, err error) {
	rows, err := d.Pool().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}

// estimates are the engines' own figures; -1 means that they have none yet.
var estimates = map[db.Dialect]string{
	db.Postgres:  `SELECT CAST(reltuples AS bigint) FROM pg_class WHERE oid = to_regclass($1)`,
	db.SQLServer: `SELECT COALESCE(SUM(rows), -1) FROM sys.partitions WHERE object_id = OBJECT_ID(@p1) AND index_id IN (0, 1)`,
}

// rowsOf asks the engine's statistics, or counts where it has none.
func rowsOf(ctx context.Context, d *db.DB, table string) (int, error) {
	n := -1
	if src, ok := estimates[d.Dialect()]; ok {
		if err := d.Pool().QueryRowContext(ctx, src, `"`+table+`"`).Scan(&n); err != nil {
			n = -1 // no right to see statistics, or an engine without them: count
		}
	}
	if n > 0 {
		return n, nil
	}
	err := d.Get(ctx, &n, `SELECT COUNT(*) FROM "`+table+`"`)
	return n, err
}

// Print writes the report as `server check` shows it.
func (r Report) Print(w io.Writer) error {
	version := string(r.Version)
	if version == "" {
		version = "none: this is not an openIMIS database"
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "Database\t%s\n", r.Database)
	fmt.Fprintf(t, "Engine\t%s\n", r.Engine)
	fmt.Fprintf(t, "openIMIS release\t%s\n", version)
	if r.Zone != "" {
		fmt.Fprintf(t, "Time zone\t%s\n", r.Zone)
	}
	if r.Login != "" {
		fmt.Fprintf(t, "Login\t%s\n", r.Login)
	}
	if r.Compatibility > 0 {
		fmt.Fprintf(t, "Compatibility level\t%d\n", r.Compatibility)
	}
	for _, n := range r.Rows {
		fmt.Fprintf(t, "Rows of %s\t%d\n", n.Table, n.Rows)
	}
	_ = t.Flush() // into memory
	for _, part := range []struct {
		title string
		lines []string
	}{
		{"The login may not read these, so that the server cannot start:", r.Unreadable},
		{"Missing, so that the server cannot start:", r.Missing},
		{"There, but spelled so that they are not found:", r.Misspelt},
		{"The login lacks these rights, so that what writes there fails:", r.Unwritable},
		{"To be done by `server migrate`:", r.Pending},
		{"Missing, so that something works differently:", r.Optional},
		{fmt.Sprintf("Columns that are not part of openIMIS (%d):", len(r.Unknown)), r.Unknown},
		{"Notes:", r.Notes},
	} {
		if len(part.lines) > 0 {
			fmt.Fprintf(&b, "\n%s\n  %s\n", part.title, strings.Join(part.lines, "\n  "))
		}
	}
	if r.OK() {
		b.WriteString("\nThe server can start on this database.\n")
	} else {
		b.WriteString("\nThe server cannot start on this database.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
