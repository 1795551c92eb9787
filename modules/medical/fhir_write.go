package medical

import (
	"context"
	"fmt"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/medical/rules"
)

// What FHIR does not ask of a sender stays as it is: the patients and the kind of care that a resource says nothing of; in
// a new entry, everybody and both.

// medicationElements and activityElements are where the fields of the service stand.
var (
	medicationElements = map[string]string{
		"code": "Medication.identifier", "name": "Medication.code.text", "type": "Medication.extension('medication-type')", "package": "Medication.form.text",
		"price": "Medication.extension('unit-price')", "frequency": "Medication.extension('medication-frequency')",
		"careType": "Medication.extension('medication-usage-context')", "patientCategory": "Medication.extension('medication-usage-context')",
	}
	activityElements = map[string]string{
		"code": "ActivityDefinition.identifier", "name": "ActivityDefinition.title", "type": "ActivityDefinition.topic", "level": "ActivityDefinition.extension('activity-definition-level')",
		"category": "ActivityDefinition.useContext", "price": "ActivityDefinition.extension('unit-price')", "frequency": "ActivityDefinition.timingTiming",
		"careType": "ActivityDefinition.useContext", "patientCategory": "ActivityDefinition.useContext",
	}
)

// register are the writes of the registers over FHIR.
type register struct {
	service    Registers
	currency   string
	items      *fhirsql.Source[item]
	activities *fhirsql.Source[service]
}

func (r register) createItem(ctx context.Context, in *apifhir.Input, m *fhir.Medication, _ []apifhir.Contained) (apifhir.Entry, error) {
	i, err := r.medication(ctx, in, m, rules.Item{Entry: newEntry})
	if err != nil {
		return apifhir.Entry{}, err
	}
	key, err := r.service.EnterItem(ctx, in.Tx, fhirsql.AuthorOf(in), i)
	if err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, medicationElements)
	}
	return r.items.Entry(ctx, in.Tx, key)
}

func (r register) updateItem(ctx context.Context, in *apifhir.Input, m *fhir.Medication, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := r.items.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return apifhir.Entry{}, err
	}
	i, err := r.medication(ctx, in, m, rules.Item{Entry: rules.Entry{CareType: was.Care, Category: was.Category}})
	if err != nil {
		return apifhir.Entry{}, err
	}
	if err := r.service.UpdateItem(ctx, in.Tx, fhirsql.AuthorOf(in), was.Key, i); err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, medicationElements)
	}
	return r.items.Entry(ctx, in.Tx, was.Key)
}

func (r register) deleteItem(ctx context.Context, in *apifhir.Input) error {
	was, err := r.items.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return err
	}
	return r.service.DeleteItem(ctx, in.Tx, fhirsql.AuthorOf(in), was.Key)
}

func (r register) createActivity(ctx context.Context, in *apifhir.Input, a *fhir.ActivityDefinition, _ []apifhir.Contained) (apifhir.Entry, error) {
	s, err := r.activity(ctx, in, a, rules.Service{Entry: newEntry})
	if err != nil {
		return apifhir.Entry{}, err
	}
	key, err := r.service.EnterService(ctx, in.Tx, fhirsql.AuthorOf(in), s)
	if err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, activityElements)
	}
	return r.activities.Entry(ctx, in.Tx, key)
}

func (r register) updateActivity(ctx context.Context, in *apifhir.Input, a *fhir.ActivityDefinition, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := r.activities.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return apifhir.Entry{}, err
	}
	s, err := r.activity(ctx, in, a, rules.Service{Entry: rules.Entry{CareType: was.Care, Category: was.Category}})
	if err != nil {
		return apifhir.Entry{}, err
	}
	if err := r.service.UpdateService(ctx, in.Tx, fhirsql.AuthorOf(in), was.Key, s); err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, activityElements)
	}
	return r.activities.Entry(ctx, in.Tx, was.Key)
}

