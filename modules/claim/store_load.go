package claim

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// purpose of a load: submission looks at the other claims of the insurees, processing at what was
// deducted and remunerated before.
type purpose uint8

const (
	forSubmit purpose = 1 << iota
	forProcess
)

// load fills Rows for a run over claims with a fixed number of statements, whatever their number. It locks what two runs
// at a time must not both rely on: the claims, then the policies of their families, whose ceilings they use up; each in
// ascending order, so that two runs wait for each other and never in a circle. What others committed meanwhile is seen.
// Of the claims in scope, closed ones too, those that admit takes are loaded.
func load(ctx context.Context, tx *db.Tx, s auth.Scope, ids []int, why purpose, admit func(*rules.Claim) bool) (rules.Rows, error) {
	l := loader{ctx: ctx, tx: tx}
	fail := func(err error) (rules.Rows, error) {
		return rules.Rows{}, fmt.Errorf("load %d claims: %w", len(ids), err)
	}
	if err := l.claims(s, ids, admit); err != nil {
		return fail(err)
	}
	if len(l.run) == 0 {
		return l.rows, nil
	}
	steps := []func() error{l.people, l.policies}
	if why&forSubmit != 0 {
		steps = append(steps, l.others)
	}
	steps = append(steps, l.lines)
	if why&forProcess != 0 {
		steps = append(steps, l.dedRems)
	}
	for _, step := range append(steps, l.facilities, l.registers, l.products) {
		if err := step(); err != nil {
			return fail(err)
		}
	}
	return l.rows, nil
}

// lock takes the locks of load for a run of several portions, before the first of them.
func lock(ctx context.Context, tx *db.Tx, s auth.Scope, ids []int) error {
	where, more := ScopeWhere(s, "c")
	w := new(table.Where).And(`c."ClaimID" IN $ints(?)`, db.Ints(ids)).And(where, more...)
	src := `SELECT c."ClaimID" FROM "tblClaim" AS c $updlock WHERE ` + w.Condition()
	var locked []int
	if err := tx.Select(ctx, &locked, src+` ORDER BY c."ClaimID" $forupdate`, w.Args()...); err != nil {
		return fmt.Errorf("lock %d claims: %w", len(ids), err)
	}
	err := tx.Select(ctx, &locked, `SELECT p."PolicyID" FROM "tblPolicy" AS p $updlock
		WHERE p."FamilyID" IN (SELECT i."FamilyID" FROM "tblClaim" AS c JOIN "tblInsuree" AS i ON i."InsureeID" = c."InsureeID" WHERE c."ClaimID" IN $ints(?))
		ORDER BY p."PolicyID" $forupdate`, db.Ints(ids))
	if err != nil {
		return fmt.Errorf("lock the policies of %d claims: %w", len(ids), err)
	}
	return nil
}

// loader collects the rows and the ids that the next statements ask for.
type loader struct {
	ctx  context.Context
	tx   *db.Tx
	run  db.Ints // ids of the claims of the run
	rows rules.Rows

	insurees, families, hfs, policyIDs set
	prodIDs                            set
	otherClaims                        db.Ints
	entries, priceLists                [rules.KindCount]set
}

// set of ids as a list parameter.
type set map[int]bool

func (s *set) add(id int) {
	if *s == nil {
		*s = set{}
	}
	(*s)[id] = true
}

func (s *set) addIf(id *int) {
	if id != nil {
		s.add(*id)
	}
}

