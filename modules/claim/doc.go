// Package claim is the module of claims: entered, checked by submission, reviewed, valuated by processing.
// Start with module.go for what the module offers, and with service.go for what can be done with claims.
//
// It has three layers. Package rules decides: it knows no database, clock or client. The Service (service*.go) has the
// operations: each locks and loads by way of the store, lets the rules decide, and writes by way of the store. The store
// (store_*.go) is all SQL and nothing else: store_load.go and store_write.go are for runs over many claims,
// store_claims.go for single ones, store_enter.go for what facilities write, store_named.go finds what claims refer to,
// by id or by code.
//
// The faces translate the words of clients. graphql_2019.go has the mutations of the contract of 2019,
// graphql_2019_input.go reads their inputs, graphql_2019_words.go words what comes back; phone.go is
// uspUpdateClaimFromPhone.
//
// table.go describes the tables, entities.go shows them to GraphQL, scope.go says who sees which rows.
package claim
