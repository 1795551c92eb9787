// Package auth says who is calling, what they may do and which rows they may see. Start with
// Principal; the ways in (trusted header, HTTP Basic, tokens) are in the Authenticator.
package auth

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Principal is a signed-in user: a person of tblUsers or a technical user of core_TechnicalUser, tied
// to one row of core_User.
type Principal struct {
	ID       string // core_User.id
	Username string
	// Provisional: the core_User row of a user who came for the first time could not be written, and ID is
	// a stand-in. Reading works; what refers to core_User must be refused (see Changes).
	Provisional bool
	Person      *Person    // the tblUsers row; nil for a technical user
	Technical   *Technical // the core_TechnicalUser row; nil for a person
	Rights      map[int]bool
	Admin       bool // holds the role IMIS administrator (IsSystem 64) or is a superuser: has every right
	Scope       Scope
}

// Person is what the application needs of a tblUsers row.
type Person struct {
	ID             int // UserID, which AuditUserID columns keep
	Language       string
	LastName       string
	OtherNames     string
	HealthFacility *int // HFID of a claim administrator
}

// Technical is what the application needs of a core_TechnicalUser row.
type Technical struct {
	ID        string
	Email     string
	Superuser bool
}

// AuditUserID is the number written into AuditUserID columns: the person's, or -1 for a machine.
func (p *Principal) AuditUserID() int {
	if p == nil || p.Person == nil {
		return -1
	}
	return p.Person.ID
}

// Changes says why p cannot change anything just now, or nil.
func (p *Principal) Changes() error {
	if p != nil && p.Provisional {
		return fault.New(fault.Unavailable, "The database takes no changes just now; reading works. Try again later, or tell the operator.")
	}
	return nil
}

// Has says whether the principal holds any of the rights. Nobody signed in holds none; no rights
// asked for means that signing in is enough.
func (p *Principal) Has(rights ...int) bool {
	if p == nil {
		return false
	}
	if p.Admin || len(rights) == 0 {
		return true
	}
	for _, r := range rights {
		if p.Rights[r] {
			return true
		}
	}
	return false
}

// Scope is which rows a request may see. The zero value sees nothing.
type Scope struct {
	All            bool  // administrators and technical superusers
	Districts      []int // current tblUsersDistricts
	HealthFacility *int  // a claim administrator sees only the claims of this facility
}

type principalKey struct{}

// With puts p into the context; nil means anonymous.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From gives the principal of the request, nil when nobody is signed in.
func From(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}

// ScopeOf gives the scope of the request; of nobody, it is empty.
func ScopeOf(ctx context.Context) Scope {
	if p := From(ctx); p != nil {
		return p.Scope
	}
	return Scope{}
}
