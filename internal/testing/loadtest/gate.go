// Package loadtest is sqlcheck.Gate for the packages that write rows with their own identities, which
// SQL Server takes after SET IDENTITY_INSERT (internal/load does it) and which the gate refuses anywhere
// else.
package loadtest

import (
	"strings"
	"testing"

	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
)

// Gate runs a package's tests and checks their statements. It is for TestMain.
func Gate(m *testing.M) int { return sqlcheck.GateExcept(m, loads) }

// loads says whether a reason does not count: an INSERT brings the identity, and what else it leaves out
// gets the default of the engine at hand.
func loads(statement, reason string) bool {
	return strings.HasPrefix(statement, "INSERT INTO") &&
		(strings.Contains(reason, "is the identity: the database gives it") || strings.HasSuffix(reason, "which must have a value"))
}
