package insuree_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
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

func TestAFamilyIsRegisteredWithItsHead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		var e insuree.Entered
		o.write(func(ctx context.Context, tx *db.Tx) (err error) {
			e, err = o.service.EnterFamily(ctx, tx, o.clerk(), o.household(), o.everything(" 070707070 "))
			return err
		})
		i, err := insuree.ByNumber(t.Context(), d, auth.Scope{All: true}, "070707070")
		if err != nil || i == nil || i.ID != e.InsureeID || !i.InFamily(e.FamilyID) || !i.Head || i.AuditUserID != 7 || !i.ValidityFrom.Equal(later) ||
			i.Gender == nil || *i.Gender != "F" || i.Relationship == nil || *i.Relationship != 4 {
			t.Fatalf("%+v, %v; entered %+v", i, err, e)
		}
		if n := o.count("tblInsuree", `x."Marital" = 'M' AND x."passport" = 'X1' AND x."TypeOfId" = 'P' AND x."Phone" = '+1 2' AND x."Email" = 'a@b.org' AND x."Education" = 2 AND x."Profession" = 3 `+
			`AND x."HFID" = ? AND x."CurrentVillage" = ? AND x."CurrentAddress" = 'Here' AND x."GeoLocation" = '1 2' AND x."CardIssued" = $true AND x."isOffline" = $false`, o.facility, o.abroad); n != 1 {
			t.Errorf("insurees: %v", o.rows("tblInsuree", "InsureeID", "Marital passport TypeOfId Phone Email Education Profession HFID CurrentVillage"))
		}
		if n := o.count("tblFamilies", `x."InsureeID" = ? AND x."LocationId" = ? AND x."Poverty" = $true AND x."FamilyType" = 'H' AND x."FamilyAddress" = 'Street 1' AND x."Ethnicity" = 'E' `+
			`AND x."ConfirmationNo" = 'C1' AND x."ConfirmationType" = 'A' AND x."AuditUserID" = 7 AND x."ValidityTo" IS NULL`, e.InsureeID, o.village); n != 1 {
			t.Errorf("families: %v", o.rows("tblFamilies", "FamilyID", "InsureeID LocationId FamilyType FamilyAddress"))
		}
	})
}

// A new member is covered by the policies of the family that accept it, as uspAddInsureePolicy does.
func TestMembersJoinThePolicies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		e := o.family("1")
		p := o.policy(e.FamilyID, someDay.AddDate(1, 0, 0))
		second, third, fourth := o.member(e.FamilyID, "2"), o.member(e.FamilyID, "3"), o.member(e.FamilyID, "4")
		if len(second.Covers) != 1 || len(third.Covers) != 1 || len(fourth.Covers) != 0 {
			t.Errorf("covers %v, %v, %v; the product accepts three members", second.Covers, third.Covers, fourth.Covers)
		}
		if n := o.count("tblInsureePolicy", `x."PolicyId" = ? AND x."InsureeId" = ? AND x."EffectiveDate" = ? AND x."ValidityTo" IS NULL AND x."AuditUserId" = 1`,
			p, second.InsureeID, db.Date(someDay)); n != 1 {
			t.Errorf("covers %v", o.rows("tblInsureePolicy", "InsureePolicyId", "InsureeId PolicyId EffectiveDate AuditUserId"))
		}
	})
}

func TestUpdatesKeepHistory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		e := o.family("1")
		o.write(func(ctx context.Context, tx *db.Tx) error {
			if err := o.service.UpdateFamily(ctx, tx, o.clerk(), e.FamilyID, rules.Household{VillageID: o.village}); err != nil {
				return err
			}
			return o.service.UpdateInsuree(ctx, tx, o.clerk(), e.InsureeID, o.everything("2"))
		})
		if n := o.count("tblInsuree", `x."InsureeID" = ? AND x."CHFID" = '2' AND x."OtherNames" = 'Ann' AND x."ValidityTo" IS NULL AND x."AuditUserID" = 7 AND x."IsHead" = $true AND x."FamilyID" = ?`, e.InsureeID, e.FamilyID); n != 1 {
			t.Error("the live row has not become what was asked for")
		}
		if n := o.count("tblInsuree", `x."LegacyID" = ? AND x."CHFID" = '1' AND x."OtherNames" = 'Bob' AND x."ValidityTo" = ? AND x."AuditUserID" = 1`, e.InsureeID, later); n != 1 {
			t.Error("there is no copy of what the insuree was")
		}
		if n := o.count("tblFamilies", `x."FamilyID" = ? AND x."FamilyType" IS NULL AND x."FamilyAddress" IS NULL AND x."Poverty" = $false AND x."InsureeID" = ?`, e.FamilyID, e.InsureeID); n != 1 {
			t.Error("what the update leaves out is not empty")
		}
		if n := o.count("tblFamilies", `x."LegacyID" = ? AND x."FamilyType" = 'H' AND x."ValidityTo" = ?`, e.FamilyID, later); n != 1 {
			t.Error("there is no copy of what the family was")
		}
	})
}

