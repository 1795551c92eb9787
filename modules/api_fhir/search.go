package apifhir

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/openimis/openimis-be-go/internal/fault"
)

// Value is one value of a search parameter. Which fields are filled depends on the type of the parameter.
type Value struct {
	Text string // String; for every other type the value as it was sent, without escapes

	System *string // Token, Quantity: nil when any system will do, "" when there must be none
	Code   string  // Token; "" with a System means any code of it. Quantity: the unit

	Kind string // Identifier: KindUUID, KindCode, KindID, or "" when the value may be any of them
	ID   string // Identifier: the value. Reference: the id
	Type string // Reference: the target type; "" when not said

	Range  Range     // Date, with its prefix
	From   time.Time // Date: the first moment of what was written, without the prefix
	To     time.Time // and the first one after it
	Prefix Prefix
	Number decimal.Decimal // Number, Quantity, compared as Prefix says
}

// request is a whole search request: the query for the module and what the server itself needs.
type request struct {
	Query
	count    int
	page     int    // 1-based, as upstream's page-offset
	begins   string // where the page begins, as the client handed it back
	total    bool
	view     view
	include  []inclusion
	used     url.Values // what was understood, for the links
	warnings []string   // parameters that were ignored
}

// maxPage keeps page × count far from overflow.
const maxPage = 1_000_000_000

// parser reads the parameters of one request and collects every complaint.
type parser struct {
	res    *Resource
	reg    *registry // of the release
	call   *call     // for the rights on other resources
	conf   *Config
	strict bool
	compat bool
	now    time.Time
	out    *request
	errs   []error
}

// Referred is the modifier of _id by which _include looks for what references of this server name: Value.ID, of the
// kind Value.Kind, or else a code before an id. No request can say it.
const Referred = "referred"

// The parameters that resources over tables have in common.
var (
	IDParam      = Param{Name: "_id", Type: Token, Doc: "Logical id"}
	UpdatedParam = Param{Name: "_lastUpdated", Type: Date, Doc: "When the row was last changed"}
	// ByIdentifier is the parameter that nearly every resource has: UUID or business code.
	ByIdentifier = Param{Name: "identifier", Type: Identifier, Doc: "UUID or code; a plain value, or Code|value, UUID|value"}
	// RefDateParam and RefEndDateParam are the ones of the Python backend: what changed since and until a day.
	RefDateParam    = Param{Name: "refDate", Type: Date, Doc: "What changed on this day or later"}
	RefEndDateParam = Param{Name: "refEndDate", Type: Date, Doc: "What changed on this day or earlier"}
)

// control parameters steer the answer instead of filtering. Formats were handled before.
var control = map[string]func(*parser, string){
	"_count":      (*parser).count,
	"page-offset": (*parser).page,
	"_summary":    (*parser).summary,
	"_total":      (*parser).total,
	"_sort":       (*parser).sort,
	"_elements":   (*parser).elements,
	"_include":    func(p *parser, v string) { p.inclusions(v, false) },
	"_revinclude": func(p *parser, v string) { p.inclusions(v, true) },
	pageAfter:     func(p *parser, v string) { p.out.begins = v },
	// without meaning here, or handled before
	"_format": silent, "_pretty": silent, "format": silent, "auditUserId": silent, "": silent,
}

func silent(*parser, string) {}

// unlinked are the control parameters that links do not repeat, or write themselves.
var unlinked = map[string]bool{"_format": true, "_pretty": true, "format": true, "auditUserId": true, "": true, "page-offset": true, pageAfter: true}

// parse reads the parameters of a search. All errors are fault.Invalid with the parameter as field.
func (q *call) parse(res *Resource, params url.Values) (*request, []error) {
	p := parser{res: res, reg: q.registry(), call: q, conf: &q.s.conf, strict: q.prefer.strict, compat: q.mount.Compat}
	return p.parse(params)
}

const (
	longestSearch = 64 << 10 // bytes of all parameters
	mostErrors    = 50       // that are told
)

func (p *parser) parse(params url.Values) (*request, []error) {
	params = unfold(params)
	p.now, p.out = p.conf.Clock(), &request{
		Query: Query{Params: map[string][]Criterion{}, WantTotal: true},
		count: p.conf.Count, page: 1, total: true, used: url.Values{},
	}
	names, size := make([]string, 0, len(params)), 0
	for name, values := range params {
		names = append(names, name)
		for _, v := range values {
			size += len(name) + len(v)
		}
	}
	if size > longestSearch { // an address cannot be as long; a form or an entry of a Bundle can
		return p.out, []error{fault.New(fault.Invalid, "The parameters of the search have %d characters; at most %d are allowed.", size, longestSearch)}
	}
	sort.Strings(names)
	for _, name := range names {
		if p.param(name, params[name]); len(p.errs) > mostErrors {
			return p.out, append(p.errs[:mostErrors:mostErrors], fault.New(fault.Invalid, "More is wrong with the parameters of the search."))
		}
	}
	if p.out.count == 0 {
		p.out.CountOnly = true
	}
	p.out.finish()
	return p.out, p.errs
}

