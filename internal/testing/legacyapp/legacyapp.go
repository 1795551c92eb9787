// Package legacyapp is a stand-in for the legacy application, as the gateway sees it: an ASP.NET session
// cookie, the login form on the start page, a redirection to Home.aspx for the right password, a logout.
// Program standin serves it in a process of its own.
package legacyapp

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"slices"
	"sync"
)

// The names that the legacy application uses.
const (
	Cookie        = "ASP.NET_SessionId"
	UserField     = "txtUserName"
	PasswordField = "txtPassword"
)

// App is the application. It is an http.Handler.
type App struct {
	Right func(user, password string) bool // whether a login is right

	mu       sync.Mutex
	sessions map[string]string
	given    int
	seen     []*http.Request
}

// Seen are the requests that came so far.
func (a *App) Seen() []*http.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.seen)
}

const form = `<!DOCTYPE html>
<html><head><title>openIMIS legacy</title></head><body>
<form method="post" action="Default.aspx" id="form1">
<input type="hidden" name="__VIEWSTATE" value="/wEPDwUKLTI2NDE1" />
<input name="txtUserName" type="text" id="txtUserName" />
<input name="txtPassword" type="password" id="txtPassword" />
<input type="submit" name="btnLogin" value="Login" id="btnLogin" />
<span id="lblMessage">%s</span>
</form></body></html>
`

// ServeHTTP implements http.Handler.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sessions == nil {
		a.sessions = map[string]string{}
	}
	a.seen = append(a.seen, r)
	id := ""
	if c, err := r.Cookie(Cookie); err == nil {
		id = c.Value
	}
	if id == "" {
		a.given++
		id = fmt.Sprintf("asp%d", a.given)
		http.SetCookie(w, &http.Cookie{Name: Cookie, Value: id, Path: "/", HttpOnly: true})
	}
	start := r.URL.Path == "/" || r.URL.Path == "/Default.aspx"
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch {
	case r.Method == http.MethodPost && !start: // any other page that redirects
		http.Redirect(w, r, "/Home.aspx", http.StatusFound)
	case r.Method == http.MethodPost:
		user := r.FormValue(UserField)
		if a.sessions[id] == "" && !a.Right(user, r.FormValue(PasswordField)) {
			fmt.Fprintf(w, form, "Wrong user name or password")
			return
		}
		if a.sessions[id] == "" { // somebody who is in already is sent home, whoever he names
			a.sessions[id] = user
		}
		http.Redirect(w, r, "/Home.aspx", http.StatusFound)
	case r.URL.Path == "/Logout.aspx":
		delete(a.sessions, id)
		http.Redirect(w, r, "/", http.StatusFound)
	case start && a.sessions[id] == "":
		fmt.Fprintf(w, form, "")
	default:
		_, _ = io.WriteString(w, "legacy page "+html.EscapeString(r.URL.Path)+" of "+html.EscapeString(a.sessions[id]))
	}
}
