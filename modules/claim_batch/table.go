package claim_batch

import (
	"github.com/openimis/openimis-be-go/internal/table"
)

// The tables of the module: batch runs and the shares of prices that they found.
var (
	// BatchRuns is tblBatchRun; no location means a national run.
	BatchRuns = table.New(table.Table{
		Name: "tblBatchRun", Why: "batch runs", Scope: regional,
		Columns: []string{"LocationId", "RunDate", "RunYear", "RunMonth"},
	})
	// RelativeIndexes is tblRelIndex.
	RelativeIndexes = table.New(table.Table{
		Name: "tblRelIndex", Why: "relative indexes", Scope: regional,
		Columns: []string{"ProdID", "RelType", "RelCareType", "RelYear", "RelPeriod", "CalcDate", "RelIndex", "LocationId"},
	})
)
