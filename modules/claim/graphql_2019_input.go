package claim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// claimInput is the input of createClaim and updateClaim. What submission, processing, review and
// feedback decide (category, amounts of the rules, flags, batch run) is not taken from clients; those
// members are left aside.
type claimInput struct {
	ID               *int        `json:"id"`
	Code             string      `json:"code"`
	InsureeID        int         `json:"insuree_id"`
	DateFrom         inputDate   `json:"date_from"`
	DateTo           *inputDate  `json:"date_to"`
	DateClaimed      inputDate   `json:"date_claimed"`
	ICDID            int         `json:"icd_id"`
	ICD1             *int        `json:"icd_1_id"`
	ICD2             *int        `json:"icd_2_id"`
	ICD3             *int        `json:"icd_3_id"`
	ICD4             *int        `json:"icd_4_id"`
	ICDID1           *int        `json:"icd_id_1"` // the 2019 application's spelling
	ICDID2           *int        `json:"icd_id_2"`
	ICDID3           *int        `json:"icd_id_3"`
	ICDID4           *int        `json:"icd_id_4"`
	Status           int         `json:"status"`
	ReviewStatus     *int        `json:"review_status"`
	FeedbackStatus   *int        `json:"feedback_status"`
	HealthFacilityID int         `json:"health_facility_id"`
	AdminID          *int        `json:"admin_id"`
	VisitType        *string     `json:"visit_type"`
	Items            []lineInput `json:"items"`
	Services         []lineInput `json:"services"`
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
	Explanation     *string          `json:"explanation"`
	Justification   *string          `json:"justification"`
	RejectionReason *int             `json:"rejection_reason"`
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

// form is the claim that the input describes.
func (in *claimInput) form() (rules.Form, error) {
	f := rules.Form{Code: in.Code, Facility: named(&in.HealthFacilityID), Insuree: named(&in.InsureeID),
		From: in.DateFrom.Time, To: in.DateTo.pointer(), Claimed: in.DateClaimed.Time, VisitType: in.VisitType}
	for i, id := range []*int{&in.ICDID, cmp.Or(in.ICD1, in.ICDID1), cmp.Or(in.ICD2, in.ICDID2), cmp.Or(in.ICD3, in.ICDID3), cmp.Or(in.ICD4, in.ICDID4)} {
		f.Diagnoses[i] = named(id)
	}
	if in.AdminID != nil {
		admin := named(in.AdminID)
		f.Admin = &admin
	}
	for k, lines := range in.lines() {
		for i := range lines {
			l, k := &lines[i], rules.Kind(k)
			if err := l.checkStatus(k, i); err != nil {
				return f, err
			}
			if l.PriceAsked == nil {
				at := lineField(k, i, "priceAsked")
				return f, fault.Input(at, "%s: a number is expected.", at)
			}
			line := rules.FormLine{Of: named(l.entry(k)), Quantity: l.QtyProvided, Price: l.PriceAsked, Explanation: l.Explanation, Justification: l.Justification}
			if l.ID != nil {
				line.LineID = known(*l.ID)
			}
			f.Lines[k] = append(f.Lines[k], line)
		}
	}
	return f, nil
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

func (l *lineInput) checkStatus(k rules.Kind, i int) error {
	if l.Status != rules.LinePassed && l.Status != rules.LineRejected {
		at := lineField(k, i, "status")
		return fault.Input(at, "%s: %d is unknown; allowed are 1 (passed) and 2 (rejected).", at, l.Status)
	}
	return nil
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
			if err := l.checkStatus(k, i); err != nil {
				return r, err
			}
			r.Lines[k] = append(r.Lines[k], rules.Decision{LineID: named(l.ID).ID, EntryID: named(l.entry(k)).ID, Rejected: l.Status == rules.LineRejected,
				QtyApproved: l.QtyApproved, PriceApproved: l.PriceApproved, Justification: l.Justification})
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
type inputDate struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (d *inputDate) UnmarshalJSON(b []byte) error {
	t, err := readTime(b)
	y, m, day := t.Date()
	if !t.IsZero() {
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
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05.999999999", time.RFC3339Nano, "2006-01-02 15:04:05.999999999"} {
		if t, err := time.Parse(layout, *s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("“%s” cannot be read as a date; 2026-12-31 or 2026-12-31T23:59:59 is expected", *s)
}
