package audit

// watch says what a row of a table is called in the log, and whether reading it counts too.
type watch struct {
	subject string
	reads   bool
}

// watched are the tables with data about people: reading and changing them is kept. Of users and their
// rights only changes are, for every list shows who entered what.
var watched = map[string]watch{
	"tblInsuree":       {"insuree", true},
	"tblPhotos":        {"photo", true},
	"tblFamilies":      {"family", true},
	"tblPolicy":        {"policy", true},
	"tblInsureePolicy": {"cover", true},
	"tblPremium":       {"premium", true},
	"tblClaim":         {"claim", true},
	"tblClaimItems":    {"claim item", true},
	"tblClaimServices": {"claim service", true},
	"tblFeedback":      {"feedback", true},

	"claim_ClaimAttachment": {"claim attachment", true},

	"tblUsers":           {"user", false},
	"tblUserRole":        {"user role", false},
	"tblUsersDistricts":  {"user district", false},
	"tblRole":            {"role", false},
	"tblRoleRight":       {"role right", false},
	"core_TechnicalUser": {"technical user", false},
	"tblOfficer":         {"officer", false},
	"tblClaimAdmin":      {"claim administrator", false},
}

// Subjects whose rows are read and changed by other ways than lists.
const (
	Insuree = "insuree"
	Family  = "family"
	Photo   = "photo"

	Itself = "audit log" // what was asked of it
)

// TableOf is the table whose rows are called a subject, "" when there is none.
func TableOf(subject string) string {
	for name, w := range watched {
		if w.subject == subject {
			return name
		}
	}
	return ""
}
