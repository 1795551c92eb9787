package golden

import "fmt"

// tableFacts is what the scenarios leave unsaid about a table: its identity column, the defaults of columns that an
// input row does not give, and the columns that the recording of results looked at (a missing one was NULL).
type tableFacts struct {
	identity string
	defaults Record
	recorded []string
}

var tables = map[string]tableFacts{
	"tblLocations":        {identity: "LocationId"},
	"tblICDCodes":         {identity: "ICDID"},
	"tblItems":            {identity: "ItemID"},
	"tblServices":         {identity: "ServiceID"},
	"tblPLItems":          {identity: "PLItemID"},
	"tblPLServices":       {identity: "PLServiceID"},
	"tblPLItemsDetail":    {identity: "PLItemDetailID"},
	"tblPLServicesDetail": {identity: "PLServiceDetailID"},
	"tblHF":               {identity: "HfID", defaults: Record{"OffLine": false}},
	"tblProduct": {identity: "ProdID", defaults: Record{
		"InsurancePeriod": 12, "GracePeriod": 0, "RenewalDiscountPerc": 0, "RenewalDiscountPeriod": 0}},
	"tblProductItems":    {identity: "ProdItemID"},
	"tblProductServices": {identity: "ProdServiceID"},
	"tblFamilies":        {identity: "FamilyID", defaults: Record{"InsureeID": 0, "Poverty": false, "isOffline": false}},
	"tblInsuree":         {identity: "InsureeID", defaults: Record{"IsHead": false, "CardIssued": false, "isOffline": false}},
	"tblOfficer":         {identity: "OfficerID", defaults: Record{"PhoneCommunication": false}},
	"tblPhotos":          {identity: "PhotoID", defaults: Record{"AuditUserID": 0}},
	"tblRelDistr":        {identity: "DistrID"},
	"tblIMISDefaults":    {identity: "DefaultID", defaults: Record{"PolicyRenewalInterval": 14}},
	"tblPremium":         {identity: "PremiumId", defaults: Record{"isPhotoFee": false, "isOffline": false}},
	"tblPolicy": {identity: "PolicyID",
		defaults: Record{"PolicyStatus": 1, "PolicyStage": "N", "isOffline": false},
		recorded: []string{"FamilyID", "EnrollDate", "StartDate", "EffectiveDate", "ExpiryDate", "PolicyStatus",
			"PolicyValue", "ProdID", "PolicyStage"}},
	"tblInsureePolicy": {identity: "InsureePolicyId",
		defaults: Record{"isOffline": false},
		recorded: []string{"InsureeId", "PolicyId", "EnrollmentDate", "StartDate", "EffectiveDate", "ExpiryDate",
			"AuditUserId", "isOffline"}},
	"tblPolicyRenewals": {identity: "RenewalID",
		defaults: Record{"SMSStatus": 0, "RenewalWarnings": 0},
		recorded: []string{"RenewalPromptDate", "RenewalDate", "NewOfficerID", "PhoneNumber", "SMSStatus", "InsureeID",
			"PolicyID", "NewProdID", "RenewalWarnings", "AuditCreateUser"}},
	"tblPolicyRenewalDetails": {identity: "RenewalDetailID",
		recorded: []string{"RenewalID", "InsureeID", "AuditCreateUser"}},
	"tblClaim": {identity: "ClaimID",
		defaults: Record{"ClaimStatus": 2, "Feedback": false, "FeedbackID": 0, "FeedbackStatus": 1, "ReviewStatus": 1,
			"ApprovalStatus": 1, "RejectionReason": 0},
		recorded: []string{"InsureeID", "HFID", "ClaimStatus", "ClaimCategory", "Claimed", "Approved", "RejectionReason",
			"FeedbackStatus", "ReviewStatus", "AuditUserIDSubmit", "AuditUserIDProcess", "SubmitStamp", "ProcessStamp",
			"DateProcessed", "RunID"}},
	"tblClaimItems": {identity: "ClaimItemID",
		defaults: Record{"ClaimItemStatus": 1, "Availability": true, "RejectionReason": 0},
		recorded: append([]string{"ItemID", "ClaimItemStatus"}, lineColumns...)},
	"tblClaimServices": {identity: "ClaimServiceID",
		defaults: Record{"ClaimServiceStatus": 1, "RejectionReason": 0},
		recorded: append([]string{"ServiceID", "ClaimServiceStatus"}, lineColumns...)},
	"tblClaimDedRem": {identity: "ExpenditureID",
		recorded: []string{"PolicyID", "InsureeID", "ClaimID", "DedG", "DedOP", "DedIP", "RemG", "RemOP", "RemIP",
			"RemConsult", "RemSurgery", "RemDelivery", "RemHospitalization", "RemAntenatal", "AuditUserID"}},
	"tblRelIndex": {identity: "RelIndexID",
		recorded: []string{"ProdID", "RelType", "RelCareType", "RelYear", "RelPeriod", "RelIndex", "LocationId", "AuditUserID"}},
	"tblBatchRun": {identity: "RunID",
		recorded: []string{"LocationId", "RunYear", "RunMonth", "AuditUserID"}},
}

var lineColumns = []string{"ClaimID", "RejectionReason", "QtyProvided", "QtyApproved", "PriceAsked", "PriceApproved",
	"PriceAdjusted", "PriceValuated", "RemuneratedAmount", "DeductableAmount", "ExceedCeilingAmount", "PriceOrigin",
	"Limitation", "LimitationValue", "ProdID", "PolicyID"}

// Identity answers the identity column of a legacy table that scenarios use; it panics on any other.
func Identity(table string) string { return facts(table).identity }

func facts(table string) tableFacts {
	f, ok := tables[table]
	if !ok {
		panic(fmt.Sprintf("golden: table %s is not described in tables.go", table))
	}
	return f
}
