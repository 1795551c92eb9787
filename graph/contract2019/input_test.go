package contract2019

import (
	"bytes"
	"encoding/json"
	"testing"
)

// The log of mutations is read by the Python backend's clients too.
func TestTextsAreLoggedAsPythonWritesThem(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                     `"plain"`,
		`"quoted" \ & <b>`:          `"\"quoted\" \\ & <b>"`,
		"caf\u00e9 \u20ac":          `"caf\u00e9 \u20ac"`,
		"\U0001f600":                `"\ud83d\ude00"`,
		"a\n\r\t\b\f\x01\x7f\u2028": `"a\n\r\t\b\f\u0001\u007f\u2028"`,
	} {
		var b bytes.Buffer
		writeText(&b, in)
		if b.String() != want {
			t.Errorf("%q: %s, want %s", in, b.String(), want)
		}
		var back string
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || back != in {
			t.Errorf("%s reads as %q: %v", b.String(), back, err)
		}
	}
}
