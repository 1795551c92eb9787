package claim_batch

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim_batch/rules"
)

// localProducts are the current products of a location (nil: national ones), ascending.
func localProducts(ctx context.Context, q db.Query, location *int) (products []rules.Product, err error) {
	const columns = `SELECT p."ProdID", p."PeriodRelPrices", p."PeriodRelPricesIP", p."PeriodRelPricesOP" FROM "tblProduct" AS p
		WHERE p."ValidityTo" IS NULL AND p."LocationId" `
	if location == nil {
		err = q.Select(ctx, &products, columns+`IS NULL ORDER BY p."ProdID"`)
	} else {
		err = q.Select(ctx, &products, columns+`= ? ORDER BY p."ProdID"`, *location)
	}
	return products, err
}

func productIDs(products []rules.Product) db.Ints {
	ids := db.Ints{}
	for _, p := range products {
		ids = append(ids, p.ID)
	}
	return ids
}

// figures is what indexes are computed from.
type figures struct {
	products []rules.Product
	due      []rules.Period // those of which a product wants an index; they end with the same month
	earned   map[rules.Period]*rules.Earned
	billed   map[rules.Period]rules.Billed
	shares   rules.Distribution
}

// indexes computes the relative indexes of periods, which end with the same month, for products of a location.
// missing are those for which no percentage is defined.
func indexes(ctx context.Context, q db.Query, products []rules.Product, due []rules.Period) (list []rules.Index, missing []rules.DistributionKey, err error) {
	f, err := newFigures(ctx, q, products, due)
	if err != nil || len(f.due) == 0 {
		return nil, nil, err
	}
	all, err := stretches(ctx, q)
	for _, p := range all {
		bills, err := f.bills(ctx, q, p)
		if err != nil {
			return nil, nil, err
		}
		f.add(bills)
	}
	list, missing = f.indexes()
	return list, missing, err
}

// newFigures has all but the bills.
func newFigures(ctx context.Context, q db.Query, products []rules.Product, due []rules.Period) (*figures, error) {
	f := &figures{products: products, due: wanted(products, due), earned: map[rules.Period]*rules.Earned{}, billed: map[rules.Period]rules.Billed{}, shares: rules.Distribution{}}
	if len(f.due) == 0 {
		return f, nil
	}
	for _, p := range f.due {
		f.billed[p] = rules.Billed{}
	}
	if err := f.premiums(ctx, q); err != nil {
		return nil, fmt.Errorf("add up premiums: %w", err)
	}
	if err := f.distribution(ctx, q); err != nil {
		return nil, fmt.Errorf("read the distribution: %w", err)
	}
	return f, nil
}

func (f *figures) indexes() (list []rules.Index, missing []rules.DistributionKey) {
	for _, p := range f.due {
		computed, without := rules.Calculate(p, f.products, f.earned[p], f.billed[p], f.shares)
		list, missing = append(list, computed...), append(missing, without...)
	}
	return list, missing
}

// wanted are the periods of which a product wants an index.
func wanted(products []rules.Product, due []rules.Period) (list []rules.Period) {
	for _, p := range due {
		for _, product := range products {
			if product.Wants(p.Type) {
				list = append(list, p)
				break
			}
		}
	}
	return list
}

// Premiums that count: of policies that are not idle, paid before they expired.
const fromPremiums = ` FROM "tblPremium" AS m JOIN "tblPolicy" AS p ON p."PolicyID" = m."PolicyID"
	WHERE m."ValidityTo" IS NULL AND p."ValidityTo" IS NULL AND p."ProdID" IN $ints(?) AND p."PolicyStatus" <> 1 AND m."PayDate" <= p."ExpiryDate"`

// premiums adds up what premiums earn in the periods. Those that can earn nothing there are left in the database; of
// them it only matters that they exist.
func (f *figures) premiums(ctx context.Context, q db.Query) error {
	ids, due := productIDs(f.products), f.due
	longest := due[len(due)-1]
	for _, p := range due {
		f.earned[p] = rules.NewEarned(p)
	}
	var having []int
	if err := q.Select(ctx, &having, `SELECT DISTINCT p."ProdID"`+fromPremiums, ids); err != nil {
		return err
	}
	for _, id := range having {
		for _, p := range due {
			f.earned[p].Has(id)
		}
	}
	rows, err := q.Rows(ctx, `SELECT p."ProdID", SUM(m."Amount") AS "Total", m."PayDate", p."EffectiveDate", p."ExpiryDate"`+fromPremiums+`
		AND m."PayDate" < ? AND (p."ExpiryDate" >= ? OR p."EffectiveDate" >= ?)
		GROUP BY p."ProdID", m."Amount", m."PayDate", p."EffectiveDate", p."ExpiryDate"`,
		ids, db.Date(longest.Until()), db.Date(longest.From()), db.Date(longest.From()))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p rules.Premium
		if err := rows.Scan(&p.ProductID, &p.Amount, &p.PayDate, &p.EffectiveDate, &p.ExpiryDate); err != nil {
			return err
		}
		p.Amount = p.Amount.Round(2) // the embedded database adds up binary fractions
		for _, period := range due {
			f.earned[period].Add(p)
		}
	}
	return rows.Err()
}

