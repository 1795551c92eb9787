package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/endedsession"
)

// checkEvery is how long an answer about a session is believed: a session that was ended at another gateway is
// over here after that time at the latest. For a user who was closed the backend's memory of users comes on top
// (auth.NewStore): nine seconds in all.
const checkEvery = 4 * time.Second

// endAgain is the pause before the backend is told again of a session that was ended while it was away.
const endAgain = 2 * time.Second

// checker asks the backend whether a session still holds: whether its user is current and the session was
// not ended, at this gateway or another.
type checker struct {
	backend *pool
	header  string
	clock   clock.Clock
	known   *lru.Cache[string, verdict]
	asking  singleflight.Group
	untold  sync.Map // the ids of sessions whose end the backend could not be told of yet
}

type verdict struct {
	holds bool
	at    time.Time
}

func newChecker(backend *pool, header string, now clock.Clock) *checker {
	known, err := lru.New[string, verdict](100_000)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &checker{backend: backend, header: header, clock: now, known: known}
}

// errUnknown says that the backend could not be asked.
var errUnknown = errors.New("the backend does not say whether the session holds")

// holds says whether a session holds.
func (c *checker) holds(ctx context.Context, s *Session) (bool, error) {
	if v, ok := c.known.Get(s.ID); ok && c.clock().Sub(v.at) < checkEvery {
		return v.holds, nil
	}
	answer, err, _ := c.asking.Do(s.ID, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		asked := c.clock()
		status, err := c.call(ctx, http.MethodGet, endedsession.Path(s.ID), s.User, nil)
		if err != nil {
			return false, err
		}
		v := verdict{at: asked}
		switch status {
		case http.StatusNoContent:
			v.holds = true
		case http.StatusGone, http.StatusUnauthorized, http.StatusForbidden:
		default:
			return false, fmt.Errorf("%w: status %d", errUnknown, status)
		}
		c.known.Add(s.ID, v)
		return v.holds, nil
	})
	holds, _ := answer.(bool)
	return holds, err
}

// end ends a session everywhere. Until the backend has it, it is over at this gateway only: the error says so,
// and the backend is told again until it has it or the session has lapsed.
func (c *checker) end(ctx context.Context, s *Session, until time.Time) error {
	c.known.Add(s.ID, verdict{at: c.clock().Add(24 * time.Hour)}) // not asked for again
	err := c.tell(ctx, s, until)
	if err == nil {
		return nil
	}
	if _, telling := c.untold.LoadOrStore(s.ID, true); !telling {
		go func() {
			defer c.untold.Delete(s.ID)
			for c.clock().Before(until) {
				time.Sleep(endAgain)
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				err := c.tell(ctx, s, until)
				cancel()
				if !errors.Is(err, errUnknown) {
					return // it knows, or will never take it
				}
			}
		}()
	}
	return err
}

// tell tells the backend that a session has ended.
func (c *checker) tell(ctx context.Context, s *Session, until time.Time) error {
	status, err := c.call(ctx, http.MethodDelete, endedsession.Path(s.ID)+"?until="+until.UTC().Format("2006-01-02T15:04:05Z"), s.User, nil)
	switch {
	case err != nil || status == http.StatusNoContent || status == http.StatusUnauthorized: // the last: its user is closed
		return err
	case status >= 500:
		return fmt.Errorf("%w: status %d", errUnknown, status)
	}
	return fmt.Errorf("the backend does not take the end of the session: status %d", status)
}

// password asks the backend whether a login is right; client is the address that tries are counted for.
func (c *checker) password(ctx context.Context, user, password, client string) (status int, err error) {
	return c.call(ctx, http.MethodGet, "/core/users/current_user/", "", func(r *http.Request) {
		r.SetBasicAuth(user, password)
		r.Header.Set("X-Forwarded-For", client)
	})
}

func (c *checker) call(ctx context.Context, method, path, user string, change func(*http.Request)) (int, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.backend.members[0].url.JoinPath("iapi").String()+path, nil)
	if err != nil {
		return 0, err
	}
	if user != "" {
		r.Header.Set(c.header, user)
	}
	if change != nil {
		change(r)
	}
	answer, err := c.backend.RoundTrip(r)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errUnknown, err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	return answer.StatusCode, nil
}

type sessionKey struct{}

func sessionOf(ctx context.Context) *Session {
	s, _ := ctx.Value(sessionKey{}).(*Session)
	return s
}

// signedIn lets requests with a session through, and renews its cookie. Without one a page leads to the
// login, and everything else is answered with 401.
func (g *Gateway) signedIn(route string, next http.Handler) http.Handler {
	return named(route, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := g.sealer.open(r)
		if err == nil && s.Legacy != "" && g.pools[routeLegacy] != nil && s.Legacy != digest(legacyID(r)) {
			err = errNoSession // the browser has another session there, or none any more
		}
		if err != nil {
			g.signIn(w, r)
			return
		}
		holds, err := g.sessions.holds(r.Context(), s)
		switch {
		case err != nil:
			g.log.WarnContext(r.Context(), "a session cannot be checked", "error", err)
			w.Header().Set("Retry-After", "2")
			g.refuse(w, r, http.StatusServiceUnavailable, "Who you are cannot be checked just now. Please try again.")
			return
		case !holds:
			http.SetCookie(w, g.sealer.gone())
			g.signIn(w, r)
			return
		}
		if c := g.sealer.renew(s); c != nil {
			http.SetCookie(w, c)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), sessionKey{}, s)))
	}))
}

// signIn asks for a login.
func (g *Gateway) signIn(w http.ResponseWriter, r *http.Request) {
	if !page(r) {
		g.refuse(w, r, http.StatusUnauthorized, "Sign in first.")
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	target := "/"
	if g.pools[routeLegacy] == nil {
		target = "/gateway/login"
		if strings.HasPrefix(r.URL.Path, "/front") {
			target += "?to=" + r.URL.EscapedPath()
		}
	}
	http.Redirect(w, r, target, http.StatusFound)
}
