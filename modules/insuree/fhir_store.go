package insuree

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/location"
)

// person is a row of tblInsuree with the family, what its codes mean, the photo and the health facility. It lives in
// CurrentVillage, else with the family; the places are read apart.
type person struct {
	fhirsql.Row
	LastName       *string    `db:"LastName"`
	OtherNames     *string    `db:"OtherNames"`
	Born           *time.Time `db:"DOB"`
	Gender         *string    `db:"Gender"`
	Marital        *string    `db:"Marital"`
	Head           bool       `db:"IsHead"`
	Passport       *string    `db:"passport"`
	TypeOfID       *string    `db:"TypeOfId"`
	Phone          *string    `db:"Phone"`
	Email          *string    `db:"Email"`
	CardIssued     bool       `db:"CardIssued"`
	CurrentAddress *string    `db:"CurrentAddress"`
	GeoLocation    *string    `db:"GeoLocation"`
	CurrentVillage *int       `db:"CurrentVillage"`

	Family struct {
		fhirsql.Ref
		Village *int    `db:"LocationId"`
		Address *string `db:"FamilyAddress"`
	} `db:"family"`
	FamilyHead struct {
		fhirsql.Ref
		LastName   *string `db:"LastName"`
		OtherNames *string `db:"OtherNames"`
	} `db:"head"`
	Facility fhirsql.Ref `db:"hf"`
	Photo    struct {
		fhirsql.Ref
		Folder *string    `db:"PhotoFolder"`
		File   *string    `db:"PhotoFileName"`
		Taken  *time.Time `db:"PhotoDate"`
	} `db:"photo"`
	Education struct {
		fhirsql.Ref
		Name *string `db:"Education"`
	} `db:"education"`
	Profession struct {
		fhirsql.Ref
		Name *string `db:"Profession"`
	} `db:"profession"`
	Relation struct {
		fhirsql.Ref
		Name *string `db:"Relation"`
	} `db:"relation"`
	IDType struct {
		Name *string `db:"IdentificationTypes"`
	} `db:"idtype"`

	home    *place // of the family
	current *place // of the insuree
}

// personSource are the insurees; entry makes the resource of a release.
func personSource(known *places, entry func(person) apifhir.Entry) *fhirsql.Source[person] {
	return &fhirsql.Source[person]{
		Table: Insurees,
		Columns: []string{"LastName", "OtherNames", "DOB", "Gender", "Marital", "IsHead", "passport", "TypeOfId", "Phone", "Email",
			"CardIssued", "CurrentAddress", "GeoLocation", "CurrentVillage"},
		Links: []fhirsql.Link{
			{Alias: "family", Table: Families, Via: "FamilyID", Columns: []string{"LocationId", "FamilyAddress"}},
			{Alias: "head", Table: Insurees, Via: "family.InsureeID", Columns: []string{"LastName", "OtherNames"}},
			{Alias: "hf", Table: location.Facilities, Via: "HFID"},
			{Alias: "photo", Table: Photos, Via: "PhotoID", Columns: []string{"PhotoFolder", "PhotoFileName", "PhotoDate"}},
			{Alias: "education", Table: Educations, Via: "Education", Columns: []string{"Education"}},
			{Alias: "profession", Table: Professions, Via: "Profession", Columns: []string{"Profession"}},
			{Alias: "relation", Table: Relations, Via: "Relationship", Columns: []string{"Relation"}},
			{Alias: "idtype", Table: IdentificationTypes, Via: "TypeOfId", Columns: []string{"IdentificationTypes"}},
		},
		Params: []fhirsql.Param{
			fhirsql.Text("family", "Start of the last name", "LastName"),
			fhirsql.Text("given", "Start of the given names", "OtherNames"),
			fhirsql.Custom(apifhir.Param{Name: "name", Type: apifhir.String, Doc: "Start of the last name or of the given names",
				Modifiers: []string{"contains", "exact"}}, fhirsql.AnyText("LastName", "OtherNames")),
			fhirsql.Day("birthdate", "Date of birth", "DOB"),
			fhirsql.Codes("gender", "male, female or other", "Gender", genders),
			fhirsql.Code("phone", "Phone number", "Phone"),
			fhirsql.Reference("general-practitioner", "The health facility where the insuree goes first", "generalPractitioner", location.Facilities, "HFID", "Organization"),
			claimDateFrom,
		},
		Sort: map[string]string{"family": "LastName", "given": "OtherNames", "birthdate": "DOB"},
		Load: known.ofPersons,
		Map:  entry,
	}
}

