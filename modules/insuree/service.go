package insuree

import (
	"context"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/insuree/rules"
	policy "github.com/openimis/openimis-be-go/modules/policy/rules"
)

// The rights of the operations (legacy right numbers). Who changes a family or an insuree needs the right to it, and sees
// it from the own districts; everything else is not found, as if it were not there.
var (
	MayAddFamilies    = auth.Needs(101002)
	MayEditFamilies   = auth.Needs(101003)
	MayDeleteFamilies = auth.Needs(101004)
	MayAddInsurees    = auth.Needs(101102)
	MayEditInsurees   = auth.Needs(101103)
	MayDeleteInsurees = auth.Needs(101104)
)

// Service registers people and families. Each method is one operation within the caller's transaction: it checks the
// author's right and scope, locks what it changes, keeps what there was as history (rules §0.1), and either does all of
// it or answers an error of package fault whose field has the name that GraphQL gives it.
//
// The operations on insurees are in service.go, those on families in service_family.go, photos in service_photo.go.
type Service struct {
	// Numbers is what the scheme asks of insuree numbers; see [NumbersOf].
	Numbers rules.Numbers
}

// NumbersOf reads what a scheme asks of insuree numbers from the configuration of module insuree (layer be), by the names
// that the Python backend gives them. Without insuree_number_length any length will do: the 50 that the Python backend
// assumes then refuses all numbers in use.
func NumbersOf(c modules.Config) rules.Numbers {
	return rules.Numbers{Length: c.Int("insuree_number_length"), Modulo: c.Int("insuree_number_modulo_root")}
}

// Entered is an insuree that has been registered, with what the policies of the family became of it.
type Entered struct {
	InsureeID int
	FamilyID  int
	Covers    []policy.Coverage // one for each policy of the family that accepts the member
}

// EnterInsuree registers a member of a family and covers it by the family's policies; see [policy.Cover].
func (s Service) EnterInsuree(ctx context.Context, tx *db.Tx, author auth.Author, familyID int, p rules.Person) (Entered, error) {
	if err := MayAddInsurees.Check(author.Principal, "the registration of insurees"); err != nil {
		return Entered{}, err
	}
	p = p.Trimmed()
	if err := s.checkPerson(tx, author, p); err != nil {
		return Entered{}, err
	}
	if err := lockNumbers(ctx, tx); err != nil {
		return Entered{}, err
	}
	if _, err := findFamily(ctx, tx, author, familyID); err != nil {
		return Entered{}, err
	}
	if err := refer(ctx, tx, author, &p, nil, 0); err != nil {
		return Entered{}, err
	}
	insureeID, err := insertInsuree(ctx, tx, author, familyID, false, p)
	if err != nil {
		return Entered{}, err
	}
	covers, err := join(ctx, tx, author, insureeID)
	return Entered{InsureeID: insureeID, FamilyID: familyID, Covers: covers}, err
}

// UpdateInsuree replaces all that is known of a person. Family, photo and being the head have operations of their own.
// Policies are not valued anew, as in the legacy application.
func (s Service) UpdateInsuree(ctx context.Context, tx *db.Tx, author auth.Author, insureeID int, p rules.Person) error {
	if err := MayEditInsurees.Check(author.Principal, "the update of insurees"); err != nil {
		return err
	}
	p = p.Trimmed()
	if err := s.checkPerson(tx, author, p); err != nil {
		return err
	}
	if err := lockNumbers(ctx, tx); err != nil {
		return err
	}
	if _, err := findInsuree(ctx, tx, author, insureeID); err != nil {
		return err
	}
	if err := refer(ctx, tx, author, &p, nil, insureeID); err != nil {
		return err
	}
	return table.Change(ctx, tx, author, "tblInsuree", insureeID, personValues(p))
}

// DeleteInsuree closes an insuree, and ends its covers. The head of a family is refused: choose another head first, or
// delete the family.
func (s Service) DeleteInsuree(ctx context.Context, tx *db.Tx, author auth.Author, insureeID int) error {
	if err := MayDeleteInsurees.Check(author.Principal, "the removal of insurees"); err != nil {
		return err
	}
	i, err := findInsuree(ctx, tx, author, insureeID)
	if err != nil {
		return err
	}
	if head, err := headed(ctx, tx, i); err != nil {
		return err
	} else if head {
		return fault.New(fault.Conflict, "Insuree %s is the head of a family. Choose another head first, or delete the family.", number(*i))
	}
	if err := leave(ctx, tx, author, insureeID); err != nil {
		return err
	}
	return table.End(ctx, tx, author, "tblInsuree", insureeID)
}

// Move is the command of [Service.MoveInsuree].
type Move struct {
	InsureeID int
	FamilyID  int // where to
	// KeepCovers leaves the insuree covered by the policies of the family that it leaves until they expire.
	KeepCovers bool
}