// billRow is what a product owes facilities of a kind for claims that were processed in the last month of the due
// periods (bucket 12), else in the quarter (4), else before (1).
type billRow struct {
	ProductID int              `db:"product_id"`
	Hospital  int              `db:"hospital"`
	Bucket    rules.Type       `db:"bucket"`
	Total     *decimal.Decimal `db:"total"`
}

// bills adds up the valuated prices of passed lines by product and kind of facility, of a stretch of claims: in one pass
// for all periods, of which each begins where or before the one before it does. The stretch is said of both tables, so
// that whichever is read first is not read as a whole; the status is a sum, so that SQLite does not go through the
// claims of each facility in turn (HFID, ClaimStatus) but through all in the order in which they lie.
func (f *figures) bills(ctx context.Context, q db.Query, of part) (all []billRow, err error) {
	if len(f.due) == 0 {
		return nil, nil
	}
	month, quarter := f.due[0].Until().AddDate(0, -1, 0), f.due[0].Until().AddDate(0, -3, 0)
	longest := f.due[len(f.due)-1]
	for _, k := range kinds {
		var rows []billRow
		err := q.Select(ctx, &rows, `SELECT x."product_id", x."hospital", x."bucket", SUM(x."price") AS "total" FROM
			(SELECT l."ProdID" AS "product_id", CASE WHEN h."HFLevel" = 'H' THEN 1 ELSE 0 END AS "hospital",
				CASE WHEN c."ProcessStamp" >= ? THEN 12 WHEN c."ProcessStamp" >= ? THEN 4 ELSE 1 END AS "bucket", l."PriceValuated" AS "price"
				FROM "tblClaim" AS c JOIN "tblHF" AS h ON h."HfID" = c."HFID" JOIN "`+k.table+`" AS l ON l."ClaimID" = c."ClaimID"
				WHERE c."ClaimID" > ? AND c."ClaimID" <= ? AND l."ClaimID" > ? AND l."ClaimID" <= ?
				AND c."ValidityTo" IS NULL AND c."ClaimStatus" + 0 IN (8, 16) AND c."ProcessStamp" >= ? AND c."ProcessStamp" < ?
				AND l."ValidityTo" IS NULL AND l."`+k.status+`" = 1 AND l."ProdID" IN $ints(?)) AS x
			GROUP BY x."product_id", x."hospital", x."bucket"`,
			month, quarter, of.From, of.To, of.From, of.To, longest.From(), longest.Until(), productIDs(f.products))
		if err != nil {
			return nil, fmt.Errorf("add up valuated prices: %w", err)
		}
		all = append(all, rows...)
	}
	return all, nil
}

// add adds bills to the figures.
func (f *figures) add(bills []billRow) {
	for _, s := range bills {
		if s.Total == nil {
			continue
		}
		bill := rules.Bill{ProductID: s.ProductID, Hospital: s.Hospital == 1}
		for _, p := range f.due {
			if s.Bucket >= p.Type { // a longer period contains the shorter ones
				f.billed[p][bill] = f.billed[p][bill].Add(s.Total.Round(2)) // the embedded database adds up binary fractions
			}
		}
	}
}

func (f *figures) distribution(ctx context.Context, q db.Query) error {
	var rows []struct {
		ProductID  int              `db:"ProdID"`
		Care       rules.Care       `db:"DistrCareType"`
		Type       rules.Type       `db:"DistrType"`
		Number     int              `db:"Period"`
		Percentage *decimal.Decimal `db:"DistrPerc"`
	}
	err := q.Select(ctx, &rows, `SELECT d."ProdID", d."DistrCareType", d."DistrType", d."Period", d."DistrPerc" FROM "tblRelDistr" AS d
		WHERE d."ValidityTo" IS NULL AND d."ProdID" IN $ints(?) ORDER BY d."DistrID"`, productIDs(f.products))
	for _, r := range rows {
		f.shares[rules.DistributionKey{ProductID: r.ProductID, Care: r.Care, Type: r.Type, Number: r.Number}] = r.Percentage
	}
	return err
}

// rates are the indexes that pay lines of products: known ones, and new ones that are not written yet.
func rates(ctx context.Context, q db.Query, products []rules.Product, new []rules.Index) ([]rules.Rate, error) {
	var rows []struct {
		ProductID int              `db:"ProdID"`
		Care      rules.Care       `db:"RelCareType"`
		Type      rules.Type       `db:"RelType"`
		Year      int              `db:"RelYear"`
		Number    int              `db:"RelPeriod"`
		Value     *decimal.Decimal `db:"RelIndex"`
	}
	err := q.Select(ctx, &rows, `SELECT r."ProdID", r."RelCareType", r."RelType", r."RelYear", r."RelPeriod", r."RelIndex" FROM "tblRelIndex" AS r
		WHERE r."ValidityTo" IS NULL AND r."ProdID" IN $ints(?) ORDER BY r."RelIndexID"`, productIDs(products))
	if err != nil {
		return nil, err
	}
	var all []rules.Index
	for _, r := range rows {
		all = append(all, rules.Index{ProductID: r.ProductID, Care: r.Care, Period: rules.Period{Type: r.Type, Year: r.Year, Number: r.Number}, Value: r.Value})
	}
	return rules.Rates(products, append(all, new...)), nil
}