// claimDateFrom finds who has a claim. The Python backend reads 2026-12-31 in R4 and 31-12-2026 in STU3.
var claimDateFrom = fhirsql.Custom(apifhir.Param{Name: "claimDateFrom", Type: apifhir.String, Doc: "People with a claim of this day or later, as 2026-12-31 or 31-12-2026"},
	func(at apifhir.At, _ apifhir.Criterion, v apifhir.Value) (string, []any) {
		for _, layout := range []string{"02-01-2006", time.DateOnly} {
			if day, err := time.Parse(layout, strings.TrimSpace(v.Text)); err == nil {
				return `EXISTS (SELECT 1 FROM "tblClaim" AS claimed WHERE claimed."InsureeID" = ` + at.Alias + `."InsureeID" AND claimed."ValidityTo" IS NULL AND claimed."DateClaimed" >= ?)`, []any{db.Date(day)}
			}
		}
		return table.None, nil
	})

// household is a row of tblFamilies with its head, its village, what its codes mean, and its members.
type household struct {
	fhirsql.Row
	Poverty        *bool   `db:"Poverty"`
	Type           *string `db:"FamilyType"`
	Address        *string `db:"FamilyAddress"`
	Ethnicity      *string `db:"Ethnicity"`
	ConfirmationNo *string `db:"ConfirmationNo"`
	Confirmation   *string `db:"ConfirmationType"`
	Village        *int    `db:"LocationId"`

	Head struct {
		fhirsql.Ref
		LastName *string `db:"LastName"`
	} `db:"head"`
	Kind struct {
		Name *string `db:"FamilyType"`
	} `db:"kind"`
	ConfirmationKind struct {
		Name *string `db:"ConfirmationType"`
	} `db:"confirmation"`

	place   *place
	members []member
}

func householdSource(now clock.Clock, known *places) *fhirsql.Source[household] {
	return &fhirsql.Source[household]{
		Table:   Families,
		Columns: []string{"Poverty", "FamilyType", "FamilyAddress", "Ethnicity", "ConfirmationNo", "ConfirmationType", "LocationId"},
		Links: []fhirsql.Link{
			{Alias: "head", Table: Insurees, Via: "InsureeID", Columns: []string{"LastName"}},
			{Alias: "kind", Table: FamilyTypes, Via: "FamilyType", Columns: []string{"FamilyType"}},
			{Alias: "confirmation", Table: ConfirmationTypes, Via: "ConfirmationType", Columns: []string{"ConfirmationType"}},
		},
		Params: []fhirsql.Param{
			fhirsql.ReferenceThrough("member", "A member of the family", "member.entity", Insurees, func(alias, keys string) string {
				return alias + `."FamilyID" IN (SELECT belongs."FamilyID" FROM "tblInsuree" AS belongs WHERE belongs."InsureeID" IN (` + keys + `))`
			}, "Patient"),
			fhirsql.Always("type", "person, the only one there is", "person", "http://hl7.org/fhir/group-type"),
			fhirsql.Always("actual", "true: families are not descriptions", "true"),
		},
		Load: func(ctx context.Context, q db.Query, rows []household) error {
			if err := loadMembers(ctx, q, rows, now.Today()); err != nil {
				return err
			}
			return known.settle(ctx, q, len(rows), func(i int) []**place {
				return []**place{&rows[i].place}
			}, func(i int) []*int { return []*int{rows[i].Village} })
		},
		Map: household.r4,
	}
}

// member is a member of a family, or was one at some time.
type member struct {
	fhirsql.Ref
	From    *time.Time `db:"ValidityFrom"`
	To      *time.Time `db:"ValidityTo"`
	Family  int        `db:"FamilyID"`
	Head    bool       `db:"IsHead"`
	Covered int        `db:"Covered"` // policies that cover the member today
}

