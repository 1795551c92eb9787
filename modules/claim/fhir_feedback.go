package claim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
)

// feedbackRequests are the states of feedback of which there is a CommunicationRequest: feedback was asked for.
var feedbackRequests = map[int]struct {
	status fhir.RequestStatus
	name   string
}{
	rules.FlagSelected:  {fhir.RequestStatusActive, "selected"},
	rules.FlagDelivered: {fhir.RequestStatusCompleted, "delivered"},
	rules.FlagBypassed:  {fhir.RequestStatusRevoked, "bypassed"},
}

// The questions of feedback, as the payloads of R4 and the reason codes of STU3 name them.
var questions = [...]struct {
	name, stu3, asks string
	answer           func(f *fhirFeedback) string // "": not given
	set              func(f *Feedback, yes bool)  // nil: a mark
}{
	{"CareRendered", "care_rendered", "Was care rendered?", func(f *fhirFeedback) string { return yesOrNo(f.CareRendered) }, func(f *Feedback, yes bool) { f.CareRendered = &yes }},
	{"PaymentAsked", "payment_asked", "Was a payment asked for?", func(f *fhirFeedback) string { return yesOrNo(f.PaymentAsked) }, func(f *Feedback, yes bool) { f.PaymentAsked = &yes }},
	{"DrugPrescribed", "drug_prescribed", "Were drugs prescribed?", func(f *fhirFeedback) string { return yesOrNo(f.DrugPrescribed) }, func(f *Feedback, yes bool) { f.DrugPrescribed = &yes }},
	{"DrugReceived", "drug_received", "Were drugs received?", func(f *fhirFeedback) string { return yesOrNo(f.DrugReceived) }, func(f *Feedback, yes bool) { f.DrugReceived = &yes }},
	{"Asessment", "asessment", "How is the treatment judged, from 0 (worst) to 5 (best)?", func(f *fhirFeedback) string {
		if f.Assessment == nil {
			return ""
		}
		return strconv.Itoa(*f.Assessment)
	}, nil},
}

func yesOrNo(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "yes"
	}
	return "no"
}

// payloadType is the extension of a payload that names its question, with a code system of its own.
const payloadType, systemPayload = "communication-payload-type", "feedback-payload"

// requestsR4 are the claims for which feedback was asked.
var requestsR4 = feedbackAsked(claimSource([]fhirsql.Param{
	fhirsql.Codes("status", "active: selected for feedback; completed: delivered; revoked: bypassed", "FeedbackStatus", map[string][]any{
		"active": {rules.FlagSelected}, "completed": {rules.FlagDelivered}, "revoked": {rules.FlagBypassed}}, "http://hl7.org/fhir/request-status"),
	fhirsql.SameRow("about", "The claim", "about", Claims, "Claim"),
	fhirsql.Reference("subject", "The patient", "subject", insuree.Insurees, "InsureeID", "Patient"),
	fhirsql.Reference("recipient", "The claim administrator", "recipient", location.ClaimAdmins, "ClaimAdminId", "Practitioner"),
}, fhirClaim.requestR4))

func feedbackAsked(s *fhirsql.Source[fhirClaim]) *fhirsql.Source[fhirClaim] {
	s.Only = func(alias string) string {
		return fmt.Sprintf(`%s."FeedbackStatus" IN (%d, %d, %d)`, alias, rules.FlagSelected, rules.FlagDelivered, rules.FlagBypassed)
	}
	return s
}

func (c fhirClaim) requestR4() apifhir.Entry {
	state := feedbackRequests[value(c.FeedbackStatus)]
	subject := reference(c.Patient, "Patient")
	request := &fhir.CommunicationRequest{
		Identifier:   c.Identifiers(),
		Status:       state.status,
		StatusReason: apifhir.Concept(apifhir.CodeSystem("feedback-status"), fmt.Sprint(value(c.FeedbackStatus)), state.name),
		Subject:      &subject,
		About:        []fhir.Reference{*c.self("Claim")},
	}
	if ref := c.Admin.Reference("Practitioner"); ref != nil {
		request.Recipient = []fhir.Reference{*ref}
	}
	for _, q := range questions {
		request.Payload = append(request.Payload, fhir.CommunicationRequestPayload{ContentString: q.asks, Extension: []fhir.Extension{questionExtension(q.name)}})
	}
	return c.entry(request)
}

