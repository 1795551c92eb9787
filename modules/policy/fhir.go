package policy

import (
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

var _ modules.FHIR = (*Module)(nil)

// Resources implements modules.FHIR.
func (m *Module) Resources() []apifhir.Resource { return m.eligibilityResources() }
