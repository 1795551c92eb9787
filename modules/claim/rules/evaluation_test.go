package rules

import (
	"strings"
	"testing"
	"time"
)

const rowID = 1 << 40 // of every claim; more than an int32 holds

// simple is one insuree with one policy that pays everything, and claims of one item at 100 each.
func simple(claims int) Rows {
	rows := Rows{
		Facilities: []Facility{{1, "D", nil, to(1), to(1)}},
		Insurees:   []Insuree{{InsureeID: 1, FamilyID: to(1), DOB: new(date("1980-01-01")), Gender: to("F")}},
		Families:   []Family{{FamilyID: 1}},
		Policies: []Policy{{PolicyID: 1, FamilyID: 1, ProdID: 1, PolicyStage: to("R"), PolicyStatus: to(2),
			EffectiveDate: to(date("2019-01-01")), ExpiryDate: to(date("2019-12-31"))}},
		InsureePolicies: []InsureePolicy{{InsureePolicyID: 1, InsureeID: 1, PolicyID: 1,
			EffectiveDate: to(date("2019-01-01")), ExpiryDate: to(date("2019-12-31"))}},
		Products: []Product{{ProdID: 1}},
	}
	rows.ProductLines[Items] = []ProductLine{{ProductLineID: 1, ProdID: 1, EntryID: 1, PriceOrigin: "P", LimitationType: "C", LimitAdult: amount("100")}}
	rows.Entries[Items] = []Entry{{EntryID: 1, Price: dec("100"), CareType: "B", PatCat: 15, ValidityFrom: date("2010-01-01")}}
	rows.Lists = [KindCount][]int{{1}, {1}}
	rows.Details[Items] = []ListDetail{{DetailID: 1, ListID: 1, EntryID: 1}}
	for id := 1; id <= claims; id++ {
		c := Claim{ClaimID: id, InsureeID: 1, HFID: 1, DateFrom: date("2019-06-10").AddDate(0, 0, id), RowID: rowID}
		c.ClaimStatus = StatusEntered
		rows.Claims = append(rows.Claims, c)
		l := Line{LineID: id, ClaimID: id, EntryID: 1, QtyProvided: dec("1"), PriceAsked: dec("100")}
		l.Status = LinePassed
		rows.Lines[Items] = append(rows.Lines[Items], l)
	}
	return rows
}

func refs(ids ...int) (r []Ref) {
	for _, id := range ids {
		r = append(r, Ref{ClaimID: id})
	}
	return r
}

// A claim that cannot be evaluated keeps its rows; the others are not concerned.
func TestOneBadClaim(t *testing.T) {
	rows := simple(3)
	rows.Lines[Items][1].PriceApproved = amount("9999999999999999.99")
	rows.Lines[Items][1].QtyApproved = amount("9999999999999999.99")
	d := NewData(rows)
	if _, n := d.SubmitClaims(InOrder(refs(3, 2, 1)), someone); n.Checked != 3 {
		t.Fatalf("%+v", n)
	}
	changes, n := d.ProcessClaims(InOrder(refs(3, 2, 1)), someone)
	if n.Valuated != 2 || n.Failed != 1 {
		t.Errorf("%+v", n)
	}
	if ch := changes[1]; ch.ClaimID != 2 || ch.Claim != nil || ch.Lines != nil || ch.DedRem != nil || ch.DeleteDedRem {
		t.Errorf("a failed claim changes %+v", ch)
	}
	if c := d.Claim(2); c.ClaimStatus != StatusChecked || c.Lines(Items)[0].ProdID != nil {
		t.Errorf("a failed claim is %+v", c.ClaimState)
	}
}

// Claims of one run use up what they share.
func TestRunSharesLimits(t *testing.T) {
	for _, tc := range []struct {
		name              string
		set               func(*Rows)
		checked, rejected int
		valuated          [3]string // of claims 1 to 3, empty: rejected
	}{
		{"quantity", func(r *Rows) { r.ProductLines[Items][0].LimitNoAdult = to(2) }, 2, 1, [3]string{"100", "100", ""}},
		{"frequency", func(r *Rows) { r.Entries[Items][0].Frequency = to(2) }, 2, 1, [3]string{"100", "", "100"}},
		{"ceiling", func(r *Rows) { r.Products[0].MaxInsuree = amount("150") }, 3, 0, [3]string{"100", "50", "0"}},
		{"deductible", func(r *Rows) { r.Products[0].DedPolicy = amount("150") }, 3, 0, [3]string{"0", "50", "100"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rows := simple(3)
			tc.set(&rows)
			d := NewData(rows)
			if _, n := d.SubmitClaims(InOrder(refs(3, 1, 2)), someone); n.Checked != tc.checked || n.Rejected != tc.rejected {
				t.Fatalf("%+v", n)
			}
			for i, want := range tc.valuated {
				if want == "" {
					continue
				}
				d.ProcessClaims(InOrder(refs(i+1)), someone)
				if got := d.Claim(i + 1).Lines(Items)[0].PriceValuated; !got.Equal(dec(want)) {
					t.Errorf("claim %d: %s, want %s", i+1, got, want)
				}
			}
		})
	}
}

