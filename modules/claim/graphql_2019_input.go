package claim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// claimInput is the input of createClaim and updateClaim. An update without dateTo, visitType, icd1Id to icd4Id or adminId
// keeps them, null clears them; items and services are all that the claim has afterwards.
type claimInput struct {
	ID               *int              `json:"id"`
	Code             string            `json:"code"`
	InsureeID        int               `json:"insuree_id"`
	DateFrom         inputDate         `json:"date_from"`
	DateTo           member[inputDate] `json:"date_to"`
	DateClaimed      inputDate         `json:"date_claimed"`
	ICDID            int               `json:"icd_id"`
	ICD1             member[int]       `json:"icd_1_id"`
	ICD2             member[int]       `json:"icd_2_id"`
	ICD3             member[int]       `json:"icd_3_id"`
	ICD4             member[int]       `json:"icd_4_id"`
	ICDID1           member[int]       `json:"icd_id_1"` // the 2019 application's spelling
	ICDID2           member[int]       `json:"icd_id_2"`
	ICDID3           member[int]       `json:"icd_id_3"`
	ICDID4           member[int]       `json:"icd_id_4"`
	Status           int               `json:"status"`
	ReviewStatus     *int              `json:"review_status"`
	FeedbackStatus   *int              `json:"feedback_status"`
	HealthFacilityID int               `json:"health_facility_id"`
	AdminID          member[int]       `json:"admin_id"`
	VisitType        member[string]    `json:"visit_type"`
	Items            []lineInput       `json:"items"`
	Services         []lineInput       `json:"services"`

	decidedClaim
}

// decidedClaim are the members of a claim's input that submission, processing, feedback and batch runs write.
type decidedClaim struct {
	Category          json.RawMessage `json:"category"`
	BatchRunID        json.RawMessage `json:"batch_run_id"`
	DateProcessed     json.RawMessage `json:"date_processed"`
	FeedbackAvailable json.RawMessage `json:"feedback_available"`
	Feedback          json.RawMessage `json:"feedback"`
}

// lineInput is an item or a service of an input.
type lineInput struct {
	ID              *int             `json:"id"`
	ItemID          *int             `json:"item_id"`
	ServiceID       *int             `json:"service_id"`
	Status          int              `json:"status"`
	QtyProvided     *decimal.Decimal `json:"qty_provided"`
	QtyApproved     *decimal.Decimal `json:"qty_approved"`
	PriceAsked      *decimal.Decimal `json:"price_asked"`
	PriceApproved   *decimal.Decimal `json:"price_approved"`
	Explanation     member[string]   `json:"explanation"`
	Justification   member[string]   `json:"justification"`
	RejectionReason *int             `json:"rejection_reason"` // of a review it follows from the status

	decidedLine
}

// decidedLine are the members of a line's input that the rules write.
type decidedLine struct {
	PriceAdjusted               json.RawMessage `json:"price_adjusted"`
	PriceValuated               json.RawMessage `json:"price_valuated"`
	Limitation                  json.RawMessage `json:"limitation"`
	LimitationValue             json.RawMessage `json:"limitation_value"`
	RemuneratedAmount           json.RawMessage `json:"remunerated_amount"`
	DeductableAmount            json.RawMessage `json:"deductable_amount"`
	ExceedCeilingAmount         json.RawMessage `json:"exceed_ceiling_amount"`
	ExceedCeilingAmountCategory json.RawMessage `json:"exceed_ceiling_amount_category"`
	PriceOrigin                 json.RawMessage `json:"price_origin"`
	PolicyID                    json.RawMessage `json:"policy_id"`
	LegacyID                    json.RawMessage `json:"legacy_id"`
	ValidityTo                  json.RawMessage `json:"validity_to"`
	ValidityFromReview          json.RawMessage `json:"validity_from_review"`
	ValidityToReview            json.RawMessage `json:"validity_to_review"`
	AuditUserIDReview           json.RawMessage `json:"audit_user_id_review"`
}

// refuseDecided refuses members that are not for the client to write, unless they are null, false or empty.
func refuseDecided(decided any, field func(member string) string) error {
	v := reflect.ValueOf(decided)
	for i := range v.NumField() {
		switch raw := v.Field(i).Bytes(); string(raw) {
		case "", "null", "false", `""`:
		default:
			at := field(camelCase(v.Type().Field(i).Tag.Get("json")))
			return fault.Input(at, "%s: submission, review, processing or a batch run writes this; leave it out.", at)
		}
	}
	return nil
}

// camelCase spells a member of the logged JSON as the contract does.
func camelCase(snake string) string {
	parts := strings.Split(snake, "_")
	for i := range parts[1:] {
		parts[i+1] = strings.ToUpper(parts[i+1][:1]) + parts[i+1][1:]
	}
	return strings.Join(parts, "")
}

// member of an input that may be absent, null, or have a value.
type member[T any] struct {
	present bool
	value   *T
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *member[T]) UnmarshalJSON(b []byte) error {
	m.present = true
	return json.Unmarshal(b, &m.value)
}

