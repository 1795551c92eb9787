package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func load(t *testing.T, vars map[string]string) *Config {
	t.Helper()
	c, err := FromEnvironment(vars)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaultsServeBothRootsOnLoopbackWithTheEmbeddedDatabase(t *testing.T) {
	c := load(t, map[string]string{"SECRET_KEY": "", "DB_HOST": "  "})
	for name, got := range map[string][2]string{
		"site root": {c.SiteRoot.String(), "api,iapi"},
		"listen":    {string(c.Listen), "127.0.0.1:8000"},
		"database":  {string(c.DatabaseURL), "sqlite:data/openimis.db"},
		"header":    {string(c.RemoteUserHeader), "Remote-User"},
		"proxies":   {c.TrustedProxies.String(), "127.0.0.0/8,::1/128"},
		"max body":  {c.MaxBody.String(), "10MB"},
		"log level": {c.LogLevel.String(), "info"},
		"request":   {c.RequestTimeout.String(), "1m0s"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s is %q, want %q", name, got[0], got[1])
		}
	}
	if bool(c.RemoteUser) || !bool(c.RowSecurity) || bool(c.AsyncMutations) || c.ListCap != 10000 || !c.Embedded() || len(c.Warnings) > 0 {
		t.Errorf("defaults: %+v", c)
	}
	modules, err := c.Modules()
	if modules != nil || err != nil {
		t.Errorf("modules: %v, %v", modules, err)
	}
}

func TestDatabaseURLFromTheVariablesOfThePythonDistribution(t *testing.T) {
	for _, c := range []struct {
		name     string
		vars     map[string]string
		url      string
		warnings int
	}{
		{"the engine of 2019", map[string]string{"DB_ENGINE": "sql_server.pyodbc", "DB_HOST": "db", "DB_PORT": "1433", "DB_NAME": "IMIS", "DB_USER": "sa", "DB_PASSWORD": "p@ss/w:rd",
			"DB_OPTIONS": `{"driver": "ODBC Driver 17 for SQL Server", "unicode_results": true}`}, "sqlserver://sa:p%40ss%2Fw%3Ard@db:1433?database=IMIS", 0},
		{"no engine means SQL Server", map[string]string{"DB_HOST": "db", "DB_NAME": "IMIS"}, "sqlserver://db?database=IMIS", 0},
		{"options of ODBC", map[string]string{"DB_ENGINE": "mssql", "DB_HOST": "db", "DB_NAME": "IMIS", "DB_OPTIONS": `{"extra_params": "Encrypt=no;TrustServerCertificate=yes;Pooling=x"}`},
			"sqlserver://db?TrustServerCertificate=true&database=IMIS&encrypt=false", 1},
		{"instance", map[string]string{"DB_ENGINE": "mssql", "DB_HOST": `tcp:db\EXPRESS`, "DB_NAME": "IMIS"}, "sqlserver://db/EXPRESS?database=IMIS", 0},
		{"port after a comma", map[string]string{"DB_ENGINE": "mssql", "DB_HOST": "db,1444", "DB_NAME": "IMIS"}, "sqlserver://db:1444?database=IMIS", 0},
		{"postgresql", map[string]string{"DB_ENGINE": "postgresql", "DB_HOST": "pg", "DB_NAME": "imis", "DB_USER": "u", "DB_PASSWORD": "p"}, "postgres://u:p@pg/imis?options=-c%20search_path%3Ddjango%2Cpublic", 0},
		{"Django's name", map[string]string{"DB_ENGINE": "django.db.backends.postgresql", "DB_HOST": "pg", "DB_PORT": "5433", "DB_NAME": "imis", "DB_OPTIONS": `{"sslmode": "require", "odd": 1}`},
			"postgres://pg:5433/imis?sslmode=require", 1},
		{"options with blanks", map[string]string{"DB_ENGINE": "postgresql", "DB_HOST": "pg", "DB_NAME": "imis", "DB_OPTIONS": `{"options":"-c search_path=one,two -c statement_timeout=5s"}`},
			"postgres://pg/imis?options=-c%20search_path%3Done%2Ctwo%20-c%20statement_timeout%3D5s", 0},
		{"IPv6", map[string]string{"DB_ENGINE": "postgresql", "DB_HOST": "fd00::7", "DB_NAME": "imis", "DB_OPTIONS": `{}`}, "postgres://[fd00::7]/imis", 0},
		{"sqlite", map[string]string{"DB_ENGINE": "django.db.backends.sqlite3", "DB_NAME": "x.db"}, "sqlite:x.db", 0},
		{"DATABASE_URL wins", map[string]string{"DB_ENGINE": "mssql", "DB_HOST": "db", "DB_NAME": "IMIS", "DATABASE_URL": "postgres://pg/imis"}, "postgres://pg/imis", 0},
		{"folder of the embedded database", map[string]string{"DATA_DIR": "/var/lib/openimis"}, "sqlite:/var/lib/openimis/openimis.db", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := load(t, c.vars)
			if string(got.DatabaseURL) != c.url {
				t.Errorf("got  %s\nwant %s", got.DatabaseURL, c.url)
			}
			if len(got.Warnings) != c.warnings {
				t.Errorf("warnings: %q", got.Warnings)
			}
		})
	}
}