// finish derives rows from pages. One row more tells whether there is a next page.
func (r *request) finish() {
	r.WantTotal = r.total || r.CountOnly
	if r.CountOnly {
		return
	}
	r.Offset, r.Limit = (r.page-1)*r.count, r.count+1
	r.After = r.position(r.begins)
}

func (p *parser) param(full string, values []string) {
	name, modifier, _ := strings.Cut(full, ":")
	if steer, ok := control[name]; ok && modifier == "" {
		for _, v := range values {
			if strings.TrimSpace(v) != "" {
				steer(p, v)
			}
		}
		if !unlinked[name] && strings.Join(values, "") != "" {
			p.out.used[full] = values
		}
		return
	}
	def, ok := p.lookup(name)
	if !ok && strings.Contains(full, ".") || strings.Contains(modifier, ".") {
		p.chain(full, values)
		return
	}
	if !ok {
		p.ignore(full, "%s has no search parameter %q; it has: %s.", p.res.Type, name, strings.Join(p.names(), ", "))
		return
	}
	if !p.modifierAllowed(def, modifier) {
		p.fail(full, "Parameter %s does not take the modifier %q%s.", name, modifier, allowed(p.modifiers(def)))
		return
	}
	for _, v := range values {
		if strings.TrimSpace(v) == "" {
			p.ignore(full, "Parameter %s has no value.", full)
			continue
		}
		c := Criterion{Modifier: modifier}
		if modifier == ofType {
			c.Modifier = ""
		}
		for _, part := range splitEscaped(v, ',') {
			parsed, err := p.value(def, modifier, part)
			if err != nil {
				p.errs = append(p.errs, fault.Input(full, "Parameter %s: %v", full, err))
				continue
			}
			c.Any = append(c.Any, parsed)
		}
		p.out.Params[name] = append(p.out.Params[name], c)
		p.out.used[full] = append(p.out.used[full], v)
	}
}

func (p *parser) lookup(name string) (Param, bool) {
	for _, def := range p.res.Params {
		if def.Name == name {
			return def, true
		}
	}
	return Param{}, false
}

func (p *parser) names() []string {
	var names []string
	for _, def := range p.res.Params {
		names = append(names, def.Name)
	}
	return names
}

// ofType is the modifier by which FHIR asks for an identifier with its type.
const ofType = "of-type"

func (p *parser) modifiers(def Param) []string {
	switch def.Type {
	case Identifier:
		return append([]string{ofType}, def.Modifiers...)
	case Reference:
		return append(slices.Clone(def.Targets), def.Modifiers...)
	}
	return def.Modifiers
}

func (p *parser) modifierAllowed(def Param, modifier string) bool {
	return modifier == "" || slices.Contains(p.modifiers(def), modifier)
}

// value reads one value by the type of its parameter; the error says what is allowed.
func (p *parser) value(def Param, modifier, raw string) (Value, error) {
	v := Value{Text: unescape(raw)}
	if strings.TrimSpace(v.Text) == "" {
		return v, errors.New("one of its values is empty")
	}
	switch def.Type {
	case Token:
		return v, v.token(raw, def.Allowed)
	case Identifier:
		return v, v.identifier(raw, modifier)
	case Date:
		return v, v.date(p.now)
	case Reference:
		return v, v.reference(def, modifier)
	case Number, Quantity:
		return v, v.number(raw, def.Type == Quantity)
	}
	return v, nil
}

func (v *Value) token(raw string, codes []string) error {
	parts := splitEscaped(raw, '|')
	switch len(parts) {
	case 1:
		v.Code = unescape(parts[0])
	case 2:
		system := unescape(parts[0])
		v.System, v.Code = &system, unescape(parts[1])
	default:
		return fmt.Errorf("%s has too many |; allowed: code, system|code, |code and system|", fault.Quote(v.Text))
	}
	if len(codes) > 0 && v.Code != "" && !slices.Contains(codes, v.Code) {
		return fmt.Errorf("%s is not a code of it%s", fault.Quote(v.Code), allowed(codes))
	}
	if v.Code == "" && (v.System == nil || *v.System == "") {
		return fmt.Errorf("%s has neither system nor code", fault.Quote(v.Text))
	}
	return nil
}

