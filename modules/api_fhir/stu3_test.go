package apifhir

import (
	"testing"

	"github.com/openimis/openimis-be-go/modules/api_fhir/stu3"
)

func TestResourcesOfSTU3SayTheirTypeByTheirName(t *testing.T) {
	got, err := Encode(stu3.Claim{Status: Ptr("active"), Patient: stu3.To("Patient", "100000001"), Type: stu3.Types{*Concept("", "O", "")}})
	if want := `{"resourceType":"Claim","status":"active","type":{"coding":[{"code":"O"}]},"patient":{"reference":"Patient/100000001"}}`; err != nil || string(got) != want {
		t.Errorf("%s %v, want %s", got, err, want)
	}
	stamped, err := encodeEntry(&Resource{Release: STU3, Type: "Patient"}, Entry{ID: "7", VersionTime: time2024, Resource: &stu3.Patient{}}, view{})
	if want := `{"resourceType":"Patient","id":"7","meta":{"versionId":"` + versionOf(time2024) + `","lastUpdated":"` + InstantText(time2024) + `"}}`; err != nil || string(stamped) != want {
		t.Errorf("%s %v, want %s", stamped, err, want)
	}
}

// TestClientsOfSTU3MayBeCareless: ids that are numbers, types in a list, members that nobody knows.
func TestClientsOfSTU3MayBeCareless(t *testing.T) {
	claim, _, err := Decode[stu3.Claim]([]byte(`{"resourceType":"Claim","id":12,"type":[{"text":"O"}],"nmc":"77","careType":"O","information":[{"sequence":1,"valueString":""}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if *claim.Id != "12" || *claim.Type[0].Text != "O" || *claim.Information[0].ValueString != "" {
		t.Errorf("%+v", claim)
	}
	if _, _, err := Decode[stu3.Claim]([]byte(`{"resourceType":"Claim","item":{"sequence":1}}`)); err == nil {
		t.Error("an object for a list")
	}
}
