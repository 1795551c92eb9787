package core

import (
	"github.com/openimis/openimis-be-go/internal/table"
)

// MutationLogs is core_Mutation_Log, the log of mutations.
var MutationLogs = table.New(table.Table{
	Name: "core_Mutation_Log", Why: "the log of mutations (created by server migrate)",
	Columns: []string{"json_content", "user_id", "request_date_time", "client_mutation_id", "client_mutation_label", "status", "error"},
})