func TestMovingToAnotherFamily(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		from, to := o.family("1"), o.family("2")
		old := o.policy(from.FamilyID, someDay.AddDate(1, 0, 0))
		m := o.member(from.FamilyID, "3")
		o.policy(to.FamilyID, someDay.AddDate(1, 0, 0))
		var e insuree.Entered
		o.write(func(ctx context.Context, tx *db.Tx) (err error) {
			e, err = o.service.MoveInsuree(ctx, tx, o.clerk(), insuree.Move{InsureeID: m.InsureeID, FamilyID: to.FamilyID})
			return err
		})
		if len(e.Covers) != 1 || e.FamilyID != to.FamilyID {
			t.Errorf("%+v", e)
		}
		if n := o.count("tblInsuree", `x."InsureeID" = ? AND x."FamilyID" = ? AND x."ValidityTo" IS NULL`, m.InsureeID, to.FamilyID); n != 1 {
			t.Error("the insuree is not in the new family")
		}
		if n := o.count("tblInsuree", `x."LegacyID" = ? AND x."FamilyID" = ?`, m.InsureeID, from.FamilyID); n != 1 {
			t.Error("no copy remembers the old family")
		}
		if open, closed := o.count("tblInsureePolicy", `x."PolicyId" = ? AND x."ValidityTo" IS NULL`, old), o.count("tblInsureePolicy", `x."PolicyId" = ? AND x."LegacyId" IS NULL AND x."ValidityTo" = ?`, old, later); open != 0 || closed != 1 {
			t.Errorf("%d covers by the old family's policy are open, %d closed", open, closed)
		}
		refuse(t, o, map[string]refusal{
			"already there": {fault.Invalid, "family", func(ctx context.Context, tx *db.Tx) error {
				_, err := o.service.MoveInsuree(ctx, tx, o.clerk(), insuree.Move{InsureeID: m.InsureeID, FamilyID: to.FamilyID})
				return err
			}},
			"a head with others": {fault.Conflict, "", func(ctx context.Context, tx *db.Tx) error {
				_, err := o.service.MoveInsuree(ctx, tx, o.clerk(), insuree.Move{InsureeID: to.InsureeID, FamilyID: from.FamilyID})
				return err
			}},
			"the last one, with a policy": {fault.Conflict, "", func(ctx context.Context, tx *db.Tx) error {
				_, err := o.service.MoveInsuree(ctx, tx, o.clerk(), insuree.Move{InsureeID: from.InsureeID, FamilyID: to.FamilyID})
				return err
			}},
		})
	})
}

// A head who is alone founds a new family; the old one is closed.
func TestFoundingAFamily(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		was := o.family("1")
		var e insuree.Entered
		o.write(func(ctx context.Context, tx *db.Tx) (err error) {
			e, err = o.service.FoundFamily(ctx, tx, o.clerk(), rules.Household{VillageID: o.village}, was.InsureeID)
			return err
		})
		if n := o.count("tblFamilies", `x."FamilyID" = ? AND x."InsureeID" = ? AND x."ValidityTo" IS NULL`, e.FamilyID, was.InsureeID); n != 1 || e.FamilyID == was.FamilyID {
			t.Errorf("%+v", e)
		}
		if n := o.count("tblFamilies", `x."FamilyID" = ? AND x."ValidityTo" = ?`, was.FamilyID, later); n != 1 {
			t.Error("the family of before is still there")
		}
		if n := o.count("tblInsuree", `x."InsureeID" = ? AND x."FamilyID" = ? AND x."IsHead" = $true`, was.InsureeID, e.FamilyID); n != 1 {
			t.Error("the head is not the head of the new family")
		}
	})
}

