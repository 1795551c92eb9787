package fhirclients

// dialogue is what is known of a request beyond its file: the members that the client reads, as paths, and
// the way it goes on.
type dialogue struct {
	// status narrows what the file allows, where the seeded data leave one answer.
	status int
	reads  []string
	walk   walk
	// keeps are variables that later requests take from this answer, by path, beside those of the file.
	keeps map[string]string
	// fork says that only the client's own server has this, and what it is. Ours answers 404 with an
	// OperationOutcome.
	fork string
	// unread says which members of the file are not looked for, and why.
	unread string
}

// walk is how a client goes through the pages of a list. In each of them the walk must find every resource
// once, and as many as total says.
type walk int

const (
	onePage     walk = iota
	byNumber         // page-offset is counted up while there is a link next, whose address is not used
	decodedNext      // the address of next, percent-decoded once and sent to the host that the client knows
	plainNext        // the address of next as it is; a page without entry ends the client
	countUp          // page-offset is counted up until there are as many entries as total says; next is the second link
	pairs            // the page of the same number of ClaimResponse beside each page of Claim; goes on past the end
)

// page is what every list has that a client reads as a Bundle.
var page = []string{"resourceType=Bundle", "total~^[0-9]+$", "entry[].resource.resourceType"}

var (
	loginReads = []string{"token~.", "exp~^[0-9]{10}$"}
	mediators  = dialogue{walk: countUp, reads: page}
	pact       = dialogue{walk: decodedNext, reads: page}
	codeSystem = dialogue{reads: []string{"resourceType=CodeSystem", "concept[].code", "concept[].display"},
		unread: "a CodeSystem is one resource: it has no links and no total, with the Python backend neither; the client reads what it needs from the first answer"}
	register  = []string{"resourceType=Bundle", "entry[].resource.identifier[type.coding[0].code=Code].value"}
	claimSTU3 = []string{"resourceType=ClaimResponse", "id", "outcome.text", "item[].sequenceLinkId", "item[].adjudication[].category.text"}
)

