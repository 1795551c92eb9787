package gateway

import (
	"net/http"

	"github.com/openimis/openimis-be-go/internal/webpage"
)

// The pages that the gateway shows itself. They need no script.

const styleLink webpage.HTML = `<link rel="stylesheet" href="/gateway/style.css">`

// loginForm asks for name and password; to is where the login leads, user what was typed before.
func loginForm(message, to, user string) webpage.HTML {
	return webpage.Page("Sign in to openIMIS", styleLink, webpage.Fill(`<main>
<h1>openIMIS</h1>
%s<form method="post" action="/gateway/login">
<input type="hidden" name="to" value="%s">
<label for="user">User name</label>
<input id="user" name="user" value="%s" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Sign in</button>
</form>
</main>`, webpage.When(message != "", webpage.Fill("<p role=\"alert\">%s</p>\n", message)), to, user))
}

func messagePage(title, message string) webpage.HTML {
	return webpage.Page(title, styleLink, webpage.Fill("<main><h1>%s</h1><p>%s</p></main>", title, message))
}

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
func showPage(w http.ResponseWriter, status int, page webpage.HTML) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page))
}
