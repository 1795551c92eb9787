package medical

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/medical/rules"
)

// itemValues are the columns of tblItems that are entered.
func itemValues(i rules.Item) db.Values {
	return db.Values{"ItemCode": i.Code, "ItemName": i.Name, "ItemType": i.Type, "ItemPackage": optional(i.Package), "ItemPrice": i.Price, "ItemCareType": i.CareType,
		"ItemFrequency": days(i.Frequency), "ItemPatCat": i.Category}
}

// serviceValues are the columns of tblServices that are entered. Newer databases have services that are packages of
// others; what is entered here is a single one (ServPackageType S), with the price of the register.
func serviceValues(s rules.Service) db.Values {
	return db.Values{"ServCode": s.Code, "ServName": s.Name, "ServType": s.Type, "ServLevel": s.Level, "ServPrice": s.Price, "ServCareType": s.CareType,
		"ServFrequency": days(s.Frequency), "ServPatCat": s.Category, "ServCategory": optional(s.Kind)}
}

func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// days are NULL where something is provided as often as needed.
func days(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

// stored is what rows of both registers have alike.
type stored struct {
	Code      *string         `db:"Code"`
	Name      *string         `db:"Name"`
	Type      *string         `db:"Type"`
	Price     decimal.Decimal `db:"Price"`
	CareType  *string         `db:"CareType"`
	Frequency *int            `db:"Frequency"`
	Category  int             `db:"Category"`
	Package   *string         `db:"Package"`
	Level     *string         `db:"Level"`
	Kind      *string         `db:"Kind"`
}

// lockItem reads a current item and keeps others from changing it until the transaction ends.
func lockItem(ctx context.Context, tx *db.Tx, key int) (rules.Item, error) {
	r, err := lock(ctx, tx, `SELECT i."ItemCode" AS "Code", i."ItemName" AS "Name", i."ItemType" AS "Type", i."ItemPrice" AS "Price", i."ItemCareType" AS "CareType", `+
		`i."ItemFrequency" AS "Frequency", i."ItemPatCat" AS "Category", i."ItemPackage" AS "Package" FROM "tblItems" i $updlock WHERE i."ItemID" = ? AND i."ValidityTo" IS NULL $forupdate`, key)
	return rules.Item{Entry: r.entry(), Type: trimmed(r.Type), Package: trimmed(r.Package)}, err
}

// lockService reads a current service and keeps others from changing it until the transaction ends.
func lockService(ctx context.Context, tx *db.Tx, key int) (rules.Service, error) {
	r, err := lock(ctx, tx, `SELECT s."ServCode" AS "Code", s."ServName" AS "Name", s."ServType" AS "Type", s."ServPrice" AS "Price", s."ServCareType" AS "CareType", `+
		`s."ServFrequency" AS "Frequency", s."ServPatCat" AS "Category", s."ServLevel" AS "Level", s."ServCategory" AS "Kind" FROM "tblServices" s $updlock WHERE s."ServiceID" = ? AND s."ValidityTo" IS NULL $forupdate`, key)
	return rules.Service{Entry: r.entry(), Type: trimmed(r.Type), Level: trimmed(r.Level), Kind: trimmed(r.Kind)}, err
}

func lock(ctx context.Context, tx *db.Tx, src string, key int) (stored, error) {
	var r stored
	err := tx.Get(ctx, &r, src, key)
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.New(fault.NotFound, "There is no entry %d in the register.", key)
	}
	return r, err
}

func (r stored) entry() rules.Entry {
	e := rules.Entry{Code: trimmed(r.Code), Name: trimmed(r.Name), Price: r.Price, CareType: trimmed(r.CareType), Category: r.Category}
	if r.Frequency != nil {
		e.Frequency = *r.Frequency
	}
	return e
}

func trimmed(s *string) string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(*s)
}

// remove ends an entry of a register and its lines in price lists: rows of details with the key line, which name the entry
// by the column of its own key.
func remove(ctx context.Context, tx *db.Tx, author auth.Author, register *table.Table, details, line string, key int) error {
	var lines []int
	if err := tx.Select(ctx, &lines, `SELECT d."`+line+`" FROM "`+details+`" AS d WHERE d."`+register.Key+`" = ? AND d."ValidityTo" IS NULL`, key); err != nil {
		return err
	}
	if err := table.End(ctx, tx, author, details, lines...); err != nil {
		return err
	}
	return table.End(ctx, tx, author, register.Name, key)
}
