package db_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest/faketds"
)

// SQL Server refuses OUTPUT to the client on a table with triggers (error 334): there the keys come by way
// of a table variable, and an INSERT that fails is not followed by an answer that would hide it.
func TestInsertIntoATableWithTriggers(t *testing.T) {
	s := faketds.Start(t)
	s.Handle(func(r faketds.Request) *faketds.Reply {
		switch {
		case strings.Contains(r.SQL, "sys.triggers"):
			return &faketds.Reply{Columns: []string{"name nvarchar"}, Rows: [][]any{{"TBLITEMS"}}}
		case strings.Contains(r.SQL, "OUTPUT"):
			return &faketds.Reply{Columns: []string{"id int"}, Rows: [][]any{{42}, {41}}[:strings.Count(r.SQL, "OPENJSON")+1]}
		}
		return nil
	})
	d := open(t, s.URL(), db.Options{})
	before := len(s.Requests())
	var bulk []int
	write(t, d, func(tx *db.Tx) error {
		for _, table := range []string{"tblItems", "tblServices"} {
			if _, err := tx.Insert(ctx, table, db.Values{"ValidityTo": nil}); err != nil {
				return err
			}
		}
		var err error
		bulk, err = tx.BulkInsert(ctx, "tblItems", []string{"ItemCode"}, [][]any{{"A"}, {"B"}})
		return err
	})
	if !slices.Equal(bulk, []int{41, 42}) {
		t.Errorf("identities %v, want them in the order of the rows", bulk)
	}
	var sent []string
	for _, r := range s.Requests()[before:] {
		if r.SQL != "" {
			sent = append(sent, r.SQL)
		}
	}
	const through = `SET NOCOUNT ON; DECLARE @imis_keys TABLE ([imis_key] bigint); INSERT INTO "tblItems" ("ItemUUID", "ValidityTo") ` +
		`OUTPUT INSERTED."ItemID" INTO @imis_keys VALUES (@p1, @p2) ; IF @@ERROR = 0 SELECT [imis_key] FROM @imis_keys`
	if len(sent) != 3 || sent[0] != through {
		t.Errorf("sent %q", sent)
	}
	if strings.Contains(sent[1], "@imis_keys") || !strings.Contains(sent[2], `OUTPUT INSERTED."ItemID" INTO @imis_keys SELECT`) {
		t.Errorf("sent %q", sent[1:])
	}
}

// The same where a server is there to tell whether it understands it.
func TestInsertPastATrigger(t *testing.T) {
	dbtest.Need(t, db.SQLServer)
	d := dbtest.Open(t, db.SQLServer)
	write(t, d, func(tx *db.Tx) error {
		return tx.DDL(ctx, `CREATE TRIGGER imis_audit ON "tblItems" AFTER INSERT AS UPDATE "tblItems" SET "ItemPackage" = 'seen' WHERE "ItemID" IN (SELECT "ItemID" FROM inserted)`)
	})
	if err := d.Probe(ctx); err != nil {
		t.Fatal(err)
	}
	var ids []int
	item := []string{"ItemCode", "ItemName", "ItemType", "ItemPrice", "ItemCareType", "ItemPatCat", "ValidityFrom", "AuditUserID"}
	row := func(code string) []any { return []any{code, "Paracetamol", "D", 1, "B", 15, now, 1} }
	write(t, d, func(tx *db.Tx) error {
		first := db.Values{}
		for i, v := range row("A") {
			first[item[i]] = v
		}
		id, err := tx.Insert(ctx, "tblItems", first)
		if err != nil {
			return err
		}
		more, err := tx.BulkInsert(ctx, "tblItems", item, [][]any{row("B"), row("C")})
		ids = append([]int{id}, more...)
		return err
	})
	var codes []string
	if err := d.Select(ctx, &codes, `SELECT i."ItemCode" FROM "tblItems" AS i WHERE i."ItemID" IN $ints(?) AND i."ItemPackage" = ? ORDER BY i."ItemID"`, db.Ints(ids), "seen"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(codes, []string{"A", "B", "C"}) || !slices.IsSorted(ids) {
		t.Errorf("the rows %v have the codes %v", ids, codes)
	}
	err := d.Write(ctx, "refused", func(tx *db.Tx) error {
		_, err := tx.Insert(ctx, "tblItems", db.Values{"ItemCode": "D", "ItemName": nil, "ValidityFrom": now, "AuditUserID": 1})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "ItemName") {
		t.Errorf("an item without a name: %v", err)
	}
}
