package claim

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/db"
)

// Submit submits claims in a transaction: it locks and loads them, applies the rules and writes what
// became of them. Claims that are not there are passed over and counted as changed.
func Submit(ctx context.Context, tx *db.Tx, refs []Ref, author Author) ([]Changes, SubmitCounts, error) {
	rows, err := load(ctx, tx, refIDs(refs), forSubmit)
	if err != nil {
		return nil, SubmitCounts{}, err
	}
	changes, counts := NewData(rows).SubmitClaims(refs, author)
	return changes, counts, save(ctx, tx, changes, author.Now)
}

// Process assigns and valuates claims in a transaction, as Submit submits them.
func Process(ctx context.Context, tx *db.Tx, refs []Ref, author Author) ([]Changes, ProcessCounts, error) {
	rows, err := load(ctx, tx, refIDs(refs), forProcess)
	if err != nil {
		return nil, ProcessCounts{}, err
	}
	changes, counts := NewData(rows).ProcessClaims(refs, author)
	return changes, counts, save(ctx, tx, changes, author.Now)
}

// Single runs one step of the rules on one claim, as the procedures for a single claim do: Data.Submit,
// Data.Assign, Data.Valuate. ok is false when there is no such claim.
func Single(ctx context.Context, tx *db.Tx, id int, author Author, step func(*Data, *Claim, Author) Changes) (ch Changes, ok bool, err error) {
	rows, err := load(ctx, tx, []int{id}, forSubmit|forProcess)
	if err != nil {
		return ch, false, err
	}
	d := NewData(rows)
	c := d.Claim(id)
	if c == nil {
		return ch, false, nil
	}
	ch = step(d, c, author)
	return ch, true, save(ctx, tx, []Changes{ch}, author.Now)
}

func refIDs(refs []Ref) []int {
	ids := make([]int, len(refs))
	for i, r := range refs {
		ids[i] = r.ClaimID
	}
	return ids
}
