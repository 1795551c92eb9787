package contribution

import (
	"github.com/openimis/openimis-be-go/internal/table"
)

// Payers is tblPayer: who pays contributions for others.
var Payers = table.New(table.Table{Name: "tblPayer", Why: "who pays contributions", Columns: []string{"PayerName", "PayerType"}})
