package claims

import (
	"github.com/openimis/openimis-be-go/internal/testing/golden"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// Submission is what uspSubmitSingleClaim answers: its return value and OUT parameters.
func Submission(out rules.Outcome) golden.Record {
	return golden.Record{"return": returned(out.Failed), "RtnStatus": out.Status,
		"RtnItemsPassed": out.Passed[rules.Items], "RtnItemsRejected": out.Rejected[rules.Items],
		"RtnServicesPassed": out.Passed[rules.Services], "RtnServicesRejected": out.Rejected[rules.Services]}
}

// Submitted is what uspSubmitClaims answers.
func Submitted(n rules.SubmitCounts) golden.Record {
	return golden.Record{"return": 0, "oReturnValue": 0, "Submitted": n.Submitted, "Checked": n.Checked,
		"Rejected": n.Rejected, "Changed": n.Changed, "Failed": n.Failed,
		"ItemsPassed": n.LinesPassed[rules.Items], "ItemsRejected": n.LinesRejected[rules.Items],
		"ServicesPassed": n.LinesPassed[rules.Services], "ServicesRejected": n.LinesRejected[rules.Services]}
}

// Processed is what uspProcessClaims answers.
func Processed(n rules.ProcessCounts) golden.Record {
	return golden.Record{"return": 0, "oReturnValue": 0, "Submitted": n.Submitted, "Processed": n.Processed,
		"Valuated": n.Valuated, "Changed": n.Changed, "Rejected": n.Rejected, "Failed": n.Failed}
}

// Returned is what the steps of uspProcessSingleClaim answer.
func Returned(ch rules.Changes) golden.Record {
	rec := golden.Record{"return": returned(ch.Outcome.Failed)}
	if ch.Outcome.Status != rules.OutcomeNone {
		rec["RtnStatus"] = ch.Outcome.Status
	}
	return rec
}

func returned(failed bool) int {
	if failed {
		return 1
	}
	return 0
}
