package apifhir

// summaries are the top members of each resource type that FHIR marks for summaries, as far as openIMIS
// writes them. Mandatory ones are there anyway.
var summaries = map[string][]string{
	"ActivityDefinition":          {"identifier", "name", "title", "status", "date", "useContext", "topic", "kind"},
	"AuditEvent":                  {"type", "subtype", "action", "recorded", "outcome", "outcomeDesc", "agent", "source"},
	"Claim":                       {"status", "type", "use", "patient", "billablePeriod", "created", "insurer", "provider", "priority", "insurance"},
	"ClaimResponse":               {"status", "type", "use", "patient", "created", "insurer", "request", "outcome"},
	"CodeSystem":                  {"url", "identifier", "version", "name", "title", "status", "date", "content", "count"},
	"Communication":               {"identifier", "status", "statusReason", "subject", "about"},
	"CommunicationRequest":        {"identifier", "status", "about", "recipient", "occurrenceDateTime", "sender"},
	"Condition":                   {"identifier", "clinicalStatus", "verificationStatus", "code", "subject"},
	"Contract":                    {"identifier", "status", "legalState", "subject", "scope"},
	"Coverage":                    {"identifier", "status", "type", "policyHolder", "subscriber", "beneficiary", "period", "payor", "class"},
	"CoverageEligibilityRequest":  {"status", "purpose", "patient", "created", "insurer"},
	"CoverageEligibilityResponse": {"status", "purpose", "patient", "created", "request", "outcome", "insurer"},
	"EligibilityResponse":         {},
	"Group":                       {"identifier", "active", "type", "actual", "code", "name", "quantity"},
	"InsurancePlan":               {"identifier", "status", "type", "name", "period", "ownedBy", "administeredBy", "coverageArea"},
	"Location":                    {"identifier", "status", "name", "mode", "type", "physicalType", "partOf"},
	"Medication":                  {"identifier", "code", "status", "amount"},
	"Organization":                {"identifier", "active", "type", "name", "partOf"},
	"Patient":                     {"identifier", "active", "name", "telecom", "gender", "birthDate", "address", "managingOrganization", "link"},
	"Practitioner":                {"identifier", "active", "name", "telecom", "gender", "birthDate", "address"},
	"PractitionerRole":            {"identifier", "active", "period", "practitioner", "organization", "code", "specialty", "location", "telecom"},
	"Subscription":                {"status", "contact", "end", "reason", "criteria", "error", "channel"},
}

// summaryOf lists the members of _summary=true; of a type that is not known only the mandatory ones.
func summaryOf(kind string) []string { return append([]string{"implicitRules"}, summaries[kind]...) }