func TestABadValueIsOneLineWithVariableValueAndWhatIsAllowed(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"SITE_ROOT", "rest", `SITE_ROOT="rest"; allowed: api, iapi, or api,iapi`},
		{"SITE_ROOT", "api,api", `allowed: api, iapi`},
		{"LISTEN", "8000", `LISTEN="8000"; allowed: host:port or :port`},
		{"LISTEN", ":99999", `the port must be a number from 0 to 65535`},
		{"DATABASE_URL", "mysql://h/db", `DATABASE_URL="mysql://h/db": unknown kind of database; allowed: sqlite:PATH`},
		{"DATABASE_URL", "postgres:///imis", `the host is missing`},
		{"DATABASE_URL", "sqlite:", `the path is missing`},
		{"DATABASE_URL", "postgres://u:hush/1@h/imis", `DATABASE_URL="postgres://u:********@h/imis": the user name or the password has a character that must be percent-encoded`},
		{"DATABASE_URL", "sqlserver://u:hu#sh@h?database=x", `must be percent-encoded`},
		{"DATABASE_URL", "postgres://u:hu%zzsh@h/imis", `must be percent-encoded`},
		{"DATABASE_URL", "postgres://u:hush@a/b@h/imis", `must be percent-encoded`},
		{"DATABASE_URL", "postgres://h:x5/imis", `the port is not a number from 1 to 65535`},
		{"DATABASE_URL", "postgres://u:hush@fd00::1/imis", `stands in brackets`},
		{"DATABASE_URL", "postgres:h/imis", `// is missing after the colon`},
		{"DATABASE_READ_URL", "postgres://h:70000/imis", `the port is not a number from 1 to 65535`},
		{"DB_ENGINE", "oracle", `DB_ENGINE="oracle"; allowed: django.db.backends.postgresql,`},
		{"DB_ENGINE", "mssql", `DB_HOST is not set`},
		{"DB_ENGINE", "mssql", `DB_NAME is not set`},
		{"DB_PORT", "http", `DB_PORT="http"; allowed: a number from 1 to 65535`},
		{"DB_OPTIONS", `{"password": "hush"`, `DB_OPTIONS="********": it is not valid JSON (character 19); allowed: a JSON object`},
		{"DB_OPTIONS", `["hush"]`, `DB_OPTIONS="********": it is valid JSON, but not an object; allowed: a JSON object`},
		{"DB_OPTIONS", `{"options": {"search_path": "hush"}}`, `the value of options is not a text, a number or true or false`},
		{"DATABASE_READ_URL", "postgres://replica/imis", `DATABASE_READ_URL="postgres://replica/imis": the database is sqlite; allowed: a URL of the same kind`},
		{"TRUSTED_PROXIES", "10.0.0.0/33", `"10.0.0.0/33" is neither; allowed: addresses or CIDRs`},
		{"REMOTE_USER_HEADER_NAME", "HTTP_REMOTE USER", `allowed: a header as Django spells it`},
		{"ROW_SECURITY", "maybe", `ROW_SECURITY="maybe"; allowed: true or false`},
		{"ASYNC_MUTATIONS", "2", `allowed: true or false`},
		{"ALLOWED_HOSTS", `["a",`, `allowed: host names`},
		{"ALLOWED_HOSTS", `[1]`, `allowed: host names`},
		{"ALLOWED_HOSTS", `https://imis.example.org`, `"https://imis.example.org" is not a host name`},
		{"ALLOWED_HOSTS", `imis.example.org/api`, `is not a host name`},
		{"ALLOWED_HOSTS", `imis.*.org`, `is not a host name`},
		{"ALLOWED_HOSTS", `*imis.org`, `is not a host name`},
		{"ALLOWED_HOSTS", `imis.org:http`, `is not a host name`},
		{"DB_ENGINE", "mssql", `DB_HOST is not set`},
		{"CELERY_BROKER_URL", "redis://:hush@h", `CELERY_BROKER_URL="redis://:********@h"; allowed: amqp://`},
		{"IMIS_FIXED_NOW", "yesterday", `allowed: a date (2019-06-30)`},
		{"LIST_CAP", "0", `allowed: a number from 1 to 1000000`},
		{"TIME_ZONE", "Dar es Salaam", `TIME_ZONE="Dar es Salaam"; allowed: a name of the IANA time zone database`},
		{"TIME_ZONE", "Local", `allowed: a name of the IANA time zone database`},
		{"LOG_LEVEL", "loud", `allowed: debug, info, warn or error`},
		{"LOG_FORMAT", "xml", `allowed: text or json`},
		{"REQUEST_TIMEOUT", "-1s", `allowed: seconds or a duration`},
		{"MAX_BODY", "2TB", `allowed: bytes, or a number with KB, MB or GB`},
		{"MAX_BODY", "9223372036854775807GB", `allowed: bytes`},
	} {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			_, err := FromEnvironment(map[string]string{c.name: c.value})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("shows a secret: %v", err)
			}
		})
	}
}

