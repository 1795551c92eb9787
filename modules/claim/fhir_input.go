package claim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
	"github.com/openimis/openimis-be-go/internal/table"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
	"github.com/openimis/openimis-be-go/modules/api_fhir/fhirsql"
	"github.com/openimis/openimis-be-go/modules/claim/rules"
)

// fhirForm is a claim that comes as FHIR on its way to Service.Enter: the form, where in the resource each part of it
// stands, and what is wrong with it so far.
type fhirForm struct {
	codeFirst bool // apifhir.Target.CodeFirst
	ctx       context.Context
	in        *apifhir.Input
	rules.Form
	attachments []fhirAttachment

	elements  map[rules.Part]string        // FHIRPaths of the parts
	diagnosed [rules.DiagnosisCount]string // of the diagnoses
	places    [rules.KindCount][]string    // of the lines
	texts     func(p rules.Problem) string // what upstream says of a problem; "": nothing
	found     []fhirProblem
}

// fhirProblem is something that is wrong with a resource.
type fhirProblem struct {
	path string
	text string // as upstream words it
	more string // what else can be said; "": nothing
}

func (f *fhirForm) missing(path, text string) {
	f.found = append(f.found, fhirProblem{path: path, text: text})
}

func (f *fhirForm) wrong(path, format string, args ...any) {
	f.missing(path, fmt.Sprintf(format, args...))
}

// problems is the error for all that is wrong, as upstream lists it; nil when nothing is.
func (f *fhirForm) problems() error {
	if len(f.found) == 0 {
		return nil
	}
	texts, more := make([]string, len(f.found)), make([]string, len(f.found))
	for i, p := range f.found {
		texts[i], more[i] = p.text, p.text
		if p.more != "" {
			more[i] = p.more
		}
		if !strings.HasPrefix(more[i], p.path) {
			more[i] = p.path + ": " + more[i]
		}
	}
	return &apifhir.Worded{Text: "The request cannot be processed due to the following issues:\n" + strings.Join(texts, ",\n"),
		Err: &fault.Error{Code: fault.Invalid, Field: f.found[0].path, Message: strings.Join(more, "; ")}}
}

// create enters the claim, keeps its attachments and submits it, and answers its key. What becomes of it at submission is
// no error: its ClaimResponse tells.
func (f *fhirForm) create() (int, error) {
	if !f.in.By.Has(RightSubmit) {
		return 0, fault.New(fault.Forbidden, "You do not have permission to perform this action.")
	}
	if err := f.problems(); err != nil {
		return 0, err
	}
	author := Author{f.in.By, f.in.Now}
	id, err := Service{}.Enter(f.ctx, f.in.Tx, author, f.Form)
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) {
		return 0, f.worded(refusal)
	}
	if err != nil {
		return 0, err
	}
	if err := keepAttachments(f.ctx, f.in.Tx, id, f.attachments, author.Now); err != nil {
		return 0, err
	}
	_, err = Service{}.Submit(f.ctx, f.in.Tx, author, []rules.Ref{{ClaimID: id}})
	return id, err
}

// worded says a refusal with the elements of the resource.
func (f *fhirForm) worded(refusal *Refusal) error {
	code := fault.Invalid
	for _, p := range refusal.Problems {
		path, text := f.path(p.At), f.texts(p)
		if text == "" {
			text = p.Text
		}
		f.found = append(f.found, fhirProblem{path, text, p.Text})
		if p.Code == rules.CodeUsed {
			code = fault.Conflict
		}
	}
	err := f.problems().(*apifhir.Worded)
	if len(f.found) == 1 {
		err.Text = f.found[0].text
	}
	err.Err.(*fault.Error).Code = code
	return err
}

// path is where a part of the form stands in the resource.
func (f *fhirForm) path(at rules.Place) string {
	switch at.Part {
	case rules.PartDiagnosis:
		if path := f.diagnosed[at.Index]; path != "" {
			return path
		}
		return "Claim.diagnosis"
	case rules.PartLineEntry, rules.PartLineID, rules.PartLineStatus, rules.PartExplanation:
		return f.line(at, "")
	case rules.PartQuantity, rules.PartQuantityApproved:
		return f.line(at, ".quantity")
	case rules.PartPrice, rules.PartPriceApproved:
		return f.line(at, ".unitPrice")
	}
	if path, ok := f.elements[at.Part]; ok {
		return path
	}
	return "Claim"
}

func (f *fhirForm) line(at rules.Place, member string) string {
	if at.Index < len(f.places[at.Kind]) {
		return f.places[at.Kind][at.Index] + member
	}
	return "Claim.item"
}

// addLine adds a line that stands at a path.
func (f *fhirForm) addLine(k rules.Kind, path string, l rules.FormLine) {
	f.Lines[k], f.places[k] = append(f.Lines[k], l), append(f.places[k], path)
}

