package claim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/claims"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/golden"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

// Golden scenarios again, through the store on every engine. Each runs in a transaction that is rolled
// back, so that one database serves them all.

func TestGoldenSubmitStored(t *testing.T) { storedScenarios(t, "claim-submit") }
func TestGoldenValueStored(t *testing.T)  { storedScenarios(t, "claim-value") }

func storedScenarios(t *testing.T, family string) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, s := range golden.Load(family) {
			t.Run(s.ID, func(t *testing.T) {
				undo := errors.New("undo")
				err := d.Write(t.Context(), s.ID, func(tx *db.Tx) error {
					replayStored(t, tx, s)
					return undo
				})
				if !errors.Is(err, undo) {
					t.Error(err)
				}
				if t.Failed() {
					t.Logf("%s: %s %v %s", s.ID, s.Title, s.Rules, s.Risk)
				}
			})
		}
	})
}

func replayStored(t *testing.T, tx *db.Tx, s *golden.Scenario) {
	w, err := golden.Insert(s, func(table string, row golden.Record) (int, error) {
		return tx.Insert(t.Context(), table, complete(tx, table, fitting(table, row)))
	}, func(table string, id int, set golden.Record) error {
		_, err := tx.Update(t.Context(), table, id, fitting(table, set))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, step := range w.Steps {
		if step.Update != "" {
			if _, err := tx.Update(t.Context(), step.Update, w.ID(string(step.Row)), fitting(step.Update, w.Record(step.Set))); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := callStored(t.Context(), tx, w, step)
		if err != nil {
			t.Fatal(err)
		}
		for _, diff := range w.DiffReturn(i, got) {
			t.Error(diff)
		}
	}
	for _, diff := range w.DiffTables(func(table string) []golden.Record { return stored(t, tx, w, table) }) {
		t.Error(diff)
	}
}

func callStored(ctx context.Context, tx *db.Tx, w *golden.World, step golden.Step) (golden.Record, error) {
	params := w.Record(step.Params)
	author := rules.Author{UserID: params["AuditUser"].(int), Now: w.Now}
	over := func(refs []rules.Ref, why purpose, step func(*rules.Data, []rules.Ref) []rules.Changes) error {
		everybody := &auth.Principal{Person: &auth.Person{ID: author.UserID}, Scope: auth.Scope{All: true}}
		_, err := run{author: Author{everybody, author.Now}, purpose: why, rules: step}.over(ctx, tx, refs)
		return err
	}
	single := func(evaluate func(*rules.Data, *rules.Claim, rules.Author) rules.Changes) (rules.Changes, error) {
		ch, ok, err := Single(ctx, tx, params["ClaimID"].(int), author, evaluate)
		if err == nil && !ok {
			err = fmt.Errorf("no claim %v", params["ClaimID"])
		}
		return ch, err
	}
	switch step.Proc {
	case "uspSubmitSingleClaim":
		ch, err := single((*rules.Data).Submit)
		return claims.Submission(ch.Outcome), err
	case "uspProcessSingleClaimStep1":
		ch, err := single((*rules.Data).Assign)
		return claims.Returned(ch), err
	case "uspProcessSingleClaimStep2":
		ch, err := single(func(d *rules.Data, c *rules.Claim, author rules.Author) rules.Changes {
			return d.Valuate(c, author, params["IsProcess"] == 1)
		})
		return claims.Returned(ch), err
	}
	refs, err := storedReferences(ctx, tx, w, step)
	if err != nil {
		return nil, err
	}
	switch step.Proc {
	case "uspSubmitClaims":
		var n rules.SubmitCounts
		err := over(refs, forSubmit, func(d *rules.Data, refs []rules.Ref) (changes []rules.Changes) {
			changes, n = d.SubmitClaims(refs, author)
			return changes
		})
		return claims.Submitted(n), err
	case "uspProcessClaims":
		var n rules.ProcessCounts
		err := over(refs, forProcess, func(d *rules.Data, refs []rules.Ref) (changes []rules.Changes) {
			changes, n = d.ProcessClaims(refs, author)
			return changes
		})
		return claims.Processed(n), err
	}
	return nil, fmt.Errorf("unknown procedure %s", step.Proc)
}

// storedReferences reads row versions where the database has them.
func storedReferences(ctx context.Context, tx *db.Tx, w *golden.World, step golden.Step) (refs []rules.Ref, err error) {
	for _, row := range step.Claims {
		r := w.Record(row)
		ref := rules.Ref{ClaimID: r["ClaimID"].(int)}
		if err := tx.Get(ctx, &ref.RowID, `SELECT "RowID" FROM "tblClaim" WHERE "ClaimID" = ?`, ref.ClaimID); err != nil {
			return nil, err
		}
		if r["RowID"] == "stale" {
			ref.RowID++
		}
		refs = append(refs, ref)
	}
	return refs, nil
}

// fitting gives values the types of their columns: scenarios write bits as numbers, dates and decimals as text.
func fitting(table string, row golden.Record) db.Values {
	tab, _ := schema.Lookup(table)
	out := db.Values{}
	for name, v := range row {
		c, ok := tab.Column(name)
		if !ok {
			panic(table + " has no column " + name)
		}
		switch x := v.(type) {
		case int:
			if c.Type == schema.Bit {
				v = x != 0
			}
		case string:
			switch c.Type {
			case schema.Decimal:
				v = decimal.RequireFromString(x)
			case schema.Date, schema.DateTime, schema.SmallDateTime:
				v = moment(x)
			}
		}
		out[name] = v
	}
	return out
}

// complete gives values to columns that must have one on some engine and that the test does not know,
// such as the head of a family, who comes after it: the default of the legacy database, or zero.
func complete(tx *db.Tx, table string, row db.Values) db.Values {
	tab, _ := schema.Lookup(table)
	for _, c := range tab.Columns {
		spec, _ := c.At(schema.V140)
		required := !spec.Nullable && spec.Default == "" || c.Name == tab.ValidityFrom
		if c.Postgres != nil {
			required = required || !c.Postgres.Nullable && c.Postgres.Default == ""
			spec.Type = c.Postgres.Type
		}
		if _, given := row[c.Name]; given || !required || c.Identity || !tx.Offers(table, c.Name) {
			continue
		}
		number, _ := strconv.Atoi(strings.Trim(c.Default, "()"))
		switch spec.Type {
		case schema.Bit:
			row[c.Name] = number != 0
		case schema.Int, schema.SmallInt, schema.TinyInt, schema.Decimal:
			row[c.Name] = number
		case schema.Text:
			if c.Name != tab.UUIDColumn {
				row[c.Name] = "-"
			}
		case schema.Date, schema.DateTime, schema.SmallDateTime:
			row[c.Name] = date("2010-01-01")
		}
	}
	return row
}

func moment(s string) time.Time {
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04:05", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	panic("no date: " + s)
}

// stored reads a table. A date column keeps the day of a moment only: the day of the run reads as now.
func stored(t *testing.T, tx *db.Tx, w *golden.World, table string) (records []golden.Record) {
	tab, _ := schema.Lookup(table)
	var columns, quoted []string
	for _, c := range tab.Columns {
		if c.Type != schema.RowVersion && c.Type != schema.JSON && tx.Offers(table, c.Name) {
			columns, quoted = append(columns, c.Name), append(quoted, `"`+c.Name+`"`)
		}
	}
	rows, err := tx.Rows(t.Context(), `SELECT `+strings.Join(quoted, ", ")+` FROM "`+table+`"`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.SliceScan()
		if err != nil {
			t.Fatal(err)
		}
		rec := golden.Record{}
		for i, v := range values {
			if at, ok := v.(time.Time); ok {
				v = at.UTC()
				if columns[i] == "DateProcessed" && at.UTC().Equal(w.Now.Truncate(24*time.Hour)) {
					v = w.Now
				}
			}
			rec[columns[i]] = v
		}
		records = append(records, rec)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return slices.Clip(records)
}
