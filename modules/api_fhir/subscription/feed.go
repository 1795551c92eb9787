package subscription

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// Feed sends what subscriptions ask for. Run it in any number of processes.
type Feed struct {
	Service    *Service
	Principals func(ctx context.Context, username string) (*auth.Principal, error)
	Log        *slog.Logger
	Poll       time.Duration // how often changes are looked for; default 5 s
	Timeout    time.Duration // for an endpoint to answer; default 10 s

	once   sync.Once
	holder string
	client *http.Client
	asks   http.Handler
}

const (
	atOnce    = 32               // endpoints that are sent to at a time
	pageSize  = 100              // resources of one search
	longLease = 2 * time.Minute  // renewed while resources are sent
	saveEvery = time.Second      // how often the position is written while resources are sent
	restMost  = time.Hour        // between tries of an endpoint that fails
	giveUp    = 40               // failures in a row, about a day and a half
	skipAfter = 5                // times that an endpoint refuses a resource, before it is left out
	oneTurn   = 20 * time.Second // of one subscription, then others have their turn
)

func (f *Feed) init() {
	f.once.Do(func() {
		if f.Poll <= 0 {
			f.Poll = 5 * time.Second
		}
		if f.Timeout <= 0 {
			f.Timeout = 10 * time.Second
		}
		f.holder = uuid.NewString()
		f.client = f.Service.Targets.client(f.Timeout)
		e := echo.New()
		f.Service.server.Mount(e.Group("/fhir"), apifhir.Mount{Release: apifhir.R4})
		f.asks = e
	})
}

// Run works until ctx ends, and then waits for what is being sent.
func (f *Feed) Run(ctx context.Context) {
	f.init()
	var running sync.WaitGroup
	defer running.Wait()
	places := make(chan struct{}, atOnce)
	for {
		ids, err := f.due(ctx)
		if err != nil && ctx.Err() == nil {
			f.Log.WarnContext(ctx, "subscriptions cannot be read", "error", err)
		}
		for _, id := range ids {
			select {
			case places <- struct{}{}:
			case <-ctx.Done():
				return
			}
			running.Go(func() {
				defer func() { <-places }()
				if err := f.turn(ctx, id); err != nil && ctx.Err() == nil {
					f.Log.WarnContext(ctx, "a subscription cannot be worked on", "subscription", id, "error", err)
				}
			})
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(f.Poll):
		}
	}
}

func (f *Feed) due(ctx context.Context) (ids []string, err error) {
	err = f.Service.DB.Read(db.FromPrimary(ctx), func(q db.Query) error {
		ids, err = due(ctx, q, f.Service.Clock(), atOnce)
		return err
	})
	return ids, err
}

// turn sends what one subscription waits for.
func (f *Feed) turn(ctx context.Context, id string) error {
	now := f.Service.Clock()
	var r *row
	err := f.Service.DB.Write(ctx, "lease a subscription", func(tx *db.Tx) error {
		r = nil
		ok, err := lease(ctx, tx, id, f.holder, now, now.Add(longLease))
		if err != nil || !ok {
			return err
		}
		r, err = find(ctx, tx, id)
		return err
	})
	if err != nil || r == nil {
		return err
	}
	if r.Ends != nil && !r.Ends.After(now) {
		r.Status = off
		return f.save(ctx, r, nil)
	}
	ctx, cancel := context.WithTimeout(ctx, longLease-10*time.Second)
	defer cancel()
	err = f.send(ctx, r)
	done, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	now = f.Service.Clock()
	switch {
	case err == nil:
		r.Failures, r.Error, r.Due = 0, nil, now.Add(f.Poll)
	case errors.Is(err, errLost):
		return nil
	case ctx.Err() != nil && errors.Is(err, context.Canceled): // the process ends; somebody else goes on
		r.Due = now
	default:
		r.Failures++
		text := fault.Message(err)
		if fault.Code(err) == fault.Internal {
			text = err.Error()
		}
		r.Error = apifhir.Ptr(clip(text, 500))
		r.Due = now.Add(rest(r.Failures))
		var refused *notAllowed
		if r.Failures >= giveUp || errors.As(err, &refused) {
			r.Status = failed
			f.Log.WarnContext(done, "a subscription was given up", "subscription", r.ID, "owner", r.Owner, "error", text)
		}
	}
	if err := f.save(done, r, nil); err != nil && !errors.Is(err, errLost) {
		return err
	}
	return nil
}

// rest is how long an endpoint is left alone after so many failures: 5 s, 10 s, 20 s, … an hour.
func rest(failures int) time.Duration {
	d := 5 * time.Second
	for range failures - 1 {
		if d *= 2; d >= restMost {
			return restMost
		}
	}
	return d
}

