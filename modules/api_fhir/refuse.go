package apifhir

import (
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
	return c.Blob(status, typeFHIR, body)
}
