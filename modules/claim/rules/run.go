package rules

import (
	"cmp"
	"slices"
)

// Ref names a claim of a run together with the row version the user saw.
type Ref struct {
	ClaimID int
	// RowID is compared with the claim's; 0 accepts any. It is wide enough for any row version
	// (the procedures took an int and failed above 2^31, rules.md §13 #6).
	RowID RowVersion
}

// SubmitCounts are the OUT parameters of uspSubmitClaims.
type SubmitCounts struct {
	Submitted, Checked, Rejected, Changed, Failed int
	// Passed and Rejected lines by kind.
	LinesPassed, LinesRejected [KindCount]int
}

// ProcessCounts are the OUT parameters of uspProcessClaims.
type ProcessCounts struct {
	Submitted, Processed, Valuated, Changed, Rejected, Failed int
}

// Add adds the counts of another part of the run.
func (n *SubmitCounts) Add(m SubmitCounts) {
	n.Submitted += m.Submitted
	n.Checked += m.Checked
	n.Rejected += m.Rejected
	n.Changed += m.Changed
	n.Failed += m.Failed
	for k := range KindCount {
		n.LinesPassed[k] += m.LinesPassed[k]
		n.LinesRejected[k] += m.LinesRejected[k]
	}
}

// Add adds the counts of another part of the run.
func (n *ProcessCounts) Add(m ProcessCounts) {
	n.Submitted += m.Submitted
	n.Processed += m.Processed
	n.Valuated += m.Valuated
	n.Changed += m.Changed
	n.Rejected += m.Rejected
	n.Failed += m.Failed
}

// SubmitClaims submits claims, in ascending order (InOrder), as uspSubmitClaims does (§8.3): later ones
// see what became of earlier ones, a failing one leaves the others alone. The changes are already applied
// to d; the failed ones among them write nothing.
func (d *Data) SubmitClaims(refs []Ref, author Author) ([]Changes, SubmitCounts) {
	counts := SubmitCounts{Submitted: len(refs)}
	changes := d.run(refs, &counts.Changed, func(c *Claim) Changes { return d.Submit(c, author) })
	for i := range changes {
		switch out := &changes[i].Outcome; {
		case out.Failed:
			counts.Failed++
		case out.Status == OutcomeChecked:
			counts.Checked++
		case out.Status == OutcomeRejected:
			counts.Rejected++
		}
		for k := range KindCount {
			counts.LinesPassed[k] += changes[i].Outcome.Passed[k]
			counts.LinesRejected[k] += changes[i].Outcome.Rejected[k]
		}
	}
	return changes, counts
}

// ProcessClaims assigns and valuates claims, in ascending order (InOrder), as uspProcessClaims does
// (§8.5). Otherwise like SubmitClaims. A claim that fails keeps nothing of a half-done assignment.
func (d *Data) ProcessClaims(refs []Ref, author Author) ([]Changes, ProcessCounts) {
	counts := ProcessCounts{Submitted: len(refs)}
	changes := d.run(refs, &counts.Changed, func(c *Claim) Changes { return d.Process(c, author) })
	for i := range changes {
		switch out := &changes[i].Outcome; {
		case out.Failed:
			counts.Failed++
		case out.Status == OutcomeProcessed:
			counts.Processed++
		case out.Status == OutcomeValuated:
			counts.Valuated++
		case out.Status == OutcomeRejected:
			counts.Rejected++
		}
	}
	return changes, counts
}

// Process assigns and valuates one claim, without applying the changes.
func (d *Data) Process(c *Claim, author Author) Changes {
	e := d.evaluate(c, author)
	out := e.assign()
	if out.Status == OutcomeChecked {
		out = e.valuate(true)
	}
	return e.changes(out)
}

// InOrder gives the references ascending by claim, in which order claims are locked, loaded and evaluated.
func InOrder(refs []Ref) []Ref {
	refs = slices.Clone(refs)
	slices.SortStableFunc(refs, func(a, b Ref) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
	return refs
}

// run evaluates and applies claim by claim. A claim that is unknown, was changed meanwhile or comes a
// second time counts as changed and is passed over.
func (d *Data) run(refs []Ref, changed *int, evaluate func(*Claim) Changes) []Changes {
	changes := make([]Changes, 0, len(refs))
	for i, ref := range refs {
		c := d.claims[ref.ClaimID]
		repeated := i > 0 && refs[i-1].ClaimID == ref.ClaimID
		if c == nil || repeated || ref.RowID != 0 && ref.RowID != c.RowID {
			*changed++
			continue
		}
		ch := evaluate(c)
		d.Apply(ch)
		changes = append(changes, ch)
	}
	return changes
}
