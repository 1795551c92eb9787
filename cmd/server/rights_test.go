package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
)

// access is who may use each root field: "anyone", "signed in", or any of the legacy right numbers
// (tblRoleRight). A field that is missing here, or has another rule, fails the test.
var access = map[string]string{
	"coreModuleConfigurations": "anyone",
	// The registers behind the application's pickers, within the user's scope.
	"_debug": "signed in", "coreControls": "signed in", "mutationLogs": "signed in", "userDistricts": "signed in",
	"healthFacilities": "signed in", "healthFacilitiesStr": "signed in", "pricelists": "signed in",
	"diagnoses": "signed in", "diagnosesStr": "signed in", "medicalItems": "signed in", "medicalItemsStr": "signed in",
	"medicalServices": "signed in", "medicalServicesStr": "signed in", "products": "signed in", "productsStr": "signed in",
	"claimAdmins": "signed in", "claimOfficers": "signed in",
	// People: search or enquire insurees; read or enter claims, whose patients they are.
	"insurees": "101101 101105 111001 111002", "insuree": "101101 101105 111001 111002", "insureeFamilyMembers": "101101 101105 111001 111002",
	"policiesByInsuree": "101105 101201 111001", "policyBalance": "101201 101301",
	// Technical users, and people with a configured right: TestEligibilityIsForApplications.
	"policyEligibilityByInsuree": "signed in", "policyItemEligibilityByInsuree": "signed in", "policyServiceEligibilityByInsuree": "signed in",
	"batchRuns": "111102", "batchRunsSummaries": "111102", "relativeIndexes": "111102",
	"batchRunPreview": "111101", "processBatch": "111101", "undoBatchRun": "111101",
	"accountPreview": "111103", "accountPreviewClaims": "111103", "capitationPayment": "111103 131218",
	"claims":      "111001",
	"createClaim": "111002", "updateClaim": "111002 111010", "submitClaims": "111007", "processClaims": "111011",
	"selectClaimsForReview": "111010", "bypassClaimsReview": "111010", "skipClaimsReview": "111010", "deliverClaimReview": "111008",
	"selectClaimsForFeedback": "111010", "bypassClaimsFeedback": "111010", "skipClaimsFeedback": "111010", "deliverClaimFeedback": "111009",
}

func TestEveryRootFieldNamesItsRights(t *testing.T) {
	s := wholeServer(t, dbtest.SQLite(t))
	have := s.Instances[0].Access()
	schema := s.Instances[0].Schema()
	for _, f := range slices.Concat(schema.Query.Fields, schema.Mutation.Fields) {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		rule := have[f.Name]
		got := "nobody"
		switch {
		case rule.Anonymous:
			got = "anyone"
		case rule.SignedIn:
			got = "signed in"
		case len(rule.Rights) > 0:
			rights := slices.Clone(rule.Rights)
			slices.Sort(rights)
			got = strings.Trim(fmt.Sprint(rights), "[]")
		}
		if want := access[f.Name]; got != want {
			t.Errorf("%s: %s, want %s", f.Name, got, want)
		}
	}
	for name := range access {
		if schema.Query.Fields.ForName(name) == nil && schema.Mutation.Fields.ForName(name) == nil {
			t.Errorf("%s is not a root field any more", name)
		}
	}
}
