package medical

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// codeList is a CodeSystem that is made of a table of the database, or fixed.
type codeList struct {
	id, title string
	url       string // "": that of the id
	// The table with its columns for code and name; history says that it has current rows and others.
	table, code, name string
	history           bool
	fixed             [][2]string
}

// codeLists are the code systems there are (docs/fhir.md): what a country has changed in its lists is seen here.
var codeLists = []codeList{
	{id: "diagnosis", title: "Diagnoses", url: diagnosisSystem, table: "tblICDCodes", code: "ICDCode", name: "ICDName", history: true},
	{id: "patient-education-level", title: "Levels of education", table: "tblEducations", code: "EducationId", name: "Education"},
	{id: "patient-profession", title: "Professions", table: "tblProfessions", code: "ProfessionId", name: "Profession"},
	{id: "patient-identification-type", title: "Kinds of identification", table: "tblIdentificationTypes", code: "IdentificationCode", name: "IdentificationTypes"},
	{id: "patient-contact-relationship", title: "Relations to the head of the family", table: "tblRelations", code: "RelationId", name: "Relation"},
	{id: "group-type", title: "Kinds of families", table: "tblFamilyTypes", code: "FamilyTypeCode", name: "FamilyType"},
	{id: "group-confirmation-type", title: "Confirmations of poverty", table: "tblConfirmationTypes", code: "ConfirmationTypeCode", name: "ConfirmationType"},
	{id: "organization-hf-legal-form", title: "Legal forms of health facilities", table: "tblLegalForms", code: "LegalFormCode", name: "LegalForms"},
	{id: "organization-hf-level", title: "Levels of health facilities", fixed: [][2]string{{"D", "Dispensary"}, {"C", "Health Centre"}, {"H", "Hospital"}}},
	{id: "organization-hf-care-type", title: "Care types of health facilities", fixed: [][2]string{{"I", "In-patient"}, {"O", "Out-patient"}, {"B", "Both"}}},
}

// codeSystem is the resource of the lists.
func (m *Module) codeSystem() apifhir.Resource {
	url := apifhir.Param{Name: "url", Type: apifhir.String, Doc: "URL of the code system", Modifiers: []string{"exact"}}
	name := apifhir.Param{Name: "name", Type: apifhir.String, Doc: "Start of the name", Modifiers: []string{"contains", "exact"}}
	return apifhir.Resource{
		Release: apifhir.R4, Type: "CodeSystem", Doc: "Diagnoses and the lists of codes of this database.",
		Access: apifhir.Access{Get: auth.SignedIn},
		Params: []apifhir.Param{apifhir.IDParam, url, name},
		Read: func(ctx context.Context, q db.Query, id string) (apifhir.Entry, error) {
			for _, l := range codeLists {
				if strings.EqualFold(l.id, id) {
					return l.entry(ctx, q)
				}
			}
			return apifhir.Entry{}, fault.New(fault.NotFound, "CodeSystem %s not found.", id)
		},
		Search: func(ctx context.Context, q db.Query, query apifhir.Query) (apifhir.Page, error) {
			var page apifhir.Page
			for _, l := range codeLists {
				if !l.meets(query.Params) {
					continue
				}
				page.Total++
				if page.Total <= query.Offset || len(page.Entries) >= query.Limit || query.CountOnly {
					continue
				}
				e, err := l.entry(ctx, q)
				if err != nil {
					return page, err
				}
				page.Entries = append(page.Entries, e)
			}
			return page, nil
		},
	}
}

func (l codeList) address() string {
	if l.url != "" {
		return l.url
	}
	return apifhir.CodeSystem(l.id)
}

func (l codeList) meets(params map[string][]apifhir.Criterion) bool {
	for name, criteria := range params {
		for _, c := range criteria {
			if !slices.ContainsFunc(c.Any, func(v apifhir.Value) bool {
				switch {
				case name == apifhir.IDParam.Name:
					return v.Code == l.id
				case name == "url":
					return v.Text == l.address()
				case c.Modifier == "exact":
					return v.Text == l.title
				case c.Modifier == "contains":
					return strings.Contains(strings.ToLower(l.title), strings.ToLower(v.Text))
				}
				return strings.HasPrefix(strings.ToLower(l.title), strings.ToLower(v.Text))
			}) {
				return false
			}
		}
	}
	return true
}

// entry is the code system, with its codes in the order of the code.
func (l codeList) entry(ctx context.Context, q db.Query) (apifhir.Entry, error) {
	var name string // for programs: words without blanks
	for _, word := range strings.Split(l.id, "-") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	s := &fhir.CodeSystem{
		Url: apifhir.Ptr(l.address()), Name: &name, Title: &l.title, Status: fhir.PublicationStatusActive,
		CaseSensitive: apifhir.Ptr(false), Content: fhir.CodeSystemContentModeComplete,
	}
	codes, err := l.codes(ctx, q)
	if err != nil {
		return apifhir.Entry{}, fmt.Errorf("list the codes of %s: %w", l.id, err)
	}
	seen := map[string]bool{} // a code system has each code once
	for _, c := range codes {
		code := strings.TrimSpace(c.Code)
		if key := strings.ToLower(code); code != "" && !seen[key] {
			seen[key] = true
			concept := fhir.CodeSystemConcept{Code: code}
			if display := strings.TrimSpace(c.Name); display != "" {
				concept.Display = &display
			}
			s.Concept = append(s.Concept, concept)
		}
	}
	s.Count = apifhir.Ptr(len(s.Concept))
	return apifhir.Entry{ID: l.id, Resource: s}, nil
}

type codeRow struct {
	Code string `db:"Code"`
	Name string `db:"Name"`
}

// codes reads the list; of a table that the database lacks there are none.
func (l codeList) codes(ctx context.Context, q db.Query) (rows []codeRow, err error) {
	for _, f := range l.fixed {
		rows = append(rows, codeRow{f[0], f[1]})
	}
	if l.table == "" || !q.Offers(l.table, l.code) {
		return rows, nil
	}
	where := ""
	if l.history {
		where = ` WHERE c."ValidityTo" IS NULL`
	}
	err = q.Select(ctx, &rows, fmt.Sprintf(`SELECT CAST(c."%s" AS varchar(50)) AS "Code", COALESCE(c."%s", '') AS "Name" FROM "%s" AS c%s ORDER BY c."%s"`, l.code, l.name, l.table, where, l.code))
	return rows, err
}
