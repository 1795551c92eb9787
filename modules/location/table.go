package location

import (
	"github.com/openimis/openimis-be-go/internal/table"
)

// The tables of the module: territory, the health facilities in it and the people who work there.
var (
	// Locations is tblLocations. LocationType: R region, D district, W ward, V village, each with the one
	// above it as parent. A register: every signed-in user sees it whole.
	Locations = table.New(table.Table{
		Name: "tblLocations", Code: "LocationCode", Why: "regions to villages", Scope: Places,
		Columns: []string{"LocationName", "ParentLocationId", "LocationType", "ValidityFrom"},
	})
	// Facilities is tblHF. HFLevel: D dispensary, C health centre, H hospital. HFCareType: I in-patient,
	// O out-patient, B both.
	Facilities = table.New(table.Table{
		Name: "tblHF", Code: "HFCode", Why: "health facilities", Scope: FacilityScope,
		Columns: []string{"HFName", "HFLevel", "HFCareType", "LocationId", "LegalForm", "PLServiceID", "PLItemID", "HFAddress", "Phone", "Fax", "eMail", "ValidityFrom"},
	})
	// LegalForms is tblLegalForms, by whom a facility is run.
	LegalForms = table.New(table.Table{
		Name: "tblLegalForms", Code: "LegalFormCode", Why: "names of legal forms (FHIR)",
		Columns: []string{"LegalForms"},
	})
	// ClaimAdmins is tblClaimAdmin, the claim administrators of health facilities.
	ClaimAdmins = table.New(table.Table{
		Name: "tblClaimAdmin", Code: "ClaimAdminCode", Why: "who enters claims", Scope: AdminScope,
		Columns: []string{"LastName", "OtherNames", "HFId", "ValidityFrom"},
	})
	// Officers is tblOfficer, the enrolment officers of districts. FHIR lists them behind the claim administrators.
	Officers = table.New(table.Table{
		Name: "tblOfficer", Code: "Code", Why: "who enrols families and collects feedback", Scope: OfficerScope, Behind: ClaimAdmins, IDPrefix: "eo-",
		Columns: []string{"LastName", "OtherNames", "LocationId", "ValidityFrom"},
	})
)
