package policy

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/modules/insuree"
)

// ScopeWhere is the condition on rows of tblPolicy, as alias, that a scope may see: the policies of its families. ""
// means all rows.
func ScopeWhere(s auth.Scope, alias string) (where string, args []any) {
	return insuree.OfFamilyWhere(s, alias+`."FamilyID"`)
}
