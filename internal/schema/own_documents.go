package schema

// documentTables hold documents. They have the name and the columns of the Python backend's, so that either reads what the
// other wrote; where it never ran, `server migrate` makes them.
var documentTables = []rawTable{
	{ // documents of claims
		Name: "claim_ClaimAttachment", Own: true, Key: []string{"id"},
		Foreign: []rawForeign{{Column: "claim_id", Table: "tblClaim"}},
		Columns: []rawColumn{
			ownColumn("id", "uniqueidentifier", false),
			ownColumn("LegacyID", "uniqueidentifier", true),
			ownColumn("ValidityFrom", "datetime", false),
			ownColumn("ValidityTo", "datetime", true),
			ownColumn("type", "nvarchar(max)", true),
			ownColumn("title", "nvarchar(max)", true),
			ownColumn("date", "date", false),
			ownColumn("filename", "nvarchar(max)", true),
			ownColumn("mime", "nvarchar(max)", true),
			ownColumn("document", "nvarchar(max)", true), // base64
			ownColumn("claim_id", "int", false),
			ownColumn("url", "nvarchar(max)", true),
			ownColumn("general_type", "nvarchar(4)", false), // FILE or URL
			ownColumn("module", "nvarchar(max)", true),
			ownColumn("predefined_type_id", "smallint", true),
		},
	},
}
