package auth

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// maxLoginBody bounds the body of a login.
const maxLoginBody = 16 << 10

// LoginRoute answers POST login of the FHIR mounts (docs/fhir.md): user name and
// password, as JSON or as a form, for a token.
//
//	200 {"token": "…", "exp": 1764489600}   exp in Unix seconds
//	400 a member is missing or is not a text
//	401 user name or password is wrong; 429 too many failures, with Retry-After
//
// Errors are rendered by render, in the envelope of the mount.
func LoginRoute(a *Authenticator, render ErrorRenderer) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		login, err := readLogin(c.Response(), c.Request())
		if err != nil {
			status := http.StatusBadRequest
			if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
				status = http.StatusRequestEntityTooLarge
			}
			return render(c, status, err)
		}
		r := c.Request()
		token, ends, err := a.Token(r.Context(), login.username, login.password, a.clientOf(r, peerOf(r)))
		if err != nil {
			return a.refuse(c, render, err)
		}
		return c.JSON(http.StatusOK, struct {
			Token string `json:"token"`
			Exp   int64  `json:"exp"`
		}{token, ends.Unix()})
	}
}

// refuse answers a request whose sender could not be found out.
func (a *Authenticator) refuse(c echo.Context, render ErrorRenderer, err error) error {
	status, wait := Status(err)
	if wait > 0 {
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	if status >= http.StatusInternalServerError {
		a.o.Log.ErrorContext(c.Request().Context(), "authentication is not possible", "error", err)
	}
	return render(c, status, err)
}

// readLogin reads the body of a login. A body without a content type is taken for JSON.
func readLogin(w http.ResponseWriter, r *http.Request) (credentials, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginBody)
	kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil {
		kind = echo.MIMEApplicationJSON
	}
	var member func(name string) (string, error)
	switch {
	case kind == echo.MIMEApplicationForm || kind == echo.MIMEMultipartForm:
		err = r.ParseMultipartForm(maxLoginBody)
		if errors.Is(err, http.ErrNotMultipart) {
			err = nil
		}
		member = func(name string) (string, error) {
			if v := r.PostForm[name]; len(v) == 1 {
				return v[0], nil
			} else if len(v) > 1 {
				return "", fault.Input(name, "%s is given more than once.", name)
			}
			return "", missing(name)
		}
	case kind == echo.MIMEApplicationJSON || strings.HasSuffix(kind, "+json") || kind == echo.MIMETextPlain:
		var body map[string]json.RawMessage
		var raw []byte
		if raw, err = io.ReadAll(r.Body); err == nil {
			err = json.Unmarshal(raw, &body)
		}
		member = func(name string) (text string, err error) {
			raw, ok := body[name]
			if !ok || string(raw) == "null" {
				return "", missing(name)
			}
			if json.Unmarshal(raw, &text) != nil {
				return "", fault.Input(name, "%s must be a text.", name)
			}
			return text, nil
		}
	default:
		return credentials{}, fault.New(fault.Invalid, "A login cannot be sent as %s; allowed: application/json and application/x-www-form-urlencoded.", kind)
	}
	if err != nil {
		return credentials{}, fault.Wrap(err, fault.Invalid, "The body is not a login; allowed: username and password, as a JSON object or as a form.")
	}
	var c credentials
	if c.username, err = member("username"); err != nil {
		return c, err
	}
	if c.password, err = member("password"); err != nil {
		return c, err
	}
	switch {
	case !validUsername(c.username):
		return c, fault.Input("username", "username is not a user name: 1 to %d characters, without control characters.", maxUsername)
	case !utf8.ValidString(c.password) || utf8.RuneCountInString(c.password) > maxPassword || strings.ContainsFunc(c.password, unicode.IsControl):
		return c, fault.Input("password", "password is not a password: at most %d characters, without control characters.", maxPassword)
	}
	return c, nil
}

func missing(name string) error { return fault.Input(name, "%s is missing.", name) }
