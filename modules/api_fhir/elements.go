package apifhir

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Base is the start of every openIMIS code system and extension URL (R4 implementation guide).
const Base = "https://openimis.github.io/openimis_fhir_r4_ig/"

// IdentifierSystem is the code system of identifier types.
const IdentifierSystem = Base + "CodeSystem/openimis-identifiers"

// The types of identifiers that openIMIS writes: the database's UUID and the business code.
const (
	KindUUID = "UUID"
	KindCode = "Code"
	KindID   = "ACSN" // integer id of the row
)

// identifierKinds maps every type code that clients send to the kind it means: upstream configurations
// still have the 2019 codes for claims (MR), locations (LC), facilities (FI), administrators (FILL) and
// insurance numbers (SB) where the guide has Code.
var identifierKinds = map[string]string{
	"UUID": KindUUID, "Code": KindCode, "ACSN": KindID,
	"MR": KindCode, "LC": KindCode, "FI": KindCode, "FILL": KindCode, "SB": KindCode,
}

// CodeSystem is the URL of an openIMIS code system.
func CodeSystem(name string) string { return Base + "CodeSystem/" + name }

// StructureDefinition is the URL of an openIMIS profile or extension.
func StructureDefinition(name string) string { return Base + "StructureDefinition/" + name }

// Identifiers are the two identifiers of a resource; an empty value is left out.
func Identifiers(uuid, code string) []fhir.Identifier {
	var out []fhir.Identifier
	if uuid != "" {
		out = append(out, TypedIdentifier(KindUUID, uuid))
	}
	if code != "" {
		out = append(out, TypedIdentifier(KindCode, code))
	}
	return out
}

// TypedIdentifier is one identifier. The system stands at the type, not at the identifier.
func TypedIdentifier(kind, value string) fhir.Identifier {
	concept := kindConcepts[kind]
	if concept == nil {
		concept = Concept(IdentifierSystem, kind, "")
	}
	return fhir.Identifier{Type: concept, Value: &value}
}

// kindConcepts are the types of the identifiers that every resource and reference has.
var kindConcepts = map[string]*fhir.CodeableConcept{
	KindUUID: Constant(Concept(IdentifierSystem, KindUUID, "")),
	KindCode: Constant(Concept(IdentifierSystem, KindCode, "")),
	KindID:   Constant(Concept(IdentifierSystem, KindID, "")),
}

// IdentifierValue finds the identifier of a kind in a resource that came in, whichever of its type codes
// the client used; "" when there is none.
func IdentifierValue(identifiers []fhir.Identifier, kind string) string {
	for _, id := range identifiers {
		if id.Type == nil || id.Value == nil {
			continue
		}
		for _, c := range id.Type.Coding {
			if c.Code != nil && identifierKinds[*c.Code] == kind {
				return strings.TrimSpace(*id.Value)
			}
		}
	}
	return ""
}

