package subscription

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// The rights of subscriptions, as the Python backend numbers them.
const (
	rightRead   = 158001
	rightCreate = 158002
	rightUpdate = 158003
	rightDelete = 158004
)

// mostOfOne is how many subscriptions a user may have.
const mostOfOne = 50

// Service makes the resource and feeds it. Serve has to be told the server that it asks.
type Service struct {
	DB      *db.DB
	Clock   clock.Clock // moments
	Targets Targets
	server  *apifhir.Server
}

// Serve tells the service the server that has its resource: it knows what may be subscribed to.
func (s *Service) Serve(server *apifhir.Server) { s.server = server }

// Resource is Subscription of R4. A subscription belongs to who made it; administrators see and delete all.
func (s *Service) Resource() apifhir.Resource {
	return apifhir.Resource{
		Release: apifhir.R4, Type: "Subscription", Doc: "Rest-hooks: resources that were changed are sent to an endpoint, at least once, in the order of their changes.",
		Profile: apifhir.StructureDefinition("openimis-subscription"), Personal: true,
		Access: apifhir.Access{Get: auth.Needs(rightRead), Create: auth.Needs(rightCreate), Update: auth.Needs(rightUpdate), Delete: auth.Needs(rightDelete)},
		Params: []apifhir.Param{
			apifhir.IDParam,
			{Name: "status", Type: apifhir.Token, Doc: "State", Allowed: []string{active, off, failed}},
			{Name: "url", Type: apifhir.String, Doc: "The endpoint", Modifiers: []string{"exact"}},
		},
		Read: func(ctx context.Context, q db.Query, id string) (apifhir.Entry, error) {
			r, err := visible(ctx, q, auth.From(ctx), id)
			if err != nil {
				return apifhir.Entry{}, err
			}
			return r.entry(auth.From(ctx)), nil
		},
		Search: search,
		Create: apifhir.Decoded(s.create),
		Update: apifhir.Decoded(s.update),
		Delete: func(ctx context.Context, in *apifhir.Input) error {
			r, err := visible(ctx, in.Tx, in.By, in.ID)
			if err != nil {
				return err
			}
			return remove(ctx, in.Tx, r.ID)
		},
	}
}

// visible reads a subscription that p may see.
func visible(ctx context.Context, q db.Query, p *auth.Principal, id string) (*row, error) {
	r, err := find(ctx, q, strings.ToLower(id))
	if err != nil {
		return nil, err
	}
	if r == nil || p == nil || !p.Admin && r.Owner != p.Username {
		return nil, fault.New(fault.NotFound, "Subscription %s not found.", id)
	}
	return r, nil
}

func search(ctx context.Context, q db.Query, query apifhir.Query) (page apifhir.Page, err error) {
	p := auth.From(ctx)
	if p == nil {
		return page, nil
	}
	owner := p.Username
	if p.Admin {
		owner = ""
	}
	rows, err := list(ctx, q, owner)
	if err != nil {
		return page, err
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return !r.meets(query.Params) })
	slices.SortStableFunc(rows, func(a, b row) int {
		for _, key := range query.Sort {
			order := strings.Compare(a.ID, b.ID)
			if key.Name == "_lastUpdated" {
				order = a.Changed.Compare(b.Changed)
			}
			if key.Desc {
				order = -order
			}
			if order != 0 {
				return order
			}
		}
		return 0
	})
	page.Total = len(rows)
	if query.CountOnly {
		return page, nil
	}
	for _, r := range rows[min(query.Offset, len(rows)):min(query.Offset+query.Limit, len(rows))] {
		page.Entries = append(page.Entries, r.entry(p))
	}
	return page, nil
}

func (r *row) meets(params map[string][]apifhir.Criterion) bool {
	for name, criteria := range params {
		for _, c := range criteria {
			if !slices.ContainsFunc(c.Any, func(v apifhir.Value) bool {
				switch name {
				case "status":
					return v.Code == r.Status
				case "url":
					return c.Modifier == "exact" && v.Text == r.Endpoint || c.Modifier == "" && strings.HasPrefix(r.Endpoint, v.Text)
				}
				return strings.EqualFold(v.Code, r.ID)
			}) {
				return false
			}
		}
	}
	return true
}

// entry is the resource. Headers may hold secrets: who made the subscription sees them, nobody else.
func (r *row) entry(p *auth.Principal) apifhir.Entry {
	s := &fhir.Subscription{
		Status: status(r.Status), Reason: r.Reason, Criteria: r.Criteria, Error: r.Error,
		Channel: fhir.SubscriptionChannel{Type: fhir.SubscriptionChannelTypeRestHook, Endpoint: &r.Endpoint, Payload: r.Payload},
	}
	if p != nil && p.Username == r.Owner && r.Headers != nil {
		_ = json.Unmarshal([]byte(*r.Headers), &s.Channel.Header)
	}
	if r.Ends != nil {
		s.End = apifhir.Ptr(apifhir.InstantText(*r.Ends))
	}
	return apifhir.Entry{ID: r.ID, VersionTime: r.Changed, Resource: s}
}

func status(text string) fhir.SubscriptionStatus {
	switch text {
	case active:
		return fhir.SubscriptionStatusActive
	case failed:
		return fhir.SubscriptionStatusError
	}
	return fhir.SubscriptionStatusOff
}