// MoveInsuree brings an insuree into another family and covers it by that one's policies. The author needs the rights to
// edit families and insurees, and sees both families. A head moves only as the last member of its family, which is closed
// then; it must have no policy that goes on.
func (s Service) MoveInsuree(ctx context.Context, tx *db.Tx, author auth.Author, m Move) (Entered, error) {
	for _, access := range []auth.Access{MayEditFamilies, MayEditInsurees} {
		if err := access.Check(author.Principal, "the change of an insuree's family"); err != nil {
			return Entered{}, err
		}
	}
	i, err := findInsuree(ctx, tx, author, m.InsureeID)
	if err != nil {
		return Entered{}, err
	}
	if i.InFamily(m.FamilyID) {
		return Entered{}, fault.Input("family", "Insuree %s is in family %d already.", number(*i), m.FamilyID)
	}
	if _, err := findFamily(ctx, tx, author, m.FamilyID); err != nil {
		return Entered{}, err
	}
	return s.move(ctx, tx, author, *i, m, false)
}

// move brings an insuree into a family that was found and locked.
func (s Service) move(ctx context.Context, tx *db.Tx, author auth.Author, i Insuree, m Move, head bool) (Entered, error) {
	if err := vacate(ctx, tx, author, i); err != nil {
		return Entered{}, err
	}
	if !m.KeepCovers {
		if err := leave(ctx, tx, author, i.ID); err != nil {
			return Entered{}, err
		}
	}
	if err := table.Change(ctx, tx, author, "tblInsuree", i.ID, db.Values{"FamilyID": m.FamilyID, "IsHead": head}); err != nil {
		return Entered{}, err
	}
	covers, err := join(ctx, tx, author, i.ID)
	return Entered{InsureeID: i.ID, FamilyID: m.FamilyID, Covers: covers}, err
}

// checkPerson finds what is wrong with a person by itself: rules, and widths of the columns at hand.
func (s Service) checkPerson(q db.Query, author auth.Author, p rules.Person) error {
	if err := p.Check(s.Numbers, author.Today()); err != nil {
		return err
	}
	return table.Fit(q, "tblInsuree", [][3]string{{"chfId", "CHFID", p.Number}, {"lastName", "LastName", p.LastName}, {"otherNames", "OtherNames", p.OtherNames},
		{"gender", "Gender", p.Gender}, {"passport", "passport", p.Passport}, {"typeOfId", "TypeOfId", p.IdentificationType}, {"phone", "Phone", p.Phone},
		{"email", "Email", p.Email}, {"currentAddress", "CurrentAddress", p.CurrentAddress}, {"geolocation", "GeoLocation", p.Geolocation}})
}

// refer checks that what a person or a household refers to exists, and that no other insuree (self: this one) has the
// number.
func refer(ctx context.Context, tx *db.Tx, author auth.Author, p *rules.Person, h *rules.Household, self int) error {
	person, household := value(p), value(h)
	found, err := register(ctx, tx, author.Scope, person, household, self)
	if err != nil {
		return err
	}
	if p != nil && found.Taken > 0 {
		return &fault.Error{Code: fault.Invalid, Field: "chfId", Message: numberTaken(p.Number)}
	}
	for _, c := range []struct {
		field string
		given bool
		n     int
		value any
		what  string
	}{
		{"gender", person.Gender != "", found.Gender, person.Gender, "a gender"},
		{"typeOfId", person.IdentificationType != "", found.Identification, person.IdentificationType, "a type of identification"},
		{"relationship", person.Relationship != nil, found.Relation, value(person.Relationship), "a relationship"},
		{"education", person.Education != nil, found.Education, value(person.Education), "an education"},
		{"profession", person.Profession != nil, found.Profession, value(person.Profession), "a profession"},
		{"healthFacility", person.HealthFacilityID != nil, found.HealthFacility, value(person.HealthFacilityID), "a health facility"},
		{"currentVillage", person.CurrentVillageID != nil, found.CurrentVillage, value(person.CurrentVillageID), "a village"},
		{"location", h != nil, found.Village, household.VillageID, "a village in your districts"},
		{"familyType", household.Type != "", found.FamilyType, household.Type, "a type of families"},
		{"confirmationType", household.ConfirmationType != "", found.Confirmation, household.ConfirmationType, "a type of confirmation"},
	} {
		if c.given && c.n == 0 {
			return fault.Input(c.field, "%s is %v, which is not the code of %s.", c.field, c.value, c.what)
		}
	}
	return nil
}

// numberTaken says that another insuree has a number.
func numberTaken(number string) string {
	return "There is another insuree with the number " + number + "."
}

// findInsuree locks a current insuree or says that there is none.
func findInsuree(ctx context.Context, tx *db.Tx, author auth.Author, insureeID int) (*Insuree, error) {
	i, err := lockInsuree(ctx, tx, author.Scope, insureeID)
	if err == nil && i == nil {
		return nil, fault.New(fault.NotFound, "There is no insuree %d.", insureeID)
	}
	return i, err
}

// number is what users know an insuree by.
func number(i Insuree) string {
	if i.CHFID == nil {
		return "without number"
	}
	return *i.CHFID
}

// value reads nil as zero.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}
