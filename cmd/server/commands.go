package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/build"
	"github.com/openimis/openimis-be-go/internal/config"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/importer"
	"github.com/openimis/openimis-be-go/internal/migrate"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/server"
	"github.com/openimis/openimis-be-go/internal/service"
	"github.com/openimis/openimis-be-go/internal/telemetry"
	"github.com/openimis/openimis-be-go/internal/tracing"
)

const usage = `usage: server [--settings FILE]... [command]

  serve          serve GraphQL and FHIR (the default)
  worker         execute queued mutations and daily jobs, without serving
  migrate        create or upgrade this program's own tables; --indexes adds those that speed up
                 lists and subscriptions to legacy tables, --indexes=print shows them only
  seed           fill an empty database: --size demo|district|national
  import DIR     load JSON-lines dumps, a file a table, into an empty database
  queue          list; show, retry or drop ID: mutations that wait or were given up
  instances      list the servers and workers that run on the database
  check          tell what the database offers and what is missing
  config         print the effective configuration, secrets masked
  modules        print the modules: compiled in, enabled, version, contract
  version        print version, commit, and the Go modules inside

--settings FILE takes variables from NAME=value lines, as systemd does; those of the environment win.
`

// errUsage says that the usage was printed already.
var errUsage = errors.New("usage")

// run executes one subcommand.
func run(ctx context.Context, args []string) error {
	command, rest := "serve", args
	if len(args) > 0 && (args[0] == "--version" || args[0] == "-version" || args[0] == "-v") {
		args = append([]string{"version"}, args[1:]...)
	}
	if len(args) > 0 {
		command, rest = args[0], args[1:]
	}
	commands := map[string]func(context.Context, *program, []string) error{
		"serve": serve, "worker": worker, "migrate": migrateUp, "seed": seedInto, "import": importFrom, "check": check, "config": showConfig, "modules": showModules, "queue": queue, "instances": instances,
		"version": nil,
	}
	if command == "help" || command == "-h" || command == "--help" {
		fmt.Print(usage)
		return nil
	}
	fn, ok := commands[command]
	if !ok {
		fmt.Fprintf(os.Stderr, "server: unknown command %q\n\n%s", command, usage)
		return errUsage
	}
	if len(rest) > 0 && command != "seed" && command != "import" && command != "queue" && command != "migrate" {
		return fmt.Errorf("%s takes no arguments, %q is not understood; everything is set by environment variables", command, rest[0])
	}
	if command == "version" {
		return build.Print(os.Stdout)
	}
	conf, err := config.Load()
	if err != nil {
		return err
	}
	p := &program{conf: conf, out: os.Stdout, log: telemetry.NewLogger(service.LogTo(), slog.Level(conf.LogLevel), string(conf.LogFormat))}
	slog.SetDefault(p.log)
	for _, w := range conf.Warnings {
		p.log.Warn(w)
	}
	return fn(ctx, p, rest)
}

// program is what the subcommands share.
type program struct {
	conf *config.Config
	out  io.Writer
	log  *slog.Logger
}

// gcPercent trades memory for time: what is in use is some 15 MB, so that three times the garbage of Go's own setting
// costs little, and collecting it took a quarter of the processor under load. The limit of memory holds all the same.
const gcPercent = 300

// open opens the database. One that cannot be reached ends the command; a server that has started lives
// through its absence and says at /readyz that it is not ready.
func (p *program) open(ctx context.Context) (*db.DB, error) {
	return db.Open(ctx, string(p.conf.DatabaseURL), db.Options{ReadURL: string(p.conf.DatabaseReadURL), ReadLag: time.Duration(p.conf.DatabaseReadLag), Log: p.log})
}

// openToFill opens a database of which nobody else has use yet.
func (p *program) openToFill(ctx context.Context) (*db.DB, error) {
	return db.Open(ctx, string(p.conf.DatabaseURL), db.Options{Fill: true, Log: p.log})
}

// file is where the embedded database is.
func (p *program) file() (path string, embedded bool) {
	path, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(string(p.conf.DatabaseURL), "sqlite:"), "//"), "?")
	return path, p.conf.Embedded()
}

// assemble opens the database, which the caller closes, and makes a server over it.
func (p *program) assemble(ctx context.Context) (*db.DB, *server.Server, error) {
	if _, err := server.Choose(p.conf, compiled); err != nil { // before an embedded database is made
		return nil, nil, err
	}
	d, err := p.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	s, err := server.New(p.conf, d, compiled, p.log)
	if err != nil {
		d.Close()
		return nil, nil, err
	}
	return d, s, nil
}

