package apifhir

import (
	"fmt"
	"strings"
)

// The FHIR releases that the mount /api_fhir can speak. /api_fhir_r4 always speaks R4.
const (
	R4   = "R4"
	STU3 = "STU3"
)

// Release says what /api_fhir speaks when openimis.json pins the module to a version: the Python module
// was STU3 up to 1.x; 4.x and no version mean R4.
func Release(version string) (string, error) {
	version = strings.TrimPrefix(version, "v")
	major, rest, dotted := strings.Cut(version, ".")
	switch {
	case version == "", major == "4" && (rest != "" || !dotted):
		return R4, nil
	case major == "1", major == "0" && (rest == "0" || strings.HasPrefix(rest, "0.")):
		return STU3, nil
	}
	return "", fmt.Errorf("api_fhir %q: no such release; allowed: 0.0.x and 1.x (FHIR STU3), 4.x or no version (FHIR R4)", version)
}