// NameOf is the official name of a person that came in, else the usual one, else the first; nil without any.
func NameOf(names []fhir.HumanName) *fhir.HumanName {
	for _, use := range []fhir.NameUse{fhir.NameUseOfficial, fhir.NameUseUsual} {
		for n := range names {
			if names[n].Use != nil && *names[n].Use == use {
				return &names[n]
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &names[0]
}

// ContactOf is the first contact point of a system, trimmed; "" without any.
func ContactOf(list []fhir.ContactPoint, system fhir.ContactPointSystem) string {
	for _, c := range list {
		if v := strings.TrimSpace(value(c.Value)); v != "" && c.System != nil && *c.System == system {
			return v
		}
	}
	return ""
}

// Concept is a codeable concept of one coding; display may be empty.
func Concept(system, code, display string) *fhir.CodeableConcept {
	return &fhir.CodeableConcept{Coding: []fhir.Coding{{System: text(system), Code: text(code), Display: text(display)}}}
}

// ReferenceTo points at a resource of this server by its UUID; display is the target's code.
func ReferenceTo(resourceType, uuid, display string) *fhir.Reference {
	return reference(resourceType, KindUUID, uuid, display)
}

// ReferenceToCode points at a resource by its business code.
func ReferenceToCode(resourceType, code, display string) *fhir.Reference {
	return reference(resourceType, KindCode, code, display)
}

func reference(resourceType, kind, value, display string) *fhir.Reference {
	id := TypedIdentifier(kind, value)
	return &fhir.Reference{Reference: text(resourceType + "/" + value), Type: text(resourceType),
		Identifier: &id, Display: text(display)}
}

// Target is what a reference points at. An empty Kind means that UUID, code and id are to be tried in turn.
type Target struct {
	Type  string
	Kind  string
	Value string
	// CodeFirst says that a number is a code before it is an id, also where ids are numbers: references of STU3 have codes there.
	CodeFirst bool
}

// TargetOf reads a reference that came in, literal (Type/id, also as an absolute URL) or logical (type and
// identifier). path is its FHIRPath for the error.
func TargetOf(r *fhir.Reference, path string) (Target, error) {
	if r != nil && r.Reference != nil {
		if t, id, ok := splitReference(*r.Reference); ok {
			return Target{Type: t, Value: id}, nil
		}
		return Target{}, fault.Input(path, "Invalid format of reference `%s`. Should be string with format <ReferenceType>/<ReferenceId>", *r.Reference)
	}
	if r != nil && r.Identifier != nil {
		for _, kind := range []string{KindUUID, KindCode, KindID} {
			if v := IdentifierValue([]fhir.Identifier{*r.Identifier}, kind); v != "" {
				return Target{Type: value(r.Type), Kind: kind, Value: v}, nil
			}
		}
	}
	return Target{}, fault.Input(path, "%s must be a reference with a literal `reference` or with type and identifier.", path)
}

// splitReference takes the last two segments of a literal reference.
func splitReference(s string) (resourceType, id string, ok bool) {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "/_history/")
	i := strings.LastIndexByte(s, '/')
	if i < 1 || i == len(s)-1 {
		return "", "", false
	}
	resourceType, id = s[:i], s[i+1:]
	resourceType = resourceType[strings.LastIndexByte(resourceType, '/')+1:]
	return resourceType, id, isTypeName([]byte(resourceType))
}

// BoolExtension writes an extension of the guide with valueBoolean; name is the last part of its URL.
func BoolExtension(name string, v bool) fhir.Extension {
	return fhir.Extension{Url: StructureDefinition(name), ValueBoolean: &v}
}

// StringExtension is BoolExtension with valueString.
func StringExtension(name, v string) fhir.Extension {
	return fhir.Extension{Url: StructureDefinition(name), ValueString: &v}
}

// ConceptExtension is BoolExtension with valueCodeableConcept.
func ConceptExtension(name string, v *fhir.CodeableConcept) fhir.Extension {
	return fhir.Extension{Url: StructureDefinition(name), ValueCodeableConcept: v}
}

// ReferenceExtension is BoolExtension with valueReference.
func ReferenceExtension(name string, v *fhir.Reference) fhir.Extension {
	return fhir.Extension{Url: StructureDefinition(name), ValueReference: v}
}

// MoneyExtension is BoolExtension with valueMoney.
func MoneyExtension(name string, v *fhir.Money) fhir.Extension {
	return fhir.Extension{Url: StructureDefinition(name), ValueMoney: v}
}

// ExtensionNamed finds an extension that came in; beside the clean URL those count that upstream writes, with a double
// slash or as a code system.
func ExtensionNamed(list []fhir.Extension, name string) *fhir.Extension {
	for i := range list {
		switch list[i].Url {
		case StructureDefinition(name), Base + "/StructureDefinition/" + name, CodeSystem(name), Base + "/CodeSystem/" + name:
			return &list[i]
		}
	}
	return nil
}

// CodeOf is the first code of a concept that came in; "" when it has none.
func CodeOf(c *fhir.CodeableConcept) string {
	if c == nil {
		return ""
	}
	for _, coding := range c.Coding {
		if code := strings.TrimSpace(value(coding.Code)); code != "" {
			return code
		}
	}
	return ""
}

// Money is an amount; the currency is a three-letter code and may be empty.
func Money(amount decimal.Decimal, currency string) *fhir.Money {
	n := json.Number(amount.StringFixed(2))
	return &fhir.Money{Value: &n, Currency: text(currency)}
}

// DateText writes a FHIR date.
func DateText(t time.Time) string { return t.Format("2006-01-02") }

// InstantText writes a FHIR instant, in UTC as the database keeps times.
func InstantText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Ptr is for the models' optional members.
func Ptr[T any](v T) *T { return &v }

// text is Ptr for strings, with nothing for the empty one.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
