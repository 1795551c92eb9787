// Package apifhir is the FHIR server, for R4 and STU3 side by side: modules hand it their resources as
// values, it does the rest of the protocol. It knows no other module.
//
//	resource.go     Resource, Entry, Input, Query, Page: what a module registers and answers (start here)
//	server.go       the server, its mounts, and requests from and to HTTP
//	call.go         one interaction: routes, rights, transactions, errors
//	read.go         read, vread, history, search; write.go create, update, delete; patch.go PATCH
//	transaction.go  batch and transaction Bundles, which run such interactions
//	search.go       search parameters parsed and checked by type; date.go the intervals of dates
//	include.go      _include and _revinclude
//	bundle.go       pages of search results with their links, and which members are written
//	negotiate.go    Accept, _format, Prefer, conditional requests
//	capability.go   /metadata, made from the registered resources
//	outcome.go      errors as OperationOutcome; wire.go the structs of the protocol, which belong to no release
//	encode.go       FHIR JSON from the models (scrub.go repairs what they emit); decode.go the way back
//	elements.go     identifiers, references, extensions and code systems as openIMIS writes them
//	fhirsql/        resources over legacy tables
//	subscription/   Subscription and the feed behind it; auditevent/ the audit log as AuditEvent
//	stu3/           the resources of STU3; those of R4 are samply/golang-fhir-models, 4.0.1
package apifhir
