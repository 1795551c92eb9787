package location

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/location/rules"
)

// placeRow is a current place with the district that it is, or lies in.
type placeRow struct {
	Key        int
	Code       string
	Name       string
	Type       string
	ParentID   int
	DistrictID *int
}

func (p *placeRow) place() rules.Place {
	return rules.Place{Code: p.Code, Name: p.Name, Type: p.Type, ParentID: p.ParentID}
}

// lockPlace reads a current place and keeps others from changing it until the transaction ends; nil when there is none.
func lockPlace(ctx context.Context, tx *db.Tx, key int) (*placeRow, error) {
	var r struct {
		Code   *string `db:"LocationCode"`
		Name   *string `db:"LocationName"`
		Type   string  `db:"LocationType"`
		Parent *int    `db:"ParentLocationId"`
		Above  *int    `db:"Above"` // the parent of the parent
	}
	err := tx.Get(ctx, &r, `SELECT l."LocationCode", l."LocationName", l."LocationType", l."ParentLocationId", `+
		`(SELECT p."ParentLocationId" FROM "tblLocations" p WHERE p."LocationId" = l."ParentLocationId") AS "Above" `+
		`FROM "tblLocations" l $updlock WHERE l."LocationId" = ? AND l."ValidityTo" IS NULL AND NOT `+Funding("l")+` $forupdate`, key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := &placeRow{Key: key, Code: trimmed(r.Code), Name: trimmed(r.Name), Type: strings.TrimSpace(r.Type), ParentID: number(r.Parent)}
	switch p.Type {
	case rules.District:
		p.DistrictID = &p.Key
	case rules.Ward:
		p.DistrictID = r.Parent
	case rules.Village:
		p.DistrictID = r.Above
	}
	return p, nil
}

// worksInRegion says whether one of the districts of a scope is part of a region.
func worksInRegion(ctx context.Context, q db.Query, s auth.Scope, region int) (bool, error) {
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblLocations" AS d WHERE d."ParentLocationId" = ? AND d."ValidityTo" IS NULL AND d."LocationId" IN $ints(?)`, region, db.Ints(s.Districts))
	return n > 0, err
}

// districtsNamed finds current districts by their name and, when it is given, that of their region. Two are enough to know
// that the names are not.
func districtsNamed(ctx context.Context, q db.Query, district, region string) (keys []int, err error) {
	w := new(table.Where).And(`d."LocationType" = 'D'`).And(`d."ValidityTo" IS NULL`).And(`$eq(d."LocationName", ?)`, district)
	if region != "" {
		w.And(`$eq(r."LocationName", ?)`, region)
	}
	err = q.Select(ctx, &keys, `SELECT d."LocationId" FROM "tblLocations" AS d JOIN "tblLocations" AS r ON r."LocationId" = d."ParentLocationId"`+w.SQL()+
		` ORDER BY d."LocationId" $page(?, ?)`, w.Args(2, 0)...)
	return keys, err
}

// placeValues are the columns of tblLocations that are entered; populations stay as they are.
func placeValues(p rules.Place) db.Values {
	return db.Values{"LocationCode": p.Code, "LocationName": p.Name, "LocationType": p.Type, "ParentLocationId": key(p.ParentID)}
}

// usesOfPlace counts what lies in a place.
func usesOfPlace(ctx context.Context, q db.Query, place int) ([]use, error) {
	const count = `SELECT '%' AS "What", COUNT(*) AS "N" FROM "`
	var parts []string
	var args []any
	for _, u := range []struct{ what, from string }{
		{"locations are part of it", `tblLocations" AS x WHERE x."ParentLocationId" = ?`}, {"families live there", `tblFamilies" AS x WHERE x."LocationId" = ?`},
		{"insurees live there now", `tblInsuree" AS x WHERE x."CurrentVillage" = ?`}, {"health facilities lie there", `tblHF" AS x WHERE x."LocationId" = ?`},
		{"enrolment officers work there", `tblOfficer" AS x WHERE x."LocationId" = ?`}, {"products are sold there", `tblProduct" AS x WHERE x."LocationId" = ?`},
		{"payers are there", `tblPayer" AS x WHERE x."LocationId" = ?`},
		{"price lists of items are for it", `tblPLItems" AS x WHERE x."LocationId" = ?`}, {"price lists of services are for it", `tblPLServices" AS x WHERE x."LocationId" = ?`},
	} {
		parts, args = append(parts, strings.Replace(count, "%", u.what, 1)+u.from+` AND x."ValidityTo" IS NULL`), append(args, place)
	}
	var uses []use
	err := q.Select(ctx, &uses, strings.Join(parts, " UNION ALL "), args...)
	return uses, err
}

// related are rows that go with another, which column holds the key of.
type related struct{ table, key, column string }

// placements are rows that say that somebody or something belongs to a place; catchmentOf are the villages that a
// facility serves.
var (
	placements = []related{{"tblUsersDistricts", "UserDistrictID", "LocationId"}, {"tblOfficerVillages", "OfficerVillageId", "LocationId"},
		{"tblHFCatchment", "HFCatchmentId", "LocationId"}}
	catchmentOf = related{"tblHFCatchment", "HFCatchmentId", "HFID"}
	villagesOf  = related{"tblOfficerVillages", "OfficerVillageId", "OfficerId"}
)

// rows reads the keys of the current ones. A database may lack the table.
func (r related) rows(ctx context.Context, q db.Query, of int) (keys []int, err error) {
	if !q.Offers(r.table, r.key) {
		return nil, nil
	}
	err = q.Select(ctx, &keys, `SELECT r."`+r.key+`" FROM "`+r.table+`" AS r WHERE r."`+r.column+`" = ? AND r."ValidityTo" IS NULL`, of)
	return keys, err
}

// facilityRow is what rules.Facility has of a row of tblHF.
type facilityRow struct {
	Code      *string `db:"HFCode"`
	Name      *string `db:"HFName"`
	LegalForm *string `db:"LegalForm"`
	Level     *string `db:"HFLevel"`
	CareType  *string `db:"HFCareType"`
	District  *int    `db:"LocationId"`
	Address   *string `db:"HFAddress"`
	Phone     *string `db:"Phone"`
	Fax       *string `db:"Fax"`
	Email     *string `db:"eMail"`
}

func (r facilityRow) facility() rules.Facility {
	return rules.Facility{Code: trimmed(r.Code), Name: trimmed(r.Name), LegalForm: trimmed(r.LegalForm), Level: trimmed(r.Level), CareType: trimmed(r.CareType),
		DistrictID: number(r.District), Address: trimmed(r.Address), Phone: trimmed(r.Phone), Fax: trimmed(r.Fax), Email: trimmed(r.Email)}
}

func facilityValues(f rules.Facility) db.Values {
	return db.Values{"HFCode": f.Code, "HFName": f.Name, "LegalForm": f.LegalForm, "HFLevel": f.Level, "HFCareType": f.CareType, "LocationId": f.DistrictID,
		"HFAddress": text(f.Address), "Phone": text(f.Phone), "Fax": text(f.Fax), "eMail": text(f.Email)}
}

// lockFacility reads a current facility within a scope and keeps others from changing it until the transaction ends.
func lockFacility(ctx context.Context, tx *db.Tx, s auth.Scope, key int) (facilityRow, error) {
	w := new(table.Where).Visible(Facilities, s, "f").And(`f."HfID" = ?`, key)
	var r facilityRow
	err := tx.Get(ctx, &r, `SELECT `+db.Columns[facilityRow]("f")+` FROM "tblHF" f $updlock`+w.SQL()+` $forupdate`, w.Args()...)
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.New(fault.NotFound, "There is no health facility %d.", key)
	}
	return r, err
}

