package stu3

import "github.com/samply/golang-fhir-models/fhir-models/fhir"

// Patient is an insured person.
type Patient struct {
	Id            *ID                        `json:"id,omitempty"`
	Meta          *Meta                      `json:"meta,omitempty"`
	Extension     []Extension                `json:"extension,omitempty"`
	Identifier    []Identifier               `json:"identifier,omitempty"`
	Active        *bool                      `json:"active,omitempty"`
	Name          []HumanName                `json:"name,omitempty"`
	Telecom       []ContactPoint             `json:"telecom,omitempty"`
	Gender        *fhir.AdministrativeGender `json:"gender,omitempty"`
	BirthDate     *string                    `json:"birthDate,omitempty"`
	Address       []Address                  `json:"address,omitempty"`
	MaritalStatus *CodeableConcept           `json:"maritalStatus,omitempty"`
}

// Practitioner is a claim administrator.
type Practitioner struct {
	Id         *ID            `json:"id,omitempty"`
	Meta       *Meta          `json:"meta,omitempty"`
	Extension  []Extension    `json:"extension,omitempty"`
	Identifier []Identifier   `json:"identifier,omitempty"`
	Active     *bool          `json:"active,omitempty"`
	Name       []HumanName    `json:"name,omitempty"`
	Telecom    []ContactPoint `json:"telecom,omitempty"`
	BirthDate  *string        `json:"birthDate,omitempty"`
}

// PractitionerRole says at which health facility a claim administrator works.
type PractitionerRole struct {
	Id           *ID          `json:"id,omitempty"`
	Meta         *Meta        `json:"meta,omitempty"`
	Identifier   []Identifier `json:"identifier,omitempty"`
	Practitioner *Reference   `json:"practitioner,omitempty"`
	Organization *Reference   `json:"organization,omitempty"`
	Location     []Reference  `json:"location,omitempty"`
}

// Location is a health facility: in this release the API has no territory.
type Location struct {
	Id         *ID                  `json:"id,omitempty"`
	Meta       *Meta                `json:"meta,omitempty"`
	Identifier []Identifier         `json:"identifier,omitempty"`
	Status     *fhir.LocationStatus `json:"status,omitempty"`
	Name       *string              `json:"name,omitempty"`
	Type       *CodeableConcept     `json:"type,omitempty"`
	Telecom    []ContactPoint       `json:"telecom,omitempty"`
	Address    *Address             `json:"address,omitempty"`
}

// Coverage is a policy, in the form of releases 1.0.5 and later.
type Coverage struct {
	Id           *ID               `json:"id,omitempty"`
	Meta         *Meta             `json:"meta,omitempty"`
	Extension    []Extension       `json:"extension,omitempty"`
	Identifier   []Identifier      `json:"identifier,omitempty"`
	Status       *string           `json:"status,omitempty"` // active, cancelled, draft, entered-in-error
	PolicyHolder *Reference        `json:"policyHolder,omitempty"`
	Beneficiary  *Reference        `json:"beneficiary,omitempty"`
	Period       *Period           `json:"period,omitempty"`
	Payor        []Reference       `json:"payor,omitempty"`
	Grouping     *CoverageGrouping `json:"grouping,omitempty"`
	Contract     []Reference       `json:"contract,omitempty"`
}

// CoverageGrouping names the product.
type CoverageGrouping struct {
	Group        *string `json:"group,omitempty"`
	GroupDisplay *string `json:"groupDisplay,omitempty"`
	Plan         *string `json:"plan,omitempty"`
	PlanDisplay  *string `json:"planDisplay,omitempty"`
}
