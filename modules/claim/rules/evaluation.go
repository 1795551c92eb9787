package rules

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/calendar"
)

// Author is who runs a procedure and when; both are written to the claims.
type Author struct {
	UserID int
	Now    time.Time
}

// Changes are what one evaluation of a claim writes. Row states are complete: every column of ClaimState
// or LineState has the value it must have afterwards, changed or not.
type Changes struct {
	ClaimID int
	Claim   *ClaimState // nil: the row stays
	Lines   []LineChange
	// DeleteDedRem removes all rows of the claim in tblClaimDedRem, before DedRem is inserted.
	DeleteDedRem bool
	DedRem       *DedRem
	Outcome      Outcome
}

// LineChange is the new state of a claim line.
type LineChange struct {
	Kind   Kind
	LineID int
	LineState

	line *Line
}

// Outcome is what the procedures return for one claim.
type Outcome struct {
	// Failed is the return value 1: the claim could not be evaluated and nothing is written.
	Failed bool
	// Status is RtnStatus: 0 none, 1 checked (assigned), 2 rejected, 3 processed, 4 valuated.
	Status int
	// Passed and Rejected count current lines, at submission only.
	Passed, Rejected [KindCount]int
}

// RtnStatus values.
const (
	OutcomeNone      = 0
	OutcomeChecked   = 1
	OutcomeRejected  = 2
	OutcomeProcessed = 3
	OutcomeValuated  = 4
)

// work is a line under evaluation.
type work struct {
	row *Line
	LineState
	entry   *Entry // version of the register at the date of provision, nil: not in the register
	touched bool
}

func (w *work) current() bool { return w.row.ValidityTo == nil }
func (w *work) open() bool    { return w.current() && w.Reason() == ReasonAccepted }

func (w *work) reject(reason int) {
	w.RejectionReason = reasonPointer(reason)
	w.touched = true
}

// evaluation of one claim. It reads Data and changes only its own copies of the rows. Data keeps one and
// reuses its buffers.
type evaluation struct {
	d        *Data
	author   Author
	claim    *Claim
	insuree  *Insuree // nil: not there
	facility *Facility
	state    ClaimState
	changed  bool // state
	lines    [KindCount][]work
	category int
	multiDay bool
	adult    bool
	overflow bool // an amount does not fit its column
	dedRem   *DedRem
	replace  bool // the DedRem rows of the claim
	// candidates is the buffer of covers.
	candidates []candidate
	loops      []policyLoop
}

func (d *Data) evaluate(c *Claim, author Author) *evaluation {
	e := &d.scratch
	*e = evaluation{
		d: d, author: author, claim: c, state: c.ClaimState,
		insuree: d.insurees[c.InsureeID], facility: d.facilities[c.HFID],
		lines: e.lines, candidates: e.candidates[:0], loops: e.loops[:0],
		multiDay: c.target != c.from,
	}
	if e.insuree != nil {
		e.adult = calendar.IsAdult(e.insuree.DOB, c.provided())
	}
	for k := range KindCount {
		lines := e.lines[k][:0]
		for _, row := range c.lines[k] {
			lines = append(lines, work{row: row, LineState: row.LineState, touched: row.unset,
				entry: d.entryAt(k, row.EntryID, c.target)})
		}
		e.lines[k] = lines
	}
	e.category = e.findCategory()
	return e
}

// provided is the date of provision that all checks look at.
func (c *Claim) provided() time.Time {
	if c.DateTo != nil {
		return *c.DateTo
	}
	return c.DateFrom
}

// entryAt is the version of an item or service at a date, nil when it is not in the register then. The
// latest version that began until the date counts unless it is a deleted live row, whenever that was deleted.
func (d *Data) entryAt(k Kind, id int, at day) *Entry {
	for _, v := range d.entries[k][id] {
		if dayOf(v.ValidityFrom) <= at {
			if v.ValidityTo != nil && v.LegacyID == nil {
				return nil
			}
			return v
		}
	}
	return nil
}

// liveEntry is the current row of an item or service, nil when it is deleted.
func (d *Data) liveEntry(k Kind, id int) *Entry {
	for _, v := range d.entries[k][id] {
		if v.EntryID == id {
			if v.ValidityTo != nil {
				return nil
			}
			return v
		}
	}
	return nil
}

// findCategory follows the services of the claim in the order of categories; a stay over night stands
// between antenatal and consultation. Items do not count.
func (e *evaluation) findCategory() int {
	found := catVisit
	if e.multiDay {
		found = catHospitalization
	}
	if e.claim.ValidityTo != nil {
		return found
	}
	for i := range e.lines[Services] {
		w := &e.lines[Services][i]
		if !w.current() {
			continue
		}
		live := e.d.liveEntry(Services, w.row.EntryID)
		if live == nil || live.Category == nil {
			continue
		}
		switch c := categoryOf(live.Category); c {
		case catSurgery, catDelivery, catAntenatal, catConsultation:
			found = min(found, c)
		}
	}
	return found
}

