package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The types of values; each says in its UnmarshalText what it accepts. An error without text leaves
// it to the field's list of what is allowed.
var errBad = errors.New("")

// Roots are the mount prefixes: api, iapi or both.
type Roots []string

// UnmarshalText implements encoding.TextUnmarshaler. A slash at the end is allowed, as Django's.
func (r *Roots) UnmarshalText(text []byte) error {
	var out Roots
	for _, part := range splitList(string(text)) {
		part = strings.Trim(part, "/")
		if part != "api" && part != "iapi" || slices.Contains(out, part) {
			return errBad
		}
		out = append(out, part)
	}
	if len(out) == 0 {
		return errBad
	}
	*r = out
	return nil
}

// String implements fmt.Stringer.
func (r Roots) String() string { return strings.Join(r, ",") }

func splitList(s string) []string {
	var out []string
	for _, part := range strings.Split(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// Address is where to listen.
type Address string

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Address) UnmarshalText(text []byte) error {
	_, port, err := net.SplitHostPort(string(text))
	if err != nil {
		return errBad
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
		return errors.New("the port must be a number from 0 to 65535")
	}
	*a = Address(text)
	return nil
}

// Port is a TCP port; 0 is the engine's own.
type Port int

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Port) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || n < 1 || n > 65535 {
		return errBad
	}
	*p = Port(n)
	return nil
}

// String implements fmt.Stringer.
func (p Port) String() string {
	if p == 0 {
		return ""
	}
	return strconv.Itoa(int(p))
}

// Options is DB_OPTIONS.
type Options map[string]any

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *Options) UnmarshalText(text []byte) error {
	var m map[string]any
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(text, &m); {
	case errors.As(err, &syntax): // its own text would show a part of the value
		return fmt.Errorf("it is not valid JSON (character %d)", syntax.Offset)
	case err != nil || m == nil:
		return errors.New("it is valid JSON, but not an object")
	}
	for _, key := range (Options)(m).keys() {
		switch m[key].(type) {
		case map[string]any, []any:
			return fmt.Errorf("the value of %s is not a text, a number or true or false", key)
		}
	}
	*o = m
	return nil
}

func (o Options) keys() []string {
	keys := make([]string, 0, len(o))
	for k := range o {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (o Options) text(key string) string {
	if v, ok := o[key]; ok && v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// Networks are the addresses that are believed.
type Networks []netip.Prefix

// UnmarshalText implements encoding.TextUnmarshaler. "none" is the empty list.
func (n *Networks) UnmarshalText(text []byte) error {
	out := Networks{}
	if strings.EqualFold(strings.TrimSpace(string(text)), "none") {
		*n = out
		return nil
	}
	for _, part := range splitList(string(text)) {
		if addr, err := netip.ParseAddr(part); err == nil && addr.Zone() == "" {
			out = append(out, netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(part)
		if err != nil {
			return fmt.Errorf("%q is neither", part)
		}
		out = append(out, p.Masked())
	}
	if len(out) == 0 {
		return errBad
	}
	*n = out
	return nil
}

// Contains says whether the address is one of the networks'. An IPv4 address may come in IPv6's form.
func (n Networks) Contains(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, p := range n {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// String implements fmt.Stringer.
func (n Networks) String() string {
	if len(n) == 0 {
		return "none"
	}
	parts := make([]string, len(n))
	for i, p := range n {
		parts[i] = p.String()
	}
	return strings.Join(parts, ",")
}

// Switch is on for anything but an emphatic no: the Python distribution takes any text as yes, and
// nobody who writes "false" means that.
type Switch bool

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Switch) UnmarshalText(text []byte) error {
	on, known := booleans[strings.ToLower(strings.TrimSpace(string(text)))]
	*s = Switch(on || !known)
	return nil
}

var booleans = map[string]bool{"true": true, "1": true, "yes": true, "on": true, "false": false, "0": false, "no": false, "off": false, "none": false}

// Bool is true or false and nothing else.
type Bool bool

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Bool) UnmarshalText(text []byte) error {
	on, known := booleans[strings.ToLower(strings.TrimSpace(string(text)))]
	if !known {
		return errBad
	}
	*b = Bool(on)
	return nil
}

// Header is the name of an HTTP header.
type Header string

// UnmarshalText implements encoding.TextUnmarshaler: HTTP_REMOTE_USER is how Django's META spells
// Remote-User.
func (h *Header) UnmarshalText(text []byte) error {
	name := strings.TrimSpace(string(text))
	name = strings.ReplaceAll(strings.TrimPrefix(name, "HTTP_"), "_", "-")
	for _, c := range []byte(name) {
		if c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return errBad
		}
	}
	parts := strings.Split(name, "-")
	for i, p := range parts {
		if p == "" {
			return errBad
		}
		parts[i] = strings.ToUpper(p[:1]) + strings.ToLower(p[1:])
	}
	*h = Header(strings.Join(parts, "-"))
	return nil
}

// List is a list of texts.
type List []string

// UnmarshalText implements encoding.TextUnmarshaler: the JSON array of the Python distribution, or
// words separated by commas or blanks.
func (l *List) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if strings.HasPrefix(s, "[") {
		var out []string
		if err := json.Unmarshal([]byte(s), &out); err != nil {
			return errBad
		}
		*l = out
		return nil
	}
	*l = splitList(strings.Join(strings.Fields(s), ","))
	return nil
}

// String implements fmt.Stringer.
func (l List) String() string { return strings.Join(l, ",") }

// Broker is the URL of RabbitMQ.
type Broker string

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Broker) UnmarshalText(text []byte) error {
	s := strings.Replace(string(text), "pyamqp://", "amqp://", 1) // Celery's name for its own driver
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "amqp" && u.Scheme != "amqps" || u.Host == "" {
		return errBad
	}
	*b = Broker(s)
	return nil
}

// Instant is a moment, or none.
type Instant struct{ time.Time }

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *Instant) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(string(text))); err == nil {
			i.Time = t.UTC()
			return nil
		}
	}
	return errBad
}

