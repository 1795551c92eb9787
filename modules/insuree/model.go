package insuree

import "github.com/openimis/openimis-be-go/modules/insuree/rules"

// What an insuree and a family are is said in package rules, which knows no database.
type (
	Insuree   = rules.Insuree
	Family    = rules.Family
	Residence = rules.Residence
)
