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