// newBatch notes a run whose plan is to be made.
func newBatch(ctx context.Context, tx *db.Tx, r Request, now time.Time) (*batch, error) {
	products, err := localProducts(ctx, tx, r.LocationID)
	if err != nil {
		return nil, err
	}
	text, _ := json.Marshal(productIDs(products))
	b := &batch{LocationID: r.LocationID, Year: r.Year, Month: r.Month, State: statePlanning, AuditUser: r.UserID, MutationID: r.mutation(),
		Products: string(text), Started: now, Changed: now, local: products}
	if err := tx.Get(ctx, &b.ID, `SELECT COALESCE(MAX(b."id"), 0) + 1 AS "id" FROM "imis_batch" AS b`); err != nil {
		return nil, err
	}
	_, err = tx.Insert(ctx, "imis_batch", db.Values{"id": b.ID, "location_id": b.LocationID, "run_year": b.Year, "run_month": b.Month, "state": b.State,
		"position": 0, "last_claim": 0, "run_id": nil, "audit_user_id": b.AuditUser, "mutation_id": b.MutationID, "products": b.Products,
		"claims": 0, "done": 0, "skipped": 0, "started": now, "changed": now})
	return b, err
}

// noteIndexes writes the indexes of a run and the rates that it pays with.
func noteIndexes(ctx context.Context, tx *db.Tx, b *batch, indexes []rules.Index) error {
	var rows [][]any
	for i, x := range indexes {
		rows = append(rows, []any{b.ID, i, x.ProductID, int(x.Period.Type), string(x.Care), x.Period.Year, x.Period.Number, x.Value})
	}
	if _, err := tx.BulkInsert(ctx, "imis_batch_index", []string{"batch_id", "ordinal", "product_id", "rel_type", "care_type", "rel_year", "rel_period", "rel_index"}, rows); err != nil {
		return err
	}
	paying, err := rates(ctx, tx, b.local, indexes)
	if err != nil {
		return err
	}
	rows = nil
	for _, x := range paying {
		rows = append(rows, []any{b.ID, x.ProductID, string(x.Care), x.Period.From(), x.Period.Until(), x.Value.Shift(4).IntPart()})
	}
	_, err = tx.BulkInsert(ctx, "imis_batch_rate", []string{"batch_id", "product_id", "care_type", "valid_from", "valid_until", "scaled"}, rows)
	return err
}

// candidate is the condition for claims that a run looks at: processed ones, and valuated ones of its month without a
// run, that have a passed line of one of its products: nothing can happen to others. The stretch is said of the lines
// too, so that an engine that gathers them before it goes through the claims gathers those of the stretch.
var candidate = `c."ClaimID" > ? AND c."ClaimID" <= ? AND c."ValidityTo" IS NULL AND c."ProcessStamp" IS NOT NULL
	AND (c."ClaimStatus" + 0 = 8 OR c."ClaimStatus" + 0 = 16 AND c."RunID" IS NULL AND c."ProcessStamp" >= ? AND c."ProcessStamp" < ?)
	AND (` + concerns(kinds[0]) + ` OR ` + concerns(kinds[1]) + `)`

func concerns(k kind) string {
	return `EXISTS (SELECT 1 FROM "` + k.table + `" AS l WHERE l."ClaimID" = c."ClaimID" AND l."ClaimID" > ? AND l."ClaimID" <= ?
		AND l."ValidityTo" IS NULL AND l."` + k.status + `" = 1 AND l."ProdID" IN $ints(?))`
}

// candidateArgs are those of candidate.
func candidateArgs(year, number int, products db.Ints, p part) []any {
	month := rules.Period{Type: rules.Month, Year: year, Number: number}
	return []any{p.From, p.To, month.From(), month.Until(), p.From, p.To, products, p.From, p.To, products}
}

// candidates notes the claims of a stretch that a run looks at.
func candidates(ctx context.Context, tx *db.Tx, b *batch, p part) (int, error) {
	from, until := rules.Closed(b.Year, b.Month)
	n, err := tx.Exec(ctx, `INSERT INTO "imis_batch_claim" ("batch_id", "claim_id", "old_status", "old_run", "closing")
		SELECT CAST(? AS int), c."ClaimID", c."ClaimStatus", c."RunID", CASE WHEN c."RunID" IS NULL AND c."ProcessStamp" >= ? AND c."ProcessStamp" < ? THEN 1 ELSE 0 END
		FROM "tblClaim" AS c WHERE `+candidate, append([]any{b.ID, from, until}, candidateArgs(b.Year, b.Month, productIDs(b.local), p)...)...)
	if err != nil {
		return 0, fmt.Errorf("list claims: %w", err)
	}
	return n, nil
}