// String implements fmt.Stringer.
func (i Instant) String() string {
	if i.IsZero() {
		return ""
	}
	return i.Format(time.RFC3339Nano)
}

// Zone is a time zone; without a Location it is the database server's on SQL Server, and UTC elsewhere.
type Zone struct{ *time.Location }

// UnmarshalText implements encoding.TextUnmarshaler. The zone of the machine (Local) is not taken: another instance may
// run on another one.
func (z *Zone) UnmarshalText(text []byte) error {
	name := strings.TrimSpace(string(text))
	l, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return errBad
	}
	z.Location = l
	return nil
}

// String implements fmt.Stringer.
func (z Zone) String() string {
	if z.Location == nil {
		return ""
	}
	return z.Location.String()
}

// Count is a positive number.
type Count int

// UnmarshalText implements encoding.TextUnmarshaler.
func (c *Count) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || n < 1 || n > 1_000_000 {
		return errBad
	}
	*c = Count(n)
	return nil
}

// Level is the least level that is logged.
type Level slog.Level

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Level) UnmarshalText(text []byte) error {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "warning": slog.LevelWarn, "error": slog.LevelError}
	v, ok := levels[strings.ToLower(strings.TrimSpace(string(text)))]
	if !ok {
		return errBad
	}
	*l = Level(v)
	return nil
}

// String implements fmt.Stringer.
func (l Level) String() string { return strings.ToLower(slog.Level(l).String()) }

// Format is the form of the log: text, json, or empty for text on a terminal and JSON elsewhere.
type Format string

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *Format) UnmarshalText(text []byte) error {
	v := strings.ToLower(strings.TrimSpace(string(text)))
	if v != "text" && v != "json" {
		return errBad
	}
	*f = Format(v)
	return nil
}

// PasswordValidity says what the column tblUsers.PasswordValidity puts an end to.
type PasswordValidity string

// The values of PASSWORD_VALIDITY.
const (
	EndsLink  PasswordValidity = "link"  // a link to set a new password, which is the legacy application's business
	EndsLogin PasswordValidity = "login" // also the password
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *PasswordValidity) UnmarshalText(text []byte) error {
	return oneOf(p, text, EndsLink, EndsLogin)
}

// AuditLog is where the audit log goes: table, file:PATH or off.
type AuditLog string

