package medical_pricelist

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/location"
)

// Store has the module's SQL.
type Store struct{ DB *db.DB }

// kind is what differs between lists of services and of items.
type kind struct{ facility, overruled string }

var (
	services = kind{"PLServiceID", `SELECT d."ServiceID" AS "ID", d."PriceOverule" FROM "tblPLServicesDetail" AS d WHERE d."PLServiceID" = ? AND d."PriceOverule" IS NOT NULL AND d."ValidityTo" IS NULL ORDER BY d."PLServiceDetailID"`}
	items    = kind{"PLItemID", `SELECT d."ItemID" AS "ID", d."PriceOverule" FROM "tblPLItemsDetail" AS d WHERE d."PLItemID" = ? AND d."PriceOverule" IS NOT NULL AND d."ValidityTo" IS NULL ORDER BY d."PLItemDetailID"`}
)

// Overruled reads the current prices of a list that differ from the register's.
func (s *Store) Overruled(ctx context.Context, k kind, list int) ([]*Price, error) {
	rows := []*Price{}
	err := s.DB.Select(ctx, &rows, k.overruled, list)
	return rows, err
}

// Used says whether a current health facility that scope may see uses the list.
func (s *Store) Used(ctx context.Context, k kind, list int, scope auth.Scope) (bool, error) {
	where, args := location.FacilityScope(scope, "h")
	if where != "" {
		where = " AND " + where
	}
	var n int
	err := s.DB.Get(ctx, &n, `SELECT COUNT(*) FROM "tblHF" AS h WHERE h."ValidityTo" IS NULL AND h."`+k.facility+`" = ?`+where, append([]any{list}, args...)...)
	return n > 0, err
}
