// Package claim is the module of claims: entered, checked by submission, reviewed, valuated by processing.
// Start with module.go for what the module offers, and with store.go for how a run over claims goes.
//
// The rules are pure: the store loads Rows (everything some claims need), NewData indexes them, and
// SubmitClaims or ProcessClaims turn them into Changes that the store writes. Nothing in them reads a
// database or a clock. They equal the stored procedures of database 1.4 (reference/rules.md, section 8):
//
//	submit.go     uspSubmitSingleClaim            the checks, in order
//	assign.go     uspProcessSingleClaimStep1      product and limitation of each line
//	valuation.go  uspProcessSingleClaimStep2      deductible, co-insurance, ceilings
//	process.go    uspSubmitClaims, uspProcessClaims
//	phone.go      uspUpdateClaimFromPhone         claims that arrive by code instead of by id
//
// process.go has what callers of the rules use, rows.go what a store has to load, engine.go how a claim
// is evaluated. store.go, store_load.go and store_write.go run the rules over a database; service.go takes
// claims in by code (store_coded.go).
//
// mutations.go lists the mutations with their rights; enter.go, update.go, review.go and feedback.go do
// the work, input.go checks what clients send, failures.go tells which claims of many were left alone. Their
// statements are in store_enter.go and store_mutations.go.
// entities.go describes the tables to GraphQL, scope.go says who sees which rows.
package claim
