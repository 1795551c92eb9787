// Package fault is the one error that users see: a code and a sentence. Everything else that goes
// wrong is "internal" to them and complete in the log. Start with Error; Code and Message answer for
// any error, so that nothing leaks.
package fault

import (
	"errors"
	"fmt"
)

// The codes. Each has one HTTP status (see package httpserver) and one FHIR issue type (see api_fhir).
const (
	Invalid         = "invalid"         // the input is wrong; Field names the part
	Unauthenticated = "unauthenticated" // nobody is signed in, or the credentials are wrong
	Forbidden       = "forbidden"       // signed in, but without the right or outside the scope
	NotFound        = "not_found"       // no such thing, or none the user may see
	Conflict        = "conflict"        // somebody else was faster, or the state does not allow the step
	Unavailable     = "unavailable"     // the database or another part cannot be reached just now
	Internal        = "internal"        // anything else; the message never says what
)

// Error is an error whose message may be shown to the user.
type Error struct {
	Code    string
	Message string
	Field   string // the input field that is wrong, in the client's spelling; may be empty
	cause   error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

// Unwrap gives the cause, which only the log shows.
func (e *Error) Unwrap() error { return e.cause }

// New makes an Error with a formatted message.
func New(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Input makes an invalid-input error about one field. The message should say what is allowed.
func Input(field, format string, args ...any) *Error {
	return &Error{Code: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Wrap gives cause a code and a sentence for the user.
func Wrap(cause error, code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), cause: cause}
}

// Code returns the code of err: "" for nil, Internal for an error that is none of ours.
func Code(err error) string {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	}
	return Internal
}

// Message returns what the user may read of err.
func Message(err error) string {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e) && e.Code != Internal:
		return e.Message
	}
	return "An internal error has occurred; the operator finds it in the log under the request id."
}

// Field returns the input field that err is about, or "".
func Field(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Field
	}
	return ""
}
