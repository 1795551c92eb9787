// Package rules has what entries of the medical registers must be like (rules.md §5). It knows no database.
package rules

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// The codes of the registers; there are no tables of them.
var (
	ItemTypes         = []string{"D", "M"}                          // drug, medical consumable
	ServiceTypes      = []string{"P", "C"}                          // preventive, curative
	ServiceLevels     = []string{"S", "V", "D", "H"}                // simple service, visit, day of stay, hospital case
	ServiceCategories = []string{"S", "D", "A", "H", "C", "V", "O"} // surgery, delivery, antenatal, hospitalization, consultation, visit, other
	CareTypes         = []string{"I", "O", "B"}                     // in-patient, out-patient, both
)

// Bits of the patient category (rules.md §1.7).
const (
	Male = 1 << iota
	Female
	Adult
	Minor
	// Everybody is the category of what is for all patients.
	Everybody = Male | Female | Adult | Minor
)

// Entry is what items and services have alike.
type Entry struct {
	Code      string
	Name      string
	Price     decimal.Decimal
	CareType  string // one of CareTypes
	Frequency int    // days between two provisions, 0: any
	Category  int    // bits of patients
}

// Item is an entry of tblItems.
type Item struct {
	Entry
	Type    string // one of ItemTypes
	Package string
}

// Service is an entry of tblServices.
type Service struct {
	Entry
	Type  string // one of ServiceTypes
	Level string // one of ServiceLevels
	Kind  string // one of ServiceCategories; empty: none
}

// Check finds the first thing that is wrong with an item by itself. The field of the error is that of GraphQL.
func (i Item) Check() error {
	if err := i.Entry.check(); err != nil {
		return err
	}
	return oneOf("type", i.Type, ItemTypes)
}

// Check finds the first thing that is wrong with a service by itself.
func (s Service) Check() error {
	if err := s.Entry.check(); err != nil {
		return err
	}
	if err := oneOf("type", s.Type, ServiceTypes); err != nil {
		return err
	}
	if err := oneOf("level", s.Level, ServiceLevels); err != nil || s.Kind == "" {
		return err
	}
	return oneOf("category", s.Kind, ServiceCategories)
}

// mostDays is the longest time between two provisions that the tables hold.
const mostDays = 1<<15 - 1

// tooMuch is the first price that the tables do not hold.
var tooMuch = decimal.New(1, 16)

func (e Entry) check() error {
	switch {
	case e.Code == "":
		return fault.Input("code", "code is empty; give the code of the register.")
	case e.Name == "":
		return fault.Input("name", "name is empty; give the name of the register.")
	case e.Price.IsNegative() || e.Price.GreaterThanOrEqual(tooMuch):
		return fault.Input("price", "price is out of range; 0 or more and less than %s are allowed.", tooMuch.String())
	case e.Frequency < 0 || e.Frequency > mostDays:
		return fault.Input("frequency", "frequency is %d; 0 to %d days are allowed.", e.Frequency, mostDays)
	case e.Category&^Everybody != 0 || e.Category < 0:
		return fault.Input("patientCategory", "patientCategory is %d; 0 to %d are allowed.", e.Category, Everybody)
	}
	return oneOf("careType", e.CareType, CareTypes)
}

func oneOf(field, code string, allowed []string) error {
	if slices.Contains(allowed, code) {
		return nil
	}
	return fault.Input(field, "%s is %q; allowed: %s.", field, code, strings.Join(allowed, ", "))
}

// Tidied has no blanks around texts, and the price in whole hundredths, as the table has it.
func (i Item) Tidied() Item {
	i.Entry, i.Package = i.Entry.tidied(), strings.TrimSpace(i.Package)
	return i
}

// Tidied is that of a service.
func (s Service) Tidied() Service {
	s.Entry = s.Entry.tidied()
	return s
}

func (e Entry) tidied() Entry {
	e.Code, e.Name, e.Price = strings.TrimSpace(e.Code), strings.TrimSpace(e.Name), e.Price.Round(2)
	return e
}

// Equal says whether two items are alike.
func (i Item) Equal(o Item) bool {
	alike := i.Price.Equal(o.Price)
	i.Price, o.Price = decimal.Zero, decimal.Zero
	return alike && i == o
}

// Equal says whether two services are alike.
func (s Service) Equal(o Service) bool {
	alike := s.Price.Equal(o.Price)
	s.Price, o.Price = decimal.Zero, decimal.Zero
	return alike && s == o
}