// today is the day that demo data are made for.
func (p *program) today() time.Time {
	if !p.conf.FixedNow.IsZero() {
		return p.conf.FixedNow.Time
	}
	return time.Now().UTC()
}

// prepare makes the embedded database usable: it creates and fills it when it is empty, and upgrades
// our own tables. A legacy database is never changed by starting a server.
func (p *program) prepare(ctx context.Context, d *db.DB) ([]seed.Login, error) {
	if !p.conf.Embedded() {
		return nil, nil
	}
	if d.Offers("tblUsers", "") {
		var users int
		if err := d.Get(ctx, &users, `SELECT COUNT(*) FROM "tblUsers"`); err != nil {
			return nil, err
		}
		if users > 0 {
			return nil, migrate.Up(ctx, d, migrate.DefaultVersion(d.Dialect()), progress.None)
		}
	}
	file, _ := p.file()
	p.log.Info("the embedded database is new: filling it with demo data", "file", file)
	if err := p.fill(ctx, d, seed.Demo); err != nil {
		return nil, err
	}
	return seed.Logins(seed.Demo), nil
}

func (p *program) fill(ctx context.Context, d *db.DB, size seed.Size) error {
	if err := tables(ctx, d); err != nil {
		return err
	}
	report, end := progress.Terminal(os.Stderr)
	defer end()
	if err := seed.Seed(ctx, d, size, p.today(), report); err != nil {
		return err
	}
	return migrate.CreateIndexes(ctx, d, report)
}

// tables makes all tables, unless they are there, empty: of a fill that was cut off, or an operator's.
func tables(ctx context.Context, d *db.DB) error {
	if d.Offers("tblUsers", "") {
		return nil
	}
	return migrate.CreateTables(ctx, d)
}

