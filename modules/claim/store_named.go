package claim

import (
	"context"
	"fmt"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
)

// What forms refer to, found by id or by code. Codes compare as the database does, without case.

// register is a table whose rows are named in forms.
type register struct {
	table, key, code string
	kind             *rules.Names // items and services have prices
}

var (
	diagnosisTable = register{table: "tblICDCodes", key: "ICDID", code: "ICDCode"}
	officerTable   = register{table: "tblOfficer", key: "OfficerID", code: "Code"}
)

func registerTable(k rules.Kind) register {
	n := &rules.Legacy[k]
	return register{table: n.Entry, key: n.EntryID, code: n.EntryCode, kind: n}
}

// namedRow is a current row of a register.
type namedRow struct {
	ID           int          `db:"ID"`
	Code         string       `db:"Code"`
	Price        rules.Amount `db:"Price"`        // of items and services
	PriceOverule rules.Amount `db:"PriceOverule"` // in the price list asked for
}

type namedRows []namedRow

// row finds what is named; nil: it is not current or not there.
func (rows namedRows) row(n rules.Named) *namedRow {
	for i := range rows {
		r := &rows[i]
		if n.ID != 0 && r.ID == n.ID || n.ID == 0 && db.Folded(r.Code) == db.Folded(n.Code) {
			return r
		}
	}
	return nil
}

// current reads the current rows that are named; list is the price list whose prices are wanted.
func current(ctx context.Context, q db.Query, r register, list *int, named []rules.Named) (rows namedRows, err error) {
	which, args := r.which(named)
	if which == "" {
		return nil, nil
	}
	columns, join := `r."`+r.key+`" AS "ID", r."`+r.code+`" AS "Code"`, ""
	if n := r.kind; n != nil {
		columns += `, r."` + n.EntryPrice + `" AS "Price"`
		if list != nil {
			columns += `, d."PriceOverule"`
			join = ` LEFT JOIN "` + n.List + `" AS p ON p."` + n.ListID + `" = ? AND p."ValidityTo" IS NULL
				LEFT JOIN "` + n.Details + `" AS d ON d."` + n.ListID + `" = p."` + n.ListID + `" AND d."` + n.EntryID + `" = r."` + n.EntryID + `" AND d."ValidityTo" IS NULL`
			args = append([]any{*list}, args...)
		}
	}
	err = q.Select(ctx, &rows, `SELECT `+columns+` FROM "`+r.table+`" AS r`+join+` WHERE `+which+` AND r."ValidityTo" IS NULL ORDER BY r."`+r.key+`"`, args...)
	if err != nil {
		return nil, fmt.Errorf("look up rows of %s: %w", r.table, err)
	}
	return rows, nil
}

// which is the condition for the rows that are named, empty when none is.
func (r register) which(named []rules.Named) (where string, args []any) {
	ids, codes := db.Ints{}, db.Texts{}
	for _, n := range named {
		if n.ID != 0 {
			ids = append(ids, n.ID)
		} else if code := db.Folded(n.Code); code != "" {
			codes = append(codes, code)
		}
	}
	byID, byCode := `r."`+r.key+`" IN $ints(?)`, `$ci(r."`+r.code+`") IN $texts(?)`
	switch {
	case len(ids) > 0 && len(codes) > 0:
		return `(` + byID + ` OR ` + byCode + `)`, []any{ids, codes}
	case len(ids) > 0:
		return byID, []any{ids}
	case len(codes) > 0:
		return byCode, []any{codes}
	}
	return "", nil
}

// facility is a health facility that a claim is entered for.
type facility struct {
	HfID        int  `db:"HfID"`
	PLItemID    *int `db:"PLItemID"`
	PLServiceID *int `db:"PLServiceID"`
}

// list is the price list of the facility, nil when there is none.
func (f *facility) list(k rules.Kind) *int {
	if f == nil {
		return nil
	}
	return [rules.KindCount]*int{rules.Items: f.PLItemID, rules.Services: f.PLServiceID}[k]
}

