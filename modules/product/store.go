package product

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/product/rules"
)

var selectProducts = `SELECT ` + db.Columns[Product]("p") + ` FROM "tblProduct" p`

// Load reads products by id with all their versions, closed ones too. Products are a register: every signed-in user
// sees them, so there is no scope.
func Load(ctx context.Context, q db.Query, ids []int) (Catalogue, error) {
	var rows []Product
	err := q.Select(ctx, &rows, selectProducts+` WHERE p."ProdID" IN $ints(?) OR p."LegacyID" IN $ints(?)`, db.Ints(ids), db.Ints(ids))
	return rules.NewCatalogue(rows), err
}

// LoadAll reads the whole register with all versions, for rules that follow conversions from product to product.
func LoadAll(ctx context.Context, q db.Query) (Catalogue, error) {
	var rows []Product
	err := q.Select(ctx, &rows, selectProducts)
	return rules.NewCatalogue(rows), err
}
