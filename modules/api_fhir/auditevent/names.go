package auditevent

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/openimis/openimis-be-go/internal/audit"
	"github.com/openimis/openimis-be-go/internal/auth"
	"github.com/openimis/openimis-be-go/internal/db"
	"github.com/openimis/openimis-be-go/internal/fault"
	"github.com/openimis/openimis-be-go/internal/schema"
	apifhir "github.com/openimis/openimis-be-go/modules/api_fhir"
)

// resources are the subjects of lines that are resources. The others (covers, premiums, lines of claims, photos, users) are
// told as they are in the log.
var resources = map[string]string{
	audit.Insuree: "Patient", audit.Family: "Group", "policy": "Coverage", "claim": "Claim", "feedback": "Communication",
	"officer": "Practitioner", "claim administrator": "Practitioner",
}

func targets() []string {
	return slices.Compact(slices.Sorted(maps.Values(resources)))
}

// codePrefix is what codes have in front in the log.
const codePrefix = "code:"

// names are the rows that lines name, by subject and what they are called there.
type names struct {
	rows map[string]map[string]apifhir.Named
}

// resource is the one that rows of a subject are, with the table; nil when the server does not have it.
func (s *Service) resource(subject string) (*apifhir.Resource, string) {
	for _, r := range s.server.Resources(apifhir.R4) {
		if r.Type == resources[subject] && r.Named != nil {
			return r, audit.TableOf(subject)
		}
	}
	return nil, ""
}

// resolve finds the rows that lines name, one statement for each kind of subject.
func (s *Service) resolve(ctx context.Context, q db.Query, lines []audit.Line) (*names, error) {
	asked := map[string][]string{}
	for _, l := range lines {
		if resources[l.Subject] != "" {
			asked[l.Subject] = append(asked[l.Subject], l.IDs...)
		}
	}
	known := &names{rows: map[string]map[string]apifhir.Named{}}
	for _, subject := range slices.Sorted(maps.Keys(asked)) {
		r, table := s.resource(subject)
		if r == nil {
			continue
		}
		rows, err := r.Named(ctx, q, table, called(asked[subject]))
		if err != nil {
			return nil, err
		}
		at := make(map[string]apifhir.Named, 2*len(rows))
		for _, row := range rows {
			for _, name := range namesOf(row) {
				at[strings.ToLower(name)] = row
			}
		}
		known.rows[subject] = at
	}
	return known, nil
}

// called sorts what lines call rows by what it is.
func called(ids []string) (n apifhir.Names) {
	for _, id := range ids {
		code, isCode := strings.CutPrefix(id, codePrefix)
		number, err := strconv.ParseInt(id, 10, 32)
		uuid, isUUID := db.ParseUUID(id)
		switch {
		case isCode:
			n.Codes = append(n.Codes, code)
		case err == nil:
			n.Keys = append(n.Keys, int(number))
		case isUUID:
			n.UUIDs = append(n.UUIDs, string(uuid))
		}
	}
	return n
}

// namesOf are the ways in which lines may name a row.
func namesOf(row apifhir.Named) []string {
	list := []string{strconv.Itoa(row.Key)}
	if row.UUID != "" {
		list = append(list, row.UUID)
	}
	if row.Code != "" {
		list = append(list, codePrefix+row.Code)
	}
	return list
}

// entity is a subject of a line. Of who may not see the row it is nil.
func (n *names) entity(subject, id string, all bool) *fhir.AuditEventEntity {
	kind := resources[subject]
	e := &fhir.AuditEventEntity{Type: object(), Role: apifhir.Ptr(coding(roles, "4", "Domain Resource"))}
	if kind == "Patient" {
		e.Type, e.Role = apifhir.Ptr(coding(entityTypes, "1", "Person")), apifhir.Ptr(coding(roles, "1", "Patient"))
	}
	if row, ok := n.rows[subject][strings.ToLower(id)]; ok {
		ref := kind + "/" + row.ID
		e.What = &fhir.Reference{Reference: &ref, Type: &kind}
		return e
	}
	if !all {
		return nil
	}
	identifier := apifhir.TypedIdentifier(apifhir.KindID, id)
	if code, ok := strings.CutPrefix(id, codePrefix); ok {
		identifier = apifhir.TypedIdentifier(apifhir.KindCode, code)
	}
	e.What = &fhir.Reference{Identifier: &identifier, Display: &subject}
	if kind != "" {
		e.What.Type = &kind
	}
	return e
}

