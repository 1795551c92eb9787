package schema

import (
	"fmt"
	"strings"
)

// lookup is an index that the application needs: the columns it searches by.
type lookup struct {
	table   string
	columns string // separated by blanks
	where   rows
}

// rows says which rows an index covers.
type rows uint8

const (
	all     rows = iota
	live         // current rows; for statements that ask for "ValidityTo" IS NULL
	history      // old rows; for looking up the history of a row
)

// lookups are the searches of the modules. Relations that are also followed from or into history
// (lines of an old claim) cover all rows; search fields cover the live rows.
var lookups = []lookup{
	// location
	{"tblLocations", "ParentLocationId", all},
	{"tblLocations", "LocationType ValidityTo", all},
	{"tblLocations", "LocationCode", live},
	{"tblHF", "LocationId", all},
	{"tblHF", "HFCode", live},
	{"tblHFCatchment", "HFID", live},
	{"tblHFCatchment", "LocationId", live},
	{"tblOfficerVillages", "OfficerId", live},
	{"tblOfficerVillages", "LocationId", live},
	{"tblOfficer", "LocationId", live},
	{"tblOfficer", "Code", live},
	{"tblClaimAdmin", "HFId", live},
	{"tblClaimAdmin", "ClaimAdminCode", live},
	{"tblPayer", "LocationId", live},

	// medical, price lists, products
	{"tblICDCodes", "ICDCode", live},
	{"tblItems", "ItemCode", live},
	{"tblItems", "LegacyID", history},
	{"tblServices", "ServCode", live},
	{"tblServices", "LegacyID", history},
	{"tblPLItems", "LocationId", live},
	{"tblPLItemsDetail", "PLItemID ItemID", live},
	{"tblPLItemsDetail", "ItemID", live},
	{"tblPLServices", "LocationId", live},
	{"tblPLServicesDetail", "PLServiceID ServiceID", live},
	{"tblPLServicesDetail", "ServiceID", live},
	{"tblProduct", "ProductCode", live},
	{"tblProduct", "LocationId", live},
	{"tblProduct", "LegacyID", history},
	{"tblProductItems", "ProdID ItemID", all},
	{"tblProductItems", "ItemID", all},
	{"tblProductServices", "ProdID ServiceID", all},
	{"tblProductServices", "ServiceID", all},
	{"tblRelDistr", "ProdID", live},
	{"tblRelIndex", "ProdID RelYear RelPeriod", live},

	// insurees and families
	{"tblFamilies", "LocationId", all},
	{"tblFamilies", "InsureeID", all},
	{"tblFamilies", "FamilyID", live},
	{"tblInsuree", "FamilyID", all},
	{"tblInsuree", "CHFID", all}, // claims are searched by it through a join, which does not ask for current rows
	{"tblInsuree", "LastName OtherNames", live},
	{"tblInsuree", "OtherNames", live},
	{"tblInsuree", "HFID", live},
	{"tblInsuree", "InsureeID", live},
	{"tblInsuree", "LegacyID", history},
	{"tblPhotos", "InsureeID", all},
	{"tblPhotos", "CHFID", all},

	// policies and premiums
	{"tblPolicy", "FamilyID", all},
	{"tblPolicy", "ProdID", all},
	{"tblPolicy", "OfficerID", live},
	{"tblPolicy", "ExpiryDate", live},
	{"tblPolicy", "PolicyStatus EffectiveDate", live},
	{"tblPolicy", "PolicyID", live},
	{"tblInsureePolicy", "InsureeId ExpiryDate", all},
	{"tblInsureePolicy", "PolicyId", all},
	{"tblPremium", "PolicyID", all},
	{"tblPremium", "PayerID", live},
	{"tblPremium", "PayDate", live},
	{"tblPremium", "Receipt", live},
	{"tblPremium", "PremiumId", live},
	{"tblPolicyRenewals", "PolicyID", all},
	{"tblPolicyRenewals", "InsureeID", live},
	{"tblPolicyRenewals", "NewOfficerID", live},
	{"tblPolicyRenewalDetails", "RenewalID", all},

	// claims
	{"tblClaim", "InsureeID DateFrom", all},
	{"tblClaim", "HFID ClaimStatus", live},
	{"tblClaim", "ClaimStatus DateClaimed", live},
	{"tblClaim", "ClaimCode", live},
	{"tblClaim", "DateClaimed", live},
	{"tblClaim", "DateFrom", live},
	{"tblClaim", "DateProcessed", live},
	{"tblClaim", "ICDID", live},
	{"tblClaim", "RunID", live},
	{"tblClaim", "ClaimAdminId", live},
	{"tblClaim", "FeedbackStatus", live},
	{"tblClaim", "ReviewStatus", live},
	{"tblClaim", "ClaimID", live},
	{"tblClaimItems", "ClaimID", all},
	{"tblClaimItems", "ItemID", live},
	{"tblClaimItems", "PolicyID", live},
	{"tblClaimServices", "ClaimID", all},
	{"tblClaimServices", "ServiceID", live},
	{"tblClaimServices", "PolicyID", live},
	{"tblClaimDedRem", "PolicyID InsureeID", all},
	{"tblClaimDedRem", "InsureeID", live},
	{"tblClaimDedRem", "ClaimID", all},
	{"tblFeedback", "ClaimID", all},
	{"tblFeedbackPrompt", "ClaimID", all},
	{"tblFeedbackPrompt", "OfficerID", live},
	{"tblBatchRun", "LocationId RunYear RunMonth", live},

	// users and rights
	{"tblUsers", "LoginName", live},
	{"tblUsers", "HFID", live},
	{"tblUserRole", "UserID", live},
	{"tblUserRole", "RoleID", live},
	{"tblRoleRight", "RoleID RightID", live},
	{"tblRoleRight", "RightID", live},
	{"tblUsersDistricts", "UserID", live},
	{"tblUsersDistricts", "LocationId", live},
	{"tblLogins", "UserId", all},
	{"core_User", "i_user_id", all},
	{"core_User", "t_user_id", all},
	{"core_User_groups", "group_id", all},

	// mutations
	{"core_Mutation_Log", "user_id request_date_time", all},
	{"core_Mutation_Log", "client_mutation_id", all},
	{"core_Mutation_Log", "status request_date_time", all},
	{"core_Mutation_Log", "request_date_time", all},
	{"core_ModuleConfiguration", "module", all},
	{"claim_ClaimMutation", "claim_id", all},
	{"claim_ClaimMutation", "mutation_id", all},
	{"imis_mutation_queue", "lease_until enqueued", all},
}

