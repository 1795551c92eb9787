package main

import (
	"strings"
	"testing"
)

// TestValidate shows that the validator rejects what it is there for; a validator that passes everything
// would make CI worthless.
func TestValidate(t *testing.T) {
	v, err := newValidator()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body string
		stu3 bool
		want string // part of a finding; empty means valid
	}{
		"location":             {body: `{"resourceType":"Location","id":"a","status":"active","name":"Rapta"}`},
		"outcome":              {body: `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"not-found"}]}`},
		"stu3 location":        {body: `{"resourceType":"Location","id":"a","type":{"text":"x"}}`, stu3: true},
		"r4 as stu3":           {body: `{"resourceType":"Location","type":[{"text":"x"}]}`, stu3: true, want: "type"},
		"no json":              {body: `{"resourceType":`, want: "no JSON"},
		"unknown member":       {body: `{"resourceType":"Location","colour":"red"}`, want: "unknown field"},
		"unknown code":         {body: `{"resourceType":"Location","status":"open"}`, want: "Location.status"},
		"unknown type":         {body: `{"resourceType":"Place"}`, want: "Place"},
		"required missing":     {body: `{"resourceType":"OperationOutcome","issue":[{"severity":"error"}]}`, want: "code"},
		"two choices":          {body: `{"resourceType":"Location","extension":[{"url":"u","valueString":"a","valueCode":"b"}]}`, want: "value"},
		"zoneless date-time":   {body: `{"resourceType":"Location","meta":{"lastUpdated":"2024-01-01T00:00:00"}}`, want: "lastUpdated"},
		"wrong reference":      {body: `{"resourceType":"Location","partOf":{"reference":"Patient/1"}}`, want: "partOf"},
		"null":                 {body: `{"resourceType":"Location","name":null}`, want: "null"},
		"empty text":           {body: `{"resourceType":"Location","name":""}`, want: "empty text"},
		"empty object":         {body: `{"resourceType":"Location","address":{}}`, want: "empty object"},
		"empty list":           {body: `{"resourceType":"Location","alias":[]}`, want: "empty list"},
		"link twice":           {body: `{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"u"},{"relation":"self","url":"u"}]}`, want: "self was there"},
		"entry twice":          {body: `{"resourceType":"Bundle","type":"searchset","entry":[{"fullUrl":"u"},{"fullUrl":"u"}]}`, want: "u was there"},
		"versions":             {body: `{"resourceType":"Bundle","type":"history","entry":[{"fullUrl":"http://h/a"},{"fullUrl":"http://h/a"}]}`},
		"bad entry":            {body: `{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Location","status":"open"}}]}`, want: "entry[0].resource"},
		"number as id":         {body: `{"resourceType":"Location","id":7}`, want: "id"},
		"id with a bad letter": {body: `{"resourceType":"Location","id":"a b"}`, want: "id"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(v.validate([]byte(c.body), c.stu3), "\n")
			if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("findings %q, want one with %q", got, c.want)
			}
		})
	}
}
