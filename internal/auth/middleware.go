package auth

import (
	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// ErrorRenderer answers a request whose sender could not be found out. GraphQL and FHIR mounts have
// their own envelopes (and FHIR adds WWW-Authenticate, which would make a browser application pop up
// the browser's own dialogue).
type ErrorRenderer func(c echo.Context, status int, err error) error

// Middleware puts the principal of every request, nil for anonymous, into its context (see From).
// Whether anonymous requests may do anything is for Access to decide.
func Middleware(a *Authenticator, render ErrorRenderer) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			p, err := a.Authenticate(r)
			if err != nil {
				return a.refuse(c, render, err)
			}
			c.SetRequest(r.WithContext(With(r.Context(), p)))
			return next(c)
		}
	}
}

// RenderErrors is the ErrorRenderer of GraphQL and of plain JSON: {"errors":[{"message":…}]}.
func RenderErrors(c echo.Context, status int, err error) error {
	return c.JSON(status, map[string]any{"errors": []map[string]any{{"message": fault.Message(err)}}})
}
