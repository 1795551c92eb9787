package claim

import (
	"maps"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/medical"
	"github.com/openimis/openimis-be-go/modules/product"
)

// Entity is tblClaim as GraphQL shows it; codes.go has the statuses.
var Entity = &entity.Type{
	Name: "ClaimGQLType", Table: Claims, Relay: true,
	Columns: map[string]string{
		"legacyId":           "LegacyID",
		"category":           "ClaimCategory",
		"code":               "ClaimCode",
		"dateFrom":           "DateFrom",
		"dateTo":             "DateTo",
		"status":             "ClaimStatus",
		"adjustment":         "Adjustment",
		"claimed":            "Claimed",
		"approved":           "Approved",
		"reinsured":          "Reinsured",
		"valuated":           "Valuated",
		"dateClaimed":        "DateClaimed",
		"dateProcessed":      "DateProcessed",
		"feedbackAvailable":  "Feedback",
		"explanation":        "Explanation",
		"feedbackStatus":     "FeedbackStatus",
		"reviewStatus":       "ReviewStatus",
		"approvalStatus":     "ApprovalStatus",
		"rejectionReason":    "RejectionReason",
		"validityFrom":       "ValidityFrom",
		"validityTo":         "ValidityTo",
		"auditUserId":        "AuditUserID",
		"validityFromReview": "ValidityFromReview",
		"validityToReview":   "ValidityToReview",
		"submitStamp":        "SubmitStamp",
		"processStamp":       "ProcessStamp",
		"remunerated":        "Remunerated",
		"guaranteeId":        "GuaranteeId",
		"visitType":          "VisitType",
		"auditUserIdReview":  "AuditUserIDReview",
		"auditUserIdSubmit":  "AuditUserIDSubmit",
		"auditUserIdProcess": "AuditUserIDProcess",
	},
	Filters: map[string]string{"batchRun": "RunID"},
	Access:  Search,
}

// lineColumns are what items and services of a claim have in common.
var lineColumns = map[string]string{
	"legacyId":                    "LegacyID",
	"qtyProvided":                 "QtyProvided",
	"qtyApproved":                 "QtyApproved",
	"priceAsked":                  "PriceAsked",
	"priceAdjusted":               "PriceAdjusted",
	"priceApproved":               "PriceApproved",
	"priceValuated":               "PriceValuated",
	"explanation":                 "Explanation",
	"justification":               "Justification",
	"rejectionReason":             "RejectionReason",
	"validityFrom":                "ValidityFrom",
	"validityTo":                  "ValidityTo",
	"auditUserId":                 "AuditUserID",
	"validityFromReview":          "ValidityFromReview",
	"validityToReview":            "ValidityToReview",
	"auditUserIdReview":           "AuditUserIDReview",
	"limitationValue":             "LimitationValue",
	"limitation":                  "Limitation",
	"remuneratedAmount":           "RemuneratedAmount",
	"deductableAmount":            "DeductableAmount",
	"exceedCeilingAmount":         "ExceedCeilingAmount",
	"priceOrigin":                 "PriceOrigin",
	"exceedCeilingAmountCategory": "ExceedCeilingAmountCategory",
}

func lineColumnsWith(more map[string]string) map[string]string {
	all := maps.Clone(lineColumns)
	maps.Copy(all, more)
	return all
}

// ItemEntity is tblClaimItems as GraphQL shows it.
var ItemEntity = &entity.Type{
	Name: "ClaimItemGQLType", Table: ClaimItems,
	Columns: lineColumnsWith(map[string]string{"status": "ClaimItemStatus", "availability": "Availability"}),
	Access:  Search,
}

// ServiceEntity is tblClaimServices as GraphQL shows it.
var ServiceEntity = &entity.Type{
	Name: "ClaimServiceGQLType", Table: ClaimServices,
	Columns: lineColumnsWith(map[string]string{"status": "ClaimServiceStatus"}),
	Access:  Search,
}

// FeedbackEntity is tblFeedback as GraphQL shows it.
var FeedbackEntity = &entity.Type{
	Name: "FeedbackGQLType", Table: Feedbacks,
	Columns: map[string]string{
		"legacyId":       "LegacyID",
		"careRendered":   "CareRendered",
		"paymentAsked":   "PaymentAsked",
		"drugPrescribed": "DrugPrescribed",
		"drugReceived":   "DrugReceived",
		"asessment":      "Asessment",
		"chfOfficerCode": "CHFOfficerCode",
		"feedbackDate":   "FeedbackDate",
		"validityFrom":   "ValidityFrom",
		"validityTo":     "ValidityTo",
		"auditUserId":    "AuditUserID",
	},
	Access: Search,
}

