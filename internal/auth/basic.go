package auth

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// What a login may be at most: core_TechnicalUser.username has 150 characters.
const (
	maxUsername = 150
	maxPassword = 1024
)

// credentials are what somebody typed.
type credentials struct{ username, password string }

var errBasic = fault.New(fault.Unauthenticated, "The Authorization header is not a valid Basic login; allowed: Basic base64(user:password).")

// parseBasic reads the Authorization headers of a request. Without Basic login ok is false: other
// schemes are not for us (the newer React application sends "JWT undefined"). Several headers, or a
// login with control characters or of unreasonable length, are an error.
func parseBasic(headers http.Header) (c credentials, ok bool, err error) {
	values := headers.Values("Authorization")
	for _, v := range values {
		scheme, _, _ := strings.Cut(strings.TrimLeft(v, " \t"), " ")
		ok = ok || strings.EqualFold(scheme, "Basic")
	}
	if !ok {
		return credentials{}, false, nil
	}
	if len(values) > 1 {
		return credentials{}, true, errBasic
	}
	_, encoded, _ := strings.Cut(strings.TrimLeft(values[0], " \t"), " ")
	encoded = strings.Trim(encoded, " \t")
	if len(encoded) > base64.StdEncoding.EncodedLen(4*(maxUsername+maxPassword)) {
		return credentials{}, true, errBasic
	}
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !utf8.Valid(raw) {
		return credentials{}, true, errBasic
	}
	username, password, found := strings.Cut(string(raw), ":")
	if !found || !validUsername(username) || utf8.RuneCountInString(password) > maxPassword || strings.ContainsFunc(password, unicode.IsControl) {
		return credentials{}, true, errBasic
	}
	return credentials{username, password}, true, nil
}

// validUsername says whether a name can be one at all.
func validUsername(name string) bool {
	return trimBlanks(name) != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxUsername &&
		!strings.ContainsFunc(name, unicode.IsControl)
}
