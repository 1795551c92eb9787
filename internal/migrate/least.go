package migrate

import "github.com/openimis/openimis-be-go/internal/db"

// least is what the login of servers and workers needs beside reading, by table: `server check` tells what is
// missing, and deploy/database has scripts that give just that. Who locks rows (FOR UPDATE) needs a right to
// update a column of theirs on PostgreSQL.
var least = map[string]db.Rights{
	"tblBatchRun":             {Insert: true, Update: true, Delete: true},
	"tblClaim":                {Insert: true, Update: true},
	"tblClaimAdmin":           {Insert: true, Update: true},
	"tblClaimDedRem":          {Insert: true, Delete: true},
	"tblClaimItems":           {Insert: true, Update: true},
	"tblClaimServices":        {Insert: true, Update: true},
	"tblFamilies":             {Insert: true, Update: true},
	"tblFeedback":             {Insert: true, Update: true},
	"tblHF":                   {Insert: true, Update: true},
	"tblHFCatchment":          {Insert: true, Update: true},
	"tblIMISDefaults":         {Lock: true},
	"tblInsuree":              {Insert: true, Update: true},
	"tblInsureePolicy":        {Insert: true, Update: true},
	"tblItems":                {Insert: true, Update: true},
	"tblLocations":            {Insert: true, Update: true},
	"tblOfficer":              {Insert: true, Update: true},
	"tblOfficerVillages":      {Insert: true, Update: true},
	"tblPhotos":               {Insert: true, Update: true},
	"tblPLItemsDetail":        {Insert: true, Update: true},
	"tblPLServicesDetail":     {Insert: true, Update: true},
	"tblPolicy":               {Insert: true, Update: true},
	"tblPolicyRenewalDetails": {Insert: true},
	"tblPolicyRenewals":       {Insert: true, Update: true},
	"tblPremium":              {Insert: true, Update: true},
	"tblProduct":              {Lock: true},
	"tblRelIndex":             {Insert: true, Delete: true},
	"tblServices":             {Insert: true, Update: true},
	"tblUsersDistricts":       {Insert: true, Update: true},

	"claim_ClaimAttachment": {Insert: true, Update: true, Delete: true},
	"core_Mutation_Log":     {Insert: true, Update: true},
	"core_User":             {Insert: true, Update: true},

	"imis_audit":          {Insert: true}, // so that it cannot be forged later
	"imis_batch":          {Insert: true, Update: true, Delete: true},
	"imis_batch_claim":    {Insert: true, Update: true, Delete: true},
	"imis_batch_index":    {Insert: true, Update: true, Delete: true},
	"imis_batch_line":     {Insert: true, Update: true, Delete: true},
	"imis_batch_rate":     {Insert: true, Update: true, Delete: true},
	"imis_dead_mutation":  {Insert: true, Update: true, Delete: true},
	"imis_ended_session":  {Insert: true, Update: true, Delete: true},
	"imis_instance":       {Insert: true, Update: true, Delete: true},
	"imis_lease":          {Insert: true, Update: true, Delete: true},
	"imis_mutation_queue": {Insert: true, Update: true, Delete: true},
	"imis_secret":         {Insert: true},
	"imis_subscription":   {Insert: true, Update: true, Delete: true},
}

// lacking names the rights to a table that the login needs and lacks, as GRANT has them.
func lacking(table string, has db.Rights) []string {
	needs := least[table]
	has.Select = true
	has.Insert = has.Insert || !needs.Insert
	has.Update = has.Update || !needs.Update
	has.Delete = has.Delete || !needs.Delete
	has.Lock = has.Lock || !needs.Lock
	has.Number = has.Number || !needs.Insert
	return has.Lacking()
}
