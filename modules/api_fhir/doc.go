// Package apifhir is the FHIR R4 server: modules hand it their resources as values, it does the rest of
// the protocol. It knows no other module.
//
//	resource.go    Resource, Entry, Query, Page: what a module registers and answers (start here)
//	server.go      routes, rights, methods, status codes
//	search.go      search parameters parsed and checked by type; date.go the intervals of dates
//	bundle.go      pages of search results with their links
//	negotiate.go   Accept, _format, Prefer, conditional requests
//	capability.go  /metadata, made from the registered resources
//	outcome.go     errors as OperationOutcome
//	encode.go      FHIR JSON from the samply models (scrub.go repairs what they emit); decode.go the way back
//	elements.go    identifiers, references, extensions and code systems as openIMIS writes them
//
// The models are those of samply/golang-fhir-models, R4 4.0.1. The facts behind the wire format are in
// reference/fhir.md (sections 2.2 to 2.7 and 7).
package apifhir
