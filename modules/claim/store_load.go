package claim

import (
	"context"
	"fmt"
	"slices"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// purpose of a load: submission looks at the other claims of the insurees, processing at what was
// deducted and remunerated before.
type purpose uint8

const (
	forSubmit purpose = 1 << iota
	forProcess
)

// load fills Rows for a run over claims with a fixed number of statements, whatever their number. The
// claims must be locked (Lock), for what is read to stay true.
func load(ctx context.Context, tx *db.Tx, ids []int, why purpose) (rules.Rows, error) {
	l := loader{ctx: ctx, tx: tx, run: ids}
	steps := []func() error{l.claims, l.people, l.policies, l.lines}
	if why&forSubmit != 0 {
		steps = append(steps, l.others)
	}
	if why&forProcess != 0 {
		steps = append(steps, l.dedRems)
	}
	for _, step := range append(steps, l.facilities, l.registers, l.products) {
		if err := step(); err != nil {
			return rules.Rows{}, fmt.Errorf("load %d claims: %w", len(ids), err)
		}
	}
	return l.rows, nil
}

// loader collects the rows and the ids that the next statements ask for.
type loader struct {
	ctx  context.Context
	tx   *db.Tx
	run  []int
	rows rules.Rows

	insurees, families, hfs, policyIDs set
	prodIDs                            set
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

func (l *loader) claims() error {
	err := l.read(&l.rows.Claims, `SELECT `+claimRecord.list("c", nil)+` FROM "tblClaim" AS c WHERE c."ClaimID" IN $ints(?)`, db.Ints(l.run))
	for i := range l.rows.Claims {
		l.insurees.add(l.rows.Claims[i].InsureeID)
		l.hfs.add(l.rows.Claims[i].HFID)
	}
	return err
}

func (l *loader) people() error {
	if err := l.read(&l.rows.Insurees, `SELECT `+insureeRecord.list("i", nil)+` FROM "tblInsuree" AS i WHERE i."InsureeID" IN $ints(?)`, l.insurees.list()); err != nil {
		return err
	}
	for i := range l.rows.Insurees {
		l.families.addIf(l.rows.Insurees[i].FamilyID)
	}
	return l.read(&l.rows.Families, `SELECT `+familyRecord.list("f", nil)+` FROM "tblFamilies" AS f WHERE f."FamilyID" IN $ints(?)`, l.families.list())
}

func (l *loader) policies() error {
	var all []rules.Policy
	if err := l.read(&all, `SELECT `+policyRecord.list("p", nil)+` FROM "tblPolicy" AS p WHERE p."FamilyID" IN $ints(?)`, l.families.list()); err != nil {
		return err
	}
	for _, p := range all {
		l.policyIDs.add(p.PolicyID)
		if p.ValidityTo == nil && p.PolicyStatus != nil && (*p.PolicyStatus == rules.PolicyActive || *p.PolicyStatus == rules.PolicyExpired) {
			l.rows.Policies = append(l.rows.Policies, p)
			l.prodIDs.add(p.ProdID)
		}
	}
	return l.read(&l.rows.InsureePolicies, `SELECT `+insureePolicyRecord.list("c", nil)+` FROM "tblInsureePolicy" AS c WHERE c."PolicyId" IN $ints(?) AND c."ValidityTo" IS NULL`, l.policyIDs.list())
}

// lines of the run's claims.
func (l *loader) lines() error {
	for k := range rules.KindCount {
		n := rules.Legacy[k]
		if err := l.read(&l.rows.Lines[k], `SELECT `+lineRecord.list("l", lineLabels(n))+` FROM "`+n.Lines+`" AS l WHERE l."ClaimID" IN $ints(?)`, db.Ints(l.run)); err != nil {
			return err
		}
		for i := range l.rows.Lines[k] {
			l.entries[k].add(l.rows.Lines[k][i].EntryID)
			l.prodIDs.addIf(l.rows.Lines[k][i].ProdID)
		}
	}
	return nil
}

// others are the other claims of the insurees past entry, with their lines. Which lines count against a
// limit is left to the rules: an engine without statistics takes every further condition for a rare one
// and chooses a plan for few rows.
func (l *loader) others() error {
	var found []rules.Claim
	if err := l.read(&found, `SELECT `+claimRecord.list("c", nil)+` FROM "tblClaim" AS c WHERE c."InsureeID" IN $ints(?) AND c."ClaimStatus" > ? AND c."ValidityTo" IS NULL`,
		l.insurees.list(), rules.StatusEntered); err != nil {
		return err
	}
	own := make(set, len(l.run))
	for _, id := range l.run {
		own.add(id)
	}
	var ids db.Ints
	for i := range found {
		if id := found[i].ClaimID; !own[id] {
			l.rows.Claims = append(l.rows.Claims, found[i])
			ids = append(ids, id)
		}
	}
	for k := range rules.KindCount {
		n := rules.Legacy[k]
		var lines []rules.Line
		if err := l.read(&lines, `SELECT `+lineRecord.list("l", lineLabels(n))+` FROM "`+n.Lines+`" AS l WHERE l."ClaimID" IN $ints(?) AND l."ValidityTo" IS NULL`, ids); err != nil {
			return err
		}
		l.rows.Lines[k] = append(l.rows.Lines[k], lines...)
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
	return l.read(&l.rows.DedRems, `SELECT `+dedRemRecord.list("d", nil)+` FROM "tblClaimDedRem" AS d WHERE d."ClaimID" IN $ints(?)`, db.Ints(l.run))
}

func (l *loader) facilities() error {
	err := l.read(&l.rows.Facilities, `SELECT `+facilityRecord.list("h", nil)+` FROM "tblHF" AS h WHERE h."HfID" IN $ints(?)`, l.hfs.list())
	for i := range l.rows.Facilities {
		for k := range rules.KindCount {
			l.priceLists[k].addIf(l.rows.Facilities[i].List(k))
		}
	}
	return err
}

// registers are items and services with their versions and prices.
func (l *loader) registers() error {
	for k := range rules.KindCount {
		n, entries, lists := rules.Legacy[k], l.entries[k].list(), l.priceLists[k].list()
		if err := l.read(&l.rows.Entries[k], `SELECT `+entryRecord.list("e", entryLabels(n))+` FROM "`+n.Entry+`" AS e WHERE e."`+n.EntryID+`" IN $ints(?) OR e."LegacyID" IN $ints(?)`, entries, entries); err != nil {
			return err
		}
		if err := l.read(&l.rows.Lists[k], `SELECT p."`+n.ListID+`" FROM "`+n.List+`" AS p WHERE p."`+n.ListID+`" IN $ints(?) AND p."ValidityTo" IS NULL`, lists); err != nil {
			return err
		}
		if err := l.read(&l.rows.Details[k], `SELECT `+detailRecord.list("d", detailLabels(n))+` FROM "`+n.Details+`" AS d
			WHERE d."`+n.ListID+`" IN $ints(?) AND d."`+n.EntryID+`" IN $ints(?) AND d."ValidityTo" IS NULL`, lists, entries); err != nil {
			return err
		}
	}
	return nil
}

// products with what they cover of the claimed items and services.
func (l *loader) products() error {
	ids := l.prodIDs.list()
	for k := range rules.KindCount {
		n := rules.Legacy[k]
		if err := l.read(&l.rows.ProductLines[k], `SELECT `+productLineRecord.list("p", productLineLabels(n))+` FROM "`+n.Products+`" AS p
			WHERE p."ProdID" IN $ints(?) AND p."`+n.EntryID+`" IN $ints(?) AND p."ValidityTo" IS NULL`, ids, l.entries[k].list()); err != nil {
			return err
		}
	}
	return l.read(&l.rows.Products, `SELECT `+productRecord.list("p", nil)+` FROM "tblProduct" AS p WHERE p."ProdID" IN $ints(?)`, ids)
}