func questionExtension(name string) fhir.Extension {
	return apifhir.ConceptExtension(payloadType, apifhir.Concept(apifhir.CodeSystem(systemPayload), name, ""))
}

// fhirFeedback is a row of tblFeedback with its claim and the claim's patient.
type fhirFeedback struct {
	fhirsql.Row
	ClaimID        *int        `db:"ClaimID"`
	CareRendered   *bool       `db:"CareRendered"`
	PaymentAsked   *bool       `db:"PaymentAsked"`
	DrugPrescribed *bool       `db:"DrugPrescribed"`
	DrugReceived   *bool       `db:"DrugReceived"`
	Assessment     *int        `db:"Asessment"`
	At             *time.Time  `db:"FeedbackDate"`
	Claim          fhirsql.Ref `db:"claim"`
	Patient        fhirsql.Ref `db:"patient"`
	Officer        fhirsql.Ref `db:"officer"`
}

func feedbackSource(read func(fhirFeedback) apifhir.Entry, params ...fhirsql.Param) *fhirsql.Source[fhirFeedback] {
	return &fhirsql.Source[fhirFeedback]{
		Table:   Feedbacks,
		Columns: []string{"ClaimID", "CareRendered", "PaymentAsked", "DrugPrescribed", "DrugReceived", "Asessment", "FeedbackDate"},
		Links: []fhirsql.Link{
			{Alias: "claim", Table: Claims, Via: "ClaimID"},
			{Alias: "patient", Table: insuree.Insurees, Via: "claim.InsureeID"},
			{Alias: "officer", Table: location.Officers, Via: "CHFOfficerCode"},
		},
		Params: params, Map: read,
	}
}

// The sources of feedback that was given: in STU3 it is called a request.
var (
	communicationsR4 = feedbackSource(fhirFeedback.communicationR4, fhirsql.Day("sent", "When the feedback was collected", "FeedbackDate"),
		fhirsql.Reference("about", "The claim", "about", Claims, "ClaimID", "Claim"))
	communicationsSTU3 = feedbackSource(fhirFeedback.requestSTU3, fhirsql.Day("occurrence", "When the feedback was collected", "FeedbackDate"),
		fhirsql.Reference("topic", "The claim", "topic", Claims, "ClaimID", "Claim"))
)

func (f fhirFeedback) communicationR4() apifhir.Entry {
	c := &fhir.Communication{
		Identifier: f.Identifiers(),
		Status:     fhir.EventStatusCompleted,
		Subject:    f.Patient.Reference("Patient"),
		Sender:     f.Officer.Reference("Practitioner"),
	}
	if ref := f.Claim.Reference("Claim"); ref != nil {
		c.About = []fhir.Reference{*ref}
	}
	if f.At != nil {
		c.Sent = apifhir.Ptr(apifhir.DateText(*f.At))
	}
	for _, q := range questions {
		if answer := q.answer(&f); answer != "" {
			c.Payload = append(c.Payload, fhir.CommunicationPayload{ContentString: answer, Extension: []fhir.Extension{questionExtension(q.name)}})
		}
	}
	return f.Entry(c)
}

func (f fhirFeedback) requestSTU3() apifhir.Entry {
	r := &stu3.CommunicationRequest{Identifier: stu3.Identified(f.ID(), "", ""), Status: "completed", Subject: f.Patient.STU3("Patient")}
	if ref := f.Claim.STU3("Claim"); ref != nil {
		r.Topic = []stu3.Reference{*ref}
	}
	if f.At != nil {
		r.OccurrenceDateTime = apifhir.Ptr(apifhir.DateText(*f.At))
	}
	for _, q := range questions {
		if answer := q.answer(&f); answer != "" {
			if q.set != nil { // as upstream writes them
				answer = map[string]string{"yes": "True", "no": "False"}[answer]
			}
			r.ReasonCode = append(r.ReasonCode, *stu3.Coded(q.stu3, answer))
		}
	}
	return f.Entry(r)
}

