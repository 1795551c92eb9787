package product_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	"github.com/openimis/openimis-be-go/modules/product"
	"github.com/openimis/openimis-be-go/modules/product/rules"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

func TestLoadReadsProductsWithTheirVersions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		day := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
		var ids []int
		err := d.Write(ctx, "test", func(tx *db.Tx) error {
			for _, code := range []string{"A", "B"} {
				id, err := tx.Insert(ctx, "tblProduct", db.Values{"ProductCode": code, "ProductName": code, "InsurancePeriod": 12, "GracePeriod": 0,
					"DateFrom": day(2020), "DateTo": day(2030), "LumpSum": decimal.RequireFromString("10.25"), "MemberCount": 5, "AuditUserID": 1, "ValidityFrom": day(2020)})
				if err != nil {
					return err
				}
				ids = append(ids, id)
			}
			if err := tx.Archive(ctx, "tblProduct", day(2025), ids[:1]); err != nil {
				return err
			}
			_, err := tx.Update(ctx, "tblProduct", ids[0], db.Values{"LumpSum": decimal.NewFromInt(20)})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		one, err := product.Load(ctx, d, ids[:1])
		if err != nil {
			t.Fatal(err)
		}
		all, err := product.LoadAll(ctx, d)
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]product.Catalogue{"one": one, "all": all} {
			for year, lump := range map[int]string{2021: "10.25", 2026: "20"} {
				if p, standing := c.At(ids[0], day(year)); standing != rules.InRegister || p.LumpSum.String() != lump {
					t.Errorf("%s in %d: %s, standing %d", name, year, p.LumpSum, standing)
				}
			}
			if p, ok := c.Row(ids[1]); ok != (name == "all") || ok && (p.Code != "B" || !p.DateTo.Equal(day(2030))) {
				t.Errorf("%s: %+v", name, p)
			}
		}
	})
}
