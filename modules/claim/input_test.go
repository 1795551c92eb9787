package claim

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
)

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
		if n := len([]rune(claim.ClaimCode)); n == 0 || n > claimCodeLength || strings.TrimSpace(claim.ClaimCode) != claim.ClaimCode {
			t.Fatalf("code %q", claim.ClaimCode)
		}
		if overflows(claim.Claimed) || claim.Claimed.IsNegative() || claim.Claimed.Exponent() < -2 {
			t.Fatalf("claimed %s", claim.Claimed)
		}
		if claim.DateTo != nil && claim.DateTo.Before(claim.DateFrom) {
			t.Fatalf("%s to %s", claim.DateFrom, claim.DateTo)
		}
		for k := range claim.Lines {
			for _, l := range claim.Lines[k] {
				for _, m := range []money{&l.QtyProvided, &l.PriceAsked} {
					if m.IsNegative() || overflows(*m) || !m.Equal(m.Round(2)) {
						t.Fatalf("%s", m)
					}
				}
			}
		}
	})
}