// loadMembers reads the members of several families, the head first: the current ones, and those that versions had.
func loadMembers(ctx context.Context, q db.Query, rows []household, today time.Time) error {
	keys, at := fhirsql.ByKey(rows)
	uuid := ""
	if Insurees.HasUUID(q) {
		uuid = `live."InsureeUUID" AS "UUID", `
	}
	var members []member
	err := q.Select(ctx, &members, `SELECT live."InsureeID" AS "Key", `+uuid+`m."CHFID" AS "Code", m."FamilyID", m."IsHead", m."ValidityFrom", m."ValidityTo", `+
		`(SELECT COUNT(*) FROM "tblInsureePolicy" AS ip WHERE ip."InsureeId" = live."InsureeID" AND ip."ValidityTo" IS NULL AND ip."EffectiveDate" <= ? AND ip."ExpiryDate" >= ?) AS "Covered" `+
		`FROM "tblInsuree" AS m JOIN "tblInsuree" AS live ON live."InsureeID" = COALESCE(m."LegacyID", m."InsureeID") WHERE m."FamilyID" IN $ints(?) AND `+fhirsql.Kept(rows, "m")+
		` ORDER BY m."FamilyID", m."IsHead" DESC, live."InsureeID", m."InsureeID"`,
		db.Date(today), db.Date(today), keys)
	for _, m := range members {
		for _, h := range at[m.Family] {
			if h.Held(m.From, m.To) {
				h.members = append(h.members, m)
			}
		}
	}
	return err
}

// place is a village with the names of what it lies in. Where somebody lives in a district or region as such, the levels
// below it are empty.
type place struct {
	fhirsql.Ref
	Village  *string
	Ward     *string
	District *string
	Region   *string
}

// level is a location with those above it, from the nearest.
type level struct {
	fhirsql.Ref
	Name  *string `db:"Name0"`
	Type  *string `db:"Type0"`
	Name1 *string `db:"Name1"`
	Type1 *string `db:"Type1"`
	Name2 *string `db:"Name2"`
	Type2 *string `db:"Type2"`
	Name3 *string `db:"Name3"`
	Type3 *string `db:"Type3"`
}

func (l level) place() *place {
	p := &place{Ref: l.Ref}
	for _, up := range []struct{ kind, name *string }{{l.Type, l.Name}, {l.Type1, l.Name1}, {l.Type2, l.Name2}, {l.Type3, l.Name3}} {
		switch fhirsql.Trim(up.kind) {
		case "V":
			p.Village = texted(up.name)
		case "W":
			p.Ward = texted(up.name)
		case "D":
			p.District = texted(up.name)
		case "R":
			p.Region = texted(up.name)
		}
	}
	return p
}

// places are those that were read a moment ago.
type places struct{ fhirsql.Recent[*place] }

func (p *places) ofPersons(ctx context.Context, q db.Query, rows []person) error {
	return p.settle(ctx, q, len(rows), func(i int) []**place {
		return []**place{&rows[i].home, &rows[i].current}
	}, func(i int) []*int { return []*int{rows[i].Family.Village, rows[i].CurrentVillage} })
}

// settle finds the places of n rows: those with the keys of a row are put where it has room for them.
func (p *places) settle(ctx context.Context, q db.Query, n int, room func(i int) []**place, keys func(i int) []*int) error {
	wanted := db.Ints{}
	seen := map[int]bool{}
	for i := range n {
		for _, key := range keys(i) {
			if key != nil && !seen[*key] {
				seen[*key], wanted = true, append(wanted, *key)
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	at, err := p.Of(q, wanted, func(keys db.Ints) (map[int]*place, error) { return readPlaces(ctx, q, keys) })
	if err != nil {
		return err
	}
	for i := range n {
		for j, to := range room(i) {
			if key := keys(i)[j]; key != nil {
				*to = at[*key]
			}
		}
	}
	return nil
}

// readPlaces reads places with those above them. Closed ones keep their people.
func readPlaces(ctx context.Context, q db.Query, keys db.Ints) (map[int]*place, error) {
	uuid := ""
	if location.Locations.HasUUID(q) {
		uuid = `p0."LocationUUID" AS "UUID", `
	}
	src := `SELECT p0."LocationId" AS "Key", ` + uuid + `p0."LocationCode" AS "Code"`
	from := ` FROM "tblLocations" AS p0`
	for i := range 4 {
		at := "p" + strconv.Itoa(i)
		src += `, ` + at + `."LocationName" AS "Name` + at[1:] + `", ` + at + `."LocationType" AS "Type` + at[1:] + `"`
		if i > 0 {
			from += ` LEFT JOIN "tblLocations" AS ` + at + ` ON ` + at + `."LocationId" = p` + strconv.Itoa(i-1) + `."ParentLocationId"`
		}
	}
	var levels []level
	if err := q.Select(ctx, &levels, src+from+` WHERE p0."LocationId" IN $ints(?)`, keys); err != nil {
		return nil, err
	}
	at := make(map[int]*place, len(levels))
	for _, l := range levels {
		at[*l.Key] = l.place()
	}
	return at, nil
}
