package apifhir

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
)

// RenderError answers a request whose sender could not be found out (auth.ErrorRenderer): an
// OperationOutcome, with the challenge that HTTP clients wait for before they send their password.
func (s *Server) RenderError(c echo.Context, status int, err error) error {
	_, outcome := outcomeOf(aboutBody, err)
	body, encodeErr := Encode(outcome)
	if encodeErr != nil {
		return encodeErr
	}
	if status == http.StatusUnauthorized {
		c.Response().Header().Set("WWW-Authenticate", challenge)
	}
	kind, _, notAcceptable := negotiate(c.Request(), Mount{}, func(Release) bool { return true })
	if notAcceptable != nil {
		kind = typeJSON
	}
	return c.Blob(status, kind, body)
}

// OnlyPost answers the other methods of a path that is none of a resource: what is allowed, or 405.
func (s *Server) OnlyPost(c echo.Context) error {
	method := c.Request().Method
	c.Response().Header().Set(echo.HeaderAllow, http.MethodPost+", "+http.MethodOptions)
	if method == http.MethodOptions {
		return c.NoContent(http.StatusNoContent)
	}
	return s.RenderError(c, http.StatusMethodNotAllowed, &refusal{status: http.StatusMethodNotAllowed, issue: issueUnsupported,
		text: fmt.Sprintf("Method %q not allowed.", clip([]byte(method)))})
}
