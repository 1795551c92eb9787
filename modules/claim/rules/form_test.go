package rules

import (
	"slices"
	"testing"
	"time"
)

var today = date("2026-11-23").Add(10 * time.Hour)

// whole is a form that nothing is wrong with.
func whole() Form {
	f := Form{Code: " C1 ", From: date("2026-11-05"), To: to(date("2026-11-05")), Claimed: date("2026-11-06"), VisitType: to(" e")}
	f.Lines[Items] = []FormLine{{Of: Named{ID: 1}, Quantity: amount("2.005"), Price: amount("10")}}
	f.Lines[Services] = []FormLine{{Of: Named{Code: "S1"}, Quantity: amount("1")}}
	return f
}

func TestFormIsBroughtIntoShape(t *testing.T) {
	f := whole()
	if found := f.Check(today); len(found) > 0 {
		t.Fatalf("%+v", found)
	}
	if f.Code != "C1" || *f.VisitType != "E" || f.Lines[Items][0].Quantity.String() != "2.01" {
		t.Errorf("%q %q %s", f.Code, *f.VisitType, f.Lines[Items][0].Quantity)
	}
	if total, found := f.Total(); total.String() != "20.1" || len(found) > 0 {
		t.Errorf("total %s %v", total, found)
	}
}

func TestFormCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(*Form)
		code  Code
		part  Part
		when  bool // lenient forms are refused too
	}{
		"no code":              {func(f *Form) { f.Code = " " }, Missing, PartCode, true},
		"no start":             {func(f *Form) { f.From = time.Time{} }, Missing, PartFrom, true},
		"start out of range":   {func(f *Form) { f.From = date("1899-12-31") }, BadValue, PartFrom, true},
		"end out of range":     {func(f *Form) { f.To = to(date("2079-06-07")) }, BadValue, PartTo, true},
		"end before start":     {func(f *Form) { f.To = to(date("2026-11-04")) }, BadPeriod, PartTo, true},
		"future":               {func(f *Form) { f.Claimed = date("2026-11-25") }, BadValue, PartClaimed, false},
		"claimed before start": {func(f *Form) { f.Claimed = date("2026-11-04") }, BadPeriod, PartClaimed, false},
		"visit":                {func(f *Form) { f.VisitType = to("Q") }, BadValue, PartVisitType, false},
		"item missing":         {func(f *Form) { f.Lines[Items][0].Of = Named{Code: " "} }, UnknownItem, PartLineEntry, true},
		"service missing":      {func(f *Form) { f.Lines[Services][0].Of = Named{} }, UnknownService, PartLineEntry, true},
		"no quantity":          {func(f *Form) { f.Lines[Services][0].Quantity = nil }, Missing, PartQuantity, true},
		"negative price":       {func(f *Form) { f.Lines[Items][0].Price = amount("-0.01") }, BadValue, PartPrice, true},
		"price out of range":   {func(f *Form) { f.Lines[Items][0].Price = amount("1e21") }, BadValue, PartPrice, true},
	} {
		for _, lenient := range []bool{false, true} {
			f := whole()
			f.Lenient = lenient
			tc.spoil(&f)
			found := f.Check(today)
			switch {
			case lenient && !tc.when:
				if len(found) > 0 {
					t.Errorf("%s, leniently: %+v", name, found)
				}
			case len(found) != 1 || found[0].Code != tc.code || found[0].At.Part != tc.part || found[0].Text == "":
				t.Errorf("%s (lenient %t): %+v", name, lenient, found)
			}
		}
	}
	f := whole()
	f.Lines[Items][0].Price, f.Lines[Items][0].Quantity = amount("9999999999999999.99"), amount("2")
	if _, found := f.Total(); len(found) != 1 || found[0].At.Part != PartTotal {
		t.Errorf("%+v", found)
	}
	for _, n := range []string{"1e9000", "1e-9000"} { // these are not added up
		f = whole()
		f.Lines[Items][0].Price, f.Lines[Services][0].Quantity = amount(n), amount(n)
		if found := f.Check(today); len(found) != 2 {
			t.Errorf("%s: %+v", n, found)
		}
		if total, found := f.Total(); !total.IsZero() || len(found) > 0 {
			t.Errorf("%s: total %s, %+v", n, total, found)
		}
	}
}

