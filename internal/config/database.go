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
	if strings.ContainsAny(c.DBHost, "@/?# \t") {
		errs = append(errs, errors.New("DB_HOST has a character that no host name has (@ / ? # or a blank); allowed: the database server's host name alone; user and password have variables of their own"))
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
	host := hostPort(c.DBHost, int(c.DBPort))
	q := url.Values{}
	if _, given := c.given["DB_OPTIONS"]; !given {
		q.Set("options", searchPath)
	}
	for _, key := range c.DBOptions.keys() {
		if slices.Contains(postgresOptions, key) {
			q.Set(key, c.DBOptions.text(key))
		} else if !harmless[key] {
			c.Warnings = append(c.Warnings, "DB_OPTIONS: "+key+" has no meaning for PostgreSQL here and is ignored")
		}
	}
	u := url.URL{Scheme: "postgres", User: c.credentials(), Host: host, Path: "/" + c.DBName, RawQuery: encode(q)}
	return DatabaseURL(u.String())
}

// searchPath is where the Python distribution looks for tables unless DB_OPTIONS says otherwise.
const searchPath = "-c search_path=django,public"

// encode writes a query with blanks as %20: libpq and its like take a + for itself.
func encode(q url.Values) string { return strings.ReplaceAll(q.Encode(), "+", "%20") }

// hostPort joins host and port, with the brackets of IPv6; 0 is not a port.
func hostPort(host string, port int) string {
	switch {
	case port != 0:
		return net.JoinHostPort(host, strconv.Itoa(port))
	case strings.Contains(host, ":"):
		return "[" + host + "]"
	}
	return host
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
		if err != nil || n < 1 || n > 65535 {
			return "", fmt.Errorf(`DB_HOST=%q: after the comma the port is expected, a number from 1 to 65535; allowed: host, host,port or host\instance`, c.DBHost)
		}
		host, port = before, n
	}
	host = hostPort(host, port)
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

// UnmarshalText implements encoding.TextUnmarshaler. An @ in the password may stand as it is; what else
// ends a password there has to be percent-encoded, for it would be taken for the host and shown.
func (u *DatabaseURL) UnmarshalText(text []byte) error {
	v := DatabaseURL(text)
	switch v.Kind() {
	case "sqlite":
		if strings.TrimPrefix(string(v), "sqlite:") == "" {
			return errors.New("the path is missing")
		}
	case "postgres", "sqlserver":
		whole, err := wholeURL(string(v))
		if err != nil {
			return err
		}
		v = DatabaseURL(whole)
	default:
		return errors.New("unknown kind of database")
	}
	*u = v
	return nil
}

var errPercent = errors.New("the user name or the password has a character that must be percent-encoded (/ as %2F, ? as %3F, # as %23, % as %25, @ as %40)")

// wholeURL checks scheme://user:password@host:port/path?query and gives it with user and password encoded,
// so that every driver finds the same host in it. Its errors show nothing of the password.
func wholeURL(s string) (string, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return "", errors.New("// is missing after the colon")
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	path, _, _ := strings.Cut(tail, "?")
	if strings.ContainsAny(path, "@#") || strings.Contains(tail, "#") {
		return "", errPercent
	}
	user := ""
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		name, password, has := strings.Cut(authority[:at], ":")
		plainName, err1 := url.PathUnescape(name)
		plainPassword, err2 := url.PathUnescape(password)
		if err1 != nil || err2 != nil {
			return "", errPercent
		}
		info := url.User(plainName)
		if has {
			info = url.UserPassword(plainName, plainPassword)
		}
		user, authority = info.String()+"@", authority[at+1:]
	}
	query, err := url.ParseQuery(strings.TrimPrefix(tail[len(path):], "?"))
	if err != nil {
		return "", errors.New("the part after the question mark is not name=value&name=value (special characters must be percent-encoded)")
	}
	if authority == "" && !query.Has("host") {
		return "", errors.New("the host is missing")
	}
	for _, host := range strings.Split(authority, ",") { // PostgreSQL takes several
		colon := strings.LastIndexByte(host, ':')
		if colon <= strings.LastIndexByte(host, ']') {
			continue
		}
		if n, err := strconv.Atoi(host[colon+1:]); err != nil || n < 1 || n > 65535 || strings.Contains(host[:colon], ":") && host[0] != '[' {
			if user == "" { // it may be a password, cut off by what follows it
				return "", errors.New("the port is not a number from 1 to 65535, or a special character in the password is not percent-encoded")
			}
			return "", errors.New("the port is not a number from 1 to 65535 (an address of IPv6 stands in brackets)")
		}
	}
	return scheme + "://" + user + authority + tail, nil
}