// insured tells whether insuree and family are current.
func (e *evaluation) insured() bool {
	if e.insuree == nil || e.insuree.ValidityTo != nil || e.insuree.FamilyID == nil {
		return false
	}
	f := e.d.families[*e.insuree.FamilyID]
	return f != nil && f.ValidityTo == nil
}

// dated tells whether there is a date of provision; the database does not let one be missing.
func (e *evaluation) dated() bool { return !e.claim.DateFrom.IsZero() }

// rejectAll gives a reason to all lines that qualify.
func (e *evaluation) rejectAll(reason int, qualifies func(*work) bool) {
	for k := range e.lines {
		for i := range e.lines[k] {
			if w := &e.lines[k][i]; qualifies(w) {
				w.reject(reason)
			}
		}
	}
}

// checkLists gives reasons 1 (not in the register) and 2 (not in the price list, which wins). Items need
// a current price list and detail, services only a current detail.
func (e *evaluation) checkLists(qualifies func(*work) bool) {
	for k := range KindCount {
		for i := range e.lines[k] {
			w := &e.lines[k][i]
			if !qualifies(w) {
				continue
			}
			if w.entry == nil {
				w.reject(ReasonRegister)
			}
			if len(e.priced(k, w.row.EntryID)) == 0 || k == Items && !e.listCurrent(k) {
				// In Step 1 a line that has just got reason 1 does not qualify any more.
				if qualifies(w) {
					w.reject(ReasonPriceList)
				}
			}
		}
	}
}

// priced are the current details of an entry in the facility's price list.
func (e *evaluation) priced(k Kind, entry int) []*ListDetail {
	if e.facility == nil {
		return nil
	}
	list := e.facility.List(k)
	if list == nil {
		return nil
	}
	return e.d.details[k][listEntry{*list, entry}]
}

func (e *evaluation) listCurrent(k Kind) bool {
	list := e.facility.List(k)
	return list != nil && e.d.lists[k][*list]
}

const (
	bitMale   = 1
	bitFemale = 2
	bitAdult  = 4
	bitMinor  = 8
)

// patientMask is the patient category (§1.7): genders M and O count as male.
func (e *evaluation) patientMask() int {
	mask := bitMinor
	if e.adult {
		mask = bitAdult
	}
	if g := e.insuree.Gender; g != nil && (sameLetter(*g, "M") || sameLetter(*g, "O")) {
		return mask | bitMale
	}
	return mask | bitFemale
}

// changes collects what the evaluation changed.
func (e *evaluation) changes(out Outcome) Changes {
	if out.Failed || e.overflow {
		return Changes{ClaimID: e.claim.ClaimID, Outcome: Outcome{Failed: true}}
	}
	ch := Changes{ClaimID: e.claim.ClaimID, Outcome: out}
	n := 0
	for k := range e.lines {
		for i := range e.lines[k] {
			if e.lines[k][i].touched {
				n++
			}
		}
	}
	if n > 0 {
		ch.Lines = make([]LineChange, 0, n)
		for k := range KindCount {
			for i := range e.lines[k] {
				if w := &e.lines[k][i]; w.touched {
					ch.Lines = append(ch.Lines, LineChange{k, w.row.LineID, w.LineState, w.row})
				}
			}
		}
	}
	if e.changed {
		state := e.state
		ch.Claim = &state
	}
	ch.DeleteDedRem, ch.DedRem = e.replace, e.dedRem
	return ch
}

// Amount is an assignment to a decimal(18,2) variable.
func (e *evaluation) money(d decimal.Decimal) decimal.Decimal {
	d = d.Round(2)
	if Overflows(d) {
		e.overflow = true
	}
	return d
}

// Apply takes changes over, so that later claims of the same run see them.
func (d *Data) Apply(ch Changes) {
	c := d.claims[ch.ClaimID]
	if c == nil {
		return
	}
	if ch.Claim != nil {
		c.ClaimState = *ch.Claim
		c.category = categoryOf(c.ClaimCategory)
	}
	for i := range ch.Lines {
		ch.Lines[i].line.LineState = ch.Lines[i].LineState
		ch.Lines[i].line.unset = false
	}
	if ch.DeleteDedRem {
		for _, row := range d.dedRems[ch.ClaimID] {
			d.sum(row, -1)
		}
		delete(d.dedRems, ch.ClaimID)
	}
	if ch.DedRem != nil {
		d.sum(*ch.DedRem, 1)
		d.dedRems[ch.ClaimID] = append(d.dedRems[ch.ClaimID], *ch.DedRem)
	}
}

// sameLetter compares char(1) columns as the database does.
func sameLetter(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, " "), b)
}

// reasons holds the values that RejectionReason pointers point to; nobody writes to them.
var reasons = func() (r [32]int) {
	for i := range r {
		r[i] = i
	}
	return r
}()

// reasonPointer gives a pointer to a RejectionReason, to which nobody writes.
func reasonPointer(reason int) *int {
	if reason >= 0 && reason < len(reasons) {
		return &reasons[reason]
	}
	return &reason
}
