// Package config reads the configuration of the server from the environment, with the names that the
// Python distribution uses where it has one. Start with [Config] and [Load]; modules.go reads the list
// of modules (openimis.json and its short form), print.go shows the result for `server config`.
//
// A variable that is set but empty counts as unset. Load reports all bad values together, a line each.
package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is the effective configuration. Every field has the variable, the default and what is allowed
// in its tags; secret values are masked when printed.
type Config struct {
	SiteRoot Roots   `env:"SITE_ROOT" envDefault:"api,iapi" allowed:"api, iapi, or api,iapi"`
	Listen   Address `env:"LISTEN" envDefault:"127.0.0.1:8000" allowed:"host:port or :port"`

	// DatabaseURL is that of the database in use: DATABASE_URL, or built from DB_*, or the embedded
	// database in DATA_DIR.
	DatabaseURL     DatabaseURL `env:"DATABASE_URL" allowed:"sqlite:PATH, postgres://user:password@host:port/name, sqlserver://user:password@host:port?database=name"`
	DatabaseReadURL DatabaseURL `env:"DATABASE_READ_URL" allowed:"a URL of the same kind as DATABASE_URL"`
	DatabaseReadLag Duration    `env:"DATABASE_READ_LAG" envDefault:"30s" allowed:"seconds or a duration such as 1m30s, more than 0"`
	DBEngine        string      `env:"DB_ENGINE"`
	DBHost          string      `env:"DB_HOST"`
	DBPort          Port        `env:"DB_PORT" allowed:"a number from 1 to 65535"`
	DBName          string      `env:"DB_NAME"`
	DBUser          string      `env:"DB_USER"`
	DBPassword      string      `env:"DB_PASSWORD" secret:"true"`
	DBOptions       Options     `env:"DB_OPTIONS" secret:"true" allowed:"a JSON object"`
	DataDir         string      `env:"DATA_DIR" envDefault:"./data"`

	ModulesFile string `env:"OPENIMIS_CONFIG"`
	ModulesList string `env:"OPENIMIS_MODULES"`

	TrustedProxies    Networks         `env:"TRUSTED_PROXIES" envDefault:"127.0.0.0/8,::1/128" allowed:"addresses or CIDRs separated by commas, or none"`
	RemoteUser        Switch           `env:"REMOTE_USER_AUTHENTICATION" envDefault:"false"`
	RemoteUserHeader  Header           `env:"REMOTE_USER_HEADER_NAME" envDefault:"HTTP_REMOTE_USER" allowed:"a header as Django spells it (HTTP_REMOTE_USER) or as HTTP does (Remote-User)"`
	PasswordValidity  PasswordValidity `env:"PASSWORD_VALIDITY" envDefault:"link" allowed:"link (tblUsers.PasswordValidity ends links to a new password only, as in the legacy application) or login (it also ends the password)"`
	RowSecurity       Bool             `env:"ROW_SECURITY" envDefault:"true" allowed:"true or false"`
	AllowedHosts      Hosts            `env:"ALLOWED_HOSTS" envDefault:"*" allowed:"host names separated by commas, or a JSON array of them; with or without a port, .example.org for a domain and all below it, *.example.org for what is below it, * for all"`
	SecretKey         string           `env:"SECRET_KEY" secret:"true"`
	TokenLifetime     Duration         `env:"TOKEN_LIFETIME" envDefault:"24h" allowed:"seconds or a duration such as 12h, more than 0"`
	FHIRStatus        FHIRStatus       `env:"FHIR_STATUS" envDefault:"mount" allowed:"mount (compat at /api_fhir, strict at /api_fhir_r4), compat or strict"`
	AuditLog          AuditLog         `env:"AUDIT_LOG" envDefault:"table" allowed:"table (imis_audit), file:PATH, or off"`
	AuditReads        AuditReads       `env:"AUDIT_READS" envDefault:"all" allowed:"all, or single (of GraphQL only what is about one insuree, claim or policy)"`
	AuditFull         AuditFull        `env:"AUDIT_FULL" envDefault:"drop" allowed:"drop (and count what is lost), or block (requests wait)"`
	AsyncMutations    Bool             `env:"ASYNC_MUTATIONS" envDefault:"false" allowed:"true or false"`
	BrokerURL         Broker           `env:"CELERY_BROKER_URL" allowed:"amqp://user:password@host:port/vhost or amqps://…"`
	FixedNow          Instant          `env:"IMIS_FIXED_NOW" allowed:"a date (2019-06-30) or RFC 3339 time (2019-06-30T12:00:00Z), with an embedded database only"`
	TimeZone          Zone             `env:"TIME_ZONE" allowed:"a name of the IANA time zone database, such as Africa/Dar_es_Salaam or UTC"`
	ListCap           Count            `env:"LIST_CAP" envDefault:"10000" allowed:"a number from 1 to 1000000"`
	PhotoRoot         string           `env:"PHOTO_ROOT"`
	PhotoRootPath     string           `env:"PHOTO_ROOT_PATH"` // the name of the Python distribution
	LogLevel          Level            `env:"LOG_LEVEL" envDefault:"info" allowed:"debug, info, warn or error"`
	LogFormat         Format           `env:"LOG_FORMAT" allowed:"text or json"`
	ReadHeaderTimeout Duration         `env:"READ_HEADER_TIMEOUT" envDefault:"10s" allowed:"seconds or a duration such as 1m30s, more than 0"`
	RequestTimeout    Duration         `env:"REQUEST_TIMEOUT" envDefault:"60s" allowed:"seconds or a duration such as 1m30s, more than 0"`
	IdleTimeout       Duration         `env:"IDLE_TIMEOUT" envDefault:"120s" allowed:"seconds or a duration such as 1m30s, more than 0"`
	ShutdownTimeout   Duration         `env:"SHUTDOWN_TIMEOUT" envDefault:"20s" allowed:"seconds or a duration such as 1m30s, more than 0"`
	DrainDelay        Pause            `env:"DRAIN_DELAY" allowed:"seconds or a duration such as 5s, or 0; default 2s, on an embedded database 0"`
	SlowOperation     Duration         `env:"SLOW_OPERATION" envDefault:"1s" allowed:"seconds or a duration such as 500ms, more than 0"`
	Workers           Count            `env:"WORKERS" envDefault:"4" allowed:"a number from 1 to 1000000"`
	// SubscriptionTargets are where FHIR subscriptions may send to beside public addresses over https.
	SubscriptionTargets List `env:"SUBSCRIPTION_TARGETS" allowed:"host names, addresses or networks separated by commas"`

	MaxBody Size `env:"MAX_BODY" envDefault:"10MB" allowed:"bytes, or a number with KB, MB or GB, from 1KB to 1GB"`

	// What the process does at once. Whoever asks for more waits for a moment, and is told to try again.
	MaxOperations        Count `env:"MAX_OPERATIONS" allowed:"a number from 1 to 1000000"`
	MaxOperationsPerUser Count `env:"MAX_OPERATIONS_PER_USER" allowed:"a number from 1 to 1000000"`
	AnswerMemory         Size  `env:"ANSWER_MEMORY" envDefault:"256MB" allowed:"bytes, or a number with KB, MB or GB, from 1KB to 1GB"`

	// Warnings are things to tell the operator that are not errors.
	Warnings []string

	given map[string]string // the variables that were set, by name
}

