package apifhir

import "testing"

func TestRelease(t *testing.T) {
	for version, want := range map[string]Release{
		"": R4, "4.0.1": R4, "4": R4, "v4.0": R4,
		"0.0.4": STU3, "0.0": STU3, "1.2.0-rc1": STU3, "v1.0.7": STU3, "1": STU3,
		"0.1.0": "", "2.0": "", "r4": "", "4.": "", "40.1": "",
	} {
		got, err := ReleaseOf(version)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q %v, want %q", version, got, err, want)
		}
	}
}
