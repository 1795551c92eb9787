package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Hosts are the host names that requests may be for (ALLOWED_HOSTS): names and addresses, each with or
// without a port; .example.org for a domain and its subdomains, as Django has it; *.example.org for the
// subdomains alone; * for all.
type Hosts []string

// UnmarshalText implements encoding.TextUnmarshaler: the JSON array of the Python distribution, or words
// separated by commas or blanks.
func (h *Hosts) UnmarshalText(text []byte) error {
	var words List
	if err := words.UnmarshalText(text); err != nil {
		return err
	}
	out := make(Hosts, 0, len(words))
	for _, w := range words {
		entry := strings.ToLower(strings.TrimSpace(w))
		if !hostPattern(entry) {
			return fmt.Errorf("%q is not a host name", w)
		}
		out = append(out, entry)
	}
	*h = out
	return nil
}

// hostPattern says whether an entry can match anything.
func hostPattern(entry string) bool {
	if entry == "*" {
		return true
	}
	name, port := splitHost(entry)
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	name = strings.TrimPrefix(strings.TrimPrefix(name, "*"), ".")
	if entry[0] == '*' && !strings.HasPrefix(entry, "*.") || name == "" {
		return false
	}
	for _, label := range strings.Split(strings.TrimSuffix(name, "."), ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

// splitHost parts a host from its port, if it has one, and takes the brackets of IPv6 off.
func splitHost(s string) (name, port string) {
	if h, p, err := net.SplitHostPort(s); err == nil {
		return h, p
	}
	return strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"), ""
}

// Allow says whether a request with this Host header may be served. An entry with a port is for that port
// alone, which a header leaves out when it is the usual one.
func (h Hosts) Allow(header string) bool {
	host, port := splitHost(strings.ToLower(header))
	host = strings.TrimSuffix(host, ".")
	for _, entry := range h {
		if entry == "*" {
			return true
		}
		name, only := splitHost(entry)
		if only != "" && only != port && (port != "" || only != "80" && only != "443") {
			continue
		}
		switch name = strings.TrimSuffix(name, "."); {
		case name == host, strings.HasPrefix(name, "*.") && strings.HasSuffix(host, name[1:]):
			return true
		case strings.HasPrefix(name, ".") && (host == name[1:] || strings.HasSuffix(host, name)):
			return true
		}
	}
	return false
}

// String implements fmt.Stringer.
func (h Hosts) String() string { return strings.Join(h, ",") }
