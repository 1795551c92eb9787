package gateway

import (
	"bytes"
	"html/template"
	"net/http"
)

// The pages that the gateway shows itself. They need no script.
var (
	loginForm = template.Must(template.New("login").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sign in to openIMIS</title>
<link rel="stylesheet" href="/gateway/style.css"></head>
<body><main>
<h1>openIMIS</h1>
{{with .Message}}<p role="alert">{{.}}</p>{{end}}
<form method="post" action="/gateway/login">
<input type="hidden" name="to" value="{{.To}}">
<label for="user">User name</label>
<input id="user" name="user" value="{{.User}}" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Sign in</button>
</form>
</main></body></html>
`))
	messagePage = template.Must(template.New("message").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Title}}</title>
<link rel="stylesheet" href="/gateway/style.css"></head>
<body><main><h1>{{.Title}}</h1><p>{{.Message}}</p></main></body></html>
`))
)

const stylesheet = `body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: #eef2f4; color: #1b2a30; }
main { max-width: 22rem; margin: 12vh auto; padding: 2rem; background: #fff; border-radius: 8px; box-shadow: 0 1px 6px rgba(0, 0, 0, .15); }
h1 { margin: 0 0 1rem; font-size: 1.5rem; color: #006273; }
label { display: block; margin-top: 1rem; }
input { box-sizing: border-box; width: 100%; padding: .6rem; font: inherit; border: 1px solid #9ab; border-radius: 4px; }
button { margin-top: 1.5rem; width: 100%; padding: .7rem; font: inherit; color: #fff; background: #006273; border: 0; border-radius: 4px; }
[role=alert] { padding: .6rem; background: #fde8e8; border-radius: 4px; }
`

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write([]byte(stylesheet))
}

// showPage answers with one of the pages.
func showPage(w http.ResponseWriter, status int, page *template.Template, data any) {
	var b bytes.Buffer
	if err := page.Execute(&b, data); err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