// lockFacility finds a current health facility that a scope may enter claims for, and locks its row. A claim
// administrator enters those of the own facility, not of its district.
func lockFacility(ctx context.Context, tx *db.Tx, s auth.Scope, n rules.Named) (*facility, error) {
	if !n.Given() {
		return nil, nil
	}
	if s.HealthFacility != nil {
		s.Districts = nil
	}
	where, more := location.FacilityScope(s, "h")
	which, key := `h."HfID" = ?`, any(n.ID)
	if n.ID == 0 {
		which, key = `$eq(h."HFCode", ?)`, n.Code
	}
	w := new(table.Where).And(which, key).And(`h."ValidityTo" IS NULL`).And(where, more...)
	src := `SELECT h."HfID", h."PLItemID", h."PLServiceID" FROM "tblHF" AS h $updlock WHERE ` + w.Condition()
	var rows []facility
	if err := tx.Select(ctx, &rows, src+` ORDER BY h."HfID" $forupdate`, w.Args()...); err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// codeUsed says whether a facility has another current claim with the code.
func codeUsed(ctx context.Context, q db.Query, facility int, code string, but int) (bool, error) {
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblClaim" AS c WHERE c."HFID" = ? AND $eq(c."ClaimCode", ?) AND c."ValidityTo" IS NULL AND c."ClaimID" <> ?`, facility, code, but)
	return n > 0, err
}

// currentInsuree finds an insuree. A claim shows its patient to whoever sees the claim, so that by id only somebody whom
// the author may see can be named. Patients from elsewhere come by their number.
func currentInsuree(ctx context.Context, q db.Query, s auth.Scope, n rules.Named) (*int, error) {
	if n.ID != 0 {
		patient, err := insuree.ByID(ctx, q, s, n.ID)
		if err != nil || patient == nil || !patient.Current() {
			return nil, err
		}
		return &n.ID, nil
	}
	if !n.Given() {
		return nil, nil
	}
	var ids []int
	err := q.Select(ctx, &ids, `SELECT i."InsureeID" FROM "tblInsuree" AS i WHERE $eq(i."CHFID", ?) AND i."ValidityTo" IS NULL AND `+insuree.People("i")+` ORDER BY i."InsureeID"`, n.Code)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return &ids[0], nil
}

// admins are claim administrators that one name means.
type admins []struct {
	ID       int  `db:"ClaimAdminId"`
	Facility *int `db:"HFId"`
}

// of gives the one of a facility, nil when there is none.
func (list admins) of(facility int) *int {
	for i := range list {
		if f := list[i].Facility; f != nil && *f == facility {
			return &list[i].ID
		}
	}
	return nil
}

func adminsNamed(ctx context.Context, q db.Query, n rules.Named) (found admins, err error) {
	which, key := `a."ClaimAdminId" = ?`, any(n.ID)
	if n.ID == 0 {
		which, key = `$eq(a."ClaimAdminCode", ?)`, n.Code
	}
	err = q.Select(ctx, &found, `SELECT a."ClaimAdminId", a."HFId" FROM "tblClaimAdmin" AS a WHERE `+which+` AND a."ValidityTo" IS NULL ORDER BY a."ClaimAdminId"`, key)
	return found, err
}

// adminMandatory says whether the installation wants a claim administrator for each claim that comes by code.
func adminMandatory(ctx context.Context, q db.Query) (bool, error) {
	if !q.Offers("tblControls", "Adjustibility") {
		return false, nil
	}
	var n int
	err := q.Get(ctx, &n, `SELECT COUNT(*) FROM "tblControls" AS f WHERE $eq(f."FieldName", ?) AND f."Adjustibility" = ?`, "ClaimAdministrator", "M")
	return n > 0, err
}

// CodeLength is the length of tblClaim.ClaimCode: 8, in databases since 1.7 and on PostgreSQL 50.
func CodeLength(q db.Query) int {
	if n := db.Width(q, "tblClaim", "ClaimCode"); n > 0 {
		return n
	}
	return claimCodeLength
}

// claimCodeLength is the length of tblClaim.ClaimCode in databases before 1.7.
const claimCodeLength = 8
