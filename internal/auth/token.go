package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Tokens are JSON Web Tokens (RFC 7519), signed with HMAC SHA-256 and nothing else. A token names its user
// and the password that was given for it, by a fingerprint: it ends when the password changes, when the
// user is closed, and after its lifetime.

// What every token says of itself. Tokens of another program are not ours, even should it share the key.
const (
	tokenIssuer   = "openimis-be-go"
	tokenAudience = "openimis-api"
)

// skew is how far the clocks of two servers may differ.
const skew = 30 * time.Second

// maxToken bounds what is parsed; our tokens have some 400 bytes.
const maxToken = 4 << 10

// tokenClaims are the claims of a token. Username is there twice, for clients that read what Django's
// tokens have.
type tokenClaims struct {
	jwt.RegisteredClaims
	Username   string `json:"username"`
	Credential string `json:"cred"`
}

// errToken is the one answer to tokens that are forged, ended, or of a user who is gone.
var errToken = fault.New(fault.Unauthenticated, "The token is not valid or has ended; sign in again.")

// Token checks a user name and password as Login does, and gives a token for them with the moment at which
// it ends. The errors are those of Login; fault.Unavailable when there is no key to sign with.
func (a *Authenticator) Token(ctx context.Context, username, password, address string) (token string, ends time.Time, err error) {
	keys, err := a.tokenKeys(ctx)
	if err != nil {
		return "", time.Time{}, err
	}
	p, err := a.Login(ctx, username, password, address)
	if err != nil {
		return "", time.Time{}, err
	}
	acc, err := a.store.account(ctx, p.Username)
	if err != nil {
		return "", time.Time{}, err
	}
	now := a.o.Clock().Truncate(time.Second)
	ends = now.Add(a.o.TokenLifetime)
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, tokenClaims{
		RegisteredClaims: jwt.RegisteredClaims{ID: uuid.NewString(), Issuer: tokenIssuer, Audience: jwt.ClaimStrings{tokenAudience}, Subject: p.Username,
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(ends)},
		Username:   p.Username,
		Credential: keys.fingerprint(acc),
	}).SignedString(keys.sign)
	if err != nil {
		return "", time.Time{}, fault.Wrap(err, fault.Internal, "sign a token")
	}
	a.o.Log.InfoContext(ctx, "token issued", "user", p.Username, "address", address, "until", ends)
	return signed, ends, nil
}

// bearer gives the principal of a token.
func (a *Authenticator) bearer(ctx context.Context, token string) (*Principal, error) {
	keys, err := a.tokenKeys(ctx)
	if err != nil {
		return nil, err
	}
	var claims tokenClaims
	_, err = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(tokenIssuer), jwt.WithAudience(tokenAudience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(a.o.Clock), jwt.WithLeeway(skew), jwt.WithStrictDecoding()).
		ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return keys.sign, nil })
	if err != nil || claims.NotBefore == nil || !validUsername(claims.Subject) {
		a.o.Log.DebugContext(ctx, "token refused", "error", err)
		return nil, errToken
	}
	acc, err := a.store.account(ctx, claims.Subject)
	switch {
	case fault.Code(err) == fault.Unauthenticated:
		return nil, errToken
	case err != nil:
		return nil, err
	case acc.expired(a.store.clock()), subtle.ConstantTimeCompare([]byte(claims.Credential), []byte(keys.fingerprint(acc))) != 1:
		a.o.Log.InfoContext(ctx, "token refused: the password has changed or run out", "user", claims.Subject)
		return nil, errToken
	}
	return acc.principal, nil
}

// tokenKeys are made of the secret, each for one purpose.
type tokenKeys struct{ sign, print []byte }

func (a *Authenticator) tokenKeys(ctx context.Context) (tokenKeys, error) {
	if a.o.Secret == nil {
		return tokenKeys{}, fault.New(fault.Unavailable, "Tokens are not set up here; sign in with HTTP Basic.")
	}
	secret, err := a.o.Secret(ctx)
	if err != nil {
		return tokenKeys{}, err
	}
	derive := func(purpose string) []byte {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte("openimis-be-go " + purpose))
		return mac.Sum(nil)
	}
	return tokenKeys{derive("tokens"), derive("credentials")}, nil
}

// fingerprint tells passwords of an account apart without showing anything of them.
func (k tokenKeys) fingerprint(acc *account) string {
	mac := hmac.New(sha256.New, k.print)
	mac.Write([]byte(acc.secret()))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
}

// tokenOf gives the token of a request's Authorization header. Without one ok is false; so it is for what
// applications send that have none yet ("Bearer undefined").
func tokenOf(headers http.Header) (token string, ok bool, err error) {
	values := headers.Values("Authorization")
	for _, v := range values {
		scheme, rest, _ := strings.Cut(strings.TrimLeft(v, " \t"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		switch token = strings.Trim(rest, " \t"); token {
		case "", "undefined", "null":
			continue
		}
		ok = true
	}
	switch {
	case !ok:
		return "", false, nil
	case len(values) > 1, len(token) > maxToken:
		return "", true, errToken
	}
	return token, true, nil
}

// tokenCookie is where the Python backend's tokenAuth keeps its token, and where clients put ours.
const tokenCookie = "JWT"

// cookieToken gives the token of the cookie, for clients that keep it there. A browser that says that
// another site made it send the cookie is not heard.
func cookieToken(r *http.Request) string {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return ""
	}
	c, err := r.Cookie(tokenCookie)
	if err != nil || len(c.Value) > maxToken {
		return ""
	}
	return c.Value
}