var errLost = errors.New("the subscription was changed or taken over")

// save writes how far r is. until renews the lease, nil gives it back.
func (f *Feed) save(ctx context.Context, r *row, until *time.Time) error {
	return f.Service.DB.Write(ctx, "progress of a subscription", func(tx *db.Tx) error {
		ok, err := progress(ctx, tx, r, f.holder, until)
		if err == nil && !ok {
			err = errLost
		}
		return err
	})
}

// notAllowed says that the owner may no longer have what is subscribed to.
type notAllowed struct{ text string }

func (e *notAllowed) Error() string { return e.text }

// change is a resource that was changed, as it is now.
type change struct {
	id, version string
	at          time.Time
	body        json.RawMessage
}

// send sends what was changed, in the order of the changes, until nothing is left or the turn is over.
func (f *Feed) send(ctx context.Context, r *row) error {
	p, err := f.Principals(ctx, r.Owner)
	if err != nil {
		if fault.Code(err) == fault.Unauthenticated {
			return &notAllowed{fmt.Sprintf("the user %s is not known any more", r.Owner)}
		}
		return err
	}
	t := turn{Feed: f, r: r, began: time.Now(), saved: time.Now(), note: func() {}}
	ctx = auth.With(db.FromPrimary(ctx), p)
	if r.Mark != nil {
		err := t.byVersions(ctx)
		if !errors.Is(err, apifhir.ErrMark) {
			return err
		}
		f.Log.WarnContext(ctx, "the row versions of the database do not go on from those of a subscription; it goes on by the times of changes", "subscription", r.ID)
		r.Mark = nil
	}
	// What is changed from here on is found by row versions; what was changed before is sent by stamps first.
	var mark *string
	err = f.Service.DB.Read(ctx, func(q db.Query) (err error) {
		mark, err = f.Service.mark(ctx, q, r.Criteria)
		return err
	})
	if err != nil {
		return err
	}
	all, err := t.byStamps(ctx)
	if all && mark != nil {
		r.Mark, r.Sent = mark, nil
	}
	return err
}

// turn is the time that a subscription is worked on without a break.
type turn struct {
	*Feed
	r            *row
	began, saved time.Time
	note         func() // brings r up to date before it is saved
}

// over says that it is the turn of others.
func (t *turn) over() bool { return time.Since(t.began) > oneTurn }

// deliver sends a change, and has took note that it was sent. What an endpoint refuses again and again is left out.
func (t *turn) deliver(ctx context.Context, c change, took func()) error {
	r := t.r
	if err := t.post(ctx, r, c); err != nil {
		var refusal *refusedResource
		if !errors.As(err, &refusal) || r.Failures < skipAfter {
			return err
		}
		t.Log.WarnContext(ctx, "an endpoint refuses a resource: it is left out", "subscription", r.ID, "resource", c.id, "status", refusal.status)
	}
	r.Failures = 0
	if c.at.After(r.Position) {
		r.Position = c.at
	}
	took()
	if time.Since(t.saved) <= saveEvery {
		return nil
	}
	t.note()
	t.saved = time.Now()
	until := t.Service.Clock().Add(longLease)
	return t.save(ctx, r, &until)
}

// refusedResource says that the endpoint answered a resource with a mistake of the client's.
type refusedResource struct{ status int }

func (e *refusedResource) Error() string {
	return fmt.Sprintf("the endpoint answers with status %d", e.status)
}

// post sends a resource.
func (f *Feed) post(ctx context.Context, r *row, c change) error {
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.Endpoint, bytes.NewReader(c.body))
	if err != nil {
		return err
	}
	kind := "application/fhir+json"
	if r.Payload != nil {
		kind = *r.Payload
	}
	request.Header.Set("Content-Type", kind)
	request.Header.Set("User-Agent", "openIMIS")
	if r.Headers != nil {
		var headers []string
		if err := json.Unmarshal([]byte(*r.Headers), &headers); err != nil {
			return fmt.Errorf("read the headers: %w", err)
		}
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			request.Header.Set(name, value)
		}
	}
	answer, err := f.client.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // the URL is known
		}
		return fmt.Errorf("the endpoint cannot be reached: %w", err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10))
	switch s := answer.StatusCode; {
	case s >= 200 && s < 300:
		return nil
	case s == http.StatusBadRequest || s == http.StatusUnprocessableEntity || s == http.StatusConflict || s == http.StatusRequestEntityTooLarge || s == http.StatusUnsupportedMediaType:
		return &refusedResource{s}
	default:
		return fmt.Errorf("the endpoint answers with status %d", s)
	}
}

func clip(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
