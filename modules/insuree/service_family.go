package insuree

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules/insuree/rules"
)

// EnterFamily registers a family with its head. The village lies in the author's districts.
func (s Service) EnterFamily(ctx context.Context, tx *db.Tx, author auth.Author, h rules.Household, head rules.Person) (Entered, error) {
	if err := MayAddFamilies.Check(author.Principal, "the registration of families"); err != nil {
		return Entered{}, err
	}
	h, head = h.Trimmed(), head.Trimmed()
	if err := checkHousehold(tx, h); err != nil {
		return Entered{}, err
	}
	if err := s.checkPerson(tx, author, head); err != nil {
		return Entered{}, err
	}
	if err := lockNumbers(ctx, tx); err != nil {
		return Entered{}, err
	}
	if err := refer(ctx, tx, author, &head, &h, 0); err != nil {
		return Entered{}, err
	}
	familyID, err := insertFamily(ctx, tx, author, h)
	if err != nil {
		return Entered{}, err
	}
	insureeID, err := insertInsuree(ctx, tx, author, familyID, true, head)
	if err != nil {
		return Entered{}, err
	}
	_, err = tx.Update(ctx, "tblFamilies", familyID, db.Values{"InsureeID": insureeID})
	return Entered{InsureeID: insureeID, FamilyID: familyID}, err
}

// FoundFamily registers a family whose head is an insuree already, who leaves the family of before; see [Service.MoveInsuree].
func (s Service) FoundFamily(ctx context.Context, tx *db.Tx, author auth.Author, h rules.Household, headID int) (Entered, error) {
	for _, access := range []auth.Access{MayAddFamilies, MayEditInsurees} {
		if err := access.Check(author.Principal, "the registration of a family for an insuree"); err != nil {
			return Entered{}, err
		}
	}
	h = h.Trimmed()
	if err := checkHousehold(tx, h); err != nil {
		return Entered{}, err
	}
	i, err := findInsuree(ctx, tx, author, headID)
	if err != nil {
		return Entered{}, err
	}
	if err := refer(ctx, tx, author, nil, &h, 0); err != nil {
		return Entered{}, err
	}
	familyID, err := insertFamily(ctx, tx, author, h)
	if err != nil {
		return Entered{}, err
	}
	entered, err := s.move(ctx, tx, author, *i, Move{InsureeID: headID, FamilyID: familyID}, true)
	if err != nil {
		return Entered{}, err
	}
	_, err = tx.Update(ctx, "tblFamilies", familyID, db.Values{"InsureeID": headID})
	return entered, err
}

// UpdateFamily replaces all that is known of a family, apart from its members. A new village lies in the author's
// districts too.
func (s Service) UpdateFamily(ctx context.Context, tx *db.Tx, author auth.Author, familyID int, h rules.Household) error {
	if err := MayEditFamilies.Check(author.Principal, "the update of families"); err != nil {
		return err
	}
	h = h.Trimmed()
	if err := checkHousehold(tx, h); err != nil {
		return err
	}
	if _, err := findFamily(ctx, tx, author, familyID); err != nil {
		return err
	}
	if err := refer(ctx, tx, author, nil, &h, 0); err != nil {
		return err
	}
	return table.Change(ctx, tx, author, "tblFamilies", familyID, householdValues(h))
}

// SetHead makes a member the head of its family.
func (s Service) SetHead(ctx context.Context, tx *db.Tx, author auth.Author, familyID, insureeID int) error {
	if err := MayEditFamilies.Check(author.Principal, "the choice of a family's head"); err != nil {
		return err
	}
	if _, err := findFamily(ctx, tx, author, familyID); err != nil {
		return err
	}
	members, err := Members(ctx, tx, auth.Scope{All: true}, []int{familyID})
	if err != nil {
		return err
	}
	var was []int
	member := false
	for _, m := range members {
		switch {
		case m.ID == insureeID:
			member = true
		case m.Head:
			was = append(was, m.ID)
		}
	}
	if !member {
		return fault.Input("headInsuree", "headInsuree is %d, which is not a member of family %d.", insureeID, familyID)
	}
	if err := setHeads(ctx, tx, author, was, insureeID); err != nil {
		return err
	}
	return table.Change(ctx, tx, author, "tblFamilies", familyID, db.Values{"InsureeID": insureeID})
}

