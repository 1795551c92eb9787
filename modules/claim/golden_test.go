package claim

import (
	"fmt"
	"slices"
	"testing"

	"github.com/openimis/openimis-be-go/internal/golden"
)

// Golden scenarios: what the stored procedures answered and left behind, against the rules in memory. The
// test plays the store: before each step it loads what Rows asks for and no more, afterwards it writes the
// changes back.

func TestGoldenClaimSubmit(t *testing.T) { golden.Each(t, "claim-submit", replay) }
func TestGoldenClaimValue(t *testing.T)  { golden.Each(t, "claim-value", replay) }

func replay(t *testing.T, w *golden.World) {
	for i, step := range w.Steps {
		if step.Update != "" {
			w.Apply(step)
			continue
		}
		for _, diff := range w.DiffReturn(i, call(w, step)) {
			t.Error(diff)
		}
	}
	for _, diff := range w.Diff() {
		t.Error(diff)
	}
}

// call executes a procedure step and answers its return value and OUT parameters.
func call(w *golden.World, step golden.Step) golden.Record {
	params := w.Record(step.Params)
	author := Author{UserID: params["AuditUser"].(int), Now: w.Now}
	single := func(evaluate func(*Data, *Claim) Changes) Changes {
		id := params["ClaimID"].(int)
		d := NewData(needed(w, id))
		ch := evaluate(d, d.Claim(id))
		store(w, ch)
		return ch
	}
	switch step.Proc {
	case "uspSubmitSingleClaim":
		return submission(single(func(d *Data, c *Claim) Changes { return d.Submit(c, author) }).Outcome)
	case "uspProcessSingleClaimStep1":
		return outcome(single(func(d *Data, c *Claim) Changes { return d.Assign(c, author) }))
	case "uspProcessSingleClaimStep2":
		commit := params["IsProcess"] == 1
		return outcome(single(func(d *Data, c *Claim) Changes { return d.Valuate(c, author, commit) }))
	}
	refs, ids := references(w, step)
	d := NewData(needed(w, ids...))
	switch step.Proc {
	case "uspSubmitClaims":
		changes, n := d.SubmitClaims(refs, author)
		store(w, changes...)
		return submitted(n)
	case "uspProcessClaims":
		changes, n := d.ProcessClaims(refs, author)
		store(w, changes...)
		return processed(n)
	}
	panic("unknown procedure " + step.Proc)
}

func submission(out Outcome) golden.Record {
	return golden.Record{"return": returned(out.Failed), "RtnStatus": out.Status,
		"RtnItemsPassed": out.Passed[Items], "RtnItemsRejected": out.Rejected[Items],
		"RtnServicesPassed": out.Passed[Services], "RtnServicesRejected": out.Rejected[Services]}
}

func submitted(n SubmitCounts) golden.Record {
	return golden.Record{"return": 0, "oReturnValue": 0, "Submitted": n.Submitted, "Checked": n.Checked,
		"Rejected": n.Rejected, "Changed": n.Changed, "Failed": n.Failed,
		"ItemsPassed": n.LinesPassed[Items], "ItemsRejected": n.LinesRejected[Items],
		"ServicesPassed": n.LinesPassed[Services], "ServicesRejected": n.LinesRejected[Services]}
}

func processed(n ProcessCounts) golden.Record {
	return golden.Record{"return": 0, "oReturnValue": 0, "Submitted": n.Submitted, "Processed": n.Processed,
		"Valuated": n.Valuated, "Changed": n.Changed, "Rejected": n.Rejected, "Failed": n.Failed}
}

func outcome(ch Changes) golden.Record {
	rec := golden.Record{"return": returned(ch.Outcome.Failed)}
	if ch.Outcome.Status != OutcomeNone {
		rec["RtnStatus"] = ch.Outcome.Status
	}
	return rec
}

func returned(failed bool) int {
	if failed {
		return 1
	}
	return 0
}

const rowID = 1 << 40 // of every claim; more than an int32 holds

func references(w *golden.World, step golden.Step) (refs []Ref, ids []int) {
	for _, row := range step.Claims {
		r := w.Record(row)
		ref := Ref{ClaimID: r["ClaimID"].(int), RowID: rowID}
		if r["RowID"] == "stale" {
			ref.RowID++
		}
		refs, ids = append(refs, ref), append(ids, ref.ClaimID)
	}
	return refs, ids
}

