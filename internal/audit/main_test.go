package audit

import (
	"os"
	"testing"

	"github.com/openimis/openimis-be-go/internal/sqlcheck"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }
