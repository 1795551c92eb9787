package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
)

// Store loads principals: four statements for a person, three for a technical user, none while the
// principal is fresh in memory. Principals are shared: nobody may change one. Loading needs no write: a
// user who is seen for the first time on a database that takes none is Provisional.
type Store struct {
	db    *db.DB
	clock clock.Clock
	ttl   time.Duration
	loads singleflight.Group

	// AllRows switches row security off (ROW_SECURITY=false): everybody's scope is everything. Set it
	// before use.
	AllRows bool

	// PasswordsExpire lets tblUsers.PasswordValidity end a password (PASSWORD_VALIDITY=login). Set it
	// before use.
	PasswordsExpire bool

	// Log gets what users are not told; default slog.Default. Set it before use.
	Log *slog.Logger

	mu       sync.Mutex
	accounts map[string]kept // by the spelling that was asked for
	barred   time.Time       // until when core_User rows are not tried to be written
	epoch    uint64          // counts Invalidate, so that a load begun before it is not kept after it
}

type kept struct {
	account *account
	until   time.Time
}

// account is a principal with what the password is checked against.
type account struct {
	principal  *Principal
	stored     *string    // StoredPassword of a person
	expires    *time.Time // when the password ends, if it does
	privateKey *string
	encoded    string // Django hash of a technical user
}

// maxAccounts bounds the principals in memory.
const maxAccounts = 10_000

// NewStore makes a Store that believes what it loaded for ttl (0: five seconds).
func NewStore(d *db.DB, c clock.Clock, ttl time.Duration) *Store {
	if ttl <= 0 {
		ttl = 5 * time.Second
	}
	return &Store{db: d, clock: c, ttl: ttl, accounts: map[string]kept{}, Log: slog.Default()}
}

// Principal gives the user with the login name, in any case: the person of tblUsers or else the
// technical user. A user who is not known or no longer valid is fault.Unauthenticated. A core_User row
// is made for a person who is seen for the first time.
func (s *Store) Principal(ctx context.Context, username string) (*Principal, error) {
	a, err := s.account(ctx, username)
	if err != nil {
		return nil, err
	}
	return a.principal, nil
}

// Invalidate forgets the users, or everybody when none is named, so that changed roles, districts and
// passwords count at once. Call it after the commit of the change. Other processes notice after their ttl.
func (s *Store) Invalidate(usernames ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
	if len(usernames) == 0 {
		clear(s.accounts)
		return
	}
	for spelling := range s.accounts {
		if slices.ContainsFunc(usernames, func(u string) bool { return sameName(u, spelling) }) {
			delete(s.accounts, spelling)
		}
	}
}

func unknownUser(username string) error {
	return fault.New(fault.Unauthenticated, "The user %q is not known or no longer valid.", username)
}

func (s *Store) account(ctx context.Context, username string) (*account, error) {
	username = trimBlanks(username)
	key := username // no folding: two users may differ by what only their database tells apart
	if key == "" {
		return nil, unknownUser(username)
	}
	s.mu.Lock()
	hit, ok := s.accounts[key]
	epoch := s.epoch
	s.mu.Unlock()
	if ok && s.clock().Before(hit.until) {
		return hit.account, nil
	}
	// The load outlives the request that began it, because others wait for it; those who come after an
	// Invalidate do not join one from before.
	ch := s.loads.DoChan(fmt.Sprint(epoch, " ", key), func() (any, error) {
		loading, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		a, err := s.load(loading, username)
		if err == nil {
			s.keep(key, a, epoch)
		}
		return a, err
	})
	select {
	case <-ctx.Done():
		return nil, db.Describe(ctx.Err(), "load a user")
	case r := <-ch:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*account), nil
	}
}

func (s *Store) keep(key string, a *account, epoch uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epoch != epoch {
		return
	}
	now := s.clock()
	if len(s.accounts) >= maxAccounts {
		for k, v := range s.accounts {
			if !now.Before(v.until) || len(s.accounts) >= maxAccounts {
				delete(s.accounts, k)
			}
		}
	}
	s.accounts[key] = kept{a, now.Add(s.ttl)}
}

// personRow is the current tblUsers row of a login name.
type personRow struct {
	UserID         int        `db:"UserID"`
	LoginName      string     `db:"LoginName"`
	Language       string     `db:"LanguageID"`
	LastName       string     `db:"LastName"`
	OtherNames     string     `db:"OtherNames"`
	HFID           *int       `db:"HFID"`
	StoredPassword *string    `db:"StoredPassword"`
	PrivateKey     *string    `db:"PrivateKey"`
	Expires        *time.Time `db:"PasswordValidity"`
}

// The newest current row counts, should the legacy application have left several; one that begins later
// does not count yet. The database may find names that are only alike: see best.
const selectPerson = `SELECT u."UserID", u."LoginName", u."LanguageID", u."LastName", u."OtherNames", u."HFID", u."StoredPassword", u."PrivateKey", u."PasswordValidity"
FROM "tblUsers" u
WHERE $eq(u."LoginName", ?) AND u."ValidityTo" IS NULL AND u."ValidityFrom" <= ?
ORDER BY u."ValidityFrom" DESC, u."UserID" DESC $page(20, 0)`

// ahead is how far in the future a ValidityFrom may lie that counts as past: the legacy application and
// its procedures write the local time of their server, which may be 14 hours ahead of UTC.
const ahead = 14 * time.Hour

// rules.md §1.3: user role, role and role right must all be current. A role without rights still shows
// its IsSystem.
const selectRights = `SELECT DISTINCT r."IsSystem", rr."RightID"
FROM "tblUserRole" ur
JOIN "tblRole" r ON r."RoleID" = ur."RoleID" AND r."ValidityTo" IS NULL
LEFT JOIN "tblRoleRight" rr ON rr."RoleID" = r."RoleID" AND rr."ValidityTo" IS NULL
WHERE ur."UserID" = ? AND ur."ValidityTo" IS NULL`

// A row may name a region: that means its districts.
const selectDistricts = `SELECT l."LocationId" AS "LocationId"
FROM "tblUsersDistricts" ud
JOIN "tblLocations" l ON l."LocationId" = ud."LocationId" AND l."LocationType" = 'D' AND l."ValidityTo" IS NULL
WHERE ud."UserID" = ? AND ud."ValidityTo" IS NULL
UNION
SELECT d."LocationId" AS "LocationId"
FROM "tblUsersDistricts" ud
JOIN "tblLocations" r ON r."LocationId" = ud."LocationId" AND r."LocationType" = 'R' AND r."ValidityTo" IS NULL
JOIN "tblLocations" d ON d."ParentLocationId" = r."LocationId" AND d."LocationType" = 'D' AND d."ValidityTo" IS NULL
WHERE ud."UserID" = ? AND ud."ValidityTo" IS NULL
ORDER BY "LocationId"`

// administrator is tblRole.IsSystem of the IMIS administrator.
const administrator = 64