// Claims that somebody changed, that are unknown or come twice are counted and left alone.
func TestChangedClaims(t *testing.T) {
	d := NewData(simple(2))
	changes, n := d.SubmitClaims(InOrder([]Ref{{1, rowID + 1}, {2, rowID}, {2, rowID}, {99, rowID}}), someone)
	if len(changes) != 1 || n.Submitted != 4 || n.Changed != 3 || n.Checked != 1 || d.Claim(1).ClaimStatus != StatusEntered {
		t.Errorf("%+v", n)
	}
}

// A NULL RejectionReason counts as 0 and is written as 0 (rules.md §13 #10).
func TestMissingReason(t *testing.T) {
	d := NewData(simple(1))
	ch := d.Submit(d.Claim(1), someone)
	if ch.Outcome.Status != OutcomeChecked || len(ch.Lines) != 1 || *ch.Lines[0].RejectionReason != ReasonAccepted {
		t.Errorf("%+v", ch)
	}
	d.Apply(ch)
	if ch := d.Submit(d.Claim(1), someone); len(ch.Lines) != 0 {
		t.Errorf("written again: %+v", ch.Lines)
	}
}

func TestClaimWithoutDate(t *testing.T) {
	rows := simple(1)
	rows.Claims[0].DateFrom = time.Time{}
	d := NewData(rows)
	for name, evaluate := range map[string]func(*Claim, Author) Changes{"submit": d.Submit, "assign": d.Assign} {
		if ch := evaluate(d.Claim(1), someone); ch.Outcome.Status != OutcomeRejected || ch.Lines[0].Reason() != ReasonTargetDate {
			t.Errorf("%s: %+v", name, ch)
		}
	}
}

func TestClaimOfUnknownFacility(t *testing.T) {
	rows := simple(1)
	rows.Facilities = nil
	d := NewData(rows)
	if ch := d.Submit(d.Claim(1), someone); ch.Lines[0].Reason() != ReasonPriceList {
		t.Errorf("%+v", ch)
	}
}

func TestAddMonths(t *testing.T) {
	for _, tc := range []struct {
		from   string
		months int
		want   string
	}{
		{"2019-01-31", 1, "2019-02-28"}, {"2020-01-31", 1, "2020-02-29"}, {"2019-11-30", 3, "2020-02-29"},
		{"2019-03-31", -1, "2019-02-28"}, {"2019-06-15", 12, "2020-06-15"}, {"1969-12-31", 2, "1970-02-28"}, {"2019-05-05", 0, "2019-05-05"},
	} {
		if got := addMonths(dayOf(date(tc.from)), tc.months); got != dayOf(date(tc.want)) {
			t.Errorf("%s + %d months: %d, want %s", tc.from, tc.months, got, tc.want)
		}
	}
}

func TestTexts(t *testing.T) {
	for reason := ReasonMedicalOfficer; reason <= ReasonAntenatal; reason++ {
		if text := ReasonText(reason); reason != 18 && strings.Contains(text, "reason") {
			t.Errorf("reason %d has no text", reason)
		}
	}
	if got := ReasonText(20); got != "rejected for reason 20" {
		t.Error(got)
	}
	for _, category := range categories {
		if ReasonText(category.reason) == "" {
			t.Errorf("category %s", category.code)
		}
	}
}

// A claim processed again replaces its own amounts; other claims see it once.
func TestProcessAgain(t *testing.T) {
	rows := simple(2)
	rows.Products[0].MaxPolicy = amount("150")
	d := NewData(rows)
	d.SubmitClaims(InOrder(refs(1, 2)), someone)
	for range 3 {
		d.ProcessClaims(InOrder(refs(1)), someone)
	}
	d.ProcessClaims(InOrder(refs(2)), someone)
	if got := d.Claim(2).Lines(Items)[0].PriceValuated; !got.Equal(dec("50")) {
		t.Errorf("claim 2: %s, want 50", got)
	}
}

// Of versions that began at the same moment the live row counts.
func TestRegisterVersions(t *testing.T) {
	at := date("2019-01-01")
	live := Entry{EntryID: 1, Price: dec("2"), ValidityFrom: at}
	copied := Entry{EntryID: 7, LegacyID: to(1), Price: dec("1"), ValidityFrom: at, ValidityTo: &at}
	for _, entries := range [][]Entry{{live, copied}, {copied, live}} {
		rows := Rows{}
		rows.Entries[Items] = entries
		if e := NewData(rows).entryAt(Items, 1, dayOf(at)); e == nil || !e.Price.Equal(dec("2")) {
			t.Errorf("version %+v", e)
		}
	}
}

// The limitation that leaves the patient less to pay; where both leave the same, the co-insurance.
func TestFixedAgainstCoinsurance(t *testing.T) {
	for _, tc := range []struct {
		price        Amount
		share, fixed string
		better       bool
	}{
		{amount("100"), "100", "0", true},
		{amount("100"), "100", "100.01", true},
		{amount("100"), "100", "100", false},
		{amount("100"), "120", "50", false},
		{amount("100"), "80", "80", false},
		{amount("100"), "79.99", "80", true},
		{amount("100"), "80.01", "80", false},
		{amount("0.01"), "60", "0.01", false}, // 0.004 rounds to nothing
		{nil, "0", "50", false},
		{nil, "0", "0", true},
	} {
		e := &evaluation{}
		if got := e.fixedIsBetter(tc.price, dec(tc.share), dec(tc.fixed)); got != tc.better {
			t.Errorf("price %s, %s %% against %s: %t", Value(tc.price), tc.share, tc.fixed, got)
		}
	}
}
