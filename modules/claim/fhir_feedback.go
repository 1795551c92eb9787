package claim

import (
	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// feedbackRequests are the states of feedback of which there is a CommunicationRequest: feedback was asked for.
var feedbackRequests = map[int]struct {
	status fhir.RequestStatus
	name   string
}{
	rules.FlagSelected:  {fhir.RequestStatusActive, "selected"},
	rules.FlagDelivered: {fhir.RequestStatusCompleted, "delivered"},
	rules.FlagBypassed:  {fhir.RequestStatusRevoked, "bypassed"},
}
