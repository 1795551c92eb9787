package medical_test

import (
	"os"
	"testing"

	"github.com/openimis/openimis-be-go/internal/testing/sqlcheck"
)

func TestMain(m *testing.M) { os.Exit(sqlcheck.Gate(m)) }
