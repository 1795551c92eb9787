package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// engines translates the values of DB_ENGINE, those that the Python distribution and its compose
// files have used over the years, to the kind of database.
var engines = map[string]string{
	"mssql":                                  "sqlserver",
	"sql_server.pyodbc":                      "sqlserver",
	"sqlserver":                              "sqlserver",
	"django.db.backends.postgresql":          "postgres",
	"django.db.backends.postgresql_psycopg2": "postgres",
	"postgresql":                             "postgres",
	"postgres":                               "postgres",
	"django.db.backends.sqlite3":             "sqlite",
	"sqlite":                                 "sqlite",
}

// defaultEngine is what the Python distribution takes without DB_ENGINE.
const defaultEngine = "sql_server.pyodbc"

// database sets DatabaseURL: as given, from DB_*, or embedded.
func (c *Config) database(bad map[string]bool) []error {
	if c.DatabaseURL != "" {
		return nil
	}
	if c.DBEngine == "" && c.DBHost == "" && c.DBName == "" {
		c.DatabaseURL = DatabaseURL("sqlite:" + filepath.ToSlash(filepath.Join(c.DataDir, "openimis.db")))
		return nil
	}
	engine := c.DBEngine
	if engine == "" {
		engine = defaultEngine
	}
	kind, ok := engines[engine]
	if !ok {
		known := make([]string, 0, len(engines))
		for name := range engines {
			known = append(known, name)
		}
		slices.Sort(known)
		return []error{fmt.Errorf("DB_ENGINE=%q; allowed: %s", c.DBEngine, strings.Join(known, ", "))}
	}
	var errs []error
	if c.DBName == "" {
		errs = append(errs, fmt.Errorf("DB_NAME is not set but DB_ENGINE or DB_HOST is; allowed: the name of the database"))
	}
	if c.DBHost == "" && kind != "sqlite" {
		errs = append(errs, fmt.Errorf("DB_HOST is not set but DB_ENGINE or DB_NAME is; allowed: the database server's host name"))
	}
	if len(errs) > 0 || bad["DB_PORT"] || bad["DB_OPTIONS"] {
		return errs
	}
	var err error
	switch kind {
	case "sqlite":
		c.DatabaseURL = DatabaseURL("sqlite:" + c.DBName)
	case "postgres":
		c.DatabaseURL = c.postgresURL()
	default:
		c.DatabaseURL, err = c.sqlServerURL()
	}
	if err != nil {
		errs = append(errs, err)
	}
	return errs
}

func (c *Config) credentials() *url.Userinfo {
	if c.DBUser == "" {
		return nil
	}
	return url.UserPassword(c.DBUser, c.DBPassword)
}

// postgresOptions are the keys of DB_OPTIONS that libpq has and pgx takes in the URL.
var postgresOptions = []string{"sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout", "application_name", "options", "target_session_attrs"}

func (c *Config) postgresURL() DatabaseURL {
	host := c.DBHost
	if c.DBPort != 0 {
		host = net.JoinHostPort(c.DBHost, strconv.Itoa(int(c.DBPort)))
	}
	q := url.Values{}
	for _, key := range c.DBOptions.keys() {
		if slices.Contains(postgresOptions, key) {
			q.Set(key, c.DBOptions.text(key))
		} else if !harmless[key] {
			c.Warnings = append(c.Warnings, "DB_OPTIONS: "+key+" has no meaning for PostgreSQL here and is ignored")
		}
	}
	u := url.URL{Scheme: "postgres", User: c.credentials(), Host: host, Path: "/" + c.DBName, RawQuery: q.Encode()}
	return DatabaseURL(u.String())
}

// harmless are the keys of DB_OPTIONS that concern Python's drivers only.
var harmless = map[string]bool{"driver": true, "unicode_results": true, "host_is_server": true, "extra_params": true,
	"connection_retries": true, "connection_retry_backoff_time": true, "return_rows_bulk_insert": true}

// odbcParams translates the words of ODBC's connection string, as found in extra_params.
var odbcParams = map[string]string{
	"encrypt": "encrypt", "trustservercertificate": "TrustServerCertificate", "applicationintent": "ApplicationIntent",
	"multisubnetfailover": "MultiSubnetFailover", "app": "app name", "hostnameincertificate": "hostNameInCertificate",
}

var odbcValues = map[string]string{"yes": "true", "mandatory": "true", "no": "false", "optional": "false"}

// sqlServerURL takes hosts as ODBC does: host, host,port and host\instance.
func (c *Config) sqlServerURL() (DatabaseURL, error) {
	host := strings.TrimPrefix(c.DBHost, "tcp:")
	host, instance, _ := strings.Cut(host, `\`)
	port := int(c.DBPort)
	if before, after, ok := strings.Cut(host, ","); ok {
		n, err := strconv.Atoi(strings.TrimSpace(after))
		if err != nil {
			return "", fmt.Errorf(`DB_HOST=%q; allowed: host, host,port or host\instance`, c.DBHost)
		}
		host, port = before, n
	}
	if port != 0 {
		host = net.JoinHostPort(host, strconv.Itoa(port))
	}
	q := url.Values{"database": {c.DBName}}
	for _, pair := range strings.Split(c.DBOptions.text("extra_params"), ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if key == "" {
			continue
		}
		name, ok := odbcParams[strings.ToLower(key)]
		if !ok {
			c.Warnings = append(c.Warnings, "DB_OPTIONS: extra_params "+key+" has no meaning here and is ignored")
			continue
		}
		if v, ok := odbcValues[strings.ToLower(value)]; ok {
			value = v
		}
		q.Set(name, value)
	}
	for _, key := range c.DBOptions.keys() {
		if !harmless[key] {
			c.Warnings = append(c.Warnings, "DB_OPTIONS: "+key+" has no meaning for SQL Server here and is ignored")
		}
	}
	u := url.URL{Scheme: "sqlserver", User: c.credentials(), Host: host, RawQuery: q.Encode()}
	if instance != "" {
		u.Path = "/" + instance
	}
	return DatabaseURL(u.String()), nil
}

// DatabaseURL is the URL of a database, with its password.
type DatabaseURL string

// Kind is sqlite, postgres or sqlserver; empty when there is no URL.
func (u DatabaseURL) Kind() string {
	scheme, _, _ := strings.Cut(string(u), ":")
	switch scheme {
	case "postgresql":
		return "postgres"
	case "mssql":
		return "sqlserver"
	}
	return scheme
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (u *DatabaseURL) UnmarshalText(text []byte) error {
	v := DatabaseURL(text)
	switch v.Kind() {
	case "sqlite":
		if strings.TrimPrefix(string(v), "sqlite:") == "" {
			return errors.New("the path is missing")
		}
	case "postgres", "sqlserver":
		parsed, err := url.Parse(string(v))
		if err != nil {
			return errors.New("it is no URL (special characters in a password must be percent-encoded)")
		}
		if parsed.Host == "" && !parsed.Query().Has("host") {
			return errors.New("the host is missing")
		}
	default:
		return errors.New("unknown kind of database")
	}
	*u = v
	return nil
}
