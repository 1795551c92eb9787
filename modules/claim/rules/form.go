package rules

import (
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// Form is a claim as somebody enters it, by way of whatever client. What it refers to is named by id or by code.
type Form struct {
	Code      string
	Facility  Named
	Insuree   Named
	Diagnoses [DiagnosisCount]Named // the main one first; the others may be left out
	// Admin is the claim administrator. Nil: the client cannot say; an author who is one of the facility's is meant then.
	// A Named without id and code says that there is none, which tblControls may not allow.
	Admin       *Named
	From        time.Time
	To          *time.Time
	Claimed     time.Time
	VisitType   *string // E, R or O; nil or empty: none
	GuaranteeID *string
	Explanation *string
	Lines       [KindCount][]FormLine
	// Lenient takes what uspUpdateClaimFromPhone takes: dates in the future, unknown visit types, and unknown claim
	// administrators, which are left out.
	Lenient bool
}

// FormLine is an item or a service of a form.
type FormLine struct {
	LineID   int // of a line that is there already, at an update; else 0
	Of       Named
	Quantity Amount
	Price    Amount // for one; nil: that of the price list, else that of the register
	// At an update nil keeps the texts of the line; empty ones are none.
	Explanation   *string
	Justification *string
	// Rejected: the client holds the line for rejected. It must be already; forms do not reject.
	Rejected bool
}

// Named names a row: by its id, or else by its business code.
type Named struct {
	ID   int
	Code string
}

// Given says whether anything is named.
func (n Named) Given() bool { return n.ID != 0 || strings.TrimSpace(n.Code) != "" }

// DiagnosisCount is how many diagnoses a claim has at most.
const DiagnosisCount = 5

// Dates that smalldatetime columns hold.
var (
	Earliest = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	Latest   = time.Date(2079, 6, 6, 0, 0, 0, 0, time.UTC)
)

// Check finds what is wrong with a form by itself, and brings its values into the shape that the database keeps: codes
// without blanks around them, amounts with two decimals. Whether texts fit their columns depends on the database and is
// not looked at.
func (f *Form) Check(now time.Time) (found []Problem) {
	add := func(code Code, at Place, format string, args ...any) {
		found = append(found, Problem{code, at, sentence(format, args...)})
	}
	f.Code = strings.TrimSpace(f.Code)
	if f.Code == "" {
		add(Missing, Place{Part: PartCode}, "a claim needs a code")
	}
	found = append(found, f.checkDates(now)...)
	if f.VisitType != nil && !f.Lenient {
		visit := strings.ToUpper(strings.TrimSpace(*f.VisitType))
		f.VisitType = &visit
		switch visit {
		case "":
			f.VisitType = nil
		case "E", "R", "O":
		default:
			add(BadValue, Place{Part: PartVisitType}, "“%s” is unknown; allowed are E (emergency), R (referral) and O (other)", visit)
		}
	}
	for k := range KindCount {
		for i := range f.Lines[k] {
			found = append(found, f.Lines[k][i].check(Place{Kind: k, Index: i})...)
		}
	}
	return found
}

func (f *Form) checkDates(now time.Time) (found []Problem) {
	// Who is east of the server has tomorrow's date already.
	tomorrow := now.AddDate(0, 0, 1)
	for _, d := range []struct {
		part Part
		date *time.Time
	}{{PartFrom, &f.From}, {PartTo, f.To}, {PartClaimed, &f.Claimed}} {
		at := Place{Part: d.part}
		switch {
		case d.date == nil:
		case d.date.IsZero():
			found = append(found, Problem{Missing, at, "a date is expected, such as 2026-12-31"})
		case d.date.Before(Earliest) || d.date.After(Latest):
			found = append(found, OutOfRange(at, *d.date))
		case d.date.After(tomorrow) && !f.Lenient:
			found = append(found, Problem{BadValue, at, sentence("%s is in the future", d.date.Format(time.DateOnly))})
		}
	}
	if len(found) > 0 {
		return found
	}
	switch {
	case f.To != nil && f.To.Before(f.From):
		found = append(found, Problem{BadPeriod, Place{Part: PartTo}, sentence("the claim ends on %s, before it starts on %s", f.To.Format(time.DateOnly), f.From.Format(time.DateOnly))})
	case f.Claimed.Before(f.From) && !f.Lenient:
		found = append(found, Problem{BadPeriod, Place{Part: PartClaimed}, sentence("the claim was made on %s, before it starts on %s", f.Claimed.Format(time.DateOnly), f.From.Format(time.DateOnly))})
	}
	return found
}

// OutOfRange is the problem of a day that a claim cannot have. In a form, the first of them, 0001-01-01, is a date that is
// not there; a face that was sent it says so with this.
func OutOfRange(at Place, day time.Time) Problem {
	return Problem{BadValue, at, sentence("%s is out of range; allowed are 1900-01-01 to 2079-06-06", day.Format(time.DateOnly))}
}

func (l *FormLine) check(at Place) (found []Problem) {
	if !l.Of.Given() {
		code := [KindCount]Code{UnknownItem, UnknownService}[at.Kind]
		found = append(found, Problem{code, at.of(PartLineEntry), sentence("the %s is missing", at.Kind.Noun())})
	}
	if l.Quantity == nil {
		found = append(found, Problem{Missing, at.of(PartQuantity), "a number is expected"})
	}
	found = append(found, checkAmount(at.of(PartQuantity), &l.Quantity)...)
	return append(found, checkAmount(at.of(PartPrice), &l.Price)...)
}

// checkAmount checks an amount or quantity for its column and rounds it as the database would.
func checkAmount(at Place, m *Amount) []Problem {
	switch {
	case *m == nil:
		return nil
	case outOfRange(*m):
		return []Problem{{BadValue, at, sentence("the number is out of range; less than %s is allowed, with 2 decimals", AmountLimit)}}
	case (*m).IsNegative():
		return []Problem{{BadValue, at, sentence("%s is negative", *m)}}
	}
	*m = Pointer((*m).Round(2))
	return nil
}

// outOfRange says whether a number does not fit its column. It does not work with one of very many digits.
func outOfRange(m Amount) bool {
	return m != nil && (m.Exponent() > 20 || m.Exponent() < -100 || Overflows(m.Round(2)))
}

// Total is what the lines of the form claim, once all have a price. Those of which Check says that a number is out of range
// do not count: multiplied they have thousands of digits.
func (f *Form) Total() (sum decimal.Decimal, found []Problem) {
	sum = Zero
	for k := range f.Lines {
		for i := range f.Lines[k] {
			if l := &f.Lines[k][i]; !outOfRange(l.Quantity) && !outOfRange(l.Price) {
				sum = sum.Add(Value(l.Quantity).Mul(Value(l.Price)))
			}
		}
	}
	sum = sum.Round(2)
	if Overflows(sum) {
		found = append(found, Problem{BadValue, Place{Part: PartTotal}, sentence("the claim adds up to %s; less than %s is allowed", sum, AmountLimit)})
	}
	return sum, found
}
