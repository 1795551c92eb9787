package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/progress"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/seed"
	"github.com/openimis/openimis-be-go/internal/testing/claims"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/golden/goldendb"
)

// A batch run asked for by a mutation survives the death of the process that makes it: in the process that was asked,
// and in a worker. Whoever comes next goes on with it, the log says how far it is, nothing of it is paid before it has
// ended, and it ends as one that nobody disturbed.
func TestBatchRunOfKilledProcesses(t *testing.T) {
	dbtest.Need(t, db.Postgres)
	for _, async := range []bool{false, true} {
		t.Run(fmt.Sprintf("async=%t", async), func(t *testing.T) {
			t.Parallel()
			url := dbtest.URL(t, db.Postgres)
			d, err := db.Open(t.Context(), url, db.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			payable(t, d, 22_000) // more than one transaction takes
			k := &batchKiller{t: t, d: d}
			k.server = launch(t, "DATABASE_URL="+url, fmt.Sprintf("ASYNC_MUTATIONS=%t", async))
			k.taker = k.server
			k.server.ready()

			before := legacy(t, d)
			k.ask("calm", `processBatch(input: { clientMutationId: "calm" year: 2024 month: 3 }) { internalId }`)
			k.ended("calm")
			want := legacy(t, d)
			paid := k.paid()
			if paid <= 20_000 {
				t.Fatalf("%d claims are paid: the test proves little", paid)
			}
			k.ask("undo", `undoBatchRun(input: { clientMutationId: "undo" }) { internalId }`)
			k.ended("undo")
			differ(t, "after the undo", before, legacy(t, d))

			// A lock keeps the run where it is to be killed: in the middle of a transaction.
			release := k.lock(`LOCK TABLE "imis_batch_line" IN SHARE MODE`)
			k.ask("killed", `processBatch(input: { clientMutationId: "killed" year: 2024 month: 3 }) { internalId }`)
			k.killAt("staging", fmt.Sprintf("Step 1 of 2: 0 of %d claims are computed.", paid), release) // those without a line are not listed
			if async {                                                                                   // a worker goes on
				k.taker = launch(t, "DATABASE_URL="+url, asServer+"=worker", "ASYNC_MUTATIONS=true")
			} else {
				k.server.start()
			}
			release = k.lock(`SELECT "ClaimID" FROM "tblClaim" WHERE "ClaimID" = (SELECT MAX("claim_id") FROM "imis_batch_claim") FOR UPDATE`)
			k.killAt("publishing", fmt.Sprintf("Step 2 of 2: 20000 of %d claims are written.", paid), release)
			release = k.lock(`LOCK TABLE "tblRelIndex" IN SHARE MODE`)
			k.taker.start()
			k.killAt("opening", fmt.Sprintf("Step 2 of 2: %d of %[1]d claims are written.", paid), release)
			k.taker.start()
			k.ended("killed")
			differ(t, "after three kills", want, legacy(t, d))
			var logs int
			if err := d.Get(t.Context(), &logs, `SELECT COUNT(*) FROM "core_Mutation_Log" WHERE "client_mutation_id" = 'killed'`); err != nil || logs != 1 {
				t.Errorf("%d logs, %v", logs, err)
			}
		})
	}
}

// payable fills a database with n claims that the national run of March 2024 pays.
func payable(t *testing.T, d *db.DB, n int) {
	t.Helper()
	if err := seed.Seed(t.Context(), d, seed.Demo, time.Now().UTC(), progress.None); err != nil {
		t.Fatal(err)
	}
	err := d.Write(t.Context(), "make claims payable", func(tx *db.Tx) error {
		var product int
		if err := tx.Get(t.Context(), &product, `SELECT MIN("ProdID") FROM "tblProduct" WHERE "ValidityTo" IS NULL`); err != nil {
			return err
		}
		do := func(src string, args ...any) {
			if _, err := tx.Exec(t.Context(), src, args...); err != nil {
				t.Fatal(err)
			}
		}
		march := time.Date(2024, 3, 10, 9, 0, 0, 0, time.UTC)
		do(`UPDATE "tblProduct" SET "LocationId" = NULL, "PeriodRelPrices" = 'M', "PeriodRelPricesIP" = NULL, "PeriodRelPricesOP" = NULL WHERE "ProdID" = ?`, product)
		do(`DELETE FROM "tblRelDistr" WHERE "ProdID" = ?`, product)
		for month := 1; month <= 12; month++ {
			if _, err := tx.Insert(t.Context(), "tblRelDistr", db.Values{"ProdID": product, "DistrType": 12, "DistrCareType": "B", "Period": month, "DistrPerc": 0.75, "ValidityFrom": march, "AuditUserID": 1}); err != nil {
				return err
			}
		}
		do(`UPDATE "tblPolicy" SET "ProdID" = ?, "EffectiveDate" = ?, "ExpiryDate" = ?, "PolicyStatus" = 2 WHERE "ValidityTo" IS NULL`, product, db.Date(march.AddDate(0, -2, 0)), db.Date(march.AddDate(0, 10, 0)))
		do(`UPDATE "tblPremium" SET "PayDate" = ? WHERE "ValidityTo" IS NULL`, db.Date(march.AddDate(0, -2, 0)))
		do(`UPDATE "tblClaim" SET "ClaimStatus" = 8, "ProcessStamp" = ?, "RunID" = NULL, "ValidityTo" = NULL`, march)
		for _, table := range []string{"tblClaimItems", "tblClaimServices"} {
			do(`UPDATE "`+table+`" SET "ProdID" = ?, "PriceOrigin" = 'R', "PriceValuated" = COALESCE("PriceValuated", 10), "RemuneratedAmount" = NULL, "`+strings.TrimSuffix(strings.Replace(table, "tbl", "", 1), "s")+`Status" = 1`, product)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	claims.Multiply(t, d, n)
}

// batchKiller watches a run and kills who makes it.
type batchKiller struct {
	t             *testing.T
	d             *db.DB
	server, taker *process // who answers, and who makes the run
	holder        int      // of the lock: a process of the database
}

// ask sends a mutation; a long one that is made at once may outlive the server that was asked.
func (k *batchKiller) ask(id, field string) {
	k.t.Helper()
	asked := make(chan error, 1)
	go func() {
		_, err := k.server.post("mutation { " + field + " }")
		asked <- err
	}()
	for range 600 {
		var n int
		if err := k.d.Get(k.t.Context(), &n, `SELECT COUNT(*) FROM "core_Mutation_Log" WHERE "client_mutation_id" = ?`, id); err != nil {
			k.t.Fatal(err)
		}
		if n > 0 {
			return
		}
		select {
		case err := <-asked:
			if err != nil && !errors.Is(err, errGone) {
				k.t.Fatal(err)
			}
		case <-time.After(50 * time.Millisecond):
		}
	}
	k.t.Fatalf("%s was not recorded: %s", id, k.server.out.String())
}

// ended waits until a mutation has succeeded.
func (k *batchKiller) ended(id string) {
	k.t.Helper()
	waitForEnds(k.t, k.d, 1)
	var log struct {
		Status int     `db:"status"`
		Error  *string `db:"error"`
	}
	if err := k.d.Get(k.t.Context(), &log, `SELECT "status", "error" FROM "core_Mutation_Log" WHERE "client_mutation_id" = ?`, id); err != nil || log.Status != 2 {
		k.t.Fatalf("%s ended with %d: %v, %v", id, log.Status, text(log.Error), err)
	}
}

// lock takes a lock until release.
func (k *batchKiller) lock(src string) (release func()) {
	k.t.Helper()
	tx, err := k.d.Pool().BeginTx(k.t.Context(), nil)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := tx.ExecContext(k.t.Context(), src); err != nil {
		k.t.Fatal(err)
	}
	if err := tx.QueryRowContext(k.t.Context(), `SELECT pg_backend_pid()`).Scan(&k.holder); err != nil {
		k.t.Fatal(err)
	}
	return func() { _ = tx.Rollback() }
}

// blocked waits until somebody waits for the lock.
func (k *batchKiller) blocked() {
	k.t.Helper()
	for range 1200 {
		var n int
		if err := k.d.Pool().QueryRowContext(k.t.Context(), `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND $1::int = ANY (pg_blocking_pids(pid))`, k.holder).Scan(&n); err != nil {
			k.t.Fatal(err)
		}
		if n > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	k.t.Fatalf("nobody came to the lock: %s %s", k.server.out.String(), k.taker.out.String())
}

// killAt waits until the run has come to the lock, looks what others see, and kills its process.
func (k *batchKiller) killAt(point, log string, release func()) {
	k.t.Helper()
	k.blocked()
	if k.server.cmd == nil {
		k.server.start()
	}
	k.server.ready()
	data, err := k.server.post(`{ mutationLogs(clientMutationId: "killed") { edges { node { status error } } } batchRuns { totalCount edges { node { runYear } } } }`)
	if err != nil {
		k.t.Fatalf("%s: %v", point, err)
	}
	node := data["mutationLogs"].(map[string]any)["edges"].([]any)[0].(map[string]any)["node"].(map[string]any)
	if said, _ := node["error"].(string); node["status"] != 0.0 || said != log {
		k.t.Errorf("%s: the log has %v, want status 0 and %q", point, node, log)
	}
	if strings.Contains(fmt.Sprint(data["batchRuns"]), "runYear:2024") {
		k.t.Errorf("%s: the run is among %v", point, data["batchRuns"])
	}
	if n := k.paid(); n > 0 {
		k.t.Errorf("%s: %d claims are seen as paid", point, n)
	}
	k.taker.kill()
	k.server.kill() // it would go on with the run before the next taker
	release()
	if n := k.paid(); n > 0 {
		k.t.Errorf("%s, after the kill: %d claims are seen as paid", point, n)
	}
}

// paid counts the claims of current runs of the month, as the legacy application does.
func (k *batchKiller) paid() (n int) {
	k.t.Helper()
	if err := k.d.Get(context.WithoutCancel(k.t.Context()), &n, `SELECT COUNT(*) FROM "tblClaim" AS c JOIN "tblBatchRun" AS r ON r."RunID" = c."RunID"
		WHERE r."ValidityTo" IS NULL AND r."RunYear" = 2024 AND r."RunMonth" = 3`); err != nil {
		k.t.Fatal(err)
	}
	return n
}

// legacy is all legacy tables, table by table, without numbers that are used up and stamps of runs.
func legacy(t *testing.T, d *db.DB) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, tab := range schema.Tables() {
		if tab.Own || !d.Offers(tab.Name, "") {
			continue
		}
		for _, row := range goldendb.Rows(t, d, nil, tab.Name) {
			switch tab.Name {
			case "tblBatchRun", "tblRelIndex":
				for _, c := range []string{"RunID", "RunDate", "RelIndexID", "CalcDate", "ValidityFrom", tab.UUIDColumn} {
					delete(row, c)
				}
			case "tblClaim":
				row["RunID"] = row["RunID"] != nil
			}
			out[tab.Name] = append(out[tab.Name], fmt.Sprint(map[string]any(row)))
		}
	}
	return out
}

// differ reports the first row of each table that is not as it should be.
func differ(t *testing.T, when string, want, got map[string][]string) {
	t.Helper()
	for _, tab := range schema.Tables() {
		w, g := want[tab.Name], got[tab.Name]
		if len(w) != len(g) {
			t.Errorf("%s: %s has %d rows, want %d", when, tab.Name, len(g), len(w))
			continue
		}
		for i := range w {
			if w[i] != g[i] {
				t.Errorf("%s: %s: %s", when, tab.Name, cmp.Diff(strings.Fields(w[i]), strings.Fields(g[i])))
				break
			}
		}
	}
}
