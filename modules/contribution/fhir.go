package contribution

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/table"
	"github.com/openimis/openimis-be-go/modules"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/contribution/rules"
	"github.com/openimis/openimis-be-go/modules/insuree"
	"github.com/openimis/openimis-be-go/modules/location"
	"github.com/openimis/openimis-be-go/modules/policy"
	policyrules "github.com/openimis/openimis-be-go/modules/policy/rules"
	"github.com/openimis/openimis-be-go/modules/product"
)

var _ modules.FHIR = (*Module)(nil)

// Resources implements modules.FHIR: Contract is a policy, which is entered with its contributions.
func (m *Module) Resources() []apifhir.Resource {
	f := contracts{module: m, policies: policy.NewContracts(m.app)}
	r := f.policies.Resource
	r.Access.Create = auth.Needs(append(policy.MayAdd.Rights, policy.MayRenew.Rights...)...) // which of them, the contract says
	decoded := apifhir.Decoded(f.create)
	r.Create = func(ctx context.Context, in *apifhir.Input) (apifhir.Entry, error) {
		read := *in
		read.JSON = standardStatus(in.JSON)
		return decoded(ctx, &read)
	}
	return []apifhir.Resource{r}
}

type contracts struct {
	module   *Module
	policies policy.Contracts
}

// statuses are the words of the Python backend for the status of a contract that comes in, and the standard's.
var statuses = map[string]string{"idle": "offered", "active": "policy", "suspended": "disputed", "expired": "terminated"}

// standardStatus makes of the status of a body what the standard asks for, in small letters.
func standardStatus(body []byte) []byte {
	var top map[string]json.RawMessage
	if json.Unmarshal(body, &top) != nil {
		return body
	}
	var was string
	if json.Unmarshal(top["status"], &was) != nil {
		return body
	}
	word := strings.ToLower(was)
	if other := statuses[word]; other != "" {
		word = other
	}
	if word == was {
		return body
	}
	top["status"] = json.RawMessage(fmt.Sprintf("%q", word))
	if word == "" {
		delete(top, "status")
	}
	out, err := json.Marshal(top)
	if err != nil || !json.Valid(bytes.TrimSpace(out)) {
		return body
	}
	return out
}

// elements are where the fields of enrolments and payments stand in a Contract.
var elements = map[string]string{
	"enrollDate": "Contract.issued", "product": "Contract.term.asset.valuedItem.entityReference", "officer": "Contract.author",
	"members": "Contract.term.asset.typeReference", "family": "Contract.subject",
	"amount": premiumPath, "receipt": premiumPath, "payDate": premiumPath, "payType": premiumPath,
}

const (
	assetPath   = "Contract.term.asset"
	premiumPath = "Contract.term.asset.extension('contract-premium')"
)

// input is a Contract on its way to the services.
type input struct {
	apifhir.Problems
	ctx      context.Context
	in       *apifhir.Input
	err      error // of the database
	enrol    policy.Enrolment
	renewal  bool
	active   bool // the contract is to be in force, whatever was paid
	period   *fhir.Period
	payments []Payment
}

func (i *input) note(err error) {
	if err = i.Note(err); err != nil && i.err == nil {
		i.err = err
	}
}

// create enrols a family, or renews its policy, and enters the contributions. Period and value follow from the product; a
// period that contradicts is refused.
func (f contracts) create(ctx context.Context, in *apifhir.Input, c *fhir.Contract, _ []apifhir.Contained) (apifhir.Entry, error) {
	i := f.read(ctx, in, c)
	if i.err != nil {
		return apifhir.Entry{}, i.err
	}
	if err := i.Err(); err != nil {
		return apifhir.Entry{}, err
	}
	author := auth.Author{Principal: in.By, At: in.Now}
	enrolled, err := i.enrolled(author)
	if err != nil {
		return apifhir.Entry{}, worded(err)
	}
	if err := i.fits(enrolled.Period); err != nil {
		return apifhir.Entry{}, err
	}
	var option rules.Option
	if f.module.app.Config != nil {
		option = OptionOf(f.module.app.Config("policy"))
	}
	s := Service{Option: option}
	for n, p := range i.payments {
		p.PolicyID = enrolled.PolicyID
		if i.active && n == len(i.payments)-1 {
			p.Action = rules.ActionEnforce
		}
		if _, err := s.Pay(ctx, in.Tx, author, p); err != nil {
			return apifhir.Entry{}, apifhir.Placed(err, elements)
		}
	}
	return f.policies.Entry(ctx, in.Tx, enrolled.PolicyID)
}