// about is the condition that lines name what a criterion of entity or patient asks for.
func (s *Service) about(ctx context.Context, q db.Query, param string, c apifhir.Criterion) (string, []any, error) {
	var parts []string
	var args []any
	found := 0
	add := func(subject string, rows []apifhir.Named) error {
		if found += len(rows); found > mostNamed {
			return fault.Input(param, "Parameter %s: more than %d resources would be asked for.", param, mostNamed)
		}
		for _, row := range rows {
			condition, ids := audit.Names(namesOf(row)...)
			parts, args = append(parts, `(a."subject" = ? AND `+condition+")"), append(append(args, subject), ids...)
		}
		return nil
	}
	for _, subject := range slices.Sorted(maps.Keys(resources)) {
		r, table := s.resource(subject)
		if r == nil {
			continue
		}
		if c.Chain != nil && c.Chain.Type == r.Type {
			rows, err := s.chained(ctx, q, c.Chain, r, table)
			if err == nil {
				err = add(subject, rows)
			}
			if err != nil {
				return "", nil, err
			}
		}
		for _, v := range c.Any {
			if v.Type != "" && v.Type != r.Type || param == "patient" && r.Type != "Patient" {
				continue
			}
			row, err := one(ctx, q, r, table, v.ID)
			if err == nil && row != nil {
				err = add(subject, []apifhir.Named{*row})
			}
			if err != nil {
				return "", nil, err
			}
		}
	}
	if len(parts) == 0 {
		return "", nil, nil
	}
	return "(" + strings.Join(parts, " OR ") + ")", args, nil
}

// one finds the row that an id names, as the paths of the server do: by the id, else by the code, else by the key.
func one(ctx context.Context, q db.Query, r *apifhir.Resource, table, id string) (*apifhir.Named, error) {
	n := apifhir.Names{Codes: []string{id}}
	if uuid, ok := db.ParseUUID(id); ok {
		n.UUIDs = []string{string(uuid)}
	} else if number, err := strconv.ParseInt(id[strings.LastIndexByte(id, '-')+1:], 10, 32); err == nil {
		n.Keys = db.Ints{int(number)}
	}
	rows, err := r.Named(ctx, q, table, n)
	if err != nil {
		return nil, err
	}
	for _, is := range []func(apifhir.Named) bool{
		func(row apifhir.Named) bool { return strings.EqualFold(row.ID, id) || strings.EqualFold(row.UUID, id) },
		func(row apifhir.Named) bool { return strings.EqualFold(row.Code, strings.TrimSpace(id)) },
		func(row apifhir.Named) bool { return strconv.Itoa(row.Key) == id },
	} {
		if i := slices.IndexFunc(rows, is); i >= 0 {
			return &rows[i], nil
		}
	}
	return nil, nil
}

// chained finds the rows that meet a chained criterion; one more than may be asked for at most.
func (s *Service) chained(ctx context.Context, q db.Query, chain *apifhir.Chain, r *apifhir.Resource, table string) ([]apifhir.Named, error) {
	sub, args, ok, err := chain.Keys(apifhir.At{Query: q, Alias: "a", Scope: auth.ScopeOf(ctx)}, table)
	if err != nil || !ok {
		return nil, err
	}
	tab, _ := schema.Lookup(table)
	key := `x."` + tab.PrimaryKey[0] + `"`
	var keys db.Ints
	if err := q.Select(ctx, &keys, "SELECT "+key+` FROM "`+table+`" AS x WHERE `+key+" IN ("+sub+") ORDER BY "+key+" $page(?, ?)", append(args, mostNamed+1, 0)...); err != nil || len(keys) == 0 {
		return nil, err
	}
	return r.Named(ctx, q, table, apifhir.Names{Keys: keys})
}
