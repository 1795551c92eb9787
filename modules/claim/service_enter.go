package claim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Enter enters a claim: the one way in, whichever client it comes from. The claim has status entered and waits to be
// submitted. All problems are told at once (*Refusal).
//
// What the form names by id must be something the author may see; an insuree named by number may be from elsewhere. The
// facility must be one that the author may enter claims for; its row is locked, so that two claims cannot take a code.
func (Service) Enter(ctx context.Context, tx *db.Tx, a Author, f rules.Form) (claimID int, err error) {
	problems := checkForm(&f, a.Now, CodeLength(tx))
	problems = append(problems, rules.WrittenLines{}.Judged(&f)...)
	w, more, err := writable(ctx, tx, a, &f, nil)
	if err != nil {
		return 0, fmt.Errorf("look up what claim %s refers to: %w", f.Code, err)
	}
	if problems = append(problems, more...); len(problems) > 0 {
		return 0, refused(problems)
	}
	if claimID, err = insertClaim(ctx, tx, w, a.rules()); err != nil {
		return 0, fmt.Errorf("enter claim %s: %w", f.Code, err)
	}
	return claimID, nil
}

// checkForm finds what is wrong with a form by itself. maxCode is the length of tblClaim.ClaimCode.
func checkForm(f *rules.Form, now time.Time, maxCode int) []rules.Problem {
	problems := f.Check(now)
	if n := schema.Length(f.Code); n > maxCode {
		problems = append([]rules.Problem{{Code: rules.BadValue, At: rules.Place{Part: rules.PartCode},
			Text: fmt.Sprintf("the code has %d characters; at most %d are allowed", n, maxCode)}}, problems...)
	}
	return problems
}

// writable looks up what a form refers to and makes the rows to write. old is the claim that is updated, nil at entry:
// what it refers to already need not be current any more.
func writable(ctx context.Context, tx *db.Tx, a Author, f *rules.Form, old *storedClaim) (w *writtenClaim, problems []rules.Problem, err error) {
	r := resolver{ctx: ctx, tx: tx, author: a, form: f, old: old}
	for _, step := range []func() error{r.facility, r.insuree, r.diagnoses, r.lines, r.admin} {
		if err := step(); err != nil {
			return nil, nil, err
		}
	}
	if len(r.problems) > 0 {
		return nil, r.problems, nil
	}
	total, problems := f.Total()
	r.written.Claimed = total
	return &r.written, problems, nil
}

// resolver finds the rows that a form names, by id or by code, and says which it does not find.
type resolver struct {
	ctx      context.Context
	tx       *db.Tx
	author   Author
	form     *rules.Form
	old      *storedClaim
	at       *facility // nil: unknown
	written  writtenClaim
	problems []rules.Problem
}

func (r *resolver) problem(code rules.Code, at rules.Place, format string, args ...any) {
	r.problems = append(r.problems, rules.Problem{Code: code, At: at, Text: fmt.Sprintf(format, args...)})
}

// name is a Named in a sentence.
func name(n rules.Named) string {
	if n.ID != 0 {
		return fmt.Sprint(n.ID)
	}
	return n.Code
}

func (r *resolver) facility() (err error) {
	f := r.form
	if r.at, err = lockFacility(r.ctx, r.tx, r.author.Scope, f.Facility); err != nil {
		return err
	}
	if r.at == nil {
		r.problem(rules.UnknownFacility, rules.Place{Part: rules.PartFacility}, "there is no health facility %s that you may enter claims for", name(f.Facility))
		return nil
	}
	r.written = writtenClaim{HFID: r.at.HfID, ClaimCode: f.Code, DateClaimed: f.Claimed, DateFrom: f.From, DateTo: f.To, VisitType: f.VisitType,
		GuaranteeID: f.GuaranteeID, Explanation: f.Explanation}
	used, err := codeUsed(r.ctx, r.tx, r.at.HfID, f.Code, r.old.id())
	if err == nil && used {
		r.problem(rules.CodeUsed, rules.Place{Part: rules.PartCode}, "the health facility has a claim %s already", f.Code)
	}
	return err
}

func (r *resolver) insuree() error {
	n := r.form.Insuree
	if r.old != nil && n.ID != 0 && n.ID == r.old.InsureeID {
		r.written.InsureeID = n.ID
		return nil
	}
	id, err := currentInsuree(r.ctx, r.tx, r.author.Scope, n)
	switch {
	case err != nil:
		return err
	case id == nil && n.ID != 0:
		r.problem(rules.UnknownInsuree, rules.Place{Part: rules.PartInsuree}, "there is no current insuree %d that you may see", n.ID)
	case id == nil:
		r.problem(rules.UnknownInsuree, rules.Place{Part: rules.PartInsuree}, "there is no current insuree with the number %s", n.Code)
	default:
		r.written.InsureeID = *id
	}
	return nil
}

