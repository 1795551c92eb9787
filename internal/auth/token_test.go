package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

const testSecret = "a secret that is long enough for tests"

func tokenGate(t *testing.T) *gate {
	return newGate(t, func(o *Options) {
		o.Secret = func(context.Context) (string, error) { return testSecret, nil }
	})
}

func (g *gate) token(t *testing.T, user, password string) string {
	t.Helper()
	token, _, err := g.Token(t.Context(), user, password, "a")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// in gives the name of who comes with the headers: "" for nobody, "!" for refused.
func (g *gate) in(t *testing.T, headers ...string) string {
	t.Helper()
	p, err := g.Authenticate(request(away, headers...))
	switch {
	case fault.Code(err) == fault.Unauthenticated:
		return "!"
	case err != nil:
		t.Fatal(err)
	case p == nil:
		return ""
	}
	return p.Username
}

func TestTokens(t *testing.T) {
	g := tokenGate(t)
	person, machine := g.token(t, "CLERK1", "clerkpass"), g.token(t, "machine", "machine")
	for _, c := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"of a person", []string{"Authorization", "Bearer " + person}, "Clerk1"},
		{"of a machine", []string{"Authorization", "bearer  " + machine}, "machine"},
		{"in the cookie", []string{"Cookie", "other=1; JWT=" + person}, "Clerk1"},
		{"in the cookie, from a page of the same site", []string{"Cookie", "JWT=" + person, "Sec-Fetch-Site", "same-origin"}, "Clerk1"},
		{"in the cookie, from another site", []string{"Cookie", "JWT=" + person, "Sec-Fetch-Site", "cross-site"}, ""},
		{"of another program in the cookie", []string{"Cookie", "JWT=eyJhbGciOiJIUzI1NiJ9.e30.c2ln"}, ""},
		{"beside a header of nobody's proxy", []string{"Authorization", "Bearer " + person, "Remote-User", "Admin"}, "Clerk1"},
		{"that an application has not got yet", []string{"Authorization", "Bearer undefined"}, ""},
		{"twice", []string{"Authorization", "Bearer " + person, "Authorization", "Bearer " + person}, "!"},
		{"beside Basic", []string{"Authorization", "Bearer " + person, "Authorization", basic("Admin", "admin123")}, "!"},
		{"with another scheme", []string{"Authorization", "JWT " + person}, ""},
		{"malformed", []string{"Authorization", "Bearer nonsense"}, "!"},
		{"of unreasonable length", []string{"Authorization", "Bearer " + strings.Repeat("x", 5000)}, "!"},
		{"cut off", []string{"Authorization", "Bearer " + person[:len(person)-3]}, "!"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := g.in(t, c.headers...); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Nothing but what this program signed for its own use is a token.
func TestForgedTokens(t *testing.T) {
	g := tokenGate(t)
	good := g.token(t, "Admin", "admin123")
	keys, err := g.tokenKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var claims tokenClaims
	if _, _, err := jwt.NewParser().ParseUnverified(good, &claims); err != nil {
		t.Fatal(err)
	}
	forge := func(method jwt.SigningMethod, key any, change func(*tokenClaims)) string {
		c := claims
		if change != nil {
			change(&c)
		}
		text, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if got := g.in(t, "Authorization", "Bearer "+forge(jwt.SigningMethodHS256, keys.sign, nil)); got != "Admin" {
		t.Fatalf("the claims signed again are %q", got)
	}
	header, rest, _ := strings.Cut(good, ".")
	_, signature, _ := strings.Cut(rest, ".")
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"without signature":             forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"with another algorithm":        forge(jwt.SigningMethodHS512, keys.sign, nil),
		"with another key":              forge(jwt.SigningMethodHS256, []byte(testSecret), nil),
		"with the signature of another": header + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.ReplaceAll(string(payload), "Admin", "super"))) + "." + signature,
		"of another issuer":             forge(jwt.SigningMethodHS256, keys.sign, func(c *tokenClaims) { c.Issuer = "openimis-be" }),
		"for another audience":          forge(jwt.SigningMethodHS256, keys.sign, func(c *tokenClaims) { c.Audience = jwt.ClaimStrings{"gateway"} }),
		"for ever":                      forge(jwt.SigningMethodHS256, keys.sign, func(c *tokenClaims) { c.ExpiresAt = nil }),
		"without a beginning":           forge(jwt.SigningMethodHS256, keys.sign, func(c *tokenClaims) { c.NotBefore = nil }),
		"not yet valid":                 forge(jwt.SigningMethodHS256, keys.sign, func(c *tokenClaims) { c.NotBefore = jwt.NewNumericDate(now.Add(time.Hour)) }),
		"issued in the future":          forge(jwt.SigningMethodHS256, keys.sign, func(c *tokenClaims) { c.IssuedAt = jwt.NewNumericDate(now.Add(time.Hour)) }),
		"of another user":               forge(jwt.SigningMethodHS256, keys.sign, func(c *tokenClaims) { c.Subject = "Clerk1" }),
		"of a look-alike":               forge(jwt.SigningMethodHS256, keys.sign, func(c *tokenClaims) { c.Subject = "ADM\u0130N" }),
		"of nobody":                     forge(jwt.SigningMethodHS256, keys.sign, func(c *tokenClaims) { c.Subject = "" }),
		"of another password":           forge(jwt.SigningMethodHS256, keys.sign, func(c *tokenClaims) { c.Credential = "" }),
	} {
		if got := g.in(t, "Authorization", "Bearer "+token); got != "!" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// A token ends with its time, with the password, and with the user; what the store remembers, it forgets
// within seconds.
func TestTokensEnd(t *testing.T) {
	update := func(g *gate, text string, args ...any) func() {
		return func() {
			err := g.d.Write(context.Background(), "change", func(tx *db.Tx) error {
				_, err := tx.Exec(context.Background(), text, args...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			g.pass(11 * time.Second)
		}
	}
	stored, key := HashLegacy("another")
	for name, c := range map[string]struct {
		user, password string
		change         func(g *gate) func()
		want           string
	}{
		"in time":        {"Clerk1", "clerkpass", func(g *gate) func() { return func() { g.pass(23 * time.Hour) } }, "Clerk1"},
		"after its time": {"Clerk1", "clerkpass", func(g *gate) func() { return func() { g.pass(25 * time.Hour) } }, "!"},
		"after a new password": {"Clerk1", "clerkpass", func(g *gate) func() {
			return update(g, `UPDATE "tblUsers" SET "StoredPassword" = ?, "PrivateKey" = ? WHERE "LoginName" = ? AND "ValidityTo" IS NULL`, stored, key, "Clerk1")
		}, "!"},
		"after another change of the user": {"Clerk1", "clerkpass", func(g *gate) func() {
			return update(g, `UPDATE "tblUsers" SET "LastName" = ?, "LoginName" = ? WHERE "LoginName" = ? AND "ValidityTo" IS NULL`, "New", "CLERK1", "Clerk1")
		}, "CLERK1"},
		"after the user was closed": {"Clerk1", "clerkpass", func(g *gate) func() {
			return update(g, `UPDATE "tblUsers" SET "ValidityTo" = ? WHERE "LoginName" = ? AND "ValidityTo" IS NULL`, now, "Clerk1")
		}, "!"},
		"after the machine's password": {"machine", "machine", func(g *gate) func() {
			return update(g, `UPDATE "core_TechnicalUser" SET "password" = ? WHERE "username" = ?`, "!", "machine")
		}, "!"},
		"after the machine's time": {"machine", "machine", func(g *gate) func() {
			return update(g, `UPDATE "core_TechnicalUser" SET "validity_to" = ? WHERE "username" = ?`, now, "machine")
		}, "!"},
		"after the password ran out": {"Clerk1", "clerkpass", func(g *gate) func() {
			g.store.PasswordsExpire = true
			return update(g, `UPDATE "tblUsers" SET "PasswordValidity" = ? WHERE "LoginName" = ? AND "ValidityTo" IS NULL`, now, "Clerk1")
		}, "!"},
	} {
		t.Run(name, func(t *testing.T) {
			g := tokenGate(t)
			change := c.change(g)
			token := g.token(t, c.user, c.password)
			if got := g.in(t, "Authorization", "Bearer "+token); got != c.user {
				t.Fatalf("before: %q", got)
			}
			change()
			if got := g.in(t, "Authorization", "Bearer "+token); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("with another secret", func(t *testing.T) {
		g := tokenGate(t)
		token := g.token(t, "Clerk1", "clerkpass")
		g.o.Secret = func(context.Context) (string, error) { return testSecret + "!", nil }
		if got := g.in(t, "Authorization", "Bearer "+token); got != "!" {
			t.Errorf("got %q", got)
		}
	})
}

func TestLoginRoute(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	var g *gate
	send := func(contentType, body string) (int, http.Header, map[string]any) {
		e := echo.New()
		e.POST("/login", LoginRoute(g.Authenticator, RenderErrors))
		r := httptest.NewRequest("POST", "/login", strings.NewReader(body))
		r.RemoteAddr = away
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		var v map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		return w.Code, w.Header(), v
	}
	g = tokenGate(t)
	for _, c := range []struct {
		name, contentType, body string
		status                  int
		says                    string
	}{
		{"JSON", "application/json", `{"username":"Admin","password":"admin123"}`, 200, ""},
		{"JSON in UTF-8", "application/json; charset=utf-8", `{"username":"admin","password":"admin123","more":1}`, 200, ""},
		{"JSON without a type", "", `{"username":"Admin","password":"admin123"}`, 200, ""},
		{"form", form, "username=Clerk1&password=clerkpass", 200, ""},
		{"form in parts", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nClerk1\r\n--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nclerkpass\r\n--b--\r\n", 200, ""},
		{"misspelt member", "application/json", `{"username2":"Admin","password":"admin123"}`, 400, "username is missing"},
		{"member in another case", "application/json", `{"Username":"Admin","password":"admin123"}`, 400, "username is missing"},
		{"no password", form, "username=Admin", 400, "password is missing"},
		{"null", "application/json", `{"username":"Admin","password":null}`, 400, "password is missing"},
		{"number", "application/json", `{"username":"Admin","password":1}`, 400, "password must be a text"},
		{"twice", form, "username=Admin&username=Clerk1&password=x", 400, "more than once"},
		{"list", "application/json", `[]`, 400, "is not a login"},
		{"nothing", "application/json", ``, 400, "is not a login"},
		{"XML", "application/xml", `<a/>`, 400, "application/xml"},
		{"control character", "application/json", `{"username":"Ad\u0000min","password":"x"}`, 400, "username is not a user name"},
		{"too long", "application/json", `{"username":"Admin","password":"` + strings.Repeat("x", 20_000) + `"}`, 413, "is not a login"},
		{"wrong password", "application/json", `{"username":"Admin","password":"x"}`, 401, "wrong"},
		{"nobody", form, "username=nobody&password=x", 401, "wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, header, answer := send(c.contentType, c.body)
			if status != c.status || header.Get("Cache-Control") != "no-store" {
				t.Fatalf("status %d, %v, %v", status, header, answer)
			}
			if c.status != 200 {
				if text, _ := json.Marshal(answer); !strings.Contains(string(text), c.says) {
					t.Errorf("got %s", text)
				}
				return
			}
			if exp := answer["exp"].(float64); int64(exp) != now.Add(24*time.Hour).Unix() {
				t.Errorf("exp %v", exp)
			}
			if got := g.in(t, "Authorization", "Bearer "+answer["token"].(string)); got == "" || got == "!" {
				t.Errorf("the token is of %q", got)
			}
		})
	}
	t.Run("locked like HTTP Basic", func(t *testing.T) {
		g = tokenGate(t)
		for range 3 {
			send(form, "username=Admin&password=x")
		}
		for i := range 2 {
			if got := g.in(t, "Authorization", basic("Admin", "y"+strings.Repeat("y", i))); got != "!" {
				t.Fatal(got)
			}
		}
		if status, header, _ := send(form, "username=Admin&password=admin123"); status != 429 || header.Get("Retry-After") != "300" {
			t.Errorf("status %d, %v", status, header)
		}
	})
	t.Run("without a key", func(t *testing.T) {
		g = newGate(t, func(o *Options) {
			o.Secret = func(context.Context) (string, error) {
				return "", fault.Wrap(errors.New("no room"), fault.Unavailable, "Tokens cannot be used just now.")
			}
		})
		if status, _, answer := send(form, "username=Admin&password=admin123"); status != 503 {
			t.Errorf("status %d, %v", status, answer)
		}
		if got := g.in(t, "Authorization", basic("Admin", "admin123")); got != "Admin" {
			t.Errorf("HTTP Basic needs no key: %q", got)
		}
	})
}

func FuzzToken(f *testing.F) {
	g := &gate{Authenticator: New(nil, Options{Secret: func(context.Context) (string, error) { return testSecret, nil }})}
	f.Add("Bearer e30.e30.")
	f.Add("Bearer eyJhbGciOiJub25lIn0.e30.")
	f.Add("Bearer ..")
	f.Fuzz(func(t *testing.T, header string) {
		token, ok, err := tokenOf(http.Header{"Authorization": {header}})
		if !ok || err != nil {
			return
		}
		if p, err := g.bearer(t.Context(), token); p != nil || fault.Code(err) != fault.Unauthenticated {
			t.Errorf("%q: %v, %v", header, p, err)
		}
	})
}