func TestAnotherHead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		e := o.family("1")
		m := o.member(e.FamilyID, "2")
		o.write(func(ctx context.Context, tx *db.Tx) error {
			return o.service.SetHead(ctx, tx, o.clerk(), e.FamilyID, m.InsureeID)
		})
		if n := o.count("tblInsuree", `x."ValidityTo" IS NULL AND x."IsHead" = $true AND x."InsureeID" = ?`, m.InsureeID); n != 1 {
			t.Error("the member is not the head")
		}
		if n := o.count("tblInsuree", `x."ValidityTo" IS NULL AND x."IsHead" = $true`); n != 1 {
			t.Errorf("%d heads", n)
		}
		if n := o.count("tblFamilies", `x."FamilyID" = ? AND x."InsureeID" = ?`, e.FamilyID, m.InsureeID) + o.count("tblFamilies", `x."LegacyID" = ? AND x."InsureeID" = ?`, e.FamilyID, e.InsureeID); n != 2 {
			t.Error("the family has not got the new head, with the old one as history")
		}
		other := o.family("3")
		refuse(t, o, map[string]refusal{"of another family": {fault.Invalid, "headInsuree", func(ctx context.Context, tx *db.Tx) error {
			return o.service.SetHead(ctx, tx, o.clerk(), e.FamilyID, other.InsureeID)
		}}})
	})
}

func TestDeletingClosesWithHistory(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		e := o.family("1")
		p := o.policy(e.FamilyID, someDay.AddDate(1, 0, 0))
		m := o.member(e.FamilyID, "2")
		refuse(t, o, map[string]refusal{
			"the head": {fault.Conflict, "", func(ctx context.Context, tx *db.Tx) error {
				return o.service.DeleteInsuree(ctx, tx, o.clerk(), e.InsureeID)
			}},
			"a family with a policy": {fault.Conflict, "", func(ctx context.Context, tx *db.Tx) error {
				return o.service.DeleteFamily(ctx, tx, o.clerk(), e.FamilyID)
			}},
		})
		o.write(func(ctx context.Context, tx *db.Tx) error {
			return o.service.DeleteInsuree(ctx, tx, o.clerk(), m.InsureeID)
		})
		if n := o.count("tblInsuree", `x."InsureeID" = ? AND x."ValidityTo" = ? AND x."LegacyID" IS NULL AND x."AuditUserID" = 7`, m.InsureeID, later); n != 1 {
			t.Error("the insuree is not closed")
		}
		if n := o.count("tblInsuree", `x."LegacyID" = ? AND x."ValidityTo" = ? AND x."AuditUserID" = 1`, m.InsureeID, later); n != 1 {
			t.Error("there is no copy of the insuree")
		}
		if n := o.count("tblInsureePolicy", `x."PolicyId" = ? AND x."ValidityTo" IS NULL`, p); n != 0 {
			t.Errorf("%d covers are open", n)
		}
		o.write(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Update(ctx, "tblPolicy", p, db.Values{"ExpiryDate": someDay})
			return err
		})
		o.write(func(ctx context.Context, tx *db.Tx) error {
			return o.service.DeleteFamily(ctx, tx, o.clerk(), e.FamilyID)
		})
		if n := o.count("tblInsuree", `x."ValidityTo" IS NULL`) + o.count("tblFamilies", `x."ValidityTo" IS NULL`); n != 0 {
			t.Errorf("%d live rows", n)
		}
	})
}