// DeleteFamily closes a family with all its members and ends their covers. A family with a policy that goes on is
// refused: that one is ended first. A family that the legacy application left without members can be deleted too.
//
// The author needs the right to delete insurees as well.
func (s Service) DeleteFamily(ctx context.Context, tx *db.Tx, author auth.Author, familyID int) error {
	for _, access := range []auth.Access{MayDeleteFamilies, MayDeleteInsurees} {
		if err := access.Check(author.Principal, "the removal of families"); err != nil {
			return err
		}
	}
	if _, err := findFamily(ctx, tx, author, familyID); err != nil {
		return err
	}
	if err := noOpenPolicies(ctx, tx, author, familyID); err != nil {
		return err
	}
	members, err := Members(ctx, tx, auth.Scope{All: true}, []int{familyID})
	if err != nil {
		return err
	}
	ids := make([]int, 0, len(members))
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	if err := leave(ctx, tx, author, ids...); err != nil {
		return err
	}
	if err := table.End(ctx, tx, author, "tblInsuree", ids...); err != nil {
		return err
	}
	return table.End(ctx, tx, author, "tblFamilies", familyID)
}

func insertFamily(ctx context.Context, tx *db.Tx, author auth.Author, h rules.Household) (int, error) {
	v := householdValues(h)
	v["InsureeID"], v["isOffline"] = 0, false // the head comes next; the legacy key between the two is not enforced
	v["AuditUserID"], v["ValidityFrom"] = author.AuditUserID(), author.At
	return tx.Insert(ctx, "tblFamilies", v)
}

// vacate lets an insuree go from its family: the last member takes the family along, another head has to stay.
func vacate(ctx context.Context, tx *db.Tx, author auth.Author, i Insuree) error {
	head, err := headed(ctx, tx, &i)
	if err != nil || !head {
		return err
	}
	members, err := Members(ctx, tx, auth.Scope{All: true}, []int{*i.FamilyID})
	if err != nil {
		return err
	}
	if len(members) > 1 {
		return fault.New(fault.Conflict, "Insuree %s is the head of family %d. Choose another head for it first.", number(i), *i.FamilyID)
	}
	if err := noOpenPolicies(ctx, tx, author, *i.FamilyID); err != nil {
		return err
	}
	return table.End(ctx, tx, author, "tblFamilies", *i.FamilyID)
}

// headed says whether an insuree is the head of a current family.
func headed(ctx context.Context, tx *db.Tx, i *Insuree) (bool, error) {
	if i.FamilyID == nil {
		return false, nil
	}
	f, err := LockFamily(ctx, tx, auth.Scope{All: true}, *i.FamilyID)
	return f != nil && f.HeadID == i.ID, err
}

func noOpenPolicies(ctx context.Context, tx *db.Tx, author auth.Author, familyID int) error {
	n, err := openPolicies(ctx, tx, familyID, author.Today())
	if err == nil && n > 0 {
		return fault.New(fault.Conflict, "Family %d has %d policies that have not expired; delete them first.", familyID, n)
	}
	return err
}

func checkHousehold(q db.Query, h rules.Household) error {
	if err := h.Check(); err != nil {
		return err
	}
	return table.Fit(q, "tblFamilies", [][3]string{{"familyType", "FamilyType", h.Type}, {"address", "FamilyAddress", h.Address}, {"ethnicity", "Ethnicity", h.Ethnicity},
		{"confirmationNo", "ConfirmationNo", h.ConfirmationNo}, {"confirmationType", "ConfirmationType", h.ConfirmationType}})
}

// findFamily locks a current family or says that there is none.
func findFamily(ctx context.Context, tx *db.Tx, author auth.Author, familyID int) (*Family, error) {
	f, err := LockFamily(ctx, tx, author.Scope, familyID)
	if err == nil && f == nil {
		return nil, fault.New(fault.NotFound, "There is no family %d.", familyID)
	}
	return f, err
}
