package claim

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// portion is how many claims are in memory at a time.
const portion = 2000

// Submit submits claims in a transaction: it locks and loads them, applies the rules and writes what
// became of them, with a fixed number of statements for every 2,000. Claims that are not there are
// passed over and counted as changed.
func Submit(ctx context.Context, tx *db.Tx, refs []rules.Ref, author rules.Author) (all []rules.Changes, n rules.SubmitCounts, err error) {
	err = portions(ctx, tx, refs, forSubmit, func(d *rules.Data, refs []rules.Ref) []rules.Changes {
		changes, counts := d.SubmitClaims(refs, author)
		n.Add(counts)
		all = append(all, changes...)
		return changes
	}, author)
	return all, n, err
}

// Process assigns and valuates claims in a transaction, as Submit submits them.
func Process(ctx context.Context, tx *db.Tx, refs []rules.Ref, author rules.Author) (all []rules.Changes, n rules.ProcessCounts, err error) {
	err = portions(ctx, tx, refs, forProcess, func(d *rules.Data, refs []rules.Ref) []rules.Changes {
		changes, counts := d.ProcessClaims(refs, author)
		n.Add(counts)
		all = append(all, changes...)
		return changes
	}, author)
	return all, n, err
}

// Single runs one step of the rules on one claim, as the procedures for a single claim do: Data.Submit,
// Data.Assign, Data.Valuate. ok is false when there is no such claim.
func Single(ctx context.Context, tx *db.Tx, id int, author rules.Author, step func(*rules.Data, *rules.Claim, rules.Author) rules.Changes) (ch rules.Changes, ok bool, err error) {
	err = portions(ctx, tx, []rules.Ref{{ClaimID: id}}, forSubmit|forProcess, func(d *rules.Data, _ []rules.Ref) []rules.Changes {
		c := d.Claim(id)
		if c == nil {
			return nil
		}
		ch, ok = step(d, c, author), true
		return []rules.Changes{ch}
	}, author)
	return ch, ok, err
}

// portions locks the claims and takes them through the rules in ascending order.
func portions(ctx context.Context, tx *db.Tx, refs []rules.Ref, why purpose, step func(*rules.Data, []rules.Ref) []rules.Changes, author rules.Author) error {
	refs = slices.Clone(refs)
	slices.SortStableFunc(refs, func(a, b rules.Ref) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
	ids := make([]int, len(refs))
	for i, r := range refs {
		ids[i] = r.ClaimID
	}
	if err := Lock(ctx, tx, ids); err != nil {
		return err
	}
	for len(refs) > 0 {
		n := min(portion, len(refs))
		for n < len(refs) && refs[n].ClaimID == refs[n-1].ClaimID { // repeated ones are told within a run
			n++
		}
		rows, err := load(ctx, tx, ids[:n], why)
		if err != nil {
			return err
		}
		changes := step(rules.NewData(rows), refs[:n])
		if err := save(ctx, tx, changes, author.Now); err != nil {
			return err
		}
		refs, ids = refs[n:], ids[n:]
	}
	return nil
}

// Lock takes what two runs at a time must not both rely on: the claims, then the policies of their
// families, whose ceilings they use up; each in ascending order, so that two runs wait for each other
// and never in a circle. What others committed meanwhile is seen by all that is read afterwards.
func Lock(ctx context.Context, tx *db.Tx, ids []int) error {
	if err := lockClaims(ctx, tx, ids); err != nil {
		return err
	}
	var policies []int
	err := tx.Select(ctx, &policies, `SELECT p."PolicyID" FROM "tblPolicy" AS p $updlock
		WHERE p."FamilyID" IN (SELECT i."FamilyID" FROM "tblClaim" AS c JOIN "tblInsuree" AS i ON i."InsureeID" = c."InsureeID" WHERE c."ClaimID" IN $ints(?))
		ORDER BY p."PolicyID" $forupdate`, db.Ints(ids))
	if err != nil {
		return fmt.Errorf("lock the policies of %d claims: %w", len(ids), err)
	}
	return nil
}

// lockClaims keeps everybody else from changing the claims until the transaction ends.
func lockClaims(ctx context.Context, tx *db.Tx, ids []int) error {
	var locked []int
	err := tx.Select(ctx, &locked, `SELECT c."ClaimID" FROM "tblClaim" AS c $updlock WHERE c."ClaimID" IN $ints(?) ORDER BY c."ClaimID" $forupdate`, db.Ints(ids))
	if err != nil {
		return fmt.Errorf("lock %d claims: %w", len(ids), err)
	}
	return nil
}
