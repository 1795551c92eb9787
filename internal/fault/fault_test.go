package fault

import (
	"errors"
	"testing"
)

// What users sent is shown to them as they sent it.
func TestMessagesQuoteWithoutEscapes(t *testing.T) {
	for given, want := range map[string]string{
		`DOMAIN\user`: `"DOMAIN\user"`, `a"b`: `"a"b"`, "élodie": `"élodie"`, "नेपाल": `"नेपाल"`, "a\n\x00b": `"a\n\x00b"`, "": `""`,
	} {
		if got := Quote(given); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		for name, err := range map[string]error{"new": New(NotFound, "no %q, %d", given, 1), "input": Input("f", "no %q, %d", given, 1), "wrap": Wrap(errors.New("x"), Invalid, "no %q, %d", given, 1)} {
			if got := Message(err); got != "no "+want+", 1" {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
	if got := New(NotFound, "%s %5s|%-5s|%v", "a", "b", "c", "d").Message; got != "a     b|c    |d" {
		t.Errorf("other verbs: %q", got)
	}
}
