package auth

import (
	"fmt"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Access says who may call something. The zero value lets nobody in.
type Access struct {
	Anonymous bool  // everybody, signed in or not
	SignedIn  bool  // every signed-in user
	Rights    []int // any of these legacy right numbers (reference: tblRoleRight)
}

// Anyone lets everybody in: only module configurations, version and health.
var Anyone = Access{Anonymous: true}

// SignedIn lets every signed-in user in: the registers behind the pickers.
var SignedIn = Access{SignedIn: true}

// Needs lets in who holds any of the rights.
func Needs(rights ...int) Access { return Access{Rights: rights} }

// Check returns nil or why p is not let in to what.
func (a Access) Check(p *Principal, what string) error {
	switch {
	case a.Anonymous:
		return nil
	case p == nil:
		return fault.New(fault.Unauthenticated, "Sign in to use %s.", what)
	case a.SignedIn, p.Admin:
		return nil
	case len(a.Rights) > 0 && p.Has(a.Rights...):
		return nil
	case len(a.Rights) == 0:
		return fault.New(fault.Forbidden, "Nobody may use %s.", what)
	}
	return fault.New(fault.Forbidden, "You do not have the right to use %s (one of %s is needed).", what, numbers(a.Rights))
}

func numbers(rights []int) string {
	s := ""
	for i, r := range rights {
		if i > 0 {
			s += ", "
		}
		s += fmt.Sprint(r)
	}
	return s
}
