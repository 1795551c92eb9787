package stu3

import "encoding/json"

// Claim is a claim of a health facility.
type Claim struct {
	Id             *ID                `json:"id,omitempty"`
	Meta           *Meta              `json:"meta,omitempty"`
	Extension      []Extension        `json:"extension,omitempty"`
	Identifier     []Identifier       `json:"identifier,omitempty"`
	Status         *string            `json:"status,omitempty"` // active, cancelled, draft, entered-in-error
	Type           Types              `json:"type,omitempty"`
	Use            *string            `json:"use,omitempty"` // complete, proposed, exploratory, other
	Patient        *Reference         `json:"patient,omitempty"`
	BillablePeriod *Period            `json:"billablePeriod,omitempty"`
	Created        *string            `json:"created,omitempty"`
	Enterer        *Reference         `json:"enterer,omitempty"`
	Provider       *Reference         `json:"provider,omitempty"`
	Facility       *Reference         `json:"facility,omitempty"`
	Information    []ClaimInformation `json:"information,omitempty"`
	Diagnosis      []ClaimDiagnosis   `json:"diagnosis,omitempty"`
	Item           []ClaimItem        `json:"item,omitempty"`
	Total          *Money             `json:"total,omitempty"`
}

// ClaimInformation is a guarantee (category guarantee_id), an explanation, or that of a line (item_explanation).
type ClaimInformation struct {
	Sequence    int              `json:"sequence"`
	Category    *CodeableConcept `json:"category,omitempty"`
	ValueString *string          `json:"valueString,omitempty"`
}

// ClaimDiagnosis is a diagnosis; the text of its type says in which place (icd_0 … icd_4).
type ClaimDiagnosis struct {
	Sequence                 int               `json:"sequence"`
	DiagnosisCodeableConcept *CodeableConcept  `json:"diagnosisCodeableConcept,omitempty"`
	DiagnosisReference       *Reference        `json:"diagnosisReference,omitempty"`
	Type                     []CodeableConcept `json:"type,omitempty"`
}

// ClaimItem is a line: the text of category is item or service, that of service its code.
type ClaimItem struct {
	Sequence          int              `json:"sequence"`
	InformationLinkId []int            `json:"informationLinkId,omitempty"`
	Category          *CodeableConcept `json:"category,omitempty"`
	Service           *CodeableConcept `json:"service,omitempty"`
	Quantity          *Quantity        `json:"quantity,omitempty"`
	UnitPrice         *Money           `json:"unitPrice,omitempty"`
	Net               *Money           `json:"net,omitempty"`
}

// ClaimResponse is what became of a claim.
type ClaimResponse struct {
	Id                   *ID                    `json:"id,omitempty"`
	Meta                 *Meta                  `json:"meta,omitempty"`
	Identifier           []Identifier           `json:"identifier,omitempty"`
	Status               *string                `json:"status,omitempty"` // active, cancelled, draft, entered-in-error
	Patient              *Reference             `json:"patient,omitempty"`
	Created              *string                `json:"created,omitempty"`
	RequestProvider      *Reference             `json:"requestProvider,omitempty"`
	Request              *Reference             `json:"request,omitempty"`
	Outcome              *CodeableConcept       `json:"outcome,omitempty"`
	Disposition          *string                `json:"disposition,omitempty"`
	Item                 []ClaimResponseItem    `json:"item,omitempty"`
	AddItem              []ClaimResponseAddItem `json:"addItem,omitempty"`
	Error                []ClaimResponseError   `json:"error,omitempty"`
	TotalCost            *Money                 `json:"totalCost,omitempty"`
	TotalBenefit         *Money                 `json:"totalBenefit,omitempty"`
	Payment              *ClaimResponsePayment  `json:"payment,omitempty"`
	ProcessNote          []ClaimResponseNote    `json:"processNote,omitempty"`
	CommunicationRequest []Reference            `json:"communicationRequest,omitempty"`
}

// ClaimResponseItem is what became of a line.
type ClaimResponseItem struct {
	SequenceLinkId int            `json:"sequenceLinkId"`
	NoteNumber     []int          `json:"noteNumber,omitempty"`
	Adjudication   []Adjudication `json:"adjudication,omitempty"`
}

// ClaimResponseAddItem says which line is which service or item (releases 1.0.7 and later).
type ClaimResponseAddItem struct {
	SequenceLinkId []int            `json:"sequenceLinkId,omitempty"`
	Service        *CodeableConcept `json:"service,omitempty"`
}

// Adjudication is one judgement of a line.
type Adjudication struct {
	Category CodeableConcept  `json:"category"`
	Reason   *CodeableConcept `json:"reason,omitempty"`
	Amount   *Money           `json:"amount,omitempty"`
	Value    *json.Number     `json:"value,omitempty"`
}

// ClaimResponseError is why a claim was rejected.
type ClaimResponseError struct {
	SequenceLinkId *int            `json:"sequenceLinkId,omitempty"`
	Code           CodeableConcept `json:"code"`
}

// ClaimResponsePayment is when a claim was processed, and how it was adjusted.
type ClaimResponsePayment struct {
	Type             *CodeableConcept `json:"type,omitempty"`
	Adjustment       *Money           `json:"adjustment,omitempty"`
	AdjustmentReason *CodeableConcept `json:"adjustmentReason,omitempty"`
	Date             *string          `json:"date,omitempty"`
	Amount           *Money           `json:"amount,omitempty"`
}

// ClaimResponseNote is a justification that lines refer to by number.
type ClaimResponseNote struct {
	Number *int             `json:"number,omitempty"`
	Type   *CodeableConcept `json:"type,omitempty"`
	Text   *string          `json:"text,omitempty"`
}

// CommunicationRequest is feedback on a claim: asked for, or given.
type CommunicationRequest struct {
	Id                 *ID               `json:"id,omitempty"`
	Meta               *Meta             `json:"meta,omitempty"`
	Identifier         []Identifier      `json:"identifier,omitempty"`
	Status             string            `json:"status"`
	Subject            *Reference        `json:"subject,omitempty"`
	Topic              []Reference       `json:"topic,omitempty"`
	OccurrenceDateTime *string           `json:"occurrenceDateTime,omitempty"`
	ReasonCode         []CodeableConcept `json:"reasonCode,omitempty"`
}