// amount reads a number; nil: there is none.
func (f *fhirForm) amount(n *json.Number, path string) rules.Amount {
	if n == nil || *n == "" {
		return nil
	}
	d, err := decimal.NewFromString(n.String())
	if err != nil {
		f.wrong(path, "%s must be a number, not %s.", path, fault.Quote(n.String()))
		return nil
	}
	return &d
}

// day reads a date or a moment, whose time and zone do not count: the day is that of who wrote it. text is said when there
// is none; "" when there need not be.
func (f *fhirForm) day(s *string, path, text string) time.Time {
	written := fhirsql.Trim(s)
	if written == "" {
		if text != "" {
			f.missing(path, text)
		}
		return time.Time{}
	}
	t, err := parseTime(written)
	if err != nil {
		f.wrong(path, "%s: %s.", path, err)
		return time.Time{}
	}
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// text reads a text for a column of a length; nil: none, or a blank one.
func (f *fhirForm) text(s *string, path string, length int) *string {
	text := fhirsql.Trim(s)
	if text == "" {
		return nil
	}
	if n := schema.Length(text); length > 0 && n > length {
		f.wrong(path, "%s has %d characters; at most %d are allowed.", path, n, length)
	}
	return &text
}

// guaranteeLength is the length of tblClaim.GuaranteeId.
const guaranteeLength = 50

// required reads a reference that a claim must have. text is said when there is none.
func (f *fhirForm) required(r *fhir.Reference, t *table.Table, contained []apifhir.Contained, path, text string) rules.Named {
	if r == nil || fhirsql.Trim(r.Reference) == "" && r.Identifier == nil {
		f.missing(path, text)
		return rules.Named{}
	}
	n, err := f.named(r, t, contained, path)
	if err != nil {
		f.found = append(f.found, fhirProblem{path, text, fault.Message(err)})
	}
	return n
}

// named reads a reference: to a row by its UUID or number among those that the author may see, or by its business code.
// A resource that is contained is known by its identifiers; it is not written.
func (f *fhirForm) named(r *fhir.Reference, t *table.Table, contained []apifhir.Contained, path string) (rules.Named, error) {
	if id, ok := strings.CutPrefix(fhirsql.Trim(r.Reference), "#"); ok {
		inner, err := identified(contained, id, path)
		if err != nil {
			return rules.Named{}, err
		}
		r = inner
	}
	target, err := apifhir.TargetOf(r, path)
	if err != nil {
		return rules.Named{}, err
	}
	target.CodeFirst = f.codeFirst
	return nameOf(f.ctx, f.in.Tx, t, target, path)
}

// nameOf gives what Service.Enter looks up: the key for a UUID or a number, else the code.
func nameOf(ctx context.Context, q db.Query, t *table.Table, target apifhir.Target, path string) (rules.Named, error) {
	_, isUUID := db.ParseUUID(target.Value)
	isNumber := strings.Trim(target.Value, "0123456789") == ""
	switch {
	case target.Kind == apifhir.KindCode, target.Kind == "" && !isUUID && !isNumber:
		return rules.Named{Code: target.Value}, nil
	}
	key, err := fhirsql.Resolve(ctx, q, t, target, path)
	switch {
	case err == nil:
		return rules.Named{ID: key}, nil
	case target.Kind == "" && !isUUID && fault.Code(err) == fault.Invalid:
		return rules.Named{Code: target.Value}, nil // of somebody from elsewhere
	}
	return rules.Named{}, err
}

// identified makes a logical reference of a contained resource.
func identified(contained []apifhir.Contained, id, path string) (*fhir.Reference, error) {
	for _, c := range contained {
		if c.ID != id {
			continue
		}
		var resource struct {
			Identifier []fhir.Identifier `json:"identifier"`
		}
		if err := json.Unmarshal(c.JSON, &resource); err != nil {
			return nil, fault.Input(path, "%s: the contained resource #%s has identifiers that cannot be read.", path, id)
		}
		for _, kind := range []string{apifhir.KindCode, apifhir.KindUUID} {
			if v := apifhir.IdentifierValue(resource.Identifier, kind); v != "" {
				of := apifhir.TypedIdentifier(kind, v)
				return &fhir.Reference{Type: &c.Type, Identifier: &of}, nil
			}
		}
		return nil, fault.Input(path, "%s: the contained resource #%s has no identifier of type Code or UUID.", path, id)
	}
	return nil, fault.Input(path, "%s: there is no contained resource #%s.", path, id)
}

// codeOf is the code of a concept, else its text.
func codeOf(c *fhir.CodeableConcept) string {
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

// wordOf is the text of a concept, else its code.
func wordOf(c *fhir.CodeableConcept) string {
	if c == nil {
		return ""
	}
	if text := fhirsql.Trim(c.Text); text != "" {
		return text
	}
	return codeOf(c)
}

// kindNamed is the kind of line that a category names.
func kindNamed(category string) (rules.Kind, bool) {
	for k := range rules.KindCount {
		if strings.EqualFold(category, kindNames[k]) {
			return k, true
		}
	}
	return 0, false
}
