package claim

import (
	"github.com/openimis/openimis-be-go/internal/table"
)

// The tables of the module. The people who enter claims and collect feedback are in location.
var (
	// Claims is tblClaim; codes.go has the statuses.
	Claims = table.New(table.Table{
		Name: "tblClaim", Code: "ClaimCode", Why: "claims",
		Columns: append([]string{"ICDID", "DateClaimed", "Claimed", "Feedback", "FeedbackID", "ClaimAdminId", "ValidityFrom"}, claimRecord.Columns(nil)...),
		Scope:   ScopeWhere, ScopeEach: ScopeEach,
	})
	// ClaimItems is tblClaimItems.
	ClaimItems = table.New(table.Table{
		Name: "tblClaimItems", Why: "the items of claims", Scope: PartScopeWhere,
		Columns: append([]string{"ItemID", "ClaimItemStatus"}, lineNeeds...),
	})
	// ClaimServices is tblClaimServices.
	ClaimServices = table.New(table.Table{
		Name: "tblClaimServices", Why: "the services of claims", Scope: PartScopeWhere,
		Columns: append([]string{"ServiceID", "ClaimServiceStatus"}, lineNeeds...),
	})
	// Feedbacks is tblFeedback: what patients say of their treatment.
	Feedbacks = table.New(table.Table{
		Name: "tblFeedback", Why: "what patients say", Scope: PartScopeWhere,
		Columns: []string{"ClaimID", "CareRendered", "PaymentAsked", "DrugPrescribed", "DrugReceived", "Asessment", "CHFOfficerCode", "FeedbackDate"},
	})
	// FeedbackPrompts is tblFeedbackPrompt: the messages that ask for feedback.
	FeedbackPrompts = table.New(table.Table{
		Name: "tblFeedbackPrompt", Why: "what asks for feedback", Scope: PartScopeWhere,
		Columns: []string{"ClaimID", "OfficerID", "FeedbackPromptDate"},
	})
)

// lineNeeds are the columns that items and services of a claim have in common.
var lineNeeds = []string{"ClaimID", "ProdID", "QtyProvided", "QtyApproved", "PriceAsked", "PriceApproved", "PriceValuated", "RejectionReason", "PolicyID", "ValidityFrom"}
