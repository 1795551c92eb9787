package seed

import (
	"fmt"
	"time"

	"github.com/openimis/openimis-be-go/internal/calendar"
)

// photoFolder is where the legacy application keeps photos.
const photoFolder = `Images\Updated\`

// Relations to the head, as in tblRelations.
const (
	parent = 2
	child  = 4
	other  = 7
	spouse = 8
)

// family is a family while its policies and claims are made.
type family struct {
	id, district, region int
	last                 bool // the last of all
	members              []*member
	policies             []*policy
}

// member is an insuree; the head is the first of a family.
type member struct {
	id       int
	gender   string
	birth    time.Time
	relation any
	photo    time.Time // zero: none
}

// mask is the member's patient category on a day (rules.md §1.7).
func (m *member) mask(on time.Time) int {
	mask := minors
	if calendar.IsAdult(&m.birth, on) {
		mask = adults
	}
	if m.gender == "F" {
		return mask + women
	}
	return mask + men
}

// group is the member's age group on a day.
func (m *member) group(on time.Time) int {
	if calendar.IsAdult(&m.birth, on) {
		return asAdult
	}
	return asChild
}

// household makes a family with its policies and claims.
func (g *generator) household(i int) {
	village := g.IntN(len(g.villages))
	f := &family{district: g.district(village), last: i == g.plan.Families-1}
	f.region = g.districts[f.district].parent
	since := g.ago(g.between(400, 1400))
	g.register(f, village, since)
	if f.last || g.chance(g.plan.Covered) {
		g.cover(f)
	}
	g.claimsOf(f, i)
}

// register writes the family and its members.
func (g *generator) register(f *family, village int, since time.Time) {
	f.id = g.reserve("tblFamilies")
	size := 1 + g.some(g.plan.Members-1)
	surname := pick(g.random, lastNames)
	place := g.villages[village]
	officer := pick(g.random, g.officers[f.district])
	for k := range size {
		m := g.newMember(k, f)
		f.members = append(f.members, m)
		g.writeMember(f, m, k == 0, surname, place, officer, since)
	}
	confirmation, number := any(nil), any(nil)
	if g.chance(0.3) {
		confirmation, number = pick(g.random, []string{"A", "B", "C", "D"}), fmt.Sprintf("C%06d", f.id)
	}
	g.putChanged("tblFamilies", since, row{"FamilyID": f.id, "InsureeID": f.members[0].id, "LocationId": place.id, "Poverty": g.chance(0.2), "FamilyType": "H",
		"FamilyAddress": fmt.Sprintf("House %d, %s", g.between(1, 400), place.name), "isOffline": false, "Ethnicity": nil, "ConfirmationNo": number, "ConfirmationType": confirmation},
		row{"Poverty": false})
}

// newMember decides who the k-th member of a family is.
func (g *generator) newMember(k int, f *family) *member {
	m := &member{gender: pick(g.random, []string{"F", "M"})}
	years := func(low, high int) { m.birth = g.ago(g.between(low*365, high*365)) }
	switch {
	case k == 0:
		years(25, 65)
		m.gender = weighted[string]{{75, "M"}, {25, "F"}}.pick(g.random)
	case k == 1 && g.chance(0.85):
		m.relation, m.gender = spouse, "M"
		if f.members[0].gender == "M" {
			m.gender = "F"
		}
		years(20, 60)
	case g.chance(0.06):
		m.relation = parent
		years(50, 85)
	case g.chance(0.05):
		m.relation = other
		years(5, 50)
	default:
		m.relation = child
		years(0, 21)
	}
	if g.chance(0.002) {
		m.gender = "O"
	}
	return m
}

func (g *generator) writeMember(f *family, m *member, head bool, surname string, place place, officer officer, since time.Time) {
	g.members++
	base := 10_000_000 + g.members
	chfid := fmt.Sprintf("%08d%d", base, base%7) // the last digit checks the others
	m.id = g.reserve("tblInsuree")
	photo, taken := any(nil), any(nil)
	if g.chance(0.6) {
		m.photo = since.AddDate(0, 0, g.between(0, 30))
		taken = m.photo
		photo = g.put("tblPhotos", m.photo, row{"InsureeID": m.id, "CHFID": chfid, "PhotoFolder": photoFolder, "OfficerID": officer.id, "PhotoDate": m.photo, "ValidityTo": nil,
			"PhotoFileName": fmt.Sprintf("%s_%s_%s_0.0_0.0.jpg", chfid, officer.code, m.photo.Format("20060102"))})
	}
	grown := m.group(g.today) == asAdult
	profession, education, marital, passport, kind, phone := any(nil), any(nil), "S", any(nil), any(nil), any(nil)
	if grown {
		profession, education, phone = g.between(1, 4), g.between(2, 4), g.phone()
		if head || m.relation == spouse {
			marital = weighted[string]{{80, "M"}, {8, "W"}, {6, "D"}, {6, "S"}}.pick(g.random)
		}
		if g.chance(0.4) {
			kind, passport = pick(g.random, []string{"D", "N", "P", "V"}), fmt.Sprintf("%c%07d", 'A'+g.IntN(26), g.IntN(10_000_000))
		}
	}
	service := any(nil)
	if hf := g.facilityOf(f.district, "CD"); hf != nil {
		service = hf.id
	}
	g.putChanged("tblInsuree", since, row{"InsureeID": m.id, "FamilyID": f.id, "CHFID": chfid, "LastName": surname, "OtherNames": g.firstName(m.gender), "DOB": m.birth, "Gender": m.gender,
		"Marital": marital, "IsHead": head, "passport": passport, "Phone": phone, "PhotoID": photo, "PhotoDate": taken, "CardIssued": g.chance(0.7), "Relationship": m.relation,
		"Profession": profession, "Education": education, "Email": nil, "isOffline": false, "TypeOfId": kind, "HFID": service, "CurrentAddress": nil, "CurrentVillage": place.id,
		"GeoLocation": nil}, row{"Phone": nil, "CardIssued": false})
}

// facilityOf picks a facility of a district whose level is one of those given.
func (g *generator) facilityOf(district int, levels string) *facility {
	var found []*facility
	for i := district; i < len(g.facilities); i += g.plan.Districts {
		for _, level := range levels {
			if g.facilities[i].level == string(level) {
				found = append(found, &g.facilities[i])
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return pick(g.random, found)
}
