package stu3

import "github.com/samply/golang-fhir-models/fhir-models/fhir"

// IdentifierSystem is the system of identifier types; as upstream wrote it, it stands at the type and the identifier
// itself has none.
const IdentifierSystem = "https://hl7.org/fhir/valueset-identifier-type.html"

// Types of identifiers.
const (
	KindID        = "ACSN" // of the database: a UUID, before database 1.4 a number
	KindInsuree   = "SB"   // insurance number
	KindPassport  = "PPN"
	KindFacility  = "FI"
	KindAdmin     = "FILL"
	KindClaimCode = "MR"
)

// Identified has the id of the database and a business code of a kind; an empty value is left out.
func Identified(id, kind, code string) []Identifier {
	var list []Identifier
	usual := fhir.IdentifierUseUsual
	for _, i := range [][2]string{{KindID, id}, {kind, code}} {
		if i[0] != "" && i[1] != "" {
			system, kind, value := IdentifierSystem, i[0], i[1]
			list = append(list, Identifier{Use: &usual, Type: &CodeableConcept{Coding: []Coding{{System: &system, Code: &kind}}}, Value: &value})
		}
	}
	return list
}

// Text is a concept that is said in words.
func Text(text string) *CodeableConcept { return &CodeableConcept{Text: &text} }

// Coded is a concept of one code without a system, and its words.
func Coded(code, text string) *CodeableConcept {
	c := CodeableConcept{Coding: []Coding{{Code: &code}}}
	if text != "" {
		c.Text = &text
	}
	return &c
}