// text is nil when the member is absent, and empty when it is null.
func text(m member[string]) *string {
	if m.present && m.value == nil {
		return new(string)
	}
	return m.value
}

func (l *lineInput) entry(k rules.Kind) *int {
	if k == rules.Items {
		return l.ItemID
	}
	return l.ServiceID
}

func (in *claimInput) lines() [rules.KindCount][]lineInput {
	return [rules.KindCount][]lineInput{rules.Items: in.Items, rules.Services: in.Services}
}

// needsID refuses an input without the id of the claim.
func needsID(field string, id *int) error {
	if id == nil {
		return fault.Input(field, "%s: the id of the claim is missing.", field)
	}
	return nil
}

// checkNew refuses what a new claim cannot have yet.
func (in *claimInput) checkNew() error {
	for _, s := range []struct {
		field string
		given *int
		want  int
	}{
		{"status", &in.Status, rules.StatusEntered},
		{"feedbackStatus", in.FeedbackStatus, rules.FlagIdle},
		{"reviewStatus", in.ReviewStatus, rules.FlagIdle},
	} {
		if s.given != nil && *s.given != s.want {
			return fault.Input(s.field, "%s: a new claim has %d; %d is not allowed.", s.field, s.want, *s.given)
		}
	}
	if in.ID != nil {
		return fault.Input("id", "id: a new claim gets its id here; leave it out.")
	}
	for k, lines := range in.lines() {
		for i := range lines {
			if id := lines[i].ID; id != nil {
				at := lineField(rules.Kind(k), i, "id")
				return fault.Input(at, "%s: a new claim has no line %d.", at, *id)
			}
		}
	}
	return nil
}

// diagnoses are the further diagnoses, in either spelling.
func (in *claimInput) diagnoses() [rules.DiagnosisCount - 1]member[int] {
	either := func(a, b member[int]) member[int] {
		if a.value != nil || !b.present {
			return a
		}
		return b
	}
	return [...]member[int]{either(in.ICD1, in.ICDID1), either(in.ICD2, in.ICDID2), either(in.ICD3, in.ICDID3), either(in.ICD4, in.ICDID4)}
}

// kept are the places that the input says nothing about.
func (in *claimInput) kept() (places []rules.Place) {
	if !in.DateTo.present {
		places = append(places, rules.Place{Part: rules.PartTo})
	}
	if !in.VisitType.present {
		places = append(places, rules.Place{Part: rules.PartVisitType})
	}
	for i, d := range in.diagnoses() {
		if !d.present {
			places = append(places, rules.Place{Part: rules.PartDiagnosis, Index: i + 1})
		}
	}
	return places
}

// form is the claim that the input describes.
func (in *claimInput) form() (f rules.Form, err error) {
	if err := refuseDecided(in.decidedClaim, func(member string) string { return member }); err != nil {
		return f, err
	}
	f = rules.Form{Code: in.Code, Facility: named(&in.HealthFacilityID), Insuree: named(&in.InsureeID),
		From: in.DateFrom.Time, To: in.DateTo.value.pointer(), Claimed: in.DateClaimed.Time, VisitType: in.VisitType.value}
	for _, d := range []struct {
		part rules.Part
		date *inputDate
	}{{rules.PartFrom, &in.DateFrom}, {rules.PartTo, in.DateTo.value}, {rules.PartClaimed, &in.DateClaimed}} {
		if d.date != nil && d.date.given && d.date.IsZero() {
			return f, worded(refused([]rules.Problem{rules.OutOfRange(rules.Place{Part: d.part}, d.date.Time)}))
		}
	}
	f.Diagnoses[0] = named(&in.ICDID)
	for i, d := range in.diagnoses() {
		f.Diagnoses[i+1] = named(d.value)
	}
	if in.AdminID.present {
		admin := named(in.AdminID.value)
		f.Admin = &admin
	}
	for k, lines := range in.lines() {
		for i := range lines {
			line, err := lines[i].form(rules.Kind(k), i)
			if err != nil {
				return f, err
			}
			f.Lines[k] = append(f.Lines[k], line)
		}
	}
	return f, nil
}

func (l *lineInput) form(k rules.Kind, i int) (line rules.FormLine, err error) {
	if err := l.check(k, i); err != nil {
		return line, err
	}
	decided := l.RejectionReason != nil && *l.RejectionReason != rules.ReasonAccepted
	for _, m := range []struct {
		name  string
		wrong bool
		text  string
	}{
		{"priceAsked", l.PriceAsked == nil, "a number is expected"},
		{"qtyApproved", l.QtyApproved != nil, "a review writes this; leave it out"},
		{"priceApproved", l.PriceApproved != nil, "a review writes this; leave it out"},
		{"rejectionReason", decided, "submission and review write this; leave it out"},
	} {
		if m.wrong {
			at := lineField(k, i, m.name)
			return line, fault.Input(at, "%s: %s.", at, m.text)
		}
	}
	line = rules.FormLine{Of: named(l.entry(k)), Quantity: l.QtyProvided, Price: l.PriceAsked, Explanation: text(l.Explanation), Justification: text(l.Justification),
		Rejected: l.Status == rules.LineRejected}
	if l.ID != nil {
		line.LineID = known(*l.ID)
	}
	return line, nil
}

