package policy

import (
	"github.com/openimis/openimis-be-go/internal/table"
)

// The tables of the module: policies, whom they cover, and what was paid for and used of them.
var (
	// Policies is tblPolicy. PolicyStatus: 1 idle, 2 active, 4 suspended, 8 expired.
	Policies = table.New(table.Table{
		Name: "tblPolicy", Why: "policies", Scope: ScopeWhere,
		Columns: []string{"FamilyID", "EnrollDate", "StartDate", "EffectiveDate", "ExpiryDate", "PolicyStatus", "PolicyValue", "ProdID", "OfficerID", "PolicyStage"},
	})
	// Coverages is tblInsureePolicy: who is covered by which policy.
	Coverages = table.New(table.Table{
		Name: "tblInsureePolicy", Why: "who is covered",
		Columns: []string{"InsureeId", "PolicyId", "EnrollmentDate", "StartDate", "EffectiveDate", "ExpiryDate"},
	})
	// Used is tblClaimDedRem: what claims used of deductibles and ceilings.
	Used = table.New(table.Table{
		Name: "tblClaimDedRem", Key: "ExpenditureID", Why: "what is left of deductibles and ceilings",
		Columns: []string{"PolicyID", "InsureeID", "ClaimID", "DedG", "RemG"},
	})
	// Premiums is tblPremium, the contributions paid for policies.
	Premiums = table.New(table.Table{
		Name: "tblPremium", Why: "contributions and balances",
		Columns: []string{"PolicyID", "PayerID", "Amount", "Receipt", "PayDate", "PayType", "isPhotoFee"},
	})
	// DueRenewals is tblPolicyRenewals.
	DueRenewals = table.New(table.Table{
		Name: "tblPolicyRenewals", Why: "renewals",
		Columns: []string{"PolicyID", "InsureeID", "NewProdID", "RenewalDate"},
	})
)
