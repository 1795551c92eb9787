// Package stu3 holds the resources of FHIR STU3 (3.0.2) that openIMIS served as api_fhir 0.0.x and 1.x,
// with the members that it writes or reads. Data types that are the same in R4 are those of the R4 models.
// The name of a resource's struct is its type; apifhir.Encode and Decode read and write them.
//
//	datatypes.go   data types
//	identifiers.go identifiers and concepts as upstream wrote them
//	people.go      Patient, Practitioner, PractitionerRole, Location, Coverage
//	claim.go       Claim, ClaimResponse, CommunicationRequest
//	eligibility.go EligibilityRequest, EligibilityResponse
package stu3

import (
	"bytes"
	"encoding/json"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// Data types that STU3 and R4 have alike.
type (
	Meta            = fhir.Meta
	Identifier      = fhir.Identifier
	CodeableConcept = fhir.CodeableConcept
	Coding          = fhir.Coding
	HumanName       = fhir.HumanName
	ContactPoint    = fhir.ContactPoint
	Address         = fhir.Address
	Period          = fhir.Period
	Extension       = fhir.Extension
	Attachment      = fhir.Attachment
	Quantity        = fhir.Quantity
)

// Money is a quantity in STU3: value, and as code the currency.
type Money = fhir.Quantity

// ID is a logical id. Some clients send it as a number, as the Python backend wrote it.
type ID string

// UnmarshalJSON implements json.Unmarshaler.
func (id *ID) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] != '"' && b[0] != '{' && b[0] != '[' {
		*id = ID(b)
		return nil
	}
	return json.Unmarshal(b, (*string)(id))
}

// Reference points at another resource. R4 has a type besides.
type Reference struct {
	Reference  *string     `json:"reference,omitempty"`
	Identifier *Identifier `json:"identifier,omitempty"`
	Display    *string     `json:"display,omitempty"`
}

// R4 is the reference in the model of R4; nil for none.
func (r *Reference) R4() *fhir.Reference {
	if r == nil {
		return nil
	}
	return &fhir.Reference{Reference: r.Reference, Identifier: r.Identifier}
}

// To is a literal reference.
func To(resourceType, id string) *Reference {
	text := resourceType + "/" + id
	return &Reference{Reference: &text}
}

// Types is a concept that some clients send as a list of one.
type Types []CodeableConcept

// UnmarshalJSON implements json.Unmarshaler.
func (t *Types) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]CodeableConcept)(t))
	}
	var one CodeableConcept
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*t = Types{one}
	return nil
}

// MarshalJSON implements json.Marshaler: a single concept.
func (t Types) MarshalJSON() ([]byte, error) {
	if len(t) == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(t[0])
}
