package insuree

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/fault"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/insuree/rules"
)

// groupElements are where the fields of a family stand in a Group.
var groupElements = map[string]string{
	"location": "Group.extension('group-address')", "address": "Group.extension('group-address').text", "familyType": "Group.extension('group-type')",
	"confirmationNo": "Group.extension('group-confirmation')", "confirmationType": "Group.extension('group-confirmation')",
	"headInsuree": "Group.identifier", "family": "Group.member",
}

// tolerated makes of a body what the standard asks for: the Python backend writes the type as Person, and clients send
// that and actual as a text.
func tolerated(body []byte) []byte {
	var top map[string]json.RawMessage
	if json.Unmarshal(body, &top) != nil || top == nil {
		return body
	}
	changed := false
	if kind := bytes.ToLower(top["type"]); top["type"] != nil && !bytes.Equal(kind, top["type"]) {
		top["type"], changed = kind, true
	}
	if text := strings.ToLower(string(bytes.Trim(top["actual"], `"`))); bytes.HasPrefix(top["actual"], []byte(`"`)) && (text == "true" || text == "false") {
		top["actual"], changed = json.RawMessage(text), true
	}
	if !changed {
		return body
	}
	out, err := json.Marshal(top)
	if err != nil {
		return body
	}
	return out
}

// lenient reads a Group as clients send it.
func lenient(fn func(ctx context.Context, in *apifhir.Input, g *fhir.Group, contained []apifhir.Contained) (apifhir.Entry, error)) func(context.Context, *apifhir.Input) (apifhir.Entry, error) {
	decoded := apifhir.Decoded(fn)
	return func(ctx context.Context, in *apifhir.Input) (apifhir.Entry, error) {
		read := *in
		read.JSON = tolerated(in.JSON)
		return decoded(ctx, &read)
	}
}

// groupInput is a Group that came in.
type groupInput struct {
	input
	household rules.Household
	number    string // of the head
	members   []int
}

// group reads what a Group says about a family; was is what there is.
func (f *people) group(ctx context.Context, in *apifhir.Input, g *fhir.Group, was rules.Household) *groupInput {
	i := &groupInput{input: input{ctx: ctx, in: in}, household: was, number: apifhir.IdentifierValue(g.Identifier, apifhir.KindCode)}
	if i.number == "" {
		i.Add("Group.identifier", "Family Group FHIR without code - this field is obligatory")
	}
	h := &i.household
	if x := apifhir.ExtensionNamed(g.Extension, "group-address"); x != nil && x.ValueAddress != nil {
		h.Address = fhirsql.Trim(x.ValueAddress.Text)
		if village := i.village(*x.ValueAddress, groupElements["location"]); village != nil {
			h.VillageID = *village
		}
	}
	if h.VillageID == 0 {
		i.Add(groupElements["location"], "Missing group `address` extension with address-location-reference")
	}
	h.Poverty = false
	if x := apifhir.ExtensionNamed(g.Extension, "group-poverty-status"); x != nil && x.ValueBoolean != nil {
		h.Poverty = *x.ValueBoolean
	}
	h.Type = conceptExtension(g.Extension, "group-type")
	h.ConfirmationNo, h.ConfirmationType = "", ""
	if x := apifhir.ExtensionNamed(g.Extension, "group-confirmation"); x != nil {
		for _, part := range x.Extension {
			switch part.Url {
			case "number":
				h.ConfirmationNo = fhirsql.Trim(part.ValueString)
			case "type":
				h.ConfirmationType = apifhir.CodeOf(part.ValueCodeableConcept)
			}
		}
	}
	for n, m := range g.Member {
		path := fmt.Sprintf("Group.member[%d].entity", n)
		target, err := apifhir.TargetOf(&m.Entity, path)
		if err != nil {
			i.note(err)
			continue
		}
		key, err := fhirsql.Resolve(ctx, in.Tx, Insurees, target, path)
		if err != nil {
			i.note(err)
			continue
		}
		if !slices.Contains(i.members, key) {
			i.members = append(i.members, key)
		}
	}
	return i
}

