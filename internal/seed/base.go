package seed

import (
	"strings"

	"github.com/shopspring/decimal"
)

// code is an entry of the small tables that every installation has.
type code struct {
	key     any
	name    string
	french  string
	sorting int // 0: none
}

// codeTable is one of these tables, with the names of its columns.
type codeTable struct {
	table, key, name string
	french           bool // has AltLanguage
	entries          []code
}

// codeTables hold the codes that rules and clients know.
var codeTables = []codeTable{
	{"tblGender", "Code", "Gender", true, []code{{"M", "Male", "Masculin", 1}, {"F", "Female", "Féminin", 2}, {"O", "Other", "Autre", 3}}},
	{"tblRelations", "RelationId", "Relation", true, []code{{1, "Brother/Sister", "Frère/Sœur", 0}, {2, "Father/Mother", "Père/Mère", 0}, {3, "Uncle/Aunt", "Oncle/Tante", 0},
		{4, "Son/Daughter", "Fils/Fille", 0}, {5, "Grandparent", "Grand-parent", 0}, {6, "Employee", "Employé", 0}, {7, "Others", "Autres", 0}, {8, "Spouse", "Conjoint", 0}}},
	{"tblProfessions", "ProfessionId", "Profession", true, []code{{1, "Housewife", "Femme au foyer", 0}, {2, "Employee", "Employé", 0}, {3, "Self-employed", "Indépendant", 0}, {4, "Others", "Autres", 0}}},
	{"tblEducations", "EducationId", "Education", true, []code{{1, "Nursery", "Maternelle", 0}, {2, "Primary school", "École primaire", 0}, {3, "Secondary school", "École secondaire", 0},
		{4, "University", "Université", 0}, {5, "Postgraduate", "Troisième cycle", 0}, {6, "Doctorate", "Doctorat", 0}, {7, "Other", "Autre", 0}}},
	{"tblFamilyTypes", "FamilyTypeCode", "FamilyType", true, []code{{"C", "Council", "Conseil", 0}, {"G", "Organization", "Organisation", 0}, {"H", "Household", "Ménage", 0}, {"O", "Other", "Autre", 0},
		{"P", "Priests", "Prêtres", 0}, {"S", "Students", "Étudiants", 0}, {"T", "Teachers", "Enseignants", 0}}},
	{"tblConfirmationTypes", "ConfirmationTypeCode", "ConfirmationType", true, []code{{"A", "Local council", "Conseil local", 0}, {"B", "Municipality", "Municipalité", 0}, {"C", "State", "État", 0}, {"D", "Other", "Autre", 0}}},
	{"tblIdentificationTypes", "IdentificationCode", "IdentificationTypes", true, []code{{"D", "Driving licence", "Permis de conduire", 0}, {"N", "National ID", "Carte d'identité", 0}, {"P", "Passport", "Passeport", 0}, {"V", "Voter card", "Carte d'électeur", 0}}},
	{"tblHFSublevel", "HFSublevel", "HFSublevelDesc", true, []code{{"N", "No sublevel", "Aucun", 1}, {"I", "Integrated", "Intégré", 2}, {"R", "Reference", "Référence", 3}}},
	{"tblLegalForms", "LegalFormCode", "LegalForms", true, []code{{"C", "Charity", "Association", 0}, {"D", "District organization", "Organisation du district", 0}, {"G", "Government", "État", 0}, {"P", "Private organization", "Organisation privée", 0}}},
	{"tblPayerType", "Code", "PayerType", true, []code{{"C", "Co-operative", "Coopérative", 0}, {"D", "Donor", "Donateur", 0}, {"G", "Government", "État", 0}, {"L", "Local authority", "Autorité locale", 0},
		{"O", "Other", "Autre", 0}, {"P", "Private organization", "Organisation privée", 0}}},
	{"tblCeilingInterpretation", "CeilingIntCode", "CeilingIntDesc", true, []code{{"H", "Hospital", "Hôpital", 0}, {"I", "In-patient", "Hospitalisation", 0}}},
	{"tblLanguages", "LanguageCode", "LanguageName", false, []code{{"en", "English", "", 1}, {"fr", "Français", "", 2}}},
}

// controls say which fields the clients show: O optional, M mandatory.
var controls = []struct{ fields, adjustability, usage string }{
	{"BeneficiaryCard CurrentAddress CurrentDistrict CurrentMunicipality CurrentVillage Education FSP FSPCategory FSPDistrict IdentificationNumber IdentificationType MaritalStatus Profession", "O", "Family, Insuree"},
	{"Confirmation", "O", "Family, Insuree, OverviewFamily, ChangeFamily"},
	{"ConfirmationNo", "O", "Family, Insuree, FindFamily, OverviewFamily, ChangeFamily"},
	{"ContributionCategory", "O", "Premium, FindPremium"},
	{"FamilyType", "O", "Family, ChangeFamily"},
	{"InsureeEmail", "O", "Family, Insuree, FindFamily"},
	{"PermanentAddress", "O", "Family, Insuree, ChangeFamily"},
	{"Poverty", "O", "Family, Insuree, Policy, Premium, FindFamily, ChangeFamily"},
	{"Relationship", "O", "Insuree"},
	{"ClaimAdministrator", "M", "FindClaim, Claim, ClaimReview, ClaimFeedback"},
	{"GuaranteeNo", "O", "Claim, ClaimReview"},
}

// base writes the codes and settings of every installation.
func (g *generator) base() {
	for _, t := range codeTables {
		for _, c := range t.entries {
			r := row{t.key: c.key, t.name: c.name, "SortOrder": nil}
			if t.french {
				r["AltLanguage"] = c.french
			}
			if c.sorting > 0 {
				r["SortOrder"] = c.sorting
			}
			g.put(t.table, g.today, r)
		}
	}
	for _, c := range controls {
		for _, field := range strings.Fields(c.fields) {
			g.put("tblControls", g.today, row{"FieldName": field, "Adjustibility": c.adjustability, "Usage": c.usage})
		}
	}
	for _, rule := range []string{"AllowInsureeWithoutPhoto", "AllowFamilyWithoutPolicy", "AllowPolicyWithoutPremium"} {
		g.put("tblIMISDefaultsPhone", g.today, row{"RuleName": rule, "RuleValue": false})
	}
	g.put("tblIMISDefaults", g.today, row{"PolicyRenewalInterval": 14, "FTPPort": 21, "OffLineHF": 0, "OfflineCHF": 0,
		"FTPEnrollmentFolder": "/Images/Submitted", "AssociatedPhotoFolder": photoFolder, "AppVersionBackEnd": decimal.New(14, -1), "AppVersionImis": decimal.New(14, -1),
		"ActivationOption": 1, "BypassReviewClaim": false})
	g.put("auth_group", g.today, row{"name": "user"})
}
