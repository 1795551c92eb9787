package schema

// batchTables hold the batch runs of this program while they are under way and, so that the last one can be undone,
// afterwards. docs/claim-batch.md says how a run goes through them.
var batchTables = []rawTable{
	{ // a run; state says how far it is, position the last claim of the part that is done
		Name: "imis_batch", Own: true, Key: []string{"id"},
		Columns: []rawColumn{
			ownColumn("id", "int", false),
			ownColumn("location_id", "int", true), // NULL: the whole country
			ownColumn("run_year", "int", false),
			ownColumn("run_month", "int", false),
			ownColumn("state", "nvarchar(20)", false),
			ownColumn("position", "int", false),
			ownColumn("last_claim", "int", false),
			ownColumn("run_id", "int", true), // tblBatchRun.RunID, once there is one
			ownColumn("audit_user_id", "int", false),
			ownColumn("mutation_id", "nvarchar(100)", true),
			ownColumn("products", "nvarchar(max)", false), // of the location when it was planned, as JSON
			ownColumn("claims", "int", false),             // looked at
			ownColumn("done", "int", false),               // of them, in this state
			ownColumn("skipped", "int", false),            // changed by others between plan and publication
			ownColumn("started", "datetime", false),
			ownColumn("changed", "datetime", false),
		},
	},
	{ // the relative indexes that a run computed
		Name: "imis_batch_index", Own: true, Key: []string{"batch_id", "ordinal"},
		Columns: []rawColumn{
			ownColumn("batch_id", "int", false),
			ownColumn("ordinal", "int", false),
			ownColumn("product_id", "int", false),
			ownColumn("rel_type", "int", false),
			ownColumn("care_type", "nvarchar(20)", false),
			ownColumn("rel_year", "int", false),
			ownColumn("rel_period", "int", false),
			ownColumn("rel_index", "decimal(18,4)", true),
			ownColumn("rel_index_id", "int", true), // tblRelIndex.RelIndexID, once published
		},
	},
	{ // the indexes that pay lines of a run, computed by it or before it, as ten-thousandths
		Name: "imis_batch_rate", Own: true, Key: []string{"batch_id", "product_id", "care_type", "valid_from", "valid_until"},
		Columns: []rawColumn{
			ownColumn("batch_id", "int", false),
			ownColumn("product_id", "int", false),
			ownColumn("care_type", "nvarchar(20)", false),
			ownColumn("valid_from", "datetime", false),
			ownColumn("valid_until", "datetime", false),
			ownColumn("scaled", "bigint", false),
		},
	},
	{ // a claim of a run, as it was and as it will be; new_status NULL: not looked at yet
		Name: "imis_batch_claim", Own: true, Key: []string{"batch_id", "claim_id"},
		Columns: []rawColumn{
			ownColumn("batch_id", "int", false),
			ownColumn("claim_id", "int", false),
			ownColumn("old_status", "int", false),
			ownColumn("new_status", "int", true),
			ownColumn("old_run", "int", true),
			ownColumn("closing", "int", false), // 1: it becomes part of the run if it is valuated
		},
	},
	{ // a line that a run pays; kind 0: tblClaimItems, 1: tblClaimServices
		Name: "imis_batch_line", Own: true, Key: []string{"batch_id", "claim_id", "kind", "line_id"},
		Columns: []rawColumn{
			ownColumn("batch_id", "int", false),
			ownColumn("claim_id", "int", false),
			ownColumn("kind", "int", false),
			ownColumn("line_id", "int", false),
			ownColumn("old_amount", "decimal(18,2)", true),
			ownColumn("amount", "decimal(18,2)", true),
		},
	},
}
