package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Names of the legacy application.
const (
	legacyUserField = "txtUserName"
	legacyCookie    = "ASP.NET_SessionId"
	legacyHome      = "Home.aspx"
	legacyLogout    = "/Logout.aspx"
)

// maxLoginForm is the size of a login form; one of ASP.NET carries its view state.
const maxLoginForm = 1 << 20

func legacyID(r *http.Request) string {
	if cookies := r.CookiesNamed(legacyCookie); len(cookies) == 1 {
		return cookies[0].Value
	}
	return ""
}

// attempt is a login form on its way to the legacy application.
type attempt struct{ user, password, legacyID, client string }

type attemptKey struct{}

// legacy passes requests to the legacy application, and makes a session when it lets somebody in.
//
// A login is a POST to a login page with the field txtUserName that the application answers with a
// redirection to its home page. That alone can be had by somebody who is signed in already and names
// somebody else, so the password in the form is checked with the backend as well (LEGACY_VERIFY).
func (g *Gateway) legacy(p *pool) http.Handler {
	proxy := g.proxy(p, func(r *httputil.ProxyRequest) {
		if r.In.URL.Path == "/LegacyHome" {
			r.Out.URL.Path, r.Out.URL.RawPath = "/"+legacyHome, ""
		}
	}, g.legacyAnswered)
	return named(routeLegacy, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.EqualFold(r.URL.Path, legacyLogout) {
			g.endSession(w, r)
		}
		if r.Method == http.MethodPost && g.loginPath(r.URL.Path) {
			a, err := g.attemptOf(r)
			if err != nil {
				g.refuse(w, r, http.StatusBadRequest, "The login form cannot be read.")
				return
			}
			if a != nil {
				if !g.allowLogin(w, r, a.client) {
					return
				}
				r = r.WithContext(context.WithValue(r.Context(), attemptKey{}, a))
			}
		}
		proxy.ServeHTTP(w, r)
	}))
}

func (g *Gateway) loginPath(path string) bool {
	return slices.ContainsFunc(g.c.LegacyLoginPages, func(p string) bool { return strings.EqualFold(p, path) })
}

// attemptOf reads a login form and leaves the body as it was; nil when the request is not one.
func (g *Gateway) attemptOf(r *http.Request) (*attempt, error) {
	types := r.Header.Values("Content-Type")
	if len(types) != 1 {
		return nil, nil
	}
	kind, parameters, err := mime.ParseMediaType(types[0])
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, nil
	}
	if c := parameters["charset"]; c != "" && !strings.EqualFold(c, "utf-8") {
		return nil, errors.New("another character set") // in which the application may read another name than the gateway
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxLoginForm+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxLoginForm {
		return nil, errors.New("the form is too large")
	}
	_ = r.Body.Close()
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	if spellings(form, legacyUserField) > 1 || spellings(form, g.c.LegacyPassword) > 1 {
		return nil, errors.New("a field appears twice")
	}
	users := form[legacyUserField]
	if len(users) == 0 {
		return nil, nil
	}
	if !nameable(users[0]) {
		return nil, nil
	}
	return &attempt{user: strings.TrimSpace(users[0]), password: form.Get(g.c.LegacyPassword), legacyID: legacyID(r), client: g.clientOf(r)}, nil
}

// spellings counts the values of a field in any case: ASP.NET takes them for one field.
func spellings(form url.Values, field string) (n int) {
	for name, values := range form {
		if strings.EqualFold(name, field) {
			n += len(values)
		}
	}
	return n
}

// nameable says whether a text can be a user's name in a header.
func nameable(s string) bool {
	return strings.TrimSpace(s) != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= 150 && !strings.ContainsFunc(s, unicode.IsControl)
}

// legacyAnswered looks at the answer to a login.
func (g *Gateway) legacyAnswered(answer *http.Response) error {
	a, _ := answer.Request.Context().Value(attemptKey{}).(*attempt)
	if a == nil {
		return nil
	}
	to, err := answer.Location()
	if answer.StatusCode != http.StatusFound || err != nil || !strings.EqualFold(path.Base(to.Path), legacyHome) {
		g.signins.Add(1, "refused")
		return nil
	}
	for _, c := range answer.Cookies() {
		if c.Name == legacyCookie && c.Value != "" {
			a.legacyID = c.Value
		}
	}
	if bool(g.c.LegacyVerify) {
		status, err := g.sessions.password(answer.Request.Context(), a.user, a.password, a.client)
		if err != nil || status != http.StatusOK {
			g.signins.Add(1, "unverified")
			g.log.WarnContext(answer.Request.Context(), "the legacy application let a user in whom the backend does not: no session was made; "+
				"does LEGACY_PASSWORD_FIELD name the form's field?", "user", a.user, "client", a.client, "status", status, "error", err)
			return nil
		}
	}
	c, err := g.sealer.cookie(g.sealer.start(a.user, a.legacyID))
	if err != nil {
		return err
	}
	answer.Header.Add("Set-Cookie", c.String())
	g.signins.Add(1, "success")
	g.log.InfoContext(answer.Request.Context(), "signed in", "user", a.user, "client", a.client)
	return nil
}