func (s set) list() db.Ints {
	list := make(db.Ints, 0, len(s))
	for id := range s {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

func (l *loader) read(dest any, src string, args ...any) error {
	return l.tx.Select(l.ctx, dest, src, args...)
}

func (l *loader) claims(s auth.Scope, ids []int, admit func(*rules.Claim) bool) error {
	where, more := ScopeWhere(s, "c")
	w := new(table.Where).And(`c."ClaimID" IN $ints(?)`, db.Ints(ids)).And(where, more...)
	src := `SELECT ` + claimRecord.List("c", nil) + ` FROM "tblClaim" AS c $updlock WHERE ` + w.Condition()
	err := l.read(&l.rows.Claims, src+` ORDER BY c."ClaimID" $forupdate`, w.Args()...)
	l.rows.Claims = slices.DeleteFunc(l.rows.Claims, func(c rules.Claim) bool { return !admit(&c) })
	for i := range l.rows.Claims {
		c := &l.rows.Claims[i]
		l.run = append(l.run, c.ClaimID)
		l.insurees.add(c.InsureeID)
		l.hfs.add(c.HFID)
	}
	return err
}

// people are the insurees with their families.
func (l *loader) people() error {
	var found []struct {
		rules.Insuree
		Family       *int       `db:"Family"`
		FamilyClosed *time.Time `db:"FamilyClosed"`
	}
	if err := l.read(&found, `SELECT `+insureeRecord.List("i", nil)+`, f."FamilyID" AS "Family", f."ValidityTo" AS "FamilyClosed"
		FROM "tblInsuree" AS i LEFT JOIN "tblFamilies" AS f ON f."FamilyID" = i."FamilyID" WHERE i."InsureeID" IN $ints(?)`, l.insurees.list()); err != nil {
		return err
	}
	for i := range found {
		l.rows.Insurees = append(l.rows.Insurees, found[i].Insuree)
		if id := found[i].Family; id != nil && !l.families[*id] {
			l.families.add(*id)
			l.rows.Families = append(l.rows.Families, rules.Family{FamilyID: *id, ValidityTo: found[i].FamilyClosed})
		}
	}
	return nil
}

func (l *loader) policies() error {
	var all []rules.Policy
	if err := l.read(&all, `SELECT `+policyRecord.List("p", nil)+` FROM "tblPolicy" AS p $updlock WHERE p."FamilyID" IN $ints(?) ORDER BY p."PolicyID" $forupdate`, l.families.list()); err != nil {
		return err
	}
	for _, p := range all {
		l.policyIDs.add(p.PolicyID)
		if p.ValidityTo == nil && p.PolicyStatus != nil && (*p.PolicyStatus == rules.PolicyActive || *p.PolicyStatus == rules.PolicyExpired) {
			l.rows.Policies = append(l.rows.Policies, p)
			l.prodIDs.add(p.ProdID)
		}
	}
	return l.read(&l.rows.InsureePolicies, `SELECT `+insureePolicyRecord.List("c", nil)+` FROM "tblInsureePolicy" AS c WHERE c."PolicyId" IN $ints(?) AND c."ValidityTo" IS NULL`, l.policyIDs.list())
}

// others are the other claims of the insurees past entry.
func (l *loader) others() error {
	var found []rules.Claim
	if err := l.read(&found, `SELECT `+claimRecord.List("c", nil)+` FROM "tblClaim" AS c WHERE c."InsureeID" IN $ints(?) AND c."ClaimStatus" > ? AND c."ValidityTo" IS NULL`,
		l.insurees.list(), rules.StatusEntered); err != nil {
		return err
	}
	own := make(set, len(l.run))
	for _, id := range l.run {
		own.add(id)
	}
	for i := range found {
		if id := found[i].ClaimID; !own[id] {
			l.rows.Claims = append(l.rows.Claims, found[i])
			l.otherClaims = append(l.otherClaims, id)
		}
	}
	return nil
}

// lines of the run's claims, and the current ones of the others. Which of these count against a limit is left to the
// rules: an engine without statistics takes every further condition for a rare one and chooses a plan for few rows.
func (l *loader) lines() error {
	own := make(set, len(l.run))
	for _, id := range l.run {
		own.add(id)
	}
	for k := range rules.KindCount {
		n := rules.Legacy[k]
		columns := `SELECT ` + lineRecord.List("l", lineLabels(n)) + ` FROM "` + n.Lines + `" AS l WHERE l."ClaimID" IN $ints(?)`
		src, args := columns, []any{l.run}
		if len(l.otherClaims) > 0 {
			src, args = columns+` UNION ALL `+columns+` AND l."ValidityTo" IS NULL`, append(args, l.otherClaims)
		}
		if err := l.read(&l.rows.Lines[k], src, args...); err != nil {
			return err
		}
		for i := range l.rows.Lines[k] {
			if line := &l.rows.Lines[k][i]; own[line.ClaimID] {
				l.entries[k].add(line.EntryID)
				l.prodIDs.addIf(line.ProdID)
			}
		}
	}
	return nil
}

func (l *loader) dedRems() error {
	if err := l.read(&l.rows.DedRemSums, `SELECT d."PolicyID", d."InsureeID", SUM(d."DedG") AS "DedG", SUM(d."DedOP") AS "DedOP", SUM(d."DedIP") AS "DedIP",
		SUM(d."RemG") AS "RemG", SUM(d."RemOP") AS "RemOP", SUM(d."RemIP") AS "RemIP"
		FROM "tblClaimDedRem" AS d WHERE d."PolicyID" IN $ints(?) GROUP BY d."PolicyID", d."InsureeID"`, l.policyIDs.list()); err != nil {
		return err
	}
	for i := range l.rows.DedRemSums { // the embedded database adds up binary fractions
		s := &l.rows.DedRemSums[i]
		for _, m := range []*rules.Amount{&s.DedG, &s.DedOP, &s.DedIP, &s.RemG, &s.RemOP, &s.RemIP} {
			if *m != nil {
				*m = rules.Pointer((*m).Round(2))
			}
		}
	}
	return l.read(&l.rows.DedRems, `SELECT `+dedRemRecord.List("d", nil)+` FROM "tblClaimDedRem" AS d WHERE d."ClaimID" IN $ints(?)`, l.run)
}

// facilities with the price lists that are current.
func (l *loader) facilities() error {
	var found []struct {
		rules.Facility
		Items    *int `db:"CurrentItems"`
		Services *int `db:"CurrentServices"`
	}
	items, services := rules.Legacy[rules.Items], rules.Legacy[rules.Services]
	err := l.read(&found, `SELECT `+facilityRecord.List("h", nil)+`, i."`+items.ListID+`" AS "CurrentItems", s."`+services.ListID+`" AS "CurrentServices" FROM "tblHF" AS h
		LEFT JOIN "`+items.List+`" AS i ON i."`+items.ListID+`" = h."`+items.HFListID+`" AND i."ValidityTo" IS NULL
		LEFT JOIN "`+services.List+`" AS s ON s."`+services.ListID+`" = h."`+services.HFListID+`" AND s."ValidityTo" IS NULL
		WHERE h."HfID" IN $ints(?)`, l.hfs.list())
	for i := range found {
		l.rows.Facilities = append(l.rows.Facilities, found[i].Facility)
		for k, current := range [rules.KindCount]*int{rules.Items: found[i].Items, rules.Services: found[i].Services} {
			l.priceLists[k].addIf(found[i].List(rules.Kind(k)))
			if current != nil {
				l.rows.Lists[k] = append(l.rows.Lists[k], *current)
			}
		}
	}
	return err
}

// registers are items and services with their versions and prices.
func (l *loader) registers() error {
	for k := range rules.KindCount {
		n, entries := rules.Legacy[k], l.entries[k].list()
		if len(entries) == 0 {
			continue
		}
		if err := l.read(&l.rows.Entries[k], `SELECT `+entryRecord.List("e", entryLabels(n))+` FROM "`+n.Entry+`" AS e WHERE e."`+n.EntryID+`" IN $ints(?) OR e."LegacyID" IN $ints(?)`, entries, entries); err != nil {
			return err
		}
		if err := l.read(&l.rows.Details[k], `SELECT `+detailRecord.List("d", detailLabels(n))+` FROM "`+n.Details+`" AS d
			WHERE d."`+n.ListID+`" IN $ints(?) AND d."`+n.EntryID+`" IN $ints(?) AND d."ValidityTo" IS NULL`, l.priceLists[k].list(), entries); err != nil {
			return err
		}
	}
	return nil
}

// products with what they cover of the claimed items and services.
func (l *loader) products() error {
	ids := l.prodIDs.list()
	for k := range rules.KindCount {
		n, entries := rules.Legacy[k], l.entries[k].list()
		if len(entries) == 0 {
			continue
		}
		if err := l.read(&l.rows.ProductLines[k], `SELECT `+productLineRecord.List("p", productLineLabels(n))+` FROM "`+n.Products+`" AS p
			WHERE p."ProdID" IN $ints(?) AND p."`+n.EntryID+`" IN $ints(?) AND p."ValidityTo" IS NULL`, ids, entries); err != nil {
			return err
		}
	}
	return l.read(&l.rows.Products, `SELECT `+productRecord.List("p", nil)+` FROM "tblProduct" AS p WHERE p."ProdID" IN $ints(?)`, ids)
}