// AdminEntity is tblClaimAdmin, the claim administrators of health facilities.
var AdminEntity = &entity.Type{
	Name: "ClaimAdminGQLType", Table: location.ClaimAdmins, Relay: true,
	Columns: map[string]string{
		"legacyId":     "LegacyId",
		"code":         "ClaimAdminCode",
		"lastName":     "LastName",
		"otherNames":   "OtherNames",
		"dob":          "DOB",
		"emailId":      "EmailId",
		"phone":        "Phone",
		"validityFrom": "ValidityFrom",
		"validityTo":   "ValidityTo",
		"hasLogin":     "HasLogin",
		"auditUserId":  "AuditUserId",
	},
	NullFalse: []string{"hasLogin"},
	Access:    auth.SignedIn,
}

// OfficerEntity is tblOfficer, the enrolment officers who collect feedback.
var OfficerEntity = &entity.Type{
	Name: "ClaimOfficerGQLType", Table: location.Officers, Relay: true,
	Columns: map[string]string{"code": "Code", "lastName": "LastName", "otherNames": "OtherNames"},
	Access:  auth.SignedIn,
}

// Model implements modules.Entities.
func (*Module) Model() entity.Model {
	claims := func(column string) entity.Many { return entity.Many{To: Entity, Column: column} }
	return entity.Model{
		Types: []*entity.Type{Entity, ItemEntity, ServiceEntity, FeedbackEntity, AdminEntity, OfficerEntity},
		Extensions: []entity.Extension{
			{
				Type: Entity,
				// Whoever may see a claim sees its patient, its lines and its feedback; what lies behind the patient,
				// such as the family, keeps its own scope.
				One: map[string]entity.One{
					"insuree":        {To: insuree.Entity, Column: "InsureeID", Open: true},
					"healthFacility": {To: location.HealthFacility, Column: "HFID", Open: true},
					"feedback":       {To: FeedbackEntity, Column: "FeedbackID", Open: true},
					"admin":          {To: AdminEntity, Column: "ClaimAdminId", Open: true},
					"icd":            {To: medical.Diagnosis, Column: "ICDID", Open: true},
					"icd1":           {To: medical.Diagnosis, Column: "ICDID1", Open: true},
					"icd2":           {To: medical.Diagnosis, Column: "ICDID2", Open: true},
					"icd3":           {To: medical.Diagnosis, Column: "ICDID3", Open: true},
					"icd4":           {To: medical.Diagnosis, Column: "ICDID4", Open: true},
				},
				Many: map[string]entity.Many{
					"items":    {To: ItemEntity, Column: "ClaimID", Open: true},
					"services": {To: ServiceEntity, Column: "ClaimID", Open: true},
				},
			},
			{Type: ItemEntity, One: map[string]entity.One{
				"claim":   {To: Entity, Column: "ClaimID"},
				"item":    {To: medical.Item, Column: "ItemID", Open: true},
				"product": {To: product.Entity, Column: "ProdID", Open: true},
			}},
			{Type: ServiceEntity, One: map[string]entity.One{
				"claim":   {To: Entity, Column: "ClaimID"},
				"service": {To: medical.Service, Column: "ServiceID", Open: true},
			}},
			{Type: FeedbackEntity, One: map[string]entity.One{"claim": {To: Entity, Column: "ClaimID"}}},
			{
				Type: AdminEntity,
				One:  map[string]entity.One{"healthFacility": {To: location.HealthFacility, Column: "HFId", Open: true}},
				Many: map[string]entity.Many{"claimSet": {To: Entity, Column: "ClaimAdminId"}},
			},
			{Type: location.HealthFacility, Many: map[string]entity.Many{
				"claimadminSet": {To: AdminEntity, Column: "HFId"},
				"claimSet":      claims("HFID"),
			}},
			{Type: insuree.Entity, Many: map[string]entity.Many{"claimSet": claims("InsureeID")}},
			{Type: medical.Diagnosis, Many: map[string]entity.Many{
				"claimIcds":  claims("ICDID"),
				"claimIcd1s": claims("ICDID1"),
				"claimIcd2s": claims("ICDID2"),
				"claimIcd3s": claims("ICDID3"),
				"claimIcd4s": claims("ICDID4"),
			}},
			{Type: medical.Item, Many: map[string]entity.Many{"claimitemSet": {To: ItemEntity, Column: "ItemID"}}},
			{Type: medical.Service, Many: map[string]entity.Many{"claimserviceSet": {To: ServiceEntity, Column: "ServiceID"}}},
			{Type: product.Entity, Many: map[string]entity.Many{"claimItems": {To: ItemEntity, Column: "ProdID"}}},
		},
	}
}