func TestBadValuesAreReportedTogether(t *testing.T) {
	_, err := FromEnvironment(map[string]string{"SITE_ROOT": "x", "LISTEN": "y", "LIST_CAP": "z", "DB_ENGINE": "w"})
	if err == nil || len(strings.Split(err.Error(), "\n")) != 4 {
		t.Errorf("want four lines, got %v", err)
	}
}

func TestTheClockIsFrozenOnAnEmbeddedDatabaseOnly(t *testing.T) {
	c := load(t, map[string]string{"IMIS_FIXED_NOW": "2019-06-30"})
	if want := time.Date(2019, 6, 30, 0, 0, 0, 0, time.UTC); !c.Now().Equal(want) {
		t.Errorf("now is %s", c.Now())
	}
	c = load(t, map[string]string{"IMIS_FIXED_NOW": "2019-06-30T12:00:00+02:00"})
	if want := time.Date(2019, 6, 30, 10, 0, 0, 0, time.UTC); !c.Now().Equal(want) {
		t.Errorf("now is %s", c.Now())
	}
	_, err := FromEnvironment(map[string]string{"IMIS_FIXED_NOW": "2019-06-30", "DATABASE_URL": "sqlserver://h?database=IMIS"})
	if err == nil || !strings.Contains(err.Error(), "embedded database only") {
		t.Errorf("accepted on SQL Server: %v", err)
	}
	if load(t, nil).Now().Before(time.Now().Add(-time.Minute)) {
		t.Error("the clock stands still")
	}
}

