package rules

import "fmt"

// Problem is something that is wrong with what somebody wants to write.
type Problem struct {
	Code Code
	At   Place
	Text string // half a sentence that says what is wrong or what is allowed, without a full stop
}

// Code is the kind of a problem.
type Code int

// Codes of problems. A row that is out of the author's scope is unknown.
const (
	BadValue         Code = iota + 1 // not allowed by itself
	Missing                          // must be given
	BadPeriod                        // the claim ends, or was made, before it starts
	UnknownFacility                  // there is none, or none that the author may enter claims for
	CodeUsed                         // the facility has another claim with this code
	UnknownInsuree                   // by id: or none that the author may see
	UnknownDiagnosis                 //
	UnknownItem                      //
	UnknownService                   //
	UnknownAdmin                     // the facility has no such claim administrator
	AdminMissing                     // and tblControls makes it mandatory
	UnknownLine                      // the claim has no such line
	UnknownOfficer                   //
)

// Place is where a problem is. Kind and Index count for lines, Index for diagnoses.
type Place struct {
	Part  Part
	Kind  Kind
	Index int
}

func (p Place) of(part Part) Place {
	p.Part = part
	return p
}

// Part of a form, of a review or of feedback.
type Part int

// Parts.
const (
	PartCode Part = iota + 1
	PartFrom
	PartTo
	PartClaimed
	PartVisitType
	PartFacility
	PartInsuree
	PartDiagnosis
	PartAdmin
	PartStatus
	PartTotal
	PartLineID
	PartLineEntry // item or service
	PartLineStatus
	PartQuantity
	PartPrice
	PartQuantityApproved
	PartPriceApproved
	PartExplanation
	PartFeedbackStatus
	PartReviewStatus
	PartAssessment
	PartOfficer
	PartFeedbackDate
)

func sentence(format string, args ...any) string { return fmt.Sprintf(format, args...) }
