// Package claim is the module of claims: entered, checked by submission, reviewed, valuated by processing.
// Start with module.go for what the module offers, and with store.go for how a run over claims goes.
//
// Package rules decides: the store loads its Rows (everything that some claims need), and the Changes that come back
// are written. phone.go is uspUpdateClaimFromPhone, claims that arrive by code instead of by id. store.go,
// store_load.go and store_write.go run the rules over a database; service.go takes claims in by code
// (store_coded.go).
//
// mutations.go lists the mutations with their rights; enter.go, update.go, review.go and feedback.go do
// the work, input.go checks what clients send, failures.go tells which claims of many were left alone. Their
// statements are in store_enter.go and store_mutations.go.
// entities.go describes the tables to GraphQL, scope.go says who sees which rows.
package claim
