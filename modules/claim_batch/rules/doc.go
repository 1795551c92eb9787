// Package rules has the rules of batch runs (rules.md §9.2 and §9.3, the algorithm of databases 1.3 and 1.4):
// which periods a run closes, what share of the premiums a month earns, the relative index of a product, and
// what becomes of lines and claims. Everything is a function of what is passed in; there is no SQL, no clock.
//
// Start with [Calculate], which makes the indexes of one period, and [Book.Decide], which says what a run
// does to a claim. The store of the module does the same over tables, a set at a time; its tests compare the two, and the
// preview of a run goes by the rules.
//
// Amounts are rounded half away from zero: money to two decimals, indexes to four.
package rules