// needed selects what Rows documents for a run over the claims.
func needed(w *golden.World, run ...int) (rows Rows) {
	families, policies, products := map[int]bool{}, map[int]bool{}, map[int]bool{}
	insurees, facilities, lists := map[int]bool{}, map[int]bool{}, [kindCount]map[int]bool{{}, {}}
	entries := [kindCount]map[int]bool{{}, {}}

	all := scan[Claim](w, "tblClaim", nil)
	for _, c := range all {
		if slices.Contains(run, c.ClaimID) {
			insurees[c.InsureeID], facilities[c.HFID] = true, true
		}
	}
	claims := map[int]bool{}
	for _, c := range all {
		if slices.Contains(run, c.ClaimID) || insurees[c.InsureeID] && c.ValidityTo == nil && c.ClaimStatus > StatusEntered {
			c.RowID = rowID
			claims[c.ClaimID] = true
			rows.Claims = append(rows.Claims, c)
		}
	}
	rows.Facilities = pick(scan[Facility](w, "tblHF", nil), func(f Facility) bool { return facilities[f.HfID] })
	for _, f := range rows.Facilities {
		for k := range kindCount {
			if list := f.list(k); list != nil {
				lists[k][*list] = true
			}
		}
	}
	rows.Insurees = pick(scan[Insuree](w, "tblInsuree", nil), func(i Insuree) bool { return insurees[i.InsureeID] })
	for _, i := range rows.Insurees {
		if i.FamilyID != nil {
			families[*i.FamilyID] = true
		}
	}
	rows.Families = pick(scan[Family](w, "tblFamilies", nil), func(f Family) bool { return families[f.FamilyID] })
	for _, p := range scan[Policy](w, "tblPolicy", nil) {
		if !families[p.FamilyID] {
			continue
		}
		policies[p.PolicyID] = true
		if p.ValidityTo == nil && (*p.PolicyStatus == policyActive || *p.PolicyStatus == policyExpired) {
			rows.Policies, products[p.ProdID] = append(rows.Policies, p), true
		}
	}
	rows.InsureePolicies = pick(scan[InsureePolicy](w, "tblInsureePolicy", nil),
		func(p InsureePolicy) bool { return policies[p.PolicyID] && p.ValidityTo == nil })
	for k := range kindCount {
		for _, l := range scan[Line](w, Legacy[k].Lines, lineNames(k)) {
			own := slices.Contains(run, l.ClaimID)
			if own || claims[l.ClaimID] && l.ValidityTo == nil && l.Reason() == ReasonAccepted {
				rows.Lines[k] = append(rows.Lines[k], l)
			}
			if own {
				entries[k][l.EntryID] = true
				if l.ProdID != nil {
					products[*l.ProdID] = true
				}
			}
		}
		n := Legacy[k]
		rows.ProductLines[k] = pick(scan[ProductLine](w, n.Products, names{"ProductLineID": n.ProductLineID, "EntryID": n.EntryID}, current),
			func(l ProductLine) bool { return products[l.ProdID] && entries[k][l.EntryID] })
		rows.Entries[k] = pick(scan[Entry](w, n.Entry, names{"EntryID": n.EntryID, "Price": n.EntryPrice, "CareType": n.CareType,
			"Frequency": n.Frequency, "PatCat": n.PatCat, "Category": n.Category}),
			func(e Entry) bool { return entries[k][e.EntryID] || e.LegacyID != nil && entries[k][*e.LegacyID] })
		rows.Details[k] = pick(scan[ListDetail](w, n.Details, names{"DetailID": n.DetailID, "ListID": n.ListID, "EntryID": n.EntryID}, current),
			func(l ListDetail) bool { return lists[k][l.ListID] && entries[k][l.EntryID] })
		for _, rec := range w.Rows(n.List) {
			if id := rec[n.ListID].(int); current(rec) && lists[k][id] {
				rows.Lists[k] = append(rows.Lists[k], id)
			}
		}
	}
	rows.Products = pick(scan[Product](w, "tblProduct", nil), func(p Product) bool { return products[p.ProdID] })
	for _, r := range scan[DedRem](w, "tblClaimDedRem", nil) {
		if slices.Contains(run, r.ClaimID) {
			rows.DedRems = append(rows.DedRems, r)
		}
		if policies[r.PolicyID] {
			r.ClaimID = 0 // sums of one row each
			rows.DedRemSums = append(rows.DedRemSums, r)
		}
	}
	return rows
}

// names maps labels of db tags to columns.
type names map[string]string

func lineNames(k Kind) names {
	n := Legacy[k]
	return names{"LineID": n.LineID, "EntryID": n.EntryID, "Status": n.LineStatus}
}

func current(r golden.Record) bool { return r["ValidityTo"] == nil }

func pick[T any](rows []T, wanted func(T) bool) []T {
	return slices.DeleteFunc(rows, func(r T) bool { return !wanted(r) })
}

// scan reads a table into structs as a statement with these labels would.
func scan[T any](w *golden.World, table string, as names, filters ...func(golden.Record) bool) (rows []T) {
	for _, rec := range w.Rows(table) {
		if slices.ContainsFunc(filters, func(f func(golden.Record) bool) bool { return !f(rec) }) {
			continue
		}
		var row T
		var columns golden.Row
		for label := range golden.Records([]T{row})[0] {
			column := label
			if as[label] != "" {
				column = as[label]
			}
			if v := rec[column]; v != nil {
				columns.Columns = append(columns.Columns, golden.Column{Name: label, Value: v})
			}
		}
		w.Decode(columns, &row)
		rows = append(rows, row)
	}
	return rows
}

// store writes changes as a database store would.
func store(w *golden.World, changes ...Changes) {
	for _, ch := range changes {
		if ch.Claim != nil {
			write(w, "tblClaim", ch.ClaimID, golden.Records([]ClaimState{*ch.Claim})[0], nil)
		}
		for _, l := range ch.Lines {
			write(w, Legacy[l.Kind].Lines, l.LineID, golden.Records([]LineState{l.LineState})[0], lineNames(l.Kind))
		}
		if ch.DeleteDedRem {
			for _, rec := range slices.Clone(w.Rows("tblClaimDedRem")) {
				if rec["ClaimID"] == ch.ClaimID {
					w.Delete("tblClaimDedRem", rec[golden.Identity("tblClaimDedRem")].(int))
				}
			}
		}
		if ch.DedRem != nil {
			golden.Store(w, "tblClaimDedRem", *ch.DedRem)
		}
	}
}

func write(w *golden.World, table string, id int, set golden.Record, as names) {
	for _, rec := range w.Rows(table) {
		if rec[golden.Identity(table)] != id {
			continue
		}
		for label, v := range set {
			if as[label] != "" {
				label = as[label]
			}
			rec[label] = v
		}
		return
	}
	panic(fmt.Sprintf("%s has no row %d", table, id))
}