// dialogues has every request of every client, by client and request. dhis2-adapter-stu3 is dhis2-adapter
// on the other path; what it does not have is as for that.
var dialogues = map[string]dialogue{
	"amg-comoros-r4/login": {reads: loginReads},
	"amg-comoros-r4/patient-by-code": {status: 200, reads: []string{"resourceType=Patient", "id", "name[0]",
		"extension[url~/patient-group-reference$].valueReference.reference"}},
	"amg-comoros-r4/patient-search": {reads: []string{"resourceType=Bundle", "entry[0].resource.resourceType=Patient"}},
	"amg-comoros-r4/coverage": {reads: []string{"entry[0].resource.class[0].value", "entry[0].resource.status", "entry[0].resource.period.start",
		"entry[0].resource.period.end"}},
	"amg-comoros-r4/group": {reads: []string{"resourceType=Group", "id", "identifier[type.coding[?].code~(?i)uuid].value"}},
	"amg-comoros-r4/contracts": {walk: decodedNext, reads: []string{"total", "entry[].resource.subject[0].reference",
		"entry[].resource.term[0].asset[0].period[0].start", "entry[].resource.term[0].asset[0].period[0].end",
		"entry[?].resource.term[0].asset[0].extension[url~/contract-premium$].extension[url=receipt].valueString"}},
	"amg-comoros-r4/plan":     {reads: []string{"entry[0].resource.resourceType=InsurancePlan"}},
	"amg-comoros-r4/invoices": {fork: "invoices are a module of later releases, and the client takes 404 for none"},
	"amg-comoros-r4/graphql":  {reads: []string{"data.policiesByFamily.edges[].node.policyUuid"}},

	"bahmni-insurance-connect-stu3/eligibility": {reads: []string{"resourceType=EligibilityResponse", "id", "status",
		"insurance[].benefitBalance[0].term.coding[0].code", "insurance[].benefitBalance[0].financial[0].type.coding[0].code",
		"insurance[].benefitBalance[0].financial[0].allowedMoney.value"}},
	"bahmni-insurance-connect-stu3/claim": {reads: append([]string{"item[].adjudication[category.text=general].reason.text"}, claimSTU3...),
		unread: "totalBenefit, payment.date and the reason of a rejection are of rejected claims; this one is accepted"},

	"cht-mediator-r4/login":        {reads: loginReads},
	"cht-mediator-r4/subscription": {reads: []string{"id"}},
	"cht-mediator-r4/feedback":     {},

	"claims-app/login": {reads: loginReads},
	"claims-app/practitioners": {walk: byNumber, reads: append([]string{
		"entry[].resource.name[0].use", "entry[].resource.name[0].family", "entry[].resource.name[0].given[0]",
		"entry[].resource.qualification[0].code.coding[0].code", "entry[].resource.qualification[0].code.coding[0].display",
		"entry[].resource.extension[valueReference.type=Organization].valueReference.identifier.value"}, register...)},
	"claims-app/diagnoses": {reads: []string{"concept[].code", "concept[].display"}},
	"claims-app/medications": {walk: byNumber, reads: append([]string{"entry[].resource.code.text", "entry[].resource.amount.numerator.value",
		"entry[].resource.extension[?].valueMoney.value", "entry[].resource.extension[?].valueMoney.currency"}, register...)},
	"claims-app/services": {walk: byNumber, reads: append([]string{"entry[].resource.name", "entry[].resource.title", "entry[].resource.status",
		`entry[].resource.date~^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`, "entry[].resource.extension[?].valueMoney.value",
		"entry[].resource.extension[?].valueMoney.currency"}, register...)},
	"claims-app/claim":                {reads: []string{"resourceType=ClaimResponse", "total"}},
	"claims-app/claim-with-guarantee": {reads: []string{"resourceType=ClaimResponse", "total"}},

	"dhis2-adapter/patient":         {walk: plainNext, reads: page},
	"dhis2-adapter/location":        {walk: plainNext, reads: page},
	"dhis2-adapter/contract":        {walk: plainNext, reads: page},
	"dhis2-adapter/claims":          {walk: pairs, reads: page},
	"dhis2-adapter/claim-responses": {reads: page},
	"dhis2-adapter-stu3/contract":   {fork: "policies as Contract are of R4; the adapter's branch for STU3 reads none"},

	"enrolment-demo-r4/login":                 {reads: loginReads},
	"enrolment-demo-r4/patient":               {reads: []string{"resourceType=Patient", "id"}, keeps: map[string]string{"patient_uuid": "id"}},
	"enrolment-demo-r4/group":                 {reads: []string{"resourceType=Group", "id"}},
	"enrolment-demo-r4/claim-standard-minded": {reads: []string{"resourceType=OperationOutcome", "issue[0].details.text", "issue[0].diagnostics"}},

	"mobile-pact-r4/login":                     {reads: loginReads},
	"mobile-pact-r4/list-practitioner":         pact,
	"mobile-pact-r4/list-codesystem-diagnosis": codeSystem,
	"mobile-pact-r4/list-activitydefinition":   pact,
	"mobile-pact-r4/list-medication":           pact,
	"mobile-pact-r4/list-claimresponse":        pact,
	"mobile-pact-r4/list-organization":         pact,
	"mobile-pact-r4/list-practitionerrole":     pact,
	"mobile-pact-r4/list-patient":              pact,
	"mobile-pact-r4/list-coverage":             pact,
	"mobile-pact-r4/cookie-session":            {reads: page},

	"nepal-hib-stu3/patient":  {reads: []string{"resourceType=Bundle", "entry[0].resource.identifier"}, unread: "extension is of the fork; the client passes over it when it is not there"},
	"nepal-hib-stu3/coverage": {reads: []string{"resourceType=Bundle", "entry[0].resource.resourceType=Coverage"}},
	"nepal-hib-stu3/eligibility": {reads: []string{"insurance[0].benefitBalance[0].category.text", "insurance[0].benefitBalance[0].financial[0].allowedMoney.value",
		"insurance[0].benefitBalance[0].financial[0].usedMoney.value", "insurance[0].contract.reference"}},
	"nepal-hib-stu3/claim":             {reads: append([]string{"identifier[type.coding[0].code=MR].value"}, claimSTU3...)},
	"nepal-hib-stu3/claims":            {reads: []string{"resourceType=Bundle"}},
	"nepal-hib-stu3/claim-read":        {status: 200, reads: []string{"resourceType=Claim"}},
	"nepal-hib-stu3/cap-validation":    {fork: "the ceiling of a number, no FHIR resource"},
	"nepal-hib-stu3/claim-code-search": {fork: "a claim code by number and day, no FHIR resource"},

	"nepal-ssf-r4/patient": {reads: []string{"entry[0].resource.resourceType=Patient"}},
	"nepal-ssf-r4/eligibility": {reads: []string{"insurance[].item[0].category.text", "insurance[].item[0].benefit[0].allowedMoney.value",
		"insurance[].item[0].benefit[0].usedMoney.value"}, unread: "the balances OPDBalance and IPDBalance are extensions of the fork"},
	"nepal-ssf-r4/attachments": {fork: "documents of a claim at a path of their own; ours come with the claim"},

	"openfn-adaptor-r4/login":     {reads: loginReads},
	"openfn-adaptor-r4/get":       {reads: page},
	"openfn-adaptor-r4/get-plain": {reads: page},

	"openhim-mediators-r4/list-claim":                mediators,
	"openhim-mediators-r4/list-claimresponse":        mediators,
	"openhim-mediators-r4/list-coverage":             mediators,
	"openhim-mediators-r4/list-organization":         mediators,
	"openhim-mediators-r4/list-contract":             mediators,
	"openhim-mediators-r4/list-patient":              mediators,
	"openhim-mediators-r4/list-group":                mediators,
	"openhim-mediators-r4/list-location":             mediators,
	"openhim-mediators-r4/list-codesystem-diagnosis": codeSystem,
	"openhim-mediators-r4/list-patient-empty-key":    {reads: append([]string{"entry[].resource.resourceType=Patient"}, page...)},
	"openhim-mediators-r4/read-patient":              {reads: []string{"resourceType=Patient"}},
	"openhim-mediators-r4/patch-group":               {status: 200, reads: []string{"resourceType=Group"}},
	"openhim-mediators-r4/eligibility":               {reads: []string{"resourceType=CoverageEligibilityResponse"}},

	"openmrs-insuranceclaims-stu3/patient-search": {reads: []string{"resourceType=Bundle", "entry[].fullUrl~^https?://"}},
	"openmrs-insuranceclaims-stu3/patient-follow": {reads: []string{"resourceType=Patient", "identifier[type.coding[0].code=ACSN].value",
		"identifier[type.coding[0].code=SB].value", "name", "birthDate", "gender"}},
	"openmrs-insuranceclaims-stu3/eligibility": {reads: []string{`insurance[].contract.reference~^Contract/[^/]+/\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?$`,
		"insurance[].benefitBalance[0].financial[0].allowedMoney.value", "insurance[].benefitBalance[0].financial[0].usedMoney.value"}},
	"openmrs-insuranceclaims-stu3/claim":          {reads: claimSTU3, unread: "totalBenefit is of processed claims, error of refused ones; this one is entered"},
	"openmrs-insuranceclaims-stu3/claim-response": {reads: []string{"resourceType=ClaimResponse"}},
	"openmrs-insuranceclaims-stu3/claim-read":     {reads: []string{"resourceType=Claim"}},

	"policies-app/login":                  {reads: loginReads},
	"policies-app/feedback":               {},
	"policies-app/feedback-twice":         {reads: []string{"issue[0].details.text=Feedback exists for this claim"}},
	"policies-app/feedback-unknown-claim": {reads: []string{"issue[0].details.text=Claim does not exist"}},

	"sandbox-ehr-r4/login":      {reads: loginReads},
	"sandbox-ehr-r4/login-form": {reads: loginReads},
	"sandbox-ehr-r4/patient":    {reads: []string{"entry[0].resource.resourceType=Patient"}},
	"sandbox-ehr-r4/claim":      {reads: []string{"resourceType=ClaimResponse"}},
	"sandbox-ehr-r4/claim-response": {reads: []string{"identifier[type.coding[0].code=Code].value", "patient.identifier.value", "requestor.identifier.value",
		"insurer.reference", "outcome", "status", "created", "total[category.coding[0].code=2].amount.value", "item"}},
	"sandbox-ehr-r4/eligibility": {reads: []string{"resourceType=CoverageEligibilityResponse"}},

	"subscription-demo-r4/login":       {reads: loginReads},
	"subscription-demo-r4/subscribe":   {reads: []string{"id"}},
	"subscription-demo-r4/unsubscribe": {},
}
