package config

import (
	"fmt"
	"io"
	"net/url"
	"reflect"
	"regexp"
	"strings"
)

const mask = "********"

// Setting is one line of `server config`.
type Setting struct {
	Name   string
	Value  string // masked
	Source string // environment, default, or what it was made of
}

// Masked lists the effective configuration in the order of [Config], without secrets.
func (c *Config) Masked() []Setting {
	list := Settings(c)
	for i := range list {
		list[i].Source = c.source(list[i].Name, list[i].Value == "")
	}
	return list
}

// Settings lists the fields of a struct that Read filled, without secrets and without their source.
func Settings(filled any) []Setting {
	v := reflect.ValueOf(filled).Elem()
	t := v.Type()
	var out []Setting
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("env")
		if name == "" {
			continue
		}
		value := fmt.Sprint(v.Field(i).Interface())
		if t.Field(i).Tag.Get("secret") == "" {
			value = hidePassword(value)
		} else if value = ""; !v.Field(i).IsZero() {
			value = mask
		}
		out = append(out, Setting{Name: name, Value: value})
	}
	return out
}

func (c *Config) source(name string, zero bool) string {
	if _, ok := c.given[name]; ok {
		return "environment"
	}
	switch {
	case name == "DATABASE_URL" && (c.DBEngine != "" || c.DBHost != "" || c.DBName != ""):
		return "DB_*"
	case name == "DATABASE_URL":
		return "DATA_DIR"
	case name == "PHOTO_ROOT" && !zero:
		return "PHOTO_ROOT_PATH"
	}
	return "default"
}

// Print writes the effective configuration, a line per variable: name = value (source).
func (c *Config) Print(w io.Writer) error {
	if err := PrintSettings(w, c.Masked()); err != nil {
		return err
	}
	for _, text := range c.Warnings {
		if _, err := fmt.Fprintf(w, "warning: %s\n", text); err != nil {
			return err
		}
	}
	return nil
}

// PrintSettings writes settings, a line each.
func PrintSettings(w io.Writer, list []Setting) error {
	width := 0
	for _, s := range list {
		width = max(width, len(s.Name))
	}
	for _, s := range list {
		line := fmt.Sprintf("%-*s = %s", width, s.Name, s.Value)
		if s.Source != "" {
			line += "  (" + s.Source + ")"
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// userinfo is what stands between scheme and host, also of a text that is not a valid URL; the password
// reaches to the last @.
var userinfo = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*://)([^:@/]*):(.*)@`)

// hidePassword masks the password of a URL, in its user part and in its query.
func hidePassword(s string) string {
	if !strings.Contains(s, "://") {
		return s
	}
	s = userinfo.ReplaceAllString(s, "${1}${2}:"+mask+"@")
	before, query, ok := strings.Cut(s, "?")
	if !ok {
		return s
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		key, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(key); err != nil || secretKeys[strings.ToLower(plain)] {
			pairs[i] = key + "=" + mask
		}
	}
	return before + "?" + strings.Join(pairs, "&")
}

// secretKeys are the query parameters of the drivers that hold secrets.
var secretKeys = map[string]bool{"password": true, "pwd": true, "sslpassword": true, "accesstoken": true, "clientassertion": true, "client_secret": true}
