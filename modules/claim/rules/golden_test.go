package rules_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/openimis/openimis-be-go/internal/testing/claims"
	"github.com/openimis/openimis-be-go/internal/testing/golden"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
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
	author := rules.Author{UserID: params["AuditUser"].(int), Now: w.Now}
	single := func(evaluate func(*rules.Data, *rules.Claim) rules.Changes) rules.Changes {
		id := params["ClaimID"].(int)
		d := rules.NewData(needed(w, id))
		ch := evaluate(d, d.Claim(id))
		store(w, ch)
		return ch
	}
	switch step.Proc {
	case "uspSubmitSingleClaim":
		return claims.Submission(single(func(d *rules.Data, c *rules.Claim) rules.Changes { return d.Submit(c, author) }).Outcome)
	case "uspProcessSingleClaimStep1":
		return claims.Returned(single(func(d *rules.Data, c *rules.Claim) rules.Changes { return d.Assign(c, author) }))
	case "uspProcessSingleClaimStep2":
		commit := params["IsProcess"] == 1
		return claims.Returned(single(func(d *rules.Data, c *rules.Claim) rules.Changes { return d.Valuate(c, author, commit) }))
	}
	refs, ids := references(w, step)
	refs = rules.InOrder(refs)
	d := rules.NewData(needed(w, ids...))
	switch step.Proc {
	case "uspSubmitClaims":
		changes, n := d.SubmitClaims(refs, author)
		store(w, changes...)
		return claims.Submitted(n)
	case "uspProcessClaims":
		changes, n := d.ProcessClaims(refs, author)
		store(w, changes...)
		return claims.Processed(n)
	}
	panic("unknown procedure " + step.Proc)
}

const rowID = 1 << 40 // of every claim; more than an int32 holds

func references(w *golden.World, step golden.Step) (refs []rules.Ref, ids []int) {
	for _, row := range step.Claims {
		r := w.Record(row)
		ref := rules.Ref{ClaimID: r["ClaimID"].(int), RowID: rowID}
		if r["RowID"] == "stale" {
			ref.RowID++
		}
		refs, ids = append(refs, ref), append(ids, ref.ClaimID)
	}
	return refs, ids
}

// needed selects what Rows documents for a run over the claims.
func needed(w *golden.World, run ...int) (rows rules.Rows) {
	families, policies, products := map[int]bool{}, map[int]bool{}, map[int]bool{}
	insurees, facilities, lists := map[int]bool{}, map[int]bool{}, [rules.KindCount]map[int]bool{{}, {}}
	entries := [rules.KindCount]map[int]bool{{}, {}}

	all := scan[rules.Claim](w, "tblClaim", nil)
	for _, c := range all {
		if slices.Contains(run, c.ClaimID) {
			insurees[c.InsureeID], facilities[c.HFID] = true, true
		}
	}
	claims := map[int]bool{}
	for _, c := range all {
		if slices.Contains(run, c.ClaimID) || insurees[c.InsureeID] && c.ValidityTo == nil && c.ClaimStatus > rules.StatusEntered {
			c.RowID = rowID
			claims[c.ClaimID] = true
			rows.Claims = append(rows.Claims, c)
		}
	}
	rows.Facilities = pick(scan[rules.Facility](w, "tblHF", nil), func(f rules.Facility) bool { return facilities[f.HfID] })
	for _, f := range rows.Facilities {
		for k := range rules.KindCount {
			if list := f.List(k); list != nil {
				lists[k][*list] = true
			}
		}
	}
	rows.Insurees = pick(scan[rules.Insuree](w, "tblInsuree", nil), func(i rules.Insuree) bool { return insurees[i.InsureeID] })
	for _, i := range rows.Insurees {
		if i.FamilyID != nil {
			families[*i.FamilyID] = true
		}
	}
	rows.Families = pick(scan[rules.Family](w, "tblFamilies", nil), func(f rules.Family) bool { return families[f.FamilyID] })
	for _, p := range scan[rules.Policy](w, "tblPolicy", nil) {
		if !families[p.FamilyID] {
			continue
		}
		policies[p.PolicyID] = true
		if p.ValidityTo == nil && (*p.PolicyStatus == rules.PolicyActive || *p.PolicyStatus == rules.PolicyExpired) {
			rows.Policies, products[p.ProdID] = append(rows.Policies, p), true
		}
	}
	rows.InsureePolicies = pick(scan[rules.InsureePolicy](w, "tblInsureePolicy", nil),
		func(p rules.InsureePolicy) bool { return policies[p.PolicyID] && p.ValidityTo == nil })
	for k := range rules.KindCount {
		for _, l := range scan[rules.Line](w, rules.Legacy[k].Lines, lineNames(k)) {
			own := slices.Contains(run, l.ClaimID)
			if own || claims[l.ClaimID] && l.ValidityTo == nil && l.Reason() == rules.ReasonAccepted {
				rows.Lines[k] = append(rows.Lines[k], l)
			}
			if own {
				entries[k][l.EntryID] = true
				if l.ProdID != nil {
					products[*l.ProdID] = true
				}
			}
		}
		n := rules.Legacy[k]
		rows.ProductLines[k] = pick(scan[rules.ProductLine](w, n.Products, names{"ProductLineID": n.ProductLineID, "EntryID": n.EntryID}, current),
			func(l rules.ProductLine) bool { return products[l.ProdID] && entries[k][l.EntryID] })
		rows.Entries[k] = pick(scan[rules.Entry](w, n.Entry, names{"EntryID": n.EntryID, "Price": n.EntryPrice, "CareType": n.CareType,
			"Frequency": n.Frequency, "PatCat": n.PatCat, "Category": n.Category}),
			func(e rules.Entry) bool { return entries[k][e.EntryID] || e.LegacyID != nil && entries[k][*e.LegacyID] })
		rows.Details[k] = pick(scan[rules.ListDetail](w, n.Details, names{"DetailID": n.DetailID, "ListID": n.ListID, "EntryID": n.EntryID}, current),
			func(l rules.ListDetail) bool { return lists[k][l.ListID] && entries[k][l.EntryID] })
		for _, rec := range w.Rows(n.List) {
			if id := rec[n.ListID].(int); current(rec) && lists[k][id] {
				rows.Lists[k] = append(rows.Lists[k], id)
			}
		}
	}
	rows.Products = pick(scan[rules.Product](w, "tblProduct", nil), func(p rules.Product) bool { return products[p.ProdID] })
	for _, r := range scan[rules.DedRem](w, "tblClaimDedRem", nil) {
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

func lineNames(k rules.Kind) names {
	n := rules.Legacy[k]
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
func store(w *golden.World, changes ...rules.Changes) {
	for _, ch := range changes {
		if ch.Claim != nil {
			write(w, "tblClaim", ch.ClaimID, golden.Records([]rules.ClaimState{*ch.Claim})[0], nil)
		}
		for _, l := range ch.Lines {
			write(w, rules.Legacy[l.Kind].Lines, l.LineID, golden.Records([]rules.LineState{l.LineState})[0], lineNames(l.Kind))
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
