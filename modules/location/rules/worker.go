package rules

import (
	"strings"
	"time"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Worker is what is entered about a claim administrator or an enrolment officer, apart from where they work.
type Worker struct {
	Code       string
	LastName   string
	OtherNames string
	Born       time.Time // zero: not known
	Phone      string
	Email      string
}

// Post is where somebody works. The zero value: nowhere.
type Post struct {
	PlaceID      int // of a claim administrator the health facility, of an officer the district
	SubstituteID int // of an officer the one who stands in; 0: nobody
}

// earliest is the first day of birth that is believed.
var earliest = time.Date(1880, 1, 1, 0, 0, 0, 0, time.UTC)

// Check finds the first thing that is wrong with a worker by itself. The field of the error is that of GraphQL. named says
// that the given names are needed.
func (w Worker) Check(named bool, today time.Time) error {
	switch {
	case w.Code == "":
		return fault.Input("code", "code is empty; give the code of the person.")
	case w.LastName == "":
		return fault.Input("lastName", "lastName is empty; give the family name.")
	case w.OtherNames == "" && named:
		return fault.Input("otherNames", "otherNames is empty; give the given names.")
	case w.Born.After(today):
		return fault.Input("dob", "dob is %s, which is in the future.", w.Born.Format(time.DateOnly))
	case !w.Born.IsZero() && w.Born.Before(earliest):
		return fault.Input("dob", "dob is %s; dates of birth begin on %s.", w.Born.Format(time.DateOnly), earliest.Format(time.DateOnly))
	}
	return nil
}

// Trimmed leaves out blanks around texts.
func (w Worker) Trimmed() Worker {
	for _, text := range []*string{&w.Code, &w.LastName, &w.OtherNames, &w.Phone, &w.Email} {
		*text = strings.TrimSpace(*text)
	}
	return w
}
