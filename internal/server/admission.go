package server

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/admission"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/config"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/graphqlhttp"
)

// newGate bounds what all instances of the process do at once.
func newGate(conf *config.Config) *admission.Gate {
	return admission.New(admission.Options{Running: int(conf.MaxOperations), PerUser: int(conf.MaxOperationsPerUser)})
}

// admit lets a GraphQL operation begin.
func (i *Instance) admit(r *http.Request, rows int, shape string) (graphqlhttp.Turn, error) {
	leave, err := i.o.Gate.Enter(r.Context(), admission.Operation{User: whoAsks(r), Rows: rows, Shape: shape})
	if err != nil {
		return graphqlhttp.Turn{}, err
	}
	ctx, release := entity.Bounded(r.Context(), i.o.Memory)
	return graphqlhttp.Turn{Context: ctx, Executed: leave, Done: func() { leave(); release() }}, nil
}

// full refuses a request before it is read.
func (i *Instance) full(r *http.Request) error { return i.o.Gate.Full(whoAsks(r)) }

// whoAsks is the user who takes turns with others: of those who have not signed in, the address.
func whoAsks(r *http.Request) string {
	if p := auth.From(r.Context()); p != nil {
		return p.Username
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return "at " + host
}

// admitHTTP lets a request to a route that is not GraphQL begin, and refuses it in the words of its protocol.
func (i *Instance) admitHTTP(refuse func(c echo.Context, status int, err error) error) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			leave, err := i.o.Gate.Enter(c.Request().Context(), operationOf(c.Request()))
			var busy *admission.Busy
			switch {
			case errors.As(err, &busy):
				c.Response().Header().Set("Retry-After", busy.Seconds())
				return refuse(c, http.StatusServiceUnavailable, err)
			case err != nil: // the client is gone, or has waited for too long
				return refuse(c, http.StatusServiceUnavailable, fault.Wrap(err, fault.Unavailable, "The request took too long; try again in a moment."))
			}
			defer leave()
			return next(c)
		}
	}
}

// operationOf says what is known of a request: which parameters it has, and how many resources it asks for.
func operationOf(r *http.Request) admission.Operation {
	params := r.URL.Query()
	names := make([]string, 0, len(params))
	rows := 0
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	if n, err := strconv.Atoi(params.Get("_count")); err == nil {
		rows = 10 * n // a resource has relations
	}
	path := strings.TrimLeftFunc(r.URL.Path, func(c rune) bool { return c == '/' })
	if parts := strings.Split(path, "/"); len(parts) > 3 { // what is behind the type names one resource
		path = strings.Join(parts[:3], "/") + "/…"
	}
	return admission.Operation{User: whoAsks(r), Rows: rows, Shape: r.Method + " " + path + " " + strings.Join(names, ",")}
}