func (r *resolver) diagnoses() error {
	var named []rules.Named
	for i, n := range r.form.Diagnoses {
		if (i == 0 || n.Given()) && !(r.old != nil && slices.Contains(r.old.diagnoses(), n.ID)) {
			named = append(named, n)
		}
	}
	found, err := current(r.ctx, r.tx, diagnosisTable, nil, named)
	if err != nil {
		return err
	}
	into := r.written.diagnoses()
	for i, n := range r.form.Diagnoses {
		switch row := found.row(n); {
		case i > 0 && !n.Given():
		case row != nil:
			*into[i] = &row.ID
		case !n.Given():
			r.problem(rules.UnknownDiagnosis, rules.Place{Part: rules.PartDiagnosis}, "the main diagnosis is missing")
		case slices.Contains(named, n):
			r.problem(rules.UnknownDiagnosis, rules.Place{Part: rules.PartDiagnosis, Index: i}, "there is no current diagnosis %s", name(n))
		default: // of the claim as it was
			*into[i] = &n.ID
		}
	}
	return nil
}

func (r *resolver) lines() error {
	for k := range rules.KindCount {
		lines := r.form.Lines[k]
		var named []rules.Named
		priced := true
		for i := range lines {
			if lines[i].Of.Given() && !r.old.has(k, lines[i].Of.ID) {
				named = append(named, lines[i].Of)
			}
			priced = priced && lines[i].Price != nil
		}
		var list *int
		if !priced { // those that the claim has already need one too
			named = named[:0]
			for i := range lines {
				named = append(named, lines[i].Of)
			}
			list = r.at.list(k)
		}
		found, err := current(r.ctx, r.tx, registerTable(k), list, named)
		if err != nil {
			return err
		}
		for i := range lines {
			l := &lines[i]
			row := found.row(l.Of)
			switch {
			case !l.Of.Given(): // told by Check
				continue
			case row == nil && (l.Price == nil || !r.old.has(k, l.Of.ID)):
				code := [rules.KindCount]rules.Code{rules.UnknownItem, rules.UnknownService}[k]
				r.problem(code, rules.Place{Part: rules.PartLineEntry, Kind: k, Index: i}, "there is no current %s %s", k.Noun(), name(l.Of))
				continue
			case row == nil:
				row = &namedRow{ID: l.Of.ID}
			}
			if l.Price == nil {
				price := rules.Value(rules.FirstOf(row.PriceOverule, row.Price))
				l.Price = &price
			}
			r.written.Lines[k] = append(r.written.Lines[k], writtenLine{LineID: l.LineID, EntryID: row.ID, QtyProvided: rules.Value(l.Quantity), PriceAsked: *l.Price,
				Status: rules.LinePassed, Explanation: rules.TextOrNone(l.Explanation), Justification: rules.TextOrNone(l.Justification)})
		}
	}
	return nil
}

// admin finds the claim administrator.
func (r *resolver) admin() error {
	n := r.form.Admin
	if r.at == nil {
		return nil
	}
	place := rules.Place{Part: rules.PartAdmin}
	switch {
	case n == nil && r.old != nil && r.old.ClaimAdminID != nil:
		r.written.ClaimAdminID = r.old.ClaimAdminID
		return nil
	case n == nil:
		if r.author.Person == nil || r.author.Person.HealthFacility == nil {
			return nil
		}
		admins, err := adminsNamed(r.ctx, r.tx, rules.Named{Code: r.author.Username})
		r.written.ClaimAdminID = admins.of(r.at.HfID)
		return err
	case !n.Given():
		mandatory, err := adminMandatory(r.ctx, r.tx)
		if err == nil && mandatory {
			r.problem(rules.AdminMissing, place, "the claim administrator is missing")
		}
		return err
	case r.old != nil && r.old.ClaimAdminID != nil && *r.old.ClaimAdminID == n.ID:
		r.written.ClaimAdminID = r.old.ClaimAdminID
		return nil
	}
	admins, err := adminsNamed(r.ctx, r.tx, *n)
	if err != nil {
		return err
	}
	r.written.ClaimAdminID = admins.of(r.at.HfID)
	switch {
	case r.written.ClaimAdminID != nil:
	case !r.form.Lenient:
		r.problem(rules.UnknownAdmin, place, "the health facility has no claim administrator %s", name(*n))
	case len(admins) > 0:
		r.written.ClaimAdminID = &admins[0].ID
	}
	return nil
}
