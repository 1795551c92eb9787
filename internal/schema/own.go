package schema

// programTables are the tables of this program alone: the leases of the mutation queue
// (core_Mutation_Log says what is to be done and how it ended, imis_mutation_queue who is doing it), the
// leases of scheduled jobs, the sessions of gateways that were ended, the secret of tokens, the audit log, the
// mutations that were given up, and the processes that run.
// `server migrate` creates them beside the legacy tables.
var programTables = []rawTable{
	{
		Name: "imis_mutation_queue", Own: true, Key: []string{"mutation_id"},
		Foreign: []rawForeign{{Column: "mutation_id", Table: "core_Mutation_Log"}},
		Columns: []rawColumn{
			ownColumn("mutation_id", "uniqueidentifier", false),
			ownColumn("name", "nvarchar(100)", false),
			ownColumn("principal", "nvarchar(100)", false),
			ownColumn("payload", "nvarchar(max)", false),
			ownColumn("attempts", "int", false),
			ownColumn("leased_by", "nvarchar(100)", true),
			ownColumn("lease_until", "datetime", true),
			ownColumn("enqueued", "datetime", false),
			ownColumn("contract", "nvarchar(20)", true),
		},
	},
	{
		Name: "imis_lease", Own: true, Key: []string{"name"},
		Columns: []rawColumn{
			ownColumn("name", "nvarchar(100)", false),
			ownColumn("holder", "nvarchar(100)", false),
			ownColumn("until", "datetime", false),
		},
	},
	{
		Name: "imis_ended_session", Own: true, Key: []string{"session"},
		Columns: []rawColumn{
			ownColumn("session", "nvarchar(100)", false),
			ownColumn("username", "nvarchar(100)", false),
			ownColumn("until", "datetime", false),
		},
	},
	{
		Name: "imis_secret", Own: true, Key: []string{"name"},
		Columns: []rawColumn{
			ownColumn("name", "nvarchar(100)", false),
			ownColumn("value", "nvarchar(max)", false),
			ownColumn("created", "datetime", false),
		},
	},
	{
		Name: "imis_audit", Own: true, Key: []string{"at", "process", "seq"}, // in the order of time
		Columns: []rawColumn{
			ownColumn("at", "datetime", false),
			ownColumn("process", "nvarchar(100)", false),
			ownColumn("seq", "bigint", false),
			ownColumn("username", "nvarchar(100)", true),
			ownColumn("address", "nvarchar(100)", true),
			ownColumn("request", "nvarchar(100)", true),
			ownColumn("way", "nvarchar(20)", true),
			ownColumn("operation", "nvarchar(255)", true),
			ownColumn("action", "nvarchar(20)", false),
			ownColumn("subject", "nvarchar(100)", true),
			ownColumn("subject_id", "nvarchar(100)", true),
			ownColumn("subjects", "nvarchar(max)", true),
			ownColumn("amount", "int", false),
			ownColumn("outcome", "nvarchar(20)", true),
		},
	},
	{
		Name: "imis_dead_mutation", Own: true, Key: []string{"mutation_id"},
		Foreign: []rawForeign{{Column: "mutation_id", Table: "core_Mutation_Log"}},
		Columns: []rawColumn{
			ownColumn("mutation_id", "uniqueidentifier", false),
			ownColumn("name", "nvarchar(100)", false),
			ownColumn("principal", "nvarchar(100)", false),
			ownColumn("payload", "nvarchar(max)", false),
			ownColumn("attempts", "int", false),
			ownColumn("enqueued", "datetime", false),
			ownColumn("contract", "nvarchar(20)", true),
			ownColumn("died", "datetime", false),
			ownColumn("reason", "nvarchar(max)", false),
		},
	},
	{
		Name: "imis_instance", Own: true, Key: []string{"id"},
		Columns: []rawColumn{
			ownColumn("id", "nvarchar(100)", false),
			ownColumn("role", "nvarchar(20)", false),
			ownColumn("host", "nvarchar(100)", false),
			ownColumn("pid", "int", false),
			ownColumn("version", "nvarchar(100)", false),
			ownColumn("roots", "nvarchar(20)", false),
			ownColumn("modules", "nvarchar(max)", false),
			ownColumn("contract", "nvarchar(20)", true),
			ownColumn("schema_step", "int", false),
			ownColumn("started", "datetime", false),
			ownColumn("seen", "datetime", false),
		},
	},
	{
		Name: "imis_subscription", Own: true, Key: []string{"id"},
		Columns: []rawColumn{
			ownColumn("id", "nvarchar(100)", false),
			ownColumn("owner", "nvarchar(255)", false),
			ownColumn("status", "nvarchar(20)", false),
			ownColumn("reason", "nvarchar(255)", false),
			ownColumn("criteria", "nvarchar(max)", false),
			ownColumn("endpoint", "nvarchar(max)", false),
			ownColumn("payload", "nvarchar(100)", true),
			ownColumn("headers", "nvarchar(max)", true),
			ownColumn("ends", "datetime", true),
			ownColumn("changed", "datetime", false),
			ownColumn("position", "datetime", false),
			ownColumn("sent", "nvarchar(max)", true),
			ownColumn("failures", "int", false),
			ownColumn("due", "datetime", false),
			ownColumn("error", "nvarchar(max)", true),
			ownColumn("leased_by", "nvarchar(100)", true),
			ownColumn("lease_until", "datetime", true),
			ownColumn("mark", "nvarchar(100)", true),
		},
	},
}

// ownTypes are the types of the program's own tables on PostgreSQL.
var ownTypes = map[string]string{
	"uniqueidentifier": "uuid",
	"nvarchar(100)":    "varchar(100)",
	"nvarchar(255)":    "varchar(255)",
	"nvarchar(max)":    "text",
	"int":              "integer",
	"bigint":           "bigint",
	"decimal(18,2)":    "numeric(18,2)",
	"decimal(18,4)":    "numeric(18,4)",
	"nvarchar(20)":     "varchar(20)",
	"nvarchar(4)":      "varchar(4)",
	"smallint":         "smallint",
	"datetime":         "timestamp with time zone",
	"date":             "date",
}

func ownColumn(name, sqlServerType string, null bool) rawColumn {
	return rawColumn{Name: name, Type: sqlServerType, Null: null,
		Postgres: &rawPostgres{Type: ownTypes[sqlServerType], Null: null}}
}
