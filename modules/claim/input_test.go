package claim

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// SQL Server counts a character beyond the Unicode of 1996 twice.
func TestCodeFitsItsColumn(t *testing.T) {
	for code, fits := range map[string]bool{"ABCDEFGH": true, "ABCDEFGHI": false, "éééééééé": true, "😀😀😀😀": true, "😀😀😀😀A": false} {
		in := claimInput{Code: code, DateFrom: inputDate{today}, DateClaimed: inputDate{today}}
		if err := in.check(today, claimCodeLength); (err == nil) != fits {
			t.Errorf("%s: %v", code, err)
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

// Whatever a client sends is refused with a sentence, or fits the columns.
func FuzzClaimInput(f *testing.F) {
	f.Add(`{"code": "C1", "date_from": "2026-11-05", "date_to": "2026-11-05T10:00:00", "date_claimed": "2026-11-06", "visit_type": "e", "items": [{"item_id": 1, "status": 1, "qty_provided": "2", "price_asked": 1.005}]}`)
	f.Add(`{"code": "é", "date_from": null, "services": [{"service_id": 1, "status": 2, "qty_provided": 1e30, "price_asked": "-0.001"}]}`)
	f.Add(`{"icd_1_id": 1, "icd_id_2": 2, "items": [null], "services": null}`)
	f.Fuzz(func(t *testing.T, text string) {
		var in claimInput
		err := mutation.Decode(json.RawMessage(text), &in)
		if err == nil {
			err = in.check(today, claimCodeLength)
		}
		if err != nil {
			if fault.Code(err) != fault.Invalid || fault.Message(err) == "" {
				t.Fatalf("%s: %v", text, err)
			}
			return
		}
		claim := in.entered(1)
		if n := schema.Length(claim.ClaimCode); n == 0 || n > claimCodeLength || strings.TrimSpace(claim.ClaimCode) != claim.ClaimCode {
			t.Fatalf("code %q", claim.ClaimCode)
		}
		if rules.Overflows(claim.Claimed) || claim.Claimed.IsNegative() || claim.Claimed.Exponent() < -2 {
			t.Fatalf("claimed %s", claim.Claimed)
		}
		if claim.DateTo != nil && claim.DateTo.Before(claim.DateFrom) {
			t.Fatalf("%s to %s", claim.DateFrom, claim.DateTo)
		}
		for k := range claim.Lines {
			for _, l := range claim.Lines[k] {
				for _, m := range []rules.Amount{&l.QtyProvided, &l.PriceAsked} {
					if m.IsNegative() || rules.Overflows(*m) || !m.Equal(m.Round(2)) {
						t.Fatalf("%s", m)
					}
				}
			}
		}
	})
}
