// Package rules decides about claims: pure functions over loaded rows, which follow the stored procedures of database
// 1.4 (rules.md §8). They know no database, clock or client; internal/imports keeps
// it so.
//
// Whoever has rows makes Data of them (NewData) and calls SubmitClaims or ProcessClaims; what comes back is Changes,
// to be written. Each file is one set of rules:
//
//	submit.go     uspSubmitSingleClaim            the checks, in order
//	assign.go     uspProcessSingleClaimStep1      product and limitation of each line
//	valuate.go    uspProcessSingleClaimStep2      deductible, co-insurance, ceilings
//	run.go        uspSubmitClaims, uspProcessClaims: many claims that share limits
//
// What people write has rules too: form.go is a claim as it is entered, lines.go what becomes of its lines at an update,
// review.go what a medical officer decides, problems.go the kinds of what may be wrong.
//
// rows.go describes the rows, data.go which of them a run needs and how they are indexed, evaluation.go how one claim
// is evaluated, dedrem.go what claims used up of deductibles and ceilings, codes.go what the numbers in the database
// mean.
package rules