// identifier reads value, Kind|value, system|value and, with the modifier of-type, system|Kind|value.
func (v *Value) identifier(raw, modifier string) error {
	parts := splitEscaped(raw, '|')
	for i := range parts {
		parts[i] = strings.TrimSpace(unescape(parts[i]))
	}
	kind := ""
	switch {
	case modifier == ofType && len(parts) == 3:
		kind = parts[1]
	case modifier == ofType:
		return fmt.Errorf("%s must be system|type|value", fault.Quote(v.Text))
	case len(parts) == 2 && parts[0] != IdentifierSystem && parts[0] != "":
		kind = parts[0]
	case len(parts) > 2:
		return fmt.Errorf("%s has too many |; allowed: value and type|value", fault.Quote(v.Text))
	}
	v.ID = parts[len(parts)-1]
	if kind != "" {
		var ok bool
		if v.Kind, ok = identifierKinds[kind]; !ok {
			return fmt.Errorf("%s is not a type of identifier; allowed: Code, UUID, ACSN (also MR, LC, FI, FILL, SB for Code)", fault.Quote(kind))
		}
	}
	if v.ID == "" {
		return fmt.Errorf("%s has no value", fault.Quote(v.Text))
	}
	return nil
}

func (v *Value) date(now time.Time) error {
	prefix, text := splitPrefix(v.Text)
	from, to, err := parseDate(text)
	if err != nil {
		return fmt.Errorf("%s is not a date; allowed: YYYY, YYYY-MM, YYYY-MM-DD, YYYY-MM-DDThh:mm[:ss[.fff]] with or without zone, after one of eq, ne, gt, lt, ge, le, sa, eb, ap", fault.Quote(v.Text))
	}
	v.Prefix, v.Range = prefix, dateRange(prefix, from, to, now)
	v.From, v.To = withinReach(from), withinReach(to)
	return nil
}

func (v *Value) reference(def Param, modifier string) error {
	if slices.Contains(def.Targets, modifier) {
		v.Type = modifier
	}
	v.ID = strings.TrimSpace(v.Text)
	if strings.Contains(v.ID, "/") {
		t, id, ok := splitReference(v.ID)
		if !ok || v.Type != "" && v.Type != t {
			return fmt.Errorf("%s is not a reference; allowed: id, Type/id and an absolute URL that ends so", fault.Quote(v.Text))
		}
		v.Type, v.ID = t, id
	}
	if v.Type != "" && len(def.Targets) > 0 && !slices.Contains(def.Targets, v.Type) {
		return fmt.Errorf("it cannot point at %s%s", fault.Quote(v.Type), allowed(def.Targets))
	}
	return nil
}

// numberForm bounds what reaches the decimal library: it would expand a large exponent.
var numberForm = regexp.MustCompile(`^[+-]?[0-9]{1,18}(\.[0-9]{1,18})?([eE][+-]?[0-9]{1,2})?$`)

// number reads a number and, for a quantity, |system|unit behind it.
func (v *Value) number(raw string, quantity bool) error {
	parts := splitEscaped(raw, '|')
	prefix, text := splitPrefix(unescape(parts[0]))
	if !numberForm.MatchString(text) || len(parts) > 3 || len(parts) > 1 && !quantity {
		what := "a number"
		if quantity {
			what = "a number, number||unit or number|system|unit"
		}
		return fmt.Errorf("%s is not %s after one of eq, ne, gt, lt, ge, le, sa, eb, ap", fault.Quote(v.Text), what)
	}
	n, err := decimal.NewFromString(text)
	if err != nil {
		return fmt.Errorf("%s is not a number", fault.Quote(v.Text))
	}
	v.Prefix, v.Number = prefix, n
	if len(parts) > 1 {
		v.Code = unescape(parts[len(parts)-1])
		if len(parts) == 3 && parts[1] != "" {
			system := unescape(parts[1])
			v.System = &system
		}
	}
	return nil
}

func (p *parser) count(v string) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		p.fail("_count", "Parameter _count: %q is not allowed; it takes a whole number from 0 to %d.", v, p.most())
		return
	}
	p.out.count = min(n, p.most())
}

// most is how many entries a page may have.
func (p *parser) most() int {
	if p.res.MaxCount > 0 {
		return min(p.res.MaxCount, p.conf.MaxCount)
	}
	return p.conf.MaxCount
}

func (p *parser) page(v string) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > maxPage {
		p.fail("page-offset", "Parameter page-offset: %q is not allowed; it takes the number of a page, from 1 on.", v)
		return
	}
	p.out.page = n
}

