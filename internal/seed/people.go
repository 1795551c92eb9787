package seed

import (
	"fmt"

	"github.com/openimis/openimis-be-go/internal/auth"
)

// officer is an enrolment officer.
type officer struct {
	id   int
	code string
}

// people writes officers and the users of the scheme, and plans the facilities; users of facilities
// follow with these.
func (g *generator) people() {
	g.planFacilities()
	g.writeOfficers()
	for i, s := range staff {
		mask := 0
		for _, r := range s.roles {
			if systemRoles[r].flag < 1024 {
				mask += systemRoles[r].flag
			}
		}
		var districts []int
		for d, place := range g.districts {
			if s.everywhere || place.parent == 0 {
				districts = append(districts, d)
			}
		}
		id := g.user(s.name, s.last, s.other, s.language, nil, mask, s.roles, districts)
		if i == 1 {
			g.medicalOfficer = id
		}
	}
	for d, list := range g.officers {
		for _, o := range list {
			g.user(o.code, pick(g.random, lastNames), g.firstName("M"), "en", nil, systemRoles[enrolmentOfficer].flag, []int{enrolmentOfficer}, []int{d})
		}
	}
	g.technical()
	for i := range g.regions {
		g.payers = append(g.payers, g.putChanged("tblPayer", g.ago(4*365), row{"PayerType": pick(g.random, []string{"C", "L", "P"}), "PayerName": g.regions[i].name + " Growers Union",
			"PayerAddress": "Market square", "LocationId": g.regions[i].id, "Phone": g.phone(), "Fax": nil, "eMail": "office@growers.example"}, row{"Phone": nil}))
	}
	g.payers = append(g.payers, g.put("tblPayer", g.ago(4*365), row{"PayerType": "D", "PayerName": "Fund for Health Cover", "PayerAddress": "Capital", "LocationId": nil,
		"Phone": g.phone(), "Fax": nil, "eMail": "grants@fund.example"}))
}

// writeOfficers gives every district its share of officers, each with some villages.
func (g *generator) writeOfficers() {
	n := max(g.plan.Users-g.plan.Facilities-len(staff), g.plan.Districts)
	g.officers = make([][]officer, g.plan.Districts)
	for i := range n {
		d := i % g.plan.Districts
		place := g.districts[d]
		o := officer{code: fmt.Sprintf("%sEO%d", place.code, i/g.plan.Districts+1)}
		o.id = g.putChanged("tblOfficer", g.ago(4*365), row{"Code": o.code, "LastName": pick(g.random, lastNames), "OtherNames": g.firstName("M"), "DOB": g.ago(g.between(22*365, 58*365)),
			"Phone": g.phone(), "LocationId": place.id, "OfficerIDSubst": nil, "WorksTo": nil, "EmailId": fmt.Sprintf("%s@scheme.example", o.code),
			"PhoneCommunication": g.chance(0.5), "permanentaddress": place.name, "HasLogin": true}, row{"Phone": nil})
		for j, v := range place.villages {
			if j%((n+g.plan.Districts-1)/g.plan.Districts) == i/g.plan.Districts {
				g.put("tblOfficerVillages", g.ago(4*365), row{"OfficerId": o.id, "LocationId": g.villages[v].id})
			}
		}
		g.officers[d] = append(g.officers[d], o)
	}
}

// user writes somebody who signs in, with roles and districts (an index each).
func (g *generator) user(login, last, other, language string, facility any, mask int, roles, districts []int) int {
	since := g.ago(3 * 365)
	stored, key := auth.HashLegacy(password(login))
	id := g.putChanged("tblUsers", since, row{"LanguageID": language, "LastName": last, "OtherNames": other, "Phone": g.phone(), "LoginName": login, "RoleID": mask, "HFID": facility,
		"EmailId": login + "@scheme.example", "PrivateKey": key, "StoredPassword": stored, "IsAssociated": true}, row{"Phone": nil})
	for _, r := range roles {
		g.put("tblUserRole", since, row{"UserID": id, "RoleID": r + 1})
	}
	for _, d := range districts {
		g.put("tblUsersDistricts", since, row{"UserID": id, "LocationId": g.districts[d].id})
	}
	for range g.between(2, 6) {
		in := g.stamp(g.ago(g.between(1, 60)))
		g.put("tblLogins", since, row{"UserId": id, "LogTime": in, "LogAction": 1})
		g.put("tblLogins", since, row{"UserId": id, "LogTime": in.Add(40 * 60e9), "LogAction": -1})
	}
	return id
}

// technical writes the machine account.
func (g *generator) technical() {
	hash, err := auth.HashDjango(g.ctx, technicalWord)
	if err != nil {
		g.fail(err)
		return
	}
	id, user := g.guid(), g.guid()
	g.put("core_TechnicalUser", g.ago(365), row{"id": id, "username": technicalUser, "email": technicalUser + "@scheme.example", "password": hash, "is_staff": true, "is_superuser": true,
		"validity_to": nil})
	g.put("core_User", g.ago(365), row{"id": user, "username": technicalUser, "i_user_id": nil, "t_user_id": id})
}

// facilityUsers lets the claim administrators sign in.
func (g *generator) facilityUsers() {
	for _, f := range g.facilities {
		g.user(f.code+"CA", pick(g.random, lastNames), g.firstName("F"), "en", f.id, systemRoles[claimAdministrator].flag, []int{claimAdministrator}, []int{f.district})
	}
}
