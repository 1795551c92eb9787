package rules

import (
	"slices"
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Person is all that is entered about an insuree, apart from the family. Empty texts and nil are unknown.
type Person struct {
	Number     string // CHFID
	LastName   string
	OtherNames string
	Born       time.Time
	Gender     string // code of tblGender
	Marital    string // one of Maritals

	Passport           string // number of the document of IdentificationType
	IdentificationType string // code of tblIdentificationTypes: D driving licence, N national card, P passport, V voter's card
	Phone              string
	Email              string

	Relationship *int // to the head; id of tblRelations
	Education    *int // id of tblEducations
	Profession   *int // id of tblProfessions

	HealthFacilityID *int // where the insuree goes first
	CurrentVillageID *int // where the insuree lives when not with the family
	CurrentAddress   string
	Geolocation      string
	CardIssued       bool
}

// Maritals are the codes of the marital status: not specified, widowed, single, divorced, married. There is no table of
// them.
var Maritals = []string{"N", "W", "S", "D", "M"}

// earliest is the first day of birth that is believed.
var earliest = time.Date(1880, 1, 1, 0, 0, 0, 0, time.UTC)

// Trimmed leaves out blanks around texts, and writes letters of codes as their tables have them.
func (p Person) Trimmed() Person {
	for _, text := range []*string{&p.Number, &p.LastName, &p.OtherNames, &p.Gender, &p.Marital, &p.Passport, &p.IdentificationType,
		&p.Phone, &p.Email, &p.CurrentAddress, &p.Geolocation} {
		*text = strings.TrimSpace(*text)
	}
	for _, code := range []*string{&p.Gender, &p.Marital, &p.IdentificationType} {
		*code = strings.ToUpper(*code)
	}
	return p
}

// Check finds the first thing that is wrong with a person by itself. The field of the error is that of GraphQL.
func (p Person) Check(numbers Numbers, today time.Time) error {
	switch {
	case p.LastName == "":
		return fault.Input("lastName", "lastName is empty; give the family name.")
	case p.OtherNames == "":
		return fault.Input("otherNames", "otherNames is empty; give the given names.")
	case p.Born.IsZero():
		return fault.Input("dob", "dob is missing or 0001-01-01; give the date of birth.")
	case p.Born.After(today):
		return fault.Input("dob", "dob is %s, which is in the future.", p.Born.Format(time.DateOnly))
	case p.Born.Before(earliest):
		return fault.Input("dob", "dob is %s; dates of birth begin on %s.", p.Born.Format(time.DateOnly), earliest.Format(time.DateOnly))
	case p.Number == FundingNumber:
		return fault.Input("chfId", "chfId %s stands for funding and cannot be given to a person.", FundingNumber)
	}
	if p.Marital != "" && !slices.Contains(Maritals, p.Marital) {
		return fault.Input("marital", "marital is %s; allowed: %s.", p.Marital, strings.Join(Maritals, ", "))
	}
	switch numbers.Check(p.Number) {
	case NumberMissing:
		return fault.Input("chfId", "chfId is empty; give the number of the insuree.")
	case NumberLength:
		return fault.Input("chfId", "chfId %s has %d characters; numbers have %d.", p.Number, len([]rune(p.Number)), numbers.Length)
	case NumberCheckDigit:
		return fault.Input("chfId", "The last digit of chfId %s does not fit the others; look for a mistyped digit.", p.Number)
	case NumberNoDigits:
		return fault.Input("chfId", "chfId %s has to be a number of at least 2 digits.", p.Number)
	}
	return nil
}

// Household is all that is entered about a family, apart from its members. Empty texts are unknown.
type Household struct {
	VillageID        int
	Poverty          bool
	Type             string // code of tblFamilyTypes: C, G, H, O, P, S, T
	Address          string
	Ethnicity        string // one letter
	ConfirmationNo   string
	ConfirmationType string // code of tblConfirmationTypes: A local council, B municipality, C state, D other
}

// Trimmed leaves out blanks around texts, and writes letters of codes as their tables have them.
func (h Household) Trimmed() Household {
	for _, text := range []*string{&h.Type, &h.Address, &h.Ethnicity, &h.ConfirmationNo, &h.ConfirmationType} {
		*text = strings.TrimSpace(*text)
	}
	h.Type, h.ConfirmationType = strings.ToUpper(h.Type), strings.ToUpper(h.ConfirmationType)
	return h
}

// Check finds the first thing that is wrong with a household by itself.
func (h Household) Check() error {
	if h.VillageID == 0 {
		return fault.Input("location", "location is missing; give the village of the family.")
	}
	return nil
}
