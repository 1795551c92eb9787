package jsontext_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/jsontext"
)

func TestCheck(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":"é \u00e9 \ud83d\ude00 \\ud800 \n \u12"}`: "",
		`"\ud800"`:         `\ud800 is one half of a character without the other (byte 2)`,
		`"x\uDE00\ud83d"`:  `\uDE00 is one half`,
		`"\ud83d\ud83d"`:   `\ud83d is one half`,
		`"\\\ud83dx"`:      `\ud83d is one half of a character without the other (byte 4)`,
		"\"Jos\xe9\"":      `the text is not UTF-8 (0xE9 at byte 5)`,
		"\xff\xfe{\x00":    `not UTF-8 (0xFF at byte 1)`,
		"\"\xed\xa0\x80\"": `not UTF-8 (0xED at byte 2)`,
		"\"\ufffd\"":       "", // as it was sent
		`\`:                "",
	} {
		if got := jsontext.Check([]byte(text)); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// What passes is read without replacement.
func FuzzCheck(f *testing.F) {
	f.Add(`"\ud800"`)
	f.Add("\"\xe9\"")
	f.Add(`"\\\ud83d\ude00"`)
	f.Fuzz(func(t *testing.T, text string) {
		var s string
		if json.Unmarshal([]byte(text), &s) != nil || strings.Contains(text, "\ufffd") || strings.Contains(strings.ToLower(text), `\ufffd`) {
			return
		}
		if damaged := strings.Contains(s, "\ufffd"); damaged != (jsontext.Check([]byte(text)) != "") {
			t.Errorf("%q is read as %q, and Check says %q", text, s, jsontext.Check([]byte(text)))
		}
	})
}
