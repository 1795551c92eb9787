package medical

import (
	"encoding/json"
	"regexp"
	"strconv"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
)

var _ modules.FHIR = (*Module)(nil)

// Resources implements modules.FHIR. Medication is an item, ActivityDefinition a service, Condition a
// diagnosis; CodeSystem has the diagnoses and the lists of codes of the database (fhir_codes.go). They are
// the registers behind pickers: every signed-in user reads them; items and services are written (fhir_write.go).
func (m *Module) Resources() []apifhir.Resource {
	currency := m.app.Currency()
	r := register{currency: currency, items: medications(currency), activities: activities(currency)}
	return []apifhir.Resource{
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Medication", Doc: "Drugs and consumables that facilities may provide.",
			Profile: apifhir.StructureDefinition("openimis-medication"),
			Access:  apifhir.Access{Get: auth.SignedIn, Create: MayAddItems, Update: MayEditItems, Delete: MayDeleteItems},
			Create:  apifhir.Decoded(r.createItem), Update: apifhir.Decoded(r.updateItem), Delete: r.deleteItem,
		}, r.items),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "ActivityDefinition", Doc: "Services that facilities may provide.",
			Profile: apifhir.StructureDefinition("openimis-activitiy-definition"), // sic, in the guide
			Access:  apifhir.Access{Get: auth.SignedIn, Create: MayAddServices, Update: MayEditServices, Delete: MayDeleteServices},
			Create:  apifhir.Decoded(r.createActivity), Update: apifhir.Decoded(r.updateActivity), Delete: r.deleteActivity,
		}, r.activities),
		fhirsql.Resource(apifhir.Resource{
			Release: apifhir.R4, Type: "Condition", Doc: "Diagnoses. They are about nobody: a register of what may be diagnosed.",
			Access: apifhir.Access{Get: auth.SignedIn},
		}, conditions),
		m.codeSystem(),
	}
}

// What the codes mean (rules.md §1.7, §5).
var (
	itemTypes         = map[string]string{"D": "Drug", "M": "Medical Consumable"}
	serviceTypes      = map[string]string{"P": "Preventive", "C": "Curative"}
	serviceLevels     = map[string]string{"S": "Simple Service", "V": "Visit", "D": "Day of Stay", "H": "Hospital Case"}
	serviceCategories = map[string]string{"S": "Surgery", "D": "Delivery", "A": "Antenatal", "H": "Hospitalization", "C": "Consultation", "V": "Visit", "O": "Other"}
)

const (
	usageContextSystem = "http://terminology.hl7.org/CodeSystem/usage-context-type"
	genderSystem       = "http://hl7.org/fhir/administrative-gender"
	actCodeSystem      = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
)

// item is a row of tblItems.
type item struct {
	fhirsql.Row
	Name      string          `db:"ItemName"`
	Type      string          `db:"ItemType"`
	Package   *string         `db:"ItemPackage"`
	Price     decimal.Decimal `db:"ItemPrice"`
	Care      string          `db:"ItemCareType"`
	Frequency *int            `db:"ItemFrequency"` // days
	Category  int             `db:"ItemPatCat"`
}

func medications(currency string) *fhirsql.Source[item] {
	return &fhirsql.Source[item]{
		Table:   Items,
		Columns: []string{"ItemName", "ItemType", "ItemPackage", "ItemPrice", "ItemCareType", "ItemFrequency", "ItemPatCat"},
		Params: []fhirsql.Param{
			fhirsql.Code("code", "Code of the item", "ItemCode"),
			fhirsql.Text("name", "Start of the name", "ItemName"),
			fhirsql.Code("type", "D drug, M medical consumable", "ItemType", apifhir.CodeSystem("medication-item-type")).Allowing("D", "M"),
		},
		Sort: map[string]string{"code": "ItemCode", "name": "ItemName"},
		Map:  func(i item) apifhir.Entry { return i.entry(currency) },
	}
}

