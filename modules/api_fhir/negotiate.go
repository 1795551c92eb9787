package apifhir

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The two content types of FHIR JSON. Who asks for neither gets application/json, as from the Python backend:
// its clients read other types as text (OpenFn), and programs that know FHIR ask for theirs.
const (
	typeFHIR = "application/fhir+json"
	typeJSON = "application/json"
)

// formats maps what _format and Accept may say to the content type of the answer; "" is the default.
var formats = map[string]string{
	"json": typeJSON, typeJSON: typeJSON, "text/json": typeJSON,
	typeFHIR: typeFHIR, "application/json+fhir": typeFHIR,
	"*/*": "", "application/*": "",
}

// negotiate chooses the content type and the release: _format wins over Accept, and among the ranges of
// Accept the one with the highest quality. A fhirVersion beside the range names the release.
func negotiate(r *http.Request, m Mount, speaks func(Release) bool) (string, Release, error) {
	const fallback = typeJSON
	header := strings.Join(r.Header.Values("Accept"), ",")
	best, release, bestQuality := "", m.Release, 0.0
	found := strings.TrimSpace(header) == ""
	for _, part := range strings.Split(header, ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		t, ok := formats[name]
		of := m.Release
		if v := params["fhirversion"]; v != "" && ok {
			of, ok = releaseOf(v)
			ok = ok && speaks(of)
		}
		if q := quality(params["q"]); ok && q > bestQuality {
			best, release, bestQuality, found = t, of, q, true
		}
	}
	if best == "" {
		best = fallback
	}
	if format := formatParam(r); format != "" {
		// The + of application/fhir+json arrives as a blank when the client did not escape it.
		name, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(format), " ", "+"), ";")
		if t := formats[strings.ToLower(name)]; t != "" {
			return t, release, nil
		}
		return fallback, release, notAcceptable("_format", format)
	}
	if !found {
		return fallback, release, notAcceptable("Accept", header)
	}
	return best, release, nil
}

// formatParam reads _format alone: everything else is parsed when the route is known.
func formatParam(r *http.Request) string { return r.URL.Query().Get("_format") }

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
	return &refusal{status: http.StatusNotAcceptable, issue: issueUnsupported, param: where, text: textNotAcceptable,
		diagnostics: where + " asks for " + clip([]byte(what)) + "; this server answers application/fhir+json and application/json."}
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