// createCommunication delivers the feedback of a claim that has none yet. The texts are upstream's: its client matches them.
func createCommunication(ctx context.Context, in *apifhir.Input, c *fhir.Communication, _ []apifhir.Contained) (apifhir.Entry, error) {
	f, err := readFeedback(ctx, in, c)
	if err != nil {
		return apifhir.Entry{}, err
	}
	if _, err := lockClaims(ctx, in.Tx, in.By.Scope, []int{f.ClaimID}); err != nil {
		return apifhir.Entry{}, err
	}
	if key, err := feedbackOf(ctx, in.Tx, f.ClaimID); err != nil || key != 0 {
		if err == nil {
			err = fault.New(fault.Conflict, "Feedback exists for this claim")
		}
		return apifhir.Entry{}, err
	}
	return giveFeedback(ctx, in, f)
}

// updateCommunication corrects the feedback of a claim, and keeps the old answers as history.
func updateCommunication(ctx context.Context, in *apifhir.Input, c *fhir.Communication, _ []apifhir.Contained) (apifhir.Entry, error) {
	row, err := communicationsR4.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return apifhir.Entry{}, err
	}
	f, err := readFeedback(ctx, in, c)
	if err != nil {
		return apifhir.Entry{}, err
	}
	if row.ClaimID == nil || *row.ClaimID != f.ClaimID {
		return apifhir.Entry{}, fault.Input("Communication.about[0]", "about must stay the claim that the feedback is about")
	}
	return giveFeedback(ctx, in, f)
}

func giveFeedback(ctx context.Context, in *apifhir.Input, f Feedback) (apifhir.Entry, error) {
	err := Service{}.GiveFeedback(ctx, in.Tx, Author{in.By, in.Now}, f)
	var refusal *Refusal
	var obstacle *Obstacle
	switch {
	case errors.As(err, &refusal):
		path := map[rules.Part]string{rules.PartAssessment: "Communication.payload", rules.PartFeedbackDate: "Communication.sent"}[refusal.Problems[0].At.Part]
		err = fault.Input(path, "%s: %s", path, refusal.Problems[0].Text)
	case errors.As(err, &obstacle) && obstacle.Reason == NotFound:
		err = noClaim()
	case errors.As(err, &obstacle):
		err = fault.New(fault.Conflict, "%s", obstacle)
	}
	if err != nil {
		return apifhir.Entry{}, err
	}
	key, err := feedbackOf(ctx, in.Tx, f.ClaimID)
	if err != nil {
		return apifhir.Entry{}, err
	}
	return communicationsR4.Entry(ctx, in.Tx, key)
}

func noClaim() error { return fault.Input("Communication.about[0]", "Claim does not exist") }

// readFeedback reads feedback, in the order in which upstream looks at it.
func readFeedback(ctx context.Context, in *apifhir.Input, c *fhir.Communication) (f Feedback, err error) {
	var head struct { // the model takes a status that is not there for another one
		Status *string `json:"status"`
	}
	if err := json.Unmarshal(in.JSON, &head); err != nil {
		return f, fault.Input("Communication.status", "status must be a text")
	}
	refuse := func(member, format string, args ...any) (Feedback, error) {
		return f, fault.Input("Communication."+member, format, args...)
	}
	switch {
	case fhirsql.Trim(head.Status) == "":
		return refuse("status", "status is required field")
	case *head.Status != "completed":
		return refuse("status", "status value must be = completed")
	case len(c.About) == 0:
		return refuse("about", "about is required")
	case c.Subject == nil:
		return refuse("subject", "subject is required")
	case len(c.Payload) == 0:
		return refuse("payload", "payload is required")
	case len(c.Payload) != len(questions):
		return refuse("payload", "payload must have %d elements", len(questions))
	}
	if err := readAnswers(c.Payload, &f); err != nil {
		return f, err
	}
	if text := fhirsql.Trim(c.Sent); text != "" {
		at, err := parseTime(text)
		if err != nil {
			return refuse("sent", "%s", err)
		}
		f.At = &at
	}
	about, err := apifhir.TargetOf(&c.About[0], "Communication.about[0]")
	if err != nil {
		return f, err
	}
	if f.ClaimID, err = fhirsql.Resolve(ctx, in.Tx, Claims, about, "Communication.about[0]"); err != nil {
		if fault.Code(err) == fault.Invalid {
			err = noClaim()
		}
		return f, err
	}
	subject, err := apifhir.TargetOf(c.Subject, "Communication.subject")
	if err != nil {
		return f, err
	}
	patient, err := patientOf(ctx, in.Tx, f.ClaimID)
	if err != nil {
		return f, err
	}
	if !names(subject, patient) {
		return refuse("subject", "subject is not the patient of the claim")
	}
	officers, err := current(ctx, in.Tx, officerTable, nil, []rules.Named{{Code: in.By.Username}}) // the author may be one
	if row := officers.row(rules.Named{Code: in.By.Username}); row != nil {
		f.Officer = &row.ID
	}
	return f, err
}

