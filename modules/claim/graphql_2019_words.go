package claim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// worded says an error of the Service in the words of the contract: the field that is wrong by its name there.
func worded(err error) error {
	var refusal *Refusal
	var obstacle *Obstacle
	switch {
	case errors.As(err, &refusal):
		p := refusal.Problems[0]
		field := fieldName(p.At)
		worded := &fault.Error{Code: fault.Invalid, Field: field, Message: field + ": " + p.Text + "."}
		if p.Code == rules.CodeUsed {
			worded.Code = fault.Conflict
		}
		return worded
	case errors.As(err, &obstacle):
		switch obstacle.Reason {
		case NotFound:
			field := "id"
			if obstacle.Step != Updated {
				field = "claimId"
			}
			return &fault.Error{Code: fault.NotFound, Field: field, Message: obstacleText(obstacle)}
		case NotAllowed:
			return fault.New(fault.Forbidden, "%s", obstacleText(obstacle))
		}
		return fault.New(fault.Conflict, "%s", obstacleText(obstacle))
	}
	return err
}

func obstacleText(o *Obstacle) string {
	if o.Reason == NotFound {
		return fmt.Sprintf("id %d does not exist", o.ClaimID)
	}
	return o.Error()
}

// failures is the text that the 2019 application reads of the claims that were left alone, in the order of their ids:
// {"26": {"error": "…"}}; empty when there are none. The effects on the other claims are kept.
func failures(outcomes []Outcome) string {
	var b bytes.Buffer
	for _, o := range outcomes {
		if o.Obstacle == nil {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		reason, _ := json.Marshal(obstacleText(o.Obstacle))
		b.WriteString(`"` + strconv.Itoa(o.ClaimID) + `": {"error": ` + string(reason) + `}`)
	}
	if b.Len() == 0 {
		return ""
	}
	return "{" + b.String() + "}"
}

var fieldNames = map[rules.Part]string{
	rules.PartCode: "code", rules.PartFrom: "dateFrom", rules.PartTo: "dateTo", rules.PartClaimed: "dateClaimed", rules.PartVisitType: "visitType",
	rules.PartFacility: "healthFacilityId", rules.PartInsuree: "insureeId", rules.PartAdmin: "adminId", rules.PartStatus: "status", rules.PartTotal: "services",
	rules.PartFeedbackStatus: "feedbackStatus", rules.PartReviewStatus: "reviewStatus",
	rules.PartAssessment: "feedback.asessment", rules.PartOfficer: "feedback.chfOfficerCode", rules.PartFeedbackDate: "feedback.feedbackDate",
}

var lineFieldNames = map[rules.Part]string{
	rules.PartLineID: "id", rules.PartLineStatus: "status", rules.PartQuantity: "qtyProvided", rules.PartPrice: "priceAsked",
	rules.PartQuantityApproved: "qtyApproved", rules.PartPriceApproved: "priceApproved",
	rules.PartExplanation: "explanation",
}

// fieldName is the member of an input that a place is.
func fieldName(at rules.Place) string {
	switch at.Part {
	case rules.PartDiagnosis:
		return [rules.DiagnosisCount]string{"icdId", "icd1Id", "icd2Id", "icd3Id", "icd4Id"}[at.Index]
	case rules.PartLineEntry:
		return lineField(at.Kind, at.Index, at.Kind.Noun()+"Id")
	}
	if member, ok := lineFieldNames[at.Part]; ok {
		return lineField(at.Kind, at.Index, member)
	}
	return fieldNames[at.Part]
}

func lineField(k rules.Kind, i int, member string) string {
	return fmt.Sprintf("%s[%d].%s", [rules.KindCount]string{"items", "services"}[k], i, member)
}
