package subscription

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Targets says where notifications may be sent beside public addresses over HTTPS: host names and networks
// that the operator trusts (SUBSCRIPTION_TARGETS). To these plain HTTP is allowed too.
type Targets struct {
	Hosts    []string
	Networks []netip.Prefix
}

// ParseTargets reads a list of host names, addresses and networks.
func ParseTargets(list []string) Targets {
	var t Targets
	for _, item := range list {
		if p, err := netip.ParsePrefix(item); err == nil {
			t.Networks = append(t.Networks, p.Masked())
		} else if a, err := netip.ParseAddr(item); err == nil {
			t.Networks = append(t.Networks, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
		} else {
			t.Hosts = append(t.Hosts, strings.ToLower(item))
		}
	}
	return t
}

func (t Targets) names(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if a, err := netip.ParseAddr(host); err == nil {
		return t.contains(a)
	}
	return slices.Contains(t.Hosts, host)
}

func (t Targets) contains(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(t.Networks, func(p netip.Prefix) bool { return p.Contains(a) })
}

// check says what is wrong with the URL of an endpoint.
func (t Targets) check(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("an absolute https URL is expected")
	case u.User != nil:
		return errors.New("a URL with a user name or password is not allowed; send a header instead")
	case u.Scheme == "http" && !t.names(u.Hostname()):
		return errors.New("only https is allowed, for notifications hold data about people")
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !t.contains(a) && !public(a) {
		return errInside
	}
	return nil
}

var errInside = errors.New("the address is not a public one; the operator may allow it (SUBSCRIPTION_TARGETS)")

// special are networks that are reachable from inside only, or stand for something else (RFC 6890).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
}

// public says whether an address is one of the internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// client sends notifications. What a name resolves to is looked at when the connection is made, so that a
// name cannot lead inside later; redirections are not followed and no proxy is used.
func (t Targets) client(timeout time.Duration) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	transport := &http.Transport{
		Proxy: nil, DisableKeepAlives: false, MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second,
		TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: 64 << 10,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, _, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			d := *dialer
			if !t.names(host) {
				d.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
					at, err := netip.ParseAddrPort(resolved)
					if err != nil || !public(at.Addr()) && !t.contains(at.Addr()) {
						return errInside
					}
					return nil
				}
			}
			return d.DialContext(ctx, network, address)
		},
	}
	return &http.Client{Transport: transport, Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// ownHeaders are set by the program or belong to the connection.
var ownHeaders = map[string]bool{"host": true, "content-length": true, "transfer-encoding": true, "connection": true, "upgrade": true, "te": true, "trailer": true, "proxy-authorization": true, "expect": true}

// readHeaders reads channel.header: "Name: value" each, or as some clients send it one JSON object as a text.
func readHeaders(list []string) (headers []string, err error) {
	for _, text := range list {
		lines := []string{text}
		if strings.HasPrefix(strings.TrimSpace(text), "{") {
			var object map[string]string
			if err := json.Unmarshal([]byte(text), &object); err != nil {
				return nil, errors.New("a JSON object of texts is expected, or \"Name: value\"")
			}
			lines = nil
			for name, value := range object {
				lines = append(lines, name+": "+value)
			}
			slices.Sort(lines)
		}
		for _, line := range lines {
			name, value, ok := strings.Cut(line, ":")
			name, value = strings.TrimSpace(name), strings.TrimSpace(value)
			switch {
			case !ok || !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(value):
				return nil, fmt.Errorf("%q is not a header; \"Name: value\" is expected", strings.TrimSpace(name))
			case ownHeaders[strings.ToLower(name)]:
				return nil, fmt.Errorf("the header %s is set by the server", name)
			}
			headers = append(headers, name+": "+value)
		}
	}
	if len(headers) > 20 {
		return nil, errors.New("at most 20 headers are allowed")
	}
	return headers, nil
}
