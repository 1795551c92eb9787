// Package store keeps the ended sessions in the database and answers the gateways (package endedsession).
package store

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/endedsession"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// Sessions are the ended ones, in the table imis_ended_session.
type Sessions struct {
	DB    *db.DB
	Clock clock.Clock
}

var (
	wellFormed = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
	errID      = fault.Input("id", "id: a session is named by 16 to 64 letters, digits, - and _.")
	errUntil   = fault.Input("until", "until: a time such as 2026-11-30T12:00:00Z is needed, at most 31 days ahead.")
)

// longest is how far ahead a session may end: gateways let them live for hours.
const longest = 31 * 24 * time.Hour

// Ended says whether a user's session was ended.
func (s *Sessions) Ended(ctx context.Context, id, user string) (bool, error) {
	var n int
	err := s.DB.Read(ctx, func(q db.Query) error {
		return q.Get(ctx, &n, `SELECT 1 FROM "imis_ended_session" WHERE "session" = ? AND "username" = ?`, id, user)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// End ends a user's session, which would have lapsed at until. Ending it twice is not an error. Rows of sessions
// that have lapsed go at the same time.
func (s *Sessions) End(ctx context.Context, id, user string, until time.Time) error {
	return s.DB.Write(ctx, "end a session", func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM "imis_ended_session" WHERE "until" < ?`, s.Clock()); err != nil {
			return err
		}
		var n int
		err := tx.Get(ctx, &n, `SELECT 1 FROM "imis_ended_session" WHERE "session" = ?`, id)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO "imis_ended_session" ("session", "username", "until") VALUES (?, ?, ?)`, id, user, until)
		return err
	})
}

// Routes adds the addresses to the group of a mount prefix, behind authentication.
func (s *Sessions) Routes(g *echo.Group) {
	g.GET(endedsession.Path("")+":id", s.handle(func(c echo.Context, user, id string) error {
		ended, err := s.Ended(c.Request().Context(), id, user)
		switch {
		case err != nil:
			return err
		case ended:
			return c.NoContent(http.StatusGone)
		}
		return c.NoContent(http.StatusNoContent)
	}))
	g.DELETE(endedsession.Path("")+":id", s.handle(func(c echo.Context, user, id string) error {
		until, err := time.Parse(time.RFC3339, c.QueryParam("until"))
		if err != nil || until.After(s.Clock().Add(longest)) {
			return errUntil
		}
		if err := s.End(c.Request().Context(), id, user, until); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}))
}

func (s *Sessions) handle(do func(c echo.Context, user, id string) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		p := auth.From(c.Request().Context())
		if p == nil {
			return auth.RenderErrors(c, http.StatusUnauthorized, fault.New(fault.Unauthenticated, "Only a gateway asks about sessions."))
		}
		id := c.Param("id")
		if !wellFormed.MatchString(id) {
			return auth.RenderErrors(c, http.StatusBadRequest, errID)
		}
		err := do(c, p.Username, id)
		if err == nil {
			return nil
		}
		status := http.StatusServiceUnavailable
		if fault.Code(err) == fault.Invalid {
			status = http.StatusBadRequest
		}
		return auth.RenderErrors(c, status, err)
	}
}
