package product

import "github.com/openimis/openimis-be-go/modules/product/rules"

// What a product is and which version of it applied on a day is said in package rules, which knows no database.
type (
	Product        = rules.Product
	Catalogue      = rules.Catalogue
	Limit          = rules.Limit
	Deductibles    = rules.Deductibles
	Ceilings       = rules.Ceilings
	CategoryLimits = rules.CategoryLimits
)