func (i item) entry(currency string) apifhir.Entry {
	m := &fhir.Medication{
		Identifier: i.Identifiers(),
		Code:       &fhir.CodeableConcept{Text: &i.Name},
		Status:     apifhir.Ptr("active"),
		Extension: []fhir.Extension{
			apifhir.MoneyExtension("unit-price", apifhir.Money(i.Price, currency)),
			apifhir.ConceptExtension("medication-type", apifhir.Concept(apifhir.CodeSystem("medication-item-type"), i.Type, itemTypes[i.Type])),
			apifhir.ConceptExtension("medication-level", apifhir.Concept(apifhir.CodeSystem("medication-level"), "M", "Medication")),
		},
	}
	if form := fhirsql.Trim(i.Package); form != "" {
		m.Form, m.Amount = &fhir.CodeableConcept{Text: &form}, amountIn(form)
	}
	if every := frequency(i.Frequency); every != nil {
		m.Extension = append(m.Extension, fhir.Extension{Url: apifhir.StructureDefinition("medication-frequency"), ValueTiming: every})
	}
	usage := fhir.Extension{Url: apifhir.StructureDefinition("medication-usage-context")}
	for _, c := range contexts(i.Category, i.Care, "CareType") {
		usage.Extension = append(usage.Extension, fhir.Extension{Url: c.part, ValueUsageContext: &c.UsageContext})
	}
	if len(usage.Extension) > 0 {
		m.Extension = append(m.Extension, usage)
	}
	return i.Entry(m)
}

var firstNumber = regexp.MustCompile(`\d+`)

// amountIn is the first number of a package ("Tin 500 TABLETS" has 500); without one the package counts as 1.
func amountIn(form string) *fhir.Ratio {
	n := firstNumber.FindString(form)
	if v, err := strconv.ParseUint(n, 10, 32); err != nil || v == 0 {
		n = "1"
	}
	return &fhir.Ratio{Numerator: &fhir.Quantity{Value: number(n)}, Denominator: &fhir.Quantity{Value: number("1")}}
}

func number(text string) *json.Number { n := json.Number(text); return &n }

// frequency says that something is provided once in so many days; nil: as often as needed.
func frequency(days *int) *fhir.Timing {
	if days == nil || *days <= 0 {
		return nil
	}
	return &fhir.Timing{Repeat: &fhir.TimingRepeat{Frequency: apifhir.Ptr(1), Period: number(strconv.Itoa(*days)), PeriodUnit: apifhir.Ptr("d")}}
}

// usageContext is for whom or where something is; part names it within the extension of a Medication.
type usageContext struct {
	part string
	fhir.UsageContext
}

// contexts are those of a patient category (bits: 1 male, 2 female, 4 adult, 8 minor) and a care type (I, O, B).
func contexts(category int, care, carePart string) []usageContext {
	var out []usageContext
	add := func(part, code, display string, values ...fhir.Coding) {
		if len(values) > 0 {
			out = append(out, usageContext{part, fhir.UsageContext{
				Code:                 fhir.Coding{System: apifhir.Ptr(usageContextSystem), Code: &code, Display: &display},
				ValueCodeableConcept: fhir.CodeableConcept{Coding: values},
			}})
		}
	}
	coding := func(system, code, display string) fhir.Coding {
		return fhir.Coding{System: &system, Code: &code, Display: &display}
	}
	pick := func(bits ...struct {
		set bool
		fhir.Coding
	}) (list []fhir.Coding) {
		for _, b := range bits {
			if b.set {
				list = append(list, b.Coding)
			}
		}
		return list
	}
	type bit = struct {
		set bool
		fhir.Coding
	}
	groups := apifhir.CodeSystem("usage-context-age-type")
	add("Gender", "gender", "Gender", pick(bit{category&1 != 0, coding(genderSystem, "male", "Male")}, bit{category&2 != 0, coding(genderSystem, "female", "Female")})...)
	add("Age", "age", "Age Range", pick(bit{category&4 != 0, coding(groups, "adult", "Adult")}, bit{category&8 != 0, coding(groups, "child", "Child")})...)
	inside, outside := coding(actCodeSystem, "IMP", "inpatient encounter"), coding(actCodeSystem, "AMB", "ambulatory")
	add(carePart, "venue", "Clinical Venue", pick(bit{care == "I" || care == "B", inside}, bit{care == "O" || care == "B", outside})...)
	return out
}

