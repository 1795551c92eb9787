package rules

import (
	"strings"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// The codes of health facilities; those of legal forms are in tblLegalForms.
var (
	FacilityLevels = []string{"D", "C", "H"} // dispensary, health centre, hospital
	CareTypes      = []string{"I", "O", "B"} // in-patient, out-patient, both
)

// Facility is what FHIR knows of a health facility. Price lists, sublevel, account code and catchment are entered in the
// application.
type Facility struct {
	Code       string
	Name       string
	LegalForm  string // code of tblLegalForms: C charity, D district, G government, P private
	Level      string // one of FacilityLevels
	CareType   string // one of CareTypes
	DistrictID int
	Address    string
	Phone      string
	Fax        string
	Email      string
}

// Check finds the first thing that is wrong with a facility by itself. The field of the error is that of GraphQL.
func (f Facility) Check() error {
	switch {
	case f.Code == "":
		return fault.Input("code", "code is empty; give the code of the facility.")
	case f.Name == "":
		return fault.Input("name", "name is empty; give the name of the facility.")
	case f.LegalForm == "":
		return fault.Input("legalForm", "legalForm is empty; say who runs the facility.")
	case f.DistrictID == 0:
		return fault.Input("location", "location is missing; give the district of the facility.")
	}
	if err := oneOf("level", f.Level, FacilityLevels); err != nil {
		return err
	}
	return oneOf("careType", f.CareType, CareTypes)
}

// Trimmed leaves out blanks around texts.
func (f Facility) Trimmed() Facility {
	for _, text := range []*string{&f.Code, &f.Name, &f.LegalForm, &f.Level, &f.CareType, &f.Address, &f.Phone, &f.Fax, &f.Email} {
		*text = strings.TrimSpace(*text)
	}
	return f
}