func TestRemoteUser(t *testing.T) {
	for value, on := range map[string]bool{"True": true, "1": true, "anything": true, "False": false, "0": false, "": false} {
		if got := load(t, map[string]string{"REMOTE_USER_AUTHENTICATION": value}); bool(got.RemoteUser) != on {
			t.Errorf("REMOTE_USER_AUTHENTICATION=%q is %v", value, got.RemoteUser)
		}
	}
	for value, header := range map[string]Header{"HTTP_REMOTE_USER": "Remote-User", "HTTP_X_AUTH_USER": "X-Auth-User", "remote-user": "Remote-User", "REMOTE_USER": "Remote-User"} {
		if got := load(t, map[string]string{"REMOTE_USER_HEADER_NAME": value}); got.RemoteUserHeader != header {
			t.Errorf("REMOTE_USER_HEADER_NAME=%q is %q", value, got.RemoteUserHeader)
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	c := load(t, map[string]string{"TRUSTED_PROXIES": "10.1.2.3/8, 192.168.1.7 , ::1"})
	for addr, want := range map[string]bool{"10.255.0.1": true, "::ffff:10.0.0.1": true, "192.168.1.7": true, "192.168.1.8": false, "::1": true, "127.0.0.1": false} {
		if c.TrustedProxies.Contains(netip.MustParseAddr(addr)) != want {
			t.Errorf("%s trusted: %v", addr, !want)
		}
	}
	if c := load(t, map[string]string{"TRUSTED_PROXIES": "none"}); c.TrustedProxies.Contains(netip.MustParseAddr("127.0.0.1")) {
		t.Error("none trusts somebody")
	}
}

func TestWhatIsUnsafeWarns(t *testing.T) {
	c := load(t, map[string]string{"ROW_SECURITY": "False", "TRUSTED_PROXIES": "0.0.0.0/0", "REMOTE_USER_AUTHENTICATION": "1", "CELERY_BROKER_URL": "amqp://h",
		"OPENIMIS_MODULES": "core", "OPENIMIS_CONFIG": "openimis.json"})
	if len(c.Warnings) != 4 {
		t.Errorf("warnings: %q", c.Warnings)
	}
}

func TestAllowedHosts(t *testing.T) {
	for _, c := range []struct{ value, served, refused string }{
		{`["a.org", "b.org"]`, "a.org b.org A.org:8000 a.org.", "c.org x.a.org"},
		{"a.org b.org", "a.org b.org:81", ""},
		{"a.org, b.org", "a.org b.org", "a.orgb.org"},
		{"*", "a.org 10.0.0.1 [::1]:8000", ""},
		{".a.org", "a.org x.a.org x.y.a.org:8000", "ba.org a.org.evil.com"},
		{"*.a.org", "x.a.org x.y.a.org", "a.org ba.org"},
		{"a.org:8000", "a.org:8000 A.ORG:8000", "a.org a.org:8001 b.org:8000"},
		{"a.org:443", "a.org a.org:443", "a.org:444"},
		{"*.a.org:8000", "x.a.org:8000", "x.a.org:80 x.a.org"},
		{"::1 [fd00::1]:8000 127.0.0.1", "[::1] [::1]:99 [fd00::1]:8000 127.0.0.1:5", "[fd00::1]:8001 [::2]"},
	} {
		hosts := load(t, map[string]string{"ALLOWED_HOSTS": c.value}).AllowedHosts
		for _, h := range strings.Fields(c.served) {
			if !hosts.Allow(h) {
				t.Errorf("ALLOWED_HOSTS=%s refuses %s", c.value, h)
			}
		}
		for _, h := range strings.Fields(c.refused) {
			if hosts.Allow(h) {
				t.Errorf("ALLOWED_HOSTS=%s serves %s", c.value, h)
			}
		}
	}
}

// Every driver must find the host where the operator meant it, whatever is in the password.
func TestPasswordsWithSpecialCharacters(t *testing.T) {
	for given, want := range map[string]string{
		"postgres://u:p@ss@h:5432/imis":          "postgres://u:p%40ss@h:5432/imis",
		"postgres://u:p%40s%2Fs@h/imis?a=b@c":    "postgres://u:p%40s%2Fs@h/imis?a=b@c",
		"postgres://u@corp:p@h1:1,h2:2/imis":     "postgres://u%40corp:p@h1:1,h2:2/imis",
		"sqlserver://sa:x@y:z@h:1433?database=I": "sqlserver://sa:x%40y%3Az@h:1433?database=I",
		"postgres://h/imis?sslmode=require":      "postgres://h/imis?sslmode=require",
		"postgres:///imis?host=/run/postgresql":  "postgres:///imis?host=/run/postgresql",
	} {
		if got := load(t, map[string]string{"DATABASE_URL": given}).DatabaseURL; string(got) != want {
			t.Errorf("%s\n is %s\nwant %s", given, got, want)
		}
	}
}

func TestThePrintHidesSecretsAndTellsWhereFrom(t *testing.T) {
	vars := map[string]string{
		"DB_ENGINE": "mssql", "DB_HOST": "db", "DB_NAME": "IMIS", "DB_USER": "sa", "DB_PASSWORD": "hush-1", "SECRET_KEY": "hush-2",
		"DB_OPTIONS":        `{"extra_params": "app=hush-3"}`,
		"CELERY_BROKER_URL": "amqp://u:hush-4@h", "DATABASE_READ_URL": "sqlserver://u:hush@-5@h?database=x&Password=hush-6", "ASYNC_MUTATIONS": "1",
		"PHOTO_ROOT_PATH": "/photos",
	}
	c := load(t, vars)
	var out strings.Builder
	if err := c.Print(&out); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hush-1", "hush-2", "hush-4", "hush@", "-5@", "hush-6"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("shows %s:\n%s", secret, &out)
		}
	}
	settings := map[string]Setting{}
	for _, s := range c.Masked() {
		settings[s.Name] = s
	}
	for _, want := range []Setting{
		{"DATABASE_URL", "sqlserver://sa:********@db?app+name=hush-3&database=IMIS", "DB_*"},
		{"DB_PASSWORD", mask, "environment"},
		{"SECRET_KEY", mask, "environment"},
		{"LISTEN", "127.0.0.1:8000", "default"},
		{"ASYNC_MUTATIONS", "true", "environment"},
		{"ROW_SECURITY", "true", "default"},
		{"PHOTO_ROOT", "/photos", "PHOTO_ROOT_PATH"},
		{"LOG_LEVEL", "info", "default"},
		{"DB_PORT", "", "default"},
		{"IMIS_FIXED_NOW", "", "default"},
	} {
		if settings[want.Name] != want {
			t.Errorf("got %v, want %v", settings[want.Name], want)
		}
	}
	if load(t, nil).Masked()[2].Source != "DATA_DIR" {
		t.Errorf("source of the embedded database: %v", load(t, nil).Masked()[2])
	}
}

