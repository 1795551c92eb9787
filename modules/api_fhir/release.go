package apifhir

import (
	"fmt"
	"strings"
)

// Release is a release of FHIR. Each has resources of its own; the protocol is the same.
type Release string

// The releases that the server speaks. /api_fhir_r4 always speaks R4, /api_fhir what openimis.json pins;
// a fhirVersion in Accept wins on both.
const (
	R4   Release = "R4"
	STU3 Release = "STU3"
)

// releases are the releases with what capability statements and media types call them.
var releases = map[Release]struct{ version, mime string }{
	R4:   {"4.0.1", "4.0"},
	STU3: {"3.0.2", "3.0"},
}

// releaseOf finds the release that the fhirVersion of a media type names.
func releaseOf(mime string) (Release, bool) {
	for name, r := range releases {
		if mime == r.mime || strings.HasPrefix(r.version, mime) && strings.HasPrefix(mime, r.mime+".") {
			return name, true
		}
	}
	return "", false
}

// ReleaseOf says what /api_fhir speaks when openimis.json pins the module to a version: the Python module
// was STU3 up to 1.x; 4.x and no version mean R4.
func ReleaseOf(version string) (Release, error) {
	version = strings.TrimPrefix(version, "v")
	major, rest, dotted := strings.Cut(version, ".")
	switch {
	case version == "", major == "4" && (rest != "" || !dotted):
		return R4, nil
	case major == "1", major == "0" && (rest == "0" || strings.HasPrefix(rest, "0.")):
		return STU3, nil
	}
	return "", fmt.Errorf("api_fhir %q: there is no such release; allowed: 0.0.x and 1.x (FHIR STU3), 4.x or no version (FHIR R4)", version)
}
