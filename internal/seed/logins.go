package seed

import (
	"fmt"
	"slices"
)

// Login is somebody who can sign in to seeded data.
type Login struct{ Name, Password, What string }

// administrator is the UserID of Admin, who entered the registers.
const administrator = 1

// staff are the users of the scheme's offices, in the order of their UserID. In their password the name
// stands twice, except for Admin's.
var staff = []struct {
	name, last, other, language string
	roles                       []int
	everywhere                  bool // works in all districts, else in those of the first region
}{
	{"Admin", "Administrator", "IMIS", "en", []int{enrolmentOfficer, manager, accountant, clerk, medicalOfficer, schemeAdministrator, imisAdministrator, receptionist, claimAdministrator, 9, 10, 11}, true},
	{"medical", "Mwale", "Grace", "en", []int{medicalOfficer}, true},
	{"clerk", "Karki", "Bikash", "en", []int{clerk}, false},
	{"accountant", "Traore", "Claude", "fr", []int{accountant}, true},
	{"manager", "Okello", "Naomi", "en", []int{manager}, true},
	{"scheme", "Gurung", "Pema", "en", []int{schemeAdministrator}, true},
	{"reception", "Sow", "Fatou", "fr", []int{receptionist}, false},
}

const (
	adminPassword = "admin123"
	technicalUser = "sysadmin"
	technicalWord = "sysadmin123"
)

// password is the rule of seeded passwords.
func password(login string) string {
	if login == staff[0].name {
		return adminPassword
	}
	return login + login
}

// Logins lists who can sign in to a seeded database, one of each kind, for people to read. Nil when the
// size is not known.
func Logins(size Size) []Login {
	plan, ok := plans[size]
	if !ok {
		return nil
	}
	list := []Login{}
	for _, s := range staff {
		what := systemRoles[s.roles[0]].name
		if len(s.roles) > 1 {
			what = "IMIS administrator with all system roles"
		}
		list = append(list, Login{s.name, password(s.name), what})
	}
	first := func(kind string) string { return fmt.Sprintf("A01%s", kind) }
	for i, l := range levels[:3] {
		if i*plan.Districts < plan.Facilities {
			name := first(fmt.Sprintf("%s%dCA", l.level, i+1))
			list = append(list, Login{name, password(name), "claim administrator of a " + map[string]string{"H": "hospital", "C": "health centre", "D": "dispensary"}[l.level]})
		}
	}
	officer := first("EO1")
	list = append(list, Login{officer, password(officer), "enrolment officer"}, Login{technicalUser, technicalWord, "technical user, superuser (HTTP Basic)"})
	return slices.Clip(list)
}