func TestReview(t *testing.T) {
	stored := func() WrittenLines {
		line := func(id int, status, reason int) WrittenLine {
			return WrittenLine{LineID: id, EntryID: 10 + id, QtyProvided: dec("2"), PriceAsked: dec("50"), Status: status, Reason: &reason, Explanation: to("x")}
		}
		return WrittenLines{Items: {1: line(1, LinePassed, 0), 2: line(2, LineRejected, ReasonCover)}, Services: {3: line(3, LinePassed, 0)}}
	}
	for name, tc := range map[string]struct {
		decision Decision // about item 1 unless it says otherwise
		status   int
		reason   int
		approved string // of the claim; service 3 is worth 100
	}{
		"passed as claimed":   {Decision{}, LinePassed, ReasonAccepted, "200"},
		"less":                {Decision{QtyApproved: amount("1"), PriceApproved: amount("40.5")}, LinePassed, ReasonAccepted, "140.5"},
		"rejected":            {Decision{Rejected: true}, LineRejected, ReasonMedicalOfficer, "100"},
		"rejected by rules":   {Decision{LineID: 2, Rejected: true}, LineRejected, ReasonCover, "200"},
		"seen as it is":       {Decision{EntryID: 11, QtyProvided: amount("2.00"), PriceAsked: amount("50"), Explanation: to("x")}, LinePassed, ReasonAccepted, "200"},
		"justification given": {Decision{Justification: to("so")}, LinePassed, ReasonAccepted, "200"},
	} {
		lines, d := stored(), tc.decision
		if d.LineID == 0 {
			d.LineID = 1
		}
		r := Review{Lines: [KindCount][]Decision{Items: {d}}}
		_, found := r.Apply(lines)
		l := lines[Items][d.LineID]
		approved, _, more := lines.Approved()
		if len(found)+len(more) > 0 || l.Status != tc.status || *l.Reason != tc.reason || approved.String() != tc.approved {
			t.Errorf("%s: status %d, reason %d, approved %s %+v", name, l.Status, *l.Reason, approved, found)
		}
	}
	for name, tc := range map[string]struct {
		decisions []Decision
		code      Code
		part      Part
	}{
		"no line":        {[]Decision{{}}, Missing, PartLineID},
		"another claim":  {[]Decision{{LineID: 9}}, UnknownLine, PartLineID},
		"twice":          {[]Decision{{LineID: 1}, {LineID: 1}}, BadValue, PartLineID},
		"other item":     {[]Decision{{LineID: 1, EntryID: 12}}, BadValue, PartLineID},
		"rules rejected": {[]Decision{{LineID: 2}}, BadValue, PartLineStatus},
		"negative":       {[]Decision{{LineID: 1, QtyApproved: amount("-1")}}, BadValue, PartQuantityApproved},
		"other quantity": {[]Decision{{LineID: 1, QtyProvided: amount("3")}}, BadValue, PartQuantity},
		"other text":     {[]Decision{{LineID: 1, Explanation: to("y")}}, BadValue, PartExplanation},
	} {
		r := Review{Lines: [KindCount][]Decision{Items: tc.decisions}}
		if _, found := r.Apply(stored()); len(found) != 1 || found[0].Code != tc.code || found[0].At.Part != tc.part {
			t.Errorf("%s: %+v", name, found)
		}
	}
	lines := stored()
	r := Review{Lines: [KindCount][]Decision{Items: {{LineID: 1, Rejected: true}}, Services: {{LineID: 3, Rejected: true}}}}
	changed, _ := r.Apply(lines)
	if _, passed, _ := lines.Approved(); passed != 0 || len(changed[Items]) != 1 || !slices.ContainsFunc(changed[Services], func(l WrittenLine) bool { return l.LineID == 3 }) {
		t.Errorf("%d lines are left, %v changed", passed, changed)
	}
}
