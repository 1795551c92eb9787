package contract2019

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// The application of 2019 knows no null where it asked for a list, or for one of a few objects: it reads on, and
// its page is gone. So what stands beside the error of such a root field is an answer without rows; the error is
// what it shows.

// empty are the objects that it reads into, and within them the lists that it goes through. Other members are
// null. Objects that are not here may be null: it looks before it reads.
var empty = map[string][]string{
	"PoliciesByInsureeGQLType":          {"items"},
	"PricelistsGQLType":                 {"services", "items"},
	"policyItemEligibilityByInsuree":    {},
	"policyServiceEligibilityByInsuree": {}, // by field: policyEligibilityByInsuree of the same type must be null
}

// absent stands in the place of a root field that has no answer; nil is null.
func absent(op *graphql.OperationContext, f graphql.CollectedField) graphql.Marshaler {
	t := f.Definition.Type
	if t.Elem != nil {
		return text("[]")
	}
	name := t.Name()
	if strings.HasSuffix(name, "Connection") {
		return text(object(op, f, name, func(member string) string {
			switch member {
			case "edges":
				return "[]"
			case "totalCount", "edgeCount":
				return "0"
			}
			return "null"
		}))
	}
	lists, known := empty[name]
	if !known {
		lists, known = empty[f.Name]
	}
	if !known && f.ObjectDefinition != nil && f.ObjectDefinition.Name == "Mutation" {
		known = true // it reads the id of the log row
	}
	if !known {
		return nil
	}
	return text(object(op, f, name, func(member string) string {
		for _, l := range lists {
			if l == member {
				return "[]"
			}
		}
		return "null"
	}))
}

// object writes the selected members of an object.
func object(op *graphql.OperationContext, f graphql.CollectedField, typename string, value func(member string) string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, m := range graphql.CollectFields(op, f.Selections, []string{typename}) {
		if i > 0 {
			b.WriteByte(',')
		}
		alias, _ := json.Marshal(m.Alias)
		b.Write(alias)
		b.WriteByte(':')
		switch m.Name {
		case "__typename":
			b.WriteString(`"` + typename + `"`)
		case "pageInfo":
			b.WriteString(object(op, m, "PageInfo", func(member string) string {
				if strings.HasPrefix(member, "has") {
					return "false"
				}
				return "null"
			}))
		default:
			b.WriteString(value(m.Name))
		}
	}
	b.WriteByte('}')
	return b.String()
}

// text is JSON.
type text string

// MarshalGQL implements graphql.Marshaler.
func (t text) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, string(t)) }
