// Package fault is the one error that users see: a code and a sentence. Everything else that goes
// wrong is "internal" to them and complete in the log. Start with Error; Code and Message answer for
// any error, so that nothing leaks.
package fault

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
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

// Quote puts a text that somebody sent into quotation marks, as it was sent: a backslash stays one. Only what cannot be
// seen is escaped.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	b.WriteByte('"')
	return b.String()
}

// quoted is a text whose %q is Quote.
type quoted string

// Format implements fmt.Formatter.
func (q quoted) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		_, _ = io.WriteString(f, Quote(string(q)))
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), string(q))
}

// sentence formats a message for users.
func sentence(format string, args []any) string {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = quoted(s)
		}
	}
	return fmt.Sprintf(format, args...)
}

// New makes an Error with a formatted message; in it, %q is [Quote].
func New(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: sentence(format, slices.Clone(args))}
}

// Input makes an invalid-input error about one field. The message should say what is allowed.
func Input(field, format string, args ...any) *Error {
	return &Error{Code: Invalid, Field: field, Message: sentence(format, slices.Clone(args))}
}

// Wrap gives cause a code and a sentence for the user.
func Wrap(cause error, code, format string, args ...any) *Error {
	return &Error{Code: code, Message: sentence(format, slices.Clone(args)), cause: cause}
}

// Code returns the code of err: "" for nil, Internal for any other error.
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
