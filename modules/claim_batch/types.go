package claim_batch

import "github.com/shopspring/decimal"

// RunSummary is a relative index with the batch run that made it.
type RunSummary struct {
	RunYear, RunMonth      *int
	ProductLabel, CareType *string
	CalcDate               *string
	Index                  *decimal.Decimal
}
