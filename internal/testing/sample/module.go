// Package sample is a module that only tests have. It shows what docs/development.md promises: a module, a
// root field of each kind, a mutation and a FHIR resource with a search parameter of its own take edits in
// the module's folder only, and one line where modules are listed (sample_test.go stands for main.go).
//
// Its table is tblPayer: people and organizations that pay contributions for others.
package sample

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/graph/contract2019"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/entity"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/mutation"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

//go:embed sample.graphql
var sdl string

// The rights of payers (docs/rights.md).
const (
	rightSearch = 121801
	rightUpdate = 121803
)

// Module is the sample module of one instance.
type Module struct{ app *modules.App }

// New makes the module.
func New(app *modules.App) *Module { return &Module{app} }

// Name implements modules.Module.
func (*Module) Name() string { return "sample" }

// Requires implements modules.Module.
func (*Module) Requires() []string { return []string{"core"} }

// The table, once.
var payers = table.New(table.Table{Name: "tblPayer", Why: "who pays for others", Columns: []string{"PayerName", "PayerType"}})

// Needs implements modules.Database.
func (*Module) Needs() []schema.Need { return table.Needs(payers) }

// payer is tblPayer as GraphQL shows it.
var payer = &entity.Type{
	Name: "SamplePayerGQLType", Table: payers, Relay: true,
	Columns: map[string]string{"name": "PayerName", "type": "PayerType", "email": "eMail"},
	Access:  auth.Needs(rightSearch),
}

// Model implements modules.Entities.
func (*Module) Model() entity.Model { return entity.Model{Types: []*entity.Type{payer}} }

// GraphQL implements modules.GraphQL: a list of rows, a list of plain values, and a mutation.
func (m *Module) GraphQL() []modules.Face {
	roots := []modules.Root{
		{Name: "samplePayers", Access: auth.Needs(rightSearch), List: m.app.List(payer, nil)},
		{Name: "samplePayerNames", Access: auth.Needs(rightSearch), Call: modules.Answer(m.names)},
	}
	roots = append(roots, modules.MutationRoots(map[string]mutation.Handler{
		"renameSamplePayer": mutation.Typed(auth.Needs(rightUpdate), rename),
	})...)
	return []modules.Face{{Contract: contract2019.Name, SDL: sdl, Roots: roots}}
}

type namesIn struct{ StartsWith string }

type name struct {
	ID   int    `db:"PayerID"`
	Name string `db:"PayerName"`
}

func (m *Module) names(ctx context.Context, in namesIn) ([]name, error) {
	out := []name{}
	err := m.app.DB.Read(ctx, func(q db.Query) error {
		return q.Select(ctx, &out, `SELECT p."PayerID", p."PayerName" FROM "tblPayer" AS p WHERE p."ValidityTo" IS NULL AND $like(p."PayerName", ?) ORDER BY p."PayerID" $page(?, ?)`,
			db.StartsWith(in.StartsWith), 100, 0)
	})
	return out, err
}

type renameIn struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// rename gives a payer another name, and keeps history.
func rename(ctx context.Context, tx *db.Tx, c mutation.Call, in renameIn) (out mutation.Outcome, err error) {
	if in.Name == "" {
		return out, fault.Input("name", "name: a payer has a name.")
	}
	if err := tx.Archive(ctx, "tblPayer", c.Now, []int{in.ID}); err != nil {
		return out, err
	}
	n, err := tx.Update(ctx, "tblPayer", in.ID, db.Values{"PayerName": in.Name, "ValidityFrom": c.Now, "AuditUserID": c.Principal.AuditUserID()})
	if err == nil && n != 1 {
		err = fault.Input("id", "id: there is no payer %d.", in.ID)
	}
	return out, err
}

// row is a payer as FHIR shows it.
type row struct {
	fhirsql.Row
	Name string `db:"PayerName"`
	Type string `db:"PayerType"`
}

var accounts = &fhirsql.Source[row]{
	Table:   payers,
	Columns: []string{"PayerName", "PayerType"},
	Params: []fhirsql.Param{
		fhirsql.Text("name", "Start of the name", "PayerName"),
		fhirsql.Code("type", "Kind of payer", "PayerType"),
	},
	Map: func(r row) apifhir.Entry {
		return r.Entry(&fhir.Account{Identifier: r.Identifiers(), Status: fhir.AccountStatusActive, Name: &r.Name,
			Type: apifhir.Concept(apifhir.CodeSystem("payer-type"), r.Type, fmt.Sprintf("Payer %s", r.Type))})
	},
}

// Resources implements modules.FHIR.
func (*Module) Resources() []apifhir.Resource {
	return []apifhir.Resource{fhirsql.Resource(apifhir.Resource{
		Release: apifhir.R4, Type: "Account", Doc: "Payers.", Access: apifhir.Access{Get: auth.Needs(rightSearch)},
	}, accounts)}
}

var (
	_ modules.GraphQL  = (*Module)(nil)
	_ modules.Entities = (*Module)(nil)
	_ modules.Database = (*Module)(nil)
	_ modules.FHIR     = (*Module)(nil)
)
