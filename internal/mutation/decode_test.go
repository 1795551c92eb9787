package mutation

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
)

type claimInput struct {
	base
	Code     string        `json:"code"`
	From     time.Time     `json:"date_from"`
	Services []serviceLine `json:"services"`
	Next     *claimInput   `json:"next,omitempty"`
}

type base struct {
	ID *int `json:"id"`
}

type serviceLine struct {
	Quantity decimal.Decimal `json:"qty_provided"`
	Status   int8            `json:"status"`
}

func TestDecodeNamesTheField(t *testing.T) {
	for _, c := range []struct{ input, field, text string }{
		{`{"code": "A", "id": 1, "services": [{"qty_provided": "2.5", "status": 1}], "client_mutation_id": "x"}`, "", ""},
		{`{"code": 1}`, "code", "code: number given, a text expected."},
		{`{"id": "x"}`, "id", "id: string given, a whole number of its range expected."},
		{`{"id": 1.5}`, "id", "id: number 1.5 given"},
		{`{"date_from": "yesterday"}`, "date_from", "date_from: the value cannot be read"},
		{`{"services": {}}`, "services", "services: object given, a list expected."},
		{`{"services": [{"qty_provided": "1"}, {"qty_provided": "many"}]}`, "services[1].qty_provided", "many"},
		{`{"services": [{"status": 300}]}`, "services[0].status", "number 300 given"},
		{`{"next": {"services": [{"status": true}]}}`, "next.services[0].status", "bool given"},
		{`5`, "", "The input is not a JSON object."},
		{`{`, "", "The input is not a JSON object."},
	} {
		var in claimInput
		err := Decode(json.RawMessage(c.input), &in)
		if c.text == "" {
			if err != nil || in.ID == nil || in.Services[0].Quantity.String() != "2.5" {
				t.Errorf("%s: %+v, %v", c.input, in, err)
			}
			continue
		}
		if fault.Code(err) != fault.Invalid || fault.Field(err) != c.field || !strings.Contains(fault.Message(err), c.text) {
			t.Errorf("%s: field %q, %q", c.input, fault.Field(err), fault.Message(err))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"services": [{"qty_provided": "1"}, {"qty_provided": "many"}]}`))
	f.Add([]byte(`{"next": {"next": {"id": []}}}`))
	f.Fuzz(func(t *testing.T, input []byte) {
		var in claimInput
		if err := Decode(input, &in); err != nil && fault.Code(err) != fault.Invalid {
			t.Errorf("%q: %v", input, err)
		}
	})
}
