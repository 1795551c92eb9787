package seed

import (
	"fmt"
	"strconv"
	"strings"
)

// role is a built-in role. Its flag is the value of IsSystem and the bit of the old tblUsers.RoleID.
type role struct {
	flag         int
	name, french string
	rights       string // numbers and ranges, see docs/rights.md
}

// The roles in the order of their RoleID, which is 1 for the first. The numbers are those that a new
// installation of release 1.7.4 has.
const (
	enrolmentOfficer = iota
	manager
	accountant
	clerk
	medicalOfficer
	schemeAdministrator
	imisAdministrator
	receptionist
	claimAdministrator
)

var systemRoles = []role{
	{1, "Enrolment Officer", "Agent d'enrôlement",
		"101001-101004 101101-101105 101201-101205 101301-101304 111001 111009 131200-131201"},
	{2, "Manager", "Gestionnaire",
		"101105 131201-131203 131208"},
	{4, "Accountant", "Comptable",
		"101001 101101 101105 101201 101301 101401-101404 111101-111103 131204-131206 131210-131222 131401"},
	{8, "Clerk", "Commis",
		"101001-101004 101101-101105 101201-101205 101301-101304"},
	{16, "Medical Officer", "Médecin-conseil",
		"111001 111008-111011 131223"},
	{32, "Scheme Administrator", "Administrateur du régime",
		"101105 121001-121005 121101-121104 121201-121205 121301-121305 121401-121404 121501-121504 121601-121604 121801-121804 122101-122104 131001-131004 131101-131107 131209"},
	{64, "IMIS Administrator", "Administrateur IMIS",
		"101105 121701-121704 121901-121905 122000-122005 131005-131006 131207 131301-131304"},
	{128, "Receptionist", "Réceptionniste",
		"101001 101101 101105 101201"},
	{256, "Claim Administrator", "Gestionnaire des réclamations",
		"101001 101101 101105 101201 111001-111002 111004-111007 111012"},
	{512, "Claim Contributor", "Contributeur des réclamations",
		"111001-111002 111005"},
	{524288, "HF Administrator", "Administrateur de FOSA",
		"121701-121704 131101 131103 131301-131304"},
	{1048576, "Offline Administrator", "Administrateur hors ligne",
		"121701-121704 131101 131103 131301-131304"},
}

// numbers reads a role's rights.
func (r role) numbers() ([]int, error) {
	var list []int
	for _, part := range strings.Fields(r.rights) {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.Atoi(first)
		if err != nil {
			return nil, fmt.Errorf("rights of %s: %w", r.name, err)
		}
		to, err := strconv.Atoi(last)
		if err != nil {
			return nil, fmt.Errorf("rights of %s: %w", r.name, err)
		}
		for n := from; n <= to; n++ {
			list = append(list, n)
		}
	}
	return list, nil
}

// roles writes the built-in roles with their rights.
func (g *generator) roles() {
	since := g.ago(5 * 365)
	for _, r := range systemRoles {
		id := g.put("tblRole", since, row{"RoleName": r.name, "AltLanguage": r.french, "IsSystem": r.flag, "IsBlocked": false})
		rights, err := r.numbers()
		g.fail(err)
		for _, n := range rights {
			g.put("tblRoleRight", since, row{"RoleID": id, "RightID": n})
		}
	}
}