// load reads a user from the database.
func (s *Store) load(ctx context.Context, username string) (*account, error) {
	ctx = db.FromPrimary(ctx) // rights that were taken and passwords that were changed count at once
	var persons []personRow
	var person *personRow
	var rights []struct {
		IsSystem int  `db:"IsSystem"`
		RightID  *int `db:"RightID"`
	}
	var districts []int
	err := s.db.Read(ctx, func(q db.Query) error {
		persons, rights, districts = nil, nil, nil
		if err := q.Select(ctx, &persons, selectPerson, username, s.clock().Add(ahead)); err != nil {
			return err
		}
		if person = best(persons, username, func(p *personRow) string { return p.LoginName }); person == nil {
			return sql.ErrNoRows
		}
		if err := q.Select(ctx, &rights, selectRights, person.UserID); err != nil {
			return err
		}
		return q.Select(ctx, &districts, selectDistricts, person.UserID, person.UserID)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return s.loadTechnical(ctx, username)
	case err != nil:
		return nil, err
	}
	if person.HFID != nil && *person.HFID == 0 { // legacy pages store 0 for none
		person.HFID = nil
	}
	p := &Principal{
		Username: person.LoginName,
		Person: &Person{ID: person.UserID, Language: strings.TrimSpace(person.Language), LastName: person.LastName,
			OtherNames: person.OtherNames, HealthFacility: person.HFID},
		Rights: map[int]bool{},
	}
	for _, r := range rights {
		p.Admin = p.Admin || r.IsSystem == administrator
		if r.RightID != nil {
			p.Rights[*r.RightID] = true
		}
	}
	if p.Admin {
		p.Scope = Scope{All: true}
	} else {
		p.Scope = Scope{All: s.AllRows, Districts: districts, HealthFacility: person.HFID}
	}
	if err := s.tie(ctx, p); err != nil {
		return nil, err
	}
	a := &account{principal: p, stored: person.StoredPassword, privateKey: person.PrivateKey}
	if s.PasswordsExpire {
		a.expires = person.Expires
	}
	return a, nil
}

const selectTechnical = `SELECT $uuid(t."id") AS "id", t."username", t."email", t."password", t."is_superuser", t."validity_from", t."validity_to"
FROM "core_TechnicalUser" t
WHERE $eq(t."username", ?)`

type technicalRow struct {
	ID        db.UUID    `db:"id"`
	Username  string     `db:"username"`
	Email     *string    `db:"email"`
	Password  string     `db:"password"`
	Superuser bool       `db:"is_superuser"`
	From      *time.Time `db:"validity_from"`
	To        *time.Time `db:"validity_to"`
}

// loadTechnical reads a machine's account. Only a superuser gets rights and sees rows: the 2019 backend
// gives machines rights through Django groups, which have no counterpart among the legacy right numbers,
// and is_staff opens nothing but Django's own administration pages.
func (s *Store) loadTechnical(ctx context.Context, username string) (*account, error) {
	if !s.db.Offers("core_TechnicalUser", "") {
		return nil, unknownUser(username)
	}
	var rows []technicalRow
	err := s.db.Read(ctx, func(q db.Query) error {
		rows = nil
		return q.Select(ctx, &rows, selectTechnical, username)
	})
	if err != nil {
		return nil, err
	}
	now := s.clock()
	switch t := best(rows, username, func(t *technicalRow) string { return t.Username }); {
	case t == nil:
		return nil, unknownUser(username)
	case t.From != nil && t.From.After(now), t.To != nil && !t.To.After(now):
		return nil, unknownUser(username)
	default:
		return s.technical(ctx, t)
	}
}

// technical makes the account of a machine.
func (s *Store) technical(ctx context.Context, t *technicalRow) (*account, error) {
	p := &Principal{
		Username:  t.Username,
		Technical: &Technical{ID: string(t.ID), Superuser: t.Superuser},
		Rights:    map[int]bool{},
		Admin:     t.Superuser,
		Scope:     Scope{All: t.Superuser || s.AllRows},
	}
	if t.Email != nil {
		p.Technical.Email = *t.Email
	}
	if err := s.tie(ctx, p); err != nil {
		return nil, err
	}
	return &account{principal: p, encoded: t.Password}, nil
}

const selectUser = `SELECT $uuid(c."id") AS "id", c."username", c."i_user_id", $uuid(c."t_user_id") AS "t_user_id" FROM "core_User" c WHERE $eq(c."username", ?)`

type userRow struct {
	ID        db.UUID `db:"id"`
	Username  string  `db:"username"`
	Person    *int    `db:"i_user_id"`
	Technical db.UUID `db:"t_user_id"`
}

// user reads the core_User row of a name, nil when there is none.
func user(ctx context.Context, q db.Query, username string) (*userRow, error) {
	var rows []userRow
	if err := q.Select(ctx, &rows, selectUser, username); err != nil {
		return nil, err
	}
	return best(rows, username, func(r *userRow) string { return r.Username }), nil
}

// namespace makes the ids of users without a core_User row.
var namespace = uuid.MustParse("5c1c8e0e-2f0e-4f0a-9a43-6f7c1d1b5a02")

// How long signing in waits for a core_User row to be written, and how long it is not tried again after
// it failed.
const (
	tieTimeout = 3 * time.Second
	tiePause   = 10 * time.Second
)

// tie gives a principal the id of core_User and makes or mends the row where needed. The unique user
// name decides between two requests that see a user first: the slower one reads the faster one's row.
// A database without core_User gets a derived id and nothing is written. Where the row cannot be written
// just now (read-only, full, locked) the user signs in all the same, as Provisional.
func (s *Store) tie(ctx context.Context, p *Principal) error {
	p.ID = uuid.NewSHA1(namespace, []byte(fold(p.Username))).String()
	if !s.db.Offers("core_User", "") {
		return nil
	}
	var row *userRow
	err := s.db.Read(ctx, func(q db.Query) (err error) { row, err = user(ctx, q, p.Username); return err })
	if err != nil {
		return err
	}
	if row != nil && row.tied(p) {
		p.ID = string(row.ID)
		return nil
	}
	s.mu.Lock()
	barred := s.clock().Before(s.barred)
	s.mu.Unlock()
	if !barred {
		id, err := s.provisionSoon(ctx, p)
		if err == nil {
			p.ID = id
			return nil
		}
		s.Log.WarnContext(ctx, "the core_User row of a user cannot be written: changes by this user are refused until it can", "user", p.Username, "error", err)
		if fault.Code(err) == fault.Unavailable { // and not because of something about this user
			s.mu.Lock()
			s.barred = s.clock().Add(tiePause)
			s.mu.Unlock()
		}
	}
	p.Provisional = true
	return nil
}

// provisionSoon is provision with a limit of time, and once more after somebody else was faster.
func (s *Store) provisionSoon(ctx context.Context, p *Principal) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, tieTimeout)
	defer cancel()
	for try := 0; ; try++ {
		id, err := s.provision(ctx, p)
		if err == nil || try > 0 || !errors.Is(db.Kind(err), db.ErrDuplicate) {
			return id, err
		}
	}
}

func (r userRow) tied(p *Principal) bool {
	if p.Person != nil {
		return r.Person != nil && *r.Person == p.Person.ID
	}
	return string(r.Technical) == p.Technical.ID
}

// provision inserts the core_User row, or links one that the Python backend left without its user.
func (s *Store) provision(ctx context.Context, p *Principal) (id string, err error) {
	link := db.Values{"t_user_id": nil}
	if p.Person != nil {
		link = db.Values{"i_user_id": p.Person.ID}
	} else {
		link["t_user_id"] = db.UUID(p.Technical.ID)
	}
	err = s.db.Write(ctx, "tie a user to core_User", func(tx *db.Tx) error {
		row, err := user(ctx, tx, p.Username)
		if err != nil {
			return err
		}
		if row != nil {
			id = string(row.ID)
			if row.tied(p) {
				return nil
			}
			_, err = tx.Update(ctx, "core_User", row.ID, link)
			return err
		}
		fresh := db.NewUUID()
		id = string(fresh)
		values := db.Values{"id": fresh, "username": p.Username, "ValidityFrom": s.clock()}
		for k, v := range link {
			values[k] = v
		}
		_, err = tx.Insert(ctx, "core_User", values)
		return err
	})
	return id, err
}
