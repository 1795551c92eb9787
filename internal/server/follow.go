package server

import (
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
)

// followers lets people see what they have just written although reads go to a replica that is behind
// (DATABASE_READ_URL). For a while (DATABASE_READ_LAG) after somebody has written, or has looked for the
// outcome of a mutation, all that this user reads comes from the primary: on this instance by the name of the
// user, on any other by a cookie, which says nothing but that.
type followers struct {
	db    *db.DB
	lag   time.Duration
	clock func() time.Time

	mu    sync.Mutex
	until map[string]time.Time // by user
}

// followCookie tells another instance that the client has written.
const followCookie = "imis_primary"

func newFollowers(d *db.DB, lag time.Duration) *followers {
	return &followers{db: d, lag: lag, clock: time.Now, until: map[string]time.Time{}}
}

// middleware stands behind the authentication.
func (f *followers) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	if !f.db.Replicated() {
		return next
	}
	return func(c echo.Context) error {
		r := c.Request()
		p := auth.From(r.Context())
		if p == nil {
			return next(c)
		}
		ctx, follower := db.WithFollower(r.Context())
		if cookie, err := r.Cookie(followCookie); err == nil && cookie.Value != "" || f.follows(p.Username) {
			ctx = db.FromPrimary(ctx)
		}
		c.SetRequest(r.WithContext(ctx))
		c.Response().Before(func() {
			if follower.Follows() {
				c.SetCookie(&http.Cookie{Name: followCookie, Value: "1", Path: "/", MaxAge: max(int(f.lag/time.Second), 1), HttpOnly: true, SameSite: http.SameSiteLaxMode})
			}
		})
		err := next(c)
		if follower.Follows() {
			f.note(p.Username)
		}
		return err
	}
}

func (f *followers) follows(user string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	until, ok := f.until[user]
	return ok && f.clock().Before(until)
}

// note begins a user's time anew, and forgets those whose time is over.
func (f *followers) note(user string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock()
	if len(f.until) > 1000 {
		for u, until := range f.until {
			if !now.Before(until) {
				delete(f.until, u)
			}
		}
	}
	f.until[user] = now.Add(f.lag)
}