func (s *Service) create(ctx context.Context, in *apifhir.Input, sent *fhir.Subscription, _ []apifhir.Contained) (apifhir.Entry, error) {
	now := s.Clock()
	r := &row{ID: uuid.NewString(), Owner: in.By.Username, Position: now}
	own, err := list(ctx, in.Tx, r.Owner)
	if err != nil {
		return apifhir.Entry{}, err
	}
	if len(own) >= mostOfOne {
		return apifhir.Entry{}, fault.New(fault.Conflict, "You have %d subscriptions already; delete one first.", mostOfOne)
	}
	if err := s.take(r, in.By, sent, now); err != nil {
		return apifhir.Entry{}, err
	}
	if r.Mark, err = s.mark(ctx, in.Tx, r.Criteria); err != nil {
		return apifhir.Entry{}, err
	}
	if err := insert(ctx, in.Tx, r); err != nil {
		return apifhir.Entry{}, err
	}
	return r.entry(in.By), nil
}

// update changes a subscription of one's own. It goes on where it was; one that was off or given up
// begins anew, for what was missed meanwhile may be much.
func (s *Service) update(ctx context.Context, in *apifhir.Input, sent *fhir.Subscription, _ []apifhir.Contained) (apifhir.Entry, error) {
	r, err := visible(ctx, in.Tx, in.By, in.ID)
	if err == nil && r.Owner != in.By.Username {
		err = fault.New(fault.Forbidden, "Only %s may change this subscription.", r.Owner)
	}
	if err != nil {
		return apifhir.Entry{}, err
	}
	now, before := s.Clock(), *r
	if err := s.take(r, in.By, sent, now); err != nil {
		return apifhir.Entry{}, err
	}
	if before.Status != active || before.Criteria != r.Criteria {
		r.Position, r.Sent = now, nil
		if r.Mark, err = s.mark(ctx, in.Tx, r.Criteria); err != nil {
			return apifhir.Entry{}, err
		}
	}
	if err := update(ctx, in.Tx, r); err != nil {
		return apifhir.Entry{}, err
	}
	return r.entry(in.By), nil
}

// take reads a resource that came in into r.
func (s *Service) take(r *row, p *auth.Principal, sent *fhir.Subscription, now time.Time) error {
	switch sent.Status {
	case fhir.SubscriptionStatusOff:
		r.Status = off
	case fhir.SubscriptionStatusError:
		return fault.Input("Subscription.status", "Subscription.status: allowed are requested, active and off.")
	default:
		r.Status = active
	}
	r.Reason, r.Criteria = strings.TrimSpace(sent.Reason), strings.TrimSpace(sent.Criteria)
	if r.Reason == "" || len(r.Reason) > 255 {
		return fault.Input("Subscription.reason", "Subscription.reason: 1 to 255 characters are expected.")
	}
	if err := s.criteria(r.Criteria, p); err != nil {
		return err
	}
	if sent.Channel.Type != fhir.SubscriptionChannelTypeRestHook {
		return fault.Input("Subscription.channel.type", "Subscription.channel.type: rest-hook is the only one there is.")
	}
	r.Endpoint = ""
	if sent.Channel.Endpoint != nil {
		r.Endpoint = strings.TrimSpace(*sent.Channel.Endpoint)
	}
	if err := s.Targets.check(r.Endpoint); err != nil || len(r.Endpoint) > 2000 {
		if err == nil {
			err = fmt.Errorf("at most 2,000 characters are allowed")
		}
		return fault.Input("Subscription.channel.endpoint", "Subscription.channel.endpoint: %v.", err)
	}
	if r.Payload = sent.Channel.Payload; r.Payload != nil && !slices.Contains([]string{"application/fhir+json", "application/json"}, *r.Payload) {
		return fault.Input("Subscription.channel.payload", "Subscription.channel.payload: application/fhir+json or application/json.")
	}
	headers, err := readHeaders(sent.Channel.Header)
	if err != nil {
		return fault.Input("Subscription.channel.header", "Subscription.channel.header: %v.", err)
	}
	r.Headers = nil
	if len(headers) > 0 {
		text, err := json.Marshal(headers)
		if err != nil {
			return err
		}
		r.Headers = apifhir.Ptr(string(text))
	}
	r.Ends = nil
	if sent.End != nil {
		ends, err := time.Parse(time.RFC3339, *sent.End)
		if err != nil || !ends.After(now) {
			return fault.Input("Subscription.end", "Subscription.end: a time to come with a zone is expected, such as 2029-12-31T23:59:59Z.")
		}
		r.Ends = &ends
	}
	r.Changed, r.Due, r.Failures, r.Error = now, now, 0, nil
	return nil
}

// criteria are a type, or a type with a search: "Patient?identifier=1". The type has to be one that the
// user may search, and its parameters ones that it has.
func (s *Service) criteria(text string, p *auth.Principal) error {
	kind, query, _ := strings.Cut(text, "?")
	bad := func(format string, args ...any) error {
		return fault.Input("Subscription.criteria", "Subscription.criteria: "+format, args...)
	}
	if len(text) > 2000 {
		return bad("at most 2,000 characters are allowed.")
	}
	i := slices.IndexFunc(s.server.Resources(apifhir.R4), func(r *apifhir.Resource) bool {
		return r.Type == kind && r.Search != nil && r.Type != "Subscription" && slices.ContainsFunc(r.Params, func(p apifhir.Param) bool { return p.Name == apifhir.UpdatedParam.Name })
	})
	if i < 0 {
		return bad("%s is not a type that can be subscribed to.", fault.Quote(kind))
	}
	r := s.server.Resources(apifhir.R4)[i]
	if err := r.Access.Get.Check(p, kind); err != nil {
		return err
	}
	params, err := url.ParseQuery(query)
	if err != nil {
		return bad("the search is not well formed.")
	}
	for name := range params {
		base, _, _ := strings.Cut(name, ":")
		base, _, _ = strings.Cut(base, ".")
		if base == apifhir.UpdatedParam.Name || !slices.ContainsFunc(r.Params, func(p apifhir.Param) bool { return p.Name == base }) {
			return bad("%s has no parameter %s that a subscription can have.", kind, fault.Quote(name))
		}
	}
	return nil
}