// head gives the insuree with the number of the Group; nil when there is none.
func (i *groupInput) head() *int {
	key, err := fhirsql.Resolve(i.ctx, i.in.Tx, Insurees, apifhir.Target{Type: "Patient", Kind: apifhir.KindCode, Value: i.number}, "Group.identifier")
	if err != nil {
		if fault.Code(err) != fault.Invalid {
			i.note(err)
		}
		return nil
	}
	return &key
}

// createGroup registers a family of insurees that there are: its head has the number of the Group, else is the first member.
func (f *people) createGroup(ctx context.Context, in *apifhir.Input, g *fhir.Group, _ []apifhir.Contained) (apifhir.Entry, error) {
	i := f.group(ctx, in, g, rules.Household{})
	var head *int
	if i.number != "" {
		head = i.head()
	}
	if head == nil && len(i.members) > 0 {
		head = &i.members[0]
	}
	if head == nil && i.number != "" {
		i.Add("Group.identifier", "There is no patient %s, and the group has no members; its code is the insurance number of its head.", fault.Quote(i.number))
	}
	if err := i.done(); err != nil {
		return apifhir.Entry{}, err
	}
	s, author := f.service(), i.author()
	entered, err := s.FoundFamily(ctx, in.Tx, author, i.household, *head)
	for _, m := range i.members {
		if err == nil && m != *head {
			_, err = s.MoveInsuree(ctx, in.Tx, author, Move{InsureeID: m, FamilyID: entered.FamilyID})
		}
	}
	if err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, groupElements)
	}
	return f.groups.Entry(ctx, in.Tx, entered.FamilyID)
}

// updateGroup replaces what is known of a family, takes in new members, and makes another one the head. Members are not
// left out: they are brought into another family, or deleted.
func (f *people) updateGroup(ctx context.Context, in *apifhir.Input, g *fhir.Group, _ []apifhir.Contained) (apifhir.Entry, error) {
	was, err := f.groups.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return apifhir.Entry{}, err
	}
	i := f.group(ctx, in, g, was.known())
	for _, m := range was.members {
		if len(i.members) > 0 && !slices.Contains(i.members, *m.Key) {
			i.Add("Group.member", "Patient %s is a member; bring members into another group, or delete them, before they are left out.", fhirsql.Trim(m.Code))
		}
	}
	var head *int
	if i.number != "" && !strings.EqualFold(i.number, fhirsql.Trim(was.Code)) {
		head = i.head()
		if head == nil || !slices.Contains(i.members, *head) && !slices.ContainsFunc(was.members, func(m member) bool { return *m.Key == *head }) {
			i.Add("Group.identifier", "The code is %s, which is not the insurance number of a member.", fault.Quote(i.number))
		}
	}
	if err := i.done(); err != nil {
		return apifhir.Entry{}, err
	}
	s, author := f.service(), i.author()
	if i.household.Trimmed() != was.known() {
		err = s.UpdateFamily(ctx, in.Tx, author, was.Key, i.household)
	}
	for _, m := range i.members {
		if err == nil && !slices.ContainsFunc(was.members, func(o member) bool { return *o.Key == m }) {
			_, err = s.MoveInsuree(ctx, in.Tx, author, Move{InsureeID: m, FamilyID: was.Key})
		}
	}
	if err == nil && head != nil {
		err = s.SetHead(ctx, in.Tx, author, was.Key, *head)
	}
	if err != nil {
		return apifhir.Entry{}, apifhir.Placed(err, groupElements)
	}
	return f.groups.Entry(ctx, in.Tx, was.Key)
}

func (f *people) deleteGroup(ctx context.Context, in *apifhir.Input) error {
	was, err := f.groups.Get(ctx, in.Tx, in.ID)
	if err != nil {
		return err
	}
	return f.service().DeleteFamily(ctx, in.Tx, (&input{in: in}).author(), was.Key)
}

// known is what there is of a family.
func (h household) known() rules.Household {
	k := rules.Household{Type: fhirsql.Trim(h.Type), Address: fhirsql.Trim(h.Address), Ethnicity: fhirsql.Trim(h.Ethnicity),
		ConfirmationNo: fhirsql.Trim(h.ConfirmationNo), ConfirmationType: fhirsql.Trim(h.Confirmation)}
	if h.Village != nil {
		k.VillageID = *h.Village
	}
	if h.Poverty != nil {
		k.Poverty = *h.Poverty
	}
	return k.Trimmed()
}
