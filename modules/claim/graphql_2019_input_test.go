package claim

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// SQL Server counts a character beyond the Unicode of 1996 twice.
func TestCodeFitsItsColumn(t *testing.T) {
	for code, fits := range map[string]bool{"ABCDEFGH": true, "ABCDEFGHI": false, "éééééééé": true, "😀😀😀😀": true, "😀😀😀😀A": false} {
		f := rules.Form{Code: code, From: today, Claimed: today}
		if problems := checkForm(&f, today, claimCodeLength); (len(problems) == 0) != fits {
			t.Errorf("%s: %v", code, problems)
		}
	}
}

// A date is the one that the client's clock shows, wherever it is.
func TestDatesKeepTheirDay(t *testing.T) {
	for text, want := range map[string]string{"2026-11-05": "2026-11-05", "2026-11-05T01:00:00": "2026-11-05", "2026-11-05T01:00:00+05:45": "2026-11-05", "2026-11-05T23:00:00-05:00": "2026-11-05", "2026-11-05T23:59:59Z": "2026-11-05"} {
		var d inputDate
		if err := json.Unmarshal([]byte(`"`+text+`"`), &d); err != nil || !d.Equal(d.UTC().Truncate(24*time.Hour)) || d.Format(time.DateOnly) != want {
			t.Errorf("%s: %s, %v", text, d, err)
		}
	}
}

// 0001-01-01 is a date, of a year that no claim is of; a date that is not there is another mistake.
func TestDatesOutOfRangeAreToldSo(t *testing.T) {
	for text, want := range map[string]string{
		`"0001-01-01"`:          "dateFrom: 0001-01-01 is out of range; allowed are 1900-01-01 to 2079-06-06.",
		`"0001-01-01T00:00:00"`: "dateFrom: 0001-01-01 is out of range; allowed are 1900-01-01 to 2079-06-06.",
		`"1899-12-31"`:          "dateFrom: 1899-12-31 is out of range; allowed are 1900-01-01 to 2079-06-06.",
		`null`:                  "dateFrom: a date is expected, such as 2026-12-31.",
	} {
		in := claimInput{Code: "A", DateClaimed: inputDate{Time: today}}
		if err := json.Unmarshal([]byte(text), &in.DateFrom); err != nil {
			t.Fatal(err)
		}
		form, err := in.form()
		if err == nil {
			err = worded(refused(checkForm(&form, today, claimCodeLength)))
		}
		if fault.Message(err) != want || fault.Field(err) != "dateFrom" {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// Whatever a client sends is refused with a sentence, or fits the columns.
func FuzzClaimInput(f *testing.F) {
	f.Add(`{"code": "C1", "date_from": "2026-11-05", "date_to": "2026-11-05T10:00:00", "date_claimed": "2026-11-06", "visit_type": "e", "items": [{"item_id": 1, "status": 1, "qty_provided": "2", "price_asked": 1.005}]}`)
	f.Add(`{"code": "é", "date_from": null, "services": [{"service_id": 1, "status": 2, "qty_provided": 1e30, "price_asked": "-0.001"}]}`)
	f.Add(`{"icd_1_id": 1, "icd_id_2": 2, "items": [null], "services": null}`)
	f.Fuzz(func(t *testing.T, text string) {
		var in claimInput
		err := mutation.Decode(json.RawMessage(text), &in)
		var claim rules.Form
		if err == nil {
			claim, err = in.form()
		}
		if err == nil {
			err = worded(refused(checkForm(&claim, today, claimCodeLength)))
		}
		var total decimal.Decimal
		if err == nil {
			var problems []rules.Problem
			total, problems = claim.Total()
			err = worded(refused(problems))
		}
		if err != nil {
			if fault.Code(err) != fault.Invalid || fault.Message(err) == "" {
				t.Fatalf("%s: %v", text, err)
			}
			return
		}
		if n := schema.Length(claim.Code); n == 0 || n > claimCodeLength || strings.TrimSpace(claim.Code) != claim.Code {
			t.Fatalf("code %q", claim.Code)
		}
		if rules.Overflows(total) || total.IsNegative() || total.Exponent() < -2 {
			t.Fatalf("claimed %s", total)
		}
		if claim.To != nil && claim.To.Before(claim.From) {
			t.Fatalf("%s to %s", claim.From, claim.To)
		}
		for k := range claim.Lines {
			for _, l := range claim.Lines[k] {
				for _, m := range []rules.Amount{l.Quantity, l.Price} {
					if m.IsNegative() || rules.Overflows(*m) || !m.Equal(m.Round(2)) {
						t.Fatalf("%s", m)
					}
				}
			}
		}
	})
}
