package claim

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
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

// inputName is the member of an input that has the lines of a kind.
func inputName(k rules.Kind) string { return [rules.KindCount]string{"items", "services"}[k] }

// diagnosis is a diagnosis of an input with the name of its member.
type diagnosis struct {
	field string
	id    *int
}

func (in *claimInput) diagnoses() [diagnosisCount]diagnosis {
	either := func(a, b *int) *int {
		if a == nil {
			return b
		}
		return a
	}
	return [diagnosisCount]diagnosis{
		{"icdId", &in.ICDID}, {"icd1Id", either(in.ICD1, in.ICDID1)}, {"icd2Id", either(in.ICD2, in.ICDID2)},
		{"icd3Id", either(in.ICD3, in.ICDID3)}, {"icd4Id", either(in.ICD4, in.ICDID4)},
	}
}

// Ranges of what a client may write.
var (
	earliest = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC) // smalldatetime
	latest   = time.Date(2079, 6, 6, 0, 0, 0, 0, time.UTC)
)

// check finds what is wrong with an input by itself. maxCode is the length of the code's column.
func (in *claimInput) check(now time.Time, maxCode int) error {
	in.Code = strings.TrimSpace(in.Code)
	switch n := schema.Length(in.Code); {
	case n == 0:
		return fault.Input("code", "code: a claim needs a code.")
	case n > maxCode:
		return fault.Input("code", "code: the code has %d characters; at most %d are allowed.", n, maxCode)
	}
	// Who is east of the server has tomorrow's date already.
	tomorrow := now.AddDate(0, 0, 1)
	for _, d := range []struct {
		field string
		date  *inputDate
	}{{"dateFrom", &in.DateFrom}, {"dateTo", in.DateTo}, {"dateClaimed", &in.DateClaimed}} {
		switch {
		case d.date == nil:
		case d.date.IsZero():
			return fault.Input(d.field, "%s: a date is expected, such as 2026-12-31.", d.field)
		case d.date.Before(earliest) || d.date.After(latest):
			return fault.Input(d.field, "%s: %s is out of range; allowed are 1900-01-01 to 2079-06-06.", d.field, d.date.Format(time.DateOnly))
		case d.date.After(tomorrow):
			return fault.Input(d.field, "%s: %s is in the future.", d.field, d.date.Format(time.DateOnly))
		}
	}
	switch {
	case in.DateTo != nil && in.DateTo.Before(in.DateFrom.Time):
		return fault.Input("dateTo", "dateTo: the claim ends on %s, before it starts on %s.", in.DateTo.Format(time.DateOnly), in.DateFrom.Format(time.DateOnly))
	case in.DateClaimed.Before(in.DateFrom.Time):
		return fault.Input("dateClaimed", "dateClaimed: the claim was made on %s, before it starts on %s.", in.DateClaimed.Format(time.DateOnly), in.DateFrom.Format(time.DateOnly))
	}
	if in.VisitType != nil {
		visit := strings.ToUpper(strings.TrimSpace(*in.VisitType))
		in.VisitType = &visit
		switch visit {
		case "":
			in.VisitType = nil
		case "E", "R", "O":
		default:
			return fault.Input("visitType", "visitType: %q is unknown; allowed are E (emergency), R (referral) and O (other).", visit)
		}
	}
	for k, lines := range in.lines() {
		for i := range lines {
			if err := lines[i].checkClaimed(rules.Kind(k), i); err != nil {
				return err
			}
		}
	}
	if rules.Overflows(in.total()) {
		return fault.Input("services", "The claim adds up to %s; less than %s is allowed.", in.total(), rules.AmountLimit)
	}
	return nil
}

// total is what the lines claim.
func (in *claimInput) total() decimal.Decimal {
	sum := rules.Zero
	for _, lines := range in.lines() {
		for i := range lines {
			sum = sum.Add(rules.Value(lines[i].QtyProvided).Mul(rules.Value(lines[i].PriceAsked)))
		}
	}
	return sum.Round(2)
}

// checkClaimed checks a line as its facility writes it.
func (l *lineInput) checkClaimed(k rules.Kind, i int) error {
	at := func(member string) string { return fmt.Sprintf("%s[%d].%s", inputName(k), i, member) }
	if l.entry(k) == nil {
		member := [rules.KindCount]string{"itemId", "serviceId"}[k]
		return fault.Input(at(member), "%s: the id is missing.", at(member))
	}
	if err := checkLineStatus(at, l.Status); err != nil {
		return err
	}
	for _, m := range []struct {
		name   string
		amount *rules.Amount
	}{{"qtyProvided", &l.QtyProvided}, {"priceAsked", &l.PriceAsked}} {
		if *m.amount == nil {
			return fault.Input(at(m.name), "%s: a number is expected.", at(m.name))
		}
		if err := checkAmount(at(m.name), m.amount); err != nil {
			return err
		}
	}
	return l.checkApproved(at)
}

func (l *lineInput) checkApproved(at func(string) string) error {
	if err := checkAmount(at("qtyApproved"), &l.QtyApproved); err != nil {
		return err
	}
	return checkAmount(at("priceApproved"), &l.PriceApproved)
}

func checkLineStatus(at func(string) string, status int) error {
	if status != rules.LinePassed && status != rules.LineRejected {
		return fault.Input(at("status"), "%s: %d is unknown; allowed are 1 (passed) and 2 (rejected).", at("status"), status)
	}
	return nil
}

// checkAmount checks an amount or quantity for its column and rounds it as the database would.
func checkAmount(field string, m *rules.Amount) error {
	switch {
	case *m == nil:
		return nil
	case (*m).IsNegative():
		return fault.Input(field, "%s: %s is negative.", field, *m)
	case (*m).Exponent() > 20 || (*m).Exponent() < -100 || rules.Overflows((*m).Round(2)):
		return fault.Input(field, "%s: the number is out of range; less than %s is allowed, with 2 decimals.", field, rules.AmountLimit)
	}
	rounded := (*m).Round(2)
	*m = &rounded
	return nil
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
	return time.Time{}, fmt.Errorf("%q is no date; 2026-12-31 or 2026-12-31T23:59:59 is expected", *s)
}
