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