// readAnswers reads the payloads, one for each question.
func readAnswers(list []fhir.CommunicationPayload, f *Feedback) error {
	var all []string
	for _, q := range questions {
		all = append(all, q.name)
	}
	seen := map[string]bool{}
	for i := range list {
		path, name := fmt.Sprintf("Communication.payload[%d]", i), ""
		if x := apifhir.ExtensionNamed(list[i].Extension, payloadType); x != nil {
			name = codeOf(x.ValueCodeableConcept)
		}
		answer := strings.TrimSpace(list[i].ContentString)
		for _, q := range questions {
			if q.name != name || seen[name] {
				continue
			}
			seen[name] = true
			if q.set != nil {
				if answer != "yes" && answer != "no" {
					return fault.Input(path, "Value for '%s' must be either 'yes' or 'no' but is '%s'", name, answer)
				}
				q.set(f, answer == "yes")
				continue
			}
			mark, err := strconv.Atoi(answer)
			if err != nil || mark < 0 || mark > greatestAssessment {
				return fault.Input(path, "Value for '%s' must be between 0 and %d but is '%s'", name, greatestAssessment, answer)
			}
			f.Assessment = &mark
		}
	}
	if len(seen) != len(questions) {
		return fault.Input("Communication.payload", "payload must support all five elemets: %s", strings.Join(all, ", ")) // sic
	}
	return nil
}

// names says whether a reference names a row: by its UUID, its code or its key, or by what its kind says.
func names(target apifhir.Target, r fhirsql.Ref) bool {
	byUUID := r.UUID != "" && strings.EqualFold(target.Value, string(r.UUID))
	byCode := r.Code != nil && db.Folded(target.Value) == db.Folded(*r.Code)
	byKey := r.Key != nil && target.Value == strconv.Itoa(*r.Key)
	switch target.Kind {
	case apifhir.KindUUID:
		return byUUID
	case apifhir.KindCode:
		return byCode
	case apifhir.KindID:
		return byKey
	}
	return byUUID || byCode || byKey
}

// patientOf reads the patient of a claim.
func patientOf(ctx context.Context, q db.Query, claim int) (r fhirsql.Ref, err error) {
	uuid := ""
	if insuree.Insurees.HasUUID(q) {
		uuid = `, i."` + insuree.Insurees.UUID + `" AS "UUID"`
	}
	err = q.Get(ctx, &r, `SELECT i."InsureeID" AS "Key", i."CHFID" AS "Code"`+uuid+` FROM "tblClaim" AS c JOIN "tblInsuree" AS i ON i."InsureeID" = c."InsureeID" WHERE c."ClaimID" = ?`, claim)
	if err != nil {
		err = fmt.Errorf("read the patient of claim %d: %w", claim, err)
	}
	return r, err
}

// feedbackOf is the current feedback of a claim; 0: there is none.
func feedbackOf(ctx context.Context, q db.Query, claim int) (int, error) {
	var ids []int
	if err := q.Select(ctx, &ids, `SELECT f."FeedbackID" FROM "tblFeedback" AS f WHERE f."ClaimID" = ? AND f."ValidityTo" IS NULL ORDER BY f."FeedbackID"`, claim); err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}