func serve(ctx context.Context, p *program, _ []string) error {
	start := time.Now()
	if _, err := server.Choose(p.conf, compiled); err != nil { // before an embedded database is made and filled
		return err
	}
	listener, err := server.Listen(p.conf)
	if err != nil {
		return err
	}
	defer listener.Close()
	d, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	logins, err := p.prepare(ctx, d)
	if err != nil {
		return err
	}
	if os.Getenv("GOMEMLIMIT") == "" { // near it garbage is collected sooner; nothing is refused
		debug.SetMemoryLimit(int64(p.conf.AnswerMemory) + 160<<20)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	end, err := tracing.Begin("openimis-server", build.Version, p.log)
	if err != nil {
		return err
	}
	defer end()
	s, err := server.New(p.conf, d, compiled, p.log)
	if err != nil {
		return err
	}
	if err := usable(ctx, d, s.Missing()); err != nil {
		return err
	}
	if err := s.CheckAudit(); err != nil {
		return err
	}
	return s.Serve(ctx, listener, func(addr string) {
		p.log.Info("serving", "address", addr, "roots", p.conf.SiteRoot.String(), "database", d.Name(), "time_zone", d.Zone(), "started_in", time.Since(start).Round(time.Millisecond).String())
		p.welcome(addr, logins)
		service.Ready()
	})
}

// usable says why the enabled modules cannot work on the database, if they cannot.
func usable(ctx context.Context, d *db.DB, missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	if !d.Offers("tblUsers", "") {
		why, err := d.Unseen(ctx, "tblUsers")
		switch {
		case err != nil:
			return fmt.Errorf("look for openIMIS in %s: %w", d.Name(), err)
		case why != "":
			return fmt.Errorf("no openIMIS is found in %s: %s", d.Name(), why)
		}
		return fmt.Errorf("%s is not an openIMIS database: name another, or fill it with `server seed` or `server import`", d.Name())
	}
	reasons := append([]string{}, missing...)
	for _, t := range d.Denied() {
		reasons = append(reasons, "table "+t+" may not be read by the login")
	}
	reasons = append(reasons, d.Misspelt()...)
	return fmt.Errorf("the database %s lacks what the enabled modules need (see `server check` and `server migrate`):\n  %s", d.Name(), strings.Join(reasons, "\n  "))
}

// welcome tells a person what to open and who to sign in as, on the embedded database only.
func (p *program) welcome(addr string, logins []seed.Login) {
	if !p.conf.Embedded() {
		return
	}
	if logins == nil {
		logins = seed.Logins(seed.Demo)
	}
	root := p.conf.SiteRoot[0]
	fmt.Fprintf(p.out, "\nopenIMIS is running.\n\n  GraphQL   http://%[1]s/%[2]s/graphql\n  FHIR R4   http://%[1]s/%[2]s/api_fhir_r4/metadata\n  Health    http://%[1]s/readyz\n\nSign in (HTTP Basic) as:\n", addr, root)
	for _, l := range logins {
		fmt.Fprintf(p.out, "  %-12s %-22s %s\n", l.Name, l.Password, l.What)
	}
	fmt.Fprintln(p.out)
}

func worker(ctx context.Context, p *program, _ []string) error {
	d, s, err := p.assemble(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := usable(ctx, d, s.Missing()); err != nil {
		return err
	}
	if err := s.CheckAudit(); err != nil {
		return err
	}
	end, err := tracing.Begin("openimis-worker", build.Version, p.log)
	if err != nil {
		return err
	}
	defer end()
	p.log.Info("working", "database", d.Name())
	leave := s.Announce(ctx, "worker")
	defer leave()
	service.Ready()
	s.Work(ctx, int(p.conf.Workers))
	s.Close()
	return nil
}

func migrateUp(ctx context.Context, p *program, args []string) error {
	create, show := false, false
	for _, a := range args {
		switch a {
		case "--indexes":
			create = true
		case "--indexes=print":
			show = true
		default:
			return fmt.Errorf("migrate: %q is not understood; allowed: --indexes, --indexes=print", a)
		}
	}
	d, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	if show {
		lacking, err := migrate.Lacking(ctx, d)
		for _, x := range lacking {
			fmt.Fprintln(p.out, x.Create+";")
		}
		return err
	}
	report, end := progress.Terminal(os.Stderr)
	err = migrate.Up(ctx, d, migrate.DefaultVersion(d.Dialect()), report)
	if end(); err != nil {
		return err
	}
	fmt.Fprintln(p.out, "The program's own tables are up to date in", d.Name()+".")
	lacking, err := migrate.Lacking(ctx, d)
	switch {
	case err != nil:
		return err
	case create:
		report, end := progress.Terminal(os.Stderr)
		err := migrate.Index(ctx, d, lacking, report)
		if end(); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "%d indexes were created. Their names begin with imis_.\n", len(lacking))
	case len(lacking) > 0:
		fmt.Fprintf(p.out, "%d indexes that speed up lists or subscriptions are lacking. migrate --indexes creates them on the legacy tables; --indexes=print shows their statements.\n", len(lacking))
	}
	return nil
}

func seedInto(ctx context.Context, p *program, args []string) error {
	size := seed.Demo
	for i := 0; i < len(args); i++ {
		value, ok := strings.CutPrefix(args[i], "--size=")
		if args[i] == "--size" && i+1 < len(args) {
			i++
			value, ok = args[i], true
		}
		if !ok {
			return fmt.Errorf("seed: %q is not understood; allowed: --size demo|district|national", args[i])
		}
		if size = seed.Size(value); seed.Logins(size) == nil {
			return fmt.Errorf("seed: --size %q; allowed: demo, district, national", value)
		}
	}
	d, err := p.openToFill(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := p.fill(ctx, d, size); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Filled %s. Sign in as:\n", d.Name())
	for _, l := range seed.Logins(size) {
		fmt.Fprintf(p.out, "  %-12s %-22s %s\n", l.Name, l.Password, l.What)
	}
	return nil
}

func importFrom(ctx context.Context, p *program, args []string) error {
	if len(args) != 1 {
		return errors.New("import takes one folder of JSON-lines files, one a table")
	}
	d, err := p.openToFill(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := tables(ctx, d); err != nil {
		return err
	}
	bar, end := progress.Terminal(os.Stderr)
	report, err := importer.Import(ctx, d, args[0], bar)
	if err == nil {
		err = migrate.CreateIndexes(ctx, d, bar)
	}
	if end(); err != nil {
		return err
	}
	return report.Print(p.out)
}

func check(ctx context.Context, p *program, _ []string) error {
	if _, err := server.Choose(p.conf, compiled); err != nil {
		return err
	}
	if path, embedded := p.file(); embedded {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no database yet: %s is made when the server starts, by `server seed` or by `server import`", path)
		}
	}
	d, s, err := p.assemble(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	report, err := migrate.Check(ctx, d, s.Needs())
	if err != nil {
		return err
	}
	if err := report.Print(p.out); err != nil {
		return err
	}
	if !report.OK() {
		return errors.New("the server cannot start on this database yet")
	}
	return nil
}

func showConfig(_ context.Context, p *program, _ []string) error { return p.conf.Print(p.out) }

func showModules(_ context.Context, p *program, _ []string) error {
	chosen, err := server.Choose(p.conf, compiled)
	if err != nil {
		return err
	}
	server.PrintModules(p.out, chosen, compiled)
	return nil
}
