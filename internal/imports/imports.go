// Package imports says which packages may import what; its test reads the source and keeps it so. A new line in the
// table of the test is all that a new package of rules needs.
package imports
