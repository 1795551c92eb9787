package audit

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/telemetry"
)

// Middleware has the requests of signed-in users recorded as coming by way (graphql, fhir, http). address
// gives the client's. It comes after the one that finds out who is signed in. A line is on its way before
// the answer is; answers to signed-in users are not to be stored anywhere.
func (l *Log) Middleware(way string, address func(*http.Request) string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			p := auth.From(r.Context())
			if p == nil {
				return next(c)
			}
			c.Response().Before(func() { c.Response().Header().Set(echo.HeaderCacheControl, "no-store") }) // whatever the handler says
			if l == nil {
				return next(c)
			}
			ctx, rec := l.Begin(r.Context(), p, address(r), telemetry.Of(r.Context()).ID(), way)
			switch way {
			case GraphQL: // which names its root fields
			case FHIR:
				rec.SetOperation(r.Method + " " + resource(c))
			default:
				rec.SetOperation(r.Method + " " + c.Path())
			}
			c.SetRequest(r.WithContext(ctx))
			c.Response().Before(func() { rec.End(ctx, c.Response().Status >= http.StatusBadRequest) })
			err := next(c)
			rec.End(ctx, err != nil || c.Response().Status >= http.StatusBadRequest)
			return err
		}
	}
}

// The ways in: requests by what they speak, and mutations, whose Request is the id of their row in
// core_Mutation_Log.
const (
	GraphQL  = "graphql"
	FHIR     = "fhir"
	HTTP     = "http"
	Mutation = "mutation"
)

// resource is the type of the resource that a FHIR request is about, or the route.
func resource(c echo.Context) string {
	name, _, _ := strings.Cut(strings.Trim(c.Param("*"), "/"), "/")
	if name == "" || len(name) > 64 {
		return c.Path()
	}
	return name
}

// MayRead is who may read the log: administrators, and holders of the right to the legacy report on
// the activity of users.
var MayRead = auth.Needs(131207)

// Route answers GET /audit from the table: {"lines": […], "next": "…"}, the newest first.
//
//	from, to    a date or RFC 3339 time; to is not included
//	user, way, action, subject, id    what the lines have
//	limit       1 to 1000, default 100
//	after       next of the page before
//
// Reading the log is a line of it.
func (l *Log) Route(t Table) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		lines, next, err := func() ([]Line, string, error) {
			if err := MayRead.Check(auth.From(ctx), "the audit log"); err != nil {
				return nil, "", err
			}
			if l == nil || t.DB == nil {
				return nil, "", fault.New(fault.NotFound, "The audit log is not kept in the database here (AUDIT_LOG).")
			}
			q, err := parse(c)
			if err != nil {
				return nil, "", err
			}
			From(ctx).Code(Itself, c.QueryString())
			lines, err := t.Search(ctx, q)
			if err != nil || len(lines) < q.Limit {
				return lines, "", err
			}
			return lines, mark(lines[len(lines)-1]), nil
		}()
		if err != nil {
			return c.JSON(statuses[fault.Code(err)], map[string]any{"errors": []map[string]string{{"message": fault.Message(err)}}})
		}
		return c.JSON(http.StatusOK, struct {
			Lines []Line `json:"lines"`
			Next  string `json:"next,omitempty"`
		}{lines, next})
	}
}

var statuses = map[string]int{fault.Invalid: 400, fault.Unauthenticated: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.Unavailable: 503, fault.Internal: 500}

func parse(c echo.Context) (Query, error) {
	q := Query{User: c.QueryParam("user"), Way: c.QueryParam("way"), Action: Action(c.QueryParam("action")), Subject: c.QueryParam("subject"), ID: c.QueryParam("id"), Limit: 100}
	for name := range c.QueryParams() {
		switch name {
		case "from", "to", "user", "way", "action", "subject", "id", "limit", "after":
		default:
			return q, fault.Input(name, "There is no parameter %q; allowed: from, to, user, way, action, subject, id, limit, after.", name)
		}
	}
	for name, to := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if err := moment(name, c.QueryParam(name), to); err != nil {
			return q, err
		}
	}
	if text := c.QueryParam("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1000 {
			return q, fault.Input("limit", "limit %q is not valid; allowed: 1 to 1000.", text)
		}
		q.Limit = n
	}
	if text := c.QueryParam("after"); text != "" {
		m, err := parseMark(text)
		if err != nil {
			return q, fault.Input("after", "after does not name a place in the log; allowed: the next of a page.")
		}
		q.After = m
	}
	return q, nil
}

func moment(name, text string, to *time.Time) error {
	if text == "" {
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1753 && t.Year() < 9999 {
			*to = t
			return nil
		}
	}
	return fault.Input(name, "%s %q is not a moment; allowed: 2019-06-30 or 2019-06-30T12:00:00Z.", name, text)
}

// mark writes the place of a line, and parseMark reads it.
func mark(l Line) string {
	return fmt.Sprintf("%d~%d~%s", l.At.UnixNano(), l.Seq, l.Process)
}

func parseMark(text string) (*Mark, error) {
	parts := strings.SplitN(text, "~", 3)
	if len(parts) != 3 {
		return nil, strconv.ErrSyntax
	}
	at, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return nil, err
	}
	seq, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return nil, err
	}
	if t := time.Unix(0, at).UTC(); t.Year() < 1753 || t.Year() > 9998 {
		return nil, strconv.ErrRange
	}
	return &Mark{At: time.Unix(0, at).UTC(), Process: parts[2], Seq: seq}, nil
}