// named is the row of an id, nothing without one.
func named(id *int) rules.Named {
	if id == nil {
		return rules.Named{}
	}
	return rules.Named{ID: known(*id)}
}

// known keeps an id of 0, which no row has, apart from none.
func known(id int) int {
	if id == 0 {
		return -1
	}
	return id
}

// check refuses what is wrong in any line.
func (l *lineInput) check(k rules.Kind, i int) error {
	if l.Status != rules.LinePassed && l.Status != rules.LineRejected {
		at := lineField(k, i, "status")
		return fault.Input(at, "%s: %d is unknown; allowed are 1 (passed) and 2 (rejected).", at, l.Status)
	}
	return refuseDecided(l.decidedLine, func(member string) string { return lineField(k, i, member) })
}

// idsInput is the input of the mutations over many claims.
type idsInput struct {
	IDs []*int `json:"ids"`
}

func (in idsInput) ids() ([]int, error) {
	var ids []int
	for _, id := range in.IDs {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	if len(ids) == 0 {
		return nil, fault.Input("ids", "ids: at least one claim is expected.")
	}
	return ids, nil
}

// reviewInput is the input of deliverClaimReview.
type reviewInput struct {
	ClaimID  *int        `json:"claim_id"`
	Items    []lineInput `json:"items"`
	Services []lineInput `json:"services"`
}

// review is what the input decides.
func (in *reviewInput) review() (r rules.Review, err error) {
	if err := needsID("claimId", in.ClaimID); err != nil {
		return r, err
	}
	r.ClaimID = *in.ClaimID
	for k, lines := range [rules.KindCount][]lineInput{rules.Items: in.Items, rules.Services: in.Services} {
		for i := range lines {
			l, k := &lines[i], rules.Kind(k)
			if err := l.check(k, i); err != nil {
				return r, err
			}
			r.Lines[k] = append(r.Lines[k], rules.Decision{LineID: named(l.ID).ID, EntryID: named(l.entry(k)).ID, Rejected: l.Status == rules.LineRejected,
				QtyApproved: l.QtyApproved, PriceApproved: l.PriceApproved, Justification: text(l.Justification),
				QtyProvided: l.QtyProvided, PriceAsked: l.PriceAsked, Explanation: l.Explanation.value})
		}
	}
	return r, nil
}

// feedbackInput is the input of deliverClaimFeedback.
type feedbackInput struct {
	ClaimID  *int `json:"claim_id"`
	Feedback *struct {
		CareRendered   *bool      `json:"care_rendered"`
		PaymentAsked   *bool      `json:"payment_asked"`
		DrugPrescribed *bool      `json:"drug_prescribed"`
		DrugReceived   *bool      `json:"drug_received"`
		Asessment      *int       `json:"asessment"`
		CHFOfficerCode *int       `json:"chf_officer_code"`
		FeedbackDate   *inputTime `json:"feedback_date"`
	} `json:"feedback"`
}

func (in *feedbackInput) feedback() (f Feedback, err error) {
	if in.Feedback == nil {
		return f, fault.Input("feedback", "feedback: the answers are missing.")
	}
	if err := needsID("claimId", in.ClaimID); err != nil {
		return f, err
	}
	answers := in.Feedback
	f = Feedback{ClaimID: *in.ClaimID, CareRendered: answers.CareRendered, PaymentAsked: answers.PaymentAsked, DrugPrescribed: answers.DrugPrescribed,
		DrugReceived: answers.DrugReceived, Assessment: answers.Asessment, Officer: answers.CHFOfficerCode}
	if answers.FeedbackDate != nil {
		f.At = &answers.FeedbackDate.Time
	}
	return f, nil
}

// inputDate is a Date of an input; the time of day of a DateTime is dropped, with its zone.
type inputDate struct {
	time.Time
	given bool // and not null: 0001-01-01 is the zero time, too
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *inputDate) UnmarshalJSON(b []byte) error {
	t, err := readTime(b)
	y, m, day := t.Date()
	if d.given = err == nil && string(b) != "null"; d.given {
		d.Time = time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
	}
	return err
}

func (d *inputDate) pointer() *time.Time {
	if d == nil {
		return nil
	}
	return &d.Time
}

// inputTime is a DateTime of an input.
type inputTime struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (d *inputTime) UnmarshalJSON(b []byte) error {
	t, err := readTime(b)
	d.Time = t.UTC()
	return err
}

func readTime(b []byte) (time.Time, error) {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil || s == nil {
		return time.Time{}, err
	}
	return parseTime(*s)
}

// parseTime reads a date or a moment with or without zone.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05.999999999", time.RFC3339Nano, "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("“%s” cannot be read as a date; 2026-12-31 or 2026-12-31T23:59:59 is expected", s)
}
