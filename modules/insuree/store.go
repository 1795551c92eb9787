package insuree

import (
	"context"
	"database/sql"
	"errors"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
)

var selectInsurees = `SELECT ` + db.Columns[Insuree]("i") + ` FROM "tblInsuree" i WHERE `

// ByNumber reads the current row of an insuree by number (CHFID); nil when there is none that the scope sees. The
// legacy application leaves it to its users that a number has one current row; of several, the oldest counts.
func ByNumber(ctx context.Context, q db.Query, s auth.Scope, number string) (*Insuree, error) {
	return first(ctx, q, s, `$eq(i."CHFID", ?) AND i."ValidityTo" IS NULL`, number)
}

// ByID reads an insuree, closed or not; nil when there is none that the scope sees.
func ByID(ctx context.Context, q db.Query, s auth.Scope, id int) (*Insuree, error) {
	return first(ctx, q, s, `i."InsureeID" = ?`, id)
}

func first(ctx context.Context, q db.Query, s auth.Scope, where string, arg any) (*Insuree, error) {
	seen, args := ScopeWhere(s, "i")
	w := new(table.Where).And(where, arg).And(seen, args...)
	var i Insuree
	err := q.Get(ctx, &i, selectInsurees+w.Condition()+` ORDER BY i."InsureeID" $page(1, 0)`, w.Args()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &i, err
}

// Members reads the current members of families, in the order of their ids.
func Members(ctx context.Context, q db.Query, s auth.Scope, families []int) ([]Insuree, error) {
	seen, args := ScopeWhere(s, "i")
	w := new(table.Where).And(`i."FamilyID" IN $ints(?) AND i."ValidityTo" IS NULL`, db.Ints(families)).And(seen, args...)
	var rows []Insuree
	err := q.Select(ctx, &rows, selectInsurees+w.Condition()+` ORDER BY i."InsureeID"`, w.Args()...)
	return rows, err
}

// Residence of the family f, for statements that have one: columns to read, and the locations that they come from.
const (
	ResidenceColumns = `res_v."LocationId" AS "VillageId", res_w."LocationId" AS "WardId", res_d."LocationId" AS "DistrictId", COALESCE(res_d."ParentLocationId", 0) AS "RegionId"`
	ResidenceJoin    = `JOIN "tblLocations" res_v ON res_v."LocationId" = f."LocationId" AND res_v."ValidityTo" IS NULL ` +
		`JOIN "tblLocations" res_w ON res_w."LocationId" = res_v."ParentLocationId" AND res_w."ValidityTo" IS NULL ` +
		`JOIN "tblLocations" res_d ON res_d."LocationId" = res_w."ParentLocationId" AND res_d."ValidityTo" IS NULL`
)

// ResidenceOf reads where a current family lives; nil when it is closed, or its village, ward or district is missing
// or closed.
func ResidenceOf(ctx context.Context, q db.Query, s auth.Scope, family int) (*Residence, error) {
	seen, args := FamilyScopeWhere(s, "f")
	w := new(table.Where).And(`f."FamilyID" = ? AND f."ValidityTo" IS NULL`, family).And(seen, args...)
	var r Residence
	err := q.Get(ctx, &r, `SELECT `+ResidenceColumns+` FROM "tblFamilies" f `+ResidenceJoin+` WHERE `+w.Condition(), w.Args()...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &r, err
}

// FamilySeen says whether there is a family, closed or not, that the scope sees.
func FamilySeen(ctx context.Context, q db.Query, s auth.Scope, family int) (bool, error) {
	seen, args := FamilyScopeWhere(s, "f")
	w := new(table.Where).And(`f."FamilyID" = ?`, family).And(seen, args...)
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblFamilies" f WHERE `+w.Condition(), w.Args()...)
	return n > 0, err
}

// familyOf is the condition on rows of tblInsuree, as t, that they are of the family of a current insuree whom the
// scope sees.
func familyOf(s auth.Scope, number string) (where string, args []any) {
	seen, args := ScopeWhere(s, "m")
	w := new(table.Where).And(`m."ValidityTo" IS NULL AND $eq(m."CHFID", ?)`, number).And(seen, args...)
	return `t."FamilyID" IN (SELECT m."FamilyID" FROM "tblInsuree" AS m WHERE ` + w.Condition() + `)`, w.Args()
}

// PhotoFolders reads the folders in which a file is the photo of a current insuree whom the scope sees.
func PhotoFolders(ctx context.Context, q db.Query, s auth.Scope, file string) ([]string, error) {
	seen, args := ScopeWhere(s, "i")
	w := new(table.Where).And(`p."PhotoFileName" = ? AND i."ValidityTo" IS NULL`, file).And(seen, args...)
	var folders []string
	err := q.Select(ctx, &folders, `SELECT p."PhotoFolder" FROM "tblPhotos" AS p JOIN "tblInsuree" AS i ON i."InsureeID" = p."InsureeID" WHERE `+w.Condition(), w.Args()...)
	return folders, err
}
