package server

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/openimis/openimis-be-go/internal/build"
	"github.com/openimis/openimis-be-go/internal/webpage"
)

// compress sends long answers with gzip to clients that take it.
func compress() echo.MiddlewareFunc {
	return middleware.GzipWithConfig(middleware.GzipConfig{Level: 1, MinLength: 1024,
		Skipper: func(c echo.Context) bool {
			h := c.Request().Header
			takes := takesGzip(h.Values(echo.HeaderAcceptEncoding))
			if takes {
				h.Set(echo.HeaderAcceptEncoding, "gzip") // echo knows the word in this spelling only
			}
			return !takes
		}})
}

// takesGzip reads Accept-Encoding (RFC 9110, section 12.5.3): a coding with q=0 is refused.
func takesGzip(accepted []string) bool {
	for _, e := range strings.Split(strings.Join(accepted, ","), ",") {
		coding, parameters, _ := strings.Cut(e, ";")
		if c := strings.ToLower(strings.TrimSpace(coding)); c != "gzip" && c != "x-gzip" {
			continue
		}
		for _, p := range strings.Split(parameters, ";") {
			name, value, _ := strings.Cut(p, "=")
			if strings.EqualFold(strings.TrimSpace(name), "q") {
				q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				return err == nil && q > 0
			}
		}
		return true
	}
	return false
}

// semicolons makes text of the ; in a query string. Package net/url refuses the pairs that have one, in silence.
func semicolons(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if u := c.Request().URL; strings.Contains(u.RawQuery, ";") {
			u.RawQuery = strings.ReplaceAll(u.RawQuery, ";", "%3B")
		}
		return next(c)
	}
}

// front answers whoever opens the address itself with what there is.
func (s *Server) front(c echo.Context) error {
	var places []place
	for _, i := range s.Instances {
		p := place{Root: i.o.Root}
		for _, m := range i.Describe().Modules {
			if m.Enabled {
				p.Modules++
			}
		}
		if i.fhir != nil {
			p.FHIR = "api_fhir_r4"
		}
		places = append(places, p)
	}
	head := c.Response().Header()
	head.Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	_, err := c.Response().Write([]byte(frontPage(places)))
	return err
}

// place is what the front page says of an instance.
type place struct {
	Root, FHIR string
	Modules    int
}

func frontPage(places []place) webpage.HTML {
	var list webpage.HTML
	for _, p := range places {
		list += webpage.Fill(`<h2>/%s</h2>
<ul>
<li><a href="%s/graphql">GraphQL</a>, with GraphiQL to try queries in the browser</li>
%s<li><a href="%s/version">Version</a> and modules (%d enabled)</li>
</ul>
`, p.Root, p.Root, webpage.When(p.FHIR != "", webpage.Fill("<li><a href=\"%s/%s/metadata?_format=json\">FHIR R4</a>: the capability statement</li>\n", p.Root, p.FHIR)), p.Root, p.Modules)
	}
	return webpage.Page("openIMIS backend", `<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; color: #1b2a2f; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-bottom: 0; } ul { margin-top: .3rem; } a { color: #00597a; }
@media (prefers-color-scheme: dark) { body { color: #e6edf0; background: #14191b; } a { color: #7cc7e8; } }
</style>`, webpage.Fill(`<h1>openIMIS backend</h1>
<p>This server answers programs: the openIMIS web application, mobile applications and other systems. It has no pages
for daily work; those are at the address of your openIMIS gateway. Version %s.</p>
%s<h2>For operators</h2>
<ul>
<li><a href="healthz">healthz</a>: the process lives</li>
<li><a href="readyz">readyz</a>: the database answers and has what the modules need</li>
<li><a href="metrics">metrics</a>, for Prometheus</li>
</ul>`, build.Version, list))
}