// worded is an error of the enrolment in the words of FHIR.
func worded(err error) error {
	err = apifhir.Placed(err, elements)
	if fault.Code(err) == fault.Conflict && strings.Contains(fault.Message(err), "for the same time") {
		return &apifhir.Worded{Text: "Contract exists for this patient", Err: err}
	}
	return err
}

func (i *input) enrolled(author auth.Author) (policy.Enrolled, error) {
	if !i.renewal {
		return policy.Service{}.Enter(i.ctx, i.in.Tx, author, i.enrol)
	}
	before, err := i.before()
	if err != nil {
		return policy.Enrolled{}, err
	}
	return policy.Service{}.Renew(i.ctx, i.in.Tx, author, policy.Renewing{PolicyID: before, ProductID: i.enrol.ProductID, OfficerID: i.enrol.OfficerID,
		Enrol: i.enrol.Enrol, Members: i.enrol.Members})
}

// before finds the policy of the family that is renewed: the one of the product that expires last.
func (i *input) before() (int, error) {
	policies, err := insuree.PoliciesOf(i.ctx, i.in.Tx, i.enrol.FamilyID)
	if err != nil {
		return 0, err
	}
	var last *policyrules.Policy
	for n, p := range policies {
		if p.Current() && p.ProductID == i.enrol.ProductID && p.ExpiryDate != nil && p.HasStatus(policyrules.StatusActive, policyrules.StatusExpired) &&
			(last == nil || p.ExpiryDate.After(*last.ExpiryDate)) {
			last = &policies[n]
		}
	}
	if last == nil {
		return 0, fault.Input("Contract.legalState", "Contract.legalState is Renewed, but the family has no active or expired policy of the product.")
	}
	return last.ID, nil
}

// fits compares the period that was sent with the one that the product gives.
func (i *input) fits(p policyrules.Period) error {
	if i.period == nil {
		return nil
	}
	for _, x := range []struct {
		name string
		sent *string
		is   time.Time
	}{{"start", i.period.Start, p.Start}, {"end", i.period.End, p.Expiry}} {
		day, ok := dayOf(x.sent)
		if fhirsql.Trim(x.sent) != "" && (!ok || !day.Equal(x.is)) {
			return fault.Input(assetPath+".period", "%s.period.%s is %s; by its product the policy runs from %s to %s. Leave the period out, or send that one.",
				assetPath, x.name, fault.Quote(*x.sent), p.Start.Format(time.DateOnly), p.Expiry.Format(time.DateOnly))
		}
	}
	return nil
}

// dayOf is the day of a date or a moment.
func dayOf(s *string) (time.Time, bool) {
	day, err := time.Parse(time.DateOnly, (fhirsql.Trim(s) + "          ")[:10])
	return day, err == nil
}

