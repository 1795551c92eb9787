// Package claim is the life cycle of a claim: entered, checked by submission, valuated by processing.
//
// The rules are pure: a store loads Rows (everything some claims need), NewData indexes them, and
// SubmitClaims or ProcessClaims turn them into Changes that the store writes. Nothing in them reads a
// database or a clock. They equal the stored procedures of database 1.4 (reference/rules.md, section 8):
//
//	submit.go     uspSubmitSingleClaim            the checks, in order
//	assign.go     uspProcessSingleClaimStep1      product and limitation of each line
//	valuation.go  uspProcessSingleClaimStep2      deductible, co-insurance, ceilings
//	process.go    uspSubmitClaims, uspProcessClaims
//	phone.go      uspUpdateClaimFromPhone         claims that arrive by code instead of by id
//
// Start with process.go for what callers use, with rows.go for what a store has to load, and with
// engine.go for how a claim is evaluated.
package claim
