package claim

import (
	"context"
	"slices"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Outcome is what became of one claim of a run.
type Outcome struct {
	ClaimID  int
	Code     string
	Status   int       // of the claim afterwards
	Obstacle *Obstacle // why it was left alone; nil: it was not
}

// Submission is what became of claims that were submitted, ascending by their ids. A claim that the rules reject is no
// failure.
type Submission struct {
	Outcomes []Outcome
	Counts   rules.SubmitCounts // of the claims that were not left alone for their status
}

// Processing is what became of claims that were processed, ascending by their ids.
type Processing struct {
	Outcomes []Outcome
	Counts   rules.ProcessCounts // of the claims that were not left alone for their status
}

// Submit checks entered claims by the rules: they become checked or rejected. A claim that is named twice counts once.
func (Service) Submit(ctx context.Context, tx *db.Tx, a Author, claims []rules.Ref) (s Submission, err error) {
	s.Outcomes, err = run{author: a, purpose: forSubmit, step: Submitted, allowed: []int{rules.StatusEntered},
		rules: func(d *rules.Data, refs []rules.Ref) []rules.Changes {
			changes, n := d.SubmitClaims(refs, a.rules())
			s.Counts.Add(n)
			return changes
		}}.over(ctx, tx, claims)
	return s, err
}

// Process valuates checked claims: they become valuated, or processed when prices are relative to a batch run.
func (Service) Process(ctx context.Context, tx *db.Tx, a Author, claims []rules.Ref) (p Processing, err error) {
	p.Outcomes, err = run{author: a, purpose: forProcess, step: Processed, allowed: []int{rules.StatusChecked},
		rules: func(d *rules.Data, refs []rules.Ref) []rules.Changes {
			changes, n := d.ProcessClaims(refs, a.rules())
			p.Counts.Add(n)
			return changes
		}}.over(ctx, tx, claims)
	return p, err
}

// portion is how many claims are in memory at a time.
const portion = 2000

// run takes claims through a step of the rules.
type run struct {
	author  Author
	purpose purpose
	step    Step
	allowed []int // statuses; nil: all, closed claims too
	rules   func(*rules.Data, []rules.Ref) []rules.Changes
}

// over locks and loads the claims, applies the rules and writes what became of them, with a fixed number of statements
// for every 2,000.
func (r run) over(ctx context.Context, tx *db.Tx, claims []rules.Ref) (outcomes []Outcome, err error) {
	refs := rules.InOrder(claims)
	if r.allowed != nil {
		refs = slices.CompactFunc(refs, func(a, b rules.Ref) bool { return a.ClaimID == b.ClaimID })
	}
	ids := make([]int, len(refs))
	for i, ref := range refs {
		ids[i] = ref.ClaimID
	}
	if len(ids) > portion {
		if err := lock(ctx, tx, r.author.Scope, ids); err != nil {
			return nil, err
		}
	}
	for len(refs) > 0 {
		n := min(portion, len(refs))
		for n < len(refs) && refs[n].ClaimID == refs[n-1].ClaimID { // repeated ones are told within a portion
			n++
		}
		some, err := r.portion(ctx, tx, refs[:n], ids[:n])
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, some...)
		refs, ids = refs[n:], ids[n:]
	}
	return outcomes, nil
}

func (r run) portion(ctx context.Context, tx *db.Tx, refs []rules.Ref, ids []int) ([]Outcome, error) {
	found := make(map[int]Outcome, len(refs))
	admit := func(c *rules.Claim) bool {
		o := Outcome{ClaimID: c.ClaimID, Code: c.ClaimCode, Status: c.ClaimStatus}
		switch {
		case r.allowed == nil:
		case c.ValidityTo != nil:
			return false
		case !slices.Contains(r.allowed, c.ClaimStatus):
			o.Obstacle = r.obstacle(o, WrongStatus)
		}
		found[c.ClaimID] = o
		return o.Obstacle == nil
	}
	rows, err := load(ctx, tx, r.author.Scope, ids, r.purpose, admit)
	if err != nil {
		return nil, err
	}
	var admitted []rules.Ref
	outcomes := make([]Outcome, len(refs))
	for i, ref := range refs {
		o, ok := found[ref.ClaimID]
		if !ok {
			o = Outcome{ClaimID: ref.ClaimID}
			o.Obstacle = r.obstacle(o, NotFound)
		}
		outcomes[i] = o
		if o.Obstacle == nil || r.allowed == nil {
			admitted = append(admitted, ref)
		}
	}
	changes := r.rules(rules.NewData(rows), admitted)
	if err := save(ctx, tx, changes, r.author.Now); err != nil {
		return nil, err
	}
	next := 0
	for i := range outcomes {
		o := &outcomes[i]
		switch {
		case o.Obstacle != nil:
		case next == len(changes) || changes[next].ClaimID != o.ClaimID:
			o.Obstacle = r.obstacle(*o, Changed)
		default:
			if ch := &changes[next]; ch.Outcome.Failed {
				o.Obstacle = r.obstacle(*o, Failed)
			} else if ch.Claim != nil {
				o.Status = ch.Claim.ClaimStatus
			}
			next++
		}
	}
	return outcomes, nil
}

// Single runs one step of the rules on one claim in whatever status, as the procedures for a single claim do:
// rules.Data.Submit, Assign, Valuate. ok is false when there is no such claim. It is for replaying recorded scenarios;
// it looks at no scope.
func Single(ctx context.Context, tx *db.Tx, id int, author rules.Author, step func(*rules.Data, *rules.Claim, rules.Author) rules.Changes) (ch rules.Changes, ok bool, err error) {
	everybody := &auth.Principal{Person: &auth.Person{ID: author.UserID}, Scope: auth.Scope{All: true}}
	_, err = run{author: Author{everybody, author.Now}, purpose: forSubmit | forProcess, rules: func(d *rules.Data, _ []rules.Ref) []rules.Changes {
		c := d.Claim(id)
		if c == nil {
			return nil
		}
		ch, ok = step(d, c, author), true
		return []rules.Changes{ch}
	}}.over(ctx, tx, []rules.Ref{{ClaimID: id}})
	return ch, ok, err
}

func (r run) obstacle(o Outcome, why Reason) *Obstacle {
	return &Obstacle{ClaimID: o.ClaimID, Reason: why, Code: o.Code, Status: o.Status, Step: r.step, Allowed: r.allowed}
}
