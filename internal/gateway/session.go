package gateway

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/openimis/openimis-be-go/internal/clock"
)

// Session says who a browser is signed in as. It travels in the cookie alone, sealed, so that it survives
// a restart and works over several gateways with the same secret.
type Session struct {
	ID      string    `json:"i"` // random; what is remembered of a session that was ended
	User    string    `json:"u"`
	Started time.Time `json:"s"`
	Seen    time.Time `json:"n"` // last renewal of the cookie
	// Legacy ties the session to that of the legacy application (a digest of its id): when the browser
	// gets another one there, somebody else may have signed in.
	Legacy string `json:"l,omitempty"`
}

// sealer seals sessions into cookies and opens them.
type sealer struct {
	aeads []cipher.AEAD // the first seals, all open
	clock clock.Clock
	idle  time.Duration
	max   time.Duration
	name  string // of the cookie
	https bool
}

// renewAfter is the part of the idle time after which a cookie is renewed: not every answer needs one.
const renewAfter = 20

func newSealer(c *Config, now clock.Clock) (*sealer, error) {
	secrets, err := c.secrets()
	if err != nil {
		return nil, err
	}
	s := &sealer{clock: now, idle: time.Duration(c.SessionIdle), max: time.Duration(c.SessionMax), name: "openimis_session", https: c.TLS()}
	if s.https {
		s.name = "__Host-" + s.name // browsers take it from this host over HTTPS only
	}
	for _, secret := range secrets {
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, "openimis gateway session 1", chacha20poly1305.KeySize)
		if err != nil {
			return nil, err
		}
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			return nil, err
		}
		s.aeads = append(s.aeads, aead)
	}
	return s, nil
}

// start makes the session of a user who just signed in.
func (s *sealer) start(user, legacyID string) *Session {
	var id [16]byte
	_, _ = rand.Read(id[:])
	now := s.clock()
	return &Session{ID: base64.RawURLEncoding.EncodeToString(id[:]), User: user, Started: now, Seen: now, Legacy: digest(legacyID)}
}

// digest names a session of the legacy application without giving it away.
func digest(legacyID string) string {
	if legacyID == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(legacyID))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

var errNoSession = errors.New("no session")

// open reads the session of a request. Everything that is not one, also one that has ended, is errNoSession.
func (s *sealer) open(r *http.Request) (*Session, error) {
	cookies := r.CookiesNamed(s.name)
	if len(cookies) != 1 {
		return nil, errNoSession
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookies[0].Value)
	if err != nil {
		return nil, errNoSession
	}
	for _, aead := range s.aeads {
		if len(raw) < aead.NonceSize() {
			return nil, errNoSession
		}
		plain, err := aead.Open(nil, raw[:aead.NonceSize()], raw[aead.NonceSize():], []byte(s.name))
		if err != nil {
			continue
		}
		var session Session
		if err := json.Unmarshal(plain, &session); err != nil || session.User == "" || session.ID == "" {
			return nil, errNoSession
		}
		now := s.clock()
		if now.Sub(session.Seen) > s.idle || now.Sub(session.Started) > s.max || session.Seen.After(now.Add(time.Minute)) {
			return nil, errNoSession
		}
		return &session, nil
	}
	return nil, errNoSession
}

// cookie seals a session.
func (s *sealer) cookie(session *Session) (*http.Cookie, error) {
	plain, err := json.Marshal(session)
	if err != nil {
		return nil, fmt.Errorf("seal the session: %w", err)
	}
	aead := s.aeads[0]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	_, _ = rand.Read(nonce)
	value := base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, plain, []byte(s.name)))
	return &http.Cookie{Name: s.name, Value: value, Path: "/", HttpOnly: true, Secure: s.https, SameSite: http.SameSiteLaxMode,
		MaxAge: int(min(s.idle, s.max-s.clock().Sub(session.Started)).Seconds())}, nil
}

// renew gives the cookie of a session that goes on, nil while the one that the browser has is fresh enough.
func (s *sealer) renew(session *Session) *http.Cookie {
	now := s.clock()
	if now.Sub(session.Seen) < s.idle/renewAfter {
		return nil
	}
	session.Seen = now
	c, err := s.cookie(session)
	if err != nil {
		return nil
	}
	return c
}

// gone is the cookie that removes a session.
func (s *sealer) gone() *http.Cookie {
	return &http.Cookie{Name: s.name, Path: "/", HttpOnly: true, Secure: s.https, SameSite: http.SameSiteLaxMode, MaxAge: -1}
}

// ends is when the session is over at the latest.
func (s *sealer) ends(session *Session) time.Time { return session.Started.Add(s.max) }