// legalForms are the codes of the list.
func legalForms(ctx context.Context, q db.Query) (codes []string, err error) {
	err = q.Select(ctx, &codes, `SELECT f."LegalFormCode" FROM "tblLegalForms" AS f ORDER BY f."LegalFormCode"`)
	for i := range codes {
		codes[i] = strings.TrimSpace(codes[i])
	}
	return codes, err
}

// usesOfFacility counts who works for a facility, and its claims that are under way: entered, checked, or processed and
// not yet valuated.
func usesOfFacility(ctx context.Context, q db.Query, facility int) ([]use, error) {
	var uses []use
	err := q.Select(ctx, &uses, `SELECT 'claim administrators work there' AS "What", COUNT(*) AS "N" FROM "tblClaimAdmin" AS x WHERE x."HFId" = ? AND x."ValidityTo" IS NULL `+
		`UNION ALL SELECT 'users work there' AS "What", COUNT(*) AS "N" FROM "tblUsers" AS x WHERE x."HFID" = ? AND x."ValidityTo" IS NULL `+
		`UNION ALL SELECT 'claims of it are under way' AS "What", COUNT(*) AS "N" FROM "tblClaim" AS x WHERE x."HFID" = ? AND x."ValidityTo" IS NULL AND x."ClaimStatus" IN (2, 4, 8)`,
		facility, facility, facility)
	return uses, err
}

func trimmed(s *string) string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(*s)
}

// text is NULL for an empty text.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// key is NULL for none.
func key(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

func number(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}
