package claim

import (
	"context"
	"database/sql"
	"errors"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// codedRows looks the codes up, and locks the facility so that two claims at a time cannot take a code.
func codedRows(ctx context.Context, tx *db.Tx, scope auth.Scope, c CodedClaim) (*CodedRows, error) {
	r := &CodedRows{}
	where, more := enteredFor(scope)
	src, args := and(`SELECT h."HfID", h."PLItemID", h."PLServiceID" FROM "tblHF" AS h $updlock WHERE $eq(h."HFCode", ?) AND h."ValidityTo" IS NULL`, []any{c.HFCode}, where, more)
	var hf struct {
		HfID        int  `db:"HfID"`
		PLItemID    *int `db:"PLItemID"`
		PLServiceID *int `db:"PLServiceID"`
	}
	switch err := tx.Get(ctx, &hf, src+` ORDER BY h."HfID" $forupdate`, args...); {
	case errors.Is(err, sql.ErrNoRows):
		return r, nil
	case err != nil:
		return nil, err
	}
	r.HFID = &hf.HfID
	var err error
	if r.CodeUsed, err = codeUsed(ctx, tx, hf.HfID, c.ClaimCode, 0); err != nil {
		return nil, err
	}
	if r.InsureeID, err = byCodeID(ctx, tx, `SELECT i."InsureeID" FROM "tblInsuree" AS i WHERE $eq(i."CHFID", ?) AND i."ValidityTo" IS NULL ORDER BY i."InsureeID"`, c.CHFID); err != nil {
		return nil, err
	}
	if r.AdminID, err = byCodeID(ctx, tx, `SELECT a."ClaimAdminId" FROM "tblClaimAdmin" AS a WHERE $eq(a."ClaimAdminCode", ?) AND a."ValidityTo" IS NULL ORDER BY a."ClaimAdminId"`, c.AdminCode); err != nil {
		return nil, err
	}
	err = tx.Select(ctx, &r.Diagnoses, `SELECT d."ICDID" AS "ID", d."ICDCode" AS "Code" FROM "tblICDCodes" AS d WHERE $ci(d."ICDCode") IN $texts(?) AND d."ValidityTo" IS NULL ORDER BY d."ICDID"`, lowered(c.ICDCodes[:]))
	if err != nil {
		return nil, err
	}
	for k, list := range [rules.KindCount]*int{rules.Items: hf.PLItemID, rules.Services: hf.PLServiceID} {
		if r.Entries[k], err = codedEntries(ctx, tx, rules.Kind(k), list, c.Lines[k]); err != nil {
			return nil, err
		}
	}
	if tx.Offers("tblControls", "Adjustibility") {
		var n int
		if err = tx.Get(ctx, &n, `SELECT COUNT(*) FROM "tblControls" AS f WHERE $eq(f."FieldName", ?) AND f."Adjustibility" = ?`, "ClaimAdministrator", "M"); err != nil {
			return nil, err
		}
		r.AdminRequired = n > 0
	}
	return r, nil
}

// codedEntries finds items or services with their prices in the facility's list.
func codedEntries(ctx context.Context, q db.Query, k rules.Kind, list *int, lines []CodedLine) ([]CodedRow, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	codes := make([]string, len(lines))
	for i := range lines {
		codes[i] = lines[i].Code
	}
	none := 0
	if list == nil {
		list = &none
	}
	n := rules.Legacy[k]
	var rows []CodedRow
	err := q.Select(ctx, &rows, `SELECT e."`+n.EntryID+`" AS "ID", e."`+n.EntryCode+`" AS "Code", e."`+n.EntryPrice+`" AS "Price", d."PriceOverule"
		FROM "`+n.Entry+`" AS e LEFT JOIN "`+n.List+`" AS p ON p."`+n.ListID+`" = ? AND p."ValidityTo" IS NULL
		LEFT JOIN "`+n.Details+`" AS d ON d."`+n.ListID+`" = p."`+n.ListID+`" AND d."`+n.EntryID+`" = e."`+n.EntryID+`" AND d."ValidityTo" IS NULL
		WHERE $ci(e."`+n.EntryCode+`") IN $texts(?) AND e."ValidityTo" IS NULL ORDER BY e."`+n.EntryID+`"`, *list, lowered(codes))
	return rows, err
}

func lowered(codes []string) db.Texts {
	list := db.Texts{}
	for _, c := range codes {
		if c = db.Folded(c); c != "" {
			list = append(list, c)
		}
	}
	return list
}

// byCodeID gives the first id, nil when there is none or the code is empty.
func byCodeID(ctx context.Context, q db.Query, src, code string) (*int, error) {
	if code == "" {
		return nil, nil
	}
	var ids []int
	if err := q.Select(ctx, &ids, src, code); err != nil || len(ids) == 0 {
		return nil, err
	}
	return &ids[0], nil
}