// Indexes gives the secondary indexes of a database that we created, for SQLite and PostgreSQL: one for
// each lookup above and one for the GUID of each table. They are created where they are missing and
// need no extension. Legacy databases, and so SQL Server, are never altered: nothing for them.
//
// On PostgreSQL texts are compared as LOWER("column"), so that is what is indexed, with the operators
// that also serve a search by prefix. GUIDs are indexed as they are on both: compare them so.
func Indexes(d Dialect) []string {
	if d == SQLServer {
		return nil
	}
	var out []string
	for _, l := range lookups {
		out = append(out, l.create(d))
	}
	for _, t := range Tables() {
		if t.UUIDColumn != "" {
			out = append(out, lookup{t.Name, t.UUIDColumn, all}.create(d))
		}
	}
	return out
}

func (l lookup) create(d Dialect) string {
	t, ok := Lookup(l.table)
	if !ok {
		panic("index on the unknown table " + l.table)
	}
	name := "imis_" + t.Name
	var parts []string
	for _, n := range strings.Fields(l.columns) {
		c, ok := t.Column(n)
		if !ok {
			panic(fmt.Sprintf("index on the unknown column %s.%s", l.table, n))
		}
		name += "_" + c.Name
		part := d.quote(c.NameOn(d))
		if d == Postgres && c.Type == Text {
			part = "LOWER(" + part + ") text_pattern_ops"
		}
		parts = append(parts, part)
	}
	where := ""
	switch l.where {
	case live:
		name += "_live"
		where = fmt.Sprintf(" WHERE %s IS NULL", t.names(d, []string{t.ValidityTo}))
	case history:
		where = fmt.Sprintf(" WHERE %s IS NOT NULL", t.names(d, []string{t.LegacyIDColumn}))
	}
	return fmt.Sprintf("CREATE INDEX IF NOT EXISTS %s ON %s (%s)%s", d.quote(name), d.table(t.Name), strings.Join(parts, ", "), where)
}
