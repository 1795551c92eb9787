package location

import (
	"context"
	"slices"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/location/rules"
)

// EnterFacility adds a health facility in a district of the author's and answers its key. It has no price lists yet.
func (Service) EnterFacility(ctx context.Context, tx *db.Tx, author auth.Author, f rules.Facility) (int, error) {
	if err := MayAddFacilities.Check(author.Principal, "the entry of health facilities"); err != nil {
		return 0, err
	}
	f = f.Trimmed()
	if err := checkFacility(ctx, tx, author, f, nil, 0); err != nil {
		return 0, err
	}
	v := facilityValues(f)
	v["OffLine"] = false
	return table.Enter(ctx, tx, author, Facilities.Name, v)
}

// UpdateFacility replaces what rules.Facility has of a health facility that the author may see; the rest stays.
func (Service) UpdateFacility(ctx context.Context, tx *db.Tx, author auth.Author, key int, f rules.Facility) error {
	if err := MayEditFacilities.Check(author.Principal, "the change of health facilities"); err != nil {
		return err
	}
	was, err := lockFacility(ctx, tx, author.Scope, key)
	if err != nil {
		return err
	}
	f = f.Trimmed()
	known := was.facility()
	if err := checkFacility(ctx, tx, author, f, &known, key); err != nil || known == f {
		return err
	}
	return table.Change(ctx, tx, author, Facilities.Name, key, facilityValues(f))
}

// DeleteFacility ends a health facility for which nobody works and no claim is under way, with its catchment.
func (Service) DeleteFacility(ctx context.Context, tx *db.Tx, author auth.Author, key int) error {
	if err := MayDeleteFacilities.Check(author.Principal, "the removal of health facilities"); err != nil {
		return err
	}
	was, err := lockFacility(ctx, tx, author.Scope, key)
	if err != nil {
		return err
	}
	uses, err := usesOfFacility(ctx, tx, key)
	if err != nil {
		return err
	}
	if err := unused("Health facility "+was.facility().Code, uses); err != nil {
		return err
	}
	catchment, err := catchmentOf.rows(ctx, tx, key)
	if err != nil {
		return err
	}
	if err := table.End(ctx, tx, author, catchmentOf.table, catchment...); err != nil {
		return err
	}
	return table.End(ctx, tx, author, Facilities.Name, key)
}

// checkFacility finds what is wrong with a facility by itself, among the others, and where it lies. was is what there is
// of it, nil for a new one.
func checkFacility(ctx context.Context, tx *db.Tx, author auth.Author, f rules.Facility, was *rules.Facility, self int) error {
	if err := f.Check(); err != nil {
		return err
	}
	if err := table.Fit(tx, Facilities.Name, [][3]string{{"code", "HFCode", f.Code}, {"name", "HFName", f.Name}, {"address", "HFAddress", f.Address},
		{"phone", "Phone", f.Phone}, {"fax", "Fax", f.Fax}, {"email", "eMail", f.Email}}); err != nil {
		return err
	}
	if was == nil || was.LegalForm != f.LegalForm {
		forms, err := legalForms(ctx, tx)
		if err != nil {
			return err
		}
		if !slices.Contains(forms, f.LegalForm) {
			return fault.Input("legalForm", "Invalid HF legal form code, has to be one of %v", forms)
		}
	}
	if was == nil || was.DistrictID != f.DistrictID {
		if err := ownDistrict(ctx, tx, author, f.DistrictID); err != nil {
			return err
		}
	}
	return free(ctx, tx, Facilities, "health facility", f.Code, self)
}

// ownDistrict says that a place is a district of the author's.
func ownDistrict(ctx context.Context, tx *db.Tx, author auth.Author, key int) error {
	p, err := lockPlace(ctx, tx, key)
	switch {
	case err != nil:
		return err
	case p == nil:
		return fault.Input("location", "location is %d; there is no such location.", key)
	case p.Type != rules.District:
		return fault.Input("location", "location is the %v %s; a district is expected.", rules.PlaceNoun(p.Type), p.Code)
	case !p.seen(author.Scope):
		return fault.Input("location", "location is %s, which is none of your districts.", p.Code)
	}
	return nil
}