// Load reads the environment of the process. The error has a line per bad variable.
func Load() (*Config, error) { return FromEnvironment(env.ToMap(os.Environ())) }

// FromEnvironment reads the given variables instead of those of the process.
func FromEnvironment(vars map[string]string) (*Config, error) {
	c := &Config{given: set(vars)}
	bad, errs, err := read(c, c.given)
	if err != nil {
		return nil, err
	}
	if !bad["DATABASE_URL"] {
		errs = append(errs, c.database(bad)...)
	}
	errs = append(errs, c.together(bad)...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// invalid is the line for one bad value.
func (c *Config) invalid(f reflect.StructField, why error) error {
	return badValue(f, c.given[f.Tag.Get("env")], why)
}

// refuse is invalid by variable.
func (c *Config) refuse(name, why string) error {
	t := reflect.TypeFor[Config]()
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("env") == name {
			return c.invalid(t.Field(i), errors.New(why))
		}
	}
	return errors.New(name + ": " + why)
}

// together checks what depends on more than one variable.
func (c *Config) together(bad map[string]bool) []error {
	var errs []error
	kind := c.DatabaseURL.Kind()
	if !bad["IMIS_FIXED_NOW"] && !c.FixedNow.IsZero() && kind != "" && kind != "sqlite" {
		errs = append(errs, c.refuse("IMIS_FIXED_NOW", "the database is "+kind))
	}
	if read := c.DatabaseReadURL.Kind(); !bad["DATABASE_READ_URL"] && read != "" && kind != "" && read != kind {
		errs = append(errs, c.refuse("DATABASE_READ_URL", "the database is "+kind))
	}
	if _, given := c.given["DRAIN_DELAY"]; !given && kind != "sqlite" {
		c.DrainDelay = Pause(2 * time.Second)
	}
	if c.MaxOperations == 0 && !bad["MAX_OPERATIONS"] {
		c.MaxOperations = operations(kind, runtime.GOMAXPROCS(0))
	}
	if c.MaxOperationsPerUser == 0 && !bad["MAX_OPERATIONS_PER_USER"] {
		c.MaxOperationsPerUser = max(1, c.MaxOperations/2)
	}
	if c.PhotoRoot == "" {
		c.PhotoRoot = c.PhotoRootPath
	}
	if !bad["ROW_SECURITY"] && !bool(c.RowSecurity) {
		c.Warnings = append(c.Warnings, "ROW_SECURITY is off: every user sees the rows of all districts")
	}
	if c.SecretKey != "" && len(c.SecretKey) < 32 {
		c.Warnings = append(c.Warnings, "SECRET_KEY is short: with fewer than 32 characters somebody may find it by trying and make tokens for every user")
	}
	if c.BrokerURL != "" && !bool(c.AsyncMutations) {
		c.Warnings = append(c.Warnings, "CELERY_BROKER_URL is set but ASYNC_MUTATIONS is off: mutations are executed at once, without the broker")
	}
	if c.ModulesFile != "" && c.ModulesList != "" {
		c.Warnings = append(c.Warnings, "OPENIMIS_MODULES wins over OPENIMIS_CONFIG; the file is not read")
	}
	for _, n := range c.TrustedProxies {
		if n.Bits() == 0 && bool(c.RemoteUser) {
			c.Warnings = append(c.Warnings, "TRUSTED_PROXIES has "+n.String()+": anybody who reaches the server can sign in as anybody")
		}
	}
	return errs
}

// operations is how many operations are executed at once by default. What more there were would only take turns on
// the processors: those of this process for the embedded database, which computes in it, and for others often those
// of the same machine.
func operations(kind string, processors int) Count {
	if kind == "sqlite" {
		return Count(max(4, 2*processors))
	}
	return Count(min(16, max(8, 4*processors)))
}

// Embedded says whether the database is the embedded one.
func (c *Config) Embedded() bool { return c.DatabaseURL.Kind() == "sqlite" }

// SecretFile is where the secret of tokens is kept without SECRET_KEY: beside the embedded database. ""
// means in the database, which several servers may share.
func (c *Config) SecretFile() string {
	path, embedded := strings.CutPrefix(string(c.DatabaseURL), "sqlite:")
	if !embedded {
		return ""
	}
	path, _, _ = strings.Cut(strings.TrimPrefix(path, "//"), "?")
	return filepath.Join(filepath.Dir(path), "secret.key")
}

// Now is the clock: the fixed instant, or the time.
func (c *Config) Now() time.Time {
	if !c.FixedNow.IsZero() {
		return c.FixedNow.Time
	}
	return time.Now()
}

// Modules reads the list of modules; nil means all that are compiled in.
func (c *Config) Modules() ([]Module, error) {
	if c.ModulesList != "" {
		return ParseModuleList("OPENIMIS_MODULES", c.ModulesList)
	}
	if c.ModulesFile == "" {
		return nil, nil
	}
	data, err := os.ReadFile(filepath.Clean(c.ModulesFile))
	if err != nil {
		return nil, fmt.Errorf("OPENIMIS_CONFIG=%q: %w; allowed: the path of an openimis.json file", c.ModulesFile, errors.Unwrap(err))
	}
	return ParseModulesFile(c.ModulesFile, data)
}
