package insuree_test

import (
	"context"
	"testing"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/clock"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/fhirsession"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/insuree"
)

// fhirRights are those of a clerk who may do everything with people.
var fhirRights = []int{101001, 101002, 101003, 101004, 101101, 101102, 101103, 101104}

// fhirOffice is an office with people: a family of Ann, who is the head, and Bob, her child; and Cy, alone, abroad.
type fhirOffice struct {
	*office
	family, ann, bob int
	elsewhere, cy    int
}

func populated(t *testing.T, d *db.DB) *fhirOffice {
	o := &fhirOffice{office: opened(t, d)}
	for name, v := range map[string]db.Values{
		"tblGender": {"Code": "M", "Gender": "Male"},
	} {
		o.write(func(ctx context.Context, tx *db.Tx) error { _, err := tx.Insert(ctx, name, v); return err })
	}
	settle := func(village any) int {
		return insert(t, d, "tblFamilies", db.Values{"InsureeID": 0, "LocationId": village, "AuditUserID": 1, "FamilyType": "H", "FamilyAddress": "Main Road 1",
			"Poverty": true, "ConfirmationNo": "C-1", "ConfirmationType": "A", "Ethnicity": "x"})
	}
	person := func(family int, number, name string, head bool, more db.Values) int {
		v := db.Values{"FamilyID": family, "CHFID": number, "LastName": "Doe", "OtherNames": name, "DOB": someDay.AddDate(-30, 0, 0), "IsHead": head, "CardIssued": false,
			"isOffline": false, "AuditUserID": 1}
		for k, x := range more {
			v[k] = x
		}
		return insert(t, d, "tblInsuree", v)
	}
	o.family = settle(o.village)
	o.ann = person(o.family, "070707081", "Ann", true, db.Values{"Gender": "F", "Marital": "M", "Phone": "+41 1", "Email": "ann@example.org", "HFID": o.facility,
		"Education": 2, "Profession": 3, "passport": "X1", "TypeOfId": "P", "CardIssued": true})
	o.bob = person(o.family, "070707082", "Bob", false, db.Values{"Gender": "M", "Marital": "N", "Relationship": 4, "passport": "X2", "CurrentVillage": o.abroad,
		"CurrentAddress": "Back Street 2", "GeoLocation": "1.5 2.5", "DOB": someDay.AddDate(-8, 0, 0)})
	o.elsewhere = settle(o.abroad)
	o.cy = person(o.elsewhere, "070707083", "Cy", true, nil)
	photo := insert(t, d, "tblPhotos", db.Values{"InsureeID": o.ann, "CHFID": "070707081", "PhotoFolder": `Images\Updated\`, "PhotoFileName": "070707081 1.jpg",
		"OfficerID": o.officer, "PhotoDate": someDay, "AuditUserID": 1})
	o.write(func(ctx context.Context, tx *db.Tx) error {
		for _, u := range []struct {
			table string
			id    int
			v     db.Values
		}{{"tblFamilies", o.family, db.Values{"InsureeID": o.ann}}, {"tblFamilies", o.elsewhere, db.Values{"InsureeID": o.cy}}, {"tblInsuree", o.ann, db.Values{"PhotoID": photo}}} {
			if _, err := tx.Update(ctx, u.table, u.id, u.v); err != nil {
				return err
			}
		}
		return nil
	})
	policy := insert(t, d, "tblPolicy", db.Values{"FamilyID": o.family, "ProdID": o.product, "EnrollDate": someDay, "StartDate": someDay, "PolicyStatus": 2, "AuditUserID": 1})
	insert(t, d, "tblInsureePolicy", db.Values{"InsureeId": o.bob, "PolicyId": policy, "EffectiveDate": someDay, "ExpiryDate": later, "AuditUserId": 1})
	insert(t, d, "tblClaim", db.Values{"InsureeID": o.bob, "ClaimCode": "C1", "DateFrom": someDay, "DateClaimed": someDay, "HFID": o.facility, "ICDID": 1, "ClaimStatus": 2,
		"Feedback": false, "AuditUserID": 1})
	return o
}

// inOffices runs fn in the same office on every engine, and on a database without UUIDs.
func inOffices(t *testing.T, fn func(t *testing.T, o *fhirOffice)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, populated(t, d)) })
	t.Run("without UUIDs", func(t *testing.T) {
		o := populated(t, dbtest.SQLite(t))
		dbtest.DropUUIDs(t, o.d)
		fn(t, o)
	})
}

// as is a clerk of the district; without says which rights are missing.
func (o *fhirOffice) as(scope auth.Scope, without ...int) *fhirsession.Session {
	o.t.Helper()
	m := insuree.New(&modules.App{DB: o.d, Clock: clock.Fixed(later), Config: func(string) modules.Config { return nil }})
	clerk := o.clerk()
	for _, r := range fhirRights {
		clerk.Rights[r] = true
	}
	for _, r := range without {
		delete(clerk.Rights, r)
	}
	clerk.Principal.Scope = scope
	return fhirsession.New(o.t, o.d, clock.Fixed(later), clerk.Principal, m.Resources()...)
}

func (o *fhirOffice) here() auth.Scope { return auth.Scope{Districts: []int{o.district}} }