// withoutLegacy answers where no legacy application is configured.
func (g *Gateway) withoutLegacy(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		http.Redirect(w, r, "/front", http.StatusFound)
	case "/LegacyHome":
		showPage(w, http.StatusOK, messagePage("openIMIS", "Welcome. Choose a page in the menu."))
	default:
		g.refuse(w, r, http.StatusNotFound, "There is nothing at this address.")
	}
}

// keepLegacyAlive keeps the session of the legacy application, which the React application calls for every
// few minutes; without one it answers that all is well.
func (g *Gateway) keepLegacyAlive(w http.ResponseWriter, r *http.Request) {
	if p := g.pools[routeLegacy]; p != nil {
		g.legacy(p).ServeHTTP(w, r)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// loginPage is the login of installations without a legacy application.
func (g *Gateway) loginPage(w http.ResponseWriter, r *http.Request) {
	if g.pools[routeLegacy] != nil {
		http.Redirect(w, r, "/", http.StatusFound)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	to := r.FormValue("to")
	if !strings.HasPrefix(to, "/front") || strings.ContainsAny(to, "\\\r\n") {
		to = "/front"
	}
	show := func(status int, message string) {
		showPage(w, status, loginForm(message, to, r.PostFormValue("user")))
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		show(http.StatusOK, "")
		return
	case http.MethodPost:
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		g.refuse(w, r, http.StatusMethodNotAllowed, "The login page takes GET and POST.")
		return
	}
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		show(http.StatusForbidden, "The login came from another site. Please try again here.")
		return
	}
	user, client := r.PostFormValue("user"), g.clientOf(r)
	if !nameable(user) {
		show(http.StatusBadRequest, "Enter your user name.")
		return
	}
	if !g.allowLogin(w, r, client) {
		return
	}
	status, err := g.sessions.password(r.Context(), user, r.PostFormValue("password"), client)
	switch {
	case err != nil || status >= 500:
		show(http.StatusServiceUnavailable, "The login cannot be checked just now. Please try again in a moment.")
	case status == http.StatusTooManyRequests:
		show(status, "Too many logins failed. Please wait some minutes and try again.")
	case status != http.StatusOK:
		g.signins.Add(1, "refused")
		show(http.StatusUnauthorized, "User name or password is wrong.")
	default:
		s := g.sealer.start(strings.TrimSpace(user), "")
		c, err := g.sealer.cookie(s)
		if err != nil {
			show(http.StatusInternalServerError, "The login failed. Please try again.")
			return
		}
		g.signins.Add(1, "success")
		g.log.InfoContext(r.Context(), "signed in", "user", s.User, "client", client)
		http.SetCookie(w, c)
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

// logout ends the session at every gateway, and that of the legacy application.
func (g *Gateway) logout(w http.ResponseWriter, r *http.Request) {
	g.endSession(w, r)
	target := "/gateway/login"
	if g.pools[routeLegacy] != nil {
		target = legacyLogout
	}
	http.Redirect(w, r, target, http.StatusFound)
}

// endSession ends the session of a request, if it has one.
func (g *Gateway) endSession(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	s, err := g.sealer.open(r)
	if err != nil {
		return
	}
	http.SetCookie(w, g.sealer.gone())
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), 5*time.Second)
	defer cancel()
	if err := g.sessions.end(ctx, s, g.sealer.ends(s)); err != nil {
		g.log.ErrorContext(r.Context(), "a session that was ended may go on at other gateways", "user", s.User, "error", err)
	}
}

// loginLimiter bounds the logins that an address may try.
type loginLimiter struct {
	perMinute int
	byClient  *lru.Cache[string, *rate.Limiter]
}

func newLoginLimiter(perMinute int) *loginLimiter {
	cache, err := lru.New[string, *rate.Limiter](10_000)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &loginLimiter{perMinute, cache}
}

// network is what logins are counted for: an address, or the /64 of IPv6, which is what one household gets.
func network(client string) string {
	a, err := netip.ParseAddr(client)
	if err != nil || a.Unmap().Is4() {
		return client
	}
	if p, err := a.WithZone("").Prefix(64); err == nil {
		return p.String()
	}
	return client
}

// wait is how long an address has to wait before the next try; 0: it may try.
func (l *loginLimiter) wait(client string) time.Duration {
	fresh := rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
	limiter, known, _ := l.byClient.PeekOrAdd(network(client), fresh)
	if !known {
		limiter = fresh
	}
	r := limiter.Reserve()
	if d := r.Delay(); d > 0 {
		r.Cancel()
		return d
	}
	return 0
}

func (g *Gateway) allowLogin(w http.ResponseWriter, r *http.Request, client string) bool {
	wait := g.logins.wait(client)
	if wait == 0 {
		return true
	}
	g.signins.Add(1, "limited")
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	showPage(w, http.StatusTooManyRequests, messagePage("Too many logins", "There were too many logins from your address. Please wait a minute and try again."))
	return false
}
