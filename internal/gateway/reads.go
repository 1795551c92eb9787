package gateway

import (
	"bytes"
	"mime"
	"net/http"
	"strings"
)

// onlyReads says that a request changes nothing, whoever answers it, so that it may be sent to another server when the
// first one is lost in the middle. Of GraphQL these are documents without a mutation, of FHIR searches by POST.
func onlyReads(r *http.Request, body []byte) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	case http.MethodPost:
		path := strings.TrimRight(r.URL.Path, "/")
		return strings.HasSuffix(path, "/_search") || strings.HasSuffix(path, "/graphql") && r.URL.RawQuery == "" && onlyQueries(r.Header.Get("Content-Type"), body)
	}
	return false
}

// onlyQueries says that a body has no GraphQL mutation. It errs on the other side: the word must not be anywhere in it,
// nor an escape that could hide it. mutationLogs is a query.
func onlyQueries(contentType string, body []byte) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "application/json" && kind != "application/graphql" {
		return false
	}
	return len(body) > 0 && !bytes.Contains(body, []byte(`\u`)) &&
		!bytes.Contains(bytes.ReplaceAll(body, []byte("mutationLogs"), nil), []byte("mutation"))
}
