package policy

import (
	"context"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/policy/rules"
)

var _ modules.FHIR = (*Module)(nil)

// mayRead is the right to read policies over FHIR (docs/fhir.md).
var mayRead = auth.Needs(101201)

// Resources implements modules.FHIR: a policy is a Coverage, which says whom it covers and until when, and a Contract,
// which says what it is worth and what was paid (docs/fhir.md). Module contribution offers the Contract, since
// it comes with contributions.
func (m *Module) Resources() []apifhir.Resource {
	return append(m.eligibilityResources(),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Coverage", Doc: "Policies of the families of the user's districts.", Personal: true,
			Profile: apifhir.StructureDefinition("openimis-coverage"),
			Access:  apifhir.Access{Get: mayRead},
		}, coverages(policyRow.coverage, true)),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.STU3, Type: "Coverage", Doc: "Policies of the families of the user's districts.", Personal: true,
			Access: apifhir.Access{Get: mayRead},
		}, coverages(policyRow.stu3, false)),
	)
}

// Contracts is the resource Contract, without writes.
type Contracts struct {
	Resource apifhir.Resource
	source   *fhirsql.Source[policyRow]
}

// NewContracts makes it for an instance.
func NewContracts(app *modules.App) Contracts {
	source := contracts(app.Currency())
	return Contracts{source: source, Resource: fhirsql.Resource(apifhir.Resource{
		Release: apifhir.R4, Type: "Contract", Doc: "Policies with their value, the people they cover and the contributions paid.", Personal: true,
		Profile: apifhir.StructureDefinition("openimis-contract"),
		Access:  apifhir.Access{Get: mayRead},
	}, source)}
}

// Entry reads back the contract of a policy that was written.
func (c Contracts) Entry(ctx context.Context, q db.Query, policyID int) (apifhir.Entry, error) {
	return c.source.Entry(ctx, q, policyID)
}

// coverageStatus is the status of a Coverage: whoever does not look at the period takes what has expired or is suspended
// for no cover.
func coverageStatus(status *int) fhir.FinancialResourceStatusCodes {
	switch {
	case status == nil || *status == rules.StatusIdle:
		return fhir.FinancialResourceStatusCodesDraft
	case *status == rules.StatusActive:
		return fhir.FinancialResourceStatusCodesActive
	}
	return fhir.FinancialResourceStatusCodesCancelled
}

// coverageStatuses are the statuses of policies by those of coverages, contractStatuses by those of contracts.
var (
	coverageStatuses = map[string][]any{"draft": {rules.StatusIdle}, "active": {rules.StatusActive}, "cancelled": {rules.StatusSuspended, rules.StatusExpired}}
	contractStatuses = map[string][]any{"offered": {rules.StatusIdle}, "policy": {rules.StatusActive}, "disputed": {rules.StatusSuspended}, "terminated": {rules.StatusExpired}}
)

// contractStatus is the status of a Contract: the words of the Python backend, as codes of the standard.
func contractStatus(status *int) *fhir.ContractResourceStatusCodes {
	s := fhir.ContractResourceStatusCodesOffered
	if status != nil {
		switch *status {
		case rules.StatusActive:
			s = fhir.ContractResourceStatusCodesPolicy
		case rules.StatusSuspended:
			s = fhir.ContractResourceStatusCodesDisputed
		case rules.StatusExpired:
			s = fhir.ContractResourceStatusCodesTerminated
		}
	}
	return &s
}
