package insuree_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/insuree/rules"
)

var later = someDay.Add(36 * time.Hour)

// office is a district office: a village in its district and one abroad, the lists of codes, and a product.
type office struct {
	t                         *testing.T
	d                         *db.DB
	village, abroad, district int
	product, facility         int
	officer                   int
	service                   insuree.Service
}

func opened(t *testing.T, d *db.DB) *office {
	o := &office{t: t, d: d}
	location := func(kind string, parent any) int {
		return insert(t, d, "tblLocations", db.Values{"LocationName": kind, "LocationType": kind, "ParentLocationId": parent, "AuditUserId": 1})
	}
	region := location("R", nil)
	o.district = location("D", region)
	o.village = location("V", location("W", o.district))
	o.abroad = location("V", location("W", location("D", region)))
	o.facility = insert(t, d, "tblHF", db.Values{"HFCode": "HF", "HFName": "HF", "LegalForm": "G", "HFLevel": "D", "HFCareType": "B",
		"LocationId": o.district, "OffLine": false, "AuditUserID": 1, "status": "AC"})
	o.officer = insert(t, d, "tblOfficer", db.Values{"Code": "E1", "LastName": "Doe", "OtherNames": "Eve", "AuditUserID": 1})
	o.product = insert(t, d, "tblProduct", db.Values{"ProductCode": "P", "ProductName": "P", "InsurancePeriod": 12, "DateFrom": someDay, "DateTo": someDay.AddDate(1, 0, 0),
		"LumpSum": 100, "MemberCount": 3, "GracePeriod": 0, "AuditUserID": 1})
	for table, v := range map[string]db.Values{
		"tblGender":              {"Code": "F", "Gender": "Female"},
		"tblRelations":           {"RelationId": 4, "Relation": "Child"},
		"tblEducations":          {"EducationId": 2, "Education": "Primary"},
		"tblProfessions":         {"ProfessionId": 3, "Profession": "Baker"},
		"tblIdentificationTypes": {"IdentificationCode": "P", "IdentificationTypes": "Passport"},
		"tblFamilyTypes":         {"FamilyTypeCode": "H", "FamilyType": "Household"},
		"tblConfirmationTypes":   {"ConfirmationTypeCode": "A", "ConfirmationType": "Council"},
	} {
		o.write(func(ctx context.Context, tx *db.Tx) error { _, err := tx.Insert(ctx, table, v); return err })
	}
	return o
}

func (o *office) write(fn func(ctx context.Context, tx *db.Tx) error) {
	o.t.Helper()
	if err := o.try(fn); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) try(fn func(ctx context.Context, tx *db.Tx) error) error {
	ctx := context.Background()
	return o.d.Write(ctx, "test", func(tx *db.Tx) error { return fn(ctx, tx) })
}

// clerk is who may do everything with the people of the district; without says which rights are missing.
func (o *office) clerk(without ...int) auth.Author {
	p := &auth.Principal{Username: "clerk", Person: &auth.Person{ID: 7}, Rights: map[int]bool{}, Scope: auth.Scope{Districts: []int{o.district}}}
	for _, r := range []int{101002, 101003, 101004, 101102, 101103, 101104} {
		p.Rights[r] = true
	}
	for _, r := range without {
		delete(p.Rights, r)
	}
	return auth.Author{Principal: p, At: later}
}

func (o *office) admin() auth.Author {
	return auth.Author{Principal: &auth.Principal{Person: &auth.Person{ID: 1}, Admin: true, Scope: auth.Scope{All: true}}, At: later}
}

// everything is a person of whom all is known.
func (o *office) everything(number string) rules.Person {
	four, two, three := 4, 2, 3
	return rules.Person{Number: number, LastName: "Doe", OtherNames: "Ann", Born: someDay.AddDate(-30, 0, 0), Gender: "f", Marital: "m", Passport: "X1",
		IdentificationType: "P", Phone: "+1 2", Email: "a@b.org", Relationship: &four, Education: &two, Profession: &three, HealthFacilityID: &o.facility,
		CurrentVillageID: &o.abroad, CurrentAddress: "Here", Geolocation: "1 2", CardIssued: true}
}

func person(number string) rules.Person {
	return rules.Person{Number: number, LastName: "Doe", OtherNames: "Bob", Born: someDay.AddDate(-20, 0, 0)}
}

func (o *office) household() rules.Household {
	return rules.Household{VillageID: o.village, Poverty: true, Type: "h", Address: "Street 1", Ethnicity: "E", ConfirmationNo: "C1", ConfirmationType: "A"}
}

// family registers a family by its head.
func (o *office) family(number string) insuree.Entered {
	o.t.Helper()
	var e insuree.Entered
	o.write(func(ctx context.Context, tx *db.Tx) (err error) {
		e, err = o.service.EnterFamily(ctx, tx, o.admin(), o.household(), person(number))
		return err
	})
	return e
}

func (o *office) member(family int, number string) insuree.Entered {
	o.t.Helper()
	var e insuree.Entered
	o.write(func(ctx context.Context, tx *db.Tx) (err error) {
		e, err = o.service.EnterInsuree(ctx, tx, o.admin(), family, person(number))
		return err
	})
	return e
}

// policy gives a family an active policy that runs until a day, worth 100.
func (o *office) policy(family int, until time.Time) int {
	o.t.Helper()
	return insert(o.t, o.d, "tblPolicy", db.Values{"FamilyID": family, "ProdID": o.product, "EnrollDate": someDay, "StartDate": someDay, "EffectiveDate": someDay,
		"ExpiryDate": until, "PolicyStatus": 2, "PolicyValue": 100, "PolicyStage": "N", "AuditUserID": 1})
}

// rows reads a table in the order of its ids, as JSON-like maps.
func (o *office) rows(table, key, columns string) []map[string]any {
	o.t.Helper()
	var list []string
	for _, c := range strings.Fields(columns) {
		list = append(list, `x."`+c+`"`)
	}
	rows, err := o.d.Rows(o.t.Context(), `SELECT `+strings.Join(list, ", ")+` FROM "`+table+`" x ORDER BY x."`+key+`"`)
	if err != nil {
		o.t.Fatal(err)
	}
	defer rows.Close()
	var found []map[string]any
	for rows.Next() {
		r := map[string]any{}
		if err := rows.MapScan(r); err != nil {
			o.t.Fatal(err)
		}
		found = append(found, r)
	}
	if err := rows.Err(); err != nil {
		o.t.Fatal(err)
	}
	return found
}

// count counts the rows that meet a condition.
func (o *office) count(table, where string, args ...any) int {
	o.t.Helper()
	var n int
	if err := o.d.Get(o.t.Context(), &n, `SELECT COUNT(*) FROM "`+table+`" x WHERE `+where, args...); err != nil {
		o.t.Fatal(err)
	}
	return n
}
