package core

import (
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/entity"
)

// MutationLog is the log of mutations (core_Mutation_Log). Users see their own rows, a superuser sees all.
var MutationLog = &entity.Type{
	Name: "MutationLogGQLType", Table: MutationLogs, Relay: true,
	Columns: map[string]string{
		"jsonContent":         "json_content",
		"requestDateTime":     "request_date_time",
		"clientMutationId":    "client_mutation_id",
		"clientMutationLabel": "client_mutation_label",
		"status":              "status",
		"error":               "error",
	},
	Filters: map[string]string{"user": "user_id"},
	Order:   []string{"request_date_time"},
	Access:  auth.SignedIn,
}