func (p *parser) summary(v string) {
	switch v {
	case "count":
		p.out.CountOnly = true
	case "false", "":
	case "true":
		p.out.view.elements = append(p.out.view.elements, summaryOf(p.res.Type)...)
	case "text":
		p.out.view.elements = append(p.out.view.elements, "text")
	case "data":
		p.out.view.without = "text"
	default:
		p.fail("_summary", "Parameter _summary: %q is not allowed; it takes true, text, data, count or false.", v)
	}
}

func (p *parser) total(v string) {
	switch v {
	case "none":
		p.out.total = false
	case "estimate", "accurate":
		p.out.total, p.out.Exact = true, v == "accurate"
	default:
		p.fail("_total", "Parameter _total: %q is not allowed; it takes none, estimate or accurate.", v)
	}
}

func (p *parser) sort(v string) {
	names := append([]string{"_id", "_lastUpdated"}, p.res.Sort...)
	for _, name := range strings.Split(v, ",") {
		key := SortKey{Name: strings.TrimPrefix(name, "-"), Desc: strings.HasPrefix(name, "-")}
		if !slices.Contains(names, key.Name) {
			p.fail("_sort", "Parameter _sort: %q is not allowed%s, each also with - in front.", name, allowed(names))
			return
		}
		p.out.Sort = append(p.out.Sort, key)
	}
}

func (p *parser) elements(v string) {
	for _, name := range strings.Split(v, ",") {
		if name = strings.TrimSpace(name); name != "" {
			p.out.view.elements = append(p.out.view.elements, strings.TrimPrefix(name, p.res.Type+"."))
		}
	}
}

func (p *parser) fail(param, format string, args ...any) {
	p.errs = append(p.errs, fault.Input(param, format, args...))
}

// chain reads a criterion on the target of a reference: patient.identifier=…, subject:Patient.name=….
func (p *parser) chain(full string, values []string) {
	first, rest, _ := strings.Cut(full, ".")
	name, kind, _ := strings.Cut(first, ":")
	def, ok := p.lookup(name)
	if !ok || def.Type != Reference {
		p.ignore(full, "%s has no search parameter %q; it has: %s.", p.res.Type, name, strings.Join(p.names(), ", "))
		return
	}
	if kind == "" && len(def.Targets) == 1 {
		kind = def.Targets[0]
	}
	target := p.resource(kind)
	if target == nil || target.Keys == nil || !slices.Contains(def.Targets, kind) {
		p.ignore(full, "Parameter %s: say which type it is about, as in %s:Type.parameter%s.", full, name, allowed(def.Targets))
		return
	}
	if strings.Count(rest, ".") > 1 {
		p.fail(full, "Parameter %s leads through more than three references.", full)
		return
	}
	if p.call != nil {
		if err := p.call.permit(target.Access.Get, target.Type); err != nil {
			p.errs = append(p.errs, err)
			return
		}
	}
	inner := parser{res: target, reg: p.reg, call: p.call, conf: p.conf, strict: p.strict, compat: p.compat, now: p.now,
		out: &request{Query: Query{Params: map[string][]Criterion{}}, used: url.Values{}}}
	if base, _, _ := strings.Cut(rest, ":"); control[base] != nil {
		p.ignore(full, "%s has no search parameter %q; it has: %s.", kind, rest, strings.Join(inner.names(), ", "))
		return
	}
	for _, v := range values {
		inner.out.Params = map[string][]Criterion{}
		inner.param(rest, []string{v})
		if len(inner.out.Params) == 0 {
			continue
		}
		p.out.Params[name] = append(p.out.Params[name], Criterion{Chain: &Chain{Type: kind, params: inner.out.Params, target: target}})
		p.out.used[full] = append(p.out.used[full], v)
	}
	p.errs = append(p.errs, inner.errs...)
	p.out.warnings = append(p.out.warnings, inner.out.warnings...)
}

// resource finds another resource of the release.
func (p *parser) resource(kind string) *Resource {
	if p.reg == nil {
		return nil
	}
	return p.reg.byType[kind]
}

// ignore leaves a parameter out with a warning, or fails when the client asked for strict handling.
func (p *parser) ignore(param, format string, args ...any) {
	if p.strict {
		p.fail(param, format, args...)
		return
	}
	p.out.warnings = append(p.out.warnings, fmt.Sprintf(format, args...)+" It was ignored.")
}

// allowed is the end of a sentence that lists what may be written.
func allowed(names []string) string {
	if len(names) == 0 {
		return "; it takes none"
	}
	return "; allowed: " + strings.Join(names, ", ")
}

// splitEscaped splits at a separator that no backslash precedes; the escapes stay.
func splitEscaped(s string, sep byte) []string {
	var parts []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

// unescape takes the backslashes of FHIR's escapes away: \, \| \$ \\.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`,|$\`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
