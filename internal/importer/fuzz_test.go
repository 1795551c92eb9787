package importer

import (
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/schema"
)

// FuzzFields: no line makes the reader panic, and a value that is accepted is accepted again.
func FuzzFields(f *testing.F) {
	for _, line := range []string{`{"a":1}`, `{"a":"2019-06-30T00:00:00+02:00","b":null}`, `{`, `[]`, `{"a":"\\x00"}`, `{"a":1e400}`, `{"a":{"b":[1]}}`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		_ = fields(line, func(_ string, v any) error {
			if v == nil {
				return nil
			}
			for kind := schema.Int; kind <= schema.JSON; kind++ {
				spec := schema.Spec{Type: kind, Size: 10, Precision: 18, Scale: 2}
				_, _ = value(spec, v)
			}
			return nil
		})
	})
}

func TestTimestampsBecomeNaiveUTC(t *testing.T) {
	want := time.Date(2018, 3, 21, 4, 20, 33, 533_000_000, time.UTC)
	for _, text := range []string{"2018-03-21T04:20:33.533+00:00", "2018-03-21T06:20:33.533+02:00", "2018-03-21T04:20:33.533", "2018-03-21 04:20:33.533", "2018-03-21 04:20:33.533+00", "2018-03-21T04:20:33.533Z"} {
		got, err := timestamp(schema.Spec{}, text)
		if err != nil || !want.Equal(got.(time.Time)) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := date(schema.Spec{}, "2018-03-21T04:20:33"); err == nil {
		t.Error("a date has no time of day")
	}
}
