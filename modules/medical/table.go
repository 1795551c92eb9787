package medical

import (
	"github.com/openimis/openimis-be-go/internal/table"
)

// The registers of medicine. Every signed-in user sees them whole.
var (
	// Diagnoses is tblICDCodes.
	Diagnoses = table.New(table.Table{
		Name: "tblICDCodes", Code: "ICDCode", Why: "diagnoses",
		Columns: []string{"ICDName", "ValidityFrom"},
	})
	// Items is tblItems: drugs and consumables.
	Items = table.New(table.Table{
		Name: "tblItems", Code: "ItemCode", Why: "medical items",
		Columns: []string{"ItemName", "ItemType", "ItemPackage", "ItemPrice", "ItemCareType", "ItemFrequency", "ItemPatCat", "ValidityFrom", "LegacyID"},
	})
	// Services is tblServices.
	Services = table.New(table.Table{
		Name: "tblServices", Code: "ServCode", Why: "medical services",
		Columns: []string{"ServName", "ServType", "ServLevel", "ServPrice", "ServCareType", "ServFrequency", "ServPatCat", "ServCategory", "ValidityFrom", "LegacyID"},
	})
)