func (r register) deleteActivity(ctx context.Context, in *apifhir.Input) error {
	was, err := r.activities.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return err
	}
	return r.service.DeleteService(ctx, in.Tx, fhirsql.AuthorOf(in), was.Key)
}

// newEntry is what is assumed of a new item or service.
var newEntry = rules.Entry{CareType: "B", Category: rules.Everybody}

// entryInput is an item or a service that came in.
type entryInput struct {
	fhirsql.Body
	of map[string]string // elements of its fields
	*rules.Entry
}

// medication reads what a Medication says about an item; was has what it may leave out. The amount is the number in the
// text of the form and is not read.
func (r register) medication(ctx context.Context, in *apifhir.Input, m *fhir.Medication, was rules.Item) (rules.Item, error) {
	i := entryInput{fhirsql.NewBody(ctx, in), medicationElements, &was.Entry}
	i.Code = apifhir.IdentifierValue(m.Identifier, apifhir.KindCode)
	i.required("code", i.Code, "Missing medication `item_code` attribute")
	if m.Code != nil {
		i.Name = fhirsql.Trim(m.Code.Text)
	}
	i.required("name", i.Name, "Missing medication `item_name` attribute")
	if status := fhirsql.Trim(m.Status); status != "" && status != "active" {
		i.Add("Medication.status", "Medication.status is %s; what is in the register is active, and deleted when it is no longer.", fault.Quote(status))
	}
	if m.Form != nil {
		was.Package = fhirsql.Trim(m.Form.Text)
	}
	i.price(m.Extension, r.currency)
	if x := apifhir.ExtensionNamed(m.Extension, "medication-type"); x != nil {
		was.Type = apifhir.CodeOf(x.ValueCodeableConcept)
	}
	i.required("type", was.Type, "Missing medication `medication-type` extension")
	if x := apifhir.ExtensionNamed(m.Extension, "medication-frequency"); x != nil {
		i.every(x.ValueTiming)
	}
	if x := apifhir.ExtensionNamed(m.Extension, "medication-usage-context"); x != nil {
		for _, part := range x.Extension {
			kind := map[string]string{"Gender": "gender", "Age": "age", "CareType": "venue"}[part.Url]
			if u := part.ValueUsageContext; u != nil && kind != "" {
				i.usage(kind, u.ValueCodeableConcept, medicationElements["careType"])
			}
		}
	}
	return was, i.Done()
}

// activity reads what an ActivityDefinition says about a service. Its name is its code.
func (r register) activity(ctx context.Context, in *apifhir.Input, a *fhir.ActivityDefinition, was rules.Service) (rules.Service, error) {
	i := entryInput{fhirsql.NewBody(ctx, in), activityElements, &was.Entry}
	i.Code = apifhir.IdentifierValue(a.Identifier, apifhir.KindCode)
	switch name := fhirsql.Trim(a.Name); {
	case i.Code == "":
		i.Code = name
	case name != "" && name != i.Code:
		i.Add("ActivityDefinition.name", "ActivityDefinition.name is %s and the identifier Code %s; both are the code of the service.", fault.Quote(name), fault.Quote(i.Code))
	}
	i.required("code", i.Code, "Missing activity definition `identifier` attribute")
	i.Name = fhirsql.Trim(a.Title)
	i.required("name", i.Name, "Missing activity definition `title` attribute")
	if a.Status != fhir.PublicationStatusActive {
		i.Add("ActivityDefinition.status", "ActivityDefinition.status must be active; what is no longer in the register is deleted.")
	}
	if len(a.Topic) > 0 {
		was.Type = apifhir.CodeOf(&a.Topic[0])
	}
	i.required("type", was.Type, "Missing activity definition `topic` attribute")
	i.price(a.Extension, r.currency)
	if x := apifhir.ExtensionNamed(a.Extension, "activity-definition-level"); x != nil {
		was.Level = apifhir.CodeOf(x.ValueCodeableConcept)
	}
	i.required("level", was.Level, "Missing activity definition `activity-definition-level` extension")
	i.every(a.TimingTiming)
	for n, u := range a.UseContext {
		path := fmt.Sprintf("ActivityDefinition.useContext[%d]", n)
		switch kind := fhirsql.Trim(u.Code.Code); kind {
		case "workflow":
			was.Kind = apifhir.CodeOf(&u.ValueCodeableConcept)
		default:
			i.usage(kind, u.ValueCodeableConcept, path)
		}
	}
	return was, i.Done()
}

