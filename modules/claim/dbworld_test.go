package claim

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/testing/golden/goldendb"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// persist writes a generated world into an empty database, in which the rows get the same identities.
func persist(t testing.TB, d *db.DB, rows rules.Rows) {
	t.Helper()
	p := persister{t: t, d: d}
	audited := func(int) db.Values { return db.Values{"ValidityFrom": date("2010-01-01")} }
	p.put("tblLocations", []db.Values{{"LocationName": "Region", "LocationCode": "R1", "LocationType": "R"}})
	var districts []db.Values
	for i := range rows.Facilities {
		districts = append(districts, db.Values{"LocationName": fmt.Sprintf("District %d", i+1), "LocationCode": fmt.Sprintf("R1D%d", i+1), "LocationType": "D", "ParentLocationId": 1})
	}
	p.put("tblLocations", districts)
	p.put("tblICDCodes", []db.Values{{"ICDCode": "A00", "ICDName": "Cholera"}})
	for k := range rules.KindCount {
		n := rules.Legacy[k]
		puts(p, n.Entry, entryRecord, entryLabels(n), rows.Entries[k], func(i int) db.Values { return db.Values{n.EntryCode: fmt.Sprintf("%s%03d", n.EntryCode[:1], i+1)} })
		for range rows.Lists[k] {
			p.put(n.List, []db.Values{{"ValidityFrom": date("2010-01-01")}})
		}
		puts(p, n.Details, detailRecord, detailLabels(n), rows.Details[k], audited)
	}
	puts(p, "tblHF", facilityRecord, nil, rows.Facilities, func(i int) db.Values {
		return db.Values{"HFCode": fmt.Sprintf("HF%d", i+1), "LocationId": i + 2}
	})
	puts(p, "tblProduct", productRecord, nil, rows.Products, audited)
	for k := range rules.KindCount {
		puts(p, rules.Legacy[k].Products, productLineRecord, productLineLabels(rules.Legacy[k]), rows.ProductLines[k], audited)
	}
	puts(p, "tblFamilies", familyRecord, nil, rows.Families, audited)
	puts(p, "tblInsuree", insureeRecord, nil, rows.Insurees, func(i int) db.Values { return db.Values{"CHFID": fmt.Sprintf("%09d", i+1)} })
	puts(p, "tblPolicy", policyRecord, nil, rows.Policies, audited)
	puts(p, "tblInsureePolicy", insureePolicyRecord, nil, rows.InsureePolicies, audited)
	puts(p, "tblClaim", claimRecord, nil, rows.Claims, func(i int) db.Values {
		return db.Values{"ClaimCode": fmt.Sprintf("C%06d", i+1), "ICDID": 1, "DateClaimed": rows.Claims[i].DateFrom}
	})
	for k := range rules.KindCount {
		puts(p, rules.Legacy[k].Lines, lineRecord, lineLabels(rules.Legacy[k]), rows.Lines[k], audited)
	}
}

type persister struct {
	t testing.TB
	d *db.DB
}

// puts writes structs; extra gives further columns of a row.
func puts[T any](p persister, table string, r db.Record, as db.Labels, rows []T, extra func(i int) db.Values) {
	tab, _ := schema.Lookup(table)
	columns := r.Columns(as)
	list := make([]db.Values, len(rows))
	for i := range rows {
		list[i] = db.Values{}
		for j, v := range r.Values(&rows[i]) {
			if c := columns[j]; c != "" && c != tab.Identity && c != "RowID" {
				list[i][c] = v
			}
		}
		maps.Copy(list[i], extra(i))
	}
	p.put(table, list)
}

func (p persister) put(table string, rows []db.Values) {
	p.t.Helper()
	if len(rows) == 0 {
		return
	}
	err := p.d.Write(p.t.Context(), table, func(tx *db.Tx) error {
		columns := slices.Sorted(maps.Keys(goldendb.Complete(tx, table, rows[0])))
		values := make([][]any, len(rows))
		for i := range rows {
			goldendb.Complete(tx, table, rows[i])
			for _, c := range columns {
				values[i] = append(values[i], rows[i][c])
			}
		}
		_, err := tx.BulkInsert(p.t.Context(), table, columns, values)
		return err
	})
	if err != nil {
		p.t.Fatalf("%s: %v", table, err)
	}
}

// statements counts what a run over the first n claims of a world sends to the database.
func statements(t *testing.T, d *db.DB, n int, run func(tx *db.Tx, refs []rules.Ref) error) int {
	t.Helper()
	ctx, counter := db.WithCounter(t.Context())
	refs := make([]rules.Ref, n)
	for i := range refs {
		refs[i].ClaimID = i + 1
	}
	if err := d.Write(ctx, "count", func(tx *db.Tx) error { return run(tx, refs) }); err != nil {
		t.Fatal(err)
	}
	return counter.Statements()
}
