package apifhir

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// The two content types of FHIR JSON. The first is the default.
const (
	typeFHIR = "application/fhir+json"
	typeJSON = "application/json"
)

// formats maps what _format and Accept may say to the content type of the answer.
var formats = map[string]string{
	"json": typeJSON, typeJSON: typeJSON, "text/json": typeJSON,
	typeFHIR: typeFHIR, "application/json+fhir": typeFHIR,
	"*/*": typeFHIR, "application/*": typeFHIR,
}

// negotiate chooses the content type: _format wins over Accept, and among the ranges of Accept the one with
// the highest quality.
func negotiate(accept []string, format string) (string, error) {
	if format != "" {
		// The + of application/fhir+json arrives as a blank when the client did not escape it.
		name, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(format), " ", "+"), ";")
		if t, ok := formats[strings.ToLower(name)]; ok {
			return t, nil
		}
		return typeFHIR, notAcceptable("_format", format)
	}
	header := strings.Join(accept, ",")
	if strings.TrimSpace(header) == "" {
		return typeFHIR, nil
	}
	best, bestQuality := "", 0.0
	for _, part := range strings.Split(header, ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		t, ok := formats[name]
		if v := params["fhirversion"]; !ok || v != "" && v != "4.0" && v != "4.0.1" {
			continue
		}
		if q := quality(params["q"]); q > bestQuality {
			best, bestQuality = t, q
		}
	}
	if best == "" {
		return typeFHIR, notAcceptable("Accept", header)
	}
	return best, nil
}

func quality(q string) float64 {
	if q == "" {
		return 1
	}
	f, err := strconv.ParseFloat(q, 64)
	if err != nil || f < 0 || f > 1 {
		return 0
	}
	return f
}

func notAcceptable(where, what string) error {
	return &refusal{status: http.StatusNotAcceptable, issue: fhir.IssueTypeNotSupported, param: where,
		text: where + " asks for " + clip([]byte(what)) + "; this server answers application/fhir+json and application/json (FHIR 4.0)."}
}

// prefer is what the Prefer header asks for.
type prefer struct {
	strict bool
	answer string // "minimal", "representation" or "OperationOutcome"; empty when not said
}

func preferOf(h http.Header) prefer {
	var p prefer
	for _, part := range strings.FieldsFunc(strings.Join(h.Values("Prefer"), ","), func(r rune) bool { return r == ',' || r == ';' }) {
		switch name, v, _ := strings.Cut(strings.TrimSpace(part), "="); strings.ToLower(name) {
		case "handling":
			p.strict = strings.Trim(v, `"`) == "strict"
		case "return":
			p.answer = strings.Trim(v, `"`)
		}
	}
	return p
}

// versionOf numbers the version of a row: milliseconds of its ValidityFrom.
func versionOf(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// notModified answers a conditional read: If-None-Match decides, without it If-Modified-Since.
func notModified(h http.Header, e Entry) bool {
	if e.VersionTime.IsZero() {
		return false
	}
	if tags := h.Values("If-None-Match"); len(tags) > 0 {
		for _, tag := range strings.Split(strings.Join(tags, ","), ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || untag(tag) == e.Version() {
				return true
			}
		}
		return false
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	return err == nil && !e.VersionTime.Truncate(time.Second).After(since)
}

// untag takes W/ and the quotes off an entity tag.
func untag(tag string) string {
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
}