// The values of AUDIT_LOG beside file:PATH.
const (
	AuditTable AuditLog = "table"
	AuditOff   AuditLog = "off"
)

// File gives the path of file:PATH.
func (a AuditLog) File() (path string, ok bool) { return strings.CutPrefix(string(a), "file:") }

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *AuditLog) UnmarshalText(text []byte) error {
	v := AuditLog(strings.TrimSpace(string(text)))
	if path, ok := v.File(); ok {
		if path == "" {
			return errBad
		}
	} else if v = AuditLog(strings.ToLower(string(v))); v != AuditTable && v != AuditOff {
		return errBad
	}
	*a = v
	return nil
}

// AuditReads says which reading the audit log keeps.
type AuditReads string

// The values of AUDIT_READS.
const (
	AuditAll    AuditReads = "all"
	AuditSingle AuditReads = "single"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *AuditReads) UnmarshalText(text []byte) error {
	return oneOf(a, text, AuditAll, AuditSingle)
}

// AuditFull says what happens while the audit log cannot be written fast enough.
type AuditFull string

// The values of AUDIT_FULL.
const (
	AuditDrop  AuditFull = "drop"
	AuditBlock AuditFull = "block"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *AuditFull) UnmarshalText(text []byte) error { return oneOf(a, text, AuditDrop, AuditBlock) }

// oneOf reads one of a few words, in any case.
func oneOf[T ~string](to *T, text []byte, allowed ...T) error {
	v := T(strings.ToLower(strings.TrimSpace(string(text))))
	if !slices.Contains(allowed, v) {
		return errBad
	}
	*to = v
	return nil
}

// FHIRStatus says with which status codes FHIR refuses writes.
type FHIRStatus string

// The values of FHIR_STATUS.
const (
	StatusByMount FHIRStatus = "mount"  // compat at /api_fhir, strict at /api_fhir_r4
	StatusCompat  FHIRStatus = "compat" // 500, as the Python backend
	StatusStrict  FHIRStatus = "strict" // 400, 409, 412, 422
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *FHIRStatus) UnmarshalText(text []byte) error {
	v := FHIRStatus(strings.ToLower(strings.TrimSpace(string(text))))
	if v != StatusByMount && v != StatusCompat && v != StatusStrict {
		return errBad
	}
	*f = v
	return nil
}

// Duration is a positive duration; a bare number is seconds.
type Duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if _, err := strconv.ParseUint(s, 10, 31); err == nil {
		s += "s"
	}
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return errBad
	}
	*d = Duration(v)
	return nil
}

// String implements fmt.Stringer.
func (d Duration) String() string { return time.Duration(d).String() }

// Pause is a duration that may be 0; a bare number is seconds.
type Pause time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Pause) UnmarshalText(text []byte) error {
	if s := strings.TrimSpace(string(text)); s == "0" || s == "0s" {
		*p = 0
		return nil
	}
	return (*Duration)(p).UnmarshalText(text)
}

// String implements fmt.Stringer.
func (p Pause) String() string { return time.Duration(p).String() }

// Size is a number of bytes.
type Size int64

// UnmarshalText implements encoding.TextUnmarshaler. KB, MB and GB are powers of 1024.
func (s *Size) UnmarshalText(text []byte) error {
	word := strings.ToUpper(strings.TrimSpace(string(text)))
	unit := int64(1)
	for i, suffix := range []string{"KB", "MB", "GB"} {
		if strings.HasSuffix(word, suffix) {
			word, unit = strings.TrimSpace(strings.TrimSuffix(word, suffix)), int64(1)<<(10*(i+1))
		}
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil || n < 1 || n > 1<<30 || n*unit < 1<<10 || n*unit > 1<<30 {
		return errBad
	}
	*s = Size(n * unit)
	return nil
}

// String implements fmt.Stringer.
func (s Size) String() string {
	for i, suffix := range []string{"GB", "MB", "KB"} {
		if unit := Size(1) << (10 * (3 - i)); s >= unit && s%unit == 0 {
			return strconv.FormatInt(int64(s/unit), 10) + suffix
		}
	}
	return strconv.FormatInt(int64(s), 10)
}
