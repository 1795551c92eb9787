package seed

import "fmt"

// place is a location. parent is the index of its parent in the list of the level above.
type place struct {
	id         int
	code, name string
	parent     int
	villages   []int // of a district: indexes
}

// places writes regions, districts, wards and villages. Codes tell the level: A, A01, A01W01, A01V0001.
func (g *generator) places() {
	used := map[string]bool{}
	for i := range g.plan.Regions {
		code := string(rune('A' + i))
		g.regions = append(g.regions, place{code: code, name: g.placeName(used), parent: -1})
		g.regions[i].id = g.location(g.regions[i], "R", nil, nil)
	}
	for i := range g.plan.Districts {
		p := i % g.plan.Regions
		d := place{code: fmt.Sprintf("%s%02d", g.regions[p].code, i/g.plan.Regions+1), name: g.placeName(used), parent: p}
		d.id = g.location(d, "D", g.regions[p].id, nil)
		g.districts = append(g.districts, d)
	}
	for i := range g.plan.Wards {
		p := i % g.plan.Districts
		w := place{code: fmt.Sprintf("%sW%02d", g.districts[p].code, i/g.plan.Districts+1), name: g.placeName(used), parent: p}
		w.id = g.location(w, "W", g.districts[p].id, nil)
		g.wards = append(g.wards, w)
	}
	inDistrict := make([]int, g.plan.Districts)
	for i := range g.plan.Villages {
		p := i % g.plan.Wards
		d := g.wards[p].parent
		inDistrict[d]++
		v := place{code: fmt.Sprintf("%sV%04d", g.districts[d].code, inDistrict[d]), name: g.placeName(used), parent: p}
		households := g.between(40, 400)
		v.id = g.location(v, "V", g.wards[p].id, []int{households * g.between(18, 26) / 10, households * g.between(18, 27) / 10, households / 50, households})
		g.villages = append(g.villages, v)
		g.districts[d].villages = append(g.districts[d].villages, i)
	}
}

// location writes a place; people are men, women, others and families, of villages only.
func (g *generator) location(p place, level string, parent any, people []int) int {
	r := row{"LocationCode": p.code, "LocationName": p.name, "LocationType": level, "ParentLocationId": parent,
		"MalePopulation": nil, "FemalePopulation": nil, "OtherPopulation": nil, "Families": nil}
	if people != nil {
		r["MalePopulation"], r["FemalePopulation"], r["OtherPopulation"], r["Families"] = people[0], people[1], people[2], people[3]
	}
	return g.putChanged("tblLocations", g.ago(6*365), r, row{"LocationName": p.name + " (old)"})
}

// district gives the index of a village's district.
func (g *generator) district(village int) int { return g.wards[g.villages[village].parent].parent }

// facility is a health facility.
type facility struct {
	id, district int
	level        string // D dispensary, C health centre, H hospital
	care         string // I in-patient, O out-patient, B both
	list         listKey
	admin        int    // ClaimAdminId
	claims       int    // entered so far
	code         string // of the facility; its claim administrator signs in as code + "CA"
}

// listKey names the price lists of facilities of a level in a region.
type listKey struct {
	region int
	level  string
}

// levels are the kinds of facilities: the first three of a district are one of each.
var levels = []struct{ level, kind, care string }{
	{"H", "Hospital", "B"}, {"C", "Health Centre", "O"}, {"D", "Dispensary", "O"}, {"C", "Health Centre", "B"}, {"D", "Dispensary", "O"}, {"D", "Health Post", "O"},
}

// planFacilities decides on the facilities; they are written once the price lists are.
func (g *generator) planFacilities() {
	for i := range g.plan.Facilities {
		d := i % g.plan.Districts
		n := i / g.plan.Districts
		kind := levels[n%len(levels)]
		g.facilities = append(g.facilities, facility{district: d, level: kind.level, care: kind.care,
			list: listKey{g.districts[d].parent, kind.level}, code: fmt.Sprintf("%s%s%d", g.districts[d].code, kind.level, n+1)})
	}
}

// writeFacilities writes the facilities with their price lists, catchments and claim administrators.
func (g *generator) writeFacilities() {
	since := g.ago(5 * 365)
	for i := range g.facilities {
		f := &g.facilities[i]
		d := g.districts[f.district]
		kind := levels[i/g.plan.Districts%len(levels)].kind
		name := d.name + " " + kind
		if len(g.facilities) > 3*len(g.districts) {
			name = fmt.Sprintf("%s %d", name, i/g.plan.Districts+1)
		}
		l := g.lists[f.list]
		sublevel := "N"
		if f.level == "H" && f.district < len(g.regions) {
			sublevel = "R"
		}
		f.id = g.putChanged("tblHF", since, row{"HFCode": f.code, "HFName": name, "LegalForm": pick(g.random, []string{"G", "G", "G", "C", "P", "D"}), "HFLevel": f.level,
			"HFSublevel": sublevel, "HFAddress": "Main road, " + d.name, "LocationId": d.id, "Phone": g.phone(), "Fax": nil, "eMail": fmt.Sprintf("%s@health.example", f.code),
			"HFCareType": f.care, "PLServiceID": l.services, "PLItemID": l.items, "AccCode": fmt.Sprintf("4%04d", i), "OffLine": false}, row{"Phone": nil})
		for j, v := range d.villages {
			if j%len(levels) == i/g.plan.Districts%len(levels) && j < 60 {
				g.put("tblHFCatchment", since, row{"HFID": f.id, "LocationId": g.villages[v].id, "Catchment": g.between(4, 10) * 10})
			}
		}
		f.admin = g.putChanged("tblClaimAdmin", since, row{"ClaimAdminCode": f.code + "CA", "LastName": pick(g.random, lastNames), "OtherNames": g.firstName(pick(g.random, []string{"M", "F"})),
			"DOB": g.ago(g.between(25*365, 60*365)), "Phone": g.phone(), "HFId": f.id, "EmailId": fmt.Sprintf("%sCA@health.example", f.code), "HasLogin": true}, row{"Phone": nil})
	}
}

// phone is a number of nobody.
func (g *generator) phone() string {
	return fmt.Sprintf("+999 55 %03d %03d", g.IntN(1000), g.IntN(1000))
}