func (i *entryInput) required(field, value, text string) {
	if value == "" {
		i.Add(i.of[field], "%s", text)
	}
}

// price reads the extension unit-price.
func (i *entryInput) price(extensions []fhir.Extension, currency string) {
	x, path := apifhir.ExtensionNamed(extensions, "unit-price"), i.of["price"]
	if x == nil || x.ValueMoney == nil || x.ValueMoney.Value == nil {
		i.Add(path, "Missing `unit-price` extension")
		return
	}
	n, err := decimal.NewFromString(x.ValueMoney.Value.String())
	if err != nil {
		i.Add(path, "The price %s is not a number.", fault.Quote(x.ValueMoney.Value.String()))
	}
	i.Price = n
	if sent := fhirsql.Trim(x.ValueMoney.Currency); sent != "" && len(currency) == 3 && !strings.EqualFold(sent, currency) {
		i.Add(path, "The currency is %s; amounts here are in %s.", fault.Quote(sent), currency)
	}
}

// every reads in how many days something is provided once; nothing said is as often as needed.
func (i *entryInput) every(t *fhir.Timing) {
	if t == nil || t.Repeat == nil || t.Repeat.Period == nil {
		return
	}
	n, err := decimal.NewFromString(t.Repeat.Period.String())
	once := t.Repeat.Frequency == nil || *t.Repeat.Frequency == 1
	unit := fhirsql.Trim(t.Repeat.PeriodUnit)
	if err != nil || !n.IsInteger() || n.IsNegative() || n.GreaterThan(decimal.New(1, 9)) || !once || unit != "" && unit != "d" {
		i.Add(i.of["frequency"], "%s must be once (frequency 1) in a whole number of days (period, periodUnit d).", i.of["frequency"])
		return
	}
	i.Frequency = int(n.IntPart())
}

// patients and care are what the codes of contexts of usage mean.
var (
	patients = map[string]struct {
		of     string
		bit    int
		beside int // the bits of the context
	}{
		"male": {"gender", rules.Male, rules.Male | rules.Female}, "female": {"gender", rules.Female, rules.Male | rules.Female},
		"adult": {"age", rules.Adult, rules.Adult | rules.Minor}, "child": {"age", rules.Minor, rules.Adult | rules.Minor},
	}
	care = map[string]string{"IMP": "I", "AMB": "O"}
)

// usage reads for whom (gender, age) or where (venue) something is provided. Other contexts are none of the registers.
func (i *entryInput) usage(kind string, c fhir.CodeableConcept, path string) {
	bits, beside, where := 0, 0, ""
	for _, coding := range c.Coding {
		code := fhirsql.Trim(coding.Code)
		switch kind {
		case "gender", "age":
			p, ok := patients[code]
			if !ok || p.of != kind {
				i.Add(path, "%s has the code %s for %s; allowed: male and female for gender, adult and child for age.", path, fault.Quote(code), kind)
			}
			bits, beside = bits|p.bit, beside|p.beside
		case "venue":
			letter := care[code]
			if letter == "" {
				i.Add(path, "%s has the code %s for venue; allowed: IMP, AMB.", path, fault.Quote(code))
			}
			if where != "" && where != letter {
				letter = "B"
			}
			where = letter
		}
	}
	i.Category = i.Category&^beside | bits
	if where != "" {
		i.CareType = where
	}
}