// service is a row of tblServices.
type service struct {
	fhirsql.Row
	Name      string          `db:"ServName"`
	Type      string          `db:"ServType"`
	Level     string          `db:"ServLevel"`
	Price     decimal.Decimal `db:"ServPrice"`
	Care      string          `db:"ServCareType"`
	Frequency *int            `db:"ServFrequency"` // days
	Category  int             `db:"ServPatCat"`
	Kind      *string         `db:"ServCategory"`
}

func activities(currency string) *fhirsql.Source[service] {
	return &fhirsql.Source[service]{
		Table:   Services,
		Columns: []string{"ServName", "ServType", "ServLevel", "ServPrice", "ServCareType", "ServFrequency", "ServPatCat", "ServCategory"},
		Params: []fhirsql.Param{
			fhirsql.Code("code", "Code of the service", "ServCode"),
			fhirsql.Text("name", "Start of the code", "ServCode"),
			fhirsql.Text("title", "Start of the name", "ServName"),
			fhirsql.Code("topic", "P preventive, C curative", "ServType", apifhir.CodeSystem("activity-definition-service-type")).Allowing("P", "C"),
		},
		Sort: map[string]string{"name": "ServCode", "title": "ServName"},
		Map:  func(s service) apifhir.Entry { return s.entry(currency) },
	}
}

func (s service) entry(currency string) apifhir.Entry {
	code := fhirsql.Trim(s.Code)
	a := &fhir.ActivityDefinition{
		Identifier:   s.Identifiers(),
		Name:         &code,
		Title:        &s.Name,
		Status:       fhir.PublicationStatusActive,
		Topic:        []fhir.CodeableConcept{*apifhir.Concept(apifhir.CodeSystem("activity-definition-service-type"), s.Type, serviceTypes[s.Type])},
		TimingTiming: frequency(s.Frequency),
		Extension: []fhir.Extension{
			apifhir.MoneyExtension("unit-price", apifhir.Money(s.Price, currency)),
			apifhir.ConceptExtension("activity-definition-level", apifhir.Concept(apifhir.CodeSystem("activity-definition-level"), s.Level, serviceLevels[s.Level])),
		},
	}
	if s.Changed != nil {
		a.Date = apifhir.Ptr(s.Changed.UTC().Format(time.RFC3339))
	}
	for _, c := range contexts(s.Category, s.Care, "Venue") {
		a.UseContext = append(a.UseContext, c.UsageContext)
	}
	if kind := fhirsql.Trim(s.Kind); kind != "" {
		a.UseContext = append(a.UseContext, fhir.UsageContext{
			Code:                 fhir.Coding{System: apifhir.Ptr(usageContextSystem), Code: apifhir.Ptr("workflow"), Display: apifhir.Ptr("Workflow Setting")},
			ValueCodeableConcept: *apifhir.Concept(apifhir.CodeSystem("activity-definition-usage-context-workflow-type"), kind, serviceCategories[kind]),
		})
	}
	return s.Entry(a)
}

// diagnosis is a row of tblICDCodes.
type diagnosis struct {
	fhirsql.Row
	Name string `db:"ICDName"`
}

// diagnosisSystem is the code system of diagnoses, which CodeSystem/diagnosis lists.
var diagnosisSystem = apifhir.CodeSystem("diagnosis-ICD10-level1")

var conditions = &fhirsql.Source[diagnosis]{
	Table:   Diagnoses,
	Columns: []string{"ICDName"},
	Params: []fhirsql.Param{
		fhirsql.Code("code", "Code of the diagnosis", "ICDCode", diagnosisSystem, apifhir.CodeSystem("diagnosis")),
		fhirsql.Text("code-text", "Start of the name", "ICDName"),
	},
	Sort: map[string]string{"code": "ICDCode"},
	Map: func(d diagnosis) apifhir.Entry {
		code := apifhir.Concept(diagnosisSystem, fhirsql.Trim(d.Code), d.Name)
		code.Text = &d.Name
		return d.Entry(&fhir.Condition{
			Identifier: d.Identifiers(),
			Code:       code,
			// FHIR wants somebody here; the register is about nobody.
			Subject: fhir.Reference{Extension: []fhir.Extension{{Url: "http://hl7.org/fhir/StructureDefinition/data-absent-reason", ValueCode: apifhir.Ptr("not-applicable")}}},
		})
	},
}
