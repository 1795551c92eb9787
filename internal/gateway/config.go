package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/openimis/openimis-be-go/internal/config"
)

// Config is what the environment says about the gateway.
type Config struct {
	Listen        config.Address `env:"LISTEN" envDefault:"127.0.0.1:8080" allowed:"host:port or :port"`
	ListenHTTP    config.Address `env:"LISTEN_HTTP" allowed:"host:port or :port: plain HTTP that leads to HTTPS"`
	ListenMetrics config.Address `env:"LISTEN_METRICS" allowed:"host:port that only operators reach"`

	TLSCert   string      `env:"TLS_CERT"`
	TLSKey    string      `env:"TLS_KEY"`
	ACMEHosts config.List `env:"ACME_HOSTS" allowed:"host names separated by commas"`
	ACMEEmail string      `env:"ACME_EMAIL"`
	ACMEURL   URL         `env:"ACME_DIRECTORY" allowed:"the https URL of an ACME directory"`

	IBackend  Upstreams `env:"IBACKEND_URLS" envDefault:"http://127.0.0.1:8001" allowed:"http(s) URLs without a path, separated by commas"`
	Backend   Upstreams `env:"BACKEND_URLS" envDefault:"http://127.0.0.1:8002" allowed:"http(s) URLs without a path, separated by commas"`
	Legacy    Upstreams `env:"LEGACY_URL" allowed:"http(s) URLs without a path"`
	Front     Upstreams `env:"FRONT_URL" allowed:"http(s) URLs without a path"`
	FrontDir  string    `env:"FRONT_DIR"`
	WellKnown string    `env:"WELL_KNOWN_DIR"`
	DataDir   string    `env:"DATA_DIR" envDefault:"./data"`

	LegacyLoginPages config.List `env:"LEGACY_LOGIN_PAGES" envDefault:"/,/Default.aspx" allowed:"paths separated by commas"`
	LegacyPassword   string      `env:"LEGACY_PASSWORD_FIELD" envDefault:"txtPassword" allowed:"the name of a form field"`
	LegacyVerify     config.Bool `env:"LEGACY_VERIFY" envDefault:"true" allowed:"true or false"`

	SessionSecret string          `env:"SESSION_SECRET" secret:"true" allowed:"32 characters or more; several separated by blanks, the newest first"`
	SessionIdle   config.Duration `env:"SESSION_IDLE" envDefault:"1h" allowed:"seconds or a duration such as 1h, more than 0"`
	SessionMax    config.Duration `env:"SESSION_MAX" envDefault:"12h" allowed:"seconds or a duration such as 12h, more than 0"`
	UserHeader    config.Header   `env:"REMOTE_USER_HEADER_NAME" envDefault:"HTTP_REMOTE_USER" allowed:"a header as Django spells it (HTTP_REMOTE_USER) or as HTTP does (Remote-User)"`

	AllowedHosts      config.Hosts    `env:"ALLOWED_HOSTS" envDefault:"*" allowed:"host names separated by commas, or a JSON array of them; with or without a port, .example.org for a domain and all below it, *.example.org for what is below it, * for all"`
	TrustedProxies    config.Networks `env:"TRUSTED_PROXIES" envDefault:"none" allowed:"addresses or CIDRs separated by commas, or none"`
	LoginsPerMinute   config.Count    `env:"LOGINS_PER_MINUTE" envDefault:"20" allowed:"a number from 1 to 1000000"`
	MaxUpload         config.Size     `env:"MAX_UPLOAD" envDefault:"100MB" allowed:"bytes, or a number with KB, MB or GB, from 1KB to 1GB"`
	HealthInterval    config.Duration `env:"HEALTH_INTERVAL" envDefault:"1s" allowed:"seconds or a duration such as 2s, more than 0"`
	ReadHeaderTimeout config.Duration `env:"READ_HEADER_TIMEOUT" envDefault:"10s" allowed:"seconds or a duration such as 1m30s, more than 0"`
	BodyTimeout       config.Duration `env:"BODY_TIMEOUT" envDefault:"30s" allowed:"seconds or a duration such as 1m30s, more than 0"`
	IdleTimeout       config.Duration `env:"IDLE_TIMEOUT" envDefault:"120s" allowed:"seconds or a duration such as 1m30s, more than 0"`
	UpstreamTimeout   config.Duration `env:"UPSTREAM_TIMEOUT" envDefault:"90s" allowed:"seconds or a duration such as 1m30s, more than 0"`
	DrainDelay        config.Pause    `env:"DRAIN_DELAY" envDefault:"2s" allowed:"seconds or a duration such as 5s, or 0"`
	ShutdownTimeout   config.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"20s" allowed:"seconds or a duration such as 1m30s, more than 0"`
	LogLevel          config.Level    `env:"LOG_LEVEL" envDefault:"info" allowed:"debug, info, warn or error"`
	LogFormat         config.Format   `env:"LOG_FORMAT" allowed:"text or json"`
}

// Load reads the environment of the process. The error has a line for each variable that is wrong.
func Load() (*Config, error) { return FromEnvironment(env.ToMap(os.Environ())) }

// FromEnvironment reads the given variables.
func FromEnvironment(vars map[string]string) (*Config, error) {
	c := &Config{}
	errs := []error{config.Read(c, vars)}
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if (c.TLSCert == "") != (c.TLSKey == "") {
		bad("TLS_CERT=%q and TLS_KEY=%q: set both, or neither", c.TLSCert, c.TLSKey)
	}
	if c.TLSCert != "" && len(c.ACMEHosts) > 0 {
		bad("ACME_HOSTS=%q: TLS_CERT is set as well; set one of them", c.ACMEHosts)
	}
	if c.ListenHTTP != "" && !c.TLS() {
		bad("LISTEN_HTTP=%q: it leads to HTTPS, so TLS_CERT and TLS_KEY, or ACME_HOSTS, are needed too", c.ListenHTTP)
	}
	if c.FrontDir != "" && len(c.Front) > 0 {
		bad("FRONT_DIR=%q: FRONT_URL is set as well; set one of them", c.FrontDir)
	}
	if c.FrontDir != "" {
		if info, err := os.Stat(filepath.Join(c.FrontDir, "index.html")); err != nil || info.IsDir() {
			bad("FRONT_DIR=%q: there is no index.html in it; allowed: the folder of a React build", c.FrontDir)
		}
	}
	if c.SessionMax < c.SessionIdle {
		bad("SESSION_MAX=%q: a session cannot end before SESSION_IDLE (%s)", c.SessionMax, c.SessionIdle)
	}
	for _, s := range strings.Fields(c.SessionSecret) {
		if len(s) < minSecret {
			bad("SESSION_SECRET: a secret has fewer than %d characters; allowed: %d characters or more, several separated by blanks", minSecret, minSecret)
			break
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// TLS says whether the gateway speaks HTTPS itself.
func (c *Config) TLS() bool { return c.TLSCert != "" || len(c.ACMEHosts) > 0 }

const minSecret = 32

// secrets are those that sessions are sealed with, the newest first. Without a setting one is made and
// kept in DATA_DIR, so that sessions survive a restart; several gateways need the setting.
func (c *Config) secrets() ([]string, error) {
	if list := strings.Fields(c.SessionSecret); len(list) > 0 {
		return list, nil
	}
	path := filepath.Join(c.DataDir, "gateway.secret")
	text, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(text))) >= minSecret {
		return []string{strings.TrimSpace(string(text))}, nil
	}
	if err == nil {
		return nil, fmt.Errorf("%s: the secret in it is too short; remove the file to have a new one made", path)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the secret of the sessions: %w", err)
	}
	var random [32]byte
	_, _ = rand.Read(random[:])
	made := base64.RawURLEncoding.EncodeToString(random[:])
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("keep the secret of the sessions: %w", err)
	}
	if err := os.WriteFile(path, []byte(made+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("keep the secret of the sessions (or set SESSION_SECRET): %w", err)
	}
	return []string{made}, nil
}

// URL is an absolute http or https URL.
type URL struct{ *url.URL }

// UnmarshalText implements encoding.TextUnmarshaler.
func (u *URL) UnmarshalText(text []byte) error {
	p, err := url.Parse(strings.TrimSpace(string(text)))
	if err != nil || p.Scheme != "http" && p.Scheme != "https" || p.Host == "" || p.User != nil {
		return errors.New("")
	}
	u.URL = p
	return nil
}

// Upstreams are the addresses of equal servers.
type Upstreams []*url.URL

// UnmarshalText implements encoding.TextUnmarshaler.
func (u *Upstreams) UnmarshalText(text []byte) error {
	var out Upstreams
	for _, part := range strings.FieldsFunc(string(text), func(r rune) bool { return r == ',' || r == ' ' }) {
		var one URL
		if err := one.UnmarshalText([]byte(part)); err != nil {
			return err
		}
		if strings.Trim(one.Path, "/") != "" || one.RawQuery != "" || one.Fragment != "" {
			return fmt.Errorf("%q has a path", part)
		}
		if slices.ContainsFunc(out, func(o *url.URL) bool { return o.Scheme == one.Scheme && o.Host == one.Host }) {
			return fmt.Errorf("%q is named twice", part)
		}
		out = append(out, &url.URL{Scheme: one.Scheme, Host: one.Host})
	}
	if len(out) == 0 {
		return errors.New("")
	}
	*u = out
	return nil
}

// String implements fmt.Stringer.
func (u Upstreams) String() string {
	var parts []string
	for _, one := range u {
		parts = append(parts, one.String())
	}
	return strings.Join(parts, ",")
}
