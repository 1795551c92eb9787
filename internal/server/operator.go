package server

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/build"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/telemetry"
	"github.com/openimis/openimis-be-go/internal/webpage"
)

// shownMutations is how many mutations of each kind the page shows.
const shownMutations = 20

func (s *Server) queue() *mutation.Queue { return &mutation.Queue{DB: s.DB, Clock: clock.System} }

// queueDepth is what the metrics show of the queue.
func (s *Server) queueDepth(ctx context.Context) (telemetry.Depth, error) {
	d, err := s.queue().Depth(ctx)
	out := telemetry.Depth{Queued: d.Queued, Dead: d.Dead}
	if d.Oldest != nil {
		out.Age = max(0, clock.System().Sub(*d.Oldest))
	}
	return out, err
}

// operator answers /<root>/ with the operator's page: for administrators. Others who are signed in are not told that
// there is one; whoever is not, is asked to sign in.
func (s *Server) operator(c echo.Context) error {
	p := auth.From(c.Request().Context())
	head := c.Response().Header()
	head.Set(echo.HeaderCacheControl, "no-store")
	switch {
	case p == nil:
		head.Set(echo.HeaderWWWAuthenticate, `Basic realm="openIMIS", charset="UTF-8"`)
		return echo.NewHTTPError(http.StatusUnauthorized, "Sign in as an administrator.")
	case !p.Admin:
		return echo.ErrNotFound
	}
	head.Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	page := s.operatorPage(c.Request().Context())
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	_, err := c.Response().Write([]byte(page))
	return err
}

// operatorPage shows what can be found out; what cannot, says so in its place.
func (s *Server) operatorPage(ctx context.Context) webpage.HTML {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return webpage.Page("openIMIS: operation", `<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1b2a2f; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .3rem; } .bad { color: #a3211b; font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid #8884; vertical-align: top; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { color: #e6edf0; background: #14191b; } .bad { color: #ff8a80; } }
</style>`, webpage.Fill(`<h1>openIMIS: operation</h1>
<p>Release %s, database %s, %s (UTC).</p>
<h2>Health</h2>
%s<h2>Servers and workers</h2>
%s<h2>Modules</h2>
%s<h2>Queue of mutations</h2>
%s<h2>Last errors of this process</h2>
%s`, build.Version, s.DB.Name(), stamp(clock.System()), s.healthPart(ctx), s.instancesPart(ctx), s.modulesPart(), s.queuePart(ctx), s.errorsPart()))
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// table makes a table of texts.
func tableOf(head []string, rows [][]string) webpage.HTML {
	if len(rows) == 0 {
		return "<p>None.</p>\n"
	}
	line := func(tag webpage.HTML, cells []string) (h webpage.HTML) {
		for _, c := range cells {
			h += webpage.Fill("<"+tag+">%s</"+tag+">", c)
		}
		return "<tr>" + h + "</tr>\n"
	}
	h := "<table>\n" + line("th", head)
	for _, r := range rows {
		h += line("td", r)
	}
	return h + "</table>\n"
}

func failed(what string, err error) webpage.HTML {
	return webpage.Fill("<p class=\"bad\">%s cannot be read: %s</p>\n", what, err.Error())
}

func (s *Server) healthPart(ctx context.Context) webpage.HTML {
	began := time.Now()
	if err := s.DB.Ping(ctx); err != nil {
		return failed("The database", err)
	}
	h := webpage.Fill("<p>The database answers within %s.</p>\n", time.Since(began).Round(100*time.Microsecond).String())
	for _, m := range s.Missing() {
		h += webpage.Fill("<p class=\"bad\">%s</p>\n", m)
	}
	if why := s.DB.Unwritable(ctx); why != "" {
		h += webpage.Fill("<p class=\"bad\">The database takes no changes: %s</p>\n", why)
	}
	if s.draining.Load() {
		h += "<p class=\"bad\">This server is about to stop.</p>\n"
	}
	return h
}

func (s *Server) instancesPart(ctx context.Context) webpage.HTML {
	live, err := s.registry().Live(ctx)
	if err != nil {
		return failed("The list", err)
	}
	var rows [][]string
	for _, p := range live {
		contract := ""
		if p.Contract != nil {
			contract = *p.Contract
		}
		rows = append(rows, []string{p.Version, p.Role, p.Roots, p.Host, contract, stamp(p.Started), stamp(p.Seen)})
	}
	return tableOf([]string{"Release", "Role", "Roots", "Host", "Contract", "Started", "Seen"}, rows)
}

func (s *Server) modulesPart() webpage.HTML {
	var rows [][]string
	for _, i := range s.Instances {
		for _, m := range i.Describe().Modules {
			if m.Enabled {
				rows = append(rows, []string{"/" + i.o.Root, m.Name, cmp.Or(m.Version, "the newest"), m.Contract})
			}
		}
	}
	return tableOf([]string{"Root", "Module", "Version", "Contract"}, rows)
}

func (s *Server) queuePart(ctx context.Context) webpage.HTML {
	depth, err := s.queue().Depth(ctx)
	if err != nil {
		return failed("The queue", err)
	}
	items, err := s.queue().List(ctx, shownMutations)
	if err != nil {
		return failed("The queue", err)
	}
	var rows [][]string
	for _, i := range items {
		since, why := i.Enqueued, ""
		switch {
		case i.Died != nil:
			since = *i.Died
			why, _, _ = strings.Cut(*i.Reason, "\n")
		case i.State == mutation.Leased:
			why = *i.LeasedBy
		}
		rows = append(rows, []string{string(i.ID), string(i.State), i.Name, i.Principal, stamp(since), why})
	}
	h := webpage.Fill("<p>%d queued, %d given up (server queue shows them, retries or drops them).</p>\n", depth.Queued, depth.Dead)
	if len(rows) == 0 {
		return h
	}
	return h + tableOf([]string{"Id", "State", "Mutation", "User", "Since", "Why, or who has it"}, rows)
}

func (s *Server) errorsPart() webpage.HTML {
	var rows [][]string
	for _, e := range telemetry.LastErrors(s.log) {
		rows = append(rows, []string{stamp(e.At), e.Message, e.Error})
	}
	return tableOf([]string{"When", "What", "Error"}, rows)
}

// countLogin counts a login with a password.
func (s *Server) countLogin(err error) {
	result := "accepted"
	if err != nil {
		switch status, _ := auth.Status(err); {
		case status == http.StatusTooManyRequests:
			result = "throttled"
		case status < http.StatusInternalServerError:
			result = "refused"
		default:
			result = "failed"
		}
	}
	s.metrics.Login(result)
}
