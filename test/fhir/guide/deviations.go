package guide

// deviations are the places in which the server does not do what the guide says, with the reason: by profile
// and element, code system and code, or extension. One is added on purpose only.
var deviations = map[string]string{
	"openimis-claim-response disposition":       "the status of a claim in words, beside total and adjudication with its number",
	"openimis-claim-response payment":           "when and how much was paid out; the guide has no other place",
	"openimis-claim-response total":             "there is nothing to total before a claim is checked, and the claims app takes total for accepted",
	"openimis-claim-response identifier UUID":   "databases before 1.4 have no UUIDs",
	"openimis-claim-response requestor":         "claims that were entered without an administrator have none",
	"openimis-claim enterer":                    "claims that were entered without an administrator have none",
	"openimis-communication-request identifier": "a request for feedback is found by the UUID and the code of its claim",
	"openimis-communication-request recipient":  "families without an enrolment officer have nobody to ask them",
	"openimis-contract identifier ACSN":         "the number of the policy, as the Python backend",
	"openimis-contract legalState":              "the status of the policy, as the Python backend",
	"openimis-coverage identifier ACSN":         "the number of the policy, as the Python backend",
	"openimis-coverage contract":                "leads from a policy to its premiums",
	"openimis-coverage coverage-date":           "a policy that is not in force yet has no effective date",
	"openimis-identifiers code ACSN":            "the number of a row, as the Python backend",
	"openimis-communication identifier":         "feedback is found by its UUID",
	"openimis-communication sender":             "the enrolment officer who asked the family",
	"openimis-communication sent":               "the day on which feedback was given",
	"openimis-coverage identifier UUID":         "databases before 1.4 have no UUIDs",
	"openimis-patient identifier PPN":           "the passport, as the Python backend",
	"openimis-identifiers code PPN":             "the passport, as the Python backend",
	"openimis-location type":                    "health facilities as sites (physicalType=si) tell their kind",
	"openimis-group member":                     "a family that everybody has left, and older versions of one",
	"openimis-insurance-plan coverageArea":      "a product of the whole country has no location",

	"activity-definition-usage-context-workflow-type code H": "hospitalization is a category of services that the guide leaves out",
	"activity-definition-usage-context-workflow-type code V": "visits are a category of services that the guide leaves out",
	"coverage-item-benefit-type code service_left":           "as the Python backend; the guide has item_left for services too",
	"coverage-item-benefit-type code min_date_service":       "as the Python backend; the guide has min_date_item for services too",

	"reference extension": "the facility of a claim administrator, as the Python backend names it and the claims app reads it",
}

func deviates(of, what string) bool { return deviations[of+" "+what] != "" }
