package sample_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/server"
	"github.com/openimis/openimis-be-go/internal/testing/dbtest"
	"github.com/openimis/openimis-be-go/internal/testing/sample"
	"github.com/openimis/openimis-be-go/internal/testing/servertest"
	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
	"github.com/openimis/openimis-be-go/modules"
	"github.com/openimis/openimis-be-go/modules/core"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }

// compiled is what cmd/server/main.go has: a line for each module.
var compiled = []server.Constructor{
	func(a *modules.App) modules.Module { return core.New(a) },
	func(a *modules.App) modules.Module { return sample.New(a) },
}

// A module in a folder of its own serves rows, values, a mutation and a FHIR resource.
func TestAModuleTakesItsFolderAndALine(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		began := time.Now().AddDate(-1, 0, 0)
		var payer int
		err := d.Write(t.Context(), "rows", func(tx *db.Tx) error {
			role, err := tx.Insert(t.Context(), "tblRole", db.Values{"RoleName": "IMIS Administrator", "IsSystem": 64, "IsBlocked": false, "AuditUserID": 0, "ValidityFrom": began})
			if err != nil {
				return err
			}
			user, err := tx.Insert(t.Context(), "tblUsers", db.Values{"LanguageID": "en", "LastName": "L", "OtherNames": "O", "LoginName": "admin", "RoleID": 0, "AuditUserID": 0, "ValidityFrom": began})
			if err != nil {
				return err
			}
			if _, err := tx.Insert(t.Context(), "tblUserRole", db.Values{"UserID": user, "RoleID": role, "AudituserID": 0, "ValidityFrom": began}); err != nil {
				return err
			}
			for _, name := range []string{"Ubuntu Fund", "Mercy Trust"} {
				if payer, err = tx.Insert(t.Context(), "tblPayer", db.Values{"PayerName": name, "PayerType": "D", "AuditUserID": 0, "ValidityFrom": began}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		base := servertest.Serve(t, servertest.New(t, d, compiled, map[string]string{"OPENIMIS_MODULES": "core,sample,api_fhir@4.0.0"}))
		ask := func(query string) string {
			t.Helper()
			_, body := servertest.GraphQL(t, base, "admin", query)
			return string(body)
		}
		if got := ask(`{ samplePayers(name_Istartswith: "merc") { totalCount edges { node { name type } } } }`); got != `{"data":{"samplePayers":{"totalCount":1,"edges":[{"node":{"name":"Mercy Trust","type":"D"}}]}}}` {
			t.Errorf("rows: %s", got)
		}
		if got := ask(`{ samplePayerNames(startsWith: "UBU") { name } }`); got != `{"data":{"samplePayerNames":[{"name":"Ubuntu Fund"}]}}` {
			t.Errorf("values: %s", got)
		}
		sent, _ := json.Marshal(payer)
		if got := ask(`mutation { renameSamplePayer(input: {id: ` + string(sent) + `, name: "Mercy Fund", clientMutationId: "m1"}) { clientMutationId internalId } }`); !strings.Contains(got, `"clientMutationId":"m1"`) {
			t.Fatalf("mutation: %s", got)
		}
		if got := ask(`{ mutationLogs(clientMutationId: "m1") { edges { node { status error } } } }`); !strings.Contains(got, `"status":2`) {
			t.Fatalf("the log: %s", got)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/api_fhir_r4/Account?name=Mercy+F&type=D", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Remote-User", "admin")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		var bundle struct {
			Total int
			Entry []struct{ Resource struct{ Name string } }
		}
		if err := json.Unmarshal(body, &bundle); err != nil || bundle.Total != 1 || bundle.Entry[0].Resource.Name != "Mercy Fund" {
			t.Errorf("FHIR: %s (%v)", body, err)
		}
		var rows int
		if err := d.Get(t.Context(), &rows, `SELECT COUNT(*) FROM "tblPayer" AS p WHERE p."LegacyID" = ?`, payer); err != nil || rows != 1 {
			t.Errorf("rows of history: %d (%v)", rows, err)
		}
	})
}