func TestPhotos(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		e := o.family("1")
		photo := insuree.Photograph{Folder: `Images\Updated\`, FileName: "1.jpg", OfficerID: o.officer, Taken: someDay}
		set := func(p insuree.Photograph) func(ctx context.Context, tx *db.Tx) error {
			return func(ctx context.Context, tx *db.Tx) error {
				_, err := o.service.SetPhoto(ctx, tx, o.clerk(), e.InsureeID, p)
				return err
			}
		}
		o.write(set(photo))
		photo.FileName = "2.jpg"
		o.write(set(photo))
		if n := o.count("tblPhotos", `x."ValidityTo" IS NULL AND x."PhotoFileName" = '2.jpg' AND x."CHFID" = '1' AND x."OfficerID" = ?`, o.officer); n != 1 {
			t.Errorf("photos %v", o.rows("tblPhotos", "PhotoID", "PhotoFileName ValidityTo"))
		}
		if n := o.count("tblPhotos", `x."ValidityTo" IS NOT NULL AND x."PhotoFileName" = '1.jpg'`); n != 1 {
			t.Errorf("photos %v", o.rows("tblPhotos", "PhotoID", "PhotoFileName ValidityTo"))
		}
		if n := o.count("tblInsuree", `x."ValidityTo" IS NULL AND x."PhotoDate" = ? AND x."PhotoID" IN (SELECT p."PhotoID" FROM "tblPhotos" p WHERE p."PhotoFileName" = '2.jpg')`, db.Date(someDay)); n != 1 {
			t.Error("the insuree does not refer to the photo")
		}
		o.write(func(ctx context.Context, tx *db.Tx) error {
			return o.service.RemovePhoto(ctx, tx, o.clerk(), e.InsureeID)
		})
		if n := o.count("tblInsuree", `x."ValidityTo" IS NULL AND x."PhotoID" IS NULL AND x."PhotoDate" IS NULL`) + o.count("tblPhotos", `x."ValidityTo" IS NOT NULL`); n != 3 {
			t.Error("the photo is still there")
		}
		wrong := map[string]refusal{}
		for name, c := range map[string]struct {
			field  string
			change func(p *insuree.Photograph)
		}{
			"no file":           {"filename", func(p *insuree.Photograph) { p.FileName = " " }},
			"a path as file":    {"filename", func(p *insuree.Photograph) { p.FileName = `..\1.jpg` }},
			"out of the folder": {"folder", func(p *insuree.Photograph) { p.Folder = `Images\..\..` }},
			"too long":          {"folder", func(p *insuree.Photograph) { p.Folder = strings.Repeat("x", 256) }},
			"no day":            {"date", func(p *insuree.Photograph) { p.Taken = time.Time{} }},
			"tomorrow":          {"date", func(p *insuree.Photograph) { p.Taken = later.AddDate(0, 0, 1) }},
			"nobody's":          {"officerId", func(p *insuree.Photograph) { p.OfficerID = 99 }},
		} {
			p := photo
			c.change(&p)
			wrong[name] = refusal{fault.Invalid, c.field, set(p)}
		}
		refuse(t, o, wrong)
	})
}

// refusal is what an operation answers that must not write anything.
type refusal struct {
	code, field string
	run         func(ctx context.Context, tx *db.Tx) error
}

func refuse(t *testing.T, o *office, cases map[string]refusal) {
	t.Helper()
	for name, c := range cases {
		before := o.count("tblInsuree", "1 = 1") + o.count("tblFamilies", "1 = 1") + o.count("tblPhotos", "1 = 1") + o.count("tblInsureePolicy", "1 = 1")
		err := o.try(c.run)
		if fault.Code(err) != c.code || fault.Field(err) != c.field {
			t.Errorf("%s: %s of %q: %v; want %s of %q", name, fault.Code(err), fault.Field(err), err, c.code, c.field)
		}
		after := o.count("tblInsuree", "1 = 1") + o.count("tblFamilies", "1 = 1") + o.count("tblPhotos", "1 = 1") + o.count("tblInsureePolicy", "1 = 1")
		if before != after {
			t.Errorf("%s: %d rows were written", name, after-before)
		}
	}
}

func TestWhatIsRefusedOfAPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		o.service.Numbers = rules.Numbers{}
		e := o.family("Taken")
		cases := map[string]refusal{}
		for name, c := range map[string]struct {
			field  string
			change func(p *rules.Person)
		}{
			"no number":            {"chfId", func(p *rules.Person) { p.Number = "  " }},
			"a taken number":       {"chfId", func(p *rules.Person) { p.Number = "TAKEN " }},
			"the number of money":  {"chfId", func(p *rules.Person) { p.Number = rules.FundingNumber }},
			"a number too long":    {"chfId", func(p *rules.Person) { p.Number = strings.Repeat("1", 51) }},
			"no family name":       {"lastName", func(p *rules.Person) { p.LastName = "" }},
			"a long family name":   {"lastName", func(p *rules.Person) { p.LastName = strings.Repeat("é", 101) }},
			"no given name":        {"otherNames", func(p *rules.Person) { p.OtherNames = "\t" }},
			"no birth":             {"dob", func(p *rules.Person) { p.Born = time.Time{} }},
			"born tomorrow":        {"dob", func(p *rules.Person) { p.Born = later.AddDate(0, 0, 1) }},
			"born long ago":        {"dob", func(p *rules.Person) { p.Born = time.Date(1066, 1, 1, 0, 0, 0, 0, time.UTC) }},
			"no such gender":       {"gender", func(p *rules.Person) { p.Gender = "X" }},
			"no such state":        {"marital", func(p *rules.Person) { p.Marital = "X" }},
			"no such relation":     {"relationship", func(p *rules.Person) { p.Relationship = new(9) }},
			"no such education":    {"education", func(p *rules.Person) { p.Education = new(9) }},
			"no such profession":   {"profession", func(p *rules.Person) { p.Profession = new(9) }},
			"no such document":     {"typeOfId", func(p *rules.Person) { p.IdentificationType = "X" }},
			"a long phone number":  {"phone", func(p *rules.Person) { p.Phone = strings.Repeat("1", 51) }},
			"no such facility":     {"healthFacility", func(p *rules.Person) { p.HealthFacilityID = new(99) }},
			"a district to live":   {"currentVillage", func(p *rules.Person) { p.CurrentVillageID = &o.district }},
			"a village of nowhere": {"currentVillage", func(p *rules.Person) { p.CurrentVillageID = new(9999) }},
		} {
			p := o.everything("1")
			c.change(&p)
			cases[name+", entering"] = refusal{fault.Invalid, c.field, func(ctx context.Context, tx *db.Tx) error {
				_, err := o.service.EnterInsuree(ctx, tx, o.clerk(), e.FamilyID, p)
				return err
			}}
			cases[name+", with a family"] = refusal{fault.Invalid, c.field, func(ctx context.Context, tx *db.Tx) error {
				_, err := o.service.EnterFamily(ctx, tx, o.clerk(), o.household(), p)
				return err
			}}
			if name != "a taken number" {
				cases[name+", updating"] = refusal{fault.Invalid, c.field, func(ctx context.Context, tx *db.Tx) error {
					return o.service.UpdateInsuree(ctx, tx, o.clerk(), e.InsureeID, p)
				}}
			}
		}
		m := o.member(e.FamilyID, "2")
		cases["updating to a taken number"] = refusal{fault.Invalid, "chfId", func(ctx context.Context, tx *db.Tx) error {
			return o.service.UpdateInsuree(ctx, tx, o.clerk(), m.InsureeID, person("taken"))
		}}
		refuse(t, o, cases)
	})
}

func TestWhatIsRefusedOfAHousehold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		e := o.family("1")
		cases := map[string]refusal{}
		for name, c := range map[string]struct {
			field  string
			change func(h *rules.Household)
		}{
			"no village":           {"location", func(h *rules.Household) { h.VillageID = 0 }},
			"a district":           {"location", func(h *rules.Household) { h.VillageID = o.district }},
			"out of the districts": {"location", func(h *rules.Household) { h.VillageID = o.abroad }},
			"no such type":         {"familyType", func(h *rules.Household) { h.Type = "X" }},
			"no such confirmation": {"confirmationType", func(h *rules.Household) { h.ConfirmationType = "X" }},
			"a long address":       {"address", func(h *rules.Household) { h.Address = strings.Repeat("x", 201) }},
			"a long confirmation":  {"confirmationNo", func(h *rules.Household) { h.ConfirmationNo = strings.Repeat("x", 13) }},
			"a long ethnicity":     {"ethnicity", func(h *rules.Household) { h.Ethnicity = "xx" }},
		} {
			h := o.household()
			c.change(&h)
			cases[name+", entering"] = refusal{fault.Invalid, c.field, func(ctx context.Context, tx *db.Tx) error {
				_, err := o.service.EnterFamily(ctx, tx, o.clerk(), h, person("2"))
				return err
			}}
			cases[name+", updating"] = refusal{fault.Invalid, c.field, func(ctx context.Context, tx *db.Tx) error {
				return o.service.UpdateFamily(ctx, tx, o.clerk(), e.FamilyID, h)
			}}
		}
		refuse(t, o, cases)
	})
}

// Every operation asks for its right, and for people and families within the author's reach.
func TestRightsAndScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		home := o.family("1")
		var away insuree.Entered
		o.write(func(ctx context.Context, tx *db.Tx) (err error) {
			h := o.household()
			h.VillageID = o.abroad
			away, err = o.service.EnterFamily(ctx, tx, o.admin(), h, person("2"))
			return err
		})
		gone := o.member(home.FamilyID, "3")
		o.write(func(ctx context.Context, tx *db.Tx) error {
			return o.service.DeleteInsuree(ctx, tx, o.admin(), gone.InsureeID)
		})
		photo := insuree.Photograph{FileName: "1.jpg", OfficerID: o.officer, Taken: someDay}
		operations := map[string]struct {
			rights []int
			run    func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error
			hidden bool // what lies outside the scope is not a part of the command
		}{
			"enter insuree": {[]int{101102}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				_, err := o.service.EnterInsuree(ctx, tx, a, e.FamilyID, person("9"))
				return err
			}, true},
			"update insuree": {[]int{101103}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				return o.service.UpdateInsuree(ctx, tx, a, e.InsureeID, person("9"))
			}, true},
			"delete insuree": {[]int{101104}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				return o.service.DeleteInsuree(ctx, tx, a, e.InsureeID)
			}, true},
			"move insuree": {[]int{101003, 101103}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				_, err := o.service.MoveInsuree(ctx, tx, a, insuree.Move{InsureeID: e.InsureeID, FamilyID: home.FamilyID})
				return err
			}, true},
			"set photo": {[]int{101103}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				_, err := o.service.SetPhoto(ctx, tx, a, e.InsureeID, photo)
				return err
			}, true},
			"remove photo": {[]int{101103}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				return o.service.RemovePhoto(ctx, tx, a, e.InsureeID)
			}, true},
			"enter family": {[]int{101002}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				_, err := o.service.EnterFamily(ctx, tx, a, o.household(), person("9"))
				return err
			}, false},
			"found family": {[]int{101002, 101103}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				_, err := o.service.FoundFamily(ctx, tx, a, o.household(), e.InsureeID)
				return err
			}, true},
			"update family": {[]int{101003}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				return o.service.UpdateFamily(ctx, tx, a, e.FamilyID, o.household())
			}, true},
			"set head": {[]int{101003}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				return o.service.SetHead(ctx, tx, a, e.FamilyID, e.InsureeID)
			}, true},
			"delete family": {[]int{101004, 101104}, func(ctx context.Context, tx *db.Tx, a auth.Author, e insuree.Entered) error {
				return o.service.DeleteFamily(ctx, tx, a, e.FamilyID)
			}, true},
		}
		cases := map[string]refusal{}
		for name, op := range operations {
			with := func(a auth.Author, e insuree.Entered) func(ctx context.Context, tx *db.Tx) error {
				return func(ctx context.Context, tx *db.Tx) error { return op.run(ctx, tx, a, e) }
			}
			cases[name+" as nobody"] = refusal{fault.Unauthenticated, "", with(auth.Author{At: later}, home)}
			for _, r := range op.rights {
				cases[name+" without a right"] = refusal{fault.Forbidden, "", with(o.clerk(r), home)}
			}
			if op.hidden {
				cases[name+" out of reach"] = refusal{fault.NotFound, "", with(o.clerk(), away)}
				cases[name+" of nobody"] = refusal{fault.NotFound, "", with(o.clerk(), insuree.Entered{InsureeID: gone.InsureeID, FamilyID: -1})}
			}
		}
		refuse(t, o, cases)
	})
}

// The legacy application keeps money that was given to a scheme as a family in a place of its own: no administrator finds
// it, and nothing can be done with it.
func TestFundingIsNotAPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		var parent any
		for _, kind := range []string{"R", "D", "W", "V"} {
			parent = insert(t, d, "tblLocations", db.Values{"LocationCode": "F" + kind, "LocationName": "Funding", "LocationType": kind, "ParentLocationId": parent, "AuditUserId": 1})
		}
		family := insert(t, d, "tblFamilies", db.Values{"InsureeID": 0, "LocationId": parent, "AuditUserID": 1})
		money := insert(t, d, "tblInsuree", db.Values{"FamilyID": family, "CHFID": rules.FundingNumber, "LastName": "Funding", "OtherNames": "Funding", "DOB": someDay,
			"IsHead": true, "CardIssued": false, "AuditUserID": 1})
		all := auth.Scope{All: true}
		if i, err := insuree.ByNumber(t.Context(), d, all, rules.FundingNumber); i != nil || err != nil {
			t.Errorf("by number: %v, %v", i, err)
		}
		if i, err := insuree.ByID(t.Context(), d, all, money); i != nil || err != nil {
			t.Errorf("by id: %v, %v", i, err)
		}
		if seen, err := insuree.FamilySeen(t.Context(), d, all, family); seen || err != nil {
			t.Errorf("the family is seen: %v, %v", seen, err)
		}
		refuse(t, o, map[string]refusal{
			"update": {fault.NotFound, "", func(ctx context.Context, tx *db.Tx) error {
				return o.service.UpdateInsuree(ctx, tx, o.admin(), money, person("2"))
			}},
			"join": {fault.NotFound, "", func(ctx context.Context, tx *db.Tx) error {
				_, err := o.service.EnterInsuree(ctx, tx, o.admin(), family, person("2"))
				return err
			}},
		})
		// A village that is only called so is one like others, and a family without village is a family.
		village := insert(t, d, "tblLocations", db.Values{"LocationCode": "V9", "LocationName": "Funding", "LocationType": "V", "AuditUserId": 1})
		for _, at := range []any{village, nil} {
			real := insert(t, d, "tblFamilies", db.Values{"InsureeID": 0, "LocationId": at, "AuditUserID": 1})
			if seen, err := insuree.FamilySeen(t.Context(), d, all, real); !seen || err != nil {
				t.Errorf("a family in %v is not seen: %v", at, err)
			}
		}
	})
}

// Operations take the same number of statements however large the family is.
func TestOperationsTakeAFixedNumberOfStatements(t *testing.T) {
	d := dbtest.SQLite(t)
	o := opened(t, d)
	o.write(func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Update(ctx, "tblProduct", o.product, db.Values{"MemberCount": 50})
		return err
	})
	counts := map[int][]int{}
	for n, number := range []string{"A", "B"} {
		e := o.family(number)
		last := e
		for i := range 1 + 20*n {
			last = o.member(e.FamilyID, number+string(rune('a'+i)))
		}
		for range 1 + 5*n {
			o.policy(e.FamilyID, someDay.AddDate(0, 0, 1))
		}
		for k, run := range []func(ctx context.Context, tx *db.Tx) error{
			func(ctx context.Context, tx *db.Tx) error {
				_, err := o.service.EnterInsuree(ctx, tx, o.clerk(), e.FamilyID, person(number+"Z"))
				return err
			},
			func(ctx context.Context, tx *db.Tx) error {
				return o.service.UpdateInsuree(ctx, tx, o.clerk(), last.InsureeID, person(number+"Y"))
			},
			func(ctx context.Context, tx *db.Tx) error {
				return o.service.SetHead(ctx, tx, o.clerk(), e.FamilyID, last.InsureeID)
			},
			func(ctx context.Context, tx *db.Tx) error {
				return o.service.DeleteInsuree(ctx, tx, o.clerk(), e.InsureeID)
			},
			func(ctx context.Context, tx *db.Tx) error {
				a := o.clerk()
				a.At = a.At.AddDate(0, 0, 10)
				return o.service.DeleteFamily(ctx, tx, a, e.FamilyID)
			},
		} {
			o.write(func(ctx context.Context, tx *db.Tx) error {
				ctx, counter := db.WithCounter(ctx)
				err := run(ctx, tx)
				counts[k] = append(counts[k], counter.Statements())
				return err
			})
		}
	}
	for k, c := range counts {
		if c[0] != c[1] || c[0] > 14 {
			t.Errorf("operation %d: statements %v", k, c)
		}
	}
	t.Log(counts)
}

// Of two who give the same number at the same moment, one is refused.
func TestANumberIsGivenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := opened(t, d)
		e := o.family("1")
		const clerks = 4
		errs := make(chan error, clerks)
		for range clerks {
			go func() {
				errs <- o.try(func(ctx context.Context, tx *db.Tx) error {
					_, err := o.service.EnterInsuree(ctx, tx, o.clerk(), e.FamilyID, person("2"))
					return err
				})
			}()
		}
		entered := 0
		for range clerks {
			switch err := <-errs; {
			case err == nil:
				entered++
			case fault.Field(err) != "chfId":
				t.Error(err)
			}
		}
		if n := o.count("tblInsuree", `x."CHFID" = '2'`); entered != 1 || n != 1 {
			t.Errorf("%d were told yes, %d insurees have the number", entered, n)
		}
	})
}