func TestModulesComeFromTheFileOrTheShortForm(t *testing.T) {
	file := filepath.Join(t.TempDir(), "openimis.json")
	if err := os.WriteFile(file, []byte(`{"modules": [{"name": "core", "pip": "openimis-be-core==1.2.0"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := load(t, map[string]string{"OPENIMIS_CONFIG": file}).Modules()
	if err != nil || len(got) != 1 || got[0] != (Module{Name: "core", Version: "1.2.0", Where: file + ", line 1"}) {
		t.Errorf("from the file: %v, %v", got, err)
	}
	got, err = load(t, map[string]string{"OPENIMIS_CONFIG": file, "OPENIMIS_MODULES": "claim@0.0.16"}).Modules()
	if err != nil || len(got) != 1 || got[0] != (Module{Name: "claim", Version: "0.0.16", Where: "OPENIMIS_MODULES"}) {
		t.Errorf("from the short form: %v, %v", got, err)
	}
	_, err = load(t, map[string]string{"OPENIMIS_CONFIG": file + ".missing"}).Modules()
	if err == nil || !strings.Contains(err.Error(), "no such file") || !strings.Contains(err.Error(), "OPENIMIS_CONFIG") {
		t.Errorf("missing file: %v", err)
	}
}

// Few processors execute few operations at once, however many are asked for.
func TestOperationsAtOnce(t *testing.T) {
	for _, c := range []struct {
		kind       string
		processors int
		want       Count
	}{
		{"sqlite", 1, 4}, {"sqlite", 2, 4}, {"sqlite", 8, 16}, {"sqlite", 32, 64},
		{"postgres", 1, 8}, {"postgres", 2, 8}, {"postgres", 3, 12}, {"sqlserver", 4, 16}, {"sqlserver", 64, 16},
	} {
		if got := operations(c.kind, c.processors); got != c.want {
			t.Errorf("%s, %d processors: %d, want %d", c.kind, c.processors, got, c.want)
		}
	}
}