// read reads what a Contract says.
func (f contracts) read(ctx context.Context, in *apifhir.Input, c *fhir.Contract) *input {
	i := &input{ctx: ctx, in: in}
	i.enrol.FamilyID = i.reference(firstOf(c.Subject), "subject", "Contract.subject", insuree.Families)
	if c.Author != nil {
		if key := i.reference(c.Author, "author", "Contract.author", location.Officers); key != 0 {
			i.enrol.OfficerID = &key
		}
	}
	i.renewal = c.LegalState != nil && strings.EqualFold(word(c.LegalState), "Renewed")
	if len(c.Term) == 0 || len(c.Term[0].Asset) == 0 {
		i.Add(assetPath, "Missing  `asset` attribute")
		return i
	}
	asset := c.Term[0].Asset[0]
	var plan *fhir.Reference
	if len(asset.ValuedItem) > 0 {
		plan = asset.ValuedItem[0].EntityReference
	}
	i.enrol.ProductID = i.reference(plan, "entityReference", elements["product"], product.Products)
	for n := range asset.TypeReference {
		if key := i.reference(&asset.TypeReference[n], "typeReference", fmt.Sprintf("%s.typeReference[%d]", assetPath, n), insuree.Insurees); key != 0 {
			i.enrol.Members = append(i.enrol.Members, key)
		}
	}
	if len(asset.Period) > 0 {
		i.period = &asset.Period[0]
	}
	i.dates(c)
	for _, x := range asset.Extension {
		if x.Url == apifhir.StructureDefinition("contract-premium") || x.Url == apifhir.Base+"/StructureDefinition/contract-premium" {
			i.premium(x, f.module.app.Currency())
		}
	}
	if c.Status != nil {
		switch *c.Status {
		case fhir.ContractResourceStatusCodesOffered:
		case fhir.ContractResourceStatusCodesPolicy:
			if i.active = true; len(i.payments) == 0 {
				i.Add("Contract.status", "Contract.status is policy, but no contribution is given; without one a contract is offered.")
			}
		default:
			i.Add("Contract.status", "Contract.status is %s; a new contract is offered or policy.", c.Status.Code())
		}
	}
	return i
}

// dates reads when the family enrolled: when the contract was issued, else when its period begins, else today.
func (i *input) dates(c *fhir.Contract) {
	i.enrol.Enrol = auth.Author{At: i.in.Now}.Today()
	from := c.Issued
	if fhirsql.Trim(from) == "" && i.period != nil {
		from = i.period.Start
	}
	if fhirsql.Trim(from) == "" {
		return
	}
	if day, ok := dayOf(from); ok {
		i.enrol.Enrol = day
	} else {
		i.Add("Contract.issued", "%s is not a date; 2026-12-31 is expected.", fault.Quote(*from))
	}
}

func (i *input) premium(x fhir.Extension, currency string) {
	p := Payment{PayDate: i.enrol.Enrol}
	for _, part := range x.Extension {
		switch part.Url {
		case "amount":
			if part.ValueMoney == nil || part.ValueMoney.Value == nil {
				continue
			}
			amount, err := decimal.NewFromString(part.ValueMoney.Value.String())
			if err != nil {
				i.Add(premiumPath, "The amount %s is not a number.", fault.Quote(part.ValueMoney.Value.String()))
			}
			p.Amount = amount
			if sent := fhirsql.Trim(part.ValueMoney.Currency); len(sent) == 3 && !strings.EqualFold(sent, currency) {
				i.Add(premiumPath, "The currency is %s; amounts here are in %s.", sent, currency)
			}
		case "receipt":
			p.Receipt = fhirsql.Trim(part.ValueString)
		case "date":
			text := part.ValueDate
			if text == nil {
				text = part.ValueDateTime
			}
			day, ok := dayOf(text)
			if !ok {
				i.Add(premiumPath, "The date of a contribution is %s; 2026-12-31 is expected.", fault.Quote(fhirsql.Trim(text)))
			}
			p.PayDate = day
		case "type":
			p.PayType = word(part.ValueCodeableConcept)
		case "category":
			p.PhotoFee = strings.EqualFold(word(part.ValueCodeableConcept), "P")
		}
	}
	i.payments = append(i.payments, p)
}

// reference gives the key that a reference leads to; a missing one is noted in the words of upstream.
func (i *input) reference(r *fhir.Reference, name, path string, t *table.Table) int {
	if r == nil || r.Reference == nil && r.Identifier == nil {
		i.Add(path, "Missing  `%s` attribute", name)
		return 0
	}
	target, err := apifhir.TargetOf(r, path)
	if err != nil {
		i.note(err)
		return 0
	}
	key, err := fhirsql.Resolve(i.ctx, i.in.Tx, t, target, path)
	i.note(err)
	return key
}

func firstOf(list []fhir.Reference) *fhir.Reference {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// word is the code of a concept, else its text.
func word(c *fhir.CodeableConcept) string {
	if c == nil {
		return ""
	}
	for _, coding := range c.Coding {
		if code := fhirsql.Trim(coding.Code); code != "" {
			return code
		}
	}
	return fhirsql.Trim(c.Text)
}
