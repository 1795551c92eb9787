package gateway

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"
)

// identityHeaders are names by which some server takes a header for the user who is signed in. Whatever a
// client sends under them is removed from every request, on every route.
var identityHeaders = map[string]bool{
	"remote-user": true, "x-remote-user": true, "remoteuser": true, "http-remote-user": true, "redirect-remote-user": true,
	"x-forwarded-user": true, "x-forwarded-preferred-username": true, "x-forwarded-email": true, "x-forwarded-groups": true,
	"x-auth-request-user": true, "x-auth-user": true, "x-authenticated-user": true, "x-webauth-user": true, "x-user": true,
	"auth-user": true, "logon-user": true, "x-real-user": true,
}

// clean takes off a request what only the gateway may say: who the user is, in any spelling (servers
// that follow CGI take Remote_User for Remote-User), and where the request came from.
func (g *Gateway) clean(r *http.Request) {
	own := spelling(string(g.c.UserHeader))
	for name := range r.Header {
		if s := spelling(name); s == own || identityHeaders[s] || strings.Contains(name, "_") {
			delete(r.Header, name)
		}
	}
	r.Trailer = nil // a field after the body counts as a header for some servers
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
		"X-Forwarded-Prefix", "X-Real-Ip", "X-Original-Url", "X-Rewrite-Url", "X-Http-Method-Override", "Proxy"} {
		r.Header.Del(name)
	}
}

// onlyWebSocket takes an Upgrade to anything else off a request. Whoever got a server behind the gateway to speak
// HTTP/2 in the clear (h2c) on this connection could send it what the gateway never sees.
func onlyWebSocket(r *http.Request) {
	if !strings.EqualFold(strings.TrimSpace(r.Header.Get("Upgrade")), "websocket") || len(r.Header.Values("Upgrade")) > 1 {
		r.Header.Del("Upgrade")
	}
	r.Header.Del("Http2-Settings")
}

// spelling is a header's name as the laxest server reads it.
func spelling(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "-", ".", "-", " ", "-").Replace(name))
}

// forwarded says where a request came from.
func (g *Gateway) forwarded(r *httputil.ProxyRequest) {
	r.Out.Header.Set("X-Forwarded-For", g.clientOf(r.In))
	r.Out.Header.Set("X-Forwarded-Host", r.In.Host)
	r.Out.Header.Set("X-Forwarded-Proto", g.scheme(r.In))
	g.dropCookies(r.Out)
}

// dropCookies keeps the gateway's own cookie from the servers behind it.
func (g *Gateway) dropCookies(out *http.Request) {
	cookies := out.Cookies()
	out.Header.Del("Cookie")
	for _, c := range cookies {
		if c.Name != g.sealer.name {
			out.AddCookie(c)
		}
	}
}

// clientOf is the address of the client: that of the connection, or what a trusted proxy in front of the
// gateway says, read from the right.
func (g *Gateway) clientOf(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		return host
	}
	addr := peer.Addr().Unmap()
	if !g.c.TrustedProxies.Contains(addr) {
		return addr.String()
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
		if !g.c.TrustedProxies.Contains(addr) {
			break
		}
	}
	return addr.String()
}

// scheme is how the client came: by the connection, or as a trusted proxy in front says.
func (g *Gateway) scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && g.c.TrustedProxies.Contains(peer.Addr()) && r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https"
	}
	return "http"
}

// plainPath says whether every server reads a path alike. What one server takes for a part of a name,
// another may take for a separator: such a path could pass the gateway as one route and arrive as another.
func plainPath(u *url.URL) bool {
	path := u.EscapedPath()
	if path == "" || path[0] != '/' || strings.Contains(path, "//") || strings.ContainsAny(path, "\\;") || !utf8.ValidString(u.Path) {
		return false
	}
	lower := strings.ToLower(path)
	for _, bad := range []string{"%2f", "%5c", "%3b", "%00", "%25", "%0a", "%0d", "%2e"} {
		if strings.Contains(lower, bad) {
			return false
		}
	}
	for _, segment := range strings.Split(u.Path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	for _, r := range u.Path {
		if r < ' ' || r == 0x7f {
			return false
		}
	}
	return true
}
